"""WebSockets against servers and clients that do everything wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hocket import errors, host
from hocket.session import Session
from hocket.stdlib.websockets import connecting, wire

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PEM = Path(__file__).parent.parent / "data" / "localhost.pem"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def run(
    handler: Handler, program: str, tls: ssl.SSLContext | None = None, clock: str | None = None, **values: Any
) -> Any:
    """Return the value of `program`, in which `url` is the server's; raises its error.  Nothing may be left."""
    complaints: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def main() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        session = Session(clock=clock)
        port = listening.sockets[0].getsockname()[1]
        session.assign("url", f"{'wss' if tls else 'ws'}://localhost:{port}/")
        for name, value in values.items():
            session.assign(name, value)
        try:
            outcome = await asyncio.wait_for(session.run(program), 20)
        finally:
            assert session.scheduler.holds == session.scheduler.external == 0
            await session.close()
            listening.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    result = host.run_alone(main())
    assert complaints == []
    return result


async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Do a server's part of the handshake; return the request."""
    head = await reader.readuntil(b"\r\n\r\n")
    key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accepted = base64.b64encode(hashlib.sha1(key + GUID).digest())
    writer.write(b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n")
    writer.write(b"sec-websocket-accept: " + accepted + b"\r\n\r\n")
    return head.decode()


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the opcode and the data of a short frame of a client."""
    first, second = await reader.readexactly(2)
    mask = await reader.readexactly(4)
    data = await reader.readexactly(second & 127)
    return first & 15, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def sends(*parts: bytes) -> Handler:
    """Return a server that sends `parts` after the handshake, and then reads on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(reader, writer)
        for part in parts:
            writer.write(part)
        await reader.read()

    return serve


def answers(answer: bytes, stays: bool = False) -> Handler:
    """Return a server that gives `answer` to the handshake, and ends or does nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if stays:
            await reader.read()

    return serve


async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
    await writer.drain()


# Servers that refuse


@pytest.mark.parametrize(
    ("answer", "stays", "kind", "text"),
    [
        (b"", False, errors.NetworkError, "the server closed the connection without an answer"),
        (b"HTTP/1.1 101 Swit", False, errors.NetworkError, "the server closed the connection without an answer"),
        (b"\x00\xff garbage\r\n\r\n", True, errors.HttpError, "the answer is not HTTP"),
        (b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", True, errors.HttpError, "with status 302"),
        (
            b"HTTP/1.1 101 S\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n",
            True,
            errors.HttpError,
            "the server's answer opens no WebSocket",
        ),
    ],
)
def test_a_server_that_refuses_is_an_error(answer: bytes, stays: bool, kind: Any, text: str) -> None:
    with pytest.raises(kind, match=text) as caught:
        run(answers(answer, stays), "await websocket(url)")
    assert caught.value.type == kind.__name__
    assert caught.value.fields["url"].startswith("ws://localhost")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Swit", b"HTTP/1.1 404 No\r\ncontent-length: 9\r\n\r\nhalf"])
def test_a_server_that_never_answers_is_given_up(answer: bytes) -> None:
    with pytest.raises(errors.TimeoutError, match="WebSocket failed: no answer within 50ms") as caught:
        run(answers(answer, True), "await websocket(url, {timeout: 50})")
    assert caught.value.fields["limit"] == 50


def test_an_opening_that_is_cancelled_closes_the_connection() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n"))[:3])
        seen.append(await reader.read())

    program = """
    let t := spawn { await websocket(url) }
    while len(seen) < 1 { await async_sleep(1) }
    t.cancel()
    mut end := ""
    try { await t } except CancelledError e { end = e.message }
    while len(seen) < 2 { await async_sleep(1) }
    end
    """
    assert run(serve, program, seen=seen) == "Task was cancelled"
    assert seen == [b"GET", b""]


# Servers that break off


@pytest.mark.parametrize(
    ("sent", "kind", "text"),
    [
        ((b"\x81\x05hel",), errors.NetworkError, "the connection was lost"),
        ((b"\xff\xff\xff\xff",), errors.NetworkError, "the other side broke the protocol"),
        ((b"\x81\x83abcdef",), errors.NetworkError, "the other side broke the protocol"),
        ((b"\x80\x01x",), errors.NetworkError, "the other side broke the protocol"),
        ((b"\x81\x02\xff\xff",), errors.NetworkError, "a text that is not UTF-8"),
        ((b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",), errors.TooLarge, "a message of more than 16000000 bytes"),
        ((b"\x02\x7e\x03\xe8" + b"x" * 1000, b"\x80\x7e\x03\xe8" + b"x" * 1000), errors.TooLarge, "more than 1500"),
        ((b"\x88\x03\x03\xe8\xff",), errors.NetworkError, "the other side broke the protocol"),
    ],
)
def test_what_is_no_websocket_ends_the_connection(sent: tuple[bytes, ...], kind: Any, text: str) -> None:
    options = ", {max_message: 1500}" if "1500" in text else ""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(reader, writer)
        writer.writelines(sent)
        if text != "the connection was lost":
            await reader.read()

    program = f"""
    let socket := await websocket(url{options})
    try {{ for await message in socket {{ }} }} except e {{
        try {{ await socket.send("x") }} except again {{ assert(again.message == e.message) }}
        throw e
    }}
    """
    with pytest.raises(kind, match=text) as caught:
        run(serve, program)
    assert caught.value.type == kind.__name__


def test_what_came_before_the_break_is_received() -> None:
    program = """
    let socket := await websocket(url)
    let got := [await socket.receive(), await socket.receive()]
    try { await socket.receive() } except NetworkError e { got.push(e.type) }
    got
    """
    whole = b"\x81\x03one\x01\x01t\x89\x01p\x00\x01w\x80\x01o\x81"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(reader, writer)
        writer.write(whole)

    assert run(serve, program) == ["one", "two", "NetworkError"]


def test_pings_are_answered_and_asked() -> None:
    seen: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(reader, writer)
        writer.write(b"\x89\x02hi")
        seen.append(await read_frame(reader))
        opcode, data = await read_frame(reader)
        seen.append(opcode)
        writer.write(bytes([0x8A, len(data)]) + data)
        seen.append(await read_frame(reader))
        writer.write(b"\x88\x02\x03\xe8")

    program = "let socket := await websocket(url); let ms := await socket.ping(); await socket.close(); ms >= 0"
    assert run(serve, program) is True
    assert seen == [(10, b"hi"), 9, (8, b"\x03\xe8")]


def test_a_server_that_does_not_take_part_in_closing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CLOSING", 0.05)
    program = """
    let socket := await websocket(url)
    await socket.close(4000, "enough")
    [socket.closed, socket.code, socket.reason]
    """
    assert run(sends(), program) == [True, 4000, "enough"]


def test_a_ping_that_nobody_answers_ends_with_the_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(reader, writer)
        await read_frame(reader)

    with pytest.raises(errors.NetworkError, match="the connection was lost"):
        run(serve, "await (await websocket(url)).ping()")


def test_open_sockets_are_closed_with_the_session() -> None:
    seen: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(reader, writer)
        seen.append(await read_frame(reader))
        writer.write(b"\x88\x02\x03\xe9")

    run(serve, "let socket := await websocket(url)")
    assert seen == [(8, b"\x03\xe9")]


def test_a_server_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "LAST_WORDS", 0.05)
    assert run(sends(b"\x81\x02hi"), "let socket := await websocket(url); await socket.receive()") == "hi"


# TLS and the clock


def test_certificates_are_verified() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    closes = sends(b"\x81\x02hi", b"\x88\x02\x03\xe8")
    trusting = f'await (await websocket(url, {{verify: "{PEM.as_posix()}"}})).receive()'
    assert run(closes, trusting, context) == "hi"
    assert run(closes, "await (await websocket(url, {verify: false})).receive()", context) == "hi"
    with pytest.raises(errors.ConnectError, match="the server's certificate is not trusted"):
        run(closes, "await websocket(url)", context)
    with pytest.raises(errors.ConnectError, match="the server does not speak TLS as it should"):
        run(speaks_first, 'await websocket(url.replace("ws:", "wss:"))')


def test_the_virtual_clock_stands_still_for_a_server_outside() -> None:
    program = """
    let begun := now()
    let ticks := spawn { for n in 10 { await async_sleep(1h) } }
    let socket := await websocket(url)
    let message := await socket.receive()
    let passed := now() - begun
    ticks.cancel()
    [message, passed]
    """
    assert run(sends(b"\x81\x02hi", b"\x88\x02\x03\xe8"), program, clock="virtual") == ["hi", 0]


def test_own_servers_are_conversed_with_in_process_under_the_virtual_clock() -> None:
    program = """
    let server := http_serve({"/": websocket(async socket => {
        for await message in socket { await async_sleep(1h); await socket.send(message + "!") }
    })})
    let begun := now()
    let log := []
    with await websocket("ws://127.0.0.1:${server.port}/") as socket {
        for n in 3 { await socket.send("${n}") }
        for n in 3 { log.push([await socket.receive(), now() - begun]) }
        try { timeout 1m { await socket.receive() } } except TimeoutError e { log.push(now() - begun) }
    }
    await server.stop()
    log
    """
    assert run(sends(), program, clock="virtual") == [["0!", 3600], ["1!", 7200], ["2!", 10800], 10860]


# Clients that are rude to our server


SERVER = """
let ends := channel()
let server := http_serve({"/": websocket(async socket => {
    try { while true { await socket.send(await socket.receive()) } } except e { await ends.send(e.type); throw e }
}), "/up": r => "up"})
"""
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def client(*sent: bytes, until: bytes | None = None, after: str = "1") -> tuple[bytes, Any, list[str]]:
    """Send to our server; return what came until it closed or `until`, the value of `after`, and what was reported."""

    async def main() -> tuple[bytes, Any, list[str]]:
        reports: list[str] = []
        session = Session(lambda error, text: reports.append(text))
        assert (await session.run(SERVER)).error is None
        reader, writer = await asyncio.open_connection("127.0.0.1", session.variables["server"].port)
        for part in sent:
            writer.write(part)
            await writer.drain()
        got = await asyncio.wait_for(reader.readuntil(until) if until else reader.read(), 10)
        writer.close()
        outcome = await session.run(
            f'let after := {after}\nassert((await fetch("${{server.url}}/up")).body == "up")\nafter'
        )
        await session.close()
        assert outcome.error is None, outcome.error
        return got, outcome.value, reports

    return host.run_alone(main())


def masked(opcode: int, data: bytes) -> bytes:
    return bytes([0x80 | opcode, 0x80 | len(data)]) + b"\0\0\0\0" + data


def test_a_client_that_speaks_bytes_is_answered() -> None:
    got, ends, reports = client(HANDSHAKE, masked(8, b"\x03\xe8"), after="await ends.receive()")
    head, _, frames = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    assert (frames, ends, reports) == (b"\x88\x02\x03\xe8", "ChannelClosed", [])


@pytest.mark.parametrize(
    ("sent", "close"),
    [
        (b"\xff\xff\xff\xff", b"\x03\xea"),
        (b"\x81\x05hello", b"\x03\xea"),
        (masked(1, b"\xff"), b"\x03\xef"),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x03\xf1"),
    ],
)
def test_garbage_ends_its_own_connection_only(sent: bytes, close: bytes) -> None:
    got, ends, reports = client(HANDSHAKE, sent, after="await ends.receive()")
    frames = got.partition(b"\r\n\r\n")[2]
    assert frames[0] == 0x88 and frames[2:4] == close
    assert ends == ("TooLarge" if close == b"\x03\xf1" else "NetworkError")
    assert len(reports) == (close == b"\x03\xf1")


def test_a_client_that_is_gone_is_no_failure_of_the_function() -> None:
    early = HANDSHAKE + masked(1, b"x")  # in one piece with the handshake
    _, ends, reports = client(early, until=b"\x81\x01x", after="await ends.receive()")
    assert (ends, reports) == ("NetworkError", [])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), b"400"),
        (HANDSHAKE.replace(b"Version: 13", b"Version: 7"), b"400"),
        (HANDSHAKE.replace(b"GET", b"POST"), b"400"),
        (HANDSHAKE.replace(b"Upgrade: websocket", b"Upgrade: h2c"), b"400"),
        (HANDSHAKE.replace(b"Upgrade: websocket\r\n", b"").replace(b"Connection: Upgrade\r\n", b""), b"426"),
    ],
)
def test_a_handshake_that_is_wrong_is_refused(head: bytes, status: bytes) -> None:
    got, _, reports = client(head, b"GET /up HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 " + status) and reports == []
