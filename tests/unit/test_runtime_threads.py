"""Work in threads: its context, its cancellation, and that it never delays the end."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hocket.runtime.awaiting import lift
from hocket.runtime.clock import yield_now
from hocket.runtime.loop import Scheduler
from hocket.runtime.promises import promise_all, promise_all_settled
from hocket.runtime.tasks import spawn
from hocket.runtime.threads import DaemonExecutor, Returns, ThreadCall, in_thread
from hocket.runtime.work import Work, waiting
from hocket.stdlib.blocks import InOrder

NAME = contextvars.ContextVar("name", default="host")


def test_calls_run_in_daemon_threads_with_the_caller_s_context(world: Any) -> None:
    def look() -> tuple[str, bool, bool]:
        thread = threading.current_thread()
        return NAME.get(), thread.daemon, thread is threading.main_thread()

    async def main() -> list[Any]:
        NAME.set("cell")
        loop = asyncio.get_running_loop()
        return [await in_thread(look), await lift(loop.run_in_executor(None, look))]

    assert world.run(main) == [("cell", True, False)] * 2


def test_calls_overlap(world: Any) -> None:
    async def main() -> Any:
        barrier = threading.Barrier(4)
        return await promise_all([spawn(in_thread, barrier.wait, 10) for _ in range(4)])

    assert sorted(world.run(main)) == [0, 1, 2, 3]


def test_an_error_is_raised_where_it_is_awaited(world: Any) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await in_thread(divmod, 1, 0)

    world.run(main)


def test_a_cancelled_wait_ends_at_once_and_the_thread_finishes_alone(world: Any) -> None:
    go, finished = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        finished.set()

    async def main() -> list[Any]:
        task = spawn(in_thread, work)
        await yield_now()
        task.cancel()
        await promise_all_settled([task])
        early = finished.is_set()
        go.set()
        await in_thread(finished.wait, 10)
        return [task.state, early, world.scheduler.holds]

    assert world.run(main) == ["cancelled", False, 0]


class Call:
    """What `Returns` wants of a call that has ended."""

    def __init__(self, done: Callable[[], object]) -> None:
        self.done = done


def returned(returns: Returns, done: Callable[[], object]) -> None:
    returns.put(cast("ThreadCall", Call(done)))


def test_the_loop_is_woken_once_for_all_calls_that_have_ended(world: Any) -> None:
    wakes: list[Callable[[], None]] = []
    gone: list[int] = []
    returns = Returns(cast("Scheduler", SimpleNamespace(soon_from_thread=wakes.append)))
    for number in range(4):
        returned(returns, lambda number=number: gone.append(number))
        if number == 2:
            assert (gone, len(wakes)) == ([], 1)
            wakes[0]()
    assert (gone, len(wakes)) == ([0, 1, 2], 2)
    wakes[1]()
    assert gone == [0, 1, 2, 3]


def test_whom_a_thread_wakes_goes_on_in_the_same_round_of_the_loop(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    done = ThreadCall.done

    def note(call: ThreadCall) -> None:
        asyncio.get_running_loop().call_soon(events.append, "the next round")
        done(call)

    async def main() -> list[str]:
        await in_thread(int)
        return list(events)

    monkeypatch.setattr(ThreadCall, "done", note)
    assert world.run(main) == []
    assert events == ["the next round"]


def test_a_call_that_all_have_given_up_makes_no_turn(world: Any) -> None:
    async def host() -> list[int]:
        scheduler = Scheduler()
        scheduler.attach()
        seen = [scheduler.health.turns]
        over = asyncio.Event()
        returned(scheduler.returns, over.set)
        await over.wait()
        seen.append(scheduler.health.turns)
        assert not scheduler.is_scheduled
        await scheduler.close()
        return seen

    assert asyncio.run(host()) == [0, 0]


def test_work_that_is_given_up_before_a_thread_takes_it_never_begins(world: Any) -> None:
    begun: list[str] = []

    def work() -> Work[None]:
        begun.append("begun")
        yield None

    async def main() -> list[Any]:
        jobs: list[Callable[[], Any]] = []
        world.scheduler.executor.post = jobs.append
        task = spawn(waiting, work())
        await yield_now()
        task.cancel()
        await promise_all_settled([task])
        tell = jobs[0]()
        tell()
        return [task.state, begun, len(jobs)]

    assert world.run(main) == ["cancelled", [], 1]


def test_more_calls_than_threads_wait_their_turn() -> None:
    executor = DaemonExecutor(2)
    futures = [executor.submit(lambda n=n: n) for n in range(50)]
    assert [future.result(10) for future in futures] == list(range(50))
    assert executor._workers <= 2
    executor.shutdown()
    with pytest.raises(RuntimeError, match="closed"):
        executor.submit(print)


def test_calls_one_after_the_other_need_one_thread(world: Any) -> None:
    async def main() -> list[int]:
        pool = world.scheduler.executor
        order = InOrder(pool)
        for n in range(50):
            assert await in_thread(lambda n=n: n) == n
            assert await lift(asyncio.wrap_future(order.submit(lambda n=n: n))) == n
        return [pool._workers, pool._idle]

    assert world.run(main) == [1, 1]


def test_a_hung_thread_does_not_delay_the_end_of_the_process() -> None:
    program = """
import asyncio, time
from hocket.runtime.loop import Scheduler
from hocket.runtime.tasks import spawn
from hocket.runtime.threads import in_thread
from hocket.runtime.clock import sleep

async def cell():
    spawn(in_thread, time.sleep, 60)
    await sleep(50)

async def main():
    scheduler = Scheduler()
    await scheduler.finish(scheduler.start(cell(), "cell"))
    await scheduler.close()

asyncio.run(main())
print("ended")
"""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout, done.stderr) == ("ended\n", "")
    assert time.monotonic() - begun < 30


def test_calls_that_wait_do_not_keep_each_other_waiting(world: Any) -> None:
    count = 60
    barrier = threading.Barrier(count)

    async def main() -> Any:
        return await promise_all([spawn(in_thread, barrier.wait, 30) for _ in range(count)], count)

    assert sorted(world.run(main)) == list(range(count))


def test_calls_that_compute_get_few_threads() -> None:
    def compute() -> int:
        end = time.perf_counter() + 0.01
        while time.perf_counter() < end:
            pass
        return threading.active_count()

    before = threading.active_count()
    executor = DaemonExecutor()
    futures = [executor.submit(compute) for _ in range(40)]
    assert max(future.result(30) for future in futures) - before <= executor.size + 10
    executor.shutdown()


def test_threads_that_are_not_needed_any_more_end() -> None:
    executor = DaemonExecutor()
    barrier = threading.Barrier(executor.size + 10)
    for future in [executor.submit(barrier.wait, 30) for _ in range(executor.size + 10)]:
        future.result(30)
    deadline = time.monotonic() + 10
    while executor._workers > executor.size and time.monotonic() < deadline:
        time.sleep(0.001)
    assert executor._workers == executor.size
    assert executor.submit(lambda: "fine").result(10) == "fine"
    executor.shutdown()


def test_where_the_system_has_no_more_threads_those_that_are_there_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    executor = DaemonExecutor(2)
    executor.limit = 4
    go = threading.Event()
    first = executor.submit(go.wait)

    def none(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none)
        others = [executor.submit(str, i) for i in range(3)]
    executor.size = 1
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none)
        others.append(executor.submit(str, 3))
    go.set()
    assert first.result(10)
    assert [future.result(10) for future in others] == ["0", "1", "2", "3"]
    executor.shutdown()
