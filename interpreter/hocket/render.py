"""Errors as people read them: one shape for lexing, parsing, compiling and running.

error: Undefined variable: conut
  --> cell 3, line 4, column 7
   |
 4 | print(conut)
   |       ^^^^^  did you mean `count`?
called from fetch_all (cell 2, line 9)
spawned at cell 3, line 1
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TextIO
from unicodedata import category, east_asian_width

from hocket.errors import (
    TOP_LEVEL,
    Error,
    HocketError,
    ImportError,  # noqa: A004
    Place,
    Problem,
    Site,
    StaticErrors,
)
from hocket.source import Source, Span

WIDTH = 110
"""Longer lines are cut around the place that is marked."""

CALLS = 10
"""More calls than this are left out in the middle, with their number."""

RED, YELLOW, CYAN, BOLD, PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[1m", "\x1b[0m"


def render(error: BaseException, color: bool = False, word: str = "error") -> str:
    """Return `error` as text, without a line end; `color` adds terminal colours, `word` is what it begins with."""
    paint = Paint(color)
    if isinstance(error, StaticErrors):
        return "\n\n".join(static(problem, paint) for problem in error.problems)
    if isinstance(error, Error):
        return run_time(error, paint, word)
    if isinstance(error, HocketError):
        return f"{paint(RED, 'error')}: {paint(BOLD, str(error))}"
    return internal(error, paint)


def as_ruff(error: HocketError) -> str:
    """Return `error` in Ruff's form, which its recorded outputs have.

    A run-time error has no place in it.  Of static errors no form is recorded: each has its
    message and its place here.
    """
    if isinstance(error, StaticErrors):
        places = [problem.source.position(problem.span.start) for problem in error.problems]
        return "\n".join(
            f"Syntax Error: {problem.message}\n  --> {line}:{column}"
            for problem, (line, column) in zip(error.problems, places, strict=True)
        )
    message = error.message if isinstance(error, Error) else str(error)
    return f"[RUFVM001] [vm] Runtime Error: {message}\n  --> 0:0"


def is_color_wanted(stream: TextIO) -> bool:
    """Return whether colours belong in what goes to `stream`: on a terminal, unless the environment says otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Paint:
    """Colours, if they are wanted."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, color: str, text: str) -> str:
        """Return `text` in `color`."""
        return f"{color}{text}{PLAIN}" if self.on else text


def static(problem: Problem, paint: Paint) -> str:
    """Return one problem with its line; one with a code is a warning."""
    first = heading(problem.message, paint, "warning" if problem.code else "error")
    return f"{first}\n{marked(problem.source, problem.span, problem.hint, paint)}"


def headline(error: Error) -> str:
    """Return what happened in one line, with the error's type unless it is plain."""
    says_so = error.type == "Error" or error.message.startswith(f"{error.type} {{")
    return error.message if says_so else f"{error.type}: {error.message}"


def run_time(error: Error, paint: Paint, word: str = "error") -> str:
    """Return a run-time error: its line, the calls that led to it, its cause and its companions."""
    parts = [heading(headline(error), paint, word)]
    place, sites = error.place, error.sites
    if isinstance(error, ImportError) and error.problems:
        return "\n".join(["\n\n".join(static(problem, paint) for problem in error.problems), *calls([*sites, None])])
    if place is not None:
        parts.append(marked(place.source, place.span, error.hint, paint))
    elif error.hint:
        parts.append(f"  hint: {error.hint}")
    parts += calls(sites)
    parts += [f"spawned at {where(site.resolve())}" for site in error.spawned if site not in sites]
    parts += [f"promise made at {where(site.resolve())}" for site in error.made]
    parts += [f"caused by {headline(cause)} ({where(cause.place)})" for cause in causes(error)]
    members = [member for member in error.fields.get("errors", ()) if isinstance(member, Error)]
    parts += [f"{number}. {headline(member)} ({where(member.place)})" for number, member in enumerate(members, 1)]
    parts += [f"also failed: {headline(other)} ({where(other.place)})" for other in error.others]
    return "\n".join(parts)


