"""Magics that measure."""

from __future__ import annotations

import statistics
import sys
import time as python_time
from typing import TYPE_CHECKING

from hocket_kernel.magics.registry import Call, MagicError, magic

if TYPE_CHECKING:
    from hocket.session import Compiled, Outcome

REPEATS = 7
LONG_ENOUGH = 0.1
"""Seconds that a repetition takes at least: of a quick statement, many runs."""


@magic("STATEMENT", cell=True, script="{}")
async def time(call: Call) -> Outcome:
    """Run a statement, or the cell, and tell how long it took: by the clock on the wall, and computing."""
    _expect_program(call)
    wall, cpu = python_time.perf_counter(), python_time.process_time()
    outcome = await call.run()
    wall, cpu = python_time.perf_counter() - wall, python_time.process_time() - cpu
    if outcome.error is None:
        sys.stdout.write(f"took {duration(wall)}, computing {duration(cpu)}\n")
    return outcome


@magic("STATEMENT", cell=True, script="{}")
async def timeit(call: Call) -> Outcome:
    """Run a statement, or the cell, many times and tell how long one run takes.

    It is run once as it stands, then repeated in a block of its own; the result is the mean of
    seven repetitions, and how far they are from it.
    """
    _expect_program(call)
    outcome = await call.run()
    if outcome.error is not None:
        return outcome
    runs, times = 1, list[float]()
    compiled = _repeated(call, runs)
    while len(times) < REPEATS:
        begun = python_time.perf_counter()
        outcome = await call.session.execute(compiled, call.name)
        spent = python_time.perf_counter() - begun
        if outcome.error is not None:
            return outcome
        if not times and spent < LONG_ENOUGH:
            # A little more than needed: the next one is to be long enough.
            runs = max(runs * 2, min(runs * 100, int(runs * LONG_ENOUGH * 1.2 / max(spent, 1e-6))))
            compiled = _repeated(call, runs)
        else:
            times.append(spent / runs)
    mean, spread = statistics.mean(times), statistics.pstdev(times)
    count = f"{REPEATS} times {runs:,} run{'s' * (runs > 1)}"
    sys.stdout.write(f"{duration(mean)} ± {duration(spread)} ({count})\n")
    outcome.has_value = False
    return outcome


@magic(line=False, cell=True, script="{}")
async def timeline(call: Call) -> Outcome:
    """Run the cell, then draw which tasks ran meanwhile and what they waited for, as `timeline { }` does.

    The cell's variables are the session's, as ever.
    """
    from hocket.runtime.recording import recording
    from hocket.runtime.timeline import chart

    _expect_program(call)
    clock = call.session.scheduler.clock
    with recording(call.session.scheduler) as record:
        begun = clock.now()
        outcome = await call.run()
        ended = clock.now()
    if outcome.cell is not None:  # it has run
        sys.stdout.write(chart(record.steps, begun, ended))
    return outcome


def _repeated(call: Call, runs: int) -> Compiled:
    """Return the program so often; its variables are a block's."""
    return call.session.compile(f"for _ in range({runs}) {{ {call.program}\n}}", call.name)


def _expect_program(call: Call) -> None:
    if not call.program.strip():
        raise MagicError("there is nothing to run", "a statement on the line of %, or a cell below %%")


def duration(seconds: float) -> str:
    """Return a length of time with three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.9995:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
