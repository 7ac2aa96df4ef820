"""`then` and its kin: functions that are called when a promise settles.

Each is a routine that waits for the promise from the moment it is made, so functions run
in order of registration, in turns of their own, in the cell that registered them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from inspect import CO_VARARGS
from types import MethodType
from typing import Any

from hocket import errors
from hocket.runtime.promise import AWAITED, CANCELLED, CLAIMED, PENDING, RESOLVED, Promise
from hocket.runtime.stops import Cancelled
from hocket.runtime.tasks import Routine, result_of
from hocket.runtime.values import type_name

Body = Callable[..., Coroutine[Any, Any, Any]]


class Chained(Routine):
    """The promise that `then` gives: no task for the program, and cancelled when nobody waits for it."""

    __slots__ = ()

    def __init__(self, promise: Promise, name: str, body: Body, *functions: Any) -> None:
        super().__init__(body(promise, *functions), name)
        if promise.state is PENDING:
            promise.add(self)
            self.waiting = promise
        else:
            promise.handled = promise.handled or AWAITED
            self.start()

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return f"a promise made by {self.name}"


class Callback(Chained):
    """What calls a function of `on_success` or `on_failure`; nobody holds it."""

    __slots__ = ()

    passive = True
    is_called = False

    def unattended(self) -> None:
        """Report the failure at once; it changes nothing else."""
        self.cell.scheduler.report_later(self)


def then(promise: Promise, on_value: Any, on_error: Any) -> Promise:
    """See `Promise.then`; one of the two functions may be null."""
    if on_value is None and on_error is not None:
        return Chained(promise, "catch", _then, None, checked("then", on_error))
    functions = checked("then", on_value), None if on_error is None else checked("then", on_error)
    return Chained(promise, "then", _then, *functions)


def catch(promise: Promise, on_error: Any) -> Promise:
    """See `Promise.catch`."""
    return Chained(promise, "catch", _then, None, checked("catch", on_error))


def finally_(promise: Promise, function: Any) -> Promise:
    """See `Promise.finally_`."""
    return Chained(promise, "finally", _finally, checked("finally", function))


def on_success(promise: Promise, function: Any) -> None:
    """See `Promise.on_success`."""
    _callback(promise, "on_success", _on_success, function)


def on_failure(promise: Promise, function: Any) -> None:
    """See `Promise.on_failure`."""
    _callback(promise, "on_failure", _on_failure, function)
    promise.handled = CLAIMED


def _callback(promise: Promise, name: str, body: Body, function: Any) -> None:
    handled = promise.handled
    Callback(promise, name, body, checked(name, function))
    promise.handled = handled


async def _then(promise: Promise, on_value: Any, on_error: Any) -> Any:
    if promise.state is RESOLVED:
        return promise.result if on_value is None else await answer(on_value, promise.result)
    if on_error is None:
        raise _unchanged(promise)
    return await answer(on_error, promise.failure())


async def _finally(promise: Promise, function: Any) -> Any:
    await answer(function)
    if promise.state is RESOLVED:
        return promise.result
    raise _unchanged(promise)


async def _on_success(promise: Promise, function: Any) -> None:
    if promise.state is RESOLVED:
        await answer(function, promise.result)


async def _on_failure(promise: Promise, function: Any) -> None:
    if promise.state is not RESOLVED:
        await answer(function, promise.failure())


def _unchanged(promise: Promise) -> BaseException:
    return Cancelled() if promise.state is CANCELLED else promise.failure()


def checked(name: str, function: Any) -> Any:
    """Return `function`; raises TypeError if it is none.  `name` is what was given it."""
    if callable(function):
        return function
    hint = None
    if isinstance(function, Promise) or function is None:
        hint = "give the function itself, without calling it: `f` or `x => f(x)`"
    raise errors.TypeError(f"{name}() expects a function, got {type_name(function)}", hint=hint)


async def answer(function: Any, *args: Any) -> Any:
    """Call a function of the program; one without parameters is called without the value."""
    return await result_of(function, *(() if takes(function) == 0 else args))


def takes(function: Any) -> int | None:
    """Return how many arguments by position a function of the program takes; None: any number."""
    plain = getattr(function, "__wrapped__", function)
    code = getattr(plain, "__code__", None)
    if code is None or code.co_flags & CO_VARARGS:
        return None
    return int(code.co_argcount) - isinstance(plain, MethodType)
