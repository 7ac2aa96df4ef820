"""Promises: results that may not be there yet.

A promise settles once.  Whoever waits for it is in `waiters`, in order of registration,
and is told by `notify`.  A waiter that gives up withdraws; a *called* task that loses its
last waiter in this way is cancelled, and so are the combinators and the promises made by
`then`, which pass it on to what they wait for.

Nothing here recurses along chains of promises: settling and withdrawing go through the
scheduler's list of steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import copy_context
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from hocket import errors
from hocket.runtime import current
from hocket.runtime.current import PARK, caller

if TYPE_CHECKING:
    from hocket.runtime.owners import Owner

PENDING: Final = "pending"
RESOLVED: Final = "resolved"
REJECTED: Final = "rejected"
CANCELLED: Final = "cancelled"

ALONE, AWAITED, CLAIMED = 0, 1, 2
"""Who answers for a failure: nobody, whoever waits now, a combinator for good."""

CANCELLED_TEXT: Final = "Task was cancelled"


class Waiter(Protocol):
    """Who is told when a promise settles.

    A passive one neither keeps a task alive nor answers for its failure.  One that
    `claims` answers for it even after it has gone.  A task is merely made ready when told.
    """

    passive: ClassVar[bool]
    claims: ClassVar[bool]
    is_task: ClassVar[bool]

    def notify(self, promise: Promise, /) -> None:
        """Take note that `promise` has settled; must neither raise nor run a program's code."""


class Promise:
    """A value that a program holds: pending, resolved, rejected or cancelled."""

    __slots__ = ("code", "handled", "instruction", "origin", "owner", "result", "state", "waiters")

    members: ClassVar[frozenset[str]] = frozenset(
        {"state", "status", "value", "error", "then", "catch", "finally", "on_success", "on_failure"}
    )
    classes: ClassVar[set[type[Promise]]] = set()
    """Every class of promises: `type(x) in Promise.classes` is the fast test."""
    passive: ClassVar[bool] = False
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    state: str
    result: Any
    waiters: list[Waiter] | None
    handled: int
    owner: Owner
    code: CodeType | None
    # Of a rejected one: the places its error had come through when it settled.
    origin: tuple[list[errors.Site], list[errors.Site]] | None

    def __init_subclass__(cls) -> None:
        Promise.classes.add(cls)

    def __init__(self) -> None:
        self.state = PENDING
        self.result = None
        self.waiters = None
        self.handled = ALONE
        self.owner = current.scheduler.owner()
        self.code, self.instruction = caller()
        self.origin = None

    # What a program sees

    @property
    def status(self) -> str:
        """How far it is; a task has words of its own."""
        return self.state

    @property
    def value(self) -> Any:
        """The value of a resolved promise, else null."""
        return self.result if self.state is RESOLVED else None

    @property
    def error(self) -> errors.Error | None:
        """The error of a rejected or cancelled promise, else null."""
        return None if self.state is PENDING or self.state is RESOLVED else self.failure()

    @property
    def spawn_site(self) -> errors.Site | None:
        """Where in a program it was made."""
        return None if self.code is None else errors.Site(self.code, self.instruction)

    def __await__(self) -> Generator[Any, Any, Any]:
        if self.state is PENDING:
            task = current.scheduler.current
            if task is None:
                yield from self.future().__await__()
            else:
                if task is self:
                    raise errors.DeadlockError(f"{self.describe()} waits for itself")
                self.add(task)
                task.waiting = self
                yield PARK
        if self.state is RESOLVED:
            return self.result
        if not self.handled:
            self.handled = AWAITED
        raise self.failure()

    def then(self, on_value: Any, on_error: Any = None) -> Promise:
        """Return the promise of what `on_value` makes of the value, or `on_error` of the error."""
        from hocket.runtime.chaining import then

        return then(self, on_value, on_error)

    def catch(self, on_error: Any) -> Promise:
        """Return the promise of the value, or of what `on_error` makes of the error."""
        from hocket.runtime.chaining import catch

        return catch(self, on_error)

    def finally_(self, function: Any) -> Promise:
        """Return a promise with the same outcome, after `function()` has run; its failure replaces it."""
        from hocket.runtime.chaining import finally_

        return finally_(self, function)

    def on_success(self, function: Any) -> Promise:
        """Call `function(value)` once it has resolved; return this promise."""
        from hocket.runtime.chaining import on_success

        on_success(self, function)
        return self

    def on_failure(self, function: Any) -> Promise:
        """Call `function(error)` once it has failed or was cancelled; return this promise."""
        from hocket.runtime.chaining import on_failure

        on_failure(self, function)
        return self

    def __repr__(self) -> str:
        return self.label(repr)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form, such as `<promise resolved 5>`."""
        if self.state is RESOLVED:
            return f"<promise resolved {text(self.result)}>"
        if self.state is REJECTED:
            return f"<promise rejected {self.result.message}>"
        return f"<promise {self.state}>"

    # Settling

    def resolve(self, value: Any = None) -> None:
        """Settle with `value`, or like it if that is a promise; nothing if it has settled."""
        if not isinstance(value, Promise):
            self.settle(RESOLVED, value)
        elif value is self:
            self.reject(errors.DeadlockError("a promise cannot be resolved with itself"))
        elif value.state is PENDING:
            value.add(Follower(self))
        else:
            value.handled = CLAIMED
            self.settle_like(value)

    def reject(self, error: BaseException) -> None:
        """Settle with a failure; nothing if it has settled."""
        self.settle(REJECTED, current.scheduler.as_error(error))

    def settle_like(self, other: Promise) -> None:
        """Settle as `other` has settled."""
        result = other.result if other.state is RESOLVED else other.failure()
        self.settle(other.state, result if other.state is not CANCELLED else None)

    def settle(self, state: str, result: Any) -> None:
        """Settle and tell the waiters; nothing if it has settled."""
        if self.state is not PENDING:
            return
        self.state = state
        self.result = result
        if state is REJECTED:
            self.origin = (list(result.trace), list(result.spawned))
        waiters = self.waiters
        if waiters is not None:
            if len(waiters) == 1 and waiters[0].is_task and (state is not REJECTED or self.handled):
                self.waiters = None  # a task does not settle in its turn, so there is no chain to recurse along
                waiters[0].notify(self)
            else:
                current.scheduler.soon(self, True)
        elif state is not RESOLVED and self.handled != CLAIMED and self.has_failures:
            self.unattended()

    def tell(self) -> None:
        """Tell the waiters that it has settled; called by the scheduler's list of steps."""
        waiters, self.waiters = self.waiters, None
        for waiter in waiters or ():
            waiter.notify(self)
        if not self.handled and self.has_failures:
            self.unattended()

    @property
    def has_failures(self) -> bool:
        """Whether somebody has to see what it failed with, or what failed while it was cancelled."""
        return self.state is REJECTED or self.state is CANCELLED and bool(self.result)

    def failure(self) -> errors.Error:
        """Return the error to raise for an awaiter, as it was when the promise settled."""
        if self.state is CANCELLED:
            cancelled = errors.CancelledError(CANCELLED_TEXT)
            cancelled.others = list(self.result or ())  # what failed on the way
            return cancelled
        error: errors.Error = self.result
        if self.origin is not None:
            # Awaiters would else see each other's frames, and a hundred awaits a hundred of them.
            error.trace[:], error.spawned[:] = self.origin
        return error.with_traceback(None)

    # Waiting

    def add(self, waiter: Waiter) -> None:
        """Register `waiter`, to be told once; the promise must be pending."""
        if self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)
        if not waiter.passive:
            self.handled = CLAIMED if waiter.claims else self.handled or AWAITED

    def withdraw(self, waiter: Waiter) -> None:
        """Forget `waiter`, who gives up; nobody being left may end the work."""
        if self.detach(waiter) and not self.is_awaited:
            if self.handled == AWAITED:
                self.handled = ALONE
            current.scheduler.soon(self, False)

    def detach(self, waiter: Waiter) -> bool:
        """Forget `waiter`, who has what it wanted; return whether it was one."""
        if self.waiters is None:
            return False
        try:
            self.waiters.remove(waiter)
        except ValueError:
            return False
        if not self.waiters:
            self.waiters = None
        return True

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for it now."""
        return self.waiters is not None and any(not waiter.passive for waiter in self.waiters)

    def abandon(self) -> None:
        """Everybody who waited gave up; called by the scheduler's list of steps."""

    def unattended(self) -> None:
        """It has failures, and nobody waits for it."""
        self.owner.failed(self)

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "a promise"

    # For Python

    def future(self) -> asyncio.Future[Any]:
        """Return an asyncio future that settles like this, for awaiting outside of all tasks."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.state is PENDING:
            self.add(FutureWaiter(self, future))
        else:
            deliver(self, future)
        return future

    def when_settled(self, function: Callable[[], None]) -> None:
        """Have the event loop call `function` once it has settled; not for programs' functions."""
        if self.state is PENDING:
            self.add(HostCallback(function))
        else:
            asyncio.get_running_loop().call_soon(function)


