"""The command `hocket fmt`.

Exit codes: 0, 1 where `--check` or `--diff` found a file that is laid out otherwise, 3 for
a file that is no program and is left as it is, 5 for one that cannot be read or written,
6 for one that formatting would have changed.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable

from hocket.errors import HocketError, InternalError
from hocket.files import NotANotebook, find
from hocket.format import files
from hocket.render import render

OK, DIFFERENT, SYNTAX, FILES, INTERNAL = 0, 1, 3, 5, 6
STDIN = "standard input"


class Command:
    """One run: what was asked for, and how bad it went.

    `read` returns the text of a program or raises `unreadable`; `show` writes an error.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        read: Callable[[str], str],
        unreadable: type[Exception],
        show: Callable[[str], None],
        colored: bool,
    ) -> None:
        self.check: bool = options.check
        self.diff: bool = options.diff
        self.paths: list[str] = options.paths
        self.read = read
        self.unreadable = unreadable
        self.show = show
        self.colored = colored
        self.code = OK

    def run(self) -> int:
        """Format all files, whatever becomes of one of them; return the exit code."""
        for path in find(self.paths):
            try:
                self.format(path)
            except HocketError as error:
                self.fail(render(error, color=self.colored), INTERNAL if isinstance(error, InternalError) else SYNTAX)
            except (self.unreadable, NotANotebook) as error:
                self.fail(f"error: {error}", FILES)
            except OSError as error:
                self.fail(f"error: Failed to write file '{path}': {error.strerror}", FILES)
        return self.code

    def fail(self, text: str, code: int) -> None:
        """Show an error."""
        self.show(text)
        self.code = max(self.code, code)

    def format(self, path: str) -> None:
        """Format one file."""
        name = STDIN if path == "-" else path
        before = self.read(path)
        after = files.format_file(before, name)
        if not (self.check or self.diff):
            self.put(path, before, after)
        elif before != after:
            self.code = max(self.code, DIFFERENT)
            if self.diff:
                old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
                lines = difflib.unified_diff(old, new, name, f"{name} (formatted)")
                print("".join(line if line.endswith("\n") else f"{line}\n" for line in lines), end="")
            else:
                print(f"would format {name}")

    def put(self, path: str, before: str, after: str) -> None:
        """Write the result, if it is another than what is there."""
        if path == "-":
            sys.stdout.write(after)
        elif before != after:
            files.write(path, after)
            print(f"formatted {path}")
