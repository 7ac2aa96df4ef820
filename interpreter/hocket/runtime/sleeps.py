"""Promises that the clock resolves: waits that no coroutine has to carry out.

For its owner, the session and the clock a `Sleep` is something that runs, as a `Routine`
is: a scope waits for it, and what cancels tasks cancels it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hocket.runtime import current
from hocket.runtime.clock import SLEEPERS, nanoseconds
from hocket.runtime.current import CELL, Waitable
from hocket.runtime.promise import CANCELLED, PENDING, RESOLVED, Promise
from hocket.runtime.stops import Cancelled

if TYPE_CHECKING:
    from hocket.runtime.loop import Cell


class Sleep(Promise):
    """A promise that resolves with null after `ms` milliseconds; cancelled when its last waiter gives up."""

    __slots__ = ("cell", "timer")

    waiting: ClassVar[Waitable] = SLEEPERS
    waiting_site: ClassVar[None] = None
    is_ahead: ClassVar[bool] = False

    cell: Cell
    timer: int

    def __init__(self, ms: float) -> None:
        super().__init__()
        scheduler = current.scheduler
        task = scheduler.current
        self.cell = CELL.get(scheduler.background) if task is None else task.cell
        scheduler.timers.push(nanoseconds(ms), self)
        self.owner.members[self] = None
        scheduler.count += 1
        if task is None:
            scheduler.schedule()

    def fire(self) -> None:
        """The time has come."""
        self.settle(RESOLVED, None)

    def settle(self, state: str, result: None) -> None:
        """Settle, and leave the owner."""
        if self.state is PENDING:
            scheduler = self.cell.scheduler
            scheduler.timers.withdraw(self)
            super().settle(state, result)
            self.owner.left(self)
            scheduler.count -= 1
            if not scheduler.count:
                scheduler.emptied()

    def cancel(self) -> bool:
        """End the wait; false if it has ended."""
        was_pending = self.state is PENDING
        self.settle(CANCELLED, None)
        return was_pending

    def stop(self, why: Cancelled) -> bool:
        """End the wait, whatever the reason; as `cancel`."""
        return self.cancel()

    def insist(self, why: Cancelled, even_twice: bool = False) -> None:
        """End the wait: there is no clean-up that would take its time."""
        self.cancel()

    def abandon(self) -> None:
        """Nobody waits any more."""
        self.cancel()

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "task async_sleep"
