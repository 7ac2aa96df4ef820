"""Tasks: coroutines that the scheduler drives, and the promises of what they return.

A `Routine` is any promise with a coroutine behind it; a `Task` is one that a program made
by a call or by `spawn`.  Where a task stands is told by two slots: `waiting` is what it is
parked on, else it is running or in the ready queue.

`mask` counts what keeps stops away: open `shield` blocks, and stops that are under way
already, so that clean-up is not broken by a second one.  A stop is delivered at the mask
that there was where its target (task or scope) began, else it stays pending.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar

from hocket import errors
from hocket.runtime import current
from hocket.runtime.awaiting import as_coroutine, discard, follow, lift
from hocket.runtime.current import CELL, Waitable, caller, frames_of
from hocket.runtime.promise import ALONE, AWAITED, CANCELLED, PENDING, REJECTED, RESOLVED, Promise
from hocket.runtime.stops import LATER, Cancelled, CellInterrupt, ScopeStop, leftovers
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.runtime.guests import GuestTask
    from hocket.runtime.loop import Cell
    from hocket.runtime.owners import Owner

__all__ = [
    "AsyncFunction",
    "Cancelled",
    "CellInterrupt",
    "Held",
    "Operation",
    "Routine",
    "ScopeStop",
    "Suspending",
    "Task",
    "result_of",
    "spawn",
    "spawn_block",
]


STOPS = (Cancelled, asyncio.CancelledError)
"""What ends a coroutine without a failure."""


class Routine(Promise):
    """A promise that a coroutine settles.

    `scope` owns what the coroutine starts.  `error_in` is what will be raised where it
    is parked, instead of its going on there.
    """

    __slots__ = (
        "cancelling",
        "cell",
        "coroutine",
        "delivered",
        "depth",
        "error_in",
        "guest",
        "locals",
        "made",
        "mask",
        "name",
        "rotations",
        "scope",
        "timer",
        "waiting",
    )

    is_called: ClassVar[bool] = True
    """Whether it is cancelled when its last waiter gives up."""
    is_spawned: ClassVar[bool] = False
    is_ahead: ClassVar[bool] = False
    """Whether it only computes what somebody may ask for later, and so keeps neither scope nor program alive."""
    is_task: ClassVar[bool] = True

    cell: Cell
    scope: Owner
    coroutine: Coroutine[Any, Any, Any] | None
    waiting: Waitable | None
    error_in: BaseException | None
    # The cancellation that was asked for; `delivered` once it has been raised.
    cancelling: Cancelled | None
    guest: GuestTask | None
    # Never changed in place, so parent and child may share it.
    locals: dict[Any, Any] | None
    # The case that won last, by `select`.
    rotations: dict[Any, int] | None

    def __init__(self, coroutine: Coroutine[Any, Any, Any], name: str, cell: Cell | None = None) -> None:
        scheduler = current.scheduler
        parent = scheduler.current
        if parent is None or cell is not None:
            self.cell = cell or CELL.get(scheduler.background)
            scope = self.cell.scope
            self.locals = None
        else:
            self.cell = parent.cell
            scope = parent.scope
            self.locals = parent.locals
        if scope.ended:
            scope = scheduler.session
        self.owner = self.scope = scope
        self.coroutine = coroutine
        self.name = name
        self.state = PENDING
        self.handled = ALONE
        self.result = self.waiters = self.origin = None
        self.waiting = self.error_in = self.cancelling = self.guest = self.rotations = None
        self.delivered = False
        self.timer = self.mask = 0
        self.made = scheduler.clock.now()
        self.code, self.instruction = caller()
        if self.code is None and parent is not None:
            self.code, self.instruction = parent.code, parent.instruction
        # An upper bound for how many tasks wait for this one, each for the next.
        self.depth: int = 0 if parent is None else parent.depth + 1
        scope.members[self] = None
        scheduler.count += 1

    def start(self) -> None:
        """Let it begin in the next turn."""
        scheduler = self.cell.scheduler
        scheduler.ready.append(self)
        if not scheduler.is_scheduled:
            scheduler.schedule()

    def notify(self, promise: Promise) -> None:
        """Go on in the next turn: what it waited for is there."""
        self.waiting = None
        scheduler = self.cell.scheduler
        scheduler.ready.append(self)
        if not scheduler.is_scheduled:
            scheduler.schedule()

    def wake(self) -> None:
        """Go on in the next turn; the task must be parked."""
        self.waiting = None
        self.start()

    fire = wake

    @property
    def has_begun(self) -> bool:
        """Whether anything of the coroutine has run."""
        coroutine = self.coroutine
        if coroutine is None or getattr(coroutine, "cr_code", None) is follow.__code__:
            return True
        return inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED

    @property
    def elapsed(self) -> float:
        """Milliseconds from the call or spawn until it settled, or until now."""
        spent = self.made if self.state is not PENDING else self.cell.scheduler.clock.now() - self.made
        return spent / 1e6

    @property
    def waiting_site(self) -> errors.Site | None:
        """The innermost place of a program where it stands, None if it has ended."""
        site = None
        for frame in frames_of(self.coroutine):
            if Source.of(frame.f_code.co_filename) is not None:
                site = errors.Site(frame.f_code, frame.f_lasti)
        return site

    # What the scheduler tells

    def returned(self, value: Any) -> None:
        """The coroutine has returned `value`; a promise is followed."""
        if self.cancelling is not None:
            # Cancelled between its last wait and its end, or it has swallowed the
            # cancellation by a `return` in a `finally`.
            self.settle(CANCELLED, None)
        elif isinstance(value, Promise):
            self.adopt(value)
        else:
            self.settle(RESOLVED, value)

    def adopt(self, promise: Promise) -> None:
        """Settle like `promise`, once it has."""
        if promise is self:
            self.raised(errors.DeadlockError(f"{self.describe()} waits for itself"))
        elif promise.state is PENDING:
            self.coroutine = follow(promise)
            self.waiting = promise
            promise.add(self)
        else:
            promise.handled = promise.handled or AWAITED
            self.settle_like(promise)

    def parked(self, out: Any) -> None:
        """It has yielded `out`, and that was no plain wait."""
        if self.error_in is not None:
            self.throw_in(self.error_in)
        else:
            self.error_in = RuntimeError(f"a task yielded {out!r}, which is no wait")
            self.start()

    def raised(self, error: BaseException) -> None:
        """The coroutine has ended with `error`, of whatever kind."""
        if self.cancelling is not None and isinstance(error, errors.CancelledError):
            error = self.cancelling  # it has caught that and thrown it on
        if isinstance(error, CellInterrupt):
            error.trace = error.trace or list(errors.sites(error.__traceback__))
            self.cell.scheduler.loop.call_later(LATER, leftovers(error.__traceback__).clear)
        if isinstance(error, STOPS):
            error.__traceback__ = None
            self.settle(CANCELLED, getattr(error, "others", None))
            if isinstance(error, CellInterrupt):
                self.interrupted(error)
            return
        failure = self.cell.scheduler.as_error(error)
        site = self.spawn_site if self.is_spawned else None
        if site is not None and site not in failure.spawned:
            failure.spawned.append(site)
        self.settle(REJECTED, failure)

    def interrupted(self, stop: CellInterrupt) -> None:
        """It was stopped by the user: so is its cell; a busy background task says so in its own."""
        if stop.cell is None:
            self.cell.scheduler.report_now(stop, self)
        else:
            stop.cell.interrupted_at(stop.trace)

    def settle(self, state: str, result: Any) -> None:
        """Settle, leave the owner, and drop all that ran."""
        if self.state is not PENDING:
            return
        scheduler = self.cell.scheduler
        coroutine, self.coroutine = self.coroutine, None
        if coroutine is not None and coroutine.cr_frame is not None:  # type: ignore[attr-defined]
            self.cell.context.run(discard, coroutine)
        self.waiting = self.error_in = None
        self.made = scheduler.clock.now() - self.made
        if self.guest is not None:
            self.guest.settled()
            self.guest = None
        Promise.settle(self, state, result)
        self.owner.left(self)
        scheduler.count -= 1
        if not scheduler.count:
            scheduler.emptied()

    # Stopping

    def cancel(self) -> bool:
        """Ask it to end; true if this call will end it, false if it ends or has ended anyway."""
        return self.stop(Cancelled())

    def stop(self, why: Cancelled) -> bool:
        """Cancel with `why`; as `cancel`."""
        if self.state is not PENDING or self.cancelling is not None:
            return False
        self.cancelling = why
        if not self.mask:
            self.throw_in(self.due())
        return True

    def insist(self, why: Cancelled, even_twice: bool = False) -> None:
        """Cancel through every `shield`; with `even_twice`, also what cleans up already."""
        if self.state is PENDING and (even_twice or not self.delivered):
            self.cancelling = why
            self.throw_in(self.due())

    def due(self) -> Cancelled:
        """Return the cancellation, to be raised now."""
        assert self.cancelling is not None
        self.delivered = True
        self.mask += 1
        return self.cancelling

    def throw_in(self, error: BaseException) -> None:
        """Raise `error` at the current suspension, else at the next; what it waited for is given up."""
        self.error_in = error
        waiting = self.waiting
        if waiting is not None:
            self.waiting = None
            waiting.withdraw(self)
            self.start()

    def pending_stop(self) -> Cancelled | None:
        """Return the stop that was kept away until now, marked as delivered; the outermost comes first."""
        if self.cancelling is not None and not self.delivered and not self.mask:
            return self.due()
        found = None
        scope: Any = self.scope
        while scope is not None and getattr(scope, "task", None) is self:
            if scope.is_stop_due(self.mask):
                found = scope
            scope = scope.outer
        return None if found is None else found.deliver()

    def abandon(self) -> None:
        """Nobody waits any more: a called task is cancelled."""
        if self.is_called:
            self.cancel()

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"task {self.name}"


class Operation(Routine):
    """The running of a builtin that a program called: a promise like any other, not a task."""

    __slots__ = ()

    def __init__(self, coroutine: Coroutine[Any, Any, Any], name: str) -> None:
        super().__init__(coroutine, name)
        self.start()


class Task(Routine):
    """The running of an async function's body that a program called: cancelled when nobody waits any more."""

    __slots__ = ("number",)

    members = Promise.members | {"name", "elapsed", "cancel"}

    def __init__(self, coroutine: Coroutine[Any, Any, Any], name: str) -> None:
        Routine.__init__(self, coroutine, name)
        scheduler = self.cell.scheduler
        scheduler.numbered += 1
        self.number = scheduler.numbered
        scheduler.ready.append(self)
        if not scheduler.is_scheduled:
            scheduler.schedule()

    @property
    def status(self) -> str:
        """`pending` before it begins, then `running`, `done`, `failed` or `cancelled`."""
        if self.state is PENDING:
            return "running" if self.has_begun else "pending"
        return _STATUS[self.state]

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form, such as `<task #3 fetch running>`."""
        return f"<task #{self.number} {self.name} {self.status}>"

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"task #{self.number} {self.name}"


class SpawnedTask(Task):
    """A task that runs to its end, whether or not somebody waits."""

    __slots__ = ()

    is_called = False
    is_spawned = True


_STATUS = {RESOLVED: "done", REJECTED: "failed", CANCELLED: "cancelled"}


class AsyncFunction:
    """An `async func`: a call gives the promise of its result, `direct` runs in the calling task."""

    def __init__(
        self,
        function: Callable[..., Awaitable[Any]],
        name: str,
        makes: type[Operation | Task] = Task,
        check: Callable[..., None] | None = None,
        promise: Callable[..., Promise] | None = None,
        instant: Callable[..., Any] | None = None,
    ) -> None:
        self.direct = self.__wrapped__ = function
        # Does the same without a coroutine, if it never waits.
        self.instant = instant
        self.makes = makes
        # Makes the promise of a call where that needs no coroutine.
        self.promise = promise
        # Refuses arguments when a task or a promise is made; the body does when it runs directly.
        self.check = check
        self.__name__ = self.__qualname__ = name
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Start a called task; raises at once when the arguments do not fit.

        In another thread than the loop's, return what it gives in the end.
        """
        if get_ident() != current.scheduler.thread:
            from hocket.runtime.objects import Handed  # which is a routine

            return Handed.over(current.scheduler, copy_context(), self, args, named)
        if self.promise is not None:
            return self.promise(*args, **named)
        limit_depth()
        if self.check is not None:
            self.check(*args, **named)
        return self.makes(as_coroutine(self.direct(*args, **named)), self.__name__)

    def __repr__(self) -> str:
        return f"<async func {self.__name__}>"


