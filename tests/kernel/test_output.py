"""What a program prints arrives: at once, in order, in few messages, all of it."""

import time

import pytest

from hocket_kernel.output import Outlet


class BrokenThread:
    """Stands for the thread of the iopub channel; the first call of it is broken by a Stop."""

    def __init__(self):
        self.calls = []

    def schedule(self, function):
        self.calls.append(function)
        if len(self.calls) == 1:
            raise KeyboardInterrupt


def test_a_print_that_a_stop_breaks_holds_up_none_after_it():
    thread = BrokenThread()
    outlet = Outlet(None, thread)
    with pytest.raises(KeyboardInterrupt):
        outlet.put({}, "stdout", "broken")
    outlet._pieces.clear()  # the thread was just sending what there was
    outlet.put({}, "stdout", "next")
    outlet.put({}, "stdout", "and more")
    assert len(thread.calls) == 2


def test_the_first_byte_arrives_while_the_cell_waits(notebook):
    notebook.ok("1")
    best = []
    for _ in range(5):
        cell = notebook.ok("print('first')\nawait async_sleep(200)")
        (stream,) = cell.of("stream")
        best.append(stream.time - cell.sent)
        assert cell.replied - stream.time > 0.15
    assert min(best) < 0.015


def test_the_first_byte_arrives_while_the_cell_computes(notebook):
    seen = []
    for _ in range(5):
        cell = notebook.ok("print('first')\nmut n := 0\nwhile n < 3000000 { n += 1 }")
        first = cell.of("stream")[0].time
        seen.append((first - cell.sent, cell.replied - first))
    assert any(waited < 0.03 and computed > 0.05 for waited, computed in seen), seen


def test_a_hundred_thousand_prints_are_few_messages_and_none_is_lost(notebook):
    cell = notebook.ok("for i in range(100000) { print(i) }")
    assert cell.out == "".join(f"{i}\n" for i in range(100_000))
    assert len(cell.of("stream")) < 50
    assert cell.kinds[-1] == "idle"
    assert cell.seconds < 3


def test_both_streams_keep_their_order(notebook):
    cell = notebook.ok("print('a')\neprint('b')\nprint('c')\neprint('d')")
    streams = [(m.content["name"], m.content["text"]) for m in cell.of("stream")]
    assert streams == [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n"), ("stderr", "d\n")]


def test_output_stands_before_the_result_and_the_error(notebook):
    assert notebook.ok("print('a')\n1").kinds == ["busy", "execute_input", "stream", "execute_result", "idle"]
    assert notebook.run("print('a')\n1 / 0").kinds == ["busy", "execute_input", "stream", "error", "idle"]


def test_a_value_is_shown_unless_it_is_null_or_ends_in_a_semicolon(notebook):
    assert notebook.ok('["a", 1.5, {b: null}]').result == '["a", 1.5, {"b": null}]'
    assert notebook.ok("1;").result is None
    assert notebook.ok("null").result is None
    assert notebook.ok("x := 1").result is None
    assert notebook.ok("# nothing").result is None
    assert notebook.ok("").result is None


def test_a_pending_promise_is_replaced_in_place_when_it_settles(notebook):
    cell = notebook.ok("async func later() { await async_sleep(100); return [1, 2] }\nlater()")
    (shown,) = cell.of("display_data")
    assert shown.content["data"] == {"text/plain": "<promise pending>"}
    assert not cell.of("execute_result")
    notebook.until(lambda: bool(cell.of("update_display_data")), 5)
    (settled,) = cell.of("update_display_data")
    assert settled.content["transient"] == shown.content["transient"]
    assert settled.content["data"] == {"text/plain": "<promise resolved [1, 2]>"}
    notebook.ok("p := later()")


def test_a_promise_that_is_rejected_is_replaced_and_still_reported(notebook):
    cell = notebook.ok("async func sour() { await async_sleep(50); throw 'sour milk' }\nsour()")
    notebook.until(lambda: bool(cell.of("update_display_data")) and "sour milk" in cell.err, 5)
    assert cell.of("update_display_data")[0].content["data"] == {"text/plain": "<promise rejected sour milk>"}


def test_a_promise_that_is_no_task_says_pending(notebook):
    cell = notebook.ok("async_sleep(50).then(x => 'slept')")
    assert cell.of("display_data")[0].content["data"] == {"text/plain": "<promise pending>"}
    notebook.until(lambda: bool(cell.of("update_display_data")), 5)
    data = cell.of("update_display_data")[0].content["data"]
    assert data == {"text/plain": '<promise resolved "slept">'}


def test_a_settled_promise_is_a_plain_result(notebook):
    notebook.ok("async func soon() { return 1 }\np := soon()\nawait p")
    assert notebook.ok("p").result is not None


def test_a_client_that_does_not_read_loses_nothing(notebook):
    cell = notebook.send("for i in range(5000) { print(i); eprint(i) }")
    time.sleep(2)
    notebook.wait(cell)
    assert cell.out == cell.err == "".join(f"{i}\n" for i in range(5000))
    assert cell.kinds[-1] == "idle"


def test_a_coroutine_of_python_that_nobody_awaits_is_warned_of_in_its_cell(notebook):
    cell = notebook.ok("import py.asyncio as asyncio\nlet p := spawn { asyncio.sleep(1); print('made') }\nawait p")
    assert cell.out == "made\n"
    told, place, *_ = cell.err.splitlines()
    assert told == "warning: nobody awaits the coroutine of sleep()"
    assert place.endswith("line 2, column 18")
