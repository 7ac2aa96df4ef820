"""Measures Hocket beside hand-written asyncio, plain Python and Node.js.

    python tests/benchmarks/run.py

All languages do the work of `workloads.md`, and must agree on its results.  Each round runs
every language in a process of its own, one after the other, in alternating order; the
medians of the rounds are shown, with the ratio to Python.  It takes less than a minute, and
compares within one run: times of different runs or machines mean little.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import starts
from workloads import workloads

HERE = Path(__file__).parent
ROUNDS = 5
STARTS = 3

Times = dict[str, dict[str, list[float]]]


def languages() -> dict[str, list[str]]:
    """Return the command of each language's worker; Node.js only where it is installed."""
    found = {
        "hocket": [sys.executable, str(HERE / "worker_hocket.py")],
        "python": [sys.executable, str(HERE / "worker_python.py")],
    }
    node = shutil.which("node")
    return found | {"js": [node, str(HERE / "worker_node.mjs")]} if node else found


def measure() -> Times:
    """Return workload -> language -> milliseconds of each round."""
    work = workloads()
    commands = list(languages().items())
    times: Times = {name: {language: [] for language, _ in commands} for name in work}
    results: dict[str, set[str]] = {name: set() for name in work}
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder))
        rounds(work, commands, folder, times, results)
    differing = [name for name, found in results.items() if len(found) > 1]
    if differing:
        sys.exit(f"the languages disagree on {', '.join(differing)}")
    return times


def make_files(folder: Path) -> None:
    """Make what the workloads read."""
    (folder / "small.txt").write_text("x" * 4096, encoding="utf-8")
    with open(folder / "lines.txt", "w", encoding="utf-8", newline="\n") as file:
        for i in range(100):
            file.writelines(f"{i} {j} {'x' * 90}\n" for j in range(10_000))


def rounds(
    work: dict[str, dict[str, str]],
    commands: list[tuple[str, list[str]]],
    folder: str,
    times: Times,
    results: dict[str, set[str]],
) -> None:
    """Run everything in `folder`; gather times and results."""
    for number in range(ROUNDS):
        for language, command in commands if number % 2 == 0 else reversed(commands):
            programs = json.dumps({name: texts[language] for name, texts in work.items()})
            done = subprocess.run(command, input=programs, capture_output=True, check=True, text=True, cwd=folder)
            for name, (milliseconds, result) in json.loads(done.stdout).items():
                times[name][language].append(milliseconds)
                results[name].add(json.dumps(result))


def measure_starts() -> Times:
    """Return what takes its time before anything runs, for Hocket and Python."""
    times: Times = {}

    def add(name: str, hocket: float, python: float) -> None:
        row = times.setdefault(name, {"hocket": [], "python": []})
        row["hocket"].append(hocket)
        row["python"].append(python)

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STARTS):
            add("run an empty program", *starts.empty_program(folder))
            add("import (python: asyncio)", *starts.importing())
            add(f"compile a cell of {starts.LINES} lines", *starts.compiling())
            ours, theirs = starts.kernel("hocket", "1"), starts.kernel("python3", "1")
            add("start the kernel", ours[0], theirs[0])
            add("trivial cell, there and back", ours[1], theirs[1])
    return times


def show(times: Times) -> None:
    """Print the medians as a table, with Hocket's ratio to each other language."""
    names = list(next(iter(times.values())))
    width = max(map(len, times)) + 2
    ratios = [f"hocket/{name}" for name in names[1:]]
    print(f"{'milliseconds':<{width}}" + "".join(f"{name:>10}" for name in names) + "".join(f"{r:>16}" for r in ratios))
    for name, row in times.items():
        medians = {language: statistics.median(values) for language, values in row.items()}
        cells = "".join(f"{value:>10.2f}" for value in medians.values())
        cells += "".join(f"{medians['hocket'] / medians[language]:>16.2f}" for language in names[1:])
        print(f"{name:<{width}}{cells}")
    print()


if __name__ == "__main__":
    show(measure())
    show(measure_starts())
