"""What the functions of arrays make of generators: generators, which compute an element when it is asked for.

Each closes what it goes through when it has enough, and when it is closed itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from hocket.runtime.generators import close

Function = Callable[..., Any]


def map_(items: Iterator[Any], f: Function) -> Iterator[Any]:
    """Yield `f(element)`."""
    try:
        for element in items:
            yield f(element)
    finally:
        close(items)


def filter_(items: Iterator[Any], f: Function) -> Iterator[Any]:
    """Yield the elements for which `f` gives a true value."""
    try:
        for element in items:
            if f(element):
                yield element
    finally:
        close(items)


def take(items: Iterator[Any], n: int) -> Iterator[Any]:
    """Yield the first `n` elements; the one behind them is not asked for."""
    try:
        yield from islice(items, max(0, n))
    finally:
        close(items)


def skip(items: Iterator[Any], n: int) -> Iterator[Any]:
    """Yield the elements behind the first `n`."""
    try:
        yield from islice(items, max(0, n), None)
    finally:
        close(items)


def chunk(items: Iterator[Any], n: int) -> Iterator[Any]:
    """Yield arrays of `n` elements; the last may be shorter."""
    try:
        while part := list(islice(items, n)):
            yield part
    finally:
        close(items)


def zip_(a: Iterable[Any], b: Iterable[Any]) -> Iterator[Any]:
    """Yield pairs of the elements at the same places, as many as the shorter has."""
    try:
        for pair in zip(a, b, strict=False):
            yield list(pair)
    finally:
        try:
            close(a)
        finally:
            close(b)


def enumerate_(items: Iterator[Any]) -> Iterator[Any]:
    """Yield pairs of index and element."""
    try:
        for i, element in enumerate(items):
            yield [i, element]
    finally:
        close(items)


class through:  # noqa: N801  reads as a word: `with through(a) as items`
    """The elements of `a` for the length of a block that may need only some; a generator is closed at its end."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = items

    def __enter__(self) -> Iterable[Any]:
        return self.items

    def __exit__(self, *_: object) -> None:
        close(self.items)
