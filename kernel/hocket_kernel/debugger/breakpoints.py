"""Breakpoints: where they can stand, and what decides whether the program stops there.

debugpy stops at a line; condition, number of hits and message are the language's, so
each breakpoint asks here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from hocket import errors, frames
from hocket.source import Source
from hocket.syntax.parser import parse

if TYPE_CHECKING:
    from hocket.session import Session

HITS = re.compile(r"\s*(>=|<=|==|>|<|%)?\s*(\d+)\s*")
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda hits, n: hits == n,
    ">": lambda hits, n: hits > n,
    ">=": lambda hits, n: hits >= n,
    "<": lambda hits, n: hits < n,
    "<=": lambda hits, n: hits <= n,
    "%": lambda hits, n: n > 0 and hits % n == 0,
}

Output = Callable[[str, str], None]


class Wrong(Exception):
    """A breakpoint cannot be set; the message says why."""


class Breakpoint:
    """One breakpoint: what a client wanted, and the line where it stands in a program with code at `lines`.

    Raises Wrong.
    """

    def __init__(self, session: Session, wanted: dict[str, Any], lines: list[int] | None) -> None:
        self.wanted = wanted
        self.line = moved(wanted["line"], lines)
        condition, message, hits = (
            str(wanted.get(key) or "").strip() for key in ("condition", "logMessage", "hitCondition")
        )
        self._hits = 0
        self._wanted_hits = HITS.fullmatch(hits)
        if hits and self._wanted_hits is None:
            raise Wrong(f"not a number of hits: {hits}: write 3, >= 3 or % 3")
        self._condition = program(session, condition)
        self._message = program(session, template(message))

    def stops(self, frame: FrameType, output: Output) -> bool:
        """Whether the program stops, now that `frame` has come here; a message is written instead.

        A condition that fails stops it, and says why.
        """
        try:
            if self._condition is not None and not self._condition.run(frame):
                return False
            self._hits += 1
            if self._wanted_hits is not None and not is_hit(self._hits, self._wanted_hits):
                return False
            if self._message is None:
                return True
            output(str(self._message.run(frame)), "console")
            return False
        except errors.HocketError as error:
            what, text = ("condition", "condition") if self._message is None else ("message", "logMessage")
            output(f"the {what} {self.wanted[text]}: {describe(error)}", "stderr")
            return self._message is None


def is_hit(hits: int, wanted: re.Match[str]) -> bool:
    """Whether so many hits are what is wanted."""
    return COMPARISONS[wanted[1] or "=="](hits, int(wanted[2]))


def moved(line: int, lines: list[int] | None) -> int:
    """Return the line at which a program stops for a breakpoint at `line`: the next with code; raises Wrong."""
    if lines is None:
        return line
    at = bisect_left(lines, line)
    if at == len(lines):
        raise Wrong("there is no code from this line on")
    return lines[at]


def program(session: Session, text: str) -> frames.Program | None:
    """Return the program for an expression, None if there is none; raises Wrong."""
    if not text:
        return None
    try:
        parse(Source("the debugger", text))
    except errors.HocketError as error:
        raise Wrong(describe(error)) from None
    return frames.Program(session, text)


def template(message: str) -> str:
    """Return the expression for a message in which `{expression}` stands for its value."""
    if not message:
        return ""
    escaped = message.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return '"' + re.sub(r"\{([^{}]*)\}", lambda part: "${" + unescaped(part[1]) + "}", escaped) + '"'


def unescaped(text: str) -> str:
    """Return an expression out of a string as it was written."""
    return text.replace('\\"', '"').replace("\\$", "$").replace("\\n", "\n").replace("\\\\", "\\")


def describe(error: errors.HocketError) -> str:
    """Return what was wrong on one line."""
    hint = getattr(error, "hint", None)
    if isinstance(error, errors.StaticErrors):
        hint = error.problems[0].hint
    return f"{error} ({hint})" if hint else str(error)
