"""What carries messages: aiohttp's connections, or the session's own servers.

Under the virtual clock a request to a server of the same session is handed over without
a socket: a socket would make the clock stand still.  Imported with the HTTP libraries,
when a request is first sent.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Protocol
from urllib.request import getproxies

import httpx
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from hocket.runtime.current import current_scheduler
from hocket.runtime.streams import Stream
from hocket.stdlib.http.answers import Answer, Decoded, Received
from hocket.stdlib.http.messages import RULES, Message
from hocket.stdlib.server.serving import HttpServer, local_server

LOCAL = ("127.0.0.1", "localhost")


class Transport(Protocol):
    """Sends messages and gets the answers; cookies and redirects are not its business."""

    async def send(self, message: Message, limit: float) -> Answer:
        """Send `message`; no step takes longer than `limit` ms."""

    async def aclose(self) -> None:
        """Close the connections."""


class Network:
    """The connections to servers."""

    def __init__(self, trust: ssl.SSLContext, connections: int) -> None:
        self._trust = trust
        self._connections = connections
        self._session: ClientSession | None = None

    async def send(self, message: Message, limit: float) -> Answer:
        """As `Transport` says."""
        if current_scheduler().clock.virtual and message.place[0] in LOCAL:
            server = local_server(message.place[1])
            if server is not None:
                return await hand_over(server, message)
        session = self._session or self._open()
        response = await session.request(
            message.method,
            message.target,
            headers=message.headers,
            data=message.body,
            allow_redirects=False,
            timeout=_steps(limit),
        )
        answer = Received(message, response)
        if "content-encoding" not in answer.headers:
            return answer
        return Decoded(message, httpx.Response(answer.status, headers=response.raw_headers, stream=answer))

    def _open(self) -> ClientSession:
        self._session = ClientSession(
            connector=TCPConnector(ssl=self._trust, limit=self._connections),
            headers=RULES.headers,
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            trust_env=bool(getproxies()),  # asked for in a thread, for each request
        )
        return self._session

    async def aclose(self) -> None:
        """As `Transport` says."""
        if self._session is not None:
            await self._session.close()


@lru_cache(maxsize=16)
def _steps(limit: float) -> ClientTimeout:
    """The limit of each step of an exchange; waiting for a connection has none."""
    return ClientTimeout(sock_connect=limit / 1000, sock_read=limit / 1000)


class Instead:
    """A transport of httpx's instead of the network."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, message: Message, limit: float) -> Answer:
        """As `Transport` says, without a limit."""
        return Decoded(message, await self._transport.handle_async_request(message.built()))

    async def aclose(self) -> None:
        """As `Transport` says."""
        await self._transport.aclose()


async def hand_over(server: HttpServer, message: Message) -> Answer:
    """Have `server` answer without a socket."""
    request = message.built()
    body = await request.aread()
    target = request.url.raw_path.decode("ascii")
    sent = [(name.lower(), value) for name, value in request.headers.raw]
    answer = await server.answer(request.method, target, sent, body)
    if answer.parts is not None and request.method != "HEAD":
        return Decoded(message, httpx.Response(answer.status, headers=answer.headers, stream=Body(answer.parts)))
    content = b"" if request.method == "HEAD" else answer.body
    return Decoded(message, httpx.Response(answer.status, headers=answer.headers, content=content))


class Body(httpx.AsyncByteStream):
    """The body of an answer that comes in parts."""

    def __init__(self, parts: Stream) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts."""
        async for part in self._parts:
            yield part

    async def aclose(self) -> None:
        """Want no more."""
        await self._parts.aclose()
