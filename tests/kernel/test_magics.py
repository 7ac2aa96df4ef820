"""Magics: lines and cells that speak to the notebook."""

import re
import time

import pytest

from hocket_kernel.magics.registry import MAGICS


def fails(notebook, code):
    """Run a cell that must fail; return its error as plain text."""
    cell = notebook.run(code)
    assert cell.reply["status"] == "error"
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(cell.reply["traceback"]))


def test_every_magic_has_help_and_is_listed(notebook):
    listed = notebook.ok("%help").out
    for name, magic in MAGICS.items():
        assert magic.summary in listed
        assert notebook.ok(f"%help {name}").out == f"{magic.help}\n"
        (page,) = notebook.ok(f"%{name}?").reply["payload"]
        assert page["data"]["text/plain"] == magic.help
        found = notebook.ask(notebook.client.inspect(f"%{name} x", 2)).content
        assert found["data"]["text/plain"] == magic.help


def test_an_unknown_magic_says_so_with_a_near_name(notebook):
    assert fails(notebook, "1\n%tiem 1").splitlines() == [
        "error: there is no magic %tiem",
        f"  --> cell {notebook.ok('1').reply['execution_count'] - 1}, line 2, column 1",
        "   |",
        " 2 | %tiem 1",
        "   | ^^^^^^^  did you mean `time`?",
    ]
    assert "there is no magic %%pyhton" in (shown := fails(notebook, "%%pyhton\n1")) and "`python`" in shown
    assert "there is no magic %matplotlib" in fails(notebook, "%matplotlib")
    assert "%help lists what there is" in fails(notebook, "%xyzzy")
    assert "write %%python" in fails(notebook, "%python 1")
    assert "write %who [TYPE]" in fails(notebook, "%%who\n1")
    assert "there is no magic %tiem" in fails(notebook, "%help tiem")


def test_magics_are_completed(notebook):
    def matches(code):
        return notebook.ask(notebook.client.complete(code)).content["matches"]

    assert matches("%ti") == ["%time", "%timeit"]
    assert matches("x := 1\n%re") == ["%reset"]
    assert matches("%%ti") == ["%%time", "%%timeit", "%%timeline"]
    assert "%%background" in matches("%%")
    assert matches("%help cl") == ["clock"]
    assert "async_sleep" in matches("%time async_sle")


def test_consoles_know_when_a_cell_with_magics_is_whole(notebook):
    def status(code):
        return notebook.ask(notebook.client.is_complete(code)).content["status"]

    assert status("%time 1") == "complete"
    assert status("%who\nif true {") == "incomplete"
    assert status("%%time") == status("%%time\nx := 1\n") == "incomplete"
    assert status("%%time\nx := 1\n\n") == "complete"


def test_lines_of_magics_stand_between_programs(notebook):
    cell = notebook.ok("print('a')\n%env HOCKET_TEST_A=1\nprint(env('HOCKET_TEST_A'))\n%env HOCKET_TEST_A\n'last'")
    assert cell.out == "a\n1\n1\n"
    assert cell.result == '"last"'


def test_what_looks_like_a_magic_within_a_program_is_none(notebook):
    assert notebook.ok('print("""a\n%who\n""")').out == "a\n%who\n"
    assert notebook.ok("let b := 4\n(9\n%b)").result == "1"
    assert notebook.ok("7 % 4").result == "3"


def test_an_error_beside_a_magic_shows_its_line(notebook):
    assert "line 3, column 3" in fails(notebook, "%env HOCKET_TEST_B=1\n\n  nope")
    assert "line 2, column 7" in fails(notebook, "1\n%time nope")
    assert "line 3, column 1" in fails(notebook, "%%time\n1\n1 / 0")
    cell = notebook.run("%tiem\nprint('not run')")
    assert cell.reply["status"] == "error" and not cell.out


