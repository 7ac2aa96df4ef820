"""What `hocket test` prints: a line for each file, what failed, a summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hocket.render import BOLD, RED, Paint
from hocket.testing.results import Result

GREEN = "\x1b[32m"


@dataclass
class FileReport:
    """The results of one file."""

    path: str
    results: list[Result] = field(default_factory=list)
    is_done: bool = False

    @property
    def tests(self) -> list[Result]:
        """The results of its tests, without what is about the file itself."""
        return [result for result in self.results if result.name]

    @property
    def failures(self) -> list[Result]:
        """What went wrong."""
        return [result for result in self.results if not result.passed]

    def lines(self, paint: Paint, verbose: bool) -> Iterable[str]:
        """Yield what is shown of the file."""
        yield f"{paint(BOLD, self.path)}  {counts(self.results, paint)}"
        for result in self.results:
            if verbose or not result.passed:
                yield from entry(result, paint)


def entry(result: Result, paint: Paint) -> Iterable[str]:
    """Yield the lines of one result."""
    word = paint(GREEN, "passed") if result.passed else paint(RED, "failed")
    name = result.name or "(the file)"
    yield f"  {word}  {name}  {seconds(result.seconds)}"
    text = result.colored if paint.on else result.text
    if text or result.message:
        yield from indented(text or result.message)
    if result.output:
        yield "    printed:"
        yield from indented(result.output.rstrip("\n"))


def indented(text: str) -> Iterable[str]:
    """Yield the lines of `text`, moved to the right."""
    for line in text.split("\n"):
        yield f"    {line}".rstrip()


def counts(results: list[Result], paint: Paint) -> str:
    """Return `3 passed, 1 failed`."""
    failed = sum(not result.passed for result in results)
    passed = len(results) - failed
    parts = [paint(GREEN, f"{passed} passed")] if passed or not failed else []
    return ", ".join([*parts, paint(RED, f"{failed} failed")] if failed else parts)


def summary(reports: list[FileReport], time: float, left: int, paint: Paint) -> str:
    """Return the last line; `left` files were not run to their end."""
    results = [result for report in reports for result in report.results]
    ran = [report for report in reports if report.results]
    files = f"{len(ran)} file{'' if len(ran) == 1 else 's'}"
    rest = f", {left} file{'' if left == 1 else 's'} not finished" if left else ""
    return f"{counts(results, paint)} in {files} ({seconds(time)}){rest}"


def seconds(time: float) -> str:
    """Return a length of time."""
    return f"{time:.2f} s"
