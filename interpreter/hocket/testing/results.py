"""What is asked of a process that runs tests, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

PASSED, FAILED, ERROR, SYNTAX, UNREADABLE = "passed", "failed", "error", "syntax", "unreadable"
"""How a test ends: an assertion `failed`, or an `error` came.  Of a whole file: its text is wrong, or has no reader."""


@dataclass
class Request:
    """A file to run, and how: which tests by a part of their name, for how many seconds each, with what permissions."""

    path: str
    pattern: str = ""
    timeout: float = 60.0
    fail_fast: bool = False
    permissions: str = ""

    def wants(self, name: str) -> bool:
        """Return whether a test of this name is to run."""
        return self.pattern.casefold() in name.casefold()


@dataclass
class Result:
    """How a test ended; one without a name is about the file itself.

    `message` is the first line of what went wrong, `text` all of it, `colored` the same for
    a terminal, `output` what was printed meanwhile.
    """

    name: str
    line: int
    status: str = PASSED
    seconds: float = 0.0
    kind: str = ""
    message: str = ""
    text: str = ""
    colored: str = ""
    output: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing went wrong."""
        return self.status == PASSED
