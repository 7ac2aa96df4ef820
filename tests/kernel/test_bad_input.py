"""Whatever a cell contains, the answer is the language's error, and the next cell works."""

import json

import pytest

# Text of the cell, and what its error says.
BAD = {
    "unclosed brace": ("if true {\n  print(1)\n", "{"),
    "unclosed bracket": ("x := [1, 2", "["),
    "stray bracket": ("x := 1)\n", ")"),
    "unclosed string": ('print("abc', "string"),
    "unknown name": ("count := 1\nprint(conut)", "Undefined variable: conut"),
    "wrong number of arguments": ("func f(a, b) { return a }\nf(1)", "f expects 2 arguments, got 1"),
    "wrong number for a builtin": ("await async_read_file('a', 'b', 'c', 'd')", "async_read_file"),
    "missing file": ("await async_read_file('no-such-file.txt')", "no-such-file.txt"),
    "refused connection": ("await async_http_get('http://127.0.0.1:9/')", "127.0.0.1"),
    "deep recursion": ("func dive(n) { return dive(n + 1) + 1 }\ndive(0)", "nested too deeply"),
    "division by zero": ("1 / 0", "Division by zero"),
    "foreign habit": ("x = 1\nx++", "++"),
    "missing module": ("import nothing", "Module not found: nothing"),
    "not text": ("\x00\x01\x02", ""),
}


@pytest.mark.parametrize(("code", "message"), BAD.values(), ids=BAD)
def test_the_error_is_shown_and_the_next_cell_works(notebook, code, message):
    cell = notebook.run(code)
    assert cell.reply["status"] == "error"
    assert message.lower() in cell.reply["evalue"].lower()
    text = "\n".join(cell.reply["traceback"])
    assert "error" in text and "line" in text and "^" in text
    assert 'File "' not in text and "Traceback" not in text and "internal error" not in text
    (published,) = cell.of("error")
    assert {key: published.content[key] for key in ("ename", "evalue", "traceback")} == {
        key: cell.reply[key] for key in ("ename", "evalue", "traceback")
    }
    assert notebook.ok("1 + 1").result == "2"


def test_an_error_names_its_line_and_marks_the_place(notebook):
    cell = notebook.run("count := 1\nprint(count)\nprint(conut)")
    text = "\n".join(cell.reply["traceback"])
    plain = _without_colours(text)
    assert "line 3, column 7" in plain
    assert "print(conut)" in plain
    assert plain.splitlines()[-1].strip("| ").startswith("^^^^^")
    assert "did you mean `count`" in plain
    assert "\x1b[" in text


def _without_colours(text):
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[36m"):
        text = text.replace(code, "")
    return text


def test_nothing_of_a_cell_with_a_syntax_error_runs(notebook):
    cell = notebook.run("print('ran')\nx := := 1")
    assert cell.reply["status"] == "error"
    assert cell.out == ""


def test_a_rejected_promise_that_nobody_awaits_does_not_fail_the_cell(notebook):
    cell = notebook.ok("async func bad() { throw 'nobody looks' }\np := bad()\nawait async_sleep(20)\nprint('on')")
    notebook.until(lambda: "nobody looks" in cell.err, 5)
    assert cell.out == "on\n"
    assert notebook.ok("1").result == "1"


def test_recursion_a_hundred_thousand_deep_is_the_languages_error(notebook):
    cell = notebook.run("func down(n) { if n == 0 { return 0 }\n return 1 + down(n - 1) }\ndown(100000)")
    assert cell.reply["ename"] == "RecursionError"
    cell = notebook.run(
        "async func down(n) { if n == 0 { return 0 }\n return 1 + await down(n - 1) }\nawait down(100000)"
    )
    assert cell.reply["ename"] == "RecursionError"
    assert notebook.ok("'alive'").result == '"alive"'


def test_a_cell_of_a_megabyte_runs(notebook):
    code = "\n".join(f"variable_{i} := {i} + 1" for i in range(40_000)) + "\nvariable_39999"
    assert len(code) > 1_000_000
    assert notebook.ok(code).result == "40000"


def test_a_megabyte_of_nonsense_is_refused(notebook):
    cell = notebook.run("(" * 1_000_000)
    assert cell.reply["status"] == "error"
    assert sum(map(len, cell.reply["traceback"])) < 100_000
    assert notebook.ok("1").result == "1"


def test_a_file_that_is_not_utf8_names_the_byte(notebook, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9")
    cell = notebook.run(f"await async_read_file('{path}')")
    assert cell.reply["status"] == "error"
    assert "latin.txt" in cell.reply["evalue"]
    assert "3" in cell.reply["evalue"] or "0xe9" in cell.reply["evalue"].lower()


def test_a_lone_surrogate_is_survived(notebook, monkeypatch):
    # The client's own packer cannot send one; others can.
    monkeypatch.setattr(notebook.client.session, "pack", lambda message: json.dumps(message, default=str).encode())
    cell = notebook.run('x := "\ud800"\nprint(x)\nx')
    assert cell.reply["status"] == "ok"
    assert cell.out == "\ufffd\n"
    assert cell.of("execute_input")[0].content["code"] == 'x := "\ufffd"\nprint(x)\nx'
    assert notebook.run("x := \ud800").reply["status"] == "error"
    assert notebook.ok("print('next')").out == "next\n"


def test_a_clock_that_nobody_has_is_told_and_the_real_one_runs(start):
    notebook = start(HOCKET_CLOCK="nonsense")
    try:
        cell = notebook.ok("await async_sleep(20)\n'slept'")
        assert cell.result == '"slept"'
        assert (
            cell.err == "warning: HOCKET_CLOCK: there is no clock 'nonsense'; there are: real, virtual; time is real\n"
        )
        assert not notebook.ok("1").err
        assert notebook.ok("%clock").out == "real clock\n"
    finally:
        notebook.close()
