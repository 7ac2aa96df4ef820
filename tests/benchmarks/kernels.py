"""Measures the kernel beside Python's kernels.

    python tests/benchmarks/kernels.py [--rounds N] [--check] [WORD …]

ipykernel, async-kernel and xeus-python are measured in the same run, as far as they are installed
(the extra `bench` has them).  In each round every kernel is started anew and does each thing, one
kernel after the other, in alternating order.  What is shown are medians of the rounds; a ratio is
the median of the rounds' ratios to ipykernel.  Targets are a ratio to ipykernel (×) or milliseconds.

With words, the things whose names have one of them.  `--check` exits with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kernel_process import KernelProcess, NoAnswerError, found
from run import MISSED, judged

KERNELS = {"hocket": "hocket", "ipykernel": "python3", "async-kernel": "async", "xeus-python": "xpython"}
"""What a kernel is called here, and in Jupyter."""

TRIPS = 30
NAMES = 10_000
UPDATES = 20_000
# Seconds that a kernel has to answer an interrupt or a question beside a cell, and for the prints.
SHORT = 3.0
LONG = 15.0

Times = float | str
"""What was measured, or why it could not be."""


@dataclass(frozen=True)
class Programs:
    """A cell in Hocket and in Python."""

    hocket: str
    python: str

    def of(self, kernel: str) -> str:
        return self.hocket if kernel == "hocket" else self.python


@dataclass(frozen=True)
class Measure:
    """One thing that is measured: how, and which ratio to ipykernel or milliseconds are wanted."""

    function: Callable[[str, KernelProcess], float]
    ratio: float | None = None
    most: float | None = None


MEASURES: dict[str, Measure] = {}


def measure(
    name: str, ratio: float | None = None, most: float | None = None
) -> Callable[[Callable[[str, KernelProcess], float]], Callable[[str, KernelProcess], float]]:
    """Declare what is measured under `name`; the function returns milliseconds or megabytes."""

    def declare(function: Callable[[str, KernelProcess], float]) -> Callable[[str, KernelProcess], float]:
        MEASURES[name] = Measure(function, ratio, most)
        return function

    return declare


SLEEP = Programs("await async_sleep(1000)", "import asyncio\nawait asyncio.sleep(1)")
COMPUTE = Programs(
    "let end := performance_now() + 700\nwhile performance_now() < end {}",
    "import time\nend = time.perf_counter() + 0.7\nwhile time.perf_counter() < end: pass",
)
LOOP = Programs("while true {}", "while True: pass")
LONG_SLEEP = Programs("await async_sleep(60000)", "import asyncio\nawait asyncio.sleep(60)")
PRINTS = Programs("for i in 0..100000 { print(i) }", "for i in range(100000): print(i)")
SESSION = Programs(
    "\n".join(f"name_{i} := {i}" for i in range(NAMES)), "\n".join(f"name_{i} = {i}" for i in range(NAMES))
)
DICT = Programs(
    f'mut table := {{}}\nfor i in 0..{NAMES} {{ table["key ${{i}}"] := i }}',
    f'table = {{f"key {{i}}": i for i in range({NAMES})}}',
)
REDRAWN = Programs(
    f"let place := display(0)\nfor i in 1..={UPDATES} {{ place.update(i) }}",
    f"place = display(0, display_id=True)\nfor i in range(1, {UPDATES} + 1): place.update(i)",
)


@measure("start to kernel_info_reply", ratio=0.95)
def start(name: str, kernel: KernelProcess) -> float:
    return kernel.started


@measure("idle memory, MB", ratio=0.9)
def memory(name: str, kernel: KernelProcess) -> float:
    return kernel.memory / 2**20


@measure("trivial cell to its reply", ratio=0.5)
def round_trip(name: str, kernel: KernelProcess) -> float:
    return statistics.median(reply - begun for begun, reply, _ in trips(kernel)) * 1000


@measure("trivial cell to idle")
def round_trip_to_idle(name: str, kernel: KernelProcess) -> float:
    return statistics.median(idle - begun for begun, _, idle in trips(kernel)) * 1000


def trips(kernel: KernelProcess) -> Iterator[tuple[float, float, float]]:
    """Run trivial cells; yield when each began, when it was answered and when the kernel was idle, in seconds."""
    for _ in range(TRIPS):
        begun = time.perf_counter()
        request = kernel.execute("1 + 1")
        kernel.reply(request)
        replied = time.perf_counter()
        yield begun, replied, kernel.idle(request)


@measure("first byte, then the cell awaits", ratio=0.03)
def first_byte(name: str, kernel: KernelProcess) -> float:
    return until_stream(kernel, 'print("first")\n' + SLEEP.of(name))


@measure("first byte, then the cell computes", ratio=0.03)
def first_byte_computing(name: str, kernel: KernelProcess) -> float:
    return until_stream(kernel, 'print("first")\n' + COMPUTE.of(name))


def until_stream(kernel: KernelProcess, code: str) -> float:
    """Return the milliseconds from sending a cell to the first that it prints."""
    begun = time.perf_counter()
    request = kernel.execute(code)
    arrived = kernel.output(request, lambda message: message["msg_type"] == "stream")
    kernel.reply(request)
    kernel.idle(request)
    return (arrived - begun) * 1000


@measure("100,000 prints", ratio=1.0, most=1000.0)
def prints(name: str, kernel: KernelProcess) -> float:
    begun = time.perf_counter()
    request = kernel.execute(PRINTS.of(name))
    last = kernel.idle(request, LONG)
    kernel.reply(request)
    text = "".join(m["content"]["text"] for _, m in kernel.outputs if m["msg_type"] == "stream")
    if not text.endswith("99999\n"):
        raise NoAnswerError("prints are lost")
    return (last - begun) * 1000


@measure(f"complete beside a waiting cell, {NAMES:,} names", most=20.0)
def complete_names(name: str, kernel: KernelProcess) -> float:
    return asked_beside(name, kernel, SESSION.of(name), "name_99")


@measure(f"complete beside a waiting cell, {NAMES:,} keys", most=20.0)
def complete_keys(name: str, kernel: KernelProcess) -> float:
    return asked_beside(name, kernel, DICT.of(name), 'table["key 99')


def asked_beside(name: str, kernel: KernelProcess, prepare: str, text: str) -> float:
    """Return the milliseconds of a completion while a cell waits."""
    kernel.cell(prepare)
    cell = kernel.execute(SLEEP.of(name))
    kernel.output(cell, lambda message: message["msg_type"] == "execute_input")
    begun = time.perf_counter()
    found = kernel.ask("complete_request", {"code": text, "cursor_pos": len(text)}, SHORT)
    asked = (time.perf_counter() - begun) * 1000
    kernel.idle(cell)
    if len(found["matches"]) < 100:
        raise NoAnswerError("no completions")
    return asked


@measure("interrupt an await", most=20.0)
def interrupt_await(name: str, kernel: KernelProcess) -> float:
    return interrupted(kernel, LONG_SLEEP.of(name))


@measure("interrupt a loop", most=20.0)
def interrupt_loop(name: str, kernel: KernelProcess) -> float:
    return interrupted(kernel, LOOP.of(name))


def interrupted(kernel: KernelProcess, code: str) -> float:
    """Return the milliseconds from an interrupt to the reply of the cell that it ends."""
    cell = kernel.execute('print("begun")\n' + code)
    kernel.output(cell, lambda message: message["msg_type"] == "stream")
    begun = time.perf_counter()
    kernel.interrupt()
    kernel.reply(cell, SHORT)
    ended = (time.perf_counter() - begun) * 1000
    kernel.idle(cell, SHORT)
    return ended


@measure(f"{UPDATES:,} updates, client reads afterwards", most=5000.0)
def updates(name: str, kernel: KernelProcess) -> float:
    begun = time.perf_counter()
    request = kernel.execute(REDRAWN.of(name))
    kernel.reply(request)
    last = kernel.idle(request, SHORT)
    shown = [m["content"]["data"] for _, m in kernel.outputs if m["msg_type"] == "update_display_data"]
    if not shown or shown[-1]["text/plain"] != str(UPDATES):
        raise NoAnswerError("last state lost")
    return (last - begun) * 1000


def measured(name: str, kernel: KernelProcess, measure: Measure) -> Times:
    """Return what `measure` finds, or why it finds nothing."""
    kernel.outputs.clear()
    try:
        return measure.function(name, kernel)
    except NoAnswerError as error:
        return str(error)


def one_round(names: list[str], chosen: list[str]) -> dict[str, dict[str, Times]]:
    """Start the kernels and measure what is chosen, each thing in one kernel after the other."""
    kernels = {name: KernelProcess(spec) for name in names if (spec := found(KERNELS[name])) is not None}
    results: dict[str, dict[str, Times]] = {}
    try:
        for what in chosen:
            for name in kernels:
                result = measured(name, kernels[name], MEASURES[what])
                results.setdefault(what, {})[name] = result
                if isinstance(result, str):  # what it does next would be measured too
                    kernels[name].close()
                    kernels[name] = KernelProcess(found(KERNELS[name]))
    finally:
        for kernel in kernels.values():
            kernel.close()
    return results


def median(results: list[Times]) -> Times:
    """Return the median; why there is none if half of the rounds found nothing."""
    numbers = [result for result in results if isinstance(result, float)]
    reasons = [result for result in results if isinstance(result, str)]
    return statistics.median(numbers) if len(numbers) > len(reasons) else reasons[0]


def ratio(rounds: list[dict[str, Times]]) -> float | None:
    """Return the median of the rounds' ratios of Hocket to ipykernel."""
    pairs = [(results["hocket"], results.get("ipykernel")) for results in rounds]
    ratios = [ours / theirs for ours, theirs in pairs if isinstance(ours, float) and isinstance(theirs, float)]
    return statistics.median(ratios) if ratios else None


