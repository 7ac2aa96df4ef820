"""HTTP against real servers on this machine, also against those that do everything wrong."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import hocket
from hocket import errors, host
from hocket.session import Session

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PEM = Path(__file__).parent.parent / "data" / "localhost.pem"


class Raw:
    """A server whose every byte is the test's; `heads` are the requests that it got."""

    def __init__(self, *answers: bytes, handler: Handler | None = None) -> None:
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._handler = handler

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request with the next answer, the last one again and again."""
        self.connections += 1
        try:
            if self._handler is not None:
                await self._handler(reader, writer)
                return
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head.decode())
                await self._read_body(head.decode().lower(), reader)
                writer.write(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _read_body(self, head: str, reader: asyncio.StreamReader) -> None:
        for line in head.splitlines():
            if line.startswith("content-length:"):
                self.bodies.append(await reader.readexactly(int(line.split(":")[1])))
        if "transfer-encoding: chunked" in head:
            body = await reader.readuntil(b"0\r\n\r\n")
            self.bodies.append(body)


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body


def run(server: Raw, program: str, tls: ssl.SSLContext | None = None, clock: str | None = None) -> Any:
    """Return the value of `program`, in which `url` is the server's; raises its error."""

    async def main() -> Any:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        session = Session(clock=clock)
        port = listening.sockets[0].getsockname()[1]
        session.assign("url", f"{'https' if tls else 'http'}://localhost:{port}")
        try:
            outcome = await session.run(program)
        finally:
            await session.close()
            listening.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    return host.run_alone(main())


# Connections


def test_connections_are_kept_and_used_again() -> None:
    server = Raw(answer(b"x"))
    assert run(server, "for i in 20 { await async_http_get(url) }; 1") == 1
    assert (len(server.heads), server.connections) == (20, 1)


def test_cookies_last_as_long_as_the_session() -> None:
    server = Raw(answer(set_cookie="id=7"), answer())
    run(server, "await async_http_get(url); await async_http_get(url)")
    assert "cookie" not in server.heads[0].lower()
    assert "\r\ncookie: id=7\r\n" in server.heads[1].lower()


def test_an_answer_may_be_compressed() -> None:
    server = Raw(answer(gzip.compress(b"small"), content_encoding="gzip"))
    assert run(server, "(await async_http_get(url)).body") == "small"


def test_headers_that_are_not_utf_8_are_latin_1() -> None:
    server = Raw(answer().replace(b"\r\n\r\n", b"\r\nX-A: \xe9\r\nx-a: b\r\n\r\n"))
    assert run(server, '(await async_http_get(url)).headers["x-a"]') == "é, b"


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def proxied() -> tuple[list[str], Any]:
        proxy = Raw(answer(b"by proxy"))
        listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        session = Session()
        outcome = await session.run('(await async_http_get("http://example.test/a")).body')
        await session.close()
        listening.close()
        return proxy.heads, outcome.value

    heads, body = host.run_alone(proxied())
    assert body == "by proxy"
    assert heads[0].startswith("GET http://example.test/a HTTP/1.1\r\n")


# What is sent


