"""What carries requests: aiohttp's connections, or the session's own servers.

Under the virtual clock a request to a server of the same session is handed over without
a socket: a socket would make the clock stand still.  Imported with the HTTP libraries,
when a request is first sent.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar
from typing import Any
from urllib.request import getproxies

import httpx
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from httpx_aiohttp import AiohttpTransport

from hocket.runtime.current import current_scheduler
from hocket.runtime.streams import Stream
from hocket.stdlib.server.serving import HttpServer, local_server

LOCAL = ("127.0.0.1", "localhost")


class Cookies(CookieJar):
    """The cookies of a session; an answer that sets none costs nothing."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep the cookies that the answer sets."""
        if "set-cookie" in response.response.headers:
            super().extract_cookies(response, request)


class Transport(httpx.AsyncBaseTransport):
    """Sends requests and gets the answers; cookies and redirects are the client's."""

    def __init__(self, trust: ssl.SSLContext, connections: int) -> None:
        def session() -> ClientSession:
            return ClientSession(
                connector=TCPConnector(ssl=trust, limit=connections),
                cookie_jar=DummyCookieJar(),
                trust_env=bool(getproxies()),  # asked for in a thread, for each request
            )

        self._network = AiohttpTransport(verify=trust, client=session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; the body of the answer is still to be read."""
        if current_scheduler().clock.virtual and request.url.host in LOCAL:
            server = local_server(request.url.port or 80)
            if server is not None:
                return await hand_over(server, request)
        return await self._network.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._network.aclose()


async def hand_over(server: HttpServer, request: httpx.Request) -> httpx.Response:
    """Have `server` answer without a socket."""
    body = await request.aread()
    target = request.url.raw_path.decode("ascii")
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    answer = await server.answer(request.method, target, headers, body)
    if answer.parts is not None and request.method != "HEAD":
        return httpx.Response(answer.status, headers=answer.headers, stream=Body(answer.parts), request=request)
    content = b"" if request.method == "HEAD" else answer.body
    return httpx.Response(answer.status, headers=answer.headers, content=content, request=request)


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
