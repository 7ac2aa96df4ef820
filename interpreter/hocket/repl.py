"""`hocket repl`: run what is typed, one input after the other.

An input goes on over lines until it is complete.  Its value is shown; `await` works at the
top level, and tasks run on while the prompt waits.  Ctrl-C drops what has been typed or stops
what runs, Ctrl-D ends.  Inputs are remembered from run to run where Python has `readline`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

from hocket import __version__, host
from hocket.render import render
from hocket.runtime.values import show
from hocket.session import Session

try:
    import readline
except ImportError:  # Windows: the console edits lines itself
    readline = None  # type: ignore[assignment]

CANCELLED = "\x03"
"""What a line ends with that Ctrl-C has dropped."""

HISTORY = 1000
"""Inputs that are remembered."""


def interact() -> int:
    """Read, run and show until the input ends; return the exit code."""
    with _history():
        return host.run_alone(_Repl().loop())


class _Repl:
    def __init__(self) -> None:
        self.session = Session()
        self.count = 0
        self.exit_code: int | None = None
        self.event_loop: asyncio.AbstractEventLoop
        self.proposals: list[str] = []
        self.is_terminal = sys.stdin.isatty()
        self.colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    async def loop(self) -> int:
        """Take inputs until there are no more, then let the tasks clean up."""
        if self.is_terminal:
            print(f"Hocket {__version__}   Ctrl-D or `exit` ends, Ctrl-C stops what runs")
        with host.on_sigint(self.session.on_sigint):
            try:
                while self.exit_code is None and (text := await self.input()) is not None:
                    await self.run(text)
            finally:
                await self.session.close()
        return self.exit_code or 0

    async def input(self) -> str | None:
        """Return the next complete input, None at the end."""
        text, prompt, indent = "", ">>> ", ""
        while True:
            line = await self.line(prompt, indent)
            if line is None:
                # What was begun is run, for the sake of the error.
                return text if text.strip() else None
            if line.endswith(CANCELLED):
                text, prompt, indent = "", ">>> ", ""
                continue
            text = f"{text}\n{line}" if text else line
            if text.strip() == "exit" and "exit" not in self.session.variables:
                return None
            state, indent = self.session.is_complete(text)
            if state != "incomplete":
                return text
            prompt = "... "

    async def line(self, prompt: str, indent: str) -> str | None:
        """Return the next line, None at the end of the input; tasks run on meanwhile.

        It is read in a thread of its own: reading cannot be waited for everywhere, and a
        thread that nobody joins does not keep the process from ending.
        """
        loop = self.event_loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()

        def settle(line: str | None) -> None:
            if not answer.done():
                answer.set_result(line)

        def read() -> None:
            line = self.read(prompt, indent)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, line)

        threading.Thread(target=read, daemon=True, name="input").start()
        return await answer

    def read(self, prompt: str, indent: str) -> str | None:
        """Read one line, edited by readline if standard input is a terminal."""
        try:
            if not self.is_terminal:
                line = sys.stdin.readline()
                return line.rstrip("\n") if line else None
            with _keyboard(indent, self.complete):
                line = input(prompt)
        except (EOFError, OSError, ValueError):
            return None
        if readline is not None and line.strip() and not line.endswith(CANCELLED):
            readline.add_history(line)
        return line

    def complete(self, word: str, number: int) -> str | None:
        """Return the proposal of this number for `word`, which ends at the cursor; None after the last."""
        if number == 0:
            before = readline.get_line_buffer()[: readline.get_endidx()]
            self.proposals = self.propose(before, word) if before.strip() else ["    "]
        return self.proposals[number] if number < len(self.proposals) else None

    def propose(self, before: str, word: str) -> list[str]:
        """Return what may stand in the place of `word`, asking the session on its own thread."""
        answer: Future[list[str]] = Future()

        def ask() -> None:
            found = self.session.complete(before, len(before))
            kept = before[len(before) - len(word) : found.start]
            answer.set_result([kept + item.text for item in found.items])

        self.event_loop.call_soon_threadsafe(ask)
        try:
            return answer.result(0.5)
        except TimeoutError:  # a task computes: no proposals then
            return []

    async def run(self, text: str) -> None:
        """Run an input and show its value or error."""
        if not text.strip():
            return
        self.count += 1
        outcome = await self.session.run(text, f"input {self.count}")
        self.exit_code = outcome.exit_code
        if outcome.error is not None:
            print(render(outcome.error, color=self.colored), flush=True)
        elif outcome.has_value:
            print(show(outcome.value), flush=True)


@contextmanager
def _keyboard(indent: str, complete: Callable[[str, int], str | None]) -> Iterator[None]:
    """While a line is edited: begin it with `indent`, complete it, have Ctrl-C end it as a cancelled one.

    Ctrl-C would be a signal, which reaches the main thread and not the one that reads. So the
    terminal is told to pass it on as a key, and the line editor what the key does: empty the
    line, put the mark there and accept it.
    """
    if readline is None:
        yield
        return
    import termios

    readline.set_startup_hook(lambda: readline.insert_text(indent))
    readline.set_completer(complete)
    readline.set_completer_delims(" \t()[]{}.,;:=+-*/%<>!&|?'\"")
    if "libedit" in (readline.__doc__ or ""):  # binds keys in another way, and none to several actions
        readline.parse_and_bind("bind ^I rl_complete")
        yield
        return
    readline.parse_and_bind("tab: complete")
    readline.parse_and_bind(r'"\C-c": "\C-a\C-k\C-v\C-c\C-m"')
    try:
        before = termios.tcgetattr(0)
    except termios.error:
        yield
        return
    changed = termios.tcgetattr(0)
    changed[6][termios.VINTR] = b"\0"
    termios.tcsetattr(0, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _history_file() -> Path:
    """Return where inputs are remembered: the user's folder for such state."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "hocket" / "history"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hocket" / "history"


@contextmanager
def _history() -> Iterator[None]:
    """Load the inputs of earlier runs, and keep this one's; without a place for them do neither."""
    if readline is None or not sys.stdin.isatty():
        yield
        return
    # No home, no permission, not a history: none of it matters to who types.
    with suppress(OSError, RuntimeError):
        readline.read_history_file(_history_file())
    readline.set_auto_history(False)
    readline.set_history_length(HISTORY)
    try:
        yield
    finally:
        with suppress(OSError, RuntimeError):
            path = _history_file()
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
