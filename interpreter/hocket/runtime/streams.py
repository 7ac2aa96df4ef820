"""Streams: what `for await` goes through.

An async generator runs in the task of whoever takes its values, as a function does that is
awaited directly.  Its body is a coroutine: `yield x` awaits a `Yield`, which reaches the
`Step` that drives the body, while what the body waits for goes on to the scheduler.
Python's own async generators would be registered with asyncio, which then closes them in
a task of its own.

A loop that is left, however, closes its stream before anything else runs.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import aclosing
from typing import Any, ClassVar, cast

from hocket import errors
from hocket.runtime.awaiting import discard, lift
from hocket.runtime.generators import close, yields_when_closed
from hocket.runtime.guests import python
from hocket.runtime.operators import iterate, iterate_pairs


class Flow:
    """What `for await` goes through: a stream, or what gives one."""

    __slots__ = ()

    def __aiter__(self) -> Stream:
        raise NotImplementedError


class Stream(Flow):
    """An async iterator of ours; `aclose` is always there, and may come at any time."""

    __slots__ = ()

    members: ClassVar[frozenset[str]] = frozenset()
    """What a program sees of it beside the library's methods."""

    def __aiter__(self) -> Stream:
        return self

    def __anext__(self) -> Awaitable[Any]:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Let go of what it goes through; nothing when that is used up."""

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<generator {type(self).__name__.lower()}>"


class Yield:
    """What an async generator awaits to give `value` away."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, None]:
        return cast("Generator[Any, Any, None]", iter((self,)))  # C's iterator, the cheapest there is


