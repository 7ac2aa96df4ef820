"""Stop: what a signal breaks, and what it leaves alone.

Each test runs cells of a session in this process; a thread sends SIGINT when the
program says so by calling `ready()`.
"""

from __future__ import annotations

import asyncio
import contextvars
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from hocket import errors
from hocket.host import Program, on_sigint, run_alone
from hocket.runtime import tasks
from hocket.runtime.interrupt import is_runtime
from hocket.runtime.promises import Promise
from hocket.session import Outcome, Session

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="sends signals to a thread")

NAME = contextvars.ContextVar("name", default="host")


class Stopper:
    """A session, and a thread that stops it `delay` seconds after each `ready()`."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.requests = threading.Semaphore(0)
        self.delay = 0.03
        self.took = 0.0
        self.sent = 0.0
        self.is_over = False
        self.thread = threading.Thread(target=self._work)
        self.session: Session

    def _work(self) -> None:
        while True:
            self.requests.acquire()
            if self.is_over:
                return
            time.sleep(self.delay)
            self.sent = time.monotonic()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def ready(self) -> None:
        self.requests.release()

    def run(self, *cells: str, reports: bool = False) -> list[Outcome]:
        """Run cells; after each, with `reports`, the host waits until a failure has been reported."""

        async def host() -> list[Outcome]:
            reported = asyncio.Event()

            def report(error: Exception, text: str) -> None:
                self.log.append((NAME.get(), str(error)))
                reported.set()

            self.session = Session(report)
            for name, value in (("ready", self.ready), ("log", self.log.append), ("never", Promise)):
                self.session.assign(name, value)
            previous = signal.signal(signal.SIGINT, self.session.on_sigint)
            outcomes = []
            try:
                for number, text in enumerate(cells, 1):

                    async def run(number: int = number, text: str = text) -> Outcome:
                        NAME.set(f"cell {number}")
                        return await self.session.run(text, f"cell {number}")

                    outcomes.append(await asyncio.get_running_loop().create_task(run()))
                    self.took = time.monotonic() - self.sent
                    if reports:
                        await reported.wait()
                await self.session.close(1)
            finally:
                signal.signal(signal.SIGINT, previous)
            return outcomes

        self.thread.start()
        try:
            return asyncio.run(host())
        finally:
            self.is_over = True
            self.requests.release()
            self.thread.join()
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)

    def stop(self, text: str) -> tuple[int | None, list[Any]]:
        """Run a cell that is stopped; return the line at which it was, and the log."""
        outcome = self.run(text)[0]
        assert outcome.interrupted
        assert isinstance(outcome.error, errors.Error)
        assert outcome.error.type == "KeyboardInterrupt"
        return outcome.error.line, self.log


@pytest.fixture
def stopper() -> Iterator[Stopper]:
    yield Stopper()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ready()\nawait async_sleep(60000)", 2),
        ("ready()\nawait never()", None),
        ("mut i := 0\nready()\nwhile true { i = i + 1 }", 3),
        ("func f() {\n  loop { }\n}\nready()\nf()", 2),
        ("async func f() {\n  ready()\n  loop { }\n}\nawait f()", 3),
        ("async func f() {\n  ready()\n  loop { }\n}\nawait promise_all([f(), async_sleep(60000)])", 3),
        ("p := promise_resolve(1)\nready()\nloop { await p }", 3),
        ("ready()\nloop { await yield_now() }", 2),
        ("func slow() {\n  sleep(60000)\n}\nready()\nslow()", 2),
        ("ready()\nloop { try { loop { } } except { log(1) } }", 2),
    ],
)
def test_a_running_cell_is_stopped_at_its_line(stopper: Stopper, text: str, line: int | None) -> None:
    if line is None:
        # A timer of another task, or the wait would be a deadlock.
        text, line = f"spawn async_sleep(60000)\n{text}", 3
    found, log = stopper.stop(text)
    assert (found, log) == (line, [])
    assert stopper.took < 1


def test_finally_runs_and_may_await(stopper: Stopper) -> None:
    text = 'try {\n  ready()\n  loop { }\n} finally {\n  await async_sleep(150)\n  log("cleaned")\n}'
    assert stopper.stop(text) == (3, ["cleaned"])


@pytest.mark.parametrize("around", ["{}", "func f() {{ {} }}\nf()"])
def test_a_stop_closes_what_with_holds(stopper: Stopper, around: str) -> None:
    struct = "struct File { name, func close(self) { log(self.name) } }\n"
    text = around.format('with File("a") { with File("b") { ready(); loop { } } }')
    assert stopper.stop(struct + text)[1] == ["b", "a"]


@pytest.mark.parametrize(
    "loop", ["loop { }", "while true { n := 1 }", "while m >= 0 { m += 1 }", "for i in 0..10 ** 12 { }"]
)
@pytest.mark.parametrize(
    "around", ["{}", "try {{ {} }} except e {{ }}", "func f() {{ try {{ {} }} finally {{ log('f') }} }}\nf()"]
)
def test_no_loop_keeps_a_stop_from_the_finally_around_it(stopper: Stopper, loop: str, around: str) -> None:
    text = f"mut m := 0\ntry {{\n  ready()\n{around.format(loop)}\n}} finally {{\n  log('cleaned')\n}}"
    expected = ["f", "cleaned"] if "log('f')" in around else ["cleaned"]
    assert stopper.stop(text)[1] == expected


def test_calls_a_stopped_cell_waits_for_end_and_what_it_spawned_goes_on(stopper: Stopper) -> None:
    first = """
