"""Who waits for what, when nothing can go on."""

from __future__ import annotations

from collections.abc import Iterable

from hocket import errors
from hocket.runtime.tasks import Routine

SHOWN = 10


def deadlock(tasks: Iterable[Routine]) -> errors.DeadlockError:
    """Return the error that lists the tasks, all of them parked."""
    lines = [_line(task) for task in tasks]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"and {len(lines) - SHOWN} more"]
    return errors.DeadlockError(f"every task waits for another: {'; '.join(lines)}")


def _line(task: Routine) -> str:
    what = "nothing" if task.waiting is None else task.waiting.describe()
    site = task.waiting_site
    place = None if site is None else site.resolve()
    where = "" if place is None else f" ({place.source.name}, line {place.line})"
    return f"{task.describe()} waits for {what}{where}"