def test_time_tells_how_long_and_gives_the_value(notebook):
    cell = notebook.ok("%time await async_sleep(50)")
    took, computing = re.fullmatch(r"took ([\d.]+) ms, computing ([\d.]+) [mµ]s\n", cell.out).groups()
    assert 50 <= float(took) < 1000
    assert notebook.ok("%time 6 * 7").result == "42"
    assert notebook.ok("%%time\nlet timed := 5\ntimed + 1").result == "6"
    assert "there is nothing to run" in fails(notebook, "%time")


def test_a_timeline_shows_what_the_tasks_of_a_cell_did(notebook):
    cell = notebook.ok("%%timeline\nasync func nap() { await async_sleep(20) }\nlet drawn := await nap() ?? 7\ndrawn")
    assert cell.result == "7"
    assert cell.out.startswith("timeline") and "for a timer, line 2\n" in cell.out
    assert notebook.ok("drawn").result == "7"
    failed = notebook.run("%%timeline\nawait async_sleep(1)\n1 / 0")
    assert failed.reply["ename"] == "ZeroDivisionError" and failed.out.startswith("timeline")
    assert notebook.run("%%timeline\n1 +* 2").out == ""
    assert "nothing to run" in fails(notebook, "%%timeline")


def test_timeit_repeats(notebook):
    notebook.ok("mut runs := 0")
    cell = notebook.ok("%timeit runs += 1")
    times, runs = re.fullmatch(r"[\d.]+ \wm?s ± [\d.]+ \w?s \(7 times ([\d,]+)() runs?\)\n", cell.out).groups()
    assert int(notebook.ok("runs").result) > 7 * int(times.replace(",", ""))
    assert not cell.of("execute_result")
    assert "7 times 1 run)" in notebook.ok("%%timeit\nlet n := 100\nawait async_sleep(n)").out
    assert "ZeroDivisionError" in fails(notebook, "%timeit 1 / 0")
    stopped = notebook.waits("%timeit await async_sleep(20)")
    notebook.interrupt()
    assert notebook.wait(stopped).reply["ename"] == "KeyboardInterrupt"


def test_who_shows_variables_and_reset_forgets_them(fresh):
    assert fresh.ok("%who").out == "no variables\n"
    fresh.ok("let words := ['a']\nmut count := 2\nfunc f() { return count }")
    table = fresh.ok("%who").result
    assert all(text in table for text in ("words", "array", "count", "int", "f", "function"))
    assert "words" not in fresh.ok("%who int").result
    assert fresh.ok("%who dict").out == "no variables of type dict\n"
    assert "did you mean `count`?" in fails(fresh, "%reset coutn")
    fresh.ok("%reset count")
    assert "Undefined variable: count" in fails(fresh, "count")
    assert fresh.ok("words[0]").result == '"a"'
    fresh.ok("%reset")
    assert fresh.ok("%who").out == "no variables\n"
    assert fresh.ok("let words := 1\nwords").result == "1"


def test_tasks_shows_what_runs(fresh):
    assert fresh.ok("%tasks").out == "no tasks\n"
    fresh.ok("let t := spawn('ticker') { await async_sleep(60000) }\nawait yield_now()")
    table = fresh.ok("%tasks").result
    assert "ticker" in table and "a timer" in table


def test_the_clock_can_be_changed_while_nothing_waits(fresh):
    assert fresh.ok("%clock").out == "real clock\n"
    fresh.ok("let t := spawn { await async_sleep(60000) }")
    assert "cannot change the clock while a task runs" in fails(fresh, "%clock virtual")
    fresh.ok("t.cancel()\nawait yield_now()\nlet alarm := timer(60000)")
    assert "cannot change the clock while timers are set" in fails(fresh, "%clock virtual")
    fresh.ok("alarm.cancel();")
    assert fresh.ok("%clock virtual").out == "virtual clock\n"
    cell = fresh.ok("await async_sleep(3600000)\nprint('an hour later')")
    assert cell.seconds < 10 and cell.out == "an hour later\n"
    assert fresh.ok("%clock real\n%clock").out == "real clock\nreal clock\n"
    cell = fresh.ok("await async_sleep(100)")
    assert cell.seconds >= 0.1
    assert "there is no clock 'lunar'" in fails(fresh, "%clock lunar")


