"""Gates: tasks wait at them until something has happened, and all go on together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.lines import Line, Made, Ticket
from hocket.runtime.values import name_type


class Gate(Made):
    """What lets everybody through at once."""

    __slots__ = ("line",)

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(self)

    async def wait_in_line(self, place: int = 0) -> int:
        """Wait until it is opened; return what it was then said to each, by default `place`."""
        ticket = Ticket(self.line, running_task(), place)
        self.line.append(ticket)
        await PARKED
        return int(ticket.value)

    def open(self) -> None:
        """Let all who wait go on."""
        for ticket in self.line.everybody():
            ticket.serve()

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        raise NotImplementedError


class Event(Gate):
    """Something that has happened or has not."""

    __slots__ = ("is_set",)

    members = frozenset({"is_set"})

    def __init__(self) -> None:
        super().__init__()
        self.is_set = False

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"the event{self.origin}"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<event {'set' if self.is_set else 'clear'}>"


class Barrier(Gate):
    """Where tasks wait for each other until there are `size` of them; then it begins anew."""

    __slots__ = ("size",)

    members = frozenset({"size", "waiting"})

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    @property
    def waiting(self) -> int:
        """How many wait there."""
        return self.line.waiting

    async def wait(self) -> int:
        """Wait for the others; return how many had come before, 0 for the first."""
        place = self.line.waiting
        if place + 1 < self.size:
            return await self.wait_in_line(place)
        for number, ticket in enumerate(self.line.everybody()):
            ticket.value = number
            ticket.serve()
        return place

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"the barrier{self.origin}, where {self.waiting} of {self.size} are"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<barrier {self.waiting}/{self.size}>"


class WaitGroup(Gate):
    """A number of things to be done; those who wait go on when none is left."""

    __slots__ = ("count",)

    members = frozenset({"count"})

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def add(self, n: int) -> None:
        """Count `n` more; raises ValueError when fewer than none would be left."""
        if self.count + n < 0:
            raise errors.ValueError("done() of a wait group in which nothing is left to be done")
        self.count += n
        if not self.count:
            self.open()

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"the wait group{self.origin}, in which {self.count} are not done"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<wait_group {self.count}>"


name_type(Event, "event")
name_type(Barrier, "barrier")
name_type(WaitGroup, "wait_group")
