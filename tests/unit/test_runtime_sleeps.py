"""Sleeps that no coroutine carries out; and what is left of what has ended."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref
from typing import Any

import pytest

from hocket import errors
from hocket.runtime.clock import VirtualClock, sleep, yield_now
from hocket.runtime.loop import Scheduler
from hocket.runtime.promise import CANCELLED, RESOLVED
from hocket.runtime.promises import promise_all_settled
from hocket.runtime.sleeps import Sleep
from hocket.runtime.tasks import SpawnedTask


def test_a_sleep_holds_the_program_until_its_time() -> None:
    made: list[Sleep] = []

    async def main() -> None:
        made.append(Sleep(50))

    async def host() -> int:
        scheduler = Scheduler(clock=VirtualClock())
        await scheduler.finish(scheduler.start(main(), "cell 1"))
        await scheduler.drain()
        passed = scheduler.clock.now()
        await scheduler.close()
        return passed

    assert asyncio.run(host()) == 50_000_000
    assert made[0].state is RESOLVED


def test_a_sleep_is_cancelled_with_its_cell(world: Any) -> None:
    made: list[Sleep] = []

    async def main() -> None:
        made.append(Sleep(60_000))

    world.run(main)
    assert made[0].state is CANCELLED
    assert world.scheduler.count == 0
    assert world.scheduler.timers.next() is None


def test_a_settled_sleep_cannot_be_cancelled(world: Any) -> None:
    async def main() -> list[bool]:
        made = Sleep(60_000)
        return [made.cancel(), made.cancel()]

    assert world.run(main) == [True, False]


class SeenSleep(Sleep):
    __slots__ = ("__weakref__",)


class SeenTask(SpawnedTask):
    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("end", ["cancelled", "resolved", "failed"])
def test_nothing_is_left_of_what_has_ended(world: Any, end: str) -> None:
    async def work() -> None:
        await sleep(60_000 if end == "cancelled" else 0)
        if end == "failed":
            raise errors.Error("failed")

    async def main() -> list[Any]:
        made: list[Any] = [SeenTask(work(), "work") for _ in range(50)]
        made += [SeenSleep(60_000 if end == "cancelled" else 0) for _ in range(50)]
        left = [weakref.ref(each) for each in made]
        await yield_now()
        if end == "cancelled":
            for each in made:
                each.cancel()
            del each
        await promise_all_settled(made)
        del made
        gc.collect()
        return [reference() for reference in left if reference() is not None]

    assert world.run(main) == []


def test_a_bare_sleep_takes_less_than_350_bytes(world: Any) -> None:
    async def main() -> float:
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            sleeps = [Sleep(60_000) for _ in range(2000)]
            return (tracemalloc.get_traced_memory()[0] - before) / len(sleeps)
        finally:
            tracemalloc.stop()

    assert world.run(main) < 350
