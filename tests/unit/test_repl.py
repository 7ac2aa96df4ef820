"""`hocket repl`, fed by a pipe and typed into at a terminal."""

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

        def __init__(self, home: Path) -> None:
            env = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home), "TERM": "dumb", "NO_COLOR": "1"}
            self.pid, self.screen = pty.fork()
            if self.pid == 0:
                os.execve(sys.executable, COMMAND, env)
            self.seen = ""
            self.read_until(">>> ")

        def read_until(self, text: str, seconds: float = 20) -> str:
            """Return what was written up to `text`."""
            limit = time.monotonic() + seconds
            while text not in self.seen:
                ready, _, _ = select.select([self.screen], [], [], max(0, limit - time.monotonic()))
                assert ready, f"waited for {text!r}, saw {self.seen!r}"
                self.seen += os.read(self.screen, 4096).decode()
            found, _, self.seen = self.seen.partition(text)
            return found

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

    @pytest.fixture
    def terminal(tmp_path: Path) -> Iterator[Terminal]:
        opened = Terminal(tmp_path)
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

    def test_inputs_are_remembered(tmp_path: Path) -> None:
        first = Terminal(tmp_path)
        first.enter("let answer := 6 * 7")
        assert first.end() == 0
        assert "let answer := 6 * 7" in (tmp_path / "hocket" / "history").read_text(encoding="utf-8")
