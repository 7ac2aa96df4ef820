"""Promises made of several others.

A combinator is one waiter in all its members, not a task for each.  Being a member
counts as awaited: a member's failure is not reported again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime import current
from hocket.runtime.awaiting import as_coroutine, lift
from hocket.runtime.clock import nanoseconds
from hocket.runtime.current import running_task
from hocket.runtime.promise import CANCELLED, CLAIMED, PENDING, REJECTED, RESOLVED, Promise
from hocket.runtime.streams import Stream, everything
from hocket.runtime.tasks import Routine, SpawnedTask, Task, result_of


def as_promise(value: Any) -> Promise | None:
    """Return `value` as a promise, starting a task for a Python awaitable; None for plain values."""
    if isinstance(value, Promise):
        return value
    if hasattr(value, "__await__"):
        return Task(as_coroutine(lift(value)), getattr(value, "__name__", "python"))
    return None


def as_item(value: Any) -> Any:
    """Return a value that is no promise as a combinator keeps it: awaitables as promises."""
    known = as_promise(value)
    return value if known is None else known


class Combinator(Promise):
    """A promise that several others settle.

    `items` holds promises and plain values, `remaining` counts the promises that have
    not settled.
    """

    __slots__ = ("items", "remaining")
    claims: ClassVar[bool] = True

    def __init__(self, values: Iterable[Any]) -> None:
        super().__init__()
        # Gathered before anything is registered: the program's code may run, and fail, in it.
        self.items: list[Any] = [value if isinstance(value, Promise) else as_item(value) for value in values]
        pending: list[Promise] = []
        for item in self.items:
            if isinstance(item, Promise):
                if item.state is PENDING:
                    pending.append(item)
                else:
                    item.handled = CLAIMED
                    self.settled(item)
        self.remaining = len(pending)
        for item in pending:
            item.add(self)
        if not self.remaining and self.state is PENDING:
            self.completed()
        if self.state is not PENDING:
            self.release()

    def notify(self, promise: Promise) -> None:
        """A member has settled."""
        self.remaining -= 1
        if self.state is PENDING:
            self.settled(promise)
            if not self.remaining and self.state is PENDING:
                self.completed()
            if self.state is not PENDING:
                self.release()

    def settled(self, member: Promise) -> None:
        """Decide what a settled member means; at once for those that had settled before."""

    def completed(self) -> None:
        """Settle: every member has."""

    def release(self) -> None:
        """Let go of the members that are still pending; they go on."""
        for item in self.items:
            if isinstance(item, Promise) and item.state is PENDING:
                item.detach(self)
        self.items = []

    def abandon(self) -> None:
        """Nobody waits any more: wait for nothing."""
        self.settle(CANCELLED, None)
        self.withdraw_from_members()

    def withdraw_from_members(self) -> None:
        """Give up the members that are still pending."""
        items, self.items = self.items, []
        for item in items:
            if isinstance(item, Promise) and item.state is PENDING:
                item.withdraw(self)


class All(Combinator):
    """Every value; the first failure rejects, and withdraws from the others."""

    __slots__ = ()

    def notify(self, promise: Promise) -> None:
        """A member has settled: of thousands, nearly all have resolved, and there is nothing to decide."""
        if promise.state is RESOLVED and self.remaining > 1:
            self.remaining -= 1
        else:
            super().notify(promise)

    def settled(self, member: Promise) -> None:
        """Fail with the first that fails."""
        if member.state is not RESOLVED:
            self.settle(REJECTED, member.failure())

    def completed(self) -> None:
        """Resolve with the values, in the order of the members."""
        self.settle(RESOLVED, [item.result if isinstance(item, Promise) else item for item in self.items])

    def release(self) -> None:
        """Give up the others, which end if nobody else wants them."""
        self.withdraw_from_members()

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"promise_all, {self.remaining} pending"


class AllSettled(Combinator):
    """Every outcome."""

    __slots__ = ()

    def notify(self, promise: Promise) -> None:
        """A member has settled; only the last one decides anything."""
        if self.remaining > 1:
            self.remaining -= 1
        else:
            super().notify(promise)

    def completed(self) -> None:
        """Resolve with the outcomes, in the order of the members."""
        self.settle(RESOLVED, [outcome(item) for item in self.items])

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"promise_all_settled, {self.remaining} pending"


class Race(Combinator):
    """The first to settle; a plain value has."""

    __slots__ = ()

    def __init__(self, values: Iterable[Any]) -> None:
        values = list(values)
        if not values:
            raise errors.ValueError("promise_race() expects at least one promise, got none")
        super().__init__(promise_resolve(value) for value in values)

    def settled(self, member: Promise) -> None:
        """Settle like it."""
        self.settle_like(member)

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "promise_race"


class First(Combinator):
    """The first to resolve; a plain value has."""

    __slots__ = ()

    def __init__(self, values: Iterable[Any]) -> None:
        super().__init__([promise_resolve(value) for value in values])

    def settled(self, member: Promise) -> None:
        """Resolve like the first that did."""
        if member.state is RESOLVED:
            self.settle(RESOLVED, member.result)

    def completed(self) -> None:
        """Reject with all the failures."""
        failures = [item.failure() for item in self.items]
        self.settle(REJECTED, errors.AggregateError("all promises were rejected", errors=failures))

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "promise_any"


class Limited(Combinator):
    """One promise with a limit of time; a task that nobody else waits for is then cancelled."""

    __slots__ = ("limit", "member", "timer")

    def __init__(self, value: Any, limit: float) -> None:
        self.limit = limit
        self.timer = 0
        self.member = as_promise(value)
        super().__init__([value if self.member is None else self.member])
        if self.state is PENDING:
            current.scheduler.timers.push(nanoseconds(limit), self)

    def settled(self, member: Promise) -> None:
        """Settle like it."""
        self.settle_like(member)

    def completed(self) -> None:
        """Resolve with a plain value."""
        self.settle(RESOLVED, self.items[0])

    def release(self) -> None:
        """Forget the timer."""
        current.scheduler.timers.withdraw(self)
        super().release()

    def abandon(self) -> None:
        """Nobody waits any more: neither does it."""
        current.scheduler.timers.withdraw(self)
        super().abandon()

    def fire(self) -> None:
        """The time is over."""
        from hocket.runtime.scopes import timed_out

        member = self.member
        self.settle(REJECTED, timed_out(self.limit))
        self.withdraw_from_members()
        if isinstance(member, SpawnedTask) and not member.is_awaited:
            member.cancel()

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "async_timeout"


class Worker(Routine):
    """One of those who call the functions that `promise_all` was given with a limit."""

    __slots__ = ()

    def __init__(self, calls: deque[tuple[int, Any]], values: list[Any]) -> None:
        super().__init__(_work(calls, values), "promise_all")
        self.start()


async def _work(calls: deque[tuple[int, Any]], values: list[Any]) -> None:
    worker = running_task()
    inherited = worker.locals
    while calls:
        at, item = calls.popleft()
        worker.locals = inherited  # not what the call before has set
        values[at] = await (result_of(item) if callable(item) else result_of(item[0], *item[1]))


def _is_call(item: Any) -> bool:
    """Whether it is a function, or a pair of a function and its arguments."""
    if isinstance(item, list | tuple) and len(item) == 2:
        return callable(item[0]) and isinstance(item[1], list | tuple)
    return callable(item)


def promise_all(items: Iterable[Any], limit: int | None = None) -> Promise:
    """Return the promise of the values of `items` in order; plain values are allowed.

    The first rejection rejects it and withdraws from the others.  With `limit`, items
    that are functions without parameters or pairs `[f, args]` are called, at most
    `limit` at a time; promises run already.
    """
    if hasattr(items, "__aiter__"):
        return _gathered(items, lambda values: promise_all(values, limit))
    if limit is None:
        return All(items)
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise TypeError("expected an int")
    if limit < 1:
        raise errors.ValueError(f"promise_all() expects a limit of at least 1, got {limit}")
    values = [as_item(item) for item in items]
    calls = deque((at, item) for at, item in enumerate(values) if _is_call(item))
    workers = [Worker(calls, values) for _ in range(min(limit, len(calls)))]
    return Mapped(workers, values)


class Mapped(All):
    """Resolves with `values`, the promises among them settled, when `workers` have filled in the others."""

    __slots__ = ("values",)

    def __init__(self, workers: list[Worker], values: list[Any]) -> None:
        self.values = values
        super().__init__([*workers, *(value for value in values if isinstance(value, Promise))])

    def completed(self) -> None:
        """Resolve with the values."""
        values, self.values = self.values, []
        self.settle(RESOLVED, [value.result if isinstance(value, Promise) else value for value in values])


def promise_all_settled(items: Iterable[Any]) -> Promise:
    """Return the promise of `{status, value}` or `{status, error}` for each; it never rejects."""
    if hasattr(items, "__aiter__"):
        return _gathered(items, promise_all_settled)
    return AllSettled(items)


def promise_race(items: Iterable[Any]) -> Promise:
    """Return a promise that settles like the first to settle; the others go on.

    Raises ValueError when there are none.
    """
    return _gathered(items, promise_race) if hasattr(items, "__aiter__") else Race(items)


def promise_any(items: Iterable[Any]) -> Promise:
    """Return the promise of the first value; rejected with an AggregateError when all reject."""
    return _gathered(items, promise_any) if hasattr(items, "__aiter__") else First(items)


def promise_timeout(value: Any, ms: float) -> Promise:
    """Return a promise that settles like `value`, or with a TimeoutError after `ms` milliseconds.

    A task is then stopped if nobody else waits for it, a spawned one too.
    """
    return Limited(value, ms)


def promise_resolve(value: Any = None) -> Promise:
    """Return `value` if it is a promise, else one resolved with it."""
    known = as_promise(value)
    if known is not None:
        return known
    promise = Promise()
    promise.settle(RESOLVED, value)
    return promise


def outcome(item: Any) -> dict[str, Any]:
    """Return how a promise has settled, as a value of the language."""
    if not isinstance(item, Promise) or item.state is RESOLVED:
        return {"status": RESOLVED, "value": item.result if isinstance(item, Promise) else item}
    return {"status": item.state, "error": item.failure()}


def _gathered(items: Any, combine: Callable[[list[Any]], Promise]) -> Promise:
    """Collect a stream, then combine."""

    async def run() -> Any:
        return await combine(await everything(items))

    return Task(run(), "promises")


def gathered(items: Any, name: str) -> Promise:
    """Return the promise of what a stream gives until it ends."""
    return Task(everything(items), name)


class Completed(Stream):
    """What some promises give, each when it is there; what failed is raised.

    It waits for all of them from the beginning; closed, it gives up those that are pending.
    """

    __slots__ = ("arrival", "done", "pending", "source")

    passive: ClassVar[bool] = False
    claims: ClassVar[bool] = True
    is_task: ClassVar[bool] = False

    def __init__(self, items: Any) -> None:
        # Those that are there, in order; what is to be woken when there are none.
        self.done: deque[Any] = deque()
        # How often each was given.
        self.pending: dict[Promise, int] = {}
        self.arrival: Promise | None = None
        # A stream of promises, until it is gone through.
        self.source = items if hasattr(items, "__aiter__") else None
        if self.source is None:
            self.watch(items)

    def watch(self, items: Iterable[Any]) -> None:
        """Wait for all of `items`."""
        for item in [as_item(item) for item in items]:
            if isinstance(item, Promise) and item.state is PENDING:
                if item not in self.pending:
                    item.add(self)
                self.pending[item] = self.pending.get(item, 0) + 1
            else:
                self.done.append(item)
                if isinstance(item, Promise):
                    item.handled = CLAIMED

    def notify(self, promise: Promise) -> None:
        """One more is there."""
        self.done.extend([promise] * self.pending.pop(promise))
        self.wake()

    def wake(self) -> None:
        """Let those look again who found nothing there."""
        arrival, self.arrival = self.arrival, None
        if arrival is not None:
            arrival.resolve()

    async def __anext__(self) -> Any:
        if self.source is not None:
            source, self.source = self.source, None
            self.watch(await everything(source))
        while not self.done:
            if not self.pending:
                raise StopAsyncIteration
            self.arrival = self.arrival or Promise()
            await self.arrival
        item = self.done.popleft()
        if not isinstance(item, Promise):
            return item
        if item.state is RESOLVED:
            return item.result
        raise item.failure()

    async def aclose(self) -> None:
        """Give up those that are pending; a called task that nobody else waits for ends."""
        pending, self.pending = self.pending, {}
        for promise in pending:
            promise.withdraw(self)
        self.done.clear()
        self.wake()

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return "<generator as_completed>"