def causes(error: Error) -> list[Error]:
    """Return what the error was thrown in answer to, and so on; each once."""
    found: list[Error] = []
    cause = error.cause
    while cause is not None and cause is not error and cause not in found:
        found.append(cause)
        cause = cause.cause
    return found


def internal(error: BaseException, paint: Paint) -> str:
    """Return what is shown for a failure of Hocket itself."""
    what = f"{type(error).__name__}: {error}"
    return f"{heading(f'internal error in Hocket: {what}', paint)}\nPlease report it, with the program that led to it."


def heading(message: str, paint: Paint, word: str = "error") -> str:
    """Return the first line."""
    return f"{paint(RED if word == 'error' else YELLOW, word)}: {paint(BOLD, message)}"


def calls(trace: Sequence[Site | None]) -> list[str]:
    """Return what led to the last place of `trace`, innermost first.

    Repeated calls are shown once, the middle of a long list is only counted.
    """
    steps = [(how(callee), site) for site, callee in pairwise(trace) if site is not None]
    runs = [(step, len(list(same))) for step, same in groupby(reversed(steps))]
    lines = [f"{word} {caller(site)}{f', {times} times' if times > 1 else ''}" for (word, site), times in runs]
    if len(lines) <= CALLS:
        return lines
    half = CALLS // 2
    return [*lines[:half], f"… {len(lines) - 2 * half} more calls", *lines[-half:]]


def how(site: Site | None) -> str:
    """Say what the code of `site` was made to run by: the top level of a module by its import."""
    return "imported at" if site is None or site.code.co_name == TOP_LEVEL else "called from"


def caller(site: Site) -> str:
    """Return `fetch_all (cell 2, line 9)`, or the place alone at the top level."""
    place = site.resolve()
    if place is None or place.function == TOP_LEVEL:
        return where(place)
    return f"{place.function} ({where(place)})"


def where(place: Place | None) -> str:
    """Return `cell 2, line 9`."""
    return "an unknown place" if place is None else f"{place.source.name}, line {place.line}"


def marked(source: Source, span: Span, hint: str | None, paint: Paint) -> str:
    """Return the arrow line, the source line and the marks under it."""
    number, column = source.position(min(span.start, len(source.text)))
    text = source.line(number)
    length = max(1, min(span.end - span.start, len(text) - column + 1))
    shown, at = window(text, column - 1, length)
    length = max(1, min(length, len(shown) - at))
    gutter = " " * (len(str(number)) + 2)
    padding = "".join("\t" if character == "\t" else " " * width(character) for character in shown[:at])
    marks = "^" * max(1, sum(width(character) for character in shown[at : at + length]))
    line = f"{gutter}{paint(CYAN, '|')} {padding}{paint(RED, marks)}{f'  {hint}' if hint else ''}"
    return "\n".join(
        [
            f"{gutter[:-1]}{paint(CYAN, '-->')} {source.name}, line {number}, column {column}",
            f"{gutter}{paint(CYAN, '|')}",
            f" {paint(CYAN, str(number))} {paint(CYAN, '|')} {printable(shown)}",
            line,
        ]
    )


def window(text: str, start: int, length: int) -> tuple[str, int]:
    """Cut a long line so that what starts at `start` is in it; return it and the new start."""
    if len(text) <= WIDTH:
        return text, start
    left = max(0, min(start - WIDTH // 3, len(text) - WIDTH))
    right = left + WIDTH
    prefix, suffix = ("…" if left else ""), ("…" if right < len(text) else "")
    return f"{prefix}{text[left:right]}{suffix}", start - left + len(prefix)


def printable(text: str) -> str:
    """Return a line without the characters that would change how it looks."""
    return "".join(c if c == "\t" or c.isprintable() or c == " " else "\ufffd" for c in text)


def width(character: str) -> int:
    """Return the number of terminal columns of a character."""
    if category(character) in ("Mn", "Me"):
        return 0  # an accent stands on the character before it
    return 2 if east_asian_width(character) in "WF" else 1