def test_files_and_fields_are_sent_as_a_form(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("by path")
    server = Raw(answer())
    files = f'{{one: "{(tmp_path / "note.txt").as_posix()}", two: {{name: "b.bin", content: "inline", type: "x/y"}}}}'
    run(server, f'await async_http_request("POST", url, {{form: {{a: 1}}, files: {files}}})')
    body = server.bodies[0].decode()
    assert 'name="a"\r\n\r\n1\r\n' in body
    assert 'name="one"; filename="note.txt"' in body and "\r\n\r\nby path\r\n" in body
    assert 'name="two"; filename="b.bin"\r\nContent-Type: x/y\r\n\r\ninline\r\n' in body


def test_a_file_that_is_not_there_is_a_file_error() -> None:
    with pytest.raises(errors.FileNotFound, match="Failed to read file 'none.txt'"):
        run(Raw(answer()), 'await async_http_request("POST", url, {files: {f: "none.txt"}})')


@pytest.mark.parametrize("more", ["", ', headers: {"Transfer-Encoding": "chunked"}'])
def test_a_stream_is_sent_as_it_comes(more: str) -> None:
    server = Raw(answer())
    program = """
    async func* parts() { yield "one,"; await async_sleep(1); yield "two" }
    await async_http_request("POST", url, {body: parts()MORE})
    """
    run(server, program.replace("MORE", more))
    assert server.bodies == [b"4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"]


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_an_open_file_is_sent_as_it_is(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes("één\ntwo\n".encode())
    server = Raw(answer())
    run(server, f'await async_http_post(url, open_file("{path.as_posix()}", "{mode}"))')
    assert server.bodies == [b"a\r\n" + path.read_bytes() + b"\r\n0\r\n\r\n"]


@pytest.mark.parametrize(("auth", "header"), [('["ann", "pw"]', "Basic YW5uOnB3"), ('"secret"', "Bearer secret")])
def test_a_request_says_who_it_is(auth: str, header: str) -> None:
    server = Raw(answer())
    run(server, f"await async_http_get(url, {{auth: {auth}}})")
    assert f"authorization: {header}".lower() in server.heads[0].lower()


def test_who_asks_may_be_a_part_of_the_address() -> None:
    server = Raw(answer())
    run(server, 'await async_http_get(url.replace("//", "//ann:p%77@") + "/a#there")')
    assert server.heads[0].startswith("GET /a HTTP/1.1\r\n")
    assert "\r\nauthorization: basic yw5uonb3\r\n" in server.heads[0].lower()


# Retries


def test_a_busy_server_is_asked_again() -> None:
    server = Raw(answer(status="503 Busy"), answer(status="503 Busy"), answer(b"at last"))
    assert run(server, "(await async_http_get(url, {retries: 2})).body") == "at last"
    assert len(server.heads) == 3


def test_the_last_answer_counts_whatever_it_is() -> None:
    server = Raw(answer(status="503 Busy"))
    assert run(server, "(await async_http_get(url, {retries: 1})).status") == 503
    assert len(server.heads) == 2


def test_what_may_do_something_twice_is_not_repeated() -> None:
    server = Raw(answer(status="503 Busy"))
    assert run(server, '(await fetch(url, {method: "POST", retries: 3})).status') == 503
    assert len(server.heads) == 1


# What servers do wrong


async def ends_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def ends_half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    await writer.drain()


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
    await sends_for_ever(writer)


async def sends_for_ever(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"x" * 65536)
        await writer.drain()


async def sends_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"\x00\xff this is not HTTP\r\n\r\n")
    await writer.drain()


async def lies_about_compression(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(answer(b"plain", content_encoding="gzip"))
    await writer.drain()


@pytest.mark.parametrize(
    ("handler", "kind", "reason"),
    [
        (ends_at_once, errors.NetworkError, "the server closed the connection without an answer"),
        (ends_half_way, errors.NetworkError, "the answer ended before its end"),
        (never_answers, errors.TimeoutError, "no answer from .* within 200ms"),
        (never_ends, errors.TooLarge, "more than 1000000 bytes from"),
        (sends_garbage, errors.HttpError, "the answer is not HTTP: "),
        (lies_about_compression, errors.HttpError, ""),
    ],
)
def test_a_broken_server_is_a_typed_error(handler: Handler, kind: type[errors.Error], reason: str) -> None:
    options = "{timeout: 200, max_body: 1000000}" if handler in (never_answers, never_ends) else "{timeout: 5000}"
    with pytest.raises(errors.Error, match=f"^HTTP GET failed: {reason}") as raised:
        run(Raw(handler=handler), f"await async_http_get(url, {options})")
    assert type(raised.value) is kind
    assert raised.value.fields["method"] == "GET"


@pytest.mark.parametrize(
    ("status", "second", "bodies"),
    [("302 Found", "GET /b", [b"text"]), ("307 Again", "PUT /b", [b"text", b"text"])],
)
def test_a_redirect_says_whether_the_body_is_sent_again(status: str, second: str, bodies: list[bytes]) -> None:
    server = Raw(answer(b"moved", status, location="/b", set_cookie="id=7"), answer(b"there"))
    program = 'let r := await async_http_put("${url}/a", "text"); [r.body, r.url == "${url}/b"]'
    assert run(server, program) == ["there", True]
    assert (server.bodies, server.connections) == (bodies, 1)
    assert server.heads[1].startswith(f"{second} HTTP/1.1\r\n")
    assert "\r\ncookie: id=7\r\n" in server.heads[1].lower()
    assert "transfer-encoding" not in server.heads[1].lower()


def test_a_redirect_with_a_body_without_end_is_followed() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /there "):
            writer.write(answer(b"there"))
        else:
            writer.write(b"HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 10000000000\r\n\r\n")
            await sends_for_ever(writer)

    assert run(Raw(handler=handler), "(await async_http_get(url)).body") == "there"


def test_redirects_do_not_go_on_for_ever() -> None:
    server = Raw(answer(status="302 Found", location="/again"))
    with pytest.raises(errors.HttpError, match="^HTTP GET failed: "):
        run(server, "await async_http_get(url)")
    assert len(server.heads) == 11


def test_a_host_without_a_name_is_a_connect_error() -> None:
    with pytest.raises(errors.ConnectError, match="^HTTP GET failed: .*nowhere.invalid"):
        run(Raw(answer()), 'await async_http_get("http://nowhere.invalid/")')


# TLS


def context() -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(PEM)
    return tls


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with pytest.raises(errors.ConnectError, match="certificate"):
        run(Raw(answer(b"secret")), "await async_http_get(url)", context())


def test_a_certificate_may_be_trusted_by_name_or_all_of_them() -> None:
    program = f'(await async_http_get(url, {{verify: "{PEM.as_posix()}"}})).body'
    assert run(Raw(answer(b"secret")), program, context()) == "secret"
    assert run(Raw(answer(b"secret")), "(await async_http_get(url, {verify: false})).body", context()) == "secret"


def test_certificates_that_are_not_there_are_a_file_error() -> None:
    with pytest.raises(errors.FileNotFound, match="Failed to read certificates 'none.pem'"):
        run(Raw(answer()), 'await async_http_get(url, {verify: "none.pem"})', context())


# Streams


def chunked(*parts: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for part in parts:
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.005)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    return handler


READ = """
mut got := []
for await part in http_stream(url, by = "BY") { got.push(part) }
got
"""


def test_a_body_comes_in_chunks() -> None:
    got = run(Raw(handler=chunked(b"one", b"two")), READ.replace("BY", "chunks"))
    assert b"".join(got) == b"onetwo" and all(isinstance(part, bytes) for part in got)


def test_lines_are_put_together_whatever_their_ends() -> None:
    parts = (b"a\nb", "ä\r".encode()[:2], "ä\r".encode()[2:], b"\nc\rd\n", b"\n", b"end")
    assert run(Raw(handler=chunked(*parts)), READ.replace("BY", "lines")) == ["a", "bä", "c", "d", "", "end"]


def test_server_sent_events_are_read() -> None:
    text = b": hello\n\nevent: tick\nid: 1\ndata: one\ndata: two\n\ndata:three\n\nid: 2\n\ndata: unfinished\n"
    got = run(Raw(handler=chunked(text[:20], text[20:41], text[41:])), READ.replace("BY", "events"))
    assert got == [
        {"event": "tick", "data": "one\ntwo", "id": "1"},
        {"event": "message", "data": "three", "id": "1"},
    ]


def test_a_line_without_an_end_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    from hocket.stdlib.http import streaming

    monkeypatch.setattr(streaming, "LINE_LIMIT", 1000)
    with pytest.raises(errors.TooLarge, match="a line of the answer has more than 1000 characters"):
        run(Raw(handler=chunked(b"x" * 900, b"x" * 900)), READ.replace("BY", "lines"))


def test_a_stream_that_is_left_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await never_ends(reader, writer)
        finally:
            closed.set()

    program = "for await part in http_stream(url) { break }\n1"
    assert run(Raw(handler=handler), program) == 1
    assert closed.is_set()


def test_a_stream_breaks_off_once_with_a_typed_error() -> None:
    program = """
    let s := http_stream(url)
    mut got := []
    try {
        for await part in s { got.push(len(part)) }
    } except NetworkError e { got.push(e.message.contains("ended before")) }
    for await part in s { got.push("more") }
    got
    """
    assert run(Raw(handler=ends_half_way), program) == [4, True]


def test_a_status_of_a_stream_that_is_no_success_is_an_error() -> None:
    with pytest.raises(errors.HttpError, match="status 404 from") as raised:
        run(Raw(answer(b"no", status="404 Not Found")), "for await part in http_stream(url) { }")
    assert raised.value.fields["status"] == 404


# Cancellation and the clock


def test_a_cancelled_request_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        closed.set()

    program = """
    let t := spawn async_http_get(url)
    await async_sleep(50)
    t.cancel()
    try { await t } except CancelledError { }
    """
    run(Raw(handler=handler), program)
    assert closed.is_set()


def test_the_virtual_clock_waits_for_answers() -> None:
    program = """
    let begun := now()
    let slow := spawn { await async_sleep(10); now() - begun }
    await async_http_get(url)
    let after := now() - begun
    [after, await slow]
    """
    assert run(Raw(answer()), program, clock="virtual") == [0, 0.01]


def test_own_servers_are_asked_without_a_socket_under_the_virtual_clock() -> None:
    program = """
    let server := http_serve({"/slow": async () => { await async_sleep(1h); return "late" }, "/": r => throw "broken"})
    let begun := now()
    let r := await async_http_get("${server.url}/slow")
    let failed := await async_http_get(server.url)
    let result := [r.body, now() - begun, failed.status, (await async_http_get("${server.url}/none")).status]
    let head := await async_http_head("${server.url}/slow")
    server.stop()
    [...result, head.body, head.headers["content-length"]]
    """
    assert run(Raw(answer()), program, clock="virtual") == ["late", 3600, 500, 404, "", "4"]


def test_the_plain_form_blocks_in_a_plain_function() -> None:
    async def main() -> Any:
        session = Session()
        listening = await asyncio.start_server(Raw(answer(b"x")).serve, "127.0.0.1", 0)
        session.assign("port", listening.sockets[0].getsockname()[1])
        program = 'func f() { return http_request("http://127.0.0.1:${port}/", {timeout: 50}) }\nf()'
        outcome = await session.run(program)
        await session.close()
        listening.close()
        return outcome.value

    # The server is on the same loop, which the function blocks.
    assert host.run_alone(main()).label(str).startswith("Err(HTTP GET failed: no answer from")


class Busy(BaseHTTPRequestHandler):
    """Is busy when it is asked first."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(503 if len(self.asked) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_plain_form_asks_a_busy_server_again_in_a_plain_function() -> None:
    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        program = f'func f() {{ return http_request("http://127.0.0.1:{server.server_port}/", {{retries: 2}}) }}\nf()'
        result = hocket.run(program)
        server.shutdown()
        thread.join()
    assert result.values[0].status == 200
    assert Busy.asked == ["/", "/"]
