"""Streams: what async generators, channels and intervals give, made into something else.

Each closes what it goes through when it has enough, and when it is closed itself. What runs
ahead of its loop (`buffer merge debounce`) does so in a task of its own, which has ended
before the loop's next statement.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from hocket.runtime import current
from hocket.runtime.ahead import Ahead
from hocket.runtime.channels import UNBOUNDED, Receiver
from hocket.runtime.registry import method
from hocket.runtime.selection import select
from hocket.runtime.streams import AsyncGenerator, Flow, Stream, Yield, stream
from hocket.runtime.tasks import result_of
from hocket.stdlib.channels import whole
from hocket.stdlib.time import milliseconds

Function = Callable[..., Any]


def map_(items: Any, f: Function) -> Stream:
    """Return the stream of `f(element)`, awaited if `f` is async."""

    async def body() -> None:
        async with aclosing(stream(items)) as source:
            async for element in source:
                await Yield(await result_of(f, element) if is_async(f) else f(element))

    return AsyncGenerator(body, "map")


def filter_(items: Any, f: Function) -> Stream:
    """Return the stream of the elements for which `f`, awaited if it is async, gives a true value."""

    async def body() -> None:
        async with aclosing(stream(items)) as source:
            async for element in source:
                if await result_of(f, element):
                    await Yield(element)

    return AsyncGenerator(body, "filter")


def take(items: Any, n: int) -> Stream:
    """Return the stream of the first `n` elements; the one behind them is not asked for."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError("expected an int")

    async def body() -> None:
        left = n
        async with aclosing(stream(items)) as source:
            while left > 0:
                try:
                    element = await anext(source)
                except StopAsyncIteration:
                    return
                left -= 1
                await Yield(element)

    return AsyncGenerator(body, "take")


def skip(items: Any, n: int) -> Stream:
    """Return the stream of the elements behind the first `n`."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError("expected an int")

    async def body() -> None:
        left = n
        async with aclosing(stream(items)) as source:
            async for element in source:
                left -= 1
                if left < 0:
                    await Yield(element)

    return AsyncGenerator(body, "skip")


def chunk(items: Any, n: int) -> Stream:
    """Return the stream of arrays of `n` elements; the last may be shorter."""

    async def body() -> None:
        part: list[Any] = []
        async with aclosing(stream(items)) as source:
            async for element in source:
                part.append(element)
                if len(part) == n:
                    await Yield(part)
                    part = []
        if part:
            await Yield(part)

    return AsyncGenerator(body, "chunk")


def zip_(a: Any, b: Any) -> Stream:
    """Return the stream of pairs of the elements at the same places, as many as the shorter has."""

    async def body() -> None:
        async with aclosing(stream(b)) as right, aclosing(stream(a)) as left:
            async for element in left:
                try:
                    other = await anext(right)
                except StopAsyncIteration:
                    return
                await Yield([element, other])

    return AsyncGenerator(body, "zip")


def enumerate_(items: Any) -> Stream:
    """Return the stream of pairs of index and element."""

    async def body() -> None:
        index = 0
        async with aclosing(stream(items)) as source:
            async for element in source:
                await Yield([index, element])
                index += 1

    return AsyncGenerator(body, "enumerate")


def is_async(f: Function) -> bool:
    """Whether a call of `f` gives a promise in any case."""
    return hasattr(f, "direct")


# Methods that only streams have


@method(Flow)
def merge(s: Flow, *others: Any) -> Stream:
    """Return the stream of the elements of all, in the order in which they come; it ends when all have.

    The first failure ends it.

    ```
    async func* ticks(name, ms) { for n in 1..=2 { await async_sleep(ms); yield "${name}${n}" } }
    for await tick in ticks("a", 20).merge(ticks("b", 30)) { print(tick) }
    # expect: a1
    # expect: b1
    # expect: a2
    # expect: b2
    ```
    """
    return Ahead([s, *others], 0, "merge")


@method(Flow)
def buffer(s: Flow, n: int) -> Stream:
    """Return the stream of the same elements, of which up to `n` are computed before they are asked for.

    ```
    async func* numbers() { for n in 1..=3 { print("made", n); yield n } }
    for await n in numbers().buffer(2) { await async_sleep(5); print("got", n) }
    # expect: made 1
    # expect: made 2
    # expect: made 3
    # expect: got 1
    # expect: got 2
    # expect: got 3
    ```
    """
    # One is in the hand of the task that runs ahead.
    return Ahead([s], whole("buffer", "number", n, 1) - 1, "buffer")


@method(Flow)
def throttle(s: Flow, ms: int | float) -> Stream:
    """Return the stream of the first element, and then of the first in each time of `ms` milliseconds after the last.

    ```
    async func* quick() { for n in 1..=3 { yield n; await async_sleep(1) } }
    print(await collect(quick().throttle(1m)))  # expect: [1]
    ```
    """
    window = round(milliseconds("throttle()", ms) * 1_000_000)

    async def body() -> None:
        until = None
        async with aclosing(stream(s)) as source:
            async for element in source:
                now = current.scheduler.clock.now()
                if until is None or now >= until:
                    until = now + window
                    await Yield(element)

    return AsyncGenerator(body, "throttle")


@method(Flow)
def debounce(s: Flow, ms: int | float) -> Stream:
    """Return the stream of the elements after which nothing comes for `ms` milliseconds, and of the last one.

    ```
    async func* typed() { for text in ["h", "he", "hey"] { yield text; await async_sleep(1) } }
    print(await collect(typed().debounce(1s)))  # expect: [hey]
    ```
    """
    quiet = round(milliseconds("debounce()", ms) * 1_000_000)

    ahead = Ahead([map_(s, lambda element: (now(), element))], UNBOUNDED, "debounce")

    async def body() -> None:
        async with aclosing(ahead) as stamped:
            last: tuple[int, Any] | None = None
            async for entry in stamped:
                last = entry
                while last is not None:
                    following = await next_within(stamped, last[0] + quiet - now())
                    if following is None or following[0] - last[0] >= quiet:
                        await Yield(last[1])
                    last = following

    return AsyncGenerator(body, "debounce")


async def next_within(stamped: Ahead, ns: int) -> tuple[int, Any] | None:
    """Return what comes within `ns` nanoseconds; None for nothing, or the end."""
    source = Receiver(stamped.pipe)
    won = await select("debounce", [source, source], ends=(1,), limit=max(0, ns) / 1e6)
    entry: tuple[int, Any] | None = won.value if won.cases == (0,) else None
    return entry


def now() -> int:
    """Return the nanoseconds of the session's clock."""
    return current.scheduler.clock.now()
