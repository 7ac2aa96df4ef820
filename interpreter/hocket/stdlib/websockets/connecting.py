"""Opening the connection of a client."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Awaitable, Callable

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

from hocket import errors
from hocket.runtime.current import current_scheduler, permissions
from hocket.runtime.guests import python
from hocket.runtime.holds import held, unlimited
from hocket.runtime.per_session import PerSession
from hocket.runtime.promises import Promise, promise_timeout
from hocket.stdlib.http.pool import Trust, pool
from hocket.stdlib.http.transport import LOCAL
from hocket.stdlib.server.connection import Connection
from hocket.stdlib.server.serving import HttpServer, local_server
from hocket.stdlib.websockets import local
from hocket.stdlib.websockets.options import Asked
from hocket.stdlib.websockets.sockets import WebSocket
from hocket.stdlib.websockets.wire import GOING_AWAY, Wire

LAST_WORDS = 1.0
"""Seconds that the servers have to take part in closing when the session ends."""

_ERRNO = re.compile(r"\[Errno (\d+)\]")


@unlimited
async def connect(asked: Asked) -> WebSocket:
    """Return an open WebSocket; raises PermissionDenied, ConnectError, HttpError, NetworkError or TimeoutError."""
    try:
        uri = parse_uri(asked.url)
    except (InvalidURI, ValueError) as error:
        raise asked.failure(errors.ValueError, "malformed URL") from error
    permissions().connect(uri.host, uri.port)
    server = None
    if current_scheduler().clock.virtual and uri.host in LOCAL and not uri.secure:
        server = local_server(uri.port)
    wire = _wire(asked, uri, held if server is None else local.parked)
    try:
        if server is not None:
            await _open_here(asked, wire, server)
        else:
            trust = pool().trust(asked.verify) if uri.secure else None
            await python(_translating(asked, _open_outside(asked, uri, wire, trust)))
        _look_at_answer(asked, wire)
    except BaseException:  # also a cancellation that comes when it has just been opened
        wire.abort()
        raise
    _register(wire)
    return WebSocket(wire)


def _wire(asked: Asked, uri: WebSocketURI, park: Callable[[], Awaitable[None]]) -> Wire:
    subprotocols = asked.protocols or None
    return Wire(ClientProtocol(uri, subprotocols=subprotocols, max_size=asked.max_message), asked.url, park)


def _ask(asked: Asked, wire: Wire) -> None:
    assert isinstance(wire.frames, ClientProtocol)
    request = wire.frames.connect()
    for name, value in asked.headers.items():
        if name in request.headers:
            del request.headers[name]
        request.headers[name] = value
    wire.frames.send_request(request)
    wire.flush()


async def _open_here(asked: Asked, wire: Wire, server: HttpServer) -> None:
    """Be handed over to a server of the same session."""
    opened = Promise()
    wire.when_open = opened.resolve
    local.connect(wire, Connection(server))
    try:
        _ask(asked, wire)
        await promise_timeout(opened, asked.timeout)
    except errors.TimeoutError:
        raise asked.late() from None
    finally:
        wire.when_open = _nothing


async def _open_outside(asked: Asked, uri: WebSocketURI, wire: Wire, trust: Trust | None) -> None:
    """Connect, and ask for a WebSocket; runs as a guest."""
    loop = asyncio.get_running_loop()
    opened = loop.create_future()
    wire.when_open = lambda: None if opened.done() else opened.set_result(None)
    async with asyncio.timeout(asked.timeout / 1000):
        if trust is not None:
            await loop.run_in_executor(None, trust.read)
        context = None if trust is None else trust.context
        await loop.create_connection(lambda: wire, uri.host, uri.port, ssl=context)
        try:
            _ask(asked, wire)
            await opened
        finally:
            wire.when_open = _nothing


async def _translating(asked: Asked, opening: Awaitable[None]) -> None:
    """Raise the system's errors as the language's."""
    try:
        await opening
    except TimeoutError as error:
        raise asked.late() from error
    except (OSError, UnicodeError) as error:
        raise asked.failure(errors.ConnectError, _reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted, {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "the server does not speak TLS as it should"
    if isinstance(error, UnicodeError):
        return "its host is none"
    # What asyncio says of it is "Connect call failed", for each address of the host.
    number = _ERRNO.search(str(error))
    return os.strerror(int(number[1])) if number else getattr(error, "strerror", None) or "the connection failed"


def _look_at_answer(asked: Asked, wire: Wire) -> None:
    """Raise why the server has refused, if it has."""
    refusal = wire.frames.handshake_exc
    if refusal is None and wire.frames.state is not State.CONNECTING:
        return
    if isinstance(refusal, InvalidStatus):
        status = refusal.response.status_code
        raise asked.failure(errors.HttpError, f"the server answered with status {status}", status=status)
    if refusal is None or isinstance(refusal, InvalidMessage) and isinstance(refusal.__cause__, EOFError):
        raise asked.failure(errors.NetworkError, "the server closed the connection without an answer")
    if isinstance(refusal, InvalidHandshake) and not isinstance(refusal, InvalidMessage):
        raise asked.failure(errors.HttpError, f"the server's answer opens no WebSocket, {refusal}")
    raise asked.failure(errors.HttpError, "the answer is not HTTP")


def _nothing() -> None:
    pass


def _register(wire: Wire) -> None:
    wires = _open()
    wires.add(wire)
    wire.when_lost = lambda: wires.discard(wire)
    if wire.is_lost:
        wire.when_lost()


async def _close_all(wires: set[Wire]) -> None:
    """Close what the session has open."""
    everything = asyncio.Event()

    def lost() -> None:
        if all(wire.is_lost for wire in closing):
            everything.set()

    closing = list(wires)
    for wire in closing:
        wire.when_lost = lost
        wire.begin_close(GOING_AWAY)
    lost()
    try:
        async with asyncio.timeout(LAST_WORDS):
            await everything.wait()
    except TimeoutError:
        for wire in closing:
            wire.transport.abort()


_open: PerSession[set[Wire]] = PerSession(set, _close_all)
