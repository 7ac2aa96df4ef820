"""What runs now, and how a task parks.

A coroutine of the language is driven by `send`.  Whatever cannot go on registers how it
is woken, puts itself into `task.waiting` and awaits `PARKED`; the task is then sent
`None` once something called its `wake`.  `task.waiting.withdraw(task)` undoes the
registration when the wait is given up.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextvars import ContextVar
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from hocket.permissions import EVERYTHING, Permissions
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.runtime.loop import Cell, Scheduler
    from hocket.runtime.tasks import Routine

PARK: Final = object()
"""What a coroutine yields to the scheduler when it waits."""

_ONCE = (PARK,)
_SOURCES = Source._by_filename  # asked for every task that is made


class Parked:
    """An awaitable that parks the task; its iterator is C's, the smallest there is."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return cast("Generator[Any, Any, None]", iter(_ONCE))


PARKED: Final = Parked()


class Waitable(Protocol):
    """What a task may be parked on."""

    def withdraw(self, waiter: Any, /) -> None:
        """Forget that the task waits; it will not be woken from here."""

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""


# The scheduler whose turn it is, or was last: a plain global, since every step reads it.
scheduler: Scheduler = cast("Scheduler", None)

CELL: ContextVar[Cell] = ContextVar("hocket_cell")
"""The cell in whose context code runs, also where no task does."""


def current_scheduler() -> Scheduler:
    """Return the active scheduler; raises RuntimeError before the first has started."""
    if scheduler is None:
        raise RuntimeError("no scheduler is attached to an event loop")
    return scheduler


def current_task() -> Routine | None:
    """Return the running task, None outside of all tasks."""
    return None if scheduler is None else scheduler.current


def running_task() -> Routine:
    """Return the running task, for what only tasks do; raises RuntimeError outside of all of them."""
    task = scheduler.current
    if task is None:
        raise RuntimeError("no task is running")
    return task


def permissions() -> Permissions:
    """Return what the session allows in whose context code runs; threads run in that of their caller."""
    cell = CELL.get(None)
    if cell is not None:
        return cell.scheduler.permissions
    return EVERYTHING if scheduler is None else scheduler.permissions


def caller() -> tuple[CodeType | None, int]:
    """Return the place of the innermost frame of a program: its code and instruction."""
    frame = sys._getframe(2)
    while True:
        code = frame.f_code
        if code.co_filename in _SOURCES:
            return code, frame.f_lasti
        if frame.f_back is None:
            return None, 0
        frame = frame.f_back


def frames_of(awaitable: Any) -> Iterator[Any]:
    """Yield the frames of a suspended coroutine and of what it awaits, outermost first."""
    while awaitable is not None:
        frame = getattr(awaitable, "cr_frame", None) or getattr(awaitable, "gi_frame", None)
        if frame is not None:
            yield frame
        following = getattr(awaitable, "cr_await", None)
        awaitable = following if following is not None else getattr(awaitable, "gi_yieldfrom", None)
