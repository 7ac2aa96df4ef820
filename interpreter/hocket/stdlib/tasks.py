"""Promises and tasks.

What takes several promises takes plain values among them too.  Each `promise_…` is
also `Promise.…`: `Promise.all` and `promise_all` are one function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime import clock, promises, tasks
from hocket.runtime.current import current_scheduler, current_task
from hocket.runtime.promises import PENDING, Promise
from hocket.runtime.registry import builtin
from hocket.runtime.streams import Stream
from hocket.runtime.tasks import AsyncFunction, Suspending, Task
from hocket.runtime.values import name_type, type_name
from hocket.stdlib.collections import elements
from hocket.stdlib.time import milliseconds

name_type(Promise, "promise")
name_type(Task, "taskhandle")
name_type(AsyncFunction, "asyncfunction")
name_type(Suspending, "function")

_pool_size = 256


@builtin
def get_task_pool_size() -> int:
    """Return how many the fan-out functions run at a time unless told otherwise.

    ```
    print(get_task_pool_size())  # expect: 256
    ```
    """
    return _pool_size


@builtin
def set_task_pool_size(n: int) -> int:
    """Let the fan-out functions run `n` at a time unless told otherwise; returns what it was.

    ```
    print(get_task_pool_size())  # expect: 256
    set_task_pool_size(8)
    print(get_task_pool_size())  # expect: 8
    set_task_pool_size(256)
    ```
    """
    global _pool_size
    before = _pool_size
    _pool_size = fan_out_limit("set_task_pool_size", n)
    return before


def fan_out_limit(name: str, n: int | None) -> int:
    """Return `n`, by default the size of the pool, if it is a limit; `name` is the function that was given it."""
    if n is None:
        return _pool_size
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError("expected an int")
    if n < 1:
        raise errors.ValueError(f"{name}() expects a limit of at least 1, got {n}")
    return n


@builtin
def promise_all(promises_: Iterable[Any], limit: int | None = None) -> Promise:
    """Promise the values of all, in the order given.

    The first rejection rejects at once and withdraws from the others. With `limit`, elements that are
    functions without parameters or pairs `[function, arguments]` are called, at most `limit` at a time.

    ```
    async func double(x) { return x * 2 }
    print(await promise_all([double(1), double(2), 3]))  # expect: [2, 4, 3]
    ```
    """
    return promises.promise_all(promises_, limit)


@builtin
def promise_all_settled(promises_: Iterable[Any]) -> Promise:
    """Promise how each ended: `{status, value}` or `{status, error}`; never rejects.

    ```
    let ends := await promise_all_settled([1, Promise.reject("no")])
    print(ends[0].status, ends[1].status, ends[1].error.message)  # expect: resolved rejected no
    ```
    """
    return promises.promise_all_settled(promises_)


@builtin
def promise_race(promises_: Iterable[Any]) -> Promise:
    """Promise what the first to settle gives, value or error; the others go on.

    ```
    async func late() { sleep(50) }
    print(await promise_race([late(), promise_resolve("first")]))  # expect: first
    ```
    """
    return promises.promise_race(promises_)


@builtin
def promise_any(promises_: Iterable[Any]) -> Promise:
    """Promise the value of the first to resolve.

    Rejects with an AggregateError, with all of them in `errors`, when every one rejects.

    ```
    print(await promise_any([promise_reject("no"), promise_resolve("yes")]))  # expect: yes
    ```
    """
    return promises.promise_any(promises_)


@builtin
def promise_resolve(value: Any = None) -> Promise:
    """Return a promise that is resolved with `value`; what is a promise already is given back.

    ```
    print(await promise_resolve(5))  # expect: 5
    ```
    """
    return promises.promise_resolve(value)


@builtin
def promise_reject(error: Any) -> Promise:
    """Return a promise that is rejected with `error`, which may be a text.

    ```
    try { await promise_reject("no") } except e { print(e.message) }  # expect: no
    ```
    """
    return promises.promise_reject(error)


@builtin
def promise(executor: Callable[..., Any]) -> Promise:
    """Return a promise that `executor(resolve, reject)` settles; one that never rejects may take `resolve` alone.

    ```
    let p := promise(resolve => resolve(5))
    print(await p)  # expect: 5
    ```
    """
    if not callable(executor):
        raise TypeError("expected a function")
    return promises.promise(executor)


@builtin
def deferred() -> dict[str, Any]:
    """Return `{promise, resolve, reject}`: a promise, and the functions that settle it once.

    ```
    let gate := deferred()
    spawn { gate.resolve("open") }
    print(await gate.promise)  # expect: open
    ```
    """
    return promises.deferred()


@builtin
def async_timeout(work: Any, ms: int | float) -> Promise:
    """Promise what `work` promises, if it comes within `ms` milliseconds.

    Otherwise rejects with a TimeoutError, with the field `limit`, and stops `work` if nobody else waits for it.

    ```
    try {
        await async_timeout(async_sleep(1000), 20)
    } except TimeoutError e { print(e.message) }  # expect: Timeout after 20ms
    ```
    """
    return promises.promise_timeout(work, milliseconds("async_timeout()", ms))


@builtin
def as_completed(promises_: Iterable[Any]) -> Stream:
    """Return what the promises give in the order in which they settle, for `for await`; a failure is raised.

    A loop that is left before its end gives up the others.

    ```
    async func after(ms) { await async_sleep(ms); return ms }
    for await ms in as_completed([after(20), after(10)]) { print(ms) }
    # expect: 10
    # expect: 20
    ```
    """
    return promises.Completed(promises_)


class _Others:
    """Waits for the tasks of a cell, without answering for their failures, but not for who waits for `me`."""

    passive: ClassVar[bool] = True
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, me: Any) -> None:
        self.me = me
        self.over = Promise()
        self.watched: set[Task] = set()
        self.pending: set[Task] = set()
        self.dependents: set[Any] = set()
        self.renew()

    def renew(self) -> None:
        """Wait for all that run now; over when there are none."""
        self.dependents = _dependents(self.me)
        # A task is told to have ended before its owner forgets it.
        running = [task for task in current_scheduler().tasks() if task.state is PENDING]
        self.pending = {task for task in running if task.cell is self.me.cell and task not in self.dependents}
        for task in self.pending - self.watched:
            self.watched.add(task)
            task.add(self)
        if not self.pending:
            self.over.resolve()

    def notify(self, promise: Promise) -> None:
        """One of them has ended."""
        self.pending.discard(promise)
        if not self.pending and self.over.state is PENDING:
            self.renew()

    def look(self) -> None:
        """Do not wait for who has come to wait for `me` meanwhile."""
        dependents = _dependents(self.me)
        if dependents != self.dependents and self.over.state is PENDING:
            self.renew()

    def leave(self) -> None:
        """Wait no more."""
        for task in self.watched:
            task.detach(self)


def _dependents(promise: Promise) -> set[Any]:
    """Return `promise` and everything that waits for it."""
    found: set[Any] = set()
    left: list[Any] = [promise]
    while left:
        waiter = left.pop()
        if waiter not in found:
            found.add(waiter)
            left += getattr(waiter, "waiters", None) or ()
            left += [waiter.promise] if hasattr(waiter, "promise") else ()
            scope = getattr(waiter, "owner", None)
            task = getattr(scope, "task", None)
            left += [task] if task is not None and task.waiting is scope else ()
    return found


@builtin
async def await_all(promises_: Iterable[Any] | None = None) -> Any:
    """Wait for every task of the cell but the running one and those that wait for it.

    A failure stays what it was: unawaited. With promises it is `promise_all`.

    ```
    spawn { print("working") }
    await await_all()
    print("done")
    # expect: working
    # expect: done
    ```
    """
    if promises_ is not None:
        return await promises.promise_all(promises_)
    scheduler, others = current_scheduler(), _Others(current_task())
    scheduler.when_idle.append(others.look)
    try:
        await others.over
    finally:
        scheduler.when_idle.remove(others.look)
        others.leave()


def _limit(name: str, a: Any, f: Any, limit: int | None = None) -> None:
    if isinstance(limit, int):  # else its type is wrong, which the annotation tells
        fan_out_limit(name, limit)


@builtin(aliases=("par_map",), check=partial(_limit, "parallel_map"))
async def parallel_map(a: list[Any], f: Callable[..., Any], limit: int | None = None) -> list[Any]:
    """Return `f(element)` for each element, in order, running at most `limit` (256) at a time.

    The first failure is raised and the others are stopped.

    ```
    async func double(x) { return x * 2 }
    print(await parallel_map([1, 2, 3], double, 2))  # expect: [2, 4, 6]
    ```
    """
    return await _fan_out("parallel_map", a, f, limit)


async def _fan_out(name: str, a: list[Any], f: Callable[..., Any], limit: int | None) -> list[Any]:
    if not callable(f):
        raise TypeError("expected a function")
    calls = [[f, [element]] for element in elements(a)]
    return await promises.promise_all(calls, fan_out_limit(name, limit))  # type: ignore[no-any-return]


@builtin(aliases=("par_each",), check=partial(_limit, "parallel_each"))
async def parallel_each(a: list[Any], f: Callable[..., Any], limit: int | None = None) -> None:
    """Call `f` with each element, running at most `limit` (256) at a time, and wait for all.

    ```
    await parallel_each([1, 2], async x => print(x), 1)
    # expect: 1
    # expect: 2
    ```
    """
    await _fan_out("parallel_each", a, f, limit)


@builtin
async def yield_now() -> None:
    """Let everything that is ready run once.

    ```
    spawn { print("other") }
    await yield_now()
    print("me")
    # expect: other
    # expect: me
    ```
    """
    await clock.yield_now()


@builtin
def spawn_task(f: Callable[..., Any], *arguments: Any) -> Task:
    """Start `f(...arguments)` as a task of its own, as `spawn` does, and return the task.

    ```
    async func add(a, b) { return a + b }
    print(await spawn_task(add, 1, 2))  # expect: 3
    ```
    """
    if not callable(f):
        raise TypeError("expected a function")
    return tasks.spawn(f, *arguments)


def _task(name: str, task: Any) -> Task:
    if not isinstance(task, Task):
        raise errors.TypeError(f"{name}() expects a task, got {type_name(task)}", hint="`spawn` gives a task")
    return task


@builtin(check=partial(_task, "await_task"))
async def await_task(task: Promise) -> Any:
    """Wait for `task` and return its value.

    ```
    print(await await_task(spawn promise_resolve(5)))  # expect: 5
    ```
    """
    return await _task("await_task", task)


@builtin
def cancel_task(task: Task) -> bool:
    """Cancel `task`; whether this call ends it: false if it had ended or was being cancelled.

    ```
    let t := spawn async_sleep(60000)
    print(cancel_task(t), cancel_task(t))                        # expect: true false
    try { await t } except CancelledError e { print(e.message) }  # expect: Task was cancelled
    ```
    """
    return _task("cancel_task", task).cancel()
