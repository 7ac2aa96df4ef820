"""Cells: what a host runs, and the tasks that it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime.current import CELL
from hocket.runtime.owners import Owner
from hocket.runtime.promise import CANCELLED, PENDING, RESOLVED
from hocket.runtime.stops import Cancelled, CellInterrupt
from hocket.runtime.tasks import Routine

if TYPE_CHECKING:
    from hocket.runtime.loop import Scheduler
    from hocket.runtime.owners import Running

GRACE = 5.0
"""Seconds that clean-up has after `exit`."""


class Cell:
    """One cell, or the program of a file.

    `context` is where all its tasks run; `finished` is done when its top level is.
    A Stop is for `is_background` cells only if no other runs.  `exit_code` is what the program
    gave to `exit`, None before it does.
    """

    def __init__(self, scheduler: Scheduler, name: str, context: Context) -> None:
        self.scheduler = scheduler
        self.name = name
        self.context = context
        self.scope = Owner(scheduler, self)
        self.task: TopLevel
        self.finished: asyncio.Future[None]
        self.is_background = False
        self.stops = 0
        self.interrupt: CellInterrupt | None = None
        self.exit_code: int | None = None
        self.rotations: dict[Any, int] | None = None
        context.run(CELL.set, self)

    @property
    def is_done(self) -> bool:
        """Whether its top level has ended."""
        return self.scope.ended

    def cancel(self) -> bool:
        """Cancel the top level, as `Task.cancel`."""
        return self.task.cancel()

    def exit(self, code: int) -> Cancelled:
        """Cancel the top level and all tasks of the cell; return what the running one is to raise.

        The first code counts.  Clean-up has `GRACE` seconds, then it is broken off.
        """
        scheduler = self.scheduler
        if self.exit_code is None:
            self.exit_code = code
            scheduler.loop.call_later(GRACE, self._break_off)
        running = scheduler.current
        for task in self._routines():
            if task is not running:
                task.cancel()
        if running is None or running.delivered:
            return Cancelled()
        running.cancelling = Cancelled()
        return running.due()

    def _routines(self) -> list[Running]:
        return [task for task in self.scheduler.routines() if task.cell is self]

    def _break_off(self) -> None:
        for task in self._routines():
            task.settle(CANCELLED, None)

    def interrupted_at(self, trace: list[errors.Site]) -> None:
        """Code of the cell was stopped at `trace`: end the cell, and say that it was there."""
        if self.interrupt is None:
            self.interrupt = CellInterrupt(self)
        if not self.interrupt.trace:
            self.interrupt.trace = trace
        self.task.stop(self.interrupt)

    def stop(self) -> None:
        """Act on a Stop of the user: the more often, the harder."""
        if self.interrupt is None:
            self.interrupt = CellInterrupt(self)
        if self.stops <= 1:
            self.task.stop(self.interrupt)
            return
        everything = self.stops > 2
        for task in self.scheduler.routines() if everything else self._routines():
            stop = self.interrupt if task is self.task else Cancelled()
            task.insist(stop, even_twice=everything)


class TopLevel(Routine):
    """The top level of a cell: no member of its scope, and a promise it returns is its value."""

    __slots__ = ()

    is_called = False

    def __init__(self, coroutine: Coroutine[Any, Any, Any], cell: Cell) -> None:
        super().__init__(coroutine, cell.name, cell)
        del cell.scope.members[self]
        self.start()

    def returned(self, value: Any) -> None:
        """The coroutine has returned `value`."""
        if self.cancelling is not None:
            self.settle(CANCELLED, None)
        else:
            self.settle(RESOLVED, value)

    def unattended(self) -> None:
        """The host asks for the error."""

    def settle(self, state: str, result: Any) -> None:
        """Settle, and end the cell."""
        if self.state is PENDING:
            super().settle(state, result)
            self.cell.scheduler.ended(self.cell)

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return self.name