class Suspending:
    """A builtin in its plain form: a call blocks, `direct` suspends the calling task instead."""

    def __init__(self, blocking: Callable[..., Any], direct: Callable[..., Awaitable[Any]]) -> None:
        self.blocking = self.__wrapped__ = blocking
        self.direct = direct
        self.__name__ = self.__qualname__ = blocking.__name__.rstrip("_")
        self.__doc__ = blocking.__doc__

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Block until it is done."""
        return self.blocking(*args, **named)

    def __repr__(self) -> str:
        return f"<native function: {self.__name__}>"


class Held(functools.partial[Any]):
    """What a method's name means where a field may hold a function; `held(value)` gives what the field holds."""

    held: Callable[[Any], Any]

    def resolve(self, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """Return what to call with what: the async function that is held, if it is one, without the object."""
        held = self.held(args[0])
        if type(held) is AsyncFunction or type(held) is Suspending:
            return held, args[1:]
        return self, args


MAX_DEPTH = 12_000
"""Tasks that may wait for each other in one chain; a chain without end is to end with an error."""


def limit_depth() -> None:
    """Raise RecursionError where the running task must not start another one that it could wait for."""
    task = current.scheduler.current
    if task is None or task.depth < MAX_DEPTH:
        return
    # Most chains of calls are no chains of waits: a task that ends takes its callers along.
    depth, waiter = 0, next(iter(task.waiters or ()), None)
    while waiter is not None and depth < MAX_DEPTH:
        depth += 1
        waiter = next(iter(getattr(waiter, "waiters", None) or ()), None)
    task.depth = depth
    if depth == MAX_DEPTH:
        hint = "does the function reach the case in which it does not call itself?"
        raise errors.RecursionError(f"tasks nested too deeply: {MAX_DEPTH} wait for each other", hint=hint)


async def result_of(function: Any, *args: Any) -> Any:
    """Call any function; await what it gives if that can be awaited."""
    if type(function) is AsyncFunction or type(function) is Suspending:
        return await function.direct(*args)
    return await lift(function(*args))


def spawn(function: Any, /, *args: Any, **named: Any) -> Task:
    """Start a task on `function(*args)`; an async function's arguments are checked at once.

    A plain function is called in the new task.
    """
    limit_depth()
    if type(function) is AsyncFunction:
        if function.check is not None:
            function.check(*args, **named)
        return SpawnedTask(as_coroutine(function.direct(*args, **named)), function.__name__)
    if not callable(function):
        from hocket.runtime.values import type_name  # values know structs, which know async functions

        raise errors.TypeError(f"spawn expects a function to call, got {type_name(function)}")
    if type(function) is Held:
        held, rest = function.resolve(args)
        if held is not function:
            return spawn(held, *rest, **named)
    if type(function) is Suspending:
        coroutine = as_coroutine(function.direct(*args, **named))
    else:
        coroutine = _call(function, args, named)
    return SpawnedTask(coroutine, getattr(function, "__name__", "spawn").rstrip("_"))


async def _call(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    from hocket.runtime.objects import call_any  # whose callbacks are routines

    return await lift(call_any(function, args, named))


def spawn_block(function: Callable[[], Coroutine[Any, Any, Any]], name: str = "spawn") -> Task:
    """Start a task on the body of a `spawn { }`."""
    return SpawnedTask(function(), name)
