"""`timeline { }`: the chart of what ran and what waited."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

from hocket import host
from hocket.session import Session


def run(text: str) -> tuple[Any, list[str]]:
    """Return the outcome of a cell under the virtual clock, and the lines it printed."""

    async def main() -> Any:
        session = Session(clock="virtual")
        try:
            return await session.run(text, "cell 1")
        finally:
            await session.close()

    printed = io.StringIO()
    with redirect_stdout(printed):
        outcome = host.run_alone(main())
    return outcome, printed.getvalue().splitlines()


def test_each_task_has_a_line_of_what_it_did_and_waited_for() -> None:
    outcome, lines = run(
        """
async func fetch(ms) { await async_sleep(ms); return ms }
timeline {
    let a := spawn fetch(30)
    let b := spawn("late") { await async_sleep(15); await fetch(45) }
    await a
    await b
}
"""
    )
    assert outcome.value == 45
    assert lines == [
        "timeline 0                                                       60ms",
        "cell 1   " + "█" + "░" * 29 + "█" + "░" * 28 + "█  30ms for task #1 fetch, line 6",
        "#1 fetch " + "█" + "░" * 29 + "█  30ms for a timer, line 2",
        "#2 late  " + "█" + "░" * 14 + "█" + "░" * 43 + "█  45ms for a timer, line 2",
    ]


def test_it_is_shown_also_when_the_block_fails_or_is_left() -> None:
    outcome, lines = run('timeline { await async_sleep(10); throw "no luck" }')
    assert (outcome.error.message, lines[0][-5:]) == ("no luck", " 10ms")
    outcome, lines = run("async func f() { timeline { await async_sleep(2s); return 7 } }\nawait f()")
    assert (outcome.value, lines[0][-5:]) == (7, "   2s")


def test_one_inside_another_hides_nothing_from_it() -> None:
    _, lines = run("timeline { timeline { await async_sleep(10) }; await async_sleep(10) }")
    assert [line.split()[-1] for line in lines if line.startswith("timeline")] == ["10ms", "20ms"]
    assert [line for line in lines if line.startswith("cell 1")][1].count("█") == 3


def test_it_owns_no_tasks() -> None:
    outcome, lines = run(
        """
mut task := null
timeline { task = spawn { await async_sleep(1h); "done" } }
[task.status, await task]
"""
    )
    assert outcome.value == ["pending", "done"]
    assert len(lines) == 2


def test_only_so_many_tasks_are_shown() -> None:
    _, lines = run("timeline { await promise_all(range(100).map(n => spawn { await async_sleep(n + 1) })) }")
    assert len(lines) == 42
    assert lines[-1] == "… and 61 more"


def test_nothing_is_recorded_afterwards() -> None:
    async def main() -> Any:
        session = Session(clock="virtual")
        await session.run("timeline { await async_sleep(1) }")
        recorders = list(session.scheduler.recorders)
        await session.close()
        return recorders

    with redirect_stdout(io.StringIO()):
        assert host.run_alone(main()) == []
