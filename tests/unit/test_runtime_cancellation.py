"""Cancellation: once, at a suspension, and not to be swallowed."""

from __future__ import annotations

from typing import Any

import pytest

from hocket import errors
from hocket.runtime.clock import sleep, yield_now
from hocket.runtime.current import current_task
from hocket.runtime.promises import Promise, promise_all_settled
from hocket.runtime.scopes import Timeout
from hocket.runtime.tasks import spawn, spawn_block


async def turns(count: int) -> None:
    for _ in range(count):
        await yield_now()


def test_cancel_says_whether_this_call_ends_the_task(world: Any) -> None:
    async def main() -> list[Any]:
        async def slow() -> None:
            try:
                await Promise()
            finally:
                await yield_now()

        task = spawn_block(slow)
        await yield_now()
        answers = [task.cancel(), task.cancel()]
        await yield_now()
        assert task.status == "running"
        with pytest.raises(errors.CancelledError, match="^Task was cancelled$"):
            await task
        return [*answers, task.cancel(), task.status, task.state]

    assert world.run(main) == [True, False, False, "cancelled", "cancelled"]


def test_a_task_cancelled_before_it_begins_never_runs(world: Any) -> None:
    async def main() -> bool:
        ran = False

        async def body() -> None:
            nonlocal ran
            ran = True

        task = spawn_block(body)
        task.cancel()
        await turns(2)
        assert task.status == "cancelled"
        return ran

    assert world.run(main) is False


def test_finally_may_await_and_a_plain_except_does_not_see_it(world: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def body() -> None:
            try:
                await Promise()
            except Exception:
                log.append("except")
            finally:
                await turns(2)
                log.append("cleaned")

        task = spawn_block(body)
        await yield_now()
        task.cancel()
        await promise_all_settled([task])
        return log

    assert world.run(main) == ["cleaned"]


def test_a_second_cancel_does_not_break_clean_up(world: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def body() -> None:
            try:
                await Promise()
            finally:
                async with Timeout(1000):
                    await turns(5)
                log.append("cleaned")

        task = spawn_block(body)
        await yield_now()
        for _ in range(3):
            task.cancel()
            await yield_now()
        await promise_all_settled([task])
        return log

    assert world.run(main) == ["cleaned"]


def test_a_cancellation_wins_over_a_wake_of_the_same_turn(world: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        made = Promise()

        async def body() -> None:
            log.append(await made)

        task = spawn_block(body)
        await yield_now()
        made.resolve("received")
        assert task.cancel()
        await promise_all_settled([task])
        return [*log, task.state]

    assert world.run(main) == ["cancelled"]


def test_cancelling_oneself_takes_effect_at_the_next_suspension(world: Any) -> None:
    async def main() -> list[Any]:
        log: list[str] = []

        async def body() -> None:
            me: Any = current_task()
            log.append(str(me.cancel()))
            log.append("still here")
            await Promise()
            log.append("never")

        async def ends() -> str:
            me: Any = current_task()
            me.cancel()
            return "value"

        tasks = [spawn_block(body), spawn_block(ends)]
        await promise_all_settled(tasks)
        return [*log, *(task.state for task in tasks)]

    assert world.run(main) == ["True", "still here", "cancelled", "cancelled"]


def test_a_task_cannot_stay_alive_by_catching(world: Any) -> None:
    async def main() -> str:
        async def body() -> str:
            try:
                await Promise()
            finally:
                return "swallowed"  # noqa: B012  what a program's `return` in a `finally` does

        task = spawn_block(body)
        await yield_now()
        task.cancel()
        await promise_all_settled([task])
        return task.state

    assert world.run(main) == "cancelled"


def test_a_cancelled_sleep_is_forgotten(world: Any) -> None:
    async def main() -> list[Any]:
        tasks = [spawn(sleep, 60_000) for _ in range(1000)]
        await turns(2)
        for task in tasks:
            task.cancel()
        await turns(2)
        timers = world.scheduler.timers
        return [timers.next(), len(timers._heap)]

    assert world.run(main) == [None, 0]
