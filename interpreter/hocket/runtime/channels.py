"""Channels: values from task to task, in the order in which they were sent.

A value goes straight to the receiver that has waited longest.  If that one is stopped
before it goes on, the value goes to the next receiver, else back to its place before all
that was sent later: nothing is lost, nothing comes twice.  A channel may so hold one value
more than it has room for, until somebody takes it.  A send that was cancelled has either
sent its value or not.

A `Pipe` is what a channel and its two ends have in common.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime import current
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.lines import SERVED, WAITING, Line, Made, Ticket
from hocket.runtime.streams import Flow, Stream
from hocket.runtime.values import name_type

UNBOUNDED = sys.maxsize


class Pipe(Made):
    """The values on their way, and who waits at the ends.

    `returned` holds values that came back from receivers that were stopped, by their
    numbers: they are before those in `values`.  Nobody waits to receive while there is a
    value, and nobody to send while there is room.  `ending` is who waits for the end alone.
    """

    __slots__ = ("ending", "handed", "is_closed", "is_external", "receivers", "returned", "room", "senders", "values")

    def __init__(self, room: int = UNBOUNDED, is_external: bool = False) -> None:
        super().__init__()
        self.room = room
        self.is_external = is_external
        self.is_closed = False
        self.values: deque[Any] = deque()
        self.returned: list[tuple[int, Any]] = []
        self.handed = 0
        self.senders = Line(self)
        self.receivers = Line(self)
        self.ending: Line | None = None

    def __len__(self) -> int:
        return len(self.values) + len(self.returned)

    @property
    def has_value(self) -> bool:
        """Whether a receive would get a value at once."""
        return bool(self.values or self.returned or self.senders and self.senders.waiting)

    @property
    def has_ended(self) -> bool:
        """Whether it is closed and no value is left."""
        return self.is_closed and not self.values and not self.returned

    # Sending

    def offer(self, value: Any) -> bool:
        """Send `value` if that is possible without waiting; whether it was.

        Raises ChannelClosed.
        """
        if self.is_closed:
            raise closed("send")
        receivers = self.receivers
        while receivers:  # `hand`, without its calls: the path of every value that is waited for
            ticket = receivers.popleft()
            if ticket.state == WAITING:
                self.handed = ticket.number = self.handed + 1
                ticket.value = value
                ticket.serve()
                return True
            receivers.gone -= 1
        if len(self.values) + len(self.returned) >= self.room:
            return False
        self.values.append(value)
        return True

    def hand(self, value: Any, number: int) -> bool:
        """Give the value of that number to the first who waits for one; false if nobody does."""
        ticket = self.receivers.next()
        if ticket is None:
            return False
        ticket.value = value
        ticket.number = number
        ticket.serve()
        return True

    async def send(self, value: Any) -> None:
        """Send `value`, waiting for room.

        Raises ChannelClosed, also when it is closed meanwhile: then nothing was sent.
        """
        ticket = Ticket(self.senders, running_task(), value)
        self.senders.append(ticket)
        if self.is_external:
            await self.outside()
        else:
            await PARKED
        if ticket.state != SERVED:
            raise closed("send")

    # Receiving

    def take(self) -> Any:
        """Return the oldest value; there must be one."""
        if self.returned:
            value = heappop(self.returned)[1]
        elif self.values:
            value = self.values.popleft()
        else:
            ticket = self.senders.next()
            assert ticket is not None
            ticket.serve()
            return ticket.value
        if self.senders:
            self.admit()
        if self.is_closed:
            self.tell_end()
        return value

    def admit(self) -> None:
        """Let those who wait to send do so, while there is room."""
        while len(self.values) + len(self.returned) < self.room:
            ticket = self.senders.next()
            if ticket is None:
                return
            self.values.append(ticket.value)
            ticket.serve()

    async def receive(self) -> Any:
        """Wait for a value.

        Raises ChannelClosed once it is closed and empty.  A cancelled receive has taken nothing.
        """
        while not self.has_value:
            if self.is_closed:
                raise closed("receive")
            ticket = Ticket(self.receivers, running_task())
            self.receivers.append(ticket)
            try:
                if self.is_external:
                    await self.outside()
                else:
                    await PARKED
            except BaseException:
                if ticket.state == SERVED:
                    self.give_back(ticket)
                raise
            if ticket.state == SERVED:
                return ticket.value
            # Closed; but what another receiver gave back in this turn may be there.
        return self.take()

    def give_back(self, ticket: Ticket) -> None:
        """Put the value of a receiver that was stopped back to where it was."""
        if not self.hand(ticket.value, ticket.number):
            heappush(self.returned, (ticket.number, ticket.value))

    # Both

    async def outside(self) -> None:
        """Park the task, which waits for what is not only up to other tasks."""
        await outside()

    def close(self) -> None:
        """Let nothing more in, and wake all who wait; again is fine."""
        self.is_closed = True
        for ticket in (*self.receivers.everybody(), *self.senders.everybody()):
            ticket.refuse()
        self.tell_end()

    def tell_end(self) -> None:
        """Wake those who wait for the end, if this is it."""
        if self.ending is not None and self.has_ended:
            for ticket in self.ending.everybody():
                ticket.serve()

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        if ticket.line is self.senders:
            return f"room in the channel{self.origin}"
        return f"{'a value from' if ticket.line is self.receivers else 'the end of'} the channel{self.origin}"


async def outside() -> None:
    """Park the task for what may come from outside of all tasks, so that this is no deadlock."""
    scheduler = current.scheduler
    scheduler.external += 1
    try:
        await PARKED
    finally:
        scheduler.external -= 1


def closed(what: str) -> errors.ChannelClosed:
    """Return the error of a send or receive that comes too late."""
    return errors.ChannelClosed(f"{what} on a closed channel")


class End:
    """What a program holds of a pipe."""

    __slots__ = ("pipe",)

    members: ClassVar[frozenset[str]] = frozenset({"capacity", "closed"})
    word: ClassVar[str]

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe

    def __len__(self) -> int:
        return len(self.pipe)

    def __bool__(self) -> bool:
        return True

    @property
    def capacity(self) -> int | None:
        """How many values it has room for, null if there is no limit."""
        return None if self.pipe.room == UNBOUNDED else self.pipe.room

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self.pipe.is_closed

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form: what it holds, and how much it has room for."""
        limit = "" if self.pipe.room == UNBOUNDED else f"/{self.pipe.room}"
        return f"<{self.word} {len(self.pipe)}{limit}>"


class Sender(End):
    """The end that sends."""

    __slots__ = ()
    word = "sender"


class Receiver(End, Flow):
    """The end that receives."""

    __slots__ = ()
    word = "receiver"

    def __aiter__(self) -> Stream:
        return Received(self.pipe)


class Channel(Receiver):
    """Both ends in one."""

    __slots__ = ()
    word = "channel"


class Received(Stream):
    """What `for await` gets out of a channel; leaving the loop changes nothing for the others."""

    __slots__ = ("pipe",)

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe

    async def __anext__(self) -> Any:
        if self.pipe.values:  # as nearly always: without the wait's own coroutine
            return self.pipe.take()
        try:
            return await self.pipe.receive()
        except errors.ChannelClosed:
            raise StopAsyncIteration from None


name_type(End, "channel")
name_type(Channel, "channel")
name_type(Sender, "sender")
name_type(Receiver, "receiver")
