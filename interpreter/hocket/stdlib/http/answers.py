"""What servers answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import cast

import httpx
from aiohttp import ClientResponse

from hocket.stdlib.http.messages import Message


class Answer(httpx.AsyncByteStream):
    """An answer whose body is still to be read, part by part; `aclose` lets go of the connection.

    `headers` have names in small letters, `cookies` are those that it sets.
    """

    def __init__(self, message: Message, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.url = message.url
        self.status = status
        self.cookies: list[str] = []
        self.headers: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name, value = _text(raw_name).lower(), _text(raw_value)
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
            if name == "set-cookie":
                self.cookies.append(value)

    def __aiter__(self) -> Answer:
        return self

    async def __anext__(self) -> bytes:
        raise NotImplementedError


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Received(Answer):
    """An answer that came over a connection."""

    def __init__(self, message: Message, response: ClientResponse) -> None:
        super().__init__(message, response.status, response.raw_headers)
        self._response = response

    async def __anext__(self) -> bytes:
        content = self._response.content
        part = b"" if content.at_eof() else await content.readany()
        if not part:
            raise StopAsyncIteration
        return part

    async def aclose(self) -> None:
        """Let go of the connection; it is used again if all of the body was read."""
        if not self._response.closed:
            await self._response.__aexit__(None, None, None)


class Decoded(Answer):
    """An answer of httpx's, which undoes what the body was compressed by."""

    def __init__(self, message: Message, response: httpx.Response) -> None:
        super().__init__(message, response.status_code, response.headers.raw)
        self._response = response
        self._parts = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())

    async def __anext__(self) -> bytes:
        return await anext(self._parts)

    async def aclose(self) -> None:
        """Want no more of it."""
        await self._parts.aclose()
        await self._response.aclose()
