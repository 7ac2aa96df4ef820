"""The processes that run the programs of a language, each one program at a time.

A worker reads a line for each run: `[name, text]` makes the program known, `[name]` runs it
again.  It answers with a line `[milliseconds, milliseconds of the processor, result]`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class Run(NamedTuple):
    """What one run took, in milliseconds of the clock and of the processor, and what it returned."""

    wall: float
    busy: float
    result: Any


class Worker:
    """The process that runs the programs of one language."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, name: str, *text: str) -> Run:
        """Run the program `name`, which is `text` when that is given."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, *text]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{name}: the worker has ended: {self.process.args}")
        return Run(*json.loads(answer))


def commands() -> dict[str, list[str]]:
    """Return the command of each language's worker; Node.js only where it is installed."""
    found = {
        "hocket": [sys.executable, str(HERE / "worker_hocket.py")],
        "python": [sys.executable, str(HERE / "worker_python.py")],
    }
    node = shutil.which("node")
    return found | {"js": [node, str(HERE / "worker_node.mjs")]} if node else found


@contextmanager
def workers(folder: str) -> Iterator[dict[str, Worker]]:
    """Start a worker in `folder` for each language; they end with the block."""
    with ExitStack() as stack:
        yield {language: stack.enter_context(started(command, folder)) for language, command in commands().items()}


@contextmanager
def started(command: list[str], folder: str) -> Iterator[Worker]:
    """Start one worker."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            yield Worker(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def server() -> Iterator[str]:
    """Start the server that programs get their answers from; its URL."""
    command = [sys.executable, str(HERE / "server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def make_files(folder: Path, lines: int) -> None:
    """Make what the programs read."""
    (folder / "small.txt").write_text("x" * 4096, encoding="utf-8")
    with open(folder / "lines.txt", "w", encoding="utf-8", newline="\n") as file:
        for i in range(0, lines, 10_000):
            file.writelines(f"{i} {j} {'x' * 90}\n" for j in range(min(10_000, lines - i)))
