"""`timeline { }`: what ran and what waited while a block ran, as a chart of text.

    async with Timeline():     prints the chart when the block has ended, however it did

It owns nothing: tasks that the block starts belong to the owner around it, and tasks of
others that run meanwhile are in the chart as well.
"""

from __future__ import annotations

import sys
from pathlib import PurePath
from types import TracebackType

from hocket.runtime import current
from hocket.runtime.clock import yield_now
from hocket.runtime.current import running_task
from hocket.runtime.promise import PENDING
from hocket.runtime.recording import Record, Step
from hocket.runtime.scopes import format_ms
from hocket.runtime.tasks import Routine, Task

WIDTH = 60
ROWS = 40
RUNS, WAITS, ABSENT = "█", "░", " "


class Timeline:
    """Records while its block runs."""

    __slots__ = ("begun", "record", "task")

    async def __aenter__(self) -> None:
        scheduler = current.scheduler
        self.task = running_task()
        self.record = Record()
        scheduler.record(self.record)
        # Steps are recorded as a whole: what follows is one of its own.
        await yield_now()
        self.begun = scheduler.clock.now()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        scheduler = current.scheduler
        ended = scheduler.clock.now()
        scheduler.unrecord(self.record)
        self.record.step(self.task, max(self.begun, scheduler.step_begun), ended)
        steps = [step for step in self.record.steps if step.ended > self.begun or step.begun >= self.begun]
        sys.stdout.write(chart(steps, self.begun, ended))
        return False


def chart(steps: list[Step], begun: int, ended: int) -> str:
    """Return the chart of `steps` from `begun` to `ended`, nanoseconds: a line for each task."""
    rows: dict[Routine, list[Step]] = {}
    for step in steps:
        rows.setdefault(step.task, []).append(step)
    names = {task: name_of(task) for task in list(rows)[:ROWS]}
    margin = max(map(len, names.values()), default=0)
    total = duration(ended - begun)
    lines = [f"{'timeline':<{margin}} 0{total:>{WIDTH - 1}}"]
    lines += [f"{names[task]:<{margin}} {bar(rows[task], begun, ended)}{longest(rows[task], ended)}" for task in names]
    if len(rows) > ROWS:
        lines.append(f"… and {len(rows) - ROWS} more")
    return "\n".join(lines) + "\n"


def name_of(task: Routine) -> str:
    """Return `#2 fetch`, or the name of what is no task of the program."""
    return f"#{task.number} {task.name}" if isinstance(task, Task) else PurePath(task.name).name


def bar(steps: list[Step], begun: int, ended: int) -> str:
    """Return what a task did in each of `WIDTH` parts of the time; a part in which it ran at all is one that ran."""
    span = max(1, ended - begun)
    cells = [ABSENT] * WIDTH

    def column(time: int) -> int:
        return max(0, min(WIDTH - 1, (time - begun) * WIDTH // span))

    last = ended if steps[-1].state is PENDING else steps[-1].ended
    for at in range(column(steps[0].begun), column(last) + 1):
        cells[at] = WAITS
    for step in steps:
        for at in range(column(step.begun), column(step.ended) + 1):
            cells[at] = RUNS
    return "".join(cells).rstrip()


def longest(steps: list[Step], ended: int) -> str:
    """Return what a task waited for in the longest of its pauses, nothing if it never did."""
    following = [*(step.begun for step in steps[1:]), ended]
    pauses = [(end - step.ended, step) for step, end in zip(steps, following, strict=True) if step.waits_for]
    if not pauses:
        return ""
    pause, step = max(pauses, key=lambda pause: pause[0])
    place = None if step.site is None else step.site.resolve()
    where = "" if place is None else f", line {place.line}"
    return f"  {duration(pause)} for {step.waits_for}{where}" if pause else ""


def duration(nanoseconds: int) -> str:
    """Return a length of time, to a tenth of a millisecond when it is longer than one."""
    ms = nanoseconds / 1e6
    return format_ms(round(ms, 1 if ms >= 1 else 3))
