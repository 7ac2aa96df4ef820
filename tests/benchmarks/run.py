"""Measures Hocket beside hand-written asyncio, plain Python and Node.js.

    python tests/benchmarks/run.py [--rounds N] [--check] [WORD …]

All languages do the work of `workloads.md`, and must agree on its results.  Every language
has a process of its own; in each round each of them does the work once, in alternating
order.  A ratio is the median of the ratios of the rounds, so that what else the machine
does falls on both.  Times of different runs or machines mean little.

Without words all workloads run, and it is measured too how far waits overlap, and what is
needed before a program can run; with words, the workloads whose names have one of them.
`--check` exits with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import memory
import overlaps
import starts
from workers import Run, Worker, make_files, server, workers
from workloads import Workload, workloads

STARTS = 3
MISSED = "missed"


class Measured:
    """The rounds of one workload."""

    def __init__(self, name: str, workload: Workload, workers: dict[str, Worker]) -> None:
        self.name = name
        self.target = workload.target
        self.workers = [(language, workers[language]) for language in workers if language in workload.programs]
        self.rounds: list[dict[str, Run]] = []
        results = {
            json.dumps(worker.run(name, workload.programs[language]).result) for language, worker in self.workers
        }
        if len(results) > 1:
            raise ValueError(f"the languages disagree on {name}: {', '.join(sorted(results))}")

    def round(self) -> None:
        """Run it once in each language."""
        turn = self.workers if len(self.rounds) % 2 == 0 else self.workers[::-1]
        self.rounds.append({language: worker.run(self.name) for language, worker in turn})

    def milliseconds(self, language: str) -> float | None:
        """Return the median time, None if the language does not have the workload."""
        times = [runs[language].wall for runs in self.rounds if language in runs]
        return statistics.median(times) if times else None

    def ratio(self, language: str, field: str = "wall") -> float | None:
        """Return the median ratio of Hocket's time to that of `language`."""
        pairs = [
            (getattr(runs["hocket"], field), getattr(runs[language], field)) for runs in self.rounds if language in runs
        ]
        ratios = [ours / theirs for ours, theirs in pairs if theirs]
        return statistics.median(ratios) if ratios else None

    @property
    def verdict(self) -> str:
        """What the target is, and whether it is missed."""
        return judged(self.ratio("python"), self.target)


def judged(value: float | None, target: float | None, unit: str = "") -> str:
    """Return a target beside what was measured, as text."""
    if value is None or target is None:
        return ""
    return " ".join(filter(None, (f"≤ {target:g}", unit, "" if value <= target else MISSED)))


def measure(chosen: dict[str, Workload], rounds: int, lines: int = 1_000_000) -> Iterable[Measured]:
    """Measure one workload after the other; `lines` has the file that is read."""
    with tempfile.TemporaryDirectory() as folder, workers(folder) as found, server() as url:
        make_files(Path(folder), lines)
        for name, workload in chosen.items():
            measured = Measured(name, workload.on(url), found)
            for _ in range(rounds):
                measured.round()
            yield measured


def show(chosen: dict[str, Workload], rounds: int) -> bool:
    """Print the medians as a table; return whether every target is met."""
    width = max(map(len, chosen)) + 2
    heads = ["hocket", "python", "js", "hocket/python", "processor", "hocket/js"]
    print(f"{'milliseconds':<{width}}" + "".join(f"{head:>14}" for head in heads) + "   target")
    verdicts = []
    for measured in measure(chosen, rounds):
        times = [measured.milliseconds(language) for language in ("hocket", "python", "js")]
        ratios = [measured.ratio("python"), measured.ratio("python", "busy"), measured.ratio("js")]
        cells = "".join(f"{'' if value is None else f'{value:.2f}':>14}" for value in [*times, *ratios])
        print(f"{measured.name:<{width}}{cells}   {measured.verdict}", flush=True)
        verdicts.append(measured.verdict)
    print()
    return not any(MISSED in verdict for verdict in verdicts)


def show_memory() -> bool:
    """Print the bytes of what waits; return whether every target is met."""
    sizes = memory.measured()
    width = max(map(len, sizes)) + 2
    print(f"{'bytes':<{width}}{'hocket':>14}{'python':>14}   target")
    verdicts = []
    for name, (ours, theirs, target) in sizes.items():
        verdicts.append(judged(ours, target))
        print(f"{name:<{width}}{ours:>14.0f}{theirs:>14.0f}   {verdicts[-1]}")
    print()
    return not any(MISSED in verdict for verdict in verdicts)


def show_overlaps() -> bool:
    """Print how many times faster what waits is all together; return whether every target is met."""
    times = overlaps.measured()
    width = max(map(len, times)) + 2
    print(f"{'times as fast':<{width}}{'hocket':>14}   target")
    verdicts = []
    for name, (ours, target) in times.items():
        verdicts.append("" if round(ours, 1) >= target else MISSED)
        print(f"{name:<{width}}{ours:>14.1f}   ≥ {target:g} {verdicts[-1]}".rstrip())
    print()
    return MISSED not in verdicts


def show_starts() -> None:
    """Print what takes its time before anything runs."""
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STARTS):
            for name, pair in starts.measured(folder):
                times.setdefault(name, []).append(pair)
    width = max(map(len, times)) + 2
    print(f"{'milliseconds':<{width}}{'hocket':>14}{'python':>14}{'hocket/python':>14}")
    for name, pairs in times.items():
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        print(f"{name:<{width}}{ours:>14.2f}{theirs:>14.2f}{ratio:>14.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description="measure Hocket beside Python and Node.js")
    parser.add_argument("words", nargs="*", help="run only the workloads whose names have one of these")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()
    words = options.words or [""]
    chosen = {name: work for name, work in workloads().items() if any(word in name for word in words)}
    if not chosen:
        parser.error(f"no workload has {' or '.join(words)} in its name")
    is_met = show(chosen, options.rounds)
    if not options.words:
        is_met &= show_overlaps()
        is_met &= show_memory()
        show_starts()
    return 0 if is_met or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
