"""Promises as programs and the library make them: by hand, and out of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocket import errors
from hocket.runtime.chaining import takes
from hocket.runtime.combinators import (
    Completed,
    promise_all,
    promise_all_settled,
    promise_any,
    promise_race,
    promise_resolve,
    promise_timeout,
)
from hocket.runtime.current import caller
from hocket.runtime.promise import CANCELLED, PENDING, REJECTED, RESOLVED, Promise

__all__ = [
    "CANCELLED",
    "Completed",
    "PENDING",
    "REJECTED",
    "RESOLVED",
    "Promise",
    "deferred",
    "promise",
    "promise_all",
    "promise_all_settled",
    "promise_any",
    "promise_race",
    "promise_reject",
    "promise_resolve",
    "promise_timeout",
]


def promise_reject(value: Any = None) -> Promise:
    """Return a promise rejected with `value`, which becomes an error if it is none."""
    promise = Promise()
    promise.reject(thrown(value))
    return promise


def promise(function: Any) -> Promise:
    """Return the promise that `function(resolve, reject)` settles; a call of a settled one does nothing.

    A function of fewer parameters is called with as many.  What `function` throws rejects it.
    """
    made = Promise()
    resolve, reject = settlers(made, is_strict=False)
    try:
        result = function(*(resolve, reject)[: takes(function)])
    except Exception as error:
        reject(error)
    else:
        if isinstance(result, Promise):
            result.then(None, reject)
    return made


def deferred() -> dict[str, Any]:
    """Return `{promise, resolve, reject}`; settling it a second time is an error."""
    made = Promise()
    resolve, reject = settlers(made, is_strict=True)
    return {"promise": made, "resolve": resolve, "reject": reject}


def settlers(made: Promise, is_strict: bool) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return `resolve` and `reject` of a promise: the first call of one counts, another is an error if `is_strict`."""
    is_decided = False

    def decide(settle: Callable[[Any], None], value: Any) -> None:
        nonlocal is_decided
        if not is_decided:
            is_decided = True
            settle(value)
        elif is_strict:
            raise errors.Error("promise is already settled")

    def resolve(value: Any = None) -> None:
        decide(made.resolve, value)

    def reject(value: Any = None) -> None:
        decide(made.reject, thrown(value))

    return resolve, reject


def thrown(value: Any) -> BaseException:
    """Return `value` as an error that begins here, if it is none."""
    if isinstance(value, BaseException):
        return value
    from hocket.runtime.operators import throw

    error = throw(value)
    code, instruction = caller()
    if code is not None:
        error.trace.append(errors.Site(code, instruction))
    return error
