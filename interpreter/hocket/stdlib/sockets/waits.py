"""Waiting for sockets.

What a socket does is told once, as work: the plain forms block, and in an async context the task waits on the event
loop.  Whoever waits has taken nothing yet, so that a wait which is given up loses nothing.

The virtual clock stands still for one who has asked another program.  Who merely waits for others does not hold it:
before the clock jumps, what has arrived for them is looked for.
"""

from __future__ import annotations

import selectors
import socket
import time
from asyncio import TimerHandle
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from hocket.runtime import current
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.holds import Limit, hold, release
from hocket.runtime.per_session import PerSession
from hocket.runtime.threads import in_thread

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

PAUSE = 0.01
"""Seconds between two looks at a socket, on a loop that cannot tell when it is ready."""


class Waited(Protocol):
    """What is waited for: a socket, and those who wait for either direction of it."""

    socket: socket.socket
    waiting: dict[int, list[Parking]]
    asks: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The wait until a socket can be read or written, at most until `deadline`."""

    of: Waited
    direction: int
    described: str
    deadline: float | None = None

    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def left(self) -> float | None:
        """Return the seconds until the deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def block(self) -> None:
        """Wait, and let nothing else run in this thread."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.of.socket, self.direction)
            selector.select(self.left())

    async def suspend(self) -> None:
        """Wait, on the event loop."""
        parking = Parking(self)
        parking.begin()
        await PARKED


class Parking:
    """A task's wait for a socket."""

    __slots__ = ("arrivals", "limit", "ready", "scheduler", "task", "timer")

    def __init__(self, ready: Ready) -> None:
        self.ready = ready
        self.scheduler = current.current_scheduler()
        self.task = running_task()
        self.timer: TimerHandle | None = None
        # Where it is noted if it holds no clock.
        self.arrivals: Arrivals | None = None if ready.of.asks else _arrivals()
        self.limit: Limit | None = None

    def begin(self) -> None:
        """Park the task."""
        of, direction, loop = self.ready.of, self.ready.direction, self.scheduler.loop
        others = of.waiting[direction]
        others.append(self)
        try:
            if len(others) == 1:
                add = loop.add_reader if direction == READ else loop.add_writer
                add(of.socket.fileno(), wake_all, others)
        except NotImplementedError:
            self.timer = loop.call_later(PAUSE, self.look_again)
        left = self.ready.left()
        if left is not None and self.timer is None:
            self.timer = loop.call_later(left, self.wake)
        self.task.waiting = self
        if self.arrivals is None:
            self.limit = hold(self.scheduler, self.task)
        else:
            self.scheduler.external += 1
            self.arrivals.waiting[self] = None

    def look_again(self) -> None:
        """Wake the task if it can go on."""
        if self.ready.is_over() or ready_of([self]):
            self.wake()
        else:
            self.timer = self.scheduler.loop.call_later(PAUSE, self.look_again)

    def wake(self) -> None:
        """Have the task go on."""
        self.withdraw(None)
        self.task.wake()

    def withdraw(self, waiter: Any) -> None:
        """Forget that the task waits."""
        of, direction, loop = self.ready.of, self.ready.direction, self.scheduler.loop
        others = of.waiting[direction]
        others.remove(self)
        if not others and not loop.is_closed():
            remove = loop.remove_reader if direction == READ else loop.remove_writer
            with suppress(NotImplementedError):
                remove(of.socket.fileno())
        if self.timer is not None:
            self.timer.cancel()
        if self.arrivals is None:
            release(self.scheduler, self.limit)
        else:
            del self.arrivals.waiting[self]
            self.scheduler.external -= 1

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return self.ready.described


def wake_all(waiting: list[Parking]) -> None:
    """Have all who wait go on: who finds nothing any more waits again, in the same order."""
    for parking in list(waiting):
        parking.wake()


def ready_of(waiting: Iterable[Parking]) -> list[Parking]:
    """Return those whose socket is ready."""
    with selectors.DefaultSelector() as selector:
        for one in waiting:
            opened, direction = one.ready.of.socket, one.ready.direction
            key = selector.get_map().get(opened.fileno())
            if key is None:
                selector.register(opened, direction, [one])
            else:
                selector.modify(opened, key.events | direction, [*key.data, one])
        return [one for key, events in selector.select(0) for one in key.data if events & one.ready.direction]


class Arrivals:
    """The waits of a session that hold no clock."""

    def __init__(self) -> None:
        self.waiting: dict[Parking, None] = {}
        self.scheduler = current.current_scheduler()
        self.scheduler.when_idle.append(self.look)

    def look(self) -> None:
        """Wake those for whom something has come, before the virtual clock jumps."""
        if self.waiting and self.scheduler.clock.virtual:
            for parking in ready_of(self.waiting):
                parking.wake()

    def close(self) -> None:
        """Look no more."""
        self.scheduler.when_idle.remove(self.look)


_arrivals: PerSession[Arrivals] = PerSession(Arrivals, Arrivals.close)


class Lookup:
    """The wait for the addresses of a host."""

    def __init__(self, look: Callable[[], list[Any]]) -> None:
        self.look = look
        self.found: list[Any] = []
        self.error: Exception | None = None

    def block(self) -> None:
        """Look them up."""
        try:
            self.found = self.look()
        except (OSError, UnicodeError) as error:
            self.error = error

    async def suspend(self) -> None:
        """Look them up in a thread: the system can do no better."""
        await in_thread(self.block)
