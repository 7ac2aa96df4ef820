"""What the functions of arrays make of generators: generators, which compute an element when it is asked for.

Each closes what it goes through when it has enough, and when it is closed itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from hocket.runtime.generators import close
from hocket.runtime.streams import AsyncGenerator, Stream, Yield, stream
from hocket.runtime.tasks import result_of

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


# Streams


def map_stream(items: Any, f: Function) -> Stream:
    """Return the stream of `f(element)`, awaited if `f` is async."""

    async def body() -> None:
        source = stream(items)
        try:
            async for element in source:
                await Yield(await result_of(f, element) if is_async(f) else f(element))
        finally:
            await source.aclose()

    return AsyncGenerator(body, "map")


def filter_stream(items: Any, f: Function) -> Stream:
    """Return the stream of the elements for which `f`, awaited if it is async, gives a true value."""

    async def body() -> None:
        source = stream(items)
        try:
            async for element in source:
                if await result_of(f, element):
                    await Yield(element)
        finally:
            await source.aclose()

    return AsyncGenerator(body, "filter")


def take_stream(items: Any, n: int) -> Stream:
    """Return the stream of the first `n` elements; the one behind them is not asked for."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError("expected an int")

    async def body() -> None:
        source = stream(items)
        left = n
        try:
            while left > 0:
                try:
                    element = await source.__anext__()
                except StopAsyncIteration:
                    return
                left -= 1
                await Yield(element)
        finally:
            await source.aclose()

    return AsyncGenerator(body, "take")


def is_async(f: Function) -> bool:
    """Whether a call of `f` gives a promise in any case."""
    return hasattr(f, "direct")
