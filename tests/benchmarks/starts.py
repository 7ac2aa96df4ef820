"""How long things take to begin: processes, cells (kernels: `kernels.py`).  All in milliseconds."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workloads import workloads

from hocket.session import Session

LINES = 100


def measured(folder: str) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield the name of each thing and its milliseconds in Hocket and in Python."""
    yield "run an empty program", empty_program(folder)
    yield "import (python: asyncio)", importing()
    yield f"compile a cell of {LINES} lines", compiling()


def elapsed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def process(*command: str) -> float:
    """Run a command to its end."""
    return elapsed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def cell_of(language: str) -> str:
    """Return a cell of about a hundred lines of ordinary code: workloads, as many as fit."""
    lines: list[str] = []
    for number, programs in enumerate(workload.programs for workload in workloads().values()):
        # Each in a function of its own: the workloads use the same names.
        head, foot = {"hocket": (f"func f{number}() {{", "}"), "python": (f"def f{number}():", "")}[language]
        added = [head, *("    " + line for line in programs[language].splitlines() if line), foot]
        if len(lines) + len(added) > LINES:
            break
        lines += [line for line in added if line]
    return "\n".join(lines)


def compiling() -> tuple[float, float]:
    """Compile a cell of a hundred lines, in Hocket with a warm parser and in Python; the median of ten."""
    session = Session()
    hocket, python = cell_of("hocket"), cell_of("python")
    session.compile(hocket, "warm")
    ours = [elapsed(lambda: session.compile(hocket, "cell")) for _ in range(10)]
    theirs = [elapsed(lambda: compile(python, "cell", "exec")) for _ in range(10)]
    return statistics.median(ours), statistics.median(theirs)


def importing() -> tuple[float, float]:
    """Import the interpreter, and what a Python program needs for the like."""
    ours, theirs = "import hocket.session", "import asyncio"
    return process(sys.executable, "-c", ours), process(sys.executable, "-c", theirs)


def empty_program(folder: str) -> tuple[float, float]:
    """Run an empty program: `hocket run` and `python`."""
    path = Path(folder, "empty.hkt")
    path.touch()
    return process(sys.executable, "-m", "hocket", "run", str(path)), process(sys.executable, str(path))