async func f(name) {
  try { await async_sleep(60000) } finally { log(name) }
}
mut ticks := 0
spawn { loop { await async_sleep(1); ticks += 1 } }
ready()
await promise_all([f("a"), f("b")])
"""
    second = "let before := ticks\nawait async_sleep(50)\nlog(ticks > before)"
    outcomes = stopper.run(first, second)
    assert [outcome.interrupted for outcome in outcomes] == [True, False]
    assert stopper.log == ["a", "b", True]


def test_a_stop_ends_the_tasks_of_scopes_that_are_open_in_the_cell(stopper: Stopper) -> None:
    text = """spawn { try { await async_sleep(60000) } finally { log("the cell's") } }
scope {
  spawn { try { await async_sleep(60000) } finally { await yield_now(); log("the scope's") } }
  ready()
  await async_sleep(60000)
}
"""
    assert stopper.stop(text) == (5, ["the scope's", "the cell's"])


def test_a_stop_tells_what_failed_while_it_ended_the_cell(stopper: Stopper) -> None:
    member = "spawn { try { await async_sleep(1m) } finally { throw 'unfinished' } }"
    (outcome,) = stopper.run(f"scope {{ {member}; ready(); await async_sleep(1m) }}")
    assert outcome.interrupted and outcome.error is not None
    assert [other.message for other in outcome.error.others] == ["unfinished"]


def test_a_background_task_of_another_cell_that_computes_a_lot_survives(stopper: Stopper) -> None:
    first = """
