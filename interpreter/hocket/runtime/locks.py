"""Locks: what only one task, or only some, may hold at a time.

A lock is handed to the task that has waited longest, and is never free in between, so
nobody who comes later can take it before.  A task that was stopped when it had just been
given the lock hands it on.  All of them can be held by `with`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime import current
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.lines import SERVED, Line, Made, Ticket
from hocket.runtime.promise import PENDING
from hocket.runtime.tasks import Routine
from hocket.runtime.values import name_type


class Lock(Made):
    """What mutexes and semaphores have in common: a line, and what happens when its first is served."""

    __slots__ = ("line",)

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(self)

    async def wait(self) -> None:
        """Wait until the lock is handed to the task; a cancelled wait has taken nothing."""
        ticket = Ticket(self.line, running_task())
        self.line.append(ticket)
        try:
            await PARKED
        except BaseException:
            if ticket.state == SERVED:
                self.hand_on()
            raise

    def hand_on(self) -> None:
        """Give what the task holds to the next in the line."""
        raise NotImplementedError

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        raise NotImplementedError


class Mutex(Lock):
    """A lock that one task holds; `holder` is None when it is free."""

    __slots__ = ("holder",)

    members = frozenset({"locked"})

    def __init__(self) -> None:
        super().__init__()
        self.holder: Routine | None = None

    @property
    def locked(self) -> bool:
        """Whether a task holds it."""
        return self.holder is not None

    def try_lock(self) -> bool:
        """Take it if it is free; whether it was."""
        if self.holder is not None:
            return False
        self.holder = running_task()
        return True

    async def lock(self) -> None:
        """Take it, waiting for it.

        Raises DeadlockError when the task holds it already, and in every task of a circle
        in which each waits for a lock of the next.
        """
        task = running_task()
        if self.holder is None:
            self.holder = task
            return
        if self.holder is task:
            hint = "a task can take a mutex once: unlock it first, or let its holder call a function that does not lock"
            raise errors.DeadlockError(f"{task.describe()} waits for a mutex that it holds itself", hint=hint)
        circle = circle_of(task, self)
        if circle:
            for other in circle[1:]:
                other.throw_in(circle_error(circle))
            raise circle_error(circle)
        await self.wait()

    def unlock(self) -> None:
        """Hand it to the next; raises ValueError while another task holds it, which has not ended."""
        task = current.scheduler.current
        if self.holder is None:
            raise errors.ValueError("unlock() of a mutex that is not locked")
        if self.holder is not task and self.holder.state is PENDING:
            hint = "who locks it unlocks it; `with m { … }` does both"
            raise errors.ValueError(f"unlock() of a mutex that {self.holder.describe()} holds", hint=hint)
        self.hand_on()

    def hand_on(self) -> None:
        """Give it to the next in the line, else let it be free."""
        ticket = self.line.next()
        self.holder = None if ticket is None else ticket.task
        if ticket is not None:
            ticket.serve()

    async def __aenter__(self) -> Mutex:
        await self.lock()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.unlock()

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        holder = self.holder
        assert holder is not None
        ended = "" if holder.coroutine is not None else ", which has ended"
        return f"the mutex{self.origin}, held by {holder.describe()}{ended}"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<mutex {'locked' if self.locked else 'unlocked'}>"


def circle_of(task: Routine, mutex: Mutex) -> list[Routine]:
    """Return the tasks of the circle that `task` closes by waiting for `mutex`, itself first; empty if none."""
    circle = [task]
    holder = mutex.holder
    while holder is not None and holder is not task:
        circle.append(holder)
        waiting = holder.waiting
        target = waiting.line.target if isinstance(waiting, Ticket) else None
        if not isinstance(target, Mutex) or len(circle) > current.scheduler.count:
            return []
        holder = target.holder
    return circle if holder is task else []


def circle_error(circle: list[Routine]) -> errors.DeadlockError:
    """Return the error of tasks that wait for each other's locks, each for that of the next."""
    parts = (
        f"{task.describe()} waits for a mutex held by {following.describe()}"
        for task, following in zip(circle, [*circle[1:], circle[0]], strict=True)
    )
    return errors.DeadlockError("; ".join(parts), hint="take the locks in the same order everywhere")


class Semaphore(Lock):
    """A lock that `limit` may hold at a time; `free` is how many more may."""

    __slots__ = ("free", "limit")

    members = frozenset({"limit", "available"})

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = self.free = limit

    @property
    def available(self) -> int:
        """How many more may acquire it now."""
        return self.free

    def try_acquire(self) -> bool:
        """Take a place if one is free; whether it was."""
        if not self.free:
            return False
        self.free -= 1
        return True

    async def acquire(self) -> None:
        """Take a place, waiting for one."""
        if not self.try_acquire():
            await self.wait()

    def release(self) -> None:
        """Hand a place to the next; raises ValueError when all are free."""
        if self.free == self.limit:
            raise errors.ValueError("release() of a semaphore that nobody has acquired")
        self.hand_on()

    def hand_on(self) -> None:
        """Give a place to the next in the line, else let it be free."""
        ticket = self.line.next()
        if ticket is None:
            self.free += 1
        else:
            ticket.serve()

    async def __aenter__(self) -> Semaphore:
        await self.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"a place in the semaphore{self.origin}, {self.limit} of {self.limit} taken"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form: the free places, and all."""
        return f"<semaphore {self.free}/{self.limit}>"


class RateLimiter(Lock):
    """Lets `limit` tasks through at once, then one every `ns / limit` nanoseconds.

    A bucket of tokens, kept as the time at which it will be full: `full` counts in parts of
    which `limit` make a nanosecond, so that nothing is rounded.
    """

    __slots__ = ("full", "limit", "ns", "timer")

    def __init__(self, limit: int, ns: int) -> None:
        super().__init__()
        self.limit = limit
        self.ns = ns
        self.timer = 0
        self.full = 0

    @property
    def until(self) -> int:
        """Nanoseconds until a task may go through."""
        least = self.full - (self.limit - 1) * self.ns
        return max(0, -((self.now - least) // self.limit))

    @property
    def now(self) -> int:
        """The time, in its parts."""
        return current.scheduler.clock.now() * self.limit

    def try_acquire(self) -> bool:
        """Go through if that is allowed now; whether it was."""
        if self.line.waiting or self.until:
            return False
        self.full = max(self.full, self.now) + self.ns
        return True

    async def acquire(self) -> None:
        """Go through, waiting for it."""
        if self.try_acquire():
            return
        if not self.timer:
            current.scheduler.timers.push(self.until, self)
        await self.wait()

    def fire(self) -> None:
        """Let the first in the line through, if it is time, and wait for the next."""
        while self.line.waiting and not self.until:
            ticket = self.line.next()
            assert ticket is not None
            self.full = max(self.full, self.now) + self.ns
            ticket.serve()
        if self.line.waiting:
            current.scheduler.timers.push(self.until, self)

    def hand_on(self) -> None:
        """Take back what a task that was stopped was let through for."""
        self.full -= self.ns
        current.scheduler.timers.withdraw(self)
        self.fire()

    async def __aenter__(self) -> RateLimiter:
        await self.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"the rate limiter{self.origin}"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<rate_limiter {self.limit}>"


name_type(Mutex, "mutex")
name_type(Semaphore, "semaphore")
name_type(RateLimiter, "rate_limiter")
