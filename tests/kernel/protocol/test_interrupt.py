"""Stop ends the running cell and nothing else."""

import time

import pytest


@pytest.fixture(scope="module", params=["hocket", "hocket-message"])
def notebook(request, transport, start):
    shared = start(request.param, **transport)
    yield shared
    shared.close()


def test_the_line_that_was_running_is_shown(notebook):
    cell = notebook.send("x := 1\nprint('begun')\nwhile true {\n  x = x + 1\n}")
    notebook.until(lambda: "begun" in cell.out)
    notebook.interrupt()
    notebook.wait(cell)
    text = "\n".join(cell.reply["traceback"])
    assert any(line in text for line in ("print", "while true", "x = x + 1"))


def test_clean_up_runs_and_except_does_not_catch(notebook):
    cell = notebook.waits(
        "try { await async_sleep(60000) } except e { print('caught') } finally { print('cleaned up') }"
    )
    notebook.interrupt()
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert cell.out == "cleaned up\n"


def test_a_stop_counts_from_when_the_cell_is_shown_as_running(notebook):
    for _ in range(20):
        cell = notebook.begins("await async_sleep(60000)")
        notebook.interrupt()
        assert notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"


def test_stop_while_idle_is_nothing(notebook):
    notebook.interrupt()
    time.sleep(0.1)
    notebook.interrupt()
    time.sleep(0.1)
    assert notebook.ok("1 + 1").result == "2"


def test_stop_aborts_the_queue(notebook):
    first = notebook.waits("await async_sleep(60000)")
    queued = notebook.send("print('never')")
    notebook.ask(notebook.client.complete("behind the queued one"))
    notebook.interrupt()
    notebook.wait(first)
    notebook.wait(queued)
    assert queued.reply["status"] == "aborted"
    assert notebook.ok("2").result == "2"


def test_many_stops_leave_a_working_kernel(notebook):
    for _ in range(5):
        cell = notebook.begins("while true { x := [1, 2, 3].map(v => v * 2) }")
        for _ in range(3):
            notebook.interrupt_and_wait()
        notebook.wait(cell)
        assert cell.reply["ename"] == "KeyboardInterrupt"
    assert notebook.ok("'still here'").result == '"still here"'


def test_a_message_is_answered_even_while_the_program_computes(notebook):
    cell = notebook.begins("while true {}")
    asked = time.monotonic()
    assert notebook.control("interrupt_request", {})["status"] == "ok"
    assert time.monotonic() - asked < 1.0
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"


def test_an_interrupt_does_not_wait_for_another_control_request(notebook):
    cell = notebook.begins("while true {}")
    # Answered by the main loop, which does not turn.
    notebook.request("complete_request", {"code": "pri", "cursor_pos": 3}, "control")
    notebook.request("interrupt_request", {}, "control")
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"


def test_a_cell_is_answered_before_the_task_that_it_left_holds_the_loop(notebook):
    cell = notebook.run("print('answered')\nspawn { loop { } }\n5")
    assert (cell.reply["status"], cell.out, cell.result) == ("ok", "answered\n", "5")

    def is_stopped():
        # One that comes before the task has begun finds nothing to stop; a task that holds the loop is given time.
        notebook.interrupt()
        notebook.listen(0.2)
        return "KeyboardInterrupt" in cell.err

    notebook.until(is_stopped)
    assert notebook.ok("1 + 1").result == "2"


# A task of an earlier cell, one of the cell's own, and a cell that insists at first.
TICKER = "mut ticks := 0\nlet ticker := spawn { loop { ticks += 1; await async_sleep(5) } }\nnull"
INSISTS = """
mut left := 0
let child := spawn { loop { left += 1; await async_sleep(5) } }
shield { try { await async_sleep(60000) } finally { print("shield ended") } }
"""
TICKS = "let seen := ticks\nwhile ticks == seen { await async_sleep(5) }\n'ticks'"


def test_a_second_stop_goes_through_shield_and_ends_what_the_cell_spawned(notebook):
    notebook.ok(TICKER)
    cell = notebook.waits(INSISTS)
    notebook.interrupt_and_wait()
    notebook.listen(0.2)
    assert not cell.reply, "a first stop does not go through shield"
    notebook.interrupt_and_wait()
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt" and "shield ended" in cell.out
    assert notebook.ok("child.status").result == '"cancelled"'
    assert notebook.ok(TICKS).result == '"ticks"'
    notebook.ok("ticker.cancel()")


def test_a_first_stop_leaves_what_the_cell_spawned(notebook):
    cell = notebook.waits("let child := spawn async_sleep(60000)\nawait async_sleep(60000)")
    notebook.interrupt()
    assert notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"
    assert notebook.ok("child.cancel()").result == "true"


def test_a_third_stop_ends_everything(notebook):
    notebook.ok(TICKER)
    cell = notebook.waits(
        "try { await async_sleep(60000) } finally { try { await async_sleep(60000) } finally { print('last') } }"
    )
    for _ in range(3):
        assert not cell.reply
        notebook.interrupt_and_wait()
        notebook.listen(0.2)
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt" and cell.out == "last\n"
    assert notebook.ok("ticker.status").result == '"cancelled"'
    assert notebook.ok("1 + 1").result == "2"
