"""Streamed answers as clients see them that speak bytes, and what becomes of the streams of rude ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hocket import host
from hocket.session import Session

PROGRAM = """
mut made := 0
let ended := deferred()
async func* blocks() {
    try {
        while true { made += 1; yield "x".repeat(100000) }
    } finally { ended.resolve(true) }
}
async func* few() { yield "one"; yield ""; yield "two" }
async func* fails() { yield "one"; throw "half-way" }
async func* quiet() {
    try { yield "x"; await deferred().promise } finally { ended.resolve(true) }
}
let server := http_serve({"/blocks": blocks, "/few": few, "/fails": fails, "/quiet": quiet, "/up": r => "up"})
"""

Test = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Session], Awaitable[Any]]


def ask(path: str, test: Test, version: str = "1.1") -> list[str]:
    """Ask for `path` and run `test` on the connection; return what was reported."""

    async def main() -> list[str]:
        reports: list[str] = []
        session = Session(lambda error, text: reports.append(text))
        assert (await session.run(PROGRAM)).error is None
        reader, writer = await asyncio.open_connection("127.0.0.1", session.variables["server"].port)
        writer.write(f"GET {path} HTTP/{version}\r\nHost: h\r\n\r\n".encode())
        await asyncio.wait_for(test(reader, writer, session), 20)
        writer.close()
        await session.close()
        assert session.scheduler.holds == session.scheduler.external == 0
        return reports

    return host.run_alone(main())


async def ended(session: Session) -> None:
    await session.variables["ended"]["promise"]


def test_parts_are_chunks_and_the_connection_goes_on() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b"transfer-encoding: chunked" in head and b"content-length" not in head
        assert await reader.readuntil(b"\r\n0\r\n\r\n") == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        writer.write(b"GET /up HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nup")

    assert ask("/few", test) == []


def test_a_client_of_old_reads_to_the_end_of_the_connection() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert (b"chunked" in head, body) == (False, b"onetwo")

    assert ask("/few", test, "1.0") == []


def test_an_answer_that_fails_has_no_end() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        assert (await reader.read()).endswith(b"\r\n\r\n3\r\none\r\n")

    (report,) = ask("/fails", test)
    assert "half-way" in report


def test_a_client_that_does_not_read_stops_the_stream_and_one_that_goes_ends_it() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        before = -1
        while before != session.variables["made"] or before == 0:
            before = session.variables["made"]
            await asyncio.sleep(0.05)
        assert before * 100_000 < 50_000_000
        writer.transport.abort()
        await ended(session)

    assert ask("/blocks", test) == []


def test_a_quiet_stream_ends_when_its_client_goes() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        await reader.readuntil(b"1\r\nx\r\n")
        writer.close()
        await ended(session)

    assert ask("/quiet", test) == []
