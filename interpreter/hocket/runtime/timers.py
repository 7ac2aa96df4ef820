"""Timers: promises that time settles, ticks on a grid, and a limit of how often.

None of them keeps a program alive by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hocket.runtime import current
from hocket.runtime.clock import nanoseconds
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.lines import SERVED, Line, Made, Ticket
from hocket.runtime.promise import CANCELLED, PENDING, RESOLVED, Promise
from hocket.runtime.scopes import format_ms
from hocket.runtime.streams import Stream


class Timer(Promise):
    """Resolves with null after `ms` milliseconds, unless it is cancelled."""

    __slots__ = ("ms", "timer")

    members = Promise.members | {"cancel"}

    def __init__(self, ms: float) -> None:
        super().__init__()
        self.ms = ms
        self.timer = 0
        current.scheduler.timers.push(nanoseconds(ms), self)

    def fire(self) -> None:
        """The time is over."""
        self.settle(RESOLVED, None)

    def cancel(self) -> bool:
        """Let the time never come; whether this call did it."""
        if self.state is not PENDING:
            return False
        current.scheduler.timers.withdraw(self)
        self.settle(CANCELLED, None)
        return True

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"a timer of {format_ms(self.ms)}"


class Alarm(Ticket):
    """A ticket that time serves."""

    __slots__ = ("timer",)

    def __init__(self, line: Line, ns: int) -> None:
        super().__init__(line, running_task())
        self.timer = 0
        current.scheduler.timers.push(ns, self)

    def fire(self) -> None:
        """The time has come."""
        self.serve()

    def refuse(self) -> None:
        """Let the task go on before the time has come."""
        current.scheduler.timers.withdraw(self)
        super().refuse()

    def withdraw(self, waiter: Any) -> None:
        """Leave the line, and forget the time."""
        current.scheduler.timers.withdraw(self)
        super().withdraw(waiter)


class Interval(Stream, Made):
    """A tick every `ms` milliseconds; those that nobody waited for are skipped, and counted.

    `last` is the place on the grid of the tick that was given last, `count` how many were given.
    """

    __slots__ = ("begun", "count", "is_cancelled", "last", "line", "period")

    members: ClassVar[frozenset[str]] = frozenset({"cancel"})

    def __init__(self, ms: float) -> None:
        Made.__init__(self)
        self.period = max(1, nanoseconds(ms))
        self.begun = current.scheduler.clock.now()
        self.last = self.count = 0
        self.is_cancelled = False
        self.line = Line(self)

    @property
    def passed(self) -> int:
        """Nanoseconds since it began."""
        return current.scheduler.clock.now() - self.begun

    def due(self) -> int:
        """Return the place on the grid of the next tick that is not late."""
        return max(self.last + 1, -(-self.passed // self.period))

    def until(self, at: int) -> int:
        """Return the nanoseconds until the tick at `at`."""
        return max(0, at * self.period - self.passed)

    def take(self, at: int) -> dict[str, Any]:
        """Return the tick at `at`, which is due."""
        missed = at - self.last - 1
        self.last = at
        self.count += 1
        ms, rest = divmod(self.passed, 1_000_000)
        return {"n": self.count, "at": ms + rest / 1e6 if rest else ms, "missed": missed}

    async def __anext__(self) -> Any:
        while not self.is_cancelled:
            at = self.due()
            if not self.until(at):
                return self.take(at)
            ticket = Alarm(self.line, self.until(at))
            self.line.append(ticket)
            await PARKED
            if ticket.state == SERVED and at > self.last:  # not given to another meanwhile
                return self.take(at)
        raise StopAsyncIteration

    def cancel(self) -> bool:
        """End it: who waits for a tick gets none; whether this call did it."""
        if self.is_cancelled:
            return False
        self.is_cancelled = True
        for ticket in self.line.everybody():
            ticket.refuse()
        return True

    async def aclose(self) -> None:
        """End it."""
        self.cancel()

    def wanted(self, ticket: Ticket) -> str:
        """Return what is waited for, in the words of a message."""
        return f"a tick of the interval{self.origin}"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<interval {format_ms(self.period / 1e6)}>"
