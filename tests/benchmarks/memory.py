"""How many bytes what waits takes, by the allocator's own count."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

from hocket.session import Session

COUNT = 10_000

PROGRAM = """
async func task() { await async_sleep(60000) }
async func tasks() {
    let all := range({count}).map(n => task())
    await async_sleep(1)
    return all
}
async func sleeps() {
    let all := range({count}).map(n => async_sleep(60000))
    await async_sleep(1)
    return all
}
"""

Sizes = dict[str, tuple[float, float, float]]


def measured(count: int = COUNT) -> Sizes:
    """Return name -> (bytes in Hocket, in Python, at most wanted in Hocket)."""
    tasks, sleeps = asyncio.run(_hocket(count))
    theirs = asyncio.run(_python(count))
    return {"a sleeping task": (tasks, theirs, 1000), "a bare sleep": (sleeps, theirs, 350)}


async def _hocket(count: int) -> tuple[float, float]:
    async with Session(warn=lambda warning: None) as session:
        await session.run(PROGRAM.replace("{count}", str(count)))

        async def size(name: str) -> float:
            async def made() -> Any:
                return (await session.call(session.variables[name].direct(), name)).value

            return await _size(made, count)

        return await size("tasks"), await size("sleeps")


async def _python(count: int) -> float:
    async def task() -> None:
        await asyncio.sleep(60)

    async def made() -> Any:
        tasks = [asyncio.create_task(task()) for _ in range(count)]  # noqa: TID251  what ours are compared with
        await asyncio.sleep(0)
        return tasks

    return await _size(made, count)


async def _size(make: Callable[[], Any], count: int) -> float:
    """Return the bytes of each of the `count` things in the list that `make` gives."""
    for waiting in await make():  # what is made once is not counted
        waiting.cancel()
    await asyncio.sleep(0.1)
    gc.collect()
    tracemalloc.start()
    waiting = await make()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for each in waiting:
        each.cancel()
    await asyncio.sleep(0.1)
    return size / count
