"""The scheduler: drives the coroutines of the language, a guest on the host's asyncio loop.

Tasks that can go on are in one queue, `ready`.  A turn is one round over those that were
there when it began, in that order.  The scheduler has a single callback on the loop,
`run`, which makes turns for two milliseconds, then lets the host in.  When nothing is
ready it knows so, and that makes virtual time and the detection of deadlocks exact.

Nothing that a task raises gets out of `run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.permissions import EVERYTHING
from hocket.runtime import current
from hocket.runtime.cells import Cell, TopLevel
from hocket.runtime.clock import Clock, Timers, VirtualClock
from hocket.runtime.current import PARK, current_scheduler
from hocket.runtime.deadlock import JUMPS, deadlock, endless
from hocket.runtime.monitor import BLOCKED, WATCH, Health, report_block
from hocket.runtime.owners import Owner, SessionScope
from hocket.runtime.promise import AWAITED, CANCELLED, REJECTED, Promise
from hocket.runtime.recording import Recorder
from hocket.runtime.tasks import Routine, Task
from hocket.runtime.threads import DaemonExecutor, Returns

if TYPE_CHECKING:
    from hocket.runtime.owners import Running

__all__ = ["Cell", "Scheduler", "current_scheduler"]

# Longer than the interpreter's switch interval, and ended by a real release of the
# lock: else threads that wait for it (heartbeat, output, control) starve.
SLICE = 0.004
RELEASE = 0.00005

# Rounds of the event loop that the host has when a cell has ended, before the tasks that it
# left go on: one of them may hold the loop for ever, and the cell is to be answered first.
ROUNDS = 20

Report = Callable[[BaseException, Any], None]


class Scheduler:
    """Ready tasks, timers, cells; one for each session, on one event loop.

    `report` is called with each failure that nobody awaited, and its task, in the
    context of the cell that made it.  `translate` turns Python's exceptions into the
    language's errors.  `warn` is called with what a program should know but goes on
    after, in the context of its cell.  `holds` counts waits for something outside
    (futures, threads), `external` what may at any time bring something from outside
    (servers, prompts).  Each of `recorders` is told of every step.  `permissions` are
    what all that runs here is allowed to do outside.
    """

    loop: asyncio.AbstractEventLoop
    thread: int

    def __init__(self, report: Report | None = None, clock: Clock | None = None) -> None:
        self.report: Report = report or (lambda error, task: None)
        self.translate: Callable[[BaseException], errors.Error] = python_error
        self.warn: Callable[[errors.Error], None] = lambda error: None
        self.permissions = EVERYTHING
        self.recorders: list[Recorder] = []
        self.step_begun = 0
        self._make_turn = self._turn
        self.health = Health()
        self.clock = clock or Clock()
        self.timers = Timers(self.clock)
        self.ready: deque[Routine] = deque()
        self.current: Routine | None = None
        # `_jumps` of the virtual clock since a task of a running cell last ran.
        self.count = self.numbered = self.holds = self.external = self._jumps = self._rounds = 0
        self.is_scheduled = self.is_closed = self.is_closing = False
        self.session = SessionScope(self, None)
        self.owners: dict[Owner, None] = {self.session: None}
        self.cells: dict[Cell, None] = {}
        self.executor, self.returns = DaemonExecutor(), Returns(self)
        self.background = Cell(self, "background", copy_context())
        self.background.scope = self.session
        self.session.cell = self.background
        # The slices' own context: no cell's may be entered when a task's is.
        self._context = Context()
        self._alarm: tuple[int, asyncio.TimerHandle] | None = None
        self._steps: deque[tuple[Promise, bool]] = deque()
        self._reports: deque[Promise] = deque()
        self._emptied: list[asyncio.Future[None]] = []
        self._stuck: errors.DeadlockError | None = None
        self._closers: list[Callable[[], Any]] = []
        # What other threads wait for.
        self.asked: set[Future[Any]] = set()
        # Called when nothing is ready; must neither raise nor run a program's code.
        self.when_idle: list[Callable[[], None]] = []

    # The host

    def attach(self) -> None:
        """Take the running event loop; again is fine."""
        if not hasattr(self, "loop"):
            self.loop = asyncio.get_running_loop()
            self.thread = threading.get_ident()
            self.loop.set_default_executor(self.executor)
        current.scheduler = self

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str, *, context: Context | None = None) -> Cell:
        """Run the top level of a cell; its tasks run in `context`, by default a copy of the caller's."""
        if self.is_closing:
            coroutine.close()
            raise RuntimeError("the session is closed")
        self.attach()
        self._rounds = 0  # a host that starts a cell has answered the one before
        cell = Cell(self, name, copy_context() if context is None else context)
        cell.finished = self.loop.create_future()
        self.owners[cell.scope] = None
        self.cells[cell] = None
        cell.task = TopLevel(coroutine, cell)
        return cell

    async def finish(self, cell: Cell) -> Any:
        """Wait for the top level of `cell`; return its value or raise its error.

        Raises CellInterrupt if the user stopped it.  Cancelled, it cancels the cell and
        waits for its clean-up.
        """
        while not cell.finished.done():
            try:
                await asyncio.shield(cell.finished)
            except asyncio.CancelledError:
                if not cell.cancel():
                    raise
                await asyncio.wait([cell.finished])
                raise
        task = cell.task
        if task.state is CANCELLED:
            stop = cell.interrupt or errors.CancelledError("cell was cancelled")
            stop.others = list(task.result or ())  # what failed on the way
            raise stop.with_traceback(None)
        if task.state is REJECTED:
            raise task.failure()
        return task.result

    async def drain(self) -> None:
        """Wait until every task has ended.

        Raises DeadlockError, having cancelled them, when all wait for each other; clean-up that
        does so too is left.
        """
        self.attach()
        while self.count and self._stuck is None:
            future: asyncio.Future[None] = self.loop.create_future()
            self._emptied.append(future)
            self.schedule()
            await future
        stuck, self._stuck = self._stuck, None
        if stuck is not None:
            raise stuck

    def on_close(self, function: Callable[[], Any]) -> None:
        """Have `function` called, and awaited if it is async, when the session ends; the last one first."""
        self._closers.append(function)

    async def close(self, grace: float = 5.0) -> None:
        """Cancel every task, give clean-up `grace` seconds, then close what is open.

        Clean-up that takes longer, or that nothing can wake, is broken off.  Again is fine.
        """
        if self.is_closed:
            return
        self.attach()
        self.is_closing = True
        self.cancel_all()
        if self.count:
            future: asyncio.Future[None] = self.loop.create_future()
            self._emptied.append(future)
            self.schedule()
            await asyncio.wait([future], timeout=grace)
        for task in self.routines():
            task.settle(CANCELLED, None)
        self.is_closed = True
        for answer in tuple(self.asked):
            answer.cancel()
        while self._closers:
            await close_one(self._closers.pop(), grace)
        self._flush_reports()
        self._disarm()
        self.executor.shutdown()
        # The loop may go on with other things, and they with its threads.
        self.loop.set_default_executor(DaemonExecutor())

    def tasks(self) -> list[Task]:
        """Return the tasks that run, in the order in which they were made."""
        return sorted((task for task in self.routines() if isinstance(task, Task)), key=lambda task: task.number)

    def routines(self) -> list[Running]:
        """Return all that runs: tasks, top levels, functions waiting in a `then`, sleeps."""
        owned: list[Running] = [task for owner in self.owners for task in owner.members]
        return [*(cell.task for cell in self.cells), *owned]

    def cancel_all(self) -> None:
        """Cancel everything."""
        for task in self.routines():
            task.cancel()

    @property
    def foreground(self) -> Cell | None:
        """The cell that a Stop is for: the newest that runs, one in the background only if there is no other."""
        newest = next(reversed(self.cells), None)
        return next((cell for cell in reversed(self.cells) if not cell.is_background), newest)

    # Turns

    def schedule(self) -> None:
        """Have the loop call `run` soon."""
        if not self.is_scheduled:
            self.is_scheduled = True
            self.loop.call_soon(self.run, context=self._context)

    def soon_from_thread(self, wake: Callable[[], None]) -> None:
        """Have the loop call `wake`, which must not raise, and let whom it wakes go on at once; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self._run_woken, wake, context=self._context)

    def _run_woken(self, wake: Callable[[], None]) -> None:
        # Not in the loop's next round: between two it asks the system, and lets the threads have the interpreter.
        is_coming, self.is_scheduled = self.is_scheduled, True
        wake()
        if is_coming:
            return
        if self.ready:
            self.run()
        else:
            self.is_scheduled = False  # all have given up

    def run(self) -> None:
        """Make turns, unless the host is to go first."""
        if self._rounds:
            self._rounds -= 1
            self.loop.call_soon(self.run, context=self._context)
        else:
            self._slice()

    def _slice(self) -> None:
        """Make turns until nothing is ready, a cell has ended, or the time is over."""
        current.scheduler = self
        if WATCH.is_asleep:
            WATCH.wake()
        begun = time.monotonic()
        end = begun + SLICE
        try:
            self._fire()
            while True:
                self._make_turn(len(self.ready))
                now = time.monotonic()
                if now > end and now - begun > BLOCKED:
                    report_block(self, now - begun)
                begun = now
                if self._reports:
                    self._flush_reports()
                if not self.ready:
                    self._idle()
                    if not self.ready:
                        break
                if now > end or self._rounds:
                    time.sleep(RELEASE)
                    break
        finally:
            self.current = None
            self.is_scheduled = False
            if self.ready:
                self.schedule()

    def _turn(self, steps: int) -> None:
        ready = self.ready
        self.health.turns += 1
        if self._jumps:
            self._note_who_runs()
        for _ in range(steps):
            task = self.current = ready.popleft()
            coroutine = task.coroutine
            if coroutine is None:
                continue  # broken off by the end of the session
            error = task.error_in
            try:
                if error is None:
                    out = task.cell.context.run(coroutine.send, None)
                else:
                    task.error_in = None
                    out = task.cell.context.run(coroutine.throw, error)
            except StopIteration as stop:
                task.returned(stop.value)
            except BaseException as why:  # noqa: BLE001  SystemExit too: nothing gets out
                task.raised(why)
            else:
                if task.error_in is not None or out is not PARK:
                    task.parked(out)
        self.current = None

    def record(self, recorder: Recorder) -> None:
        """Tell `recorder` of every step from the next turn on."""
        self.recorders.append(recorder)
        self._make_turn = self._recorded_turn

    def unrecord(self, recorder: Recorder) -> None:
        """Tell `recorder` of no more steps."""
        self.recorders.remove(recorder)
        if not self.recorders:
            self._make_turn = self._turn

    def _recorded_turn(self, steps: int) -> None:
        for _ in range(steps):
            task = self.ready[0]
            begun = self.step_begun = self.clock.now()
            self._turn(1)
            ended = self.clock.now()
            for recorder in self.recorders:
                recorder.step(task, begun, ended)

    def soon(self, promise: Promise, has_settled: bool) -> None:
        """Tell the waiters of `promise`, or abandon it; now, or when the call that does such a step returns."""
        steps = self._steps
        steps.append((promise, has_settled))
        if len(steps) > 1:
            return
        while steps:
            promise, has_settled = steps[0]
            if has_settled:
                promise.tell()
            else:
                promise.abandon()
            steps.popleft()

    # Nothing is ready

    def _idle(self) -> None:
        for look in self.when_idle:
            look()
        if isinstance(self.clock, VirtualClock) and self.holds <= 0 and (self.cells or self._emptied):
            # What fires need not make anything ready: a timeout may wait for a shield.
            while not self.ready and (when := self.timers.next()) is not None:
                self.clock.jump(when)
                self.timers.fire()
                self._jumps += 1
        if self.ready:
            return
        when = self.timers.next()
        if when is None:
            self._disarm()
            if self.holds <= 0 and not self.external:
                self._detect()
        elif not self.clock.virtual:
            self._arm(when)

    def _note_who_runs(self) -> None:
        """End the running cell if the virtual clock only runs for others."""
        if not self.cells or any(task.cell in self.cells for task in self.ready):
            self._jumps = 0
        elif self._jumps > JUMPS:
            self._jumps = 0
            top = next(iter(self.cells)).task
            top.throw_in(endless(self.tasks()))

    def _detect(self) -> None:
        """Nothing can wake anybody: say so where it is noticed first.

        A cell in the background may wait for one that the user runs later.
        """
        oldest = next((cell for cell in self.cells if not cell.is_background), None)
        if oldest is not None:
            top = oldest.task
            top.throw_in(deadlock(sorted(self.routines(), key=lambda task: task is not top)))
        elif self.count and self._emptied:
            if not self.is_closing:
                left = [task for task in self.routines() if not task.is_ahead]
                if left:
                    self._stuck = self._stuck or deadlock(left, shows_place=True)
                self.cancel_all()
            if not self.ready:
                self.emptied()  # what is left is clean-up and shields, which nothing wakes either

    def _arm(self, when: int) -> None:
        if self._alarm is not None:
            if self._alarm[0] == when:
                return
            self._alarm[1].cancel()
        delay = max(0, when - self.clock.now()) / 1e9
        self._alarm = when, self.loop.call_later(delay, self._on_alarm, context=self._context)

    def _on_alarm(self) -> None:
        if self._alarm is not None:
            self.health.late((self.clock.now() - self._alarm[0]) / 1e6)
        self._alarm = None
        self.schedule()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None

    def _fire(self) -> None:
        if not self.clock.virtual:
            self.timers.fire()

    # What promises and tasks tell

    def owner(self) -> Owner:
        """Return the owner of what the running code makes."""
        owner = self.current.scope if self.current is not None else current.CELL.get(self.background).scope
        return self.session if owner.ended else owner

    def ended(self, cell: Cell) -> None:
        """The top level of `cell` has settled."""
        self._rounds = ROUNDS
        self.cells.pop(cell, None)
        cell.scope.end()
        self._flush_reports()
        if not cell.finished.done():
            cell.finished.set_result(None)

    def emptied(self) -> None:
        """No task is left."""
        futures, self._emptied = self._emptied, []
        for future in futures:
            if not future.done():
                future.set_result(None)

    def as_error(self, error: BaseException) -> errors.Error:
        """Return `error` as the language's, its places taken down."""
        if isinstance(error, errors.Error):
            return error.absorb()
        try:
            translated = self.translate(error)
        except Exception:  # noqa: BLE001  a failing translation must not lose the failure
            translated = python_error(error)
        if translated.__traceback__ is None and not translated.trace:
            translated.__traceback__ = error.__traceback__
        return translated.absorb()

    # Reports

    def report_later(self, promise: Promise) -> None:
        """Report the failure of `promise` at the end of the turn: the cell's context may be in use."""
        promise.handled = promise.handled or AWAITED
        self._reports.append(promise)
        if not self.is_scheduled:
            self.schedule()

    def report_now(self, error: BaseException, promise: Promise) -> None:
        """Have the host show `error` in the cell of `promise`."""
        cell = promise.owner.cell if not isinstance(promise, Routine) else promise.cell
        context = (cell or self.background).context
        try:
            context.run(self.report, error, promise)
        except Exception:  # noqa: BLE001  a broken output must not end the scheduler
            return

    def _flush_reports(self) -> None:
        reports = self._reports
        while reports:
            promise = reports.popleft()
            self.report_now(promise.failure(), promise)


def python_error(error: BaseException) -> errors.Error:
    """Return any exception as an error; what `translate` is until the host sets it."""
    kind = type(error).__name__
    return errors.PythonError(f"{kind}: {error}" if str(error) else kind)


async def close_one(function: Callable[[], Any], grace: float) -> None:
    """Call what was registered with `on_close`; neither its failure nor its slowness matters."""
    try:
        result = function()
        if inspect.isawaitable(result):
            await asyncio.wait_for(result, grace)
    except Exception:  # noqa: BLE001  the next one has to be closed as well
        return
