"""The loop's health: how late its timers come, and which line kept everything waiting.

A turn that takes longer than `BLOCKED` is noticed by the scheduler, which knows that
something blocked but not what.  So a thread looks at the scheduler that runs, some
twenty times a second, and notes the line of a step that was there when it last looked.
It sleeps while no scheduler runs, and costs a running one a test for each slice.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from hocket import errors
from hocket.runtime import current
from hocket.runtime.process import nudge
from hocket.runtime.registry import STDLIB
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.runtime.loop import Scheduler
    from hocket.runtime.tasks import Routine

BLOCKED = 0.1
"""Seconds of one turn that are too long for the others."""

_PERIOD = 0.04
_QUIET = 25
"""How often nothing is seen to run before the thread goes to sleep."""


class Sample(NamedTuple):
    """What a step was doing when it was looked at.

    `trace` leads to the line, outermost call first; `builtin` is the function of the
    library that blocks there, although it has a form that would not.
    """

    trace: list[errors.Site]
    builtin: str | None
    has_others: bool


class Samples:
    """What the step of `task` in turn `turn` was doing, each time that it was looked at."""

    def __init__(self, turn: int, task: Routine) -> None:
        self.turn = turn
        self.task = task
        self.taken: list[Sample] = []

    def longest(self) -> list[Sample]:
        """Return the samples of the line that was there most often."""
        lines = Counter(sample.trace[-1] for sample in self.taken)
        line = max(lines, key=lambda line: lines[line])
        return [sample for sample in self.taken if sample.trace[-1] == line]


class Health:
    """What `loop_stats` tells: turns made, how late the last timer came and the latest one, in milliseconds."""

    def __init__(self) -> None:
        self.turns = 0
        self.lag = self.longest_lag = 0.0
        self.longest_turn = 0.0
        self.samples: Samples | None = None
        # The turn of the step that was seen last, and when that was seen first.
        self.seen = 0, 0.0
        # A debugger may hold the program: how long does not count.
        self.is_held = False
        # A line is complained about once.
        self.reported: set[errors.Site] = set()

    def busy(self) -> float:
        """Return for how many seconds the step that runs has done so, as far as was seen."""
        turn, since = self.seen
        return time.monotonic() - since if turn == self.turns else 0.0

    def late(self, ms: float) -> None:
        """A timer came `ms` milliseconds after its time."""
        self.lag = max(0.0, ms)
        self.longest_lag = max(self.longest_lag, ms)


class Watch:
    """The thread that looks at the running scheduler; one for the process."""

    def __init__(self) -> None:
        self.is_asleep = True
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """A scheduler runs: look at it."""
        self.is_asleep = False
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="hocket monitor", daemon=True)
            self._thread.start()
        self._awake.set()

    def _look(self) -> None:
        samples: Samples | None = None
        quiet = 0
        while True:
            time.sleep(_PERIOD)
            scheduler = current.scheduler
            task, turn = scheduler.current, scheduler.health.turns
            if task is None:
                samples = None
                quiet += 1
            elif samples is None or samples.turn != turn or samples.task is not task:
                samples = Samples(turn, task)
                scheduler.health.seen = turn, time.monotonic()
                quiet = 0
            else:
                take(scheduler, samples)
                nudge()
            if quiet > _QUIET:
                quiet = 0
                self._awake.clear()
                self.is_asleep = True
                del scheduler, task
                self._awake.wait()


WATCH = Watch()


def take(scheduler: Scheduler, samples: Samples) -> None:
    """Note where the step is; called in another thread."""
    frame = sys._current_frames().get(scheduler.thread)
    trace: list[errors.Site] = []
    builtin = None
    while frame is not None:
        if Source.of(frame.f_code.co_filename) is not None:
            trace.append(errors.Site(frame.f_code, frame.f_lasti))
        elif not trace:
            builtin = blocking(frame) or builtin
        frame = frame.f_back
    if trace:
        samples.taken.append(Sample(trace[::-1], builtin, scheduler.count > 1))
        scheduler.health.samples = samples


def blocking(frame: FrameType) -> str | None:
    """Return the name of the builtin that runs in `frame`, if it is one that could suspend."""
    builtin = STDLIB.of_code(frame.f_code)
    return builtin.name if builtin is not None and builtin.suspending is not None else None


def report_block(scheduler: Scheduler, seconds: float) -> None:
    """A turn took `seconds`: warn of the line that held it, if one did and somebody had to wait for it."""
    health = scheduler.health
    if health.is_held:
        return
    health.longest_turn = max(health.longest_turn, seconds * 1000)
    samples, health.samples = health.samples, None
    if samples is None or samples.turn != health.turns:
        return
    longest = samples.longest()
    sample = longest[-1]
    line = sample.trace[-1]
    if not (sample.has_others or sample.builtin) or line in health.reported or samples.task.cancelling is not None:
        return
    health.reported.add(line)
    if len(longest) < len(samples.taken):
        seconds *= len(longest) / len(samples.taken)
    try:
        samples.task.cell.context.run(scheduler.warn, describe(sample, seconds))
    except Exception:  # noqa: BLE001  a broken output must not end the scheduler
        return


def describe(sample: Sample, seconds: float) -> errors.Error:
    """Return the warning."""
    duration = f"{seconds:.1f} s" if seconds >= 1 else f"{round(seconds * 1000, -1):g} ms"
    if sample.builtin is None:
        warning = errors.Error(f"nothing else could run for {duration}", hint="`await yield_now()` lets others run")
    else:
        hint = "in an `async func` it would wait without blocking"
        warning = errors.Error(f"{sample.builtin}() kept everything waiting for {duration}", hint=hint)
    warning.trace = sample.trace
    return warning
