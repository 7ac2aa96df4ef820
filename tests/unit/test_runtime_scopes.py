"""`scope`, `timeout` and `shield`."""

from __future__ import annotations

from typing import Any

import pytest

from hocket import errors
from hocket.runtime.clock import VirtualClock, sleep, yield_now
from hocket.runtime.current import current_task
from hocket.runtime.promises import Promise, promise_all, promise_all_settled
from hocket.runtime.scopes import Scope, Shield, Timeout, format_ms
from hocket.runtime.stops import Cancelled
from hocket.runtime.tasks import AsyncFunction, spawn, spawn_block


async def _never() -> None:
    await Promise()


async def _fail(text: str, turns: int = 1) -> None:
    for _ in range(turns):
        await yield_now()
    raise errors.Error(text)


never = AsyncFunction(_never, "never")
fail = AsyncFunction(_fail, "fail")


async def turns(count: int) -> None:
    for _ in range(count):
        await yield_now()


# Scope


def test_a_scope_ends_when_every_task_it_owns_has(world: Any, language: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        @language
        async def work(name: str, count: int) -> None:
            await turns(count)
            if count > 1:
                spawn(work, f"{name}'", 1)
            log.append(name)

        def starts() -> None:  # ownership follows the run, not the text
            spawn(work, "c", 3)

        async with Scope():
            spawn(work, "a", 2)
            work("b", 1)
            starts()
        log.append("over")
        return log

    assert world.run(main) == ["b", "a", "c", "a'", "c'", "over"]


def test_the_first_failure_stops_the_rest_and_is_raised_as_itself(world: Any) -> None:
    async def main() -> list[Any]:
        log: list[str] = []

        async def cleans() -> None:
            try:
                await Promise()
            finally:
                await turns(2)
                log.append("cleaned")

        async def worse() -> None:
            try:
                await Promise()
            finally:
                raise errors.Error("worse")

        with pytest.raises(errors.Error) as caught:
            async with Scope():
                spawn_block(cleans)
                spawn_block(worse)
                spawn(fail, "first", 2)
                try:
                    await Promise()
                finally:
                    log.append("body")
        return [log, str(caught.value), [str(other) for other in caught.value.others]]

    assert world.run(main) == [["body", "cleaned"], "first", ["worse"]]
    assert world.reports == []


def test_a_failing_body_cancels_the_members(world: Any) -> None:
    async def main() -> str:
        task = None
        with pytest.raises(errors.Error, match="body"):
            async with Scope():
                task = spawn(never)
                await yield_now()
                raise errors.Error("body")
        return task.state

    assert world.run(main) == "cancelled"


def test_a_member_s_failure_that_is_awaited_belongs_to_its_awaiter(world: Any) -> None:
    async def main() -> str:
        async with Scope():
            other = spawn(turns, 5)
            task = spawn(fail, "no")
            try:
                await task
            except errors.Error as error:
                caught = str(error)
            assert [each["status"] for each in await promise_all_settled([fail("a"), fail("b")])] == ["rejected"] * 2
        assert other.state == "resolved"
        return caught

    assert world.run(main) == "no"


def test_the_cancellation_of_a_scope_wins_over_failures(world: Any) -> None:
    async def main() -> list[Any]:
        seen: list[BaseException] = []

        async def worse() -> None:
            try:
                await Promise()
            finally:
                raise errors.Error("worse")

        async def body() -> None:
            try:
                async with Scope():
                    spawn_block(worse)
            except BaseException as error:
                seen.append(error)
                raise

        task = spawn_block(body)
        await turns(3)
        task.cancel()
        await promise_all_settled([task])
        return [task.state, type(seen[0]), [str(other) for other in seen[0].others]]  # type: ignore[attr-defined]

    assert world.run(main) == ["cancelled", Cancelled, ["worse"]]


def test_a_tree_of_scopes_cancelled_twenty_times_cleans_up_once(world: Any, language: Any) -> None:
    async def main() -> list[int]:
        cleaned = begun = 0

        @language
        async def node(depth: int) -> None:
            nonlocal cleaned, begun
            begun += 1
            try:
                async with Scope():
                    if depth:
                        spawn(node, depth - 1)
                        spawn(node, depth - 1)
                    await Promise()
            finally:
                await turns(3)
                cleaned += 1

        root = spawn(node, 5)
        await turns(8)
        for _ in range(20):
            for task in world.scheduler.tasks():
                task.cancel()
            await yield_now()
        await promise_all_settled([root])
        return [begun, cleaned, len(world.scheduler.tasks())]

    assert world.run(main) == [63, 63, 0]


def test_a_scope_that_is_left_gives_its_tasks_back_to_the_outer_owner(world: Any) -> None:
    async def main() -> list[bool]:
        me: Any = current_task()
        outer = me.scope
        async with Scope() as scope:
            inside = me.scope is scope
        return [inside, me.scope is outer, me.mask == 0]

    assert world.run(main) == [True, True, True]


# Timeout


def test_a_timeout_names_its_limit_and_waits_for_clean_up(world: Any) -> None:
    async def main() -> list[Any]:
        log: list[str] = []
        with pytest.raises(errors.TimeoutError, match="^Timeout after 50ms$") as caught:
            async with Timeout(50):
                task = spawn(never)
                try:
                    await sleep(1000)
                finally:
                    await sleep(10)
                    log.append("cleaned")
        return [log, caught.value.fields, task.state, world.scheduler.clock.now()]

    assert world.run(main, clock=VirtualClock()) == [["cleaned"], {"limit": 50}, "cancelled", 60_000_000]


def test_a_timeout_that_is_kept_leaves_no_timer(world: Any) -> None:
    async def main() -> Any:
        async with Timeout(50):
            await sleep(10)
        return world.scheduler.timers.next()

    assert world.run(main, clock=VirtualClock()) is None


@pytest.mark.parametrize(("outer", "inner", "text"), [(20, 50, "20ms"), (50, 20, "20ms"), (20, 20, "20ms")])
def test_nested_timeouts_end_at_the_first(world: Any, outer: int, inner: int, text: str) -> None:
    async def main() -> list[Any]:
        with pytest.raises(errors.TimeoutError) as caught:
            async with Timeout(outer), Timeout(inner):
                await Promise()
        me: Any = current_task()
        return [str(caught.value), world.scheduler.clock.now() // 1_000_000, me.mask]

    assert world.run(main, clock=VirtualClock()) == [f"Timeout after {text}", 20, 0]


def test_an_outer_timeout_waits_until_an_inner_one_has_cleaned_up(world: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        with pytest.raises(errors.TimeoutError, match="20ms"):
            async with Timeout(20):
                try:
                    async with Timeout(10):
                        try:
                            await Promise()
                        finally:
                            await sleep(50)
                            log.append("cleaned")
                except errors.TimeoutError as error:
                    log.append(str(error))
                log.append("not reached")
        return log

    assert world.run(main, clock=VirtualClock()) == ["cleaned"]


def test_a_program_goes_on_after_a_timeout_it_caught(world: Any) -> None:
    async def main() -> list[Any]:
        for _ in range(3):
            with pytest.raises(errors.TimeoutError):
                async with Timeout(5):
                    await Promise()
        await sleep(5)
        task = current_task()
        return [world.scheduler.clock.now(), task.mask, task.cancelling]  # type: ignore[union-attr]

    assert world.run(main, clock=VirtualClock()) == [20_000_000, 0, None]


def test_a_timeout_refuses_what_is_no_length_of_time(world: Any) -> None:
    async def main() -> Any:
        for limit, kind in ((float("nan"), errors.ValueError), ("5", errors.TypeError)):
            with pytest.raises(kind):
                async with Timeout(limit):  # type: ignore[arg-type]
                    raise AssertionError("entered")
        return current_task().scope is world.scheduler.routines()[0].cell.scope  # type: ignore[union-attr]

    assert world.run(main) is True


@pytest.mark.parametrize(
    ("ms", "text"),
    [(50, "50ms"), (1500, "1.5s"), (120_000, "2m"), (1000, "1s"), (1250, "1250ms"), (90_000, "1.5m"), (0.5, "0.5ms")]
    + [(5_400_000, "1.5h"), (0, "0ms"), (61_000, "61s"), (12.25, "12.25ms")],
)
def test_lengths_of_time_are_written_in_the_largest_unit_that_fits(ms: float, text: str) -> None:
    assert format_ms(ms) == text


# Shield


def test_a_shield_runs_to_its_end_and_then_lets_the_cancellation_through(world: Any) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def body() -> None:
            async with Shield():
                async with Shield():
                    await turns(3)
                    log.append("inner")
                await turns(3)
                log.append("outer")
            log.append("not reached")

        task = spawn_block(body)
        await turns(2)
        assert task.cancel()
        assert not task.cancel()
        await promise_all_settled([task])
        return [*log, task.state]

    assert world.run(main) == ["inner", "outer", "cancelled"]


def test_a_timeout_inside_a_shield_works_and_one_around_waits(world: Any) -> None:
    async def main() -> list[Any]:
        log: list[Any] = []
        clock = world.scheduler.clock
        with pytest.raises(errors.TimeoutError, match="10ms"):
            async with Timeout(10):
                async with Shield():
                    with pytest.raises(errors.TimeoutError, match="5ms"):
                        async with Timeout(5):
                            await Promise()
                    await sleep(45)
                    log.append(clock.now() // 1_000_000)
                log.append("not reached")
        return log

    assert world.run(main, clock=VirtualClock()) == [50]


def test_members_of_a_shielded_scope_are_still_cancelled_when_it_fails(world: Any) -> None:
    async def main() -> list[Any]:
        with pytest.raises(errors.Error, match="no"):
            async with Shield(), Scope():
                task = spawn(never)
                spawn(fail, "no")
                await Promise()
        me: Any = current_task()
        return [task.state, me.mask]

    assert world.run(main) == ["cancelled", 0]


def test_a_failure_shared_by_members_is_attached_once(world: Any) -> None:
    async def main() -> list[Any]:
        with pytest.raises(errors.Error, match="no") as caught:
            async with Scope():
                task = spawn(fail, "no", 3)
                await promise_all([spawn(lambda: task), spawn(lambda: task)])
        return caught.value.others

    assert world.run(main) == []
