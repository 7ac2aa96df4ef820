"""Inputs from a pipe, or from a terminal on which the cursor cannot be moved: line by line."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from hocket.repl.inputs import BANNER, Inputs

try:
    import readline
except ImportError:  # Windows: the console edits lines itself
    readline = None  # type: ignore[assignment]

CANCELLED = "\x03"
"""What a line ends with that Ctrl-C has dropped."""


class LineReader:
    """Reads lines until they are a complete input."""

    def __init__(self, inputs: Inputs) -> None:
        self.session = inputs.session
        self.is_terminal = sys.stdin.isatty()
        if self.is_terminal:
            print(BANNER.replace("Tab completes, ", ""))

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Handle SIGINT: stop what runs."""
        self.session.on_sigint(signum, frame)

    async def read(self) -> str | None:
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
            state, indent = self.session.is_complete(text)
            if state != "incomplete":
                return text
            prompt = "... "

    async def line(self, prompt: str, indent: str) -> str | None:
        """Return the next line, None at the end of the input; tasks run on meanwhile.

        It is read in a thread of its own: reading cannot be waited for everywhere, and a
        thread that nobody joins does not keep the process from ending.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()

        def settle(line: str | None) -> None:
            if not answer.done():
                answer.set_result(line)

        def read() -> None:
            line = self.read_line(prompt, indent)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, line)

        threading.Thread(target=read, daemon=True, name="input").start()
        return await answer

    def read_line(self, prompt: str, indent: str) -> str | None:
        """Read one line; on a terminal readline edits it."""
        try:
            if not self.is_terminal:
                line = sys.stdin.readline()
                return line.rstrip("\n") if line else None
            with _keyboard(indent):
                return input(prompt)
        except (EOFError, OSError, ValueError):
            return None


@contextmanager
def _keyboard(indent: str) -> Iterator[None]:
    """While a line is edited: begin it with `indent`, have Ctrl-C end it as a cancelled one.

    Ctrl-C would be a signal, which reaches the main thread and not the one that reads. So the
    terminal is told to pass it on as a key, and the line editor what the key does: empty the
    line, put the mark there and accept it.
    """
    if readline is None:
        yield
        return
    import termios

    readline.set_startup_hook(lambda: readline.insert_text(indent))
    if "libedit" in (readline.__doc__ or ""):  # binds no key to several actions
        yield
        return
    readline.parse_and_bind('"\\t": "    "')
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
