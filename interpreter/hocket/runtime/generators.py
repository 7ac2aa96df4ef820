"""Generators: Python's own, made by `func*`.

A loop that is left, however, closes the generator that it went through, before anything
else runs: its `finally` blocks do not wait for the collector, and what they raise is seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import GeneratorType
from typing import Any, TypeGuard

from hocket import errors

RUNNING = "the generator is running already: it cannot go through itself"


def close(items: Any) -> None:
    """Close `items` if it is a generator, so that its `finally` blocks run now; else do nothing."""
    if type(items) is not GeneratorType or items.gi_running:
        return
    try:
        items.close()
    except RuntimeError as error:
        if "ignored GeneratorExit" not in str(error):
            raise
        raise yields_when_closed() from None


def yields_when_closed() -> errors.Error:
    """Return the error of a generator that does not let itself be closed."""
    hint = "nobody takes values any more when its `finally` runs because a loop was left"
    return errors.Error("a generator cannot `yield` while it is closed", hint=hint)


def is_lazy(items: Any) -> TypeGuard[Iterator[Any]]:
    """Whether `items` makes its elements one after the other, and only once."""
    return hasattr(items, "__next__")


def numbered(items: Iterator[Any]) -> Iterator[Any]:
    """Yield pairs of index and element; closes `items` when it is closed itself."""
    try:
        yield from enumerate(items)
    finally:
        close(items)


def first_of(items: Iterator[Any], count: int) -> list[Any]:
    """Return the first `count` elements, or as many as there are, and close `items`."""
    try:
        return list(islice(items, count))
    finally:
        close(items)


def checked(check: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., Iterable[Any]]]:
    """Return the decorator of a generator function whose arguments `check` looks at when it is called."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Iterable[Any]]:
        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            check(*args, **named)
            return function(*args, **named)

        return call

    return decorate
