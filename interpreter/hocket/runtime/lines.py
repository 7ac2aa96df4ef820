"""Lines of waiting tasks, each with a ticket: who came first is served first.

A ticket is what its task is parked on.  What is given to a waiting task is put into its
ticket at once, so that nobody who comes later can take it; if the task is then stopped in
the same turn, it finds there what it must give back.  Who leaves a line only marks the
ticket, since taking it out would cost a search.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Protocol

from hocket.errors import Place, Site
from hocket.runtime.current import caller
from hocket.runtime.tasks import Routine

WAITING, SERVED, REFUSED, GONE = 0, 1, 2, 3
"""What has become of a ticket: REFUSED when what it waited for cannot come any more."""

_FEW: Final = 64


class Awaited(Protocol):
    """What tickets are for."""

    def wanted(self, ticket: Ticket, /) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""


class Ticket:
    """A task's place in a line; `number` says which of the values handed over is its `value`."""

    __slots__ = ("line", "number", "state", "task", "value")

    def __init__(self, line: Line, task: Routine, value: Any = None) -> None:
        self.line = line
        self.task = task
        self.value = value
        self.number = 0
        self.state = WAITING
        task.waiting = self

    def serve(self) -> None:
        """Let the task go on: it has what it waited for."""
        self.state = SERVED
        task = self.task
        task.waiting = None  # as `wake`, without its calls
        scheduler = task.cell.scheduler
        scheduler.ready.append(task)
        if not scheduler.is_scheduled:
            scheduler.schedule()

    def refuse(self) -> None:
        """Let the task go on, without what it waited for."""
        self.state = REFUSED
        self.task.wake()

    def withdraw(self, waiter: Any) -> None:
        """Leave the line."""
        self.state = GONE
        self.line.left()

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return self.line.target.wanted(self)


class Line(deque[Ticket]):
    """Tickets in the order in which they were taken, among them some that have gone."""

    __slots__ = ("gone", "target")

    def __init__(self, target: Awaited) -> None:
        super().__init__()
        self.target = target
        self.gone = 0

    def next(self) -> Ticket | None:
        """Take the first that waits out of the line, None if nobody does."""
        while self:
            ticket = self.popleft()
            if ticket.state == WAITING:
                return ticket
            self.gone -= 1
        return None

    def everybody(self) -> list[Ticket]:
        """Empty the line; return those that wait."""
        waiting = [ticket for ticket in self if ticket.state == WAITING]
        self.clear()
        self.gone = 0
        return waiting

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self) - self.gone

    def left(self) -> None:
        """Take note that a ticket in the line has gone."""
        self.gone += 1
        if self.gone > _FEW and self.gone * 2 > len(self):
            waiting = self.everybody()
            self.extend(waiting)


class Made:
    """Where in a program something was made, to tell it from others of its kind."""

    __slots__ = ("code", "instruction")

    def __init__(self) -> None:
        self.code, self.instruction = caller()

    @property
    def origin(self) -> str:
        """` made at cell 1, line 3`, nothing where no program made it."""
        place: Place | None = None if self.code is None else Site(self.code, self.instruction).resolve()
        return "" if place is None else f" made at {place.source.name}, line {place.line}"
