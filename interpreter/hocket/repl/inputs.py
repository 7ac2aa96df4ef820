"""What an input does, however it was read: it is run, or asks what a name is, or ends."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Protocol

from hocket import __version__
from hocket.errors import HocketError, did_you_mean
from hocket.permissions import Permissions
from hocket.render import render
from hocket.runtime.values import show
from hocket.session import Session

BANNER = f"""\
Hocket {__version__}   Tab completes, `?name` tells what a name is
Ctrl-C drops what was typed or stops what runs, Ctrl-D or `exit` ends"""

ENDING = ("exit", "quit")
"""Words that end it, unless they are variables."""

_CHAIN = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_QUESTION = re.compile(rf"\s*(?:\?\s*({_CHAIN})|({_CHAIN})\s*\?)\s*")


class Reader(Protocol):
    """Where inputs come from."""

    async def read(self) -> str | None:
        """Return the next input, None at the end; the session's tasks run on meanwhile."""

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Handle SIGINT."""


class Inputs:
    """A session, and what is shown of it."""

    def __init__(self, is_colored: bool, permissions: Permissions | None = None) -> None:
        self.is_colored = is_colored
        self.session = Session(report=self.report, warn=self.warn, permissions=permissions)
        self.count = 0
        self.exit_code: int | None = None

    async def run(self, text: str) -> None:
        """Run an input and show its value or error."""
        if not text.strip():
            return
        if (name := asked(text)) is not None:
            self.tell(name)
            return
        self.count += 1
        outcome = await self.session.run(text, f"input {self.count}")
        self.exit_code = outcome.exit_code
        if outcome.error is not None:
            print(render(outcome.error, color=self.is_colored), flush=True)
        elif outcome.has_value:
            print(show(outcome.value), flush=True)

    def tell(self, name: str) -> None:
        """Show what is known of a name."""
        description = self.session.inspect(name, len(name))
        if description is not None:
            print(description.text, flush=True)
            return
        hint = did_you_mean(name, [*self.session.variables, *self.session.library])
        print(f"nothing is known of `{name}`{f'; {hint}' if hint else ''}", flush=True)

    def report(self, error: HocketError, text: str) -> None:
        """Show the failure of a task that nobody awaited."""
        sys.stderr.write(f"{render(error, color=True) if self.is_colored else text}\n")

    def warn(self, warning: HocketError) -> None:
        """Show a warning."""
        sys.stderr.write(f"{render(warning, color=self.is_colored, word='warning')}\n")

    def is_end(self, text: str) -> bool:
        """Whether an input is a word that ends it."""
        word = text.strip()
        return word in ENDING and word not in self.session.variables


async def converse(inputs: Inputs, reader: Reader) -> int:
    """Run inputs until there are no more, then let the tasks clean up; return the exit code."""
    try:
        while inputs.exit_code is None:
            text = await reader.read()
            if text is None or inputs.is_end(text):
                break
            await inputs.run(text)
    finally:
        await inputs.session.close()
    return inputs.exit_code or 0


def asked(text: str) -> str | None:
    """Return the name that `?name` or `name?` asks about."""
    match = _QUESTION.fullmatch(text)
    return (match[1] or match[2]) if match else None
