"""The loop monitor, the recording of steps, and virtual days."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from typing import Any

import pytest

from hocket import errors, host
from hocket.runtime import holds
from hocket.runtime.clock import VirtualClock, sleep
from hocket.runtime.current import current_scheduler
from hocket.runtime.recording import recording
from hocket.runtime.tasks import spawn
from hocket.session import Session
from hocket.stdlib import observing

BLOCKING = """
func nap() { sleep(250) }
func compute() {
    let begun := performance_now()
    while performance_now() - begun < 250 { }
}
"""


def warnings_of(text: str, clock: str | None = None) -> str:
    """Return what the monitor writes to stderr."""

    async def main() -> Any:
        session = Session(clock=clock)
        try:
            outcome = await session.run(text, "cell 1")
            assert outcome.error is None, outcome.error
        finally:
            await session.close()

    import io
    from contextlib import redirect_stderr

    written = io.StringIO()
    with redirect_stderr(written):
        host.run_alone(main())
    warnings = written.getvalue().split("warning: ")
    return "".join(f"warning: {warning}" for warning in warnings[1:] if " blocks here" not in warning)


def test_a_builtin_that_blocks_is_named_with_its_line() -> None:
    written = warnings_of(BLOCKING + "nap()")
    took = re.search(r"\d+", written)
    assert took is not None
    assert written.startswith(f"warning: sleep() kept everything waiting for {took[0]} ms\n")
    assert "cell 1, line 2, column 14" in written
    assert "2 | func nap() { sleep(250) }\n   |              ^^^^^^^^^^" in written
    assert "called from cell 1, line 7" in written


def test_a_line_is_complained_about_once() -> None:
    assert warnings_of(BLOCKING + "for i in 2 { nap(); await yield_now() }").count("warning") == 1


def test_a_computation_is_named_when_another_task_has_to_wait_for_it() -> None:
    written = warnings_of(BLOCKING + "spawn { await async_sleep(5) }; compute(); await yield_now()")
    assert written.startswith("warning: nothing else could run for ")
    assert "5 |     while performance_now() - begun < 250 { }" in written
    assert "`await yield_now()` lets others run" in written


def test_a_computation_that_nobody_has_to_wait_for_is_nobodys_business() -> None:
    assert warnings_of(BLOCKING + "compute()") == ""


def test_what_waits_without_blocking_is_no_block() -> None:
    assert warnings_of("spawn { await async_sleep(5) }; sleep(250)") == ""


def test_a_plain_sleep_moves_the_virtual_clock() -> None:
    begun = time.monotonic()
    text = "func nap() { sleep(3600000) }; let begun := now(); nap(); print(now() - begun)"
    assert warnings_of(text, "virtual") == ""
    assert time.monotonic() - begun < 60


def test_every_step_is_recorded_while_somebody_records(world: Any) -> None:
    async def main() -> list[Any]:
        with recording(current_scheduler()) as record:
            await sleep(1)
            work = spawn(sleep, 5)
            await work
        await sleep(1)
        return [(step.task.name, step.begun, step.state, step.waits_for) for step in record.steps]

    ms = 1_000_000
    assert world.run(main, clock=VirtualClock()) == [
        ("cell 1", ms, "pending", "task #1 sleep"),
        ("sleep", ms, "pending", "a timer"),
        ("sleep", 6 * ms, "resolved", None),
    ]


def test_a_wait_for_something_real_has_a_limit_under_the_virtual_clock(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(holds, "LIMIT", 0.05)
    session_text = """
    try { await stuck } except TimeoutError e { print(e.message, e.limit); print(e.hint) }
    """

    async def main() -> list[str]:
        session = Session(clock="virtual")
        session.assign("stuck", asyncio.get_running_loop().create_future())
        import io
        from contextlib import redirect_stdout

        written = io.StringIO()
        with redirect_stdout(written):
            await session.run(session_text)
        await session.close()
        return written.getvalue().splitlines()

    expected = "a Python awaitable took more than 0.05 s of real time, while the virtual clock stood still 50"
    hint = "if it waits for functions that sleep on that clock: `promise_all` does not stop it"
    assert host.run_alone(main()) == [expected, hint]


def test_a_cell_that_only_earlier_cells_keep_waiting_is_ended(monkeypatch: Any) -> None:
    from hocket.runtime import loop

    monkeypatch.setattr(loop, "JUMPS", 1000)

    async def main() -> Any:
        session = Session(clock="virtual")
        await session.run('spawn("ticker") { while true { await async_sleep(1) } }', "cell 1")
        outcome = await session.run("await deferred().promise", "cell 2")
        own = await session.run("for i in 3000 { await async_sleep(1) }; 7", "cell 3")
        await session.close()
        return outcome.error, own.value

    error, value = host.run_alone(main())
    assert error.type == "DeadlockError"
    assert "only tasks of earlier cells ran: task #1 ticker of cell 1" in error.message
    assert value == 7


DAY = """
set_random_seed(7)
mut trace := []
async func worker(n) {
    for i in STEPS {
        await async_sleep(random() * 172800000 / STEPS)
        trace.push(n * 1000 + i)
    }
}
await promise_all(range(TASKS).map(n => spawn worker(n)))
sha256(to_json(trace)) + " " + to_string(now())
"""


async def day(tasks: int, steps: int, is_disturbed: bool = False) -> Any:
    """Simulate a day; return the hash of all that happened."""
    session = Session(clock="virtual")
    disturbance = asyncio.create_task(disturb()) if is_disturbed else None  # noqa: TID251  not a program's
    try:
        outcome = await session.run(DAY.replace("TASKS", str(tasks)).replace("STEPS", str(steps)))
        assert outcome.error is None
        return outcome.value
    finally:
        if disturbance is not None:
            disturbance.cancel()
        await session.close()


async def disturb() -> None:
    """Keep sockets, threads and the loop's own timers busy."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        while True:
            await loop.sock_sendall(ours, b"x")
            await loop.sock_recv(theirs, 1)
            await loop.run_in_executor(None, time.time)
            await asyncio.sleep(0)


@pytest.mark.parametrize("is_disturbed", [False, True])
def test_a_virtual_day_is_the_same_ten_times(is_disturbed: bool) -> None:
    assert len({host.run_alone(day(20, 100, is_disturbed)) for _ in range(10)}) == 1


def test_a_virtual_day_of_100_000_sleeps_takes_less_than_two_seconds() -> None:
    def spent() -> float:
        begun = time.process_time()
        host.run_alone(day(200, 500))
        return time.process_time() - begun

    assert min(spent() for _ in range(2)) < 2


def test_a_task_local_needs_a_task() -> None:
    variable = observing.task_local("default")
    assert observing.get(variable) == "default"
    message = "set() of a task-local needs a running task; a callback from outside has none"
    with pytest.raises(errors.ValueError, match=re.escape(message)):
        observing.set_(variable, 1)
