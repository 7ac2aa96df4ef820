"""Connections that go on as WebSockets, and the functions of the program that converse there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import h11
from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from hocket import errors
from hocket.runtime.chaining import answer
from hocket.runtime.channels import outside
from hocket.runtime.promise import REJECTED, RESOLVED, Promise
from hocket.stdlib.server.exchanges import Exchange
from hocket.stdlib.server.messages import HttpRequest
from hocket.stdlib.websockets.handlers import SocketHandler
from hocket.stdlib.websockets.local import LocalTransport, parked
from hocket.stdlib.websockets.sockets import WebSocket
from hocket.stdlib.websockets.wire import FAILED, GOING_AWAY, NORMAL, Wire

if TYPE_CHECKING:
    from hocket.stdlib.server.connection import Connection

_SENT = ("upgrade", "connection", "sec-websocket-accept", "sec-websocket-protocol")


class Refused(Exception):
    """What asks for a WebSocket does it wrongly."""


class Conversation(Exchange):
    """A WebSocket on its way through its function."""

    def __init__(self, connection: Connection, handler: SocketHandler, socket: WebSocket) -> None:
        assert socket.request is not None
        super().__init__(handler, socket.request)
        self.connection = connection
        self.function = handler.function
        self.socket = socket

    def run(self) -> Coroutine[Any, Any, Any]:
        """Return the running of the function."""
        return converse(self.function, self.socket)

    def stop(self) -> None:
        """The server is about to end."""
        self.socket.wire.begin_close(GOING_AWAY)

    def drop(self) -> None:
        """The connection has gone; the function learns it when it receives or sends, or is cancelled at the end."""
        if self.connection.server.is_stopping:
            super().drop()

    def notify(self, promise: Promise) -> None:
        """The function has ended."""
        codes = {RESOLVED: NORMAL, REJECTED: FAILED}
        self.socket.wire.begin_close(codes.get(promise.state, GOING_AWAY))


async def converse(function: Callable[..., Any], socket: WebSocket) -> None:
    """Run the function; that its client has gone is no failure of it."""
    try:
        await answer(function, socket)
    except errors.Error as error:
        if error is not socket.wire.raised or isinstance(error, errors.TooLarge):
            raise


def upgrade(connection: Connection, handler: SocketHandler, asked: h11.Request, request: HttpRequest) -> Conversation:
    """Let the connection go on as a WebSocket; raises Refused."""

    def chosen(frames: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((name for name in handler.protocols if name in offered), None)

    frames = ServerProtocol(state=State.OPEN, select_subprotocol=chosen, max_size=handler.max_message)
    headers = Headers()
    for name, value in asked.headers:
        headers[name.decode("ascii")] = value.decode("latin-1")
    version = asked.http_version.decode("ascii")
    accepted = frames.accept(Request(request.path, headers, asked.method.decode("ascii"), f"HTTP/{version}"))
    if accepted.status_code != 101:
        raise Refused(str(frames.handshake_exc))
    sent = [(name, value) for name, value in accepted.headers.raw_items() if name.lower() in _SENT]
    switching = h11.InformationalResponse(status_code=101, headers=sent, reason=b"Switching Protocols")
    connection.transport.write(connection.http.send(switching) or b"")
    is_local = isinstance(connection.transport, LocalTransport)
    wire = Wire(
        frames, f"ws{connection.server.url.removeprefix('http')}{request.path}", parked if is_local else outside
    )
    wire.when_lost = lambda: connection.connection_lost(None)
    connection.transport.set_protocol(wire)
    wire.connection_made(connection.transport)
    return Conversation(connection, handler, WebSocket(wire, request))
