"""`jupyter console --kernel hocket` on a pseudo-terminal: keys in, a screen out."""

import codecs
import os
import re
import select
import struct
import subprocess
import sys

import psutil
import pytest

if os.name == "nt":
    pytest.skip("a pseudo-terminal is POSIX's", allow_module_level=True)
import fcntl
import termios

ENTER, TAB, CTRL_C, CTRL_D = "\r", "\t", "\x03", "\x04"
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
PATIENT = ["--ZMQTerminalInteractiveShell.kernel_is_complete_timeout=30", "--ZMQCompleter.timeout=30"]
# Ctrl-C is a signal only where the terminal is the process's own.
OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Console:
    """A terminal with a console on it."""

    def __init__(self, environment, folder):
        self.terminal, inside = os.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        console = [sys.executable, "-m", "jupyter_console", "--kernel", "hocket", *PATIENT]
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN, *console],
            # Without the question for the cursor's place, which only a real terminal answers.
            env={**environment, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            cwd=folder,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.seen = ""
        self.cells = 0
        self.finish("")

    def type(self, *keys):
        """Press keys; what is waited for next comes after them."""
        self.seen = ""
        os.write(self.terminal, "".join(keys).encode())

    def wait(self, pattern):
        """Wait until what has been shown since the last keys has `pattern` in it; return all of that."""
        while not re.search(pattern, self.text, re.MULTILINE):
            assert self.read(), f"{pattern!r} is not shown: {self.text}"
        return self.text

    def read(self):
        """Take what is shown next; return whether there was something, and not the end."""
        if not select.select([self.terminal], [], [], 30)[0]:
            return False
        try:
            more = os.read(self.terminal, 10_000)
        except OSError:  # Linux's way to say that nobody has the terminal any more
            return False
        self.seen += self.decoder.decode(more)
        return bool(more)

    @property
    def text(self):
        return CONTROLS.sub("", self.seen)

    def run(self, code, shown):
        """Run a line; wait for what it shows and the next prompt; return all of that."""
        self.type(code, ENTER)
        return self.finish(shown)

    def finish(self, shown):
        """Wait for what the running cell shows, and for the prompt of the next one."""
        self.cells += 1
        return self.wait(rf"(?s){shown}.*In \[{self.cells}\]: \Z")

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self):
        if self.process.poll() is None:
            for process in [*self.children(), self.process]:
                process.kill()
            self.process.wait()
        os.close(self.terminal)


@pytest.fixture(scope="module")
def console(installation, tmp_path_factory):
    shared = Console(installation, tmp_path_factory.mktemp("work"))
    yield shared
    shared.close()


def test_a_line_is_run_and_its_value_shown(console):
    console.run("print('hel' + 'lo')", "hello")
    console.run("6 * 7", r"Out\[\d+\]: 42")


def test_an_input_goes_on_until_it_is_whole(console):
    console.type("func twice(x) {", ENTER)
    console.wait(r"\.\.\.:     $")  # with the indent of the kernel's
    console.type("return x * 2", ENTER)
    console.wait(r"\.\.\.: ")
    console.run("}", "")
    console.run("twice(21)", r"Out\[\d+\]: 42")


def test_tab_completes_and_shows_what_there_is(console):
    console.type("async_slee", TAB)
    console.wait("async_sleep")
    console.run("(1)", "async_sleep")
    console.type("promise_a", TAB)
    shown = console.wait("promise_any")
    assert "promise_all_settled" in shown
    console.type(CTRL_C)
    console.run("'next'", r'Out\[\d+\]: "next"')


def test_an_error_is_shown_as_the_languages(console):
    shown = console.run("let conut := 1; count + 1", "Undefined variable: count")
    assert "line 1, column 17" in shown and "^^^^^" in shown
    assert "Traceback" not in shown and 'File "' not in shown


def test_ctrl_c_ends_what_waits_and_keeps_the_session(console):
    console.run("kept := 41", "")
    console.type("print('wai' + 'ting'); await async_sleep(600000)", ENTER)
    console.wait("waiting")
    console.type(CTRL_C)
    console.finish("KeyboardInterrupt: stopped")
    console.run("kept + 1", r"Out\[\d+\]: 42")


def test_ctrl_c_drops_what_is_typed(console):
    console.type("let half := ")
    console.wait("half")
    console.type(CTRL_C)
    console.run("1 + 1", r"Out\[\d+\]: 2")


def test_a_program_asks(console):
    console.type("let name := input('Who' + '? ')", ENTER)
    console.wait(r"Who\? $")
    console.run("Ada", "")
    console.run("name", r'Out\[\d+\]: "Ada"')


def test_help_is_paged(console):
    console.run("async_sleep?", "async_sleep")


def test_ctrl_d_ends_the_console_and_its_kernel(installation, tmp_path):
    console = Console({**installation, "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}, tmp_path)
    try:
        console.run("let ticker := spawn async_sleep(600000)", "")
        processes = console.children()
        assert list(tmp_path.glob("runtime/kernel-*.json"))
        assert any("hocket_kernel" in " ".join(process.cmdline()) for process in processes)
        console.type(CTRL_D)
        console.wait("exit")
        console.type("y", ENTER)
        while console.read():
            pass
        assert console.process.wait(30) == 0
        assert not psutil.wait_procs(processes, timeout=10)[1]
        assert not list(tmp_path.glob("runtime/kernel-*.json"))
    finally:
        console.close()
