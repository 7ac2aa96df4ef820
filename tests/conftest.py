"""Collects `.hkt` files: each of their programs is a test.

Each runs in a folder of its own, and under the virtual clock, so that the order of what it waits
for is not the machine's.  Those about files, processes and sockets have real time: under the virtual
clock, a session's own servers are asked without any.  `# clock: real` is for others that need it.

No test may connect to another machine.
"""

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hocket.runtime.process import prepare_process
from hocket.testing import Mismatch, Program, check, programs

REAL = {"files", "http", "process", "server"}
"""Folders of programs that run in real time."""
LIMIT = 60.0
"""Seconds after which a program is stopped; many run side by side, on a machine that may do other work."""

prepare_process()


def stay_here(event: str, args: tuple[object, ...]) -> None:
    """Refuse connections to other machines, whatever makes them."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = str(args[1][0]).partition("%")[0]
        if not re.fullmatch(r"(::ffff:)?127\.[0-9.]+|::1|::|0\.0\.0\.0|localhost|", host):
            raise PermissionError(f"tests connect to this machine only, not to {host}")


sys.addaudithook(stay_here)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ProgramFile | None":
    folders = file_path.relative_to(parent.config.rootpath).parts[:-1]
    # What programs import has no expectations of its own.
    if file_path.suffix != ".hkt" or "modules" in folders:
        return None
    return ProgramFile.from_parent(parent, path=file_path)


class ProgramFile(pytest.File):
    """A file of programs."""

    def collect(self) -> Iterator["ProgramItem"]:
        for program in programs(self.path.read_text(encoding="utf-8"), self.path.name, self.path.parent):
            yield ProgramItem.from_parent(self, name=f"line {program.before + 1}", program=program)


class ProgramItem(pytest.Item):
    """A program, checked against its comments."""

    def __init__(self, *, program: Program, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]
        self.program = program

    def runtest(self) -> None:
        folders = self.path.relative_to(self.config.rootpath).parts
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            check(self.program, LIMIT, clock="real" if REAL.intersection(folders) else "virtual")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, Mismatch):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.program.before, self.name