class AsyncGenerator(Stream):
    """What a call of an `async func*` gives; `start()` makes its body."""

    __slots__ = ("body", "is_running", "name", "start")

    # None before it begins and once it has ended.
    body: Coroutine[Any, Any, Any] | None
    # None once it has begun.  Made no sooner: Python complains of a coroutine that never runs.
    start: Callable[[], Coroutine[Any, Any, Any]] | None

    def __init__(self, start: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        self.start = start
        self.name = name
        self.body = None
        # Whether its body is computing or waiting, so not at a `yield`.
        self.is_running = False

    def __anext__(self) -> Step:
        return Step(self, None)

    def aclose(self) -> Step:  # type: ignore[override]  # awaitable as well
        """Run the `finally` blocks around the `yield` at which it stands; they may wait."""
        stop = GeneratorExit()
        stop.__context__ = sys.exception()  # as Python's own would have
        return Step(self, stop)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<generator {self.name}>"


class Step:
    """One go of an async generator's body: to its next `yield`, or, when it `closes` it, to its end."""

    __slots__ = ("closes", "error", "generator", "has_begun")

    # What is to be raised in the body next.
    error: BaseException | None

    def __init__(self, generator: AsyncGenerator, stop: GeneratorExit | None) -> None:
        self.generator = generator
        self.error = stop
        self.closes = stop is not None
        self.has_begun = False

    def __await__(self) -> Generator[Any, Any, Any]:
        return cast("Generator[Any, Any, Any]", self)

    def __iter__(self) -> Step:
        return self

    @property
    def gi_yieldfrom(self) -> Coroutine[Any, Any, Any] | None:
        """The body, where the task that awaits this stands."""
        return self.generator.body

    def __next__(self) -> Any:
        generator = self.generator
        body = generator.body if self.has_begun else self.begin()
        if body is None:
            raise self.end()
        error, self.error = self.error, None
        try:
            out = body.send(None) if error is None else body.throw(error)
        except BaseException as why:  # noqa: BLE001  told to the awaiter
            generator.is_running, generator.body = False, None
            body.close()  # where there was no room for it on the stack, it has not begun
            if isinstance(why, StopIteration | GeneratorExit):
                raise self.end() from None
            if isinstance(why, StopAsyncIteration):  # a Python library's, and not the end of ours
                raise errors.PythonError("StopAsyncIteration: the iterator has no more elements") from None
            raise
        if type(out) is not Yield:
            return out
        generator.is_running = False
        if self.closes:
            raise yields_when_closed()
        raise StopIteration(out.value)

    def begin(self) -> Coroutine[Any, Any, Any] | None:
        """Return the body, None when there is nothing to do; raises ValueError when another step is under way."""
        self.has_begun = True
        generator = self.generator
        if generator.is_running:
            if self.closes:  # whoever is in it will
                return None
            raise errors.ValueError("the generator is running already", hint="one loop at a time can go through it")
        start, generator.start = generator.start, None
        if start is not None and not self.closes:
            generator.body = start()
        generator.is_running = generator.body is not None
        return generator.body

    def end(self) -> Exception:
        """Return what tells the awaiter that there is nothing more."""
        return StopIteration() if self.closes else StopAsyncIteration()

    def send(self, value: None) -> Any:
        """Go on with the body."""
        return next(self)

    def throw(self, error: BaseException, *_: Any) -> Any:
        """Raise in the body what is raised in the task that awaits this."""
        if self.generator.body is None:
            raise error
        self.error = error
        return next(self)

    def close(self) -> None:
        """The task is broken off: so is the body."""
        body = self.generator.body
        if self.has_begun and body is not None:
            self.generator.body = None
            discard(body)


class Awaited(Stream):
    """The elements of an array, or of anything that is no stream: each is awaited in its turn."""

    __slots__ = ("items",)

    def __init__(self, items: Iterator[Any]) -> None:
        self.items = items

    async def __anext__(self) -> Any:
        try:
            item = next(self.items)
        except StopIteration:
            raise StopAsyncIteration from None
        return await lift(item)

    async def aclose(self) -> None:
        """Close a generator."""
        close(self.items)


class AwaitedPairs(Awaited):
    """As `Awaited`, of pairs whose second is awaited."""

    __slots__ = ()

    async def __anext__(self) -> Any:
        try:
            first, second = next(self.items)
        except StopIteration:
            raise StopAsyncIteration from None
        return first, await lift(second)


class Foreign(Stream):
    """An async iterator of a Python library."""

    __slots__ = ("items",)

    def __init__(self, items: AsyncIterator[Any]) -> None:
        self.items = items

    async def __anext__(self) -> Any:
        return await python(self.items.__anext__())

    async def aclose(self) -> None:
        """Close a Python generator."""
        closing = getattr(self.items, "aclose", None)
        if closing is not None:
            await python(closing())


class Numbered(Stream):
    """Pairs of index and element."""

    __slots__ = ("count", "items")

    def __init__(self, items: Stream) -> None:
        self.items = items
        self.count = -1

    async def __anext__(self) -> Any:
        value = await self.items.__anext__()
        self.count += 1
        return self.count, value

    async def aclose(self) -> None:
        """Close the stream."""
        await self.items.aclose()


def stream(value: Any) -> Stream:
    """Return what `for await x in value` goes through."""
    if isinstance(value, Flow):
        return value.__aiter__()
    if hasattr(value, "__aiter__"):
        return Foreign(value.__aiter__())
    return Awaited(iter(iterate(value)))


def stream_pairs(value: Any) -> Stream:
    """Return what `for await a, b in value` goes through."""
    if hasattr(value, "__aiter__"):
        return Numbered(stream(value))
    return AwaitedPairs(iter(iterate_pairs(value)))


async def everything(value: Any) -> list[Any]:
    """Return what the stream `value` gives until it ends."""
    async with aclosing(stream(value)) as items:
        return [item async for item in items]


def async_generator(check: Callable[..., None]) -> Callable[[Any], Callable[..., AsyncGenerator]]:
    """Return the decorator of the coroutine function of an `async func*`; `check` looks at the arguments of a call."""

    def decorate(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., AsyncGenerator]:
        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> AsyncGenerator:
            check(*args, **named)
            return AsyncGenerator(functools.partial(function, *args, **named), function.__name__)

        return call

    return decorate
