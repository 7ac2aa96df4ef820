"""Stop: what a signal may break, and where.

The handler runs between two bytecodes of the main thread.  If that is code of the
running cell, the cell is broken there.  If it is the runtime's own, where an exception
could lose a value, the handler comes again half a millisecond later.  If the cell only
waits, or a task of another cell computes, the cell's wait is cancelled; and a task that
has held the loop for a tenth of a second is broken.

A second Stop of a cell also cancels what it has spawned and goes through `shield`; a
third cancels everything.
"""

from __future__ import annotations

import _thread
import _weakrefset
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from hocket.runtime import (
    cells,
    chaining,
    clock,
    combinators,
    current,
    guests,
    loop,
    owners,
    promise,
    promises,
    resources,
    scopes,
    streams,
    tasks,
    threads,
)
from hocket.runtime.stops import Cancelled, CellInterrupt, ScopeStop
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.runtime.cells import Cell
    from hocket.runtime.loop import Scheduler
    from hocket.runtime.tasks import Routine

__all__ = ["Cancelled", "CellInterrupt", "Interrupts", "ScopeStop", "is_program"]

RETRY = 0.0005
BUSY = 0.1
PATIENCE = 200
"""Retries after which the cell's wait is cancelled as well: a builtin may compute in a task of its own."""

_RUNTIME = frozenset(
    module.__file__
    for module in (
        cells, chaining, clock, combinators, current, loop, owners, promise, promises, scopes, streams, tasks, threads
    )
) | {__file__}  # fmt: skip

_FINALIZERS = frozenset({weakref.__file__, _weakrefset.__file__})

held: list[str] = []
"""Folders of what runs between the lines of a program and must not be broken: a debugger."""

# A builtin that blocks is called through it; it holds nothing that an exception could lose.
_THROUGH = tasks.Suspending.__call__.__code__


def is_program(frame: FrameType) -> bool:
    """Whether `frame` runs code of a program."""
    return Source.of(frame.f_code.co_filename) is not None


def is_runtime(frame: FrameType, is_innermost: bool) -> bool:
    """Whether nothing may be raised in `frame`.

    The frame of a guest, or of a `with`, is the runtime's only while it is itself at work, not
    when it lets a library compute.  What a finalizer raises is lost.
    """
    file = frame.f_code.co_filename
    if frame.f_code is _THROUGH:
        return False
    if frame.f_code.co_name == "__del__" or file in _FINALIZERS:
        return True
    if file in _RUNTIME or file.startswith(tuple(held)):
        return True
    return is_innermost and file in (guests.__file__, resources.__file__)


def breakable(frame: FrameType | None) -> FrameType | None:
    """Return the program's frame that may be broken now, None while the runtime is at work."""
    is_innermost = True
    while frame is not None and not is_runtime(frame, is_innermost):
        if is_program(frame):
            return frame
        is_innermost = False
        frame = frame.f_back
    return None


class Interrupts:
    """The signal handler of a session."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._cell: Cell | None = None
        self._retries = 0
        # The loop was asked to stop the cell's wait; `_has_turned` once it did.
        self._is_asked = self._has_turned = False
        self._is_retry = False
        # Whether a Stop has come for a cell that a host shows as running and that has not begun; None without one.
        self._is_early: bool | None = None

    def expect(self) -> None:
        """A host is about to run a cell: a Stop that comes before the cell has begun is for it."""
        self._is_early = False

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Within it a host runs a cell, as `expect` says."""
        self.expect()
        try:
            yield
        finally:
            self._is_early = None

    def begin(self, cell: Cell) -> None:
        """Take over `cell`, which can be stopped from now on."""
        if self._is_early:
            cell.stops += 1
            cell.stop()
        self._is_early = None

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Stop the running cell; for `signal.signal`, in the main thread.

        Raises CellInterrupt in code of the running cell.
        """
        if self._is_retry:  # where there is no SIGALRM, a retry is another SIGINT
            self._is_retry = False
            self._act(frame)
            return
        cell = self.scheduler.foreground
        if self._is_early is not None and (cell is None or cell.is_background):
            self._is_early = True
            cell = None
        self._cell = cell
        if cell is not None:
            cell.stops += 1
        self._retries = 0
        self._is_asked = False
        self._act(frame)

    def _on_alarm(self, signum: int, frame: FrameType | None) -> None:
        self._act(frame)

    def _act(self, frame: FrameType | None) -> None:
        cell, task = self._cell, self.scheduler.current
        if self._is_asked and self._has_turned:
            return
        if cell is not None and cell.is_done:
            cell = self._cell = None
        owns = cell is not None and task is not None and task.cell is cell
        if task is not None and (owns or self._is_asked):
            self._break(task, cell if owns else None, frame)
        elif not self._is_asked:
            self._ask(cell)
            self._again(max(RETRY, BUSY - self.scheduler.health.busy()) if task is not None else BUSY)

    def _break(self, task: Routine, cell: Cell | None, frame: FrameType | None) -> None:
        """Raise in the task that runs, or come again."""
        if breakable(frame) is None:
            if self._retries == PATIENCE:
                self._tell_loop(cell)
            self._again(RETRY)
            return
        if cell is not None and cell.stops > 1:
            self._tell_loop(cell)
        stop = CellInterrupt(cell)
        if task is task.cell.task:
            stop = task.cell.interrupt = task.cell.interrupt or CellInterrupt(task.cell)
        # As if a cancellation had been delivered: its clean-up is not to be broken by one.
        if not task.delivered:
            task.cancelling = stop
            task.delivered = True
            task.mask += 1
        raise stop

    def _ask(self, cell: Cell | None) -> None:
        """Have the loop stop the cell's wait, and note whether it turns."""
        self._is_asked = True
        self._has_turned = False
        self._tell_loop(cell)

    def _tell_loop(self, cell: Cell | None) -> None:
        def turn() -> None:
            self._has_turned = True
            if self._is_asked and hasattr(signal, "setitimer"):
                # An alarm that came while the process ends would kill it.
                signal.setitimer(signal.ITIMER_REAL, 0)
            if cell is not None and not cell.is_done:
                cell.stop()

        if hasattr(self.scheduler, "loop") and not self.scheduler.loop.is_closed():
            self.scheduler.loop.call_soon_threadsafe(turn)
        else:
            self._has_turned = True  # there is nothing to stop

    def _again(self, delay: float) -> None:
        """Have the handler called once more."""
        self._retries += 1
        if hasattr(signal, "setitimer"):
            if signal.getsignal(signal.SIGALRM) != self._on_alarm:
                signal.signal(signal.SIGALRM, self._on_alarm)
            signal.setitimer(signal.ITIMER_REAL, delay)
            return
        timer = threading.Timer(delay, self._interrupt_main)
        timer.daemon = True
        timer.start()

    def rest(self) -> None:
        """Do not come again: an alarm after the end of the process's Python would kill it."""
        if self._retries and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _interrupt_main(self) -> None:
        self._is_retry = True
        _thread.interrupt_main()
