"""Cells: who owns what is left over, which failures are reported when, deadlocks, the end."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import pytest

from hocket import errors
from hocket.runtime.awaiting import lift
from hocket.runtime.clock import VirtualClock, sleep, yield_now
from hocket.runtime.current import current_task
from hocket.runtime.loop import Scheduler
from hocket.runtime.promises import Promise, promise_all, promise_race, promise_reject
from hocket.runtime.scopes import Scope, Shield
from hocket.runtime.tasks import AsyncFunction, spawn, spawn_block
from hocket.session import Session

NAME = contextvars.ContextVar("name", default="host")


async def _fail(text: str, turns: int = 0) -> None:
    for _ in range(turns):
        await yield_now()
    raise errors.Error(text)


fail = AsyncFunction(_fail, "fail")


def play(*cells: str, wait: bool = False) -> list[str]:
    """Run cells of a program in a session; return the messages and places of what was reported, and when."""
    log: list[str] = []

    def report(error: errors.HocketError, text: str) -> None:
        assert isinstance(error, errors.Error)
        spawned = [place.line for site in error.spawned if (place := site.resolve())]
        log.append(f"{NAME.get()}: {error.message} at {error.line} spawned {spawned}")

    async def host() -> None:
        session = Session(report)
        for number, text in enumerate(cells, 1):

            async def run(number: int = number, text: str = text) -> None:
                NAME.set(f"cell {number}")
                outcome = await session.run(text, f"cell {number}")
                log.append(f"end {number}" if outcome.error is None else f"error {outcome.error}")

            await asyncio.get_running_loop().create_task(run())
        if wait:
            await session.drain()
        await session.close(1)

    asyncio.run(host())
    return log


# Reports


def test_a_dropped_failure_is_reported_at_once() -> None:
    cell = 'async func f() {\n  throw "no"\n}\nspawn f()\nf()\nawait async_sleep(1)\nawait async_sleep(1)'
    assert play(cell) == ["cell 1: no at 2 spawned [4]", "cell 1: no at 2 spawned []", "end 1"]
    lines = [
        "async func f(x) {",
        "throw x",
        "}",
        'kept := spawn f("kept")',
        "await async_sleep(1)",
        'spawn f("dropped")',
    ]
    assert play("\n".join([*lines, "await async_sleep(1)"])) == [
        "cell 1: dropped at 2 spawned [6]",
        "cell 1: kept at 2 spawned [4]",
        "end 1",
    ]


def test_a_kept_failure_is_reported_when_the_cell_ends() -> None:
    cell = 'async func f() {\n  throw "no"\n}\nt := spawn f()\nawait async_sleep(1)\nx := f()\nawait async_sleep(1)'
    assert play(cell) == ["cell 1: no at 2 spawned [4]", "cell 1: no at 2 spawned []", "end 1"]


def test_an_awaited_failure_is_not_reported() -> None:
    cell = """
