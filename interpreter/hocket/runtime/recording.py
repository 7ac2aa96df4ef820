"""What ran when, and what each task then waited for: the ground of a drawn timeline.

    with recording(scheduler) as record:
        ...
    record.steps

While nothing is recorded, the scheduler pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hocket import errors

if TYPE_CHECKING:
    from hocket.runtime.loop import Scheduler
    from hocket.runtime.tasks import Routine


class Recorder(Protocol):
    """What the scheduler tells of each step, times in nanoseconds of its clock."""

    def step(self, task: Routine, begun: int, ended: int, /) -> None:
        """`task` ran from `begun` to `ended`, and has parked, settled or queued again."""


class Step(NamedTuple):
    """One step of a task, in nanoseconds of the clock; `state` and what it waits for are those at its end."""

    task: Routine
    begun: int
    ended: int
    state: str
    waits_for: str | None
    site: errors.Site | None


class Record:
    """All steps, in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, task: Routine, begun: int, ended: int) -> None:
        """Keep a step."""
        waits_for = None if task.waiting is None else task.waiting.describe()
        self.steps.append(Step(task, begun, ended, task.state, waits_for, task.waiting_site))


@contextmanager
def recording(scheduler: Scheduler) -> Iterator[Record]:
    """Record what `scheduler` does meanwhile."""
    record = Record()
    scheduler.record(record)
    try:
        yield record
    finally:
        scheduler.unrecord(record)