def test_the_kernel_answers_and_stops_while_the_virtual_clock_runs(fresh):
    fresh.ok("%clock virtual")
    # Days pass in it, and it never ends by itself; a Stop leaves what is not the cell's own.
    fresh.ok("let hours := spawn { loop { await async_sleep(3600000) } }\nnull")
    cell = fresh.begins("await hours")
    reply = fresh.ask(fresh.client.complete("async_sl"))
    assert "async_sleep" in reply.content["matches"]
    assert not cell.reply
    fresh.interrupt()
    fresh.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert fresh.ok("hours.cancel()").result == "true"


def test_files_are_loaded_and_run(notebook, tmp_path):
    file = tmp_path / "a program.hkt"
    file.write_text("let from_file := args()\nfrom_file", encoding="utf-8")
    (payload,) = notebook.ok(f"%load {file}").reply["payload"]
    assert payload == {"source": "set_next_input", "text": file.read_text(), "replace": True}
    assert notebook.ok(f"%run '{file}' one 'two words'").result == '["one", "two words"]'
    assert notebook.ok("from_file").result == '["one", "two words"]'
    assert notebook.ok("args()").result == "[]"
    file.write_text("1\n1 / 0", encoding="utf-8")
    assert "a program.hkt, line 2" in fails(notebook, f"%run '{file}'").replace("\n", "")
    assert "nowhere.hkt cannot be read: No such file" in fails(notebook, "%run nowhere.hkt")
    assert "%load needs a file" in fails(notebook, "%load")
    assert "%run needs a file" in fails(notebook, "%run")


def test_the_environment_is_shown_and_set(notebook):
    notebook.ok("%env HOCKET_TEST_C = a value")
    assert notebook.ok("%env HOCKET_TEST_C").out == "a value\n"
    assert notebook.ok("execute('echo $HOCKET_TEST_C')").result == '"a value\\n"'
    assert "HOCKET_TEST_C" in notebook.ok("%env").result
    notebook.ok("%env HOCKET_TEST_C=")
    assert "the environment has no HOCKET_TEST_C" in fails(notebook, "%env HOCKET_TEST_C")
    assert "cannot set a variable without a name" in fails(notebook, "%env =1")
    notebook.ok("%env HOCKET_OUTPUT_LIMIT=1000")
    assert "left out" in notebook.ok("print('x' * 100000)").err
    notebook.ok("%env HOCKET_OUTPUT_LIMIT=")


def test_a_background_cell_runs_beside_the_others(notebook):
    beside = notebook.ok(
        "%%background\nprint('begun')\nlet gate := deferred()\nlet got := await gate.promise\nprint(got)\n'value'"
    )
    notebook.until(lambda: beside.out == "begun\n")
    other = notebook.ok("gate.resolve('opened')\nprint('other')")
    notebook.until(lambda: bool(beside.of("display_data")))
    assert beside.out == "begun\nopened\n" and other.out == "other\n"
    assert beside.of("display_data")[0].content["data"] == {"text/plain": '"value"'}
    assert other.reply["execution_count"] == beside.reply["execution_count"] + 1
    assert notebook.ok("got").result == '"opened"'


def test_a_deadlock_is_told_to_the_cell_in_front(notebook):
    beside = notebook.ok("%%background\nlet opened := deferred()\nawait opened.promise")
    assert "DeadlockError" in fails(notebook, "await deferred().promise")
    assert not beside.of("error")
    notebook.ok("opened.resolve('open')\nnull")
    notebook.until(lambda: bool(beside.of("display_data")))


def test_an_error_of_a_background_cell_appears_in_it(notebook):
    beside = notebook.ok("%%background\nawait async_sleep(50)\n1 / 0")
    notebook.until(lambda: bool(beside.of("error")))
    (error,) = beside.of("error")
    assert error.content["ename"] == "ZeroDivisionError"
    assert "line 3" in "\n".join(error.content["traceback"])


def test_stop_means_the_foreground(notebook):
    beside = notebook.ok("%%background\nawait async_sleep(1500)\nprint('survived')")
    cell = notebook.begins("await async_sleep(60000)")
    notebook.interrupt()
    assert notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"
    notebook.until(lambda: beside.out == "survived\n")


