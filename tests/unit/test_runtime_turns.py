"""Turns: who runs when, and what a call or an `await` costs."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from typing import Any

import pytest

from hocket import errors
from hocket.runtime.awaiting import lift
from hocket.runtime.clock import sleep, yield_now
from hocket.runtime.current import current_task
from hocket.runtime.promises import Promise, promise_all
from hocket.runtime.tasks import AsyncFunction, spawn, spawn_block


def test_tasks_run_in_the_order_in_which_they_became_ready(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        @language
        async def work(name: str) -> None:
            for step in range(3):
                log.append(f"{name}{step}")
                await yield_now()

        await promise_all([work("a"), work("b"), work("c")])
        return log

    assert world.run(main) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


def test_a_called_task_starts_in_the_next_turn(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        @language
        async def work() -> None:
            log.append("callee")

        promise = work()
        log.append("caller")
        assert promise.status == "pending"
        await promise
        return log

    assert world.run(main) == ["caller", "callee"]


def test_a_direct_await_runs_in_the_current_task_at_once(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        me = current_task()

        @language
        async def a() -> None:
            log.append("a")

        @language
        async def b() -> None:
            assert current_task() is me
            log.append("b")

        spawned = spawn(a)
        await b.direct()
        await spawned
        return log

    assert world.run(main) == ["b", "a"]


def test_a_settled_promise_costs_no_turn(world: Any, language: Any) -> None:
    async def main() -> bool:
        ran = False

        @language
        async def other() -> None:
            nonlocal ran
            ran = True

        promise = Promise()
        promise.resolve(1)
        spawn(other)
        for _ in range(100):
            assert await promise == 1
        assert await lift(5) == 5
        return ran

    assert world.run(main) is False


def test_the_status_of_a_task_goes_from_pending_to_running_to_done(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        @language
        async def work() -> int:
            await yield_now()
            return 5

        task = spawn(work)
        seen = [task.status]
        await yield_now()
        seen.append(task.status)
        assert await task == 5
        return [*seen, task.status, task.state, task.label(str)]

    assert world.run(main) == ["pending", "running", "done", "resolved", "<task #1 work done>"]


def test_wrong_arguments_are_an_error_at_the_call(world: Any, language: Any) -> None:
    async def main() -> None:
        @language
        async def work(x: int) -> int:
            return x

        with pytest.raises(TypeError):
            work()
        with pytest.raises(TypeError):
            spawn(work, 1, 2)

    world.run(main)


def test_a_returned_promise_is_followed(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        @language
        async def inner() -> int:
            await yield_now()
            return 7

        @language
        async def outer() -> Any:
            return inner()

        @language
        async def failing() -> Any:
            promise = Promise()
            promise.reject(errors.Error("no"))
            return promise

        with pytest.raises(errors.Error, match="no"):
            await failing()
        return [await outer(), await spawn(lambda: outer()), await promise_all([outer()])]

    assert world.run(main) == [7, 7, [7]]


def test_a_task_that_returns_itself_or_awaits_itself_is_a_deadlock(world: Any) -> None:
    async def main() -> None:
        made: list[Any] = []

        async def awaits() -> None:
            await made[0]

        async def returns() -> Any:
            return made[1]

        made.append(spawn_block(awaits))
        made.append(spawn_block(returns))
        for task in made:
            with pytest.raises(errors.DeadlockError, match="waits for itself"):
                await task

    world.run(main)


def test_the_top_level_may_return_a_pending_promise(world: Any) -> None:
    async def main() -> Promise:
        return Promise()

    assert world.run(main).state == "pending"


def test_nothing_that_a_task_raises_gets_out(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        @language
        async def work(error: BaseException) -> None:
            raise error

        types = []
        for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError()):
            with pytest.raises(errors.PythonError) as caught:
                await work(error)
            types.append(caught.value.message)
        return types

    assert world.run(main) == ["SystemExit: 3", "KeyboardInterrupt", "GeneratorExit", "MemoryError"]


def test_what_yields_something_else_than_a_wait_fails_alone(world: Any) -> None:
    class Odd:
        def __await__(self) -> Any:
            yield 42

    async def main() -> None:
        async def work() -> None:
            await Odd()

        with pytest.raises(errors.PythonError, match="yielded 42"):
            await spawn_block(work)

    world.run(main)


def test_a_chain_of_100_000_promises_does_not_recurse(world: Any) -> None:
    async def main() -> int:
        first = promise = Promise()
        for _ in range(100_000):
            following = Promise()
            following.resolve(promise)
            promise = following
        first.resolve(1)
        chained = promise
        for _ in range(2000):
            chained = chained.then(lambda x: x + 1)
        value: int = await chained
        return value

    assert world.run(main) == 2001


def test_cancelling_a_long_chain_of_waiting_tasks_does_not_recurse(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        never = Promise()

        @language
        async def wait_for(promise: Any) -> None:
            await promise

        tasks = [wait_for(never)]
        for _ in range(10_000):
            tasks.append(wait_for(tasks[-1]))
        await yield_now()
        tasks[-1].cancel()
        await yield_now()
        return sorted({task.state for task in tasks})

    assert world.run(main) == ["cancelled"]


def test_calls_awaited_10_000_deep_work(world: Any) -> None:
    # Deep chains need the stack that a session's process asks for; a thread can ask as well.
    async def down(depth: int) -> int:
        if not depth:
            await yield_now()
            return 0
        return 1 + await down(depth - 1)

    async def main() -> int:
        return await down(10_000)

    import sys

    results: list[Any] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size(256 << 20)
    try:
        sys.setrecursionlimit(15_000)
        thread = threading.Thread(target=lambda: results.append(world.run(main)))
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    assert results == [10_000]


def test_a_sleeping_task_takes_less_than_a_kilobyte(world: Any) -> None:
    async def main() -> float:
        async def body() -> None:
            await sleep(60_000)

        function = AsyncFunction(body, "body")
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            tasks = [function() for _ in range(2000)]
            await yield_now()
            await yield_now()
            return (tracemalloc.get_traced_memory()[0] - before) / len(tasks)
        finally:
            tracemalloc.stop()

    assert world.run(main) < 1024


def test_nothing_is_kept_of_a_task_that_has_ended(world: Any, language: Any) -> None:
    async def main() -> list[int]:
        @language
        async def work() -> None:
            await yield_now()

        for _ in range(100):
            await work()
        scheduler = world.scheduler
        return [scheduler.count, len(scheduler.routines()), len(scheduler.ready)]

    assert world.run(main) == [1, 1, 0]


def test_a_busy_program_lets_the_host_in(world: Any) -> None:
    async def main() -> int:
        turns = 0
        is_over = False

        def host() -> None:
            nonlocal is_over
            is_over = True

        asyncio.get_running_loop().call_later(0.01, host)
        while not is_over:
            turns += 1
            await yield_now()
        return turns

    assert world.run(main) > 10


def test_two_schedulers_share_a_loop(language: Any) -> None:
    from hocket.runtime.loop import Scheduler

    @language
    async def work(x: int) -> int:
        await sleep(1)
        return x

    async def cell(x: int) -> Any:
        for _ in range(5):
            await yield_now()
        return await work(x)

    async def host() -> list[Any]:
        schedulers = [Scheduler(), Scheduler()]
        cells = [scheduler.start(cell(n), "cell") for n, scheduler in enumerate(schedulers)]
        results = [await scheduler.finish(cell) for scheduler, cell in zip(schedulers, cells, strict=True)]
        for scheduler in schedulers:
            assert not scheduler.tasks()
            await scheduler.close()
        return results

    assert asyncio.run(host()) == [0, 1]
