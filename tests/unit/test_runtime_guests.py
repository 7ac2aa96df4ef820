"""Python awaitables inside language tasks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpx
import pytest

from hocket import errors
from hocket.runtime.awaiting import lift
from hocket.runtime.clock import sleep, yield_now
from hocket.runtime.current import current_task
from hocket.runtime.guests import GuestTask, python
from hocket.runtime.promises import Promise, promise_all, promise_all_settled
from hocket.runtime.scopes import Timeout
from hocket.runtime.tasks import AsyncFunction, spawn, spawn_block


async def _double(x: int) -> int:
    await yield_now()
    return x * 2


double = AsyncFunction(_double, "double")


def test_coroutines_futures_and_tasks_of_asyncio_can_be_awaited(world: Any) -> None:
    async def native(x: int) -> int:
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        return x

    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(future.set_result, 2)
        task = loop.create_task(native(3))
        values = [await lift(native(1)), await python(future), await lift(task), await lift(asyncio.gather(native(4)))]
        assert world.scheduler.holds == 0
        return values

    assert world.run(main) == [1, 2, 3, [4]]


def test_errors_of_python_pass_through(world: Any) -> None:
    async def native() -> None:
        await asyncio.sleep(0)
        raise LookupError("no")

    async def main() -> None:
        with pytest.raises(LookupError, match="no"):
            await lift(native())

    world.run(main)


def test_a_guest_is_asyncio_s_current_task_while_it_steps(world: Any) -> None:
    async def native() -> list[Any]:
        task: Any = asyncio.current_task()
        before = [type(task), task.get_name(), task.done(), task.cancelling(), weakref.ref(task)() is task]
        await asyncio.sleep(0)
        assert asyncio.current_task() is task
        assert task.get_loop() is asyncio.get_running_loop()
        assert asyncio.iscoroutine(task.get_coro())
        with pytest.raises(asyncio.InvalidStateError):
            task.result()
        return before

    async def main() -> list[Any]:
        async def body() -> Any:
            seen = await lift(native())
            assert asyncio.current_task() is None
            return seen

        return await spawn_block(body, "guest")

    assert world.run(main) == [GuestTask, "guest", False, 0, True]


def test_a_guest_tells_its_callbacks_how_the_task_ended(world: Any) -> None:
    seen: list[Any] = []

    async def native() -> None:
        task: Any = asyncio.current_task()
        task.add_done_callback(lambda task: seen.append(task.result()))
        task.add_done_callback(print)
        assert task.remove_done_callback(print) == 1

    async def main() -> None:
        async def body() -> int:
            await lift(native())
            return 5

        await spawn_block(body)
        await lift(asyncio.sleep(0))

    world.run(main)
    assert seen == [5]


async def returns() -> int:
    return 5


async def raises() -> None:
    raise LookupError("no")


async def is_cancelled() -> None:
    task: Any = asyncio.current_task()
    task.cancel()
    await asyncio.sleep(0)


@pytest.mark.parametrize("end", [returns, raises, is_cancelled])
def test_a_guest_that_has_ended_answers_as_asyncio_s_tasks_do(world: Any, end: Callable[[], Awaitable[Any]]) -> None:
    def asked(question: Callable[[], Any]) -> Any:
        try:
            answer = question()
        except (Exception, asyncio.CancelledError) as error:
            answer = error
        return type(answer) if isinstance(answer, asyncio.CancelledError) else isinstance(answer, Exception) or answer

    def answers(task: Any) -> list[Any]:
        return [task.done(), task.cancelled(), asked(task.result), asked(task.exception), task.cancel()]

    async def main() -> None:
        guests: list[Any] = []

        async def native() -> Any:
            guests.append(asyncio.current_task())
            with pytest.raises(asyncio.InvalidStateError):
                guests[0].exception()
            return await end()

        native_task = asyncio.get_running_loop().create_task(end())  # type: ignore[arg-type]
        await promise_all_settled([spawn(native)])
        await lift(asyncio.wait([native_task]))
        told: list[Any] = []
        for task in (native_task, *guests):
            task.add_done_callback(told.append)
        await lift(asyncio.sleep(0))
        assert told == [native_task, *guests]
        assert answers(guests[0]) == answers(native_task)

    world.run(main)


def test_python_code_may_await_promises_and_language_functions(world: Any) -> None:
    async def native() -> int:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            return await double(2) + await lift(double(3)) + await lift(asyncio.sleep(0, 10))

    async def main() -> Any:
        return await lift(native())

    assert world.run(main) == 20


def test_asyncio_timeout_fires_and_can_be_left_in_another_await(world: Any) -> None:
    async def main() -> list[str]:
        log = []
        with pytest.raises(TimeoutError):
            await lift(asyncio.wait_for(asyncio.sleep(10), 0.01))
        manager = asyncio.timeout(0.01)
        await lift(manager.__aenter__())
        try:
            await sleep(10_000)  # a wait of the language
        except BaseException as error:
            log.append(type(error).__name__)
            with pytest.raises(TimeoutError):
                await lift(manager.__aexit__(type(error), error, None))
        await sleep(1)
        return log

    async def outer() -> Any:
        return await spawn_block(main)

    assert world.run(outer) == ["CancelledError"]


def test_a_library_s_timeout_works_inside_clean_up(world: Any) -> None:
    log: list[str] = []

    async def native() -> None:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(10)
        except TimeoutError:
            log.append("timed out")

    async def main() -> None:
        async def body() -> None:
            try:
                await Promise()
            finally:
                await lift(native())

        task = spawn_block(body)
        await yield_now()
        task.cancel()
        await promise_all_settled([task])
        log.append(task.state)

    world.run(main)
    assert log == ["timed out", "cancelled"]


def test_anyio_s_scopes_and_task_groups_work(world: Any) -> None:
    async def native() -> list[Any]:
        log: list[Any] = []

        async def child(n: int) -> None:
            await anyio.sleep(0.001 * n)
            log.append(n)

        with anyio.move_on_after(0.01) as scope:
            await anyio.sleep(10)
        log.append(scope.cancelled_caught)
        async with anyio.create_task_group() as group:
            group.start_soon(child, 2)
            group.start_soon(child, 1)
        with pytest.raises(TimeoutError):
            with anyio.fail_after(0.01):
                async with anyio.create_task_group() as group:
                    group.start_soon(anyio.sleep, 10)
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 10)
            group.cancel_scope.cancel()
        with anyio.move_on_after(5):
            log.append(await double(4))
        return log

    async def main() -> Any:
        value = await lift(native())
        assert world.scheduler.holds == 0
        await sleep(1)
        return value

    assert world.run(main) == [True, 1, 2, 8]


def test_a_failing_task_group_ends_its_guest(world: Any) -> None:
    async def native() -> None:
        async def bad() -> None:
            raise LookupError("bad")

        async with asyncio.TaskGroup() as group:
            group.create_task(bad())
            await asyncio.sleep(10)

    async def main() -> None:
        with pytest.raises(ExceptionGroup):
            await lift(native())
        await sleep(1)
        await lift(asyncio.sleep(0))

    world.run(main)


def test_a_cancelled_guest_cleans_up_in_python_s_way_first(world: Any) -> None:
    log: list[str] = []

    async def inner() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.001)
            log.append("inner")

    async def native() -> str:
        try:
            await asyncio.get_running_loop().create_task(inner())
        except asyncio.CancelledError:
            log.append("swallowed")
        return "went on"

    async def main() -> str:
        async def body() -> None:
            try:
                await lift(native())
            finally:
                log.append("body")

        task = spawn_block(body)
        await lift(asyncio.sleep(0.01))
        task.cancel()
        await promise_all_settled([task])
        assert world.scheduler.holds == 0
        return task.state

    assert world.run(main) == "cancelled"
    assert log == ["inner", "swallowed", "body"]


def test_a_timeout_of_the_language_ends_a_guest(world: Any) -> None:
    async def main() -> None:
        with pytest.raises(errors.TimeoutError, match="20ms"):
            async with Timeout(20):
                await lift(asyncio.sleep(10))
        await lift(asyncio.sleep(0.001))

    world.run(main)


def test_awaiting_something_that_was_cancelled_is_an_ordinary_error(world: Any) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        with pytest.raises(errors.CancelledError, match="^Task was cancelled$"):
            await lift(future)

    world.run(main)


def test_a_task_that_a_library_cancels_for_good_is_cancelled(world: Any) -> None:
    async def main() -> str:
        async def body() -> None:
            async def native() -> None:
                task: Any = asyncio.current_task()
                task.cancel()
                await asyncio.sleep(1)

            await lift(native())

        task = spawn_block(body)
        await promise_all_settled([task])
        return task.state

    assert world.run(main) == "cancelled"


def test_guests_are_broken_off_at_the_end() -> None:
    from hocket.runtime.loop import Scheduler

    log: list[str] = []

    async def native() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)
        finally:
            log.append("closed")

    async def host() -> None:
        async def main() -> None:
            await lift(native())

        scheduler = Scheduler()
        cell = scheduler.start(main(), "cell")
        await asyncio.sleep(0.01)
        await scheduler.close(0.05)
        log.append(cell.task.state)

    asyncio.run(host())
    assert log == ["closed", "cancelled"]


def test_what_yields_no_future_is_an_error_in_the_awaitable(world: Any) -> None:
    class Odd:
        def __await__(self) -> Any:
            try:
                yield 42
            except RuntimeError as error:
                return str(error)

    async def main() -> Any:
        return await lift(Odd())

    assert world.run(main) == "a Python awaitable yielded 42"


# HTTP


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        if self.path == "/together":
            server.together.wait(30)
        if self.path == "/hang":
            server.hang.wait(10)
        with contextlib.suppress(ConnectionError):
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    def log_message(self, *args: Any) -> None: ...


class Server(ThreadingHTTPServer):
    # With the default of 5, connections made at once are dropped and tried again after a second.
    request_queue_size = 50


@pytest.fixture
def url() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Handler)
    server.hang = threading.Event()  # type: ignore[attr-defined]
    server.together = threading.Barrier(10)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.hang.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()


def test_httpx_requests_overlap_time_out_and_can_be_cancelled(world: Any, url: str) -> None:
    async def main() -> list[Any]:
        client = httpx.AsyncClient(trust_env=False)
        world.scheduler.on_close(client.aclose)

        async def get(path: str, limit: float = 30) -> str:
            response = await lift(client.get(url + path, timeout=limit))
            return response.text

        fetch = AsyncFunction(get, "get")
        await fetch("/")  # imports what it needs
        texts = await promise_all([fetch("/together") for _ in range(10)])  # none is answered before all are there
        with pytest.raises(httpx.ReadTimeout):
            await fetch.direct("/hang", 0.05)
        task = spawn(fetch, "/hang")
        await lift(asyncio.sleep(0.05))
        task.cancel()
        await promise_all_settled([task])
        me: Any = current_task()
        assert me.cancelling is None
        return [texts, task.state, world.scheduler.holds, await fetch("/")]

    assert world.run(main) == [["ok"] * 10, "cancelled", 0, "ok"]