mut ticks := 0
spawn {
  loop {
    mut i := 0
    while i < 20000 { i += 1 }
    ticks += 1
    await async_sleep(0.2)
  }
}
"""
    second = "ready()\nawait async_sleep(60000)"
    third = "let before := ticks\nawait async_sleep(100)\nlog(ticks > before)"
    outcomes = stopper.run(first, second, third)
    assert [outcome.interrupted for outcome in outcomes] == [False, True, False]
    assert stopper.log == [True]


def test_a_background_task_that_holds_the_loop_is_broken_and_says_so_in_its_cell(stopper: Stopper) -> None:
    first = "let begun := deferred()\nspawn {\n  await begun.promise\n  ready()\n  loop { }\n}"
    second = "begun.resolve(1)\nawait async_sleep(60000)"
    outcomes = stopper.run(first, second)
    assert outcomes[1].interrupted
    assert [name for name, _ in stopper.log] == ["cell 1"]


def test_a_task_that_holds_the_loop_is_broken_also_when_no_cell_runs(stopper: Stopper) -> None:
    first = "spawn {\n  await yield_now()\n  ready()\n  loop { }\n}"
    second = "log(5)"
    outcomes = stopper.run(first, second, reports=True)
    assert [outcome.interrupted for outcome in outcomes] == [False, False]
    assert [name for name, _ in stopper.log[:-1]] == ["cell 1"]
    assert stopper.log[-1] == 5


def test_a_stop_while_nothing_runs_is_nothing(stopper: Stopper) -> None:
    async def host() -> Any:
        session = Session()
        await session.run("x := 1")
        session.on_sigint(signal.SIGINT, None)
        await asyncio.sleep(0.15)
        session.on_sigint(signal.SIGINT, None)
        return (await session.run("x")).value

    previous = signal.getsignal(signal.SIGALRM)
    try:
        assert asyncio.run(host()) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_a_stop_closes_the_generators_that_the_cell_goes_through(stopper: Stopper) -> None:
    text = """
async func* outer() { try { yield 1; await async_sleep(60000) } finally { await async_sleep(1); log("outer") } }
func* inner() { try { loop { yield 1 } } finally { log("inner") } }
for await x in outer() {
  if busy { ready(); for y in inner() { } }
  ready()
}
"""
    computing, waiting = stopper.run(f"let busy := true{text}", f"let busy := false{text}")
    assert computing.interrupted and waiting.interrupted
    assert stopper.log == ["inner", "outer", "outer"]


def test_a_second_stop_goes_through_a_shield_and_ends_what_the_cell_spawned(stopper: Stopper) -> None:
    stopper.delay = 0.1
    text = """
spawn { try { await async_sleep(60000) } finally { log("spawned") } }
try {
  shield {
    ready()
    ready()
    await async_sleep(60000)
    log("not reached")
  }
} finally { log("body") }
"""
    line, log = stopper.stop(text)
    assert line == 7
    assert sorted(log) == ["body", "spawned"]


def test_a_third_stop_breaks_clean_up(stopper: Stopper) -> None:
    text = """
