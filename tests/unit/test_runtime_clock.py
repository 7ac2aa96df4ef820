"""Timers, real and virtual."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from hocket import errors, host
from hocket.runtime.awaiting import lift
from hocket.runtime.clock import Timers, VirtualClock, nanoseconds, sleep
from hocket.runtime.current import current_scheduler
from hocket.runtime.promises import promise_all
from hocket.runtime.tasks import spawn
from hocket.runtime.threads import in_thread
from hocket.session import Session


class Target:
    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name, self.timer = log, name, 0

    def fire(self) -> None:
        self.log.append(self.name)


def test_timers_fire_by_time_then_in_the_order_in_which_they_were_set() -> None:
    log: list[str] = []
    clock = VirtualClock()
    timers = Timers(clock)
    for name, ms in (("b", 5), ("c", 5), ("a", 1), ("d", 9)):
        timers.push(ms * 1_000_000, Target(log, name))
    clock.jump(5_000_000)
    timers.fire()
    assert log == ["a", "b", "c"]
    assert timers.next() == 9_000_000


def test_withdrawn_timers_never_fire_and_do_not_pile_up() -> None:
    log: list[str] = []
    timers = Timers(VirtualClock())
    kept = Target(log, "kept")
    timers.push(0, kept)
    for _ in range(10_000):
        target = Target(log, "withdrawn")
        timers.push(0, target)
        timers.withdraw(target)
        timers.withdraw(target)
    assert len(timers._heap) < 200
    timers.fire()
    assert log == ["kept"]
    assert timers.next() is None


def test_lengths_of_time_are_whole_nanoseconds() -> None:
    assert [nanoseconds(ms) for ms in (0.1, 1, 0.0000004)] == [100_000, 1_000_000, 0]
    for wrong in (float("inf"), float("nan")):
        with pytest.raises(errors.ValueError, match="not a length of time"):
            nanoseconds(wrong)
    with pytest.raises(errors.ValueError, match="expected a non-negative number of milliseconds, got -5"):
        nanoseconds(-5)
    with pytest.raises(errors.TypeError, match="expected a number of milliseconds, got bool"):
        nanoseconds(True)


def test_sleeps_overlap_in_real_time(world: Any) -> None:
    async def main() -> float:
        begun = time.monotonic()
        await promise_all([spawn(sleep, 100) for _ in range(50)])
        return time.monotonic() - begun

    assert 0.1 <= world.run(main) < 2.5  # one after the other they would take five seconds


def test_virtual_time_costs_nothing_and_is_exact(world: Any) -> None:
    async def main() -> list[Any]:
        log: list[Any] = []
        clock = current_scheduler().clock

        async def work(name: str, ms: float) -> None:
            for _ in range(3):
                await sleep(ms)
                log.append((name, clock.now() / 1e6))

        begun = time.monotonic()
        await promise_all([spawn(lambda: work("a", 0.1)), spawn(lambda: work("day", 86_400_000))])
        assert time.monotonic() - begun < 60  # and not three days
        return log

    day = 86_400_000.0
    expected = [("a", 0.1), ("a", 0.2), ("a", 0.3), ("day", day), ("day", 2 * day), ("day", 3 * day)]
    assert world.run(main, clock=VirtualClock()) == expected


def test_virtual_time_stands_still_while_something_real_is_waited_for(world: Any) -> None:
    import asyncio

    async def main() -> list[int]:
        clock = current_scheduler().clock
        sleeping = spawn(sleep, 1)
        await in_thread(time.sleep, 0.02)
        await lift(asyncio.sleep(0.02))
        stood = clock.now()
        await sleeping
        return [stood, clock.now()]

    assert world.run(main, clock=VirtualClock()) == [0, 1_000_000]


def test_virtual_time_does_not_move_between_cells(world: Any) -> None:
    async def first() -> None:
        spawn(sleep, 1000)

    async def second() -> int:
        return current_scheduler().clock.now()

    assert world.run(first, second, clock=VirtualClock()) == 0


def test_virtual_time_stands_still_while_the_host_waits_for_the_next_cell() -> None:
    async def main() -> Any:
        session = Session(clock="virtual")
        await session.run("spawn { loop { await async_sleep(1000) } }")
        for _ in range(20):
            await asyncio.sleep(0)
        outcome = await session.run("performance_now()")
        await session.close()
        return outcome.value

    assert host.run_alone(main()) == 0


def test_a_virtual_clock_begins_at_a_fixed_moment() -> None:
    clock = VirtualClock()
    clock.jump(5)
    clock.jump(3)
    assert (clock.now(), clock.wall() - VirtualClock().wall()) == (5, 5)
