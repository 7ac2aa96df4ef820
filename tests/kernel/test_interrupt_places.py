"""Stop, wherever the cell is: at once, its name is KeyboardInterrupt, and all else goes on.

`tests/benchmarks/interrupts.py` measures how long it takes, over the same cells.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hocket.testing import programs

STOPS = programs((Path(__file__).parents[1] / "data/stops.txt").read_text(encoding="utf-8"), "stops.txt")
BEFORE, *CELLS = [program.text for program in STOPS]

# Counts until the ticker of `BEFORE` has ticked again, so that a dead one is noticed.
ALIVE = "let seen := ticks\nwhile ticks == seen { await async_sleep(5) }\nkept"


def by_signal(notebook):
    notebook.manager.signal_kernel(signal.SIGINT)


def by_message(notebook):
    notebook.control("interrupt_request", {})


def name(cell):
    return next(line for line in cell.splitlines() if line.startswith("# "))[2:]


@pytest.fixture(scope="module")
def notebook(start):
    shared = start()
    shared.ok(BEFORE)
    yield shared
    shared.close()


def ends(notebook, cell):
    """Check that a cell was stopped, and that nothing else was."""
    notebook.wait(cell)
    assert (cell.reply["status"], cell.reply["ename"]) == ("error", "KeyboardInterrupt"), cell.reply
    assert [message.content["ename"] for message in cell.of("error")] == ["KeyboardInterrupt"]
    assert "error" not in cell.err
    assert notebook.ok(ALIVE).result == "42"


@pytest.mark.parametrize("code", CELLS, ids=name)
def test_stop_ends_the_cell_and_nothing_else(notebook, code):
    for stop in (by_signal, by_message):
        cell = notebook.send(code)
        notebook.until(lambda cell=cell: "begun" in cell.out)
        notebook.listen(0.02)
        stop(notebook)
        ends(notebook, cell)


@pytest.mark.parametrize("stop", [by_signal, by_message])
@pytest.mark.parametrize("code", ["input('? ')", "func ask() { return input('? ') }\nask()"])
def test_a_question(notebook, code, stop):
    cell = notebook.send(code, allow_stdin=True)
    notebook.client.get_stdin_msg(timeout=10)
    stop(notebook)
    ends(notebook, cell)


def test_questions_that_are_stopped_at_once_leave_the_next_one_alone(notebook):
    for stop in (by_signal, by_message) * 20:
        cell = notebook.send("func ask() { return input('? ') }\nask()", allow_stdin=True)
        notebook.client.get_stdin_msg(timeout=10)
        stop(notebook)
        assert notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize("stop", [by_signal, by_message])
def test_a_cell_that_is_being_compiled(notebook, stop):
    cell = notebook.begins("\n".join(f"variable_{i} := {i} + 1" for i in range(100_000)))
    notebook.listen(0.1)
    stop(notebook)
    ends(notebook, cell)


@pytest.mark.parametrize("stop", [by_signal, by_message])
def test_a_task_that_keeps_the_loop_busy_when_no_cell_runs(notebook, stop):
    cell = notebook.ok("spawn { await async_sleep(1); print('begun'); loop { } }\nnull")
    notebook.until(lambda: "begun" in cell.out)
    notebook.listen(0.2)
    stop(notebook)
    notebook.until(lambda: "KeyboardInterrupt" in cell.err)
    assert "loop" in cell.err and cell.err.count("KeyboardInterrupt") == 1
    assert notebook.ok(ALIVE).result == "42"


@pytest.mark.parametrize("stop", [by_signal, by_message])
def test_a_task_of_an_earlier_cell_that_keeps_the_running_one_waiting(notebook, stop):
    busy = notebook.ok("let gate := deferred()\nspawn { await gate.promise; print('begun'); loop { } }\nnull")
    cell = notebook.send("gate.resolve(1)\nawait async_sleep(60000)")
    notebook.until(lambda: "begun" in busy.out)
    notebook.listen(0.2)
    stop(notebook)
    ends(notebook, cell)
    notebook.until(lambda: "KeyboardInterrupt" in busy.err)


def test_a_task_that_computes_now_and_then_is_left_alone(notebook):
    busy = notebook.ok(
        "mut rounds := 0\n"
        "let worker := spawn { loop { for i in 0..20_000 { }; rounds += 1; await async_sleep(1) } }\nnull"
    )
    for stop in (by_signal, by_message) * 5:
        cell = notebook.send("print('begun')\nawait async_sleep(60000)")
        notebook.until(lambda cell=cell: "begun" in cell.out)
        stop(notebook)
        ends(notebook, cell)
    assert notebook.ok("let before := rounds\nwhile rounds == before { await async_sleep(1) }\nworker.cancel()").result
    assert not busy.err


@pytest.mark.skipif(os.name == "nt", reason="sends signals to a thread")
@pytest.mark.parametrize("wait", ["await async_sleep(60000)", "func nap() { sleep(60000) }\nnap()"])
def test_a_signal_that_does_not_interrupt_the_wait(notebook, wait):
    # Another thread takes it, as if it had come just before the wait began.
    notebook.ok(
        "%%python\nimport signal, threading\n"
        "def take(): signal.pthread_kill(threading.get_ident(), signal.SIGINT)\n"
        "def take_later(): threading.Timer(0.1, take).start()"
    )
    ends(notebook, notebook.send(f"take_later()\n{wait}"))


def test_clean_up_that_waits_has_its_time(notebook):
    cell = notebook.waits("try { await async_sleep(60000) } finally { await async_sleep(300); print('clean') }")
    by_signal(notebook)
    ends(notebook, cell)
    assert cell.out == "clean\n"


def test_a_system_exit_in_what_is_stopped_ends_only_the_cell(notebook):
    cell = notebook.send(
        "%%python\nimport time, sys\nprint('begun')\ntry:\n    time.sleep(60)\nfinally:\n    sys.exit(3)"
    )
    notebook.until(lambda: "begun" in cell.out)
    notebook.listen(0.02)
    by_signal(notebook)
    notebook.wait(cell)
    assert cell.reply["status"] == "error"
    assert notebook.ok(ALIVE).result == "42"
