"""The connection to debugpy, which listens in this process, in the Debug Adapter Protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any

Event = Callable[[dict[str, Any]], None]


class Lost(Exception):
    """The connection ended before the answer came."""


class Wire:
    """Requests, each with its answer, and events, which go to `on_event`; to be used on one loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_event: Event) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def open(cls, host: str, port: int, on_event: Event) -> Wire:
        """Connect; raises OSError."""
        return cls(*await asyncio.open_connection(host, port), on_event)

    async def ask(self, command: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the response to a request; raises Lost."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        message = {"type": "request", "seq": number, "command": command, "arguments": arguments or {}}
        body = json.dumps(message).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        try:
            if self._reading.done():
                raise Lost(command)
            return await answer
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """End the connection; who waits for an answer gets Lost."""
        self._reading.cancel()
        self._writer.close()

    async def _read(self) -> None:
        try:
            while True:
                head = await self._reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                self._take(json.loads(await self._reader.readexactly(int(length.partition(b":")[2]))))
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Lost())

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            self._on_event(message)
            return
        answer = self._waiting.get(message["request_seq"])
        if answer is not None and not answer.done():
            answer.set_result(message)