async func f() { throw "no" }
a := f()
b := spawn f()
await async_sleep(1)
try { await a } except e { }
try { await promise_all([b, f(), f()]) } except e { }
await promise_all_settled([f()])
try { await f().then(x => x) } except e { }
await f().catch(e => 1)
"""
    assert play(cell) == ["end 1"]


def test_a_failure_after_the_cell_s_end_is_reported_in_its_cell() -> None:
    first = 'async func f() {\n  await async_sleep(5)\n  throw "late"\n}\nt := spawn f()'
    assert play(first, "await async_sleep(50)") == ["end 1", "cell 1: late at 3 spawned [5]", "end 2"]


def test_a_rejected_promise_that_is_no_task_is_reported_too() -> None:
    assert play('p := Promise.reject("no")') == ["cell 1: no at 1 spawned []", "end 1"]
    cell = 'async func f() { throw "no" }\np := promise_all([f(), f()])\nawait async_sleep(1)'
    assert play(cell) == ["cell 1: no at 1 spawned []", "end 1"]


def test_a_later_await_still_raises_what_was_reported(world: Any) -> None:
    kept: list[Any] = []

    async def first() -> None:
        kept.append(spawn(fail, "no"))
        await yield_now()

    async def second() -> str:
        with pytest.raises(errors.Error, match="no"):
            await kept[0]
        return "raised"

    assert world.run(first, second) == "raised"
    assert world.reports == [("task #1 fail", "no")]


def test_a_loser_of_a_race_is_not_reported(world: Any) -> None:
    async def main() -> None:
        assert await promise_race([fail("late", 5), 1]) == 1
        await asyncio_turns()

    async def asyncio_turns() -> None:
        for _ in range(9):
            await yield_now()

    world.run(main)
    assert world.reports == []


def test_a_failure_that_its_waiter_gave_up_is_reported(world: Any) -> None:
    async def main() -> None:
        task = spawn(fail, "late", 6)
        waiter = spawn(lambda: task)
        await yield_now()
        await yield_now()
        waiter.cancel()
        for _ in range(9):
            await yield_now()

    world.run(main)
    assert world.reports == [("task #1 fail", "late")]


def test_a_hand_made_rejection_in_a_scope_does_not_end_it(world: Any) -> None:
    async def main() -> str:
        async with Scope():
            promise = promise_reject("no")
            await yield_now()
        return promise.state

    assert world.run(main) == "rejected"
    assert [text for _, text in world.reports] == ["no"]


def test_reports_that_fail_change_nothing() -> None:
    async def host() -> Any:
        def report(error: BaseException, task: Any) -> None:
            raise OSError("closed")

        async def main() -> int:
            spawn(fail, "no")
            await yield_now()
            return 5

        scheduler = Scheduler(report)
        try:
            return await scheduler.finish(scheduler.start(main(), "cell"))
        finally:
            await scheduler.close()

    assert asyncio.run(host()) == 5


# Ownership


def test_what_is_left_over_goes_to_the_session(world: Any) -> None:
    async def first() -> None:
        async def parent() -> None:
            await sleep(1)
            spawn(sleep, 60_000)
            await sleep(60_000)

        spawn_block(parent, "left")
        await yield_now()

    async def second() -> list[Any]:
        scheduler = world.scheduler
        await sleep(10)
        mine = spawn(sleep, 60_000)
        me: Any = current_task()
        assert mine.owner is me.cell.scope
        left = [task for task in scheduler.tasks() if task is not mine]
        return [(task.name, task.owner is scheduler.session, task.cell.name) for task in left]

    assert world.run(first, second) == [("left", True, "cell 1"), ("sleep", True, "cell 1")]


def test_tasks_run_in_their_cell_s_context_for_ever() -> None:
    seen: list[str] = []

    async def work() -> None:
        for _ in range(3):
            await sleep(1)
            seen.append(NAME.get())

    async def first() -> None:
        spawn_block(work)

    async def second() -> None:
        while len(seen) < 3:
            await sleep(1)
        seen.append(NAME.get())

    async def host() -> None:
        scheduler = Scheduler()
        for name, cell in (("first", first), ("second", second)):
            context = contextvars.copy_context()
            context.run(NAME.set, name)
            await scheduler.finish(scheduler.start(cell(), name, context=context))
        await scheduler.close()

    asyncio.run(host())
    assert seen == ["first", "first", "first", "second"]


def test_a_cancelled_host_cancels_the_cell_and_waits_for_it() -> None:
    log: list[str] = []

    async def cell() -> None:
        try:
            await sleep(60_000)
        finally:
            await sleep(1)
            log.append("cleaned")

    async def host() -> None:
        scheduler = Scheduler()

        async def run() -> None:
            await scheduler.finish(scheduler.start(cell(), "cell"))

        running = asyncio.get_running_loop().create_task(run())
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await scheduler.close()

    asyncio.run(host())
    assert log == ["cleaned"]


def test_a_cell_that_was_cancelled_says_so() -> None:
    async def host() -> None:
        scheduler = Scheduler()
        cell = scheduler.start(sleep(60_000), "cell")
        cell.cancel()
        with pytest.raises(errors.CancelledError, match="cell was cancelled"):
            await scheduler.finish(cell)
        await scheduler.close()

    asyncio.run(host())


# Deadlock


def test_a_deadlock_is_an_error_that_lists_who_waits_for_what() -> None:
    cell = """async func wait(p) {
  return await p
}
let d := deferred()
let a := wait(d.promise)
let b := spawn wait(a)
await b"""
    assert play(cell) == [
        "error every task waits for another: cell 1 waits for task #2 wait (cell 1, line 7); "
        "task #1 wait waits for a promise (cell 1, line 2); task #2 wait waits for task #1 wait (cell 1, line 2)"
    ]


def test_a_deadlock_can_be_caught_and_the_program_goes_on(world: Any) -> None:
    async def main() -> list[Any]:
        with pytest.raises(errors.DeadlockError):
            await Promise()
        with pytest.raises(errors.DeadlockError):
            await promise_all([Promise(), 1])
        with pytest.raises(errors.DeadlockError):
            async with Scope():
                task = spawn_block(stuck)
        await sleep(1)
        return [task.state]

    async def stuck() -> None:
        await Promise()

    assert world.run(main) == ["cancelled"]


def test_nothing_is_a_deadlock_while_something_can_still_come(world: Any) -> None:
    async def main() -> list[Any]:
        made = Promise()

        async def later(wait: Callable[[], Any]) -> None:
            await wait()
            made.resolve("came")

        spawn(later, lambda: sleep(5))
        first = await made
        made = Promise()
        spawn(later, lambda: lift(asyncio.sleep(0.005)))
        return [first, await made]

    assert world.run(main) == ["came", "came"]


def test_between_cells_nothing_is_a_deadlock(world: Any) -> None:
    made: list[Promise] = []

    async def first() -> None:
        made.append(Promise())
        spawn(lambda: made[0])

    async def second() -> Any:
        made[0].resolve(5)
        return await made[0]

    assert world.run(first, second) == 5


def test_who_waits_for_an_external_channel_waits_for_another_cell() -> None:
    async def main() -> Any:
        session = Session()
        await session.run("let [a, b] := [channel(1, external = true), channel(1, external = true)]")

        async def serve() -> None:
            for n, name in enumerate("ab"):
                for _ in range(20):
                    await asyncio.sleep(0)
                await session.run(f"await {name}.send({n})", is_background=True)

        outcome, _ = await asyncio.gather(session.run("[await a.receive(), await select([b])]"), serve())
        await session.close()
        return outcome.error or outcome.value

    assert asyncio.run(main()) == [0, [0, 1]]


def test_another_running_cell_that_can_go_on_prevents_a_deadlock() -> None:
    made: list[Promise] = []

    async def first() -> Any:
        made.append(Promise())
        return await made[0]

    async def second() -> None:
        await sleep(10)
        made[0].resolve("from the other")

    async def host() -> Any:
        scheduler = Scheduler()
        cells = [scheduler.start(cell(), "cell") for cell in (first, second)]
        try:
            return await scheduler.finish(cells[0])
        finally:
            await scheduler.close()

    assert asyncio.run(host()) == "from the other"


# The end


def test_drain_waits_for_every_task() -> None:
    cell = 'spawn {\n  await async_sleep(5)\n  spawn {\n    await async_sleep(5)\n    throw "last"\n  }\n  null\n}'
    assert play(cell, wait=True) == ["end 1", "cell 1: last at 5 spawned [3]"]


def test_drain_of_tasks_that_are_stuck_is_a_deadlock(world: Any) -> None:
    async def main() -> None:
        spawn(lambda: Promise())
        await yield_now()

    async def host() -> None:
        scheduler = Scheduler()
        await scheduler.finish(scheduler.start(main(), "cell"))
        with pytest.raises(errors.DeadlockError, match="task #1 <lambda> waits for a promise"):
            await scheduler.drain()
        assert not scheduler.tasks()
        await scheduler.close()

    asyncio.run(host())


def test_drain_moves_the_virtual_clock() -> None:
    async def main() -> None:
        spawn(sleep, 3_600_000)

    async def host() -> int:
        scheduler = Scheduler(clock=VirtualClock())
        await scheduler.finish(scheduler.start(main(), "cell"))
        await scheduler.drain()
        await scheduler.close()
        return scheduler.clock.now()

    assert asyncio.run(host()) == 3_600_000_000_000


def test_close_cancels_everything_and_lets_clean_up_run() -> None:
    log: list[str] = []

    async def work(name: str) -> None:
        try:
            async with Shield():
                await yield_now()
            await Promise()
        finally:
            await sleep(1)
            log.append(name)

    async def main() -> None:
        spawn(AsyncFunction(work, "work"), "a")
        async with Scope():
            spawn(AsyncFunction(work, "work"), "b")

    async def closer() -> None:
        log.append("closed")

    async def host() -> None:
        scheduler = Scheduler()
        scheduler.on_close(lambda: log.append("closed last"))
        scheduler.on_close(closer)
        scheduler.start(main(), "cell")
        await asyncio.sleep(0.01)
        await scheduler.close(5)
        await scheduler.close(5)
        with pytest.raises(RuntimeError, match="the session is closed"):
            scheduler.start(main(), "cell")

    asyncio.run(host())
    assert [sorted(log[:2]), *log[2:]] == [["a", "b"], "closed", "closed last"]


def test_close_breaks_clean_up_that_takes_longer_than_its_grace() -> None:
    async def work() -> None:
        try:
            await sleep(60_000)
        finally:
            await sleep(60_000)

    async def host() -> list[str]:
        async def main() -> None:
            spawn_block(work)
            await sleep(60_000)

        scheduler = Scheduler()
        cell = scheduler.start(main(), "cell")
        await asyncio.sleep(0.01)
        tasks = scheduler.tasks()
        await scheduler.close(0.05)
        return [cell.task.state, *(task.state for task in tasks)]

    assert asyncio.run(host()) == ["cancelled", "cancelled"]


def test_a_resource_that_fails_to_close_does_not_keep_the_others_open() -> None:
    log: list[str] = []

    def bad() -> None:
        raise OSError("stuck")

    async def host() -> None:
        scheduler = Scheduler()
        scheduler.on_close(lambda: log.append("closed"))
        scheduler.on_close(bad)
        await scheduler.close()

    asyncio.run(host())
    assert log == ["closed"]
