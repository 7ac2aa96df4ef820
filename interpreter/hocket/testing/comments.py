"""Checks a program against its comments.

    print(1 + 1)      # expect: 2
    print(conut)      # error: Undefined variable: conut
    ---
    print("another program")  # expect: another program

`# expect: text` is a line that the program prints; all of them, from top to bottom, are all
that it prints.  `# warning: text` is a warning of `hocket check` on this line that contains the
text; where one is expected, all must be.  `# error: text` is an error on this line whose first line, as it is shown,
contains the text; an error at the top level, a problem found before anything runs, or the
failure of a task that nothing awaited.  One in a module is on the line that led there.  Each
error must be expected.  `# clock: real` or `# clock: virtual`, on a line of its own, chooses the
clock; `# permissions: words` says what the program may do outside, in the words of `hocket run`.
A line `---` starts a new program, which shares nothing with the one
before.  A program that expects nothing is refused, and one that has not ended after ten
seconds is stopped.

    for program in programs(path.read_text(), path.name):
        check(program)
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from difflib import ndiff
from pathlib import Path
from typing import NamedTuple

from hocket import errors, host
from hocket.errors import Error, HocketError, StaticErrors
from hocket.files import divide
from hocket.permissions import Permissions, granted
from hocket.render import headline, render
from hocket.rules import ALL
from hocket.session import Session
from hocket.testing.limit import time_limit

LIMIT = 10.0
"""Seconds after which a program is stopped."""

_EXPECTATION = re.compile(r"# (expect|error|warning):(?: (.*))?$")
_CLOCK = re.compile(r"^# clock: (real|virtual)\s*$", re.MULTILINE)
_PERMISSIONS = re.compile(r"^# permissions: (.*)$", re.MULTILINE)
_FENCE = re.compile(r"^( {0,3})```(\S*)\s*$")


class Mismatch(AssertionError):
    """A program does not do what its comments say; the message shows the difference."""


class Program(NamedTuple):
    """One program of a file: its name, its text, the line of the file before it, and the file's folder."""

    name: str
    text: str
    before: int = 0
    folder: Path | None = None


class Expected(NamedTuple):
    """What a program's comments say: the printed lines, and the errors and warnings with their lines."""

    output: list[str]
    errors: list[tuple[int, str]]
    warnings: list[tuple[int, str]]


class Ended(NamedTuple):
    """What a program did."""

    output: list[str]
    errors: list[HocketError]
    complaints: str
    stopped: bool


def programs(text: str, name: str, folder: Path | None = None) -> list[Program]:
    """Return the programs of a `.hkt` file in `folder`, which lines `---` divide."""
    return [
        Program(f"{name}:{before + 1}" if before else name, program.removesuffix("\n"), before, folder)
        for before, program in divide(text)
    ]


def fenced(text: str, name: str, language: str = "hocket") -> list[Program]:
    """Return the programs in a Markdown text: its code blocks marked as `language`."""
    found: list[Program] = []
    opened: tuple[str, str, int] | None = None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if opened is None:
            opened = (fence[1], fence[2], number)
            continue
        if fence[2]:
            continue
        indent, marked, start = opened
        opened = None
        if marked == language:
            body = "\n".join(line.removeprefix(indent) for line in lines[start : number - 1])
            found += [
                Program(f"{name}:{start + program.before + 1}", program.text, start + program.before)
                for program in programs(body, name)
            ]
    return found


def expects(text: str) -> bool:
    """Return whether the comments of a program say anything."""
    return any(_EXPECTATION.search(line) for line in text.splitlines())


def expected(program: Program) -> Expected:
    """Return what the comments of a program say; raises Mismatch if that is nothing."""
    output: list[str] = []
    placed: dict[str, list[tuple[int, str]]] = {"error": [], "warning": []}
    for number, line in enumerate(program.text.splitlines(), program.before + 1):
        found = _EXPECTATION.search(line)
        if found is not None and found[1] == "expect":
            output.append((found[2] or "").rstrip())
        elif found is not None:
            placed[found[1]].append((number, (found[2] or "").strip()))
    if not output and not any(placed.values()):
        raise Mismatch(f"{program.name} expects nothing: write `# expect: …` or `# error: …`")
    return Expected(output, placed["error"], placed["warning"])


