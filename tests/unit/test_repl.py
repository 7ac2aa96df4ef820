"""`hocket repl`, fed by a pipe and typed into at a terminal, one that can only print and one that can do more."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "hocket", "repl"]


def feed(text: str) -> str:
    done = subprocess.run(COMMAND, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_values_are_shown_as_source_and_variables_stay() -> None:
    assert feed("let name := 'Ada'\nname\n[name, 1]\nnull\n1;\n") == '"Ada"\n["Ada", 1]\n'


def test_an_input_goes_on_until_it_is_complete() -> None:
    assert feed("func f(x) {\n    return x * 2\n}\nf(21)\n") == "42\n"


def test_await_works_and_errors_do_not_end_it() -> None:
    out = feed("await async_sleep(1)\n1 / 0\nprint('still here')\n")
    assert "error: " in out and "--> input 2, line 1" in out
    assert out.endswith("still here\n")


def test_what_was_begun_at_the_end_is_an_error() -> None:
    assert "error: " in feed("let xs := [1,\n")


def test_exit_ends_it() -> None:
    assert feed("exit\nprint('never')\n") == ""


if os.name != "nt":
    import pty

    class Terminal:
        """A repl on a terminal; what it writes is read as it comes."""

        def __init__(self, home: Path, *options: str, command: list[str] = COMMAND, **changes: str) -> None:
            env = {
                **os.environ,
                "HOME": str(home),
                "XDG_STATE_HOME": str(home),
                "PROMPT_TOOLKIT_NO_CPR": "1",
                **changes,
            }
            self.pid, self.screen = pty.fork()
            if self.pid == 0:
                os.execve(sys.executable, [*command, *options], env)
            self.seen = ""
            self.read_until(">>> " if changes.get("TERM") == "dumb" else ">>>")

        def read_until(self, text: str, seconds: float = 20) -> str:
            """Return what was written up to `text`."""
            assert self.shows(text, seconds), f"waited for {text!r}, saw {self.seen!r}"
            found, _, self.seen = self.seen.partition(text)
            return found

        def shows(self, text: str, seconds: float) -> bool:
            """Return whether `text` is written in time."""
            limit = time.monotonic() + seconds
            while text not in self.seen:
                ready, _, _ = select.select([self.screen], [], [], max(0, limit - time.monotonic()))
                if not ready:
                    return False
                self.seen += os.read(self.screen, 4096).decode()
            return True

        def type(self, keys: str) -> None:
            os.write(self.screen, keys.encode())

        def enter(self, line: str) -> str:
            """Type a line; return what is written before the next prompt."""
            self.type(line + "\r")
            self.read_until("\n")
            return self.read_until(">>> ").replace("\r\n", "\n")

        def end(self) -> int:
            self.type("\x04")
            _, status = os.waitpid(self.pid, 0)
            return os.waitstatus_to_exitcode(status)

        def end_at_prompt(self) -> int:
            """End once the editor has the terminal, which would take Ctrl-D for itself before."""
            self.read_until(">>>")
            return self.end()

    @pytest.fixture
    def terminal(tmp_path: Path) -> Iterator[Terminal]:
        """A terminal that can only print."""
        opened = Terminal(tmp_path, TERM="dumb")
        yield opened
        os.close(opened.screen)

    def test_ctrl_d_ends_it(terminal: Terminal) -> None:
        assert terminal.enter("1 + 1") == "2\n"
        assert terminal.end() == 0

    def test_ctrl_c_at_the_prompt_drops_the_line(terminal: Terminal) -> None:
        terminal.type("let x := [1,\r")
        terminal.read_until("... ")
        terminal.type("2, 3\x03")
        terminal.read_until(">>> ")
        assert "Undefined variable: x" in terminal.enter("x")
        assert terminal.end() == 0

    def test_ctrl_c_stops_what_runs(terminal: Terminal) -> None:
        for text in ("print('ready'); await async_sleep(60000)", "print('ready'); while true { }"):
            terminal.type(text + "\r")
            terminal.read_until("\n")
            terminal.read_until("ready\r\n")
            terminal.type("\x03")
            terminal.read_until("error: ", seconds=5)
            terminal.read_until(">>> ")
        assert terminal.enter("40 + 2") == "42\n"
        assert terminal.end() == 0

    def test_tasks_run_while_the_prompt_waits(terminal: Terminal) -> None:
        terminal.enter("let t := spawn { await async_sleep(50); print('from the task') }")
        terminal.read_until("from the task", seconds=5)
        terminal.type("\r")
        terminal.read_until(">>> ")
        assert terminal.end() == 0

    def test_without_a_command_a_terminal_gets_the_prompt(tmp_path: Path) -> None:
        opened = Terminal(tmp_path, command=COMMAND[:-1], TERM="dumb")
        assert opened.enter("1 + 1") == "2\n"
        assert opened.end() == 0
        os.close(opened.screen)

    @pytest.fixture
    def editor(tmp_path: Path) -> Iterator[Terminal]:
        """A terminal that can do more."""
        opened = Terminal(tmp_path, TERM="xterm-256color", NO_COLOR="1")
        yield opened
        os.close(opened.screen)

    def test_an_input_of_several_lines_is_edited_as_one(editor: Terminal, tmp_path: Path) -> None:
        editor.type("func twice(x) {\rreturn 2 * x\r}\rtwice(2\x1b[D1\x1b[C)\r")
        editor.read_until("24")
        assert editor.end_at_prompt() == 0
        assert "+func twice(x) {\n+    return 2 * x\n+}\n" in (tmp_path / "hocket" / "history").read_text(
            encoding="utf-8"
        )

    def test_ctrl_c_in_the_editor_drops_what_is_typed_or_stops_what_runs(editor: Terminal) -> None:
        editor.type("kept := 41; [")
        editor.read_until("[")
        editor.type("\x03kept := 42\r")
        for text in ("print('rea' + 'dy'); await async_sleep(60000)", "print('rea' + 'dy'); while true { }"):
            editor.type(text + "\r")
            editor.read_until("ready")
            editor.type("\x03")
            editor.read_until("stopped", seconds=5)
        editor.type("kept\r")
        editor.read_until("42\r\n")
        assert editor.end_at_prompt() == 0

    def test_ctrl_c_in_the_editor_stops_a_task_that_keeps_the_loop(editor: Terminal) -> None:
        editor.type("spawn { await async_sleep(50); print('bu' + 'sy'); await async_sleep(1); while true { } };\r")
        editor.read_until("busy")
        for _ in range(25):  # the first may come before the task computes, and drops what is typed
            editor.type("\x03")
            if editor.shows("stopped", seconds=0.2):
                break
        editor.type("6 * 7\r")
        editor.read_until("42\r\n")
        assert editor.end_at_prompt() == 0

    def test_a_plain_function_may_ask_for_input_while_the_editor_waits(editor: Terminal) -> None:
        editor.type("func ask() { return input('Na' + 'me?') }\r")
        editor.type("spawn { await async_sleep(50); print('Hi ' + ask()) };\r")
        editor.read_until("Name?")
        editor.type("Ada\r")
        editor.read_until("Hi Ada")
        editor.type("ask() + '!'\r")
        editor.read_until("Name?")
        editor.type("Ada\r")
        editor.read_until('"Ada!"')
        assert editor.end_at_prompt() == 0

    @pytest.mark.parametrize(("options", "is_colored"), [([], True), (["--no-color"], False)])
    def test_programs_have_colours_unless_they_are_not_wanted(
        tmp_path: Path, options: list[str], is_colored: bool
    ) -> None:
        opened = Terminal(tmp_path, *options, TERM="xterm-256color")
        opened.type("throw 'oh ' + 'no'\r")
        shown = opened.read_until("oh no")
        assert (";5;" in shown or "\x1b[1;31m" in shown) is is_colored
        assert opened.end_at_prompt() == 0
        os.close(opened.screen)
