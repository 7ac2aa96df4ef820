"""Servers as a client sees them that speaks bytes, and what becomes of rude ones."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from hocket import errors
from hocket.session import Session
from hocket.stdlib.server import connection, serving
from hocket.stdlib.server.messages import prepare

PROGRAM = """
let called := deferred()
let gone := deferred()
let server := http_serve({
    "/": r => "root",
    "/echo": r => r.body,
    "/length": r => "${len(r.bytes)}",
    "/big": r => "x".repeat(20000000),
    "/slow/:n": async r => { await async_sleep(5 - to_int(r.params.n)); return r.params.n },
    "/wait": async r => {
        called.resolve()
        try { await async_sleep(60000) } finally { gone.resolve() }
    },
})
"""

GET = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


class Client:
    """Raw connections to the server of a session, closed at the end."""

    def __init__(self, session: Session, reports: list[str]) -> None:
        self.session = session
        self.reports = reports
        self.server: serving.HttpServer = session.variables["server"]
        self.writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self.writers.append(writer)
        return reader, writer

    async def exchange(self, sent: bytes) -> bytes:
        """Send, and return all that comes until the server closes."""
        reader, writer = await self.connect()
        writer.write(sent)
        got = await reader.read()
        writer.close()
        return got

    async def settled(self, name: str) -> None:
        """Wait for a promise of the program that `deferred` made."""
        await self.session.variables[name]["promise"]

    async def is_well(self) -> bool:
        """Whether others are still served."""
        return (await self.exchange(LAST % b"/")).endswith(b"\r\n\r\nroot")


Test = Callable[[Client], Awaitable[Any]]


def serve(test: Test, program: str = PROGRAM) -> Any:
    """Run `test` against the server of `program`; nothing may be left, nothing reported by asyncio."""
    complaints: list[Any] = []

    async def host() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        reports: list[str] = []
        session = Session(lambda error, text: reports.append(text))
        outcome = await session.run(program)
        assert outcome.error is None
        client = Client(session, reports)
        try:
            return await asyncio.wait_for(test(client), 20)
        finally:
            await session.close()
            assert session.scheduler.external == session.scheduler.holds == 0
            assert not client.server.connections
            for writer in client.writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in client.writers), return_exceptions=True)

    result = asyncio.run(host())
    assert complaints == []
    return result


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head, await reader.readexactly(int(length[1]) if length else 0)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x00\xff\x16\x03\x01garbage\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 200_000, 431),
    ],
)
def test_what_is_not_http_is_refused_and_hurts_nobody(sent: bytes, status: int) -> None:
    async def test(client: Client) -> None:
        answer = await client.exchange(sent)
        assert statuses(answer) == [status]
        assert b"connection: close" in answer.lower()
        assert await client.is_well()
        assert client.reports == []

    serve(test)


def test_garbage_after_a_request_leaves_its_answer() -> None:
    async def test(client: Client) -> None:
        assert statuses(await client.exchange(GET % b"/slow/1" + b"garbage\r\n\r\n")) == [200, 400]

    serve(test)


def test_garbage_after_a_head_request_is_refused_with_a_body() -> None:
    async def test(client: Client) -> None:
        answers = await client.exchange(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\ngarbage\r\n\r\n")
        head, refusal = answers.split(b"HTTP/1.1 400")
        assert head.endswith(b"content-length: 4\r\n\r\n")
        assert b"\r\n\r\nBad Request: " in refusal

    serve(test)


def test_pipelined_requests_are_answered_in_order() -> None:
    async def test(client: Client) -> None:
        order = [0, 3, 1, 2, 4]
        sent = b"".join(GET % f"/slow/{n}".encode() for n in order)
        answers = await client.exchange(sent + GET % b"/nothing" + LAST % b"/slow/5")
        assert re.findall(rb"\r\n\r\n(\d)", answers) == [b"0", b"3", b"1", b"2", b"4", b"5"]
        assert statuses(answers) == [200] * 5 + [404, 200]

    serve(test)


def test_what_is_sent_ahead_waits_in_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_AHEAD", 100)

    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(GET % b"/wait" + GET % b"/" * 50)
        await client.settled("called")
        await writer.drain()
        # The end of the client is behind what is not read, and does not stop the handler.
        writer.write_eof()
        assert await client.is_well()

    serve(test)


def test_twenty_requests_on_one_connection() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        for number in range(20):
            body = str(number).encode()
            writer.write(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            assert (await read_answer(reader))[1] == body
        assert len(client.server.connections) == 1

    serve(test)


def test_a_request_may_come_byte_by_byte() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        sent = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        for byte in sent:
            writer.write(bytes([byte]))
            await writer.drain()
            assert len(client.server.connections) <= 1
        assert (await read_answer(reader))[1] == b"abcde"

    serve(test)


def test_old_clients_get_one_answer() -> None:
    async def test(client: Client) -> None:
        answer = await client.exchange(b"GET / HTTP/1.0\r\n\r\n")
        assert statuses(answer) == [200]
        assert answer.endswith(b"\r\n\r\nroot")

    serve(test)


def test_an_upgrade_is_declined() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await read_answer(reader))[1] == b"root"
        writer.write(b"CONNECT other:443 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert statuses((await read_answer(reader))[0]) == [404]
        writer.write(GET % b"/")
        assert (await read_answer(reader))[1] == b"root"

    serve(test)


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert statuses(await reader.readuntil(b"\r\n\r\n")) == [100]
        writer.write(b"abc")
        assert (await read_answer(reader))[1] == b"abc"

    serve(test)


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
        b"POST /length HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001,
    ],
)
def test_a_body_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connection, "MAX_BODY", 1000)

    async def test(client: Client) -> None:
        assert statuses(await client.exchange(sent)) == [413]
        fits = b"POST /length HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
        assert (await client.exchange(fits)).endswith(b"\r\n\r\n1000")

    serve(test)


def test_a_refused_client_that_goes_on_sending_still_gets_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_BODY", 1000)

    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n")
        for _ in range(30):
            writer.write(b"x" * 100_000)
        await writer.drain()
        assert statuses(await reader.read()) == [413]

    serve(test)


def test_a_half_closed_client_gets_its_answers() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(GET % b"/slow/0" + GET % b"/slow/1")
        writer.write_eof()
        assert statuses(await reader.read()) == [200, 200]

    serve(test)


def test_a_client_that_half_closes_amid_a_request_is_refused() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
        writer.write_eof()
        assert statuses(await reader.read()) == [400]
        assert await client.is_well()

    serve(test)


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_client_that_goes_cancels_its_handler(is_reset: bool) -> None:
    async def test(client: Client) -> None:
        _, writer = await client.connect()
        writer.write(GET % b"/wait")
        await client.settled("called")
        if is_reset:
            linger = b"\x01\0\0\0\0\0\0\0" if sys.platform != "win32" else b"\x01\0\0\0"
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
        await client.settled("gone")
        assert client.reports == []
        assert await client.is_well()

    serve(test)


def test_a_client_that_does_not_read_holds_up_nobody() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(GET % b"/big" + GET % b"/")
        assert (await reader.readexactly(8)) == b"HTTP/1.1"
        assert await client.is_well()
        _, body = await read_answer(reader)
        assert len(body) == 20_000_000
        assert (await read_answer(reader))[1] == b"root"

    serve(test)


def test_stopping_closes_idle_connections_at_once_and_slow_ones_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOMENT", 0.05)

    async def test(client: Client) -> None:
        idle, _ = await client.connect()
        begun, writer = await client.connect()
        writer.write(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Le")
        unread, writer = await client.connect()
        writer.write(GET % b"/big")
        await unread.readexactly(8)
        slow, writer = await client.connect()
        writer.write(GET % b"/wait")
        await client.settled("called")
        stopped = client.server.stop()
        assert await idle.read() == b""
        assert await begun.read() == b""
        assert stopped.state == "pending"
        await stopped
        await client.settled("gone")
        assert stopped is client.server.stop()
        with pytest.raises(ConnectionRefusedError):
            await client.connect()
        await client.session.drain()

    serve(test)


def test_an_answer_while_stopping_closes_the_connection() -> None:
    program = 'let server := http_serve({"/": r => { server.stop(); return "bye" }})'

    async def test(client: Client) -> None:
        answer = await client.exchange(GET % b"/" + GET % b"/")
        assert statuses(answer) == [200]
        assert b"connection: close" in answer.lower()
        await client.session.drain()

    serve(test, program)


def test_an_open_server_keeps_a_program_alive_until_it_stops() -> None:
    async def test(client: Client) -> None:
        draining = asyncio.ensure_future(client.session.drain())  # noqa: TID251  the host's
        assert await client.is_well()
        assert not draining.done()
        client.server.stop()
        await draining

    serve(test)


def test_the_end_of_the_session_stops_servers_and_handlers() -> None:
    async def test(client: Client) -> None:
        reader, writer = await client.connect()
        writer.write(GET % b"/wait")
        await client.settled("called")
        await client.session.close()
        assert client.session.variables["gone"]["promise"].state == "resolved"
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with pytest.raises(ConnectionRefusedError):
            await client.connect()

    serve(test)


def test_handlers_print_into_the_cell_that_started_the_server() -> None:
    program = 'let server := http_serve({"/": r => { print("asked"); throw "boom" }})'

    async def host() -> None:
        reports: list[str] = []
        session = Session(lambda error, text: reports.append(text))
        await session.run(program, "cell 1")
        cells = [task.cell.name for task in session.scheduler.routines()]
        assert cells == ["cell 1"]
        with redirect_stdout(StringIO()) as out:
            outcome = await session.run("(await async_http_get(server.url)).status", "cell 2")
        assert (outcome.value, out.getvalue()) == (500, "asked\n")
        assert len(reports) == 1
        assert reports[0].startswith("error: boom\n")
        assert "spawned at cell 1, line 1" in reports[0]
        await session.close()

    asyncio.run(host())


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EADDRINUSE, "cannot serve on port 80: the port is in use"),
        (errno.EACCES, "cannot serve on port 80: the system does not allow this port"),
        (errno.EMFILE, "cannot serve on port 80: "),
    ],
)
def test_a_port_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, number: int, message: str) -> None:
    def create(*_: Any, **__: Any) -> socket.socket:
        raise OSError(number, "system's words")

    monkeypatch.setattr(socket, "create_server", create)
    with pytest.raises(errors.NetworkError, match=f"^{message}") as raised:
        serving.listen(serving.HOST, 80)
    assert raised.value.fields == {"port": 80}


def test_a_client_that_never_closes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER", 0.01)
    monkeypatch.setattr(serving, "MOMENT", 60.0)

    async def test(client: Client) -> None:
        reader, _ = await client.connect()
        client.writers[0].write(LAST % b"/")
        assert statuses(await reader.read()) == [200]
        await client.server.stop()

    serve(test)


def test_a_function_is_no_answer() -> None:
    with pytest.raises(errors.TypeError, match="a handler cannot answer with function"):
        prepare(print)
