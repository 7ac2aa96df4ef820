"""What can be awaited, as what the scheduler drives."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator
from types import CoroutineType
from typing import Any

from hocket.runtime.promise import Promise


def as_coroutine(awaitable: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    """Return `awaitable` as something with `send` and `throw`."""
    return awaitable if type(awaitable) is CoroutineType else follow(awaitable)


async def follow(awaitable: Awaitable[Any]) -> Any:
    """Await."""
    return await awaitable


class Value:
    """An awaitable that gives `value` without waiting."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.value
        yield


def lift(value: Any) -> Awaitable[Any]:
    """Return what `await value` waits for: a promise, a Python awaitable, else the value itself."""
    if isinstance(value, Promise):
        return value
    if hasattr(value, "__await__"):
        from hocket.runtime.guests import python

        return python(value)
    return Value(value)


def discard(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Close a coroutine that will not go on; what its `finally` blocks raise is lost."""
    try:
        coroutine.close()
    except BaseException:  # noqa: BLE001  RuntimeError of one that awaits while it is closed, or anything else
        return
