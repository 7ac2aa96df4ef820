"""A server: where connections come in, and the tasks that their requests become.

The server is itself a routine of the language.  It is owned by the session, so it goes on
after its cell has ended, keeps a program alive, and is cancelled with the session; what
it starts runs in the cell that started it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from hocket import errors
from hocket.runtime.current import PARKED, current_scheduler, permissions
from hocket.runtime.guests import python
from hocket.runtime.per_session import PerSession
from hocket.runtime.promise import PENDING, Promise
from hocket.runtime.tasks import Routine, SpawnedTask
from hocket.stdlib.server.exchanges import Exchange, LocalExchange
from hocket.stdlib.server.messages import (
    Answer,
    Headers,
    HttpRequest,
    HttpResponse,
    plain,
    read_request,
    split_target,
)
from hocket.stdlib.server.routes import Found, Handler, NotFound, Routes

if TYPE_CHECKING:
    from hocket.stdlib.server.connection import Connection

HOST = "127.0.0.1"
LOOPBACKS = {"0.0.0.0": HOST, "::": "::1"}
"""Where this machine reaches a server at all of its addresses."""
BACKLOG = 128
# Seconds that open exchanges have to end when a server stops.
MOMENT = 1.0


def checked_port(name: str, port: Any) -> int:
    """Return a port that was given to the function `name`; raises TypeError or ValueError for what is none."""
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError
    if not 0 <= port <= 65535:
        raise errors.ValueError(f"{name}() expects a port from 0 to 65535, got {port}")
    return port


def checked_host(name: str, host: Any) -> str:
    """Return the address that was given to the function `name`; raises TypeError or ValueError for what is none."""
    from ipaddress import ip_address  # most sessions never ask

    if not isinstance(host, str):
        raise TypeError
    try:
        return HOST if host == "localhost" else str(ip_address(host))
    except ValueError:
        hint = f'"{HOST}" is for this machine alone, "0.0.0.0" all of its addresses'
        raise errors.ValueError(f'{name}() expects an address as host, got "{host}"', hint=hint) from None


class HttpServer:
    """A server on this machine; `url` is what its paths begin with, without a slash at the end."""

    members: ClassVar[frozenset[str]] = frozenset({"url", "port"})

    def __init__(self, routes: Routes, port: int, host: str = HOST) -> None:
        self.routes = routes
        self.host = host
        self.is_stopping = False
        self.connections: set[Connection] = set()
        self.gone = Promise()
        self._socket = listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        reached = LOOPBACKS.get(host, host)
        self.url = f"http://{f'[{reached}]' if ':' in reached else reached}:{self.port}"
        self._listener: asyncio.Server | None = None
        self._arrived: deque[Exchange] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._scheduler = current_scheduler()
        self._serving = Serving(self)
        self._servers = _open_servers()
        self._servers.add(self)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form, such as `<server http://127.0.0.1:8000>`."""
        return f"<server {self.url}{' stopped' if self.is_stopping else ''}>"

    def wall_time(self) -> float:
        """Return seconds since 1970, by the session's clock."""
        return self._scheduler.clock.wall() / 1e9

    # Serving

    async def serve(self) -> None:
        """Make each request that arrives a task, until the server has stopped."""
        await self._open()
        while not self.is_stopping or self.connections:
            while self._arrived:
                exchange = self._arrived.popleft()
                if not exchange.is_dropped:
                    exchange.begin(SpawnedTask(exchange.run(), exchange.name))
            self._serving.waiting = self
            await PARKED

    async def _open(self) -> None:
        from hocket.stdlib.server.connection import Connection

        if not self.is_stopping:
            loop = self._scheduler.loop
            opening = loop.create_server(lambda: Connection(self), sock=self._socket, start_serving=False)
            self._listener = await python(opening)
            await python(self._listener.start_serving())

    def routed(self, method: str, target: str, headers: Headers, body: bytes) -> tuple[Handler, HttpRequest]:
        """Return what is to answer a request, and the request as it sees it."""
        found = self.routes.find(method, split_target(target)[0])
        if isinstance(found, NotFound):
            found = Found(not_found(found.allowed), {})
        return found.handler, read_request(method, target, found.params, headers, body)

    async def answer(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        """Answer a request of the same session, without a connection."""
        exchange = LocalExchange(*self.routed(method, target, headers, body))
        self.arrived(exchange)
        try:
            return await exchange.answer  # type: ignore[no-any-return]
        except BaseException:
            exchange.drop()
            raise

    def arrived(self, exchange: Exchange) -> None:
        """Have the handler of `exchange` run."""
        self._arrived.append(exchange)
        self._wake()

    def disconnected(self, connection: Connection) -> None:
        """Take note that a connection has ended."""
        self.connections.discard(connection)
        self._wake()
        self._settle()

    def _wake(self) -> None:
        if self._serving.waiting is self:
            self._serving.wake()

    def withdraw(self, waiter: Any) -> None:
        """Nothing to forget: the server is about to end."""

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return "requests"

    # The end

    def stop(self) -> Promise:
        """Take no more requests; return the promise of the end of all connections.

        Requests that are being answered have a moment, then they are cancelled.
        """
        if not self.is_stopping:
            self._close()
            for connection in list(self.connections):
                connection.stop()
            self._timer = self._scheduler.loop.call_later(MOMENT, self._abort)
            self._wake()
        return self.gone

    def release(self) -> None:
        """End at once: nothing serves any more."""
        self._scheduler.external -= 1
        self._close()
        self._abort()
        if self._timer is not None:
            self._timer.cancel()
        self._settle()

    def _close(self) -> None:
        self.is_stopping = True
        if self._listener is not None:
            self._listener.close()
        else:
            self._socket.close()

    def _abort(self) -> None:
        for connection in list(self.connections):
            connection.transport.abort()

    def _settle(self) -> None:
        if not self.connections and self._serving.state is not PENDING:
            self._servers.discard(self)
            self.gone.resolve()


class Serving(Routine):
    """The running of a server."""

    __slots__ = ("server",)

    is_called = False

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server.serve(), "http_serve")
        self.server = server
        scheduler = self.cell.scheduler
        del self.owner.members[self]
        self.owner = self.scope = scheduler.session
        self.owner.members[self] = None
        # Whoever waits may wait for a request.
        scheduler.external += 1
        self.start()

    def settle(self, state: str, result: Any) -> None:
        """Settle, and end the server with it, however it came to that."""
        is_first = self.state is PENDING
        super().settle(state, result)
        if is_first:
            self.server.release()

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"the server {self.server.url}"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `port`, any free one for 0; raises PermissionDenied, NetworkError."""
    permissions().listen(host, port)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        hint = None
        if error.errno == errno.EADDRINUSE:
            reason, hint = "the port is in use", "with port 0 the system chooses a free one"
        elif error.errno == errno.EACCES:
            reason, hint = "the system does not allow this port", "take one from 1024 on, or 0 for any free one"
        place = f"port {port}" if host == HOST else f"port {port} of {host}"
        raise errors.NetworkError(f"cannot serve on {place}: {reason}", hint=hint, port=port) from error


def not_found(allowed: list[str]) -> Handler:
    """Return the handler for a path that has none, or none for the method of the request."""
    refusal = plain(405, headers={"allow": ", ".join(allowed)}) if allowed else plain(404)

    def refuse() -> HttpResponse:
        return refusal

    return refuse


async def _all_gone(servers: set[HttpServer]) -> None:
    for server in list(servers):
        await server.gone


_open_servers: PerSession[set[HttpServer]] = PerSession(set, _all_gone)


def local_server(port: int) -> HttpServer | None:
    """Return the session's own server at `port` of this machine's name, if there is one."""
    for server in _open_servers():
        if server.port == port and LOOPBACKS.get(server.host, server.host) == HOST and not server.is_stopping:
            return server
    return None