try {
  ready()
  ready()
  ready()
  await async_sleep(60000)
} finally {
  log("begun")
  await async_sleep(60000)
  log("not reached")
}
"""
    _, log = stopper.stop(text)
    assert log == ["begun"]


def test_a_stop_reaches_a_function_called_by_then(stopper: Stopper) -> None:
    text = "let p := promise_resolve(1)\nready()\nawait p.then(x => {\n  loop { }\n})"
    assert stopper.stop(text) == (4, [])


def test_a_stop_breaks_a_python_library_that_computes_inside_an_await(stopper: Stopper) -> None:
    async def compute() -> None:
        await asyncio.sleep(0)
        while True:
            pass

    async def host() -> Any:
        session = Session()
        session.assign("compute", compute)
        session.assign("ready", stopper.ready)
        previous = signal.signal(signal.SIGINT, session.on_sigint)
        try:
            return await session.run("ready()\nawait compute()")
        finally:
            signal.signal(signal.SIGINT, previous)
            await session.close(1)

    stopper.thread.start()
    try:
        outcome = asyncio.run(host())
    finally:
        stopper.is_over = True
        stopper.requests.release()
        stopper.thread.join()
    assert outcome.interrupted
    assert outcome.error.line == 2


def test_nothing_is_raised_in_a_finalizer_where_it_would_be_lost() -> None:
    frames = []

    class Closing:
        def __del__(self) -> None:
            frames.append(sys._getframe())

    Closing()
    assert is_runtime(frames[0], True)
    assert is_runtime(frames[0], False)
    assert not is_runtime(sys._getframe(), True)


def test_many_stops_of_a_busy_cell_leave_the_scheduler_whole(stopper: Stopper) -> None:
    """A storm of signals: every cell ends, and the next one works."""
    cells = []
    for _ in range(15):
        cells.append("ready()\nlet p := promise_resolve(1)\nloop { await promise_all([p, async_sleep(0)]) }")
        cells.append("let d := deferred()\nspawn { d.resolve(7) }\nlog(await d.promise)")
    stopper.delay = 0.007
    outcomes = stopper.run(*cells)
    assert [outcome.interrupted for outcome in outcomes] == [True, False] * 15
    assert stopper.log == [7] * 15


def test_an_interrupt_just_after_the_end_of_a_program_is_nothing() -> None:
    program = Program("1", "program", lambda error, text: None)
    run_alone(program.run())
    program.on_sigint(signal.SIGINT, None)


def test_an_interrupt_just_before_a_program_begins_ends_it() -> None:
    program = Program("while true { }", "program", lambda error, text: None)
    program.on_sigint(signal.SIGINT, None)
    outcome = run_alone(program.run())
    assert outcome.interrupted and isinstance(outcome.error, errors.Interrupted)


def test_a_cell_in_the_background_that_holds_up_a_stop_is_interrupted_itself():
    def stop() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    async def host() -> None:
        async with Session() as session:
            session.assign("ready", threading.Timer(0.01, stop).start)
            running = session.run("await async_sleep(1)\nready()\nwhile true { }", is_background=True)
            beside = asyncio.ensure_future(running)  # noqa: TID251  the host's
            await asyncio.sleep(0)
            with on_sigint(session.on_sigint), session.interrupts.expecting():
                outcome = await beside
            assert outcome.interrupted and isinstance(outcome.error, errors.Interrupted)

    asyncio.run(host())


def test_a_stop_for_a_cell_that_is_shown_as_running_and_has_not_begun():
    async def host() -> None:
        async with Session() as session:
            with session.interrupts.expecting():
                session.on_sigint(signal.SIGINT, None)
                outcome = await session.run("x := 1\nwhile true { }")
            assert outcome.interrupted and "x" not in session.variables
            assert (await session.run("2")).value == 2
            with session.interrupts.expecting():
                pass
            session.on_sigint(signal.SIGINT, None)
            assert (await session.run("3")).value == 3

    asyncio.run(host())


def test_a_stop_for_a_cell_that_comes_leaves_one_in_the_background():
    async def host() -> None:
        async with Session() as session:
            sleeping = session.run("await async_sleep(30)\n'beside'", is_background=True)
            beside = asyncio.ensure_future(sleeping)  # noqa: TID251  the host's
            await asyncio.sleep(0)
            with session.interrupts.expecting():
                session.on_sigint(signal.SIGINT, None)
                assert (await session.run("while true { }")).interrupted
            assert (await beside).value == "beside"

    asyncio.run(host())


@pytest.mark.parametrize(
    "code", ["await async_sleep(60000)", "func wait() { return execute('sleep 60') }\nwait()"], ids=["loop", "call"]
)
def test_a_signal_ends_a_wait_that_it_does_not_interrupt(code):
    # Another thread takes it, as if it had come just before the wait began.
    def take() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    program = Program(code, "program", lambda error, text: None)
    thread = threading.Timer(0.1, take)
    begun = time.monotonic()
    with on_sigint(program.on_sigint):
        thread.start()
        outcome = run_alone(program.run())
        thread.join()
    assert outcome.interrupted and time.monotonic() - begun < 30


def test_what_a_stopped_builtin_held_is_freed_after_the_stop_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # To free millions of values takes longer than a Stop may.
    monkeypatch.setattr(tasks, "LATER", 0.5)
    held: list[weakref.ref[Any]] = []
    freed = asyncio.Event()

    class Thing:
        pass

    def compute() -> None:
        value = Thing()
        held.append(weakref.ref(value, lambda _: freed.set()))
        signal.raise_signal(signal.SIGINT)
        while True:
            pass

    async def host() -> None:
        session = Session(lambda error, text: None)
        session.assign("compute", compute)
        with on_sigint(session.on_sigint):
            assert (await session.run("compute()", "cell")).interrupted
        assert held[0]() is not None
        await freed.wait()

    run_alone(host())
