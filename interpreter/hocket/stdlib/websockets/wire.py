"""One end of a WebSocket connection: bytes to messages, messages to bytes.

The library knows the protocol; this moves it, for clients and servers alike.  Messages
wait in a pipe, as those of a channel do, so that a receive which is cancelled has taken
nothing.  Imported when the first connection is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from websockets.exceptions import PayloadTooBig
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, State

from hocket import errors
from hocket.runtime.channels import Pipe
from hocket.runtime.current import running_task
from hocket.runtime.lines import Line, Ticket
from hocket.stdlib.websockets.options import failure

AHEAD = 16
"""Messages that may wait to be received; with more, nothing is read."""

CLOSING = 5.0
"""Seconds that the other side has to take part in closing."""

NORMAL, GOING_AWAY, NO_CODE, BROKEN, FAILED = 1000, 1001, 1005, 1006, 1011
QUIET = frozenset({NORMAL, GOING_AWAY, NO_CODE})
"""The codes of an end at which nothing has gone wrong."""

Park = Callable[[], Awaitable[None]]
"""Parks the running task, for something that is real, from outside, or in process."""


class Messages(Pipe):
    """The messages that have come."""

    __slots__ = ("wire",)

    def __init__(self, wire: Wire) -> None:
        super().__init__(is_external=True)
        self.wire = wire

    async def outside(self) -> None:
        """Park the task in the way of the connection."""
        await self.wire.park()

    def take(self) -> Any:
        """Return the oldest message, and let more come."""
        message = super().take()
        if len(self) < AHEAD:
            self.wire.transport.resume_reading()
        return message

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"a message from {self.wire.url}"


class Signal:
    """What tasks wait for all together."""

    def __init__(self, wire: Wire, what: str) -> None:
        self.wire = wire
        self.what = what
        self.line = Line(self)

    async def wait(self) -> None:
        """Wait until it is given."""
        self.line.append(Ticket(self.line, running_task()))
        await self.wire.park()

    def give(self) -> None:
        """Let everybody go on."""
        for ticket in self.line.everybody():
            ticket.serve()

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"{self.what} {self.wire.url}"


class Wire(asyncio.Protocol):
    """The connection; `when_open` is called at the end of a client's handshake, `when_lost` at the very end."""

    transport: asyncio.Transport

    def __init__(self, frames: Protocol, url: str, park: Park) -> None:
        self.frames = frames
        self.url = url
        self.park = park
        self.messages = Messages(self)
        self.room = Signal(self, "room in the connection to")
        self.gone = Signal(self, "the end of the connection to")
        self.when_open: Callable[[], None] = lambda: None
        self.when_lost: Callable[[], None] = lambda: None
        # What went wrong; `raised` is the error that a program was given last.
        self.failure: errors.Error | None = None
        self.raised: errors.Error | None = None
        # `is_closing`: this side began it.
        self.is_blocked = self.is_closing = self.is_lost = False
        self._parts: list[bytes] = []
        self._is_text = False
        self._pings: dict[bytes, Signal] = {}
        self._count = 0
        self._deadline: asyncio.TimerHandle | None = None

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what the other side sent."""
        self.frames.receive_data(data)
        self._advance()

    def eof_received(self) -> None:
        """Take note that the other side sends no more."""
        self.frames.receive_eof()
        self._advance()

    def pause_writing(self) -> None:
        """Take note that the other side is slower than what is sent to it."""
        self.is_blocked = True

    def resume_writing(self) -> None:
        """Let those go on who have sent."""
        self.is_blocked = False
        self.room.give()

    def connection_lost(self, error: Exception | None) -> None:
        """The end: everybody who waits goes on."""
        self.is_lost = True
        self.when_open()
        if self._deadline is not None:
            self._deadline.cancel()
        self.frames.receive_eof()
        self._look_for_failure()
        self._ended()
        self.is_blocked = False
        for signal in (self.room, self.gone, *self._pings.values()):
            signal.give()
        self.when_lost()

    # What comes

    def _advance(self) -> None:
        for event in self.frames.events_received():
            if isinstance(event, Frame):
                self._take(event)
            else:  # the answer to a client's handshake
                self.when_open()
        if self.frames.handshake_exc is not None:
            self.when_open()
        self._look_for_failure()
        self.flush()

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._ended()
        elif frame.opcode is Opcode.PONG:
            signal = self._pings.pop(bytes(frame.data), None)
            if signal is not None:
                signal.give()
        elif frame.opcode is not Opcode.PING:
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._parts.append(bytes(frame.data))
            if frame.fin:
                self._complete()

    def _complete(self) -> None:
        data, self._parts = b"".join(self._parts), []
        message: Any = data
        if self._is_text:
            try:
                message = data.decode()
            except UnicodeDecodeError:
                if self.frames.state is State.OPEN:
                    self.frames.fail(1007, "not UTF-8")
                self._fail(errors.NetworkError, "the other side sent a text that is not UTF-8")
        if self.messages.is_closed:
            return
        self.messages.offer(message)
        if len(self.messages) >= AHEAD:
            self.transport.pause_reading()

    def _look_for_failure(self) -> None:
        error = self.frames.parser_exc
        if error is None or self.failure is not None or self.is_closing:
            return
        if isinstance(error, PayloadTooBig):
            self._fail(errors.TooLarge, f"a message of more than {self.frames.max_message_size} bytes")
        elif isinstance(error, EOFError):
            self._fail(errors.NetworkError, "the connection was lost")
        else:
            self._fail(errors.NetworkError, f"the other side broke the protocol, {error}")

    def _fail(self, kind: type[errors.Error], reason: str) -> None:
        self.failure = self.failure or failure(kind, reason, self.url)
        self._ended()

    def _ended(self) -> None:
        """Nothing more comes; what has come can still be received."""
        if not self.messages.is_closed:
            self.messages.close()
        self.transport.resume_reading()  # for the rest of the closing

    # What goes

    def flush(self) -> None:
        """Send what is to be sent."""
        try:
            for data in self.frames.data_to_send():
                if self.transport.is_closing():
                    return
                if data:
                    self.transport.write(data)
                elif self.transport.can_write_eof():
                    self.transport.write_eof()
                else:  # TLS ends both ways at once
                    self.transport.close()
        except OSError:  # the other side has reset the connection, which is not known to asyncio yet
            self.transport.abort()
        if self._deadline is None and self.frames.close_expected() and not self.is_lost:
            self._deadline = asyncio.get_running_loop().call_later(CLOSING, self.transport.abort)

    async def send(self, message: str | bytes) -> None:
        """Send a message, and wait while the other side is slower; raises ValueError, or as `ended`."""
        if not self.is_open:
            raise self.ended("send")
        if isinstance(message, str):
            try:
                data = message.encode()
            except UnicodeEncodeError as error:
                raise errors.ValueError("a text with half of a surrogate pair cannot be sent") from error
            self.frames.send_text(data)
        else:
            self.frames.send_binary(message)
        self.flush()
        if self.is_blocked:
            await self.room.wait()
            if self.is_lost:
                raise self.ended("send")

    async def ping(self) -> None:
        """Ask the other side for a sign of life, and wait for it; raises as `ended`."""
        if not self.is_open:
            raise self.ended("ping")
        self._count += 1
        payload = self._count.to_bytes(4, "big")
        signal = self._pings[payload] = Signal(self, "the answer to a ping from")
        self.frames.send_ping(payload)
        try:
            self.flush()
            if payload in self._pings:
                await signal.wait()
        finally:
            is_answered = self._pings.pop(payload, None) is None
        if not is_answered:
            raise self.ended("ping")

    # The end

    @property
    def is_open(self) -> bool:
        """Whether a message can be sent."""
        return self.frames.state is State.OPEN and not self.is_lost

    @property
    def close_frame(self) -> Close | None:
        """What the connection was closed with by the other side, else by this one; None while it is open."""
        if self.frames.close_rcvd is None and self.frames.close_sent is None and self.is_lost:
            return Close(BROKEN, "")
        return self.frames.close_rcvd or self.frames.close_sent

    @property
    def has_ended_well(self) -> bool:
        """Whether it has ended as it should."""
        close = self.frames.close_rcvd
        return self.failure is None and (self.is_closing or close is not None and close.code in QUIET)

    def begin_close(self, code: int, reason: str = "") -> None:
        """Close; the other side has a while to say that it has seen it."""
        if self.frames.state is State.OPEN:
            self.is_closing = True
            self.frames.send_close(code, reason)
            self._ended()
            self.flush()

    def abort(self) -> None:
        """End the connection without a word, if there is one."""
        if hasattr(self, "transport"):
            self.transport.abort()

    def ended(self, what: str) -> errors.Error:
        """Return the error of what comes too late: the failure, else ChannelClosed with `code` and `reason`."""
        if self.failure is not None:
            self.raised = self.failure
        else:
            close = self.close_frame
            code, reason = (None, "") if close is None else (int(close.code), close.reason)
            why = "" if code in QUIET and not reason else f": {code} {reason}".rstrip()
            self.raised = errors.ChannelClosed(f"{what} on a closed WebSocket{why}", code=code, reason=reason)
        return self.raised
