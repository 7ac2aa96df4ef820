"""`exit`: how the program, the cell, the prompt and Python's `run` end."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

import hocket
from hocket import errors
from hocket.runtime import cells as cells_of_runtime
from hocket.session import Outcome, Session


def command(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hocket", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def test_a_program_ends_with_its_code() -> None:
    done = command("run", "-", text="print(1)\nexit(7)\nprint(2)")
    assert (done.returncode, done.stdout, done.stderr) == (7, "1\n", "")


def test_a_task_ends_the_program_with_its_code_when_the_top_level_has_ended() -> None:
    done = command("run", "-", text="spawn { await yield_now(); exit(3) }\nspawn { sleep(100_000) }")
    assert (done.returncode, done.stderr) == (3, "")


def test_the_first_code_counts() -> None:
    assert command("run", "-", text="try { exit(3) } finally { exit(4) }").returncode == 3


def test_clean_up_has_a_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_of_runtime, "GRACE", 0.05)
    with pytest.raises(SystemExit):
        hocket.run("spawn { shield { sleep(100_000) } }\nawait yield_now()\ntry { exit(1) } finally { sleep(100_000) }")


@pytest.mark.parametrize("ending", ["t.cancel()", "null", 'throw "top"'])
@pytest.mark.parametrize(
    "stuck",
    [
        "try { await deferred().promise } finally { await deferred().promise }",
        "shield { await deferred().promise }",
    ],
)
def test_clean_up_that_nothing_can_wake_does_not_keep_a_program(stuck: str, ending: str) -> None:
    reported: list[errors.HocketError] = []

    async def host() -> None:
        session = Session(lambda error, _: reported.append(error))
        outcome = await session.run(f"let t := spawn {{ {stuck} }}\nawait async_sleep(5)\n{ending}")
        if outcome.error is None:
            await session.drain()
        await session.close(grace=3600)
        assert not session.scheduler.tasks()
        assert outcome.error is not None or [type(error) for error in reported] == [errors.DeadlockError]

    asyncio.run(asyncio.wait_for(host(), 60))


def test_the_prompt_is_left() -> None:
    done = command("repl", text="print(1)\nexit(5)\nprint(2)\n")
    assert (done.returncode, done.stdout) == (5, "1\n")


def test_python_sees_a_program_that_exits() -> None:
    with pytest.raises(SystemExit) as caught:
        hocket.run("exit(6)")
    assert caught.value.code == 6


def cells(*texts: str) -> list[Outcome]:
    async def main() -> list[Any]:
        session = Session()
        outcomes = [await session.run(text, f"cell {number}") for number, text in enumerate(texts, 1)]
        await session.close()
        return outcomes

    return asyncio.run(main())


def test_a_cell_ends_and_the_session_goes_on() -> None:
    first, second = cells("mut x := 1\nexit(2)\nx = 5", "x")
    assert (first.error, first.exit_code, first.has_value) == (None, 2, False)
    assert second.value == 1


def test_the_tasks_of_other_cells_stay() -> None:
    kept, left, answer = cells(
        "let gate := deferred()\nlet task := spawn { await gate.promise }; task.status",
        "spawn { sleep(100_000) }\nexit()",
        "gate.resolve(5)\nawait task",
    )
    assert left.exit_code == 0
    assert answer.value == 5


def test_a_background_task_ends_its_own_cell_only() -> None:
    *_, answer = cells("let gate := deferred()\nspawn { await gate.promise; exit(1) }", "gate.resolve(5)\nsleep(1)\n8")
    assert (answer.value, answer.exit_code) == (8, None)
