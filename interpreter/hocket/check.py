"""The command `hocket check`: what is wrong or hardly meant in programs and notebooks; nothing runs.

The cells of a notebook are checked in order and share their names, as in a session.
Exit codes: 0 nothing wrong, 1 warnings with `--strict`, 3 errors, 5 what cannot be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from hocket.errors import Problem, StaticErrors
from hocket.files import DIVIDER, NOTEBOOK, NotANotebook, find, in_place, may_fail, parse_notebook, program_of
from hocket.render import Paint, is_color_wanted, static
from hocket.rules import ALL, IN_CELLS, Rule
from hocket.session import Session

OK, STRICT, WRONG, FILES = 0, 1, 3, 5
MAGICS = re.compile(r"\s*%%[\s\S]*|(?:\s*[%!?][^\n]*)*")
UNDEFINED = "Undefined variable"

Read = Callable[[str], str]


class Finding(NamedTuple):
    """A problem, and the file and cell it is in."""

    path: str
    cell: int | None
    problem: Problem

    @property
    def is_error(self) -> bool:
        """Whether it keeps the program from running."""
        return not self.problem.code

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; lines and columns count from 1, the end is the place behind."""
        problem = self.problem
        line, column = problem.source.position(problem.span.start)
        end_line, end_column = problem.source.position(max(problem.span.end, problem.span.start))
        return {
            "file": self.path,
            **({"cell": self.cell} if self.cell is not None else {}),
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "severity": "error" if self.is_error else "warning",
            "code": problem.code or "error",
            "message": problem.message,
            "hint": problem.hint,
        }


def main(arguments: list[str], read: Read, unreadable: type[Exception], complain: Callable[[str], None]) -> int:
    """Do what the arguments say; return the exit code.

    `read` returns the text of a file or raises `unreadable`, which `complain` shows.
    """
    options = parser().parse_args(arguments)
    findings: list[Finding] = []
    is_readable = True
    for path in find(options.paths):
        try:
            findings += check(path, read(path))
        except (unreadable, NotANotebook) as error:
            complain(str(error))
            is_readable = False
    if options.json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2))
    elif findings:
        paint = Paint(is_color_wanted(sys.stdout))
        print("\n\n".join(static(finding.problem, paint) for finding in findings))
        print(f"\n{count(findings)}")
    if not is_readable:
        return FILES
    if any(finding.is_error for finding in findings):
        return WRONG
    return STRICT if findings and options.strict else OK


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    made = argparse.ArgumentParser(prog="hocket check", description="Say what is wrong in programs and notebooks.")
    made.add_argument("paths", nargs="+", metavar="PATH", help="programs, notebooks or folders; - for standard input")
    made.add_argument("--json", action="store_true", help="print the findings as JSON")
    made.add_argument("--strict", action="store_true", help="exit with 1 when there are warnings")
    return made


def count(findings: list[Finding]) -> str:
    """Return `1 error, 2 warnings`."""
    errors = sum(finding.is_error for finding in findings)
    numbers = {"error": errors, "warning": len(findings) - errors}
    return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for word, number in numbers.items() if number)


# ---- programs and notebooks


def check(path: str, text: str) -> list[Finding]:
    """Return what is wrong in the file at `path`; raises NotANotebook."""
    if path.endswith(NOTEBOOK):
        return notebook(path, parse_notebook(text, path)["cells"])
    name = "standard input" if path == "-" else path
    found = problems(Session(), text, name, ALL)
    if any(not problem.code for problem in found) and DIVIDER.search(text):
        found = [problem for program in in_place(text) for problem in problems(Session(), program, name, ALL)]
    return [Finding(name, None, problem) for problem in found]


def problems(session: Session, text: str, name: str, rules: tuple[Rule, ...]) -> list[Problem]:
    """Return the errors of a program, or its warnings if there are none; the session learns its names."""
    try:
        compiled = session.compile(text, name, rules)
    except StaticErrors as error:
        return error.problems
    session.kinds |= compiled.declared
    return compiled.warnings


def notebook(path: str, cells: Iterable[Any]) -> list[Finding]:
    """Return what is wrong in the cells of a notebook.

    Lines at a cell's start that begin with `%`, `!` or `?`, and cells that begin with `%%`, are no
    programs; cells tagged `raises-exception` may be wrong.
    """
    session = Session()
    found: list[Finding] = []
    is_whole = True
    for number, cell in enumerate(cells, 1):
        text = program_of(cell)
        if text is None:
            continue
        here = problems(session, MAGICS.sub(blank, text, count=1), f"{path}, cell {number}", IN_CELLS)
        if not is_whole:
            # Of a cell that could not be understood the names are not known.
            here = [problem for problem in here if not problem.message.startswith(UNDEFINED)]
        is_whole = is_whole and all(problem.code for problem in here)
        if not may_fail(cell):
            found += [Finding(path, number, problem) for problem in here]
    return found


def blank(lines: re.Match[str]) -> str:
    """Return as many lines, empty."""
    return "\n" * lines[0].count("\n")
