"""Time: the clock, the timers on it, and waiting.

Every time in the language comes from the scheduler's clock, in whole nanoseconds.  The
virtual clock stands still while anything runs, and jumps to the next timer when
everything waits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Protocol

from hocket import errors
from hocket.runtime import current
from hocket.runtime.current import PARKED
from hocket.runtime.values import type_name

if TYPE_CHECKING:
    from hocket.runtime.tasks import Routine


class Clock:
    """Real time."""

    name = "real"
    virtual = False

    now = staticmethod(time.monotonic_ns)
    """Return nanoseconds from some moment in the past."""

    def wall(self) -> int:
        """Return nanoseconds since 1970."""
        return time.time_ns()


class VirtualClock(Clock):
    """Time that passes only by jumps.

    It begins with 1970: seconds since then are floats, whose differences are exact only
    while they are small.
    """

    name = "virtual"
    virtual = True

    def __init__(self) -> None:
        self.passed = 0

    def now(self) -> int:
        """Return the nanoseconds that have passed."""
        return self.passed

    def wall(self) -> int:
        """Return nanoseconds since 1970."""
        return self.passed

    def jump(self, when: int) -> None:
        """Let time pass until `now()` is `when`."""
        self.passed = max(self.passed, when)


CLOCKS: dict[str, type[Clock]] = {clock.name: clock for clock in (Clock, VirtualClock)}


def chosen(name: str | None = None) -> Clock:
    """Return the clock called `name`, by default what `HOCKET_CLOCK` says, else the real one; raises ValueError."""
    name = name or os.environ.get("HOCKET_CLOCK") or "real"
    if name not in CLOCKS:
        raise errors.ValueError(f"there is no clock {name!r}; there are: {', '.join(CLOCKS)}")
    return CLOCKS[name]()


class Timed(Protocol):
    """What a timer can be set for; `timer` is the number of the one that is set, or 0."""

    timer: int

    def fire(self) -> None:
        """The time has come; must neither raise nor run a program's code."""


class Timers:
    """The timers by time, then by the order in which they were set; one for each target."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[tuple[int, int, Timed]] = []
        self._count = 0
        self._stale = 0

    def push(self, delay: int, target: Timed) -> None:
        """Have `target.fire` called in `delay` nanoseconds."""
        self._count += 1
        target.timer = self._count
        heappush(self._heap, (self.clock.now() + delay, self._count, target))

    def withdraw(self, target: Timed) -> None:
        """Forget the timer of `target`, if it has one."""
        if not target.timer:
            return
        target.timer = 0
        self._stale += 1
        if self._stale * 2 >= len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].timer == entry[1]]
            heapify(self._heap)
            self._stale = 0

    def next(self) -> int | None:
        """Return the time of the earliest timer, None if there is none."""
        heap = self._heap
        while heap and heap[0][2].timer != heap[0][1]:
            heappop(heap)
            self._stale -= 1
        return heap[0][0] if heap else None

    def fire(self) -> None:
        """Fire the timers that are due."""
        now = self.clock.now()
        while (when := self.next()) is not None and when <= now:
            target = heappop(self._heap)[2]
            target.timer = 0
            target.fire()


FOREVER = 3_155_760_000_000_000_000
"""A hundred years in nanoseconds: what is longer never comes, and is more than timers of the system take."""


def nanoseconds(ms: float) -> int:
    """Return milliseconds as whole nanoseconds; raises TypeError or ValueError for what is no delay."""
    if type(ms) is int and ms >= 0:  # as most are
        return min(ms * 1_000_000, FOREVER)
    if isinstance(ms, bool) or not isinstance(ms, int | float):
        raise errors.TypeError(f"expected a number of milliseconds, got {type_name(ms)}")
    try:
        delay = round(ms * 1_000_000)
    except (OverflowError, ValueError):
        raise errors.ValueError(f"not a length of time: {ms} milliseconds") from None
    if delay < 0:
        raise errors.ValueError(f"expected a non-negative number of milliseconds, got {ms}")
    return min(delay, FOREVER)


class Sleepers:
    """What sleeping tasks are parked on."""

    def withdraw(self, waiter: Any) -> None:
        """Forget the sleep of a task."""
        waiter.cell.scheduler.timers.withdraw(waiter)

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return "a timer"


SLEEPERS = Sleepers()


def sleep(ms: float) -> Awaitable[None]:
    """Park the task for `ms` milliseconds; to be awaited at once.  A cancelled sleep is forgotten."""
    scheduler = current.scheduler
    task: Routine | None = scheduler.current
    if task is None:
        import asyncio

        return asyncio.sleep(ms / 1000)
    scheduler.timers.push(nanoseconds(ms), task)
    task.waiting = SLEEPERS
    return PARKED


async def yield_now() -> None:
    """Let everything that is ready run once."""
    task = current.scheduler.current
    if task is not None:
        task.start()
        await PARKED
