"""Promises: waiters and their withdrawal, combinators, chaining."""

from __future__ import annotations

from typing import Any

import pytest

from hocket import errors
from hocket.runtime.clock import VirtualClock, sleep, yield_now
from hocket.runtime.promises import (
    Promise,
    deferred,
    promise,
    promise_all,
    promise_all_settled,
    promise_any,
    promise_race,
    promise_reject,
    promise_resolve,
    promise_timeout,
)
from hocket.runtime.scopes import Timeout
from hocket.runtime.tasks import AsyncFunction, spawn


async def _never() -> None:
    await Promise()


async def _fail(text: str) -> None:
    await yield_now()
    raise errors.Error(text)


never = AsyncFunction(_never, "never")
fail = AsyncFunction(_fail, "fail")


def rejected(text: str) -> Promise:
    made = Promise()
    made.reject(errors.Error(text))
    return made


def test_a_promise_gives_every_awaiter_the_same(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        made = Promise()

        @language
        async def wait() -> Any:
            return await made

        waiting = [wait(), wait()]
        await yield_now()
        made.resolve([1])
        made.resolve([2])
        values = [*await promise_all(waiting), await made]
        assert all(value is values[0] for value in values)
        return values[0]

    assert world.run(main) == [1]


def test_an_error_awaited_many_times_does_not_grow(world: Any) -> None:
    async def main() -> int:
        made = rejected("no")
        for _ in range(100):
            with pytest.raises(errors.Error) as caught:
                await made
        depth, traceback = 0, caught.value.__traceback__
        while traceback is not None:
            depth, traceback = depth + 1, traceback.tb_next
        return depth

    assert world.run(main) == 2


def test_failures_that_are_awaited_later_are_not_kept(world: Any) -> None:
    async def main() -> int:
        for _ in range(1000):
            failed = rejected("no")
            with pytest.raises(errors.Error):
                await failed
        return len(failed.owner.unreported or ())

    assert world.run(main) < 100


def test_a_called_task_that_loses_its_last_waiter_is_cancelled(world: Any) -> None:
    async def main() -> list[str]:
        called, spawned, made = never(), spawn(never), Promise()
        waiters = [spawn(lambda p=p: p) for p in (called, called, spawned, made)]
        await yield_now()
        await yield_now()
        waiters[0].cancel()
        await yield_now()
        assert called.state == "pending"
        for waiter in waiters:
            waiter.cancel()
        await yield_now()
        await yield_now()
        return [called.state, spawned.state, made.state]

    assert world.run(main) == ["cancelled", "pending", "pending"]


def test_a_promise_that_is_merely_held_goes_on(world: Any) -> None:
    async def main() -> str:
        called = never()
        await yield_now()
        await yield_now()
        return called.state

    assert world.run(main) == "pending"


def test_promise_all_gives_values_in_order_and_takes_plain_ones(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        @language
        async def later(n: int) -> int:
            for _ in range(n):
                await yield_now()
            return n

        one = later(1)
        return [
            await promise_all([later(3), one, 7, "x", one, promise_resolve(9)]),
            await promise_all([]),
            await promise_all(later(n) for n in range(2)),
        ]

    assert world.run(main) == [[3, 1, 7, "x", 1, 9], [], [0, 1]]


def test_promise_all_rejects_with_the_first_failure_and_withdraws(world: Any) -> None:
    async def main() -> list[str]:
        called, spawned = never(), spawn(never)
        with pytest.raises(errors.Error, match="first"):
            await promise_all([called, spawned, fail("first"), fail("second")])
        await yield_now()
        return [called.state, spawned.state]

    assert world.run(main) == ["cancelled", "pending"]
    assert world.reports == []


def test_promise_all_of_something_cancelled_is_an_error(world: Any) -> None:
    async def main() -> None:
        task = spawn(never)
        task.cancel()
        with pytest.raises(errors.CancelledError, match="Task was cancelled"):
            await promise_all([task])

    world.run(main)


def test_promise_all_given_up_withdraws_from_nested_ones(world: Any) -> None:
    async def main() -> list[str]:
        calls = [never(), never()]
        waiter = spawn(lambda: promise_all([promise_all([calls[0]]), calls[1].then(print)]))
        await yield_now()
        await yield_now()
        waiter.cancel()
        for _ in range(3):
            await yield_now()
        return [call.state for call in calls]

    assert world.run(main) == ["cancelled", "cancelled"]


def test_promise_all_with_a_limit_calls_that_many_at_a_time(world: Any, language: Any) -> None:
    async def main() -> Any:
        running = most = 0

        @language
        async def work(n: int = 0) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await yield_now()
            running -= 1
            return n

        values = await promise_all([work, [work, [1]], 5, [work, [2]], [work, [3]], work(9)], 2)
        assert most <= 3  # two, and the one that was called already
        return values

    assert world.run(main) == [0, 1, 5, 2, 3, 9]


def test_a_failure_among_limited_calls_stops_the_rest(world: Any, language: Any) -> None:
    async def main() -> list[int]:
        begun: list[int] = []

        @language
        async def work(n: int) -> None:
            begun.append(n)
            await (fail("no") if n == 1 else Promise())

        with pytest.raises(errors.Error, match="no"):
            await promise_all([[work, [n]] for n in range(9)], 2)
        for _ in range(3):
            await yield_now()
        return begun

    assert world.run(main) == [0, 1]
    assert world.reports == []


def test_a_limit_below_one_is_refused(world: Any) -> None:
    async def main() -> None:
        with pytest.raises(errors.ValueError, match="at least 1, got 0"):
            promise_all([], 0)

    world.run(main)


def test_all_settled_gives_every_outcome(world: Any) -> None:
    async def main() -> list[Any]:
        cancelled = spawn(never)
        cancelled.cancel()
        outcomes = await promise_all_settled([1, fail("no"), cancelled, promise_resolve(2)])
        return [(each["status"], str(each.get("value", each.get("error")))) for each in outcomes]

    assert world.run(main) == [
        ("resolved", "1"),
        ("rejected", "no"),
        ("cancelled", "Task was cancelled"),
        ("resolved", "2"),
    ]


def test_a_race_is_won_by_the_first_and_the_losers_go_on(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        loser = never()

        @language
        async def win() -> str:
            await yield_now()
            return "won"

        won = await promise_race([loser, win()])
        with pytest.raises(errors.Error, match="lost"):
            await promise_race([loser, fail("lost")])
        await yield_now()
        with pytest.raises(errors.ValueError, match="at least one"):
            promise_race([])
        return [won, loser.state, await promise_race([loser, 5])]

    assert world.run(main) == ["won", "pending", 5]


def test_any_resolves_with_the_first_value_or_rejects_with_all_errors(world: Any) -> None:
    async def main() -> Any:
        assert await promise_any([fail("a"), promise_resolve(4), never()]) == 4
        with pytest.raises(errors.AggregateError) as caught:
            await promise_any([fail("a"), fail("b")])
        return [str(error) for error in caught.value.fields["errors"]]

    assert world.run(main) == ["a", "b"]


def test_async_timeout_stops_exactly_its_argument(world: Any) -> None:
    async def main() -> list[str]:
        called, spawned, shared = never(), spawn(never), spawn(never)
        watcher = spawn(lambda: shared)
        await yield_now()
        await yield_now()
        for work in (called, spawned, shared, Promise()):
            with pytest.raises(errors.TimeoutError, match="^Timeout after 1.5s$") as caught:
                await promise_timeout(work, 1500)
            assert caught.value.fields["limit"] == 1500
        await yield_now()
        watcher.cancel()
        return [called.state, spawned.state, shared.state]

    assert world.run(main, clock=VirtualClock()) == ["cancelled", "cancelled", "pending"]


def test_async_timeout_passes_on_what_comes_in_time(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        @language
        async def work() -> str:
            await sleep(10)
            return "there"

        with pytest.raises(errors.Error, match="no"):
            await promise_timeout(fail("no"), 50)
        return [await promise_timeout(work(), 50), await promise_timeout(5, 0)]

    assert world.run(main, clock=VirtualClock()) == ["there", 5]


def test_callbacks_run_in_order_of_registration_and_never_inline(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        log: list[Any] = []
        made = Promise()
        made.on_success(lambda x: log.append(("success", x)))
        made.then(lambda x: log.append(("then", x)))
        made.on_failure(lambda e: log.append("failure"))

        @language
        async def wait() -> None:
            log.append(("awaited", await made))

        waiting = wait()
        await yield_now()
        made.finally_(lambda: log.append("finally"))
        made.resolve(1)
        log.append("resolved")
        await waiting
        await yield_now()
        made.on_success(lambda x: log.append("late"))
        log.append("registered")
        await yield_now()
        return log

    assert world.run(main) == [
        "resolved",
        ("success", 1),
        ("then", 1),
        ("awaited", 1),
        "finally",
        "registered",
        "late",
    ]


def test_a_failing_callback_is_reported_and_changes_nothing(world: Any) -> None:
    async def main() -> list[Any]:
        log: list[Any] = []

        def bad(value: Any) -> None:
            raise errors.Error("bad callback")

        made = Promise()
        assert made.on_success(bad).on_success(log.append) is made
        made.resolve(1)
        await yield_now()
        await yield_now()
        return [log, await made]

    assert world.run(main) == [[1], 1]
    assert world.reports == [("a promise made by on_success", "bad callback")]


def test_then_maps_values_and_errors_and_follows_promises(world: Any, language: Any) -> None:
    async def main() -> list[Any]:
        @language
        async def double(x: int) -> int:
            await yield_now()
            return x * 2

        return [
            await promise_resolve(1).then(lambda x: x + 1),
            await promise_resolve(1).then(double),
            await promise_resolve(1).then(lambda x: promise_resolve(x + 5)),
            await promise_resolve(1).then(lambda: "no parameter"),
            await rejected("no").then(print, lambda e: e.message),
            await rejected("no").catch(lambda e: e.message),
            await promise_resolve(3).catch(print),
        ]

    assert world.run(main) == [2, 2, 6, "no parameter", "no", "no", 3]


def test_finally_keeps_the_outcome_unless_it_fails(world: Any) -> None:
    async def main() -> Any:
        log: list[str] = []
        assert await promise_resolve(1).finally_(lambda: log.append("a")) == 1
        with pytest.raises(errors.Error, match="no"):
            await rejected("no").finally_(lambda: log.append("b"))
        with pytest.raises(errors.Error, match="worse"):
            await rejected("no").finally_(lambda: rejected("worse"))
        return log

    assert world.run(main) == ["a", "b"]


def test_made_by_hand(world: Any) -> None:
    async def main() -> list[Any]:
        parts = deferred()
        parts["resolve"](promise_resolve(4))
        with pytest.raises(errors.Error, match="promise is already settled"):
            parts["reject"]("late")

        def executor(resolve: Any, reject: Any) -> None:
            resolve(1)
            reject("ignored")

        def throws(resolve: Any, reject: Any) -> None:
            raise errors.Error("thrown")

        with pytest.raises(errors.Error, match="thrown"):
            await promise(throws)
        with pytest.raises(errors.Error, match="text"):
            await promise_reject("text")
        oneself = Promise()
        oneself.resolve(oneself)
        with pytest.raises(errors.DeadlockError, match="with itself"):
            await oneself
        return [await parts["promise"], await promise(executor), promise_resolve(3).value]

    assert world.run(main) == [4, 1, 3]


def test_an_async_executor_that_fails_rejects(world: Any, language: Any) -> None:
    async def main() -> None:
        @language
        async def executor(resolve: Any, reject: Any) -> None:
            raise errors.Error("thrown later")

        with pytest.raises(errors.Error, match="thrown later"):
            await promise(executor)

    world.run(main)


def test_a_wait_given_up_by_a_timeout_cancels_the_call(world: Any) -> None:
    async def main() -> str:
        called = never()
        with pytest.raises(errors.TimeoutError):
            async with Timeout(5):
                await called
        return called.state

    assert world.run(main, clock=VirtualClock()) == "cancelled"


def test_python_may_await_a_promise_outside_of_all_tasks(world: Any) -> None:
    import asyncio

    from hocket.runtime.awaiting import lift

    async def main() -> Any:
        made = Promise()

        async def python() -> Any:
            return await made

        loop = asyncio.get_running_loop()
        foreign = loop.create_task(python())
        settled: list[str] = []
        made.when_settled(lambda: settled.append(made.state))
        await lift(asyncio.sleep(0))
        made.resolve(6)
        assert await lift(foreign) == 6
        return settled

    assert world.run(main) == ["resolved"]
