"""Timers: what happens later, or again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocket import errors
from hocket.runtime.chaining import checked
from hocket.runtime.clock import sleep
from hocket.runtime.registry import builtin
from hocket.runtime.tasks import SpawnedTask, Task, result_of
from hocket.runtime.timers import Interval, Timer
from hocket.runtime.values import name_type
from hocket.stdlib.time import milliseconds

name_type(Interval, "interval")


@builtin
def timer(ms: int | float) -> Timer:
    """Return a promise that resolves with null after `ms` milliseconds; `cancel()` rejects it before.

    It keeps no program alive.

    ```
    let t := timer(1h)
    print(t.cancel(), t.cancel(), t.state)  # expect: true false cancelled
    print(await timer(5))                   # expect: null
    ```
    """
    return Timer(milliseconds("timer()", ms))


@builtin
def after(ms: int | float, f: Callable[..., Any]) -> Task:
    """Call `f()` after `ms` milliseconds, in a task of its own; return the task, which `cancel()` ends.

    ```
    let t := after(5, () => "called")
    print(await t)                       # expect: called
    print(after(1h, () => 1).cancel())   # expect: true
    ```
    """
    ms = milliseconds("after()", ms)
    checked("after", f)
    return SpawnedTask(_after(ms, f), getattr(f, "__name__", "after"))


async def _after(ms: float, f: Callable[..., Any]) -> Any:
    await sleep(ms)
    return await result_of(f)


@builtin
def interval(ms: int | float) -> Interval:
    """Return a tick every `ms` milliseconds, for `for await`; `cancel()` ends it, and so does leaving the loop.

    A tick is `{n, at, missed}`: its number from 1, the milliseconds since the interval began, and how many ticks
    were skipped before it because nobody waited for them. Ticks stay on the grid.

    ```
    for await tick in interval(5) {
        print(tick.n, tick.at >= tick.n * 5)
        if tick.n == 2 { break }
    }
    # expect: 1 true
    # expect: 2 true
    ```
    """
    if milliseconds("interval()", ms) == 0:
        raise errors.ValueError("interval() expects more than 0 milliseconds, got 0")
    return Interval(ms)