def test_stop_ends_a_background_cell_when_no_other_runs(notebook):
    beside = notebook.ok("%%background\nprint('begun')\nawait async_sleep(60000)")
    notebook.until(lambda: bool(beside.out))
    notebook.interrupt()
    notebook.until(lambda: bool(beside.of("error")), 5)
    assert beside.of("error")[0].content["ename"] == "KeyboardInterrupt"


PYTHON = [
    ("1 + 1", "2"),
    ("x = 20\nx + 1", "21"),
    ("import asyncio\nawait asyncio.sleep(0.01, 'slept')", '"slept"'),
    ("[n * n for n in range(3)]", "[0, 1, 4]"),
    ("x = 1\nNone", None),
    ("", None),
]


@pytest.mark.parametrize(("code", "result"), PYTHON)
def test_python_cells_have_values(notebook, code, result):
    assert notebook.ok(f"%%python\n{code}").result == result


def test_python_shares_variables_both_ways(notebook):
    notebook.ok("mut shared := [1]\nasync func twice(n) { await async_sleep(5); return n * 2 }")
    assert notebook.ok("%%python\nshared.append(2)\nshared_too = len(shared)\nawait twice(21)").result == "42"
    assert notebook.ok("[shared, shared_too]").result == "[[1, 2], 2]"
    notebook.ok("%%python\ndef grown(n=1):\n    global shared_too\n    shared_too += n\n    return shared_too")
    notebook.ok("shared_too = 10")
    assert notebook.ok("grown(5)").result == "15"
    assert notebook.ok("shared_too").result == "15"
    notebook.ok(
        "%%python\nasync def later(n):\n    import asyncio\n    await asyncio.sleep(0.01)\n    return [n, shared]"
    )
    assert notebook.ok("await later(3)").result == "[3, [1, 2]]"
    assert notebook.ok("await promise_all([later(1), later(2)])").result == "[[1, [1, 2]], [2, [1, 2]]]"
    notebook.ok("%%python\ndel shared_too")
    assert "Undefined variable: shared_too" in fails(notebook, "shared_too")


def test_python_errors_show_the_line_of_the_cell(notebook):
    shown = fails(notebook, "%%python\nx = 1\nx / 0")
    assert shown.startswith("error: ZeroDivisionError") and "line 3, column 1" in shown and "x / 0" in shown
    shown = fails(notebook, "%%python\nx = 1\nx = = 2")
    assert "Python: invalid syntax" in shown and "line 3, column 5" in shown
    assert "line 2" in fails(notebook, "%%python\nnot_there")
    notebook.ok("%%python\ndef deep(n):\n    return 1 / n")
    shown = fails(notebook, "let a := 1\ndeep(0)")
    assert "line 3" in shown and "line 2" in shown


def test_python_runs_on_the_loop_of_the_session(notebook):
    ticking = notebook.ok("let ticks := []\nlet ticker := spawn { while true { await async_sleep(5); ticks.push(1) } }")
    count = notebook.ok("%%python\nimport asyncio\nbefore = len(ticks)\nawait asyncio.sleep(0.2)\nlen(ticks) - before")
    assert int(count.result) > 5
    notebook.ok("ticker.cancel()")
    assert not ticking.err


@pytest.mark.parametrize(
    "code", ["while True: pass", "import time; time.sleep(60)", "import asyncio\nawait asyncio.sleep(60)"]
)
def test_python_can_be_stopped(notebook, code):
    cell = notebook.send(f"%%python\nkept = 1\nprint('begun')\n{code}")
    notebook.until(lambda: "begun" in cell.out)
    asked = time.monotonic()
    notebook.interrupt()
    assert notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"
    assert time.monotonic() - asked < 2
    assert notebook.ok("kept").result == "1"


def test_python_that_exits_leaves_the_kernel_alive(notebook):
    notebook.run("%%python\nimport sys\nsys.exit(3)")
    assert notebook.ok("1").result == "1"
