"""WebSockets as a program holds them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.stops import Cancelled
from hocket.runtime.streams import Flow, Stream
from hocket.runtime.values import name_type, type_name

if TYPE_CHECKING:
    from hocket.stdlib.server.messages import HttpRequest
    from hocket.stdlib.websockets.wire import Wire

LONGEST_REASON = 123


class WebSocket(Flow):
    """One end of a connection; `request` is what a server was asked with, None at a client."""

    members: ClassVar[frozenset[str]] = frozenset({"url", "protocol", "request", "closed", "code", "reason"})

    def __init__(self, wire: Wire, request: HttpRequest | None = None) -> None:
        self.wire = wire
        self.request = request

    @property
    def url(self) -> str:
        """Where the server is."""
        return self.wire.url

    @property
    def protocol(self) -> str | None:
        """What was agreed on out of the `protocols` of both sides."""
        return self.wire.frames.subprotocol

    @property
    def closed(self) -> bool:
        """Whether no message can be sent any more."""
        return not self.wire.is_open

    @property
    def code(self) -> int | None:
        """The code with which it was closed; null while it is open."""
        close = self.wire.close_frame
        return None if close is None else int(close.code)

    @property
    def reason(self) -> str | None:
        """The words that came with the code; null while it is open."""
        close = self.wire.close_frame
        return None if close is None else close.reason

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<websocket {self.url}{' closed' if self.closed else ''}>"

    def __aiter__(self) -> Stream:
        return Incoming(self.wire)

    async def __aenter__(self) -> WebSocket:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wire.begin_close(1000 if error is None else 1011)
        # A task that is being stopped does not wait for the other side.
        if not isinstance(error, Cancelled):
            await finish(self.wire)

    async def send(self, message: Any) -> None:
        """See the method `send`."""
        if not isinstance(message, str | bytes):
            hint = "`to_json(value)` makes a text of it" if isinstance(message, dict | list) else None
            raise errors.TypeError(f"send() expects a string or bytes, got {type_name(message)}", hint=hint)
        await self.wire.send(message)

    async def receive(self) -> Any:
        """See the method `receive`."""
        try:
            return await self.wire.messages.receive()
        except errors.ChannelClosed:
            raise self.wire.ended("receive") from None

    async def close(self, code: Any, reason: Any) -> None:
        """See the method `close`."""
        if not isinstance(code, int) or isinstance(code, bool) or not isinstance(reason, str):
            raise TypeError
        if code not in (1000, 1001, *range(1007, 1015)) and not 3000 <= code <= 4999:
            raise errors.ValueError(f"close() expects a code like 1000, or one from 3000 to 4999, got {code}")
        if len(reason.encode("utf-8", "surrogatepass")) > LONGEST_REASON:
            raise errors.ValueError(f"close() expects a reason of at most {LONGEST_REASON} bytes")
        self.wire.begin_close(code, reason)
        await finish(self.wire)

    async def ping(self) -> float:
        """See the method `ping`."""
        clock = current_scheduler().clock
        begun = clock.now()
        await self.wire.ping()
        return (clock.now() - begun) / 1e6


async def finish(wire: Wire) -> None:
    """Wait until the connection has gone."""
    if not wire.is_lost:
        await wire.gone.wait()


class Incoming(Stream):
    """What `for await` gets out of a WebSocket, up to its end; an end that is none is raised."""

    __slots__ = ("wire",)

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def __anext__(self) -> Any:
        try:
            return await self.wire.messages.receive()
        except errors.ChannelClosed:
            if self.wire.has_ended_well:
                raise StopAsyncIteration from None
            raise self.wire.ended("receive") from None


name_type(WebSocket, "websocket")