def permitted(text: str, permissions: str = "") -> Permissions:
    """Return what a program may do: of `permissions`, by default the environment's, what its own comment allows.

    Raises ValueError for what is no word.
    """
    granting = granted(permissions or None)
    comment = _PERMISSIONS.search(text)
    return granting if comment is None else granting.narrowed(comment[1])


def check(program: Program, limit: float = LIMIT, clock: str | None = None, permissions: str = "") -> None:
    """Run a program; raises Mismatch unless it does what its comments say, within `limit` seconds.

    `clock` is for a program that chooses none: `real`, `virtual`, or what `HOCKET_CLOCK` says.
    `permissions` are narrowed by its own, and are by default what `HOCKET_PERMISSIONS` says.
    """
    wanted = expected(program)
    try:
        granting = permitted(program.text, permissions)
    except errors.ValueError as error:
        raise Mismatch(f"{program.name}\n{error}") from error
    chosen = _CLOCK.search(program.text)
    got = _run(program, limit, chosen[1] if chosen else clock, granting)
    faults = []
    if got.stopped:
        faults.append(f"had not ended after {limit:g} s and was stopped")
    if got.output != wanted.output:
        faults.append("printed (- expected, + got):\n" + "\n".join(difference(wanted.output, got.output)))
    faults += _error_faults(wanted.errors, got.errors, program.name)
    if wanted.warnings:
        faults += _warning_faults(program, wanted.warnings)
    if faults:
        if got.complaints:
            faults.append("wrote to stderr:\n" + got.complaints)
        raise Mismatch(f"{program.name}\n" + "\n".join(faults))


def difference(wanted: list[str], got: list[str]) -> Iterator[str]:
    """Yield the lines of both, indented: `-` what only `wanted` has, `+` what only `got` has."""
    for line in ndiff(wanted, got):
        if not line.startswith("?"):
            yield f"    {line}"


def _error_faults(wanted: list[tuple[int, str]], got: list[HocketError], name: str) -> Iterator[str]:
    unexpected = [(place, text, error) for error in got for place, text in _shown(error, name)]
    for line, text in wanted:
        for found in unexpected:
            if found[0] == line and text in found[1]:
                unexpected.remove(found)
                break
        else:
            yield f"line {line}: expected error: {text}"
    for error in {id(error): error for _, _, error in unexpected}.values():
        yield "unexpected error:\n" + render(error)


def _warning_faults(program: Program, wanted: list[tuple[int, str]]) -> Iterator[str]:
    try:
        warnings = Session().compile("\n" * program.before + program.text, program.name, ALL).warnings
    except HocketError:
        return  # reported where it was run
    unexpected = [(warning.source.position(warning.span.start)[0], warning.message) for warning in warnings]
    for line, text in wanted:
        found = next((place for place in unexpected if place[0] == line and text in place[1]), None)
        if found is None:
            yield f"line {line}: expected warning: {text}"
        else:
            unexpected.remove(found)
    for line, message in unexpected:
        yield f"line {line}: unexpected warning: {message}"


def _shown(error: HocketError, name: str) -> list[tuple[int | None, str]]:
    """Return line and first line of an error of the program `name`, of each problem if it is several."""
    if isinstance(error, StaticErrors):
        return [(problem.source.position(problem.span.start)[0], problem.message) for problem in error.problems]
    if isinstance(error, Error):
        places = [place for site in error.sites if (place := site.resolve()) and place.source.name == name]
        line = error.line if not places or places[-1] == error.sites[-1].resolve() else places[-1].line
        return [(line, headline(error))]
    return [(None, str(error))]


def _run(program: Program, limit: float, clock: str | None, permissions: Permissions) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    failures: list[HocketError] = []
    # Lines are counted as in the file.
    text = "\n" * program.before + program.text
    with redirect_stdout(out), redirect_stderr(err):
        running = host.Program(
            text,
            program.name,
            lambda error, _: failures.append(error),
            program.folder,
            clock,
            permissions=permissions,
        )
        with time_limit(running, limit) as is_over:
            outcome = host.run_alone(running.run())
    stopped = is_over()
    if outcome.error is not None and not stopped:
        failures.insert(0, outcome.error)
    lines = [line.rstrip() for line in out.getvalue().split("\n")]
    return Ended(lines[:-1] if lines[-1] == "" else lines, failures, err.getvalue(), stopped)


def check_file(path: Path) -> None:
    """Check all programs of a file; raises Mismatch at the first that does not do what it says."""
    for program in programs(path.read_text(encoding="utf-8"), path.name, path.parent):
        check(program)
