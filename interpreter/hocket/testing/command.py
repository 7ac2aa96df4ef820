"""The command `hocket test`.

Exit codes: 0 all passed, 1 a test failed, 2 nothing to run, 3 programs that are not well
formed and nothing else wrong, 5 files that cannot be read, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hocket import errors
from hocket.files import PROGRAMS, find
from hocket.permissions import HELP, granted, is_word
from hocket.render import Paint
from hocket.testing import junit
from hocket.testing.pool import Pool
from hocket.testing.report import FileReport, summary
from hocket.testing.results import SYNTAX, UNREADABLE, Request

OK, FAILED, USAGE, WRONG_TEXT, FILES, INTERRUPTED = 0, 1, 2, 3, 5, 130

Complain = Callable[[str], None]


def main(arguments: list[str], complain: Complain, colored: Callable[[], bool]) -> int:
    """Do what the arguments say; return the exit code."""
    options = parser().parse_args([argument for argument in arguments if not is_word(argument)])
    permissions = shlex.join(filter(is_word, arguments))
    try:
        granted(permissions or None)
    except errors.ValueError as error:
        complain(f"{error}; {error.hint}")
        return USAGE
    missing = [path for path in options.paths if not Path(path).exists()]
    for path in missing:
        complain(f"Failed to read file '{path}': No such file or directory (os error 2)")
    if missing:
        return FILES
    found = list(find(options.paths, with_notebooks=False))
    requests = [Request(path, options.pattern, options.timeout, options.fail_fast, permissions) for path in found]
    run = Run(requests, options, Paint(colored()))
    code = run.run()
    if options.junit is not None:
        try:
            junit.write(Path(options.junit), run.reports, run.seconds)
        except OSError as error:
            complain(f"Failed to write file '{options.junit}': {error.strerror}")
            return FILES
    if code == USAGE:
        complain(nothing(options, found))
    return code


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    made = argparse.ArgumentParser(prog="hocket test", description="Run the tests in programs.")
    made.add_argument_group("permissions", HELP)
    made.add_argument("paths", nargs="*", default=["."], metavar="FILE|DIR", help="default: the current folder")
    made.add_argument("-k", "--pattern", default="", metavar="TEXT", help="only tests whose name contains TEXT")
    made.add_argument("-j", "--jobs", type=positive(int), default=os.cpu_count() or 1, metavar="N", help="processes")
    made.add_argument("-v", "--verbose", action="store_true", help="show every test and what it printed")
    made.add_argument("--fail-fast", action="store_true", help="stop at the first failure")
    made.add_argument("--timeout", type=positive(float), default=60.0, metavar="SECONDS", help="limit of each test")
    made.add_argument("--junit", metavar="FILE", help="write the results to FILE, as JUnit XML")
    return made


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return the reader of a number above 0."""

    def read(text: str) -> float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    read.__name__ = "number"
    return read


def nothing(options: argparse.Namespace, found: list[str]) -> str:
    """Say what was not there."""
    where = ", ".join(options.paths)
    if not found:
        return f"no programs ({' or '.join(PROGRAMS)}) in {where}"
    named = f" whose name contains '{options.pattern}'" if options.pattern else ""
    return f"no tests{named} in {where}"


class Run:
    """One run of the command over `requests`."""

    def __init__(self, requests: list[Request], options: argparse.Namespace, paint: Paint) -> None:
        self.reports = [FileReport(request.path) for request in requests]
        self.options = options
        self.paint = paint
        self.pool = Pool(requests, options.jobs)
        self.seconds = 0.0
        self.shown = 0

    def run(self) -> int:
        """Run the files and show their results in order; return the exit code."""
        started = time.monotonic()
        interrupted = False
        try:
            self._collect()
        except KeyboardInterrupt:
            interrupted = True
        self.pool.end()
        self.seconds = time.monotonic() - started
        for report in self.reports[self.shown :]:
            self._show(report)
        if interrupted or any(report.results for report in self.reports):
            left = sum(not report.is_done for report in self.reports)
            print(summary(self.reports, self.seconds, left, self.paint))
        sys.stdout.flush()
        return INTERRUPTED if interrupted else self._code()

    def _collect(self) -> None:
        for number, result in self.pool.run():
            report = self.reports[number]
            if result is not None:
                report.results.append(result)
                continue
            report.is_done = True
            self._show_next()
            if self.options.fail_fast and report.failures:
                return

    def _show_next(self) -> None:
        """Show the files that are done, up to the first that is not."""
        while self.shown < len(self.reports) and self.reports[self.shown].is_done:
            self.shown += 1
            self._show(self.reports[self.shown - 1])

    def _show(self, report: FileReport) -> None:
        if report.results:
            print("\n".join(report.lines(self.paint, self.options.verbose)))

    def _code(self) -> int:
        results = [result for report in self.reports for result in report.results]
        failed = {result.status for result in results if not result.passed}
        if failed - {SYNTAX, UNREADABLE}:
            return FAILED
        if failed:
            return WRONG_TEXT if SYNTAX in failed else FILES
        return OK if results else USAGE