Promise.classes.add(Promise)


class Follower:
    """What ties a promise that was resolved with a pending one to that."""

    __slots__ = ("promise",)
    passive: ClassVar[bool] = False
    claims: ClassVar[bool] = True
    is_task: ClassVar[bool] = False

    def __init__(self, promise: Promise) -> None:
        self.promise = promise

    def notify(self, promise: Promise) -> None:
        """Settle like the other one."""
        self.promise.settle_like(promise)


class HostCallback:
    """A Python function that the event loop calls when a promise has settled."""

    __slots__ = ("function", "loop")
    passive: ClassVar[bool] = True
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, function: Callable[[], None]) -> None:
        self.loop = asyncio.get_running_loop()
        context = copy_context()
        self.function = lambda: context.run(function)

    def notify(self, promise: Promise) -> None:
        """Have it called."""
        self.loop.call_soon(self.function)


class FutureWaiter:
    """Hands the outcome of a promise to an asyncio future; a cancelled one withdraws."""

    __slots__ = ("future", "promise")
    passive: ClassVar[bool] = False
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, promise: Promise, future: asyncio.Future[Any]) -> None:
        self.promise = promise
        self.future = future
        future.add_done_callback(self.done)

    def notify(self, promise: Promise) -> None:
        """Settle the future like `promise`."""
        if not self.future.done():
            deliver(promise, self.future)

    def done(self, future: asyncio.Future[Any]) -> None:
        """Withdraw if the future was cancelled."""
        if self.promise.state is PENDING:
            self.promise.withdraw(self)


def deliver(promise: Promise, future: asyncio.Future[Any]) -> None:
    """Settle `future` like `promise`."""
    if promise.state is RESOLVED:
        future.set_result(promise.result)
    else:
        future.set_exception(promise.failure())