def verdict(what: Measure, ours: Times, ratio: float | None) -> str:
    """Return the targets, and whether they are missed."""
    if isinstance(ours, str):
        return MISSED
    return ", ".join(filter(None, (judged(ratio, what.ratio, "×"), judged(ours, what.most))))


def show(rounds: list[dict[str, dict[str, Times]]], names: list[str]) -> bool:
    """Print a table of what was measured; return whether every target is met."""
    width = max(map(len, rounds[0])) + 2
    print(f"{'milliseconds':<{width}}" + "".join(f"{name:>20}" for name in names) + f"{'ratio':>8}   target")
    is_met = True
    for what in rounds[0]:
        of_rounds = [results[what] for results in rounds]
        medians = {name: median([results[name] for results in of_rounds]) for name in names}
        cells = "".join(f"{one if isinstance(one, str) else f'{one:.2f}':>20}" for one in medians.values())
        to_ipykernel = ratio(of_rounds)
        judgement = verdict(MEASURES[what], medians["hocket"], to_ipykernel)
        is_met &= MISSED not in judgement
        shown = "" if to_ipykernel is None else f"{to_ipykernel:.3f}"
        print(f"{what:<{width}}{cells}{shown:>8}   {judgement}")
    return is_met


def main() -> int:
    parser = argparse.ArgumentParser(description="measure the kernel beside Python's kernels")
    parser.add_argument("words", nargs="*", help="measure only the things whose names have one of these")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()
    chosen = [name for name in MEASURES if any(word in name for word in options.words or [""])]
    if not chosen:
        parser.error(f"nothing has {' or '.join(options.words)} in its name")
    names = [name for name in KERNELS if found(KERNELS[name]) is not None]
    for name in KERNELS.keys() - set(names):
        print(f"{name} is absent")
    rounds = [one_round(names if turn % 2 == 0 else names[::-1], chosen) for turn in range(options.rounds)]
    return 0 if show(rounds, names) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
