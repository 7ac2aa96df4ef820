"""One connection of a server: bytes to requests, answers to bytes.

h11 knows HTTP; this is what moves it.  A connection has at most one exchange, from the
end of a request to its answer, so pipelined requests are answered in order, and the next
one begins when the client has taken the answer before.  Whatever a client does, it does
to its own connection only.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from http.client import responses
from typing import TYPE_CHECKING, cast

import h11

from hocket.runtime.gates import Gate
from hocket.runtime.lines import Ticket
from hocket.stdlib.server.exchanges import Exchange
from hocket.stdlib.server.messages import Answer, HttpRequest, HttpResponse, plain, prepare
from hocket.stdlib.server.routes import Handler
from hocket.stdlib.websockets.handlers import SocketHandler

if TYPE_CHECKING:
    from hocket.stdlib.server.serving import HttpServer

MAX_BODY = 100_000_000
MAX_HEAD = 65_536
# What is read of further requests while one is answered.
MAX_AHEAD = 65_536
# Seconds.  A client that closes its side may still read the answer to its last request;
# one that has really gone looks the same until something is sent to it.
GRACE = 0.2
# A connection that is closed while the client still sends loses the answer, so the
# client is given this long to see the end.
LINGER = 1.0


class Answering(Exchange):
    """A request that came over a connection."""

    def __init__(self, connection: Connection, handler: Handler, request: HttpRequest) -> None:
        super().__init__(handler, request)
        self.connection = connection

    def answered(self, answer: Answer) -> None:
        """Send it."""
        self.connection.answered(answer)

    def began(self, answer: Answer) -> None:
        """Send the headers."""
        self.connection.begin_answer(answer)

    async def send(self, part: bytes) -> None:
        """Send a part, and wait until the client has taken it."""
        await self.connection.send_part(part)

    def broke_off(self) -> None:
        """End the connection, so that the client does not take it for the end."""
        self.connection.break_off()


class Room(Gate):
    """What waits for a client that is slower than its answer."""

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return "a client to take what was sent"


class Connection(asyncio.Protocol):
    """Reads requests and writes answers."""

    transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self.exchange: Exchange | None = None
        # `has_eof`: the client sends no more; `is_blocked`: it has not taken all of an
        # answer; `is_ending`: nothing more is read.
        self.has_eof = self.is_blocked = self.is_ending = False
        self._request: h11.Request | None = None
        self._method = b""
        self._body = bytearray()
        self._ahead = 0
        self._timer: asyncio.TimerHandle | None = None
        self._room = Room()

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless the server has stopped meanwhile."""
        self.transport = cast(asyncio.Transport, transport)
        # `pause_writing` and `resume_writing` then say whether anything is left to be sent.
        self.transport.set_write_buffer_limits(high=0)
        if self.server.is_stopping:
            self.transport.abort()
        self.server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self.is_ending:
            return
        self.http.receive_data(data)
        if self.exchange is None and not self.is_blocked:
            self._advance()
            return
        self._ahead += len(data)
        if self._ahead > MAX_AHEAD:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """Take note that the client sends no more; the answer is still sent."""
        self.has_eof = True
        if self.is_ending:
            self._finish()
        else:
            self.http.receive_data(b"")
            if self.exchange is not None:
                self._abort_in(GRACE)
            elif not self.is_blocked:
                self._advance()
        return True

    def pause_writing(self) -> None:
        """Take note that the client is slower than its answers."""
        self.is_blocked = True

    def resume_writing(self) -> None:
        """Take note that all that was written has gone."""
        # Not at once: a transport that is closed while it says so is closed twice.
        asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        self.is_blocked = False
        self._room.open()
        if self.is_ending:
            self._finish()
        elif self.exchange is None:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget everything; a running handler is cancelled."""
        self.is_ending = True
        self._disarm()
        self._body.clear()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.drop()
        self.server.disconnected(self)

    # Requests

    def _advance(self) -> None:
        """Go through what was received, up to the end of a request."""
        while self.exchange is None and not self.is_blocked and not self.is_ending:
            try:
                event = self.http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(plain(error.error_status_hint, str(error)))
                return
            if event is h11.NEED_DATA:
                self._ask_for_body()
                return
            if isinstance(event, h11.Request):
                self._request, self._method = event, event.method
                self._check_length(event)
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > MAX_BODY:
                    self._too_large()
            elif isinstance(event, h11.EndOfMessage):
                self._dispatch()
            else:  # the end of the connection, or h11 waits for the answer
                if event is not h11.PAUSED:
                    self._finish()
                return

    def _ask_for_body(self) -> None:
        if self.http.they_are_waiting_for_100_continue and not self.has_eof:
            self.transport.write(self.http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")

    def _check_length(self, request: h11.Request) -> None:
        for name, value in request.headers:
            if name == b"content-length" and int(value) > MAX_BODY:
                self._too_large()

    def _too_large(self) -> None:
        self._refuse(plain(413, f"more than {MAX_BODY} bytes"))

    def _refuse(self, refusal: HttpResponse) -> None:
        """Answer before the end of a request, or where none could be read, and end the connection."""
        self._request, self._body = None, bytearray()
        if self.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(prepare(refusal))
        self._finish()

    def _dispatch(self) -> None:
        request, self._request = self._request, None
        body, self._body = bytes(self._body), bytearray()
        assert request is not None
        method, target = request.method.decode("ascii"), request.target.decode("latin-1")
        handler, what = self.server.routed(method, target, list(request.headers), body)
        if isinstance(handler, SocketHandler) and any(name == b"upgrade" for name, _ in request.headers):
            self._upgrade(handler, request, what)
            return
        self.exchange = Answering(self, handler, what)
        if self.has_eof:
            self._abort_in(GRACE)
        self.server.arrived(self.exchange)

    def _upgrade(self, handler: SocketHandler, request: h11.Request, what: HttpRequest) -> None:
        """Go on as a WebSocket: what comes is its."""
        from hocket.stdlib.server.upgrades import Refused, upgrade

        try:
            conversation = self.exchange = upgrade(self, handler, request, what)
        except Refused as why:
            self.answered(prepare(plain(400, str(why))))
            return
        self.server.arrived(conversation)
        rest = self.http.trailing_data[0]
        if rest:
            conversation.socket.wire.data_received(rest)

    # Answers

    def answered(self, answer: Answer) -> None:
        """Send the answer of the running exchange, and go on with the next request."""
        self.exchange = None
        self._disarm()
        if self.transport.is_closing():
            return
        self._send(answer)
        if self.http.our_state is h11.DONE and self.http.their_state is h11.DONE:
            self.http.start_next_cycle()
            self._method = b""
            self._next()
        else:
            self._finish()

    def begin_answer(self, answer: Answer) -> None:
        """Send the headers of an answer that comes in parts."""
        self._write(self._head(answer))

    async def send_part(self, part: bytes) -> None:
        """Send a part of it, and wait until the client has taken all."""
        if part:
            self._write(h11.Data(data=part))
        if self.is_blocked:
            await self._room.wait_in_line()

    def break_off(self) -> None:
        """End the connection in the middle of an answer."""
        self.exchange = None
        self.is_ending = True
        self._disarm()
        self.transport.close()

    def _next(self) -> None:
        if not self.is_blocked:
            self._ahead = 0
            self.transport.resume_reading()
            self._advance()

    def _send(self, answer: Answer) -> None:
        if answer.parts is not None:
            self._write(h11.EndOfMessage())
            return
        body = b"" if self._method == b"HEAD" else answer.body
        self._write(self._head(answer), *([h11.Data(data=body)] if body else []), h11.EndOfMessage())

    def _head(self, answer: Answer) -> h11.Response:
        headers = list(answer.headers)
        if all(name != b"date" for name, _ in headers):
            headers.insert(0, (b"date", formatdate(self.server.wall_time(), usegmt=True).encode()))
        if self.server.is_stopping or self.http.their_state in (h11.SEND_BODY, h11.ERROR):
            headers.append((b"connection", b"close"))
        reason = responses.get(answer.status, "").encode()
        return h11.Response(status_code=answer.status, headers=headers, reason=reason)

    def _write(self, *events: h11.Event) -> None:
        self.transport.write(b"".join(self.http.send(event) or b"" for event in events))

    # The end

    def stop(self) -> None:
        """Close, after the answer if one is owed."""
        if self.exchange is None:
            self._finish()
        else:
            self.exchange.stop()

    def _finish(self) -> None:
        """Read no more; close when the client has taken everything and seen the end."""
        self.is_ending = True
        if self.is_blocked or self.transport.is_closing():
            return
        if self.has_eof or self.http.our_state is h11.IDLE:
            self.transport.close()
        elif self._timer is None:
            self._linger()

    def _linger(self) -> None:
        """Say that there will be no more, and wait a little for the client to say so, too."""
        try:
            self.transport.write_eof()
        except OSError:  # the client has reset the connection, which is not known to asyncio yet
            self.transport.abort()
            return
        self.transport.resume_reading()
        self._abort_in(LINGER)

    def _abort_in(self, seconds: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.transport.abort)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
