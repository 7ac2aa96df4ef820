"""Waits for something outside of the language: the virtual clock stands still for them.

Such a wait has no other limit then: a `timeout` never fires.  So each has one in real
time, but for functions that are marked to have a limit of their own, or to wait for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, TypeVar

from hocket import errors
from hocket.runtime import current
from hocket.runtime.current import PARKED, frames_of, running_task
from hocket.runtime.registry import STDLIB

if TYPE_CHECKING:
    from hocket.runtime.loop import Scheduler
    from hocket.runtime.tasks import Routine

LIMIT = 30.0
"""Seconds of real time that a wait may take under the virtual clock."""

F = TypeVar("F", bound=Callable[..., object])
Limit = asyncio.TimerHandle

_unlimited: set[CodeType] = set()


def unlimited(function: F) -> F:
    """Mark an async function whose waits may take as long as they do."""
    _unlimited.add(function.__code__)
    return function


def hold(scheduler: Scheduler, task: Routine) -> Limit | None:
    """Count the wait that `task` begins; under the virtual clock, limit it."""
    scheduler.holds += 1
    if not scheduler.clock.virtual:
        return None
    return scheduler.loop.call_later(LIMIT, overdue, task, task.waiting)


def release(scheduler: Scheduler, limit: Limit | None) -> None:
    """The wait is over."""
    scheduler.holds -= 1
    if limit is not None:
        limit.cancel()


@contextmanager
def let_go() -> Iterator[None]:
    """Give a hold back while what holds waits for the program itself, as a request does for its body."""
    scheduler = current.scheduler
    scheduler.holds -= 1
    try:
        yield
    finally:
        scheduler.holds += 1


async def held() -> None:
    """Park the running task, whose `waiting` is set, while the clock stands still."""
    scheduler = current.scheduler
    limit = hold(scheduler, running_task())
    try:
        await PARKED
    finally:
        release(scheduler, limit)


def overdue(task: Routine, waiting: object) -> None:
    """End a wait that takes too long."""
    codes = [frame.f_code for frame in frames_of(task.coroutine)]
    if task.waiting is not waiting or task.waiting is None or not _unlimited.isdisjoint(codes):
        return
    builtins = [builtin for code in codes if (builtin := STDLIB.of_code(code)) is not None]
    what = f"{builtins[0].name}()" if builtins else task.waiting.describe()
    text = f"{what} took more than {LIMIT:g} s of real time, while the virtual clock stood still"
    # Nothing tells who will settle a future of Python's.
    hint = None if builtins else "if it waits for functions that sleep on that clock: `promise_all` does not stop it"
    task.throw_in(errors.TimeoutError(text, hint=hint, limit=LIMIT * 1000))
