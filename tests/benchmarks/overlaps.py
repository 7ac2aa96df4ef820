"""How many times faster what waits is when it waits all together."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hocket

DELAY = 50
"""Milliseconds that each wait takes."""

TARGETS = {3: 3.0, 10: 9.5, 30: 28.0}
"""How many wait together -> the speed-up that is aimed at."""

ROUNDS = 20

# What else the machine does only makes a wait longer: the shortest of many rounds counts. The first opens the
# connections.
PROGRAM = """
async func one(i) {{ {call} }}
async func timed(f) {{ let begun := performance_now(); await f(); return performance_now() - begun }}
async func all() {{ await promise_all(range({n}).map(i => one(i))) }}
await all()
mut single := 1h
mut together := 1h
for round in {rounds} {{
    single = min(single, await timed(() => one({n})))
    together = min(together, await timed(all))
    if {n} * single >= together * {enough} {{ break }}
}}
[single, {n} * single / together]
"""


def speed_up(call: str, n: int, enough: float = 1000, rounds: int = ROUNDS) -> float:
    """Return the time of `n` calls one after the other by that of `n` at once; `enough` of it ends the measuring."""
    single, times = hocket.run(PROGRAM.format(call=call, n=n, enough=enough, rounds=rounds))
    assert single >= DELAY * 0.98, f"{call} took only {single:.1f} ms"
    return float(times)


@contextmanager
def slow(count: int) -> Iterator[dict[str, str]]:
    """Start what is slow; name -> a call that waits, in which `i` is below `count`."""
    with tempfile.TemporaryDirectory() as folder:
        pipes = [str(Path(folder, str(i))) for i in range(count)] if hasattr(os, "mkfifo") else []
        command = [sys.executable, str(Path(__file__).with_name("slow.py")), str(DELAY), *pipes]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().strip()
                calls = {
                    "sleeps": f"await async_sleep({DELAY})",
                    "requests": f'assert((await async_http_get("{url}")).body == "ok")',
                }
                if pipes:
                    calls["slow files"] = f'assert(await async_read_file("{folder}/${{i}}") == "ok")'
                yield calls
            finally:
                process.kill()


def measured() -> dict[str, tuple[float, float]]:
    """Return name -> (speed-up, the one that is aimed at)."""
    with slow(max(TARGETS) + 1) as calls:
        return {
            f"{name}, {n} together": (speed_up(call, n), target)
            for name, call in calls.items()
            for n, target in TARGETS.items()
        }
