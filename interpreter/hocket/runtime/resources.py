"""What `with` holds for the length of its block.

The library's own resources are context managers in Python's sense: a lock, which may have
to wait, has `__aenter__` and `__aexit__`; what never waits has `__enter__` and
`__exit__`; what can do both has both.  Nothing else is asked of them.

A struct is closed by its method `close`, a generator by being ended.  Context managers of
Python's libraries see a stop of the task as asyncio's CancelledError, and cannot hold it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import GeneratorType, TracebackType
from typing import Any

from hocket import errors
from hocket.runtime import current, generators, structs
from hocket.runtime.guests import python
from hocket.runtime.operators import AWAIT_IT, operand
from hocket.runtime.stops import Cancelled
from hocket.runtime.streams import Stream
from hocket.runtime.structs import Struct
from hocket.runtime.tasks import AsyncFunction, result_of

Kind = type[BaseException] | None
Trace = TracebackType | None


def held(value: Any) -> Any:
    """Return the Python context manager for `with value` in an async context, for `async with`.

    Raises TypeError for what cannot be closed.
    """
    cls = type(value)
    if is_manager(cls, "a"):
        return value if is_own(cls) else AsyncManager(value)
    if is_manager(cls, ""):
        return Manager(value)
    if isinstance(value, Stream):
        return Closing(value, value.aclose)
    return Closing(value, closer(value))


def held_now(value: Any) -> Any:
    """Return the Python context manager for `with value` in a plain function, for `with`.

    Raises TypeError for what cannot be closed, or waits when it is.
    """
    cls = type(value)
    if is_manager(cls, ""):
        return value if is_own(cls) else Manager(value)
    if is_manager(cls, "a") or isinstance(value, Stream):
        raise waits(operand(value))
    close = closer(value)
    if isinstance(close, AsyncFunction):
        raise waits(operand(value))
    return Closing(value, close)


def is_manager(cls: type, prefix: str) -> bool:
    """Whether values of `cls` are Python context managers, with the prefix `a` async ones."""
    return hasattr(cls, f"__{prefix}enter__") and hasattr(cls, f"__{prefix}exit__")


def is_own(cls: type) -> bool:
    """Whether `cls` is the library's, so that it waits as the language does."""
    return cls.__module__.startswith("hocket.")


def closer(value: Any) -> Callable[[], Any]:
    """Return what ends the use of `value`."""
    if isinstance(value, Struct):
        method = type(value).__methods__.get("close")
        if method is not None:
            return structs.bound(method, value)
        raise unclosable(value, f"give {type(value).__name__} a method `func close(self) {{ … }}`")
    if isinstance(value, GeneratorType):
        return lambda: generators.close(value)
    raise unclosable(
        value, AWAIT_IT if hasattr(value, "__await__") else "a lock, a file, or a struct with a method `close`"
    )


def unclosable(value: Any, hint: str) -> errors.TypeError:
    """Return the error for what cannot be closed."""
    return errors.TypeError(f"`with` needs something to close, got {operand(value)}", hint=hint)


def waits(name: str) -> errors.TypeError:
    """Return the error for a `with` that would have to wait in a plain function."""
    hint = "make the function around it async"
    return errors.TypeError(f"`with` of {name} waits, which a plain function cannot", hint=hint)


class Closing:
    """A value whose use ends with a call."""

    __slots__ = ("close", "value")

    def __init__(self, value: Any, close: Callable[[], Any]) -> None:
        self.value = value
        self.close = close

    def __enter__(self) -> Any:
        return self.value

    def __exit__(self, kind: Kind, error: BaseException | None, traceback: Trace) -> None:
        try:
            self.close()
        except Exception as failure:
            overrule(failure, error)

    async def __aenter__(self) -> Any:
        return self.value

    async def __aexit__(self, kind: Kind, error: BaseException | None, traceback: Trace) -> None:
        try:
            await result_of(self.close)
        except Exception as failure:
            overrule(failure, error)


class Manager:
    """A context manager of a Python library."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __enter__(self) -> Any:
        return type(self.value).__enter__(self.value)

    def __exit__(self, kind: Kind, error: BaseException | None, traceback: Trace) -> bool:
        seen = as_seen(error)
        try:
            swallows = type(self.value).__exit__(self.value, seen and type(seen), seen, traceback)
        except (Exception, asyncio.CancelledError) as failure:
            overrule(failure, error)
            return False
        return bool(swallows) and not isinstance(error, Cancelled)

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, kind: Kind, error: BaseException | None, traceback: Trace) -> bool:
        return self.__exit__(kind, error, traceback)


class AsyncManager:
    """An async context manager of a Python library."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    async def __aenter__(self) -> Any:
        return await python(type(self.value).__aenter__(self.value))

    async def __aexit__(self, kind: Kind, error: BaseException | None, traceback: Trace) -> bool:
        seen = as_seen(error)
        try:
            swallows = await python(type(self.value).__aexit__(self.value, seen and type(seen), seen, traceback))
        except (Exception, asyncio.CancelledError) as failure:
            overrule(failure, error)
            return False
        return bool(swallows) and not isinstance(error, Cancelled)


def as_seen(error: BaseException | None) -> BaseException | None:
    """Return what a Python library is told of the end of a block."""
    return asyncio.CancelledError() if isinstance(error, Cancelled) else error


def overrule(failure: BaseException, error: BaseException | None) -> None:
    """Raise what the end of a block failed with, unless the task is being stopped: that goes on, and keeps it."""
    if not isinstance(error, Cancelled):
        raise failure
    if isinstance(failure, Exception) and not isinstance(failure, errors.CancelledError):
        error.others.append(current.current_scheduler().as_error(failure))
