"""Who waits for what, when nothing can go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hocket import errors

if TYPE_CHECKING:
    from hocket.runtime.owners import Running

SHOWN = 10
JUMPS = 100_000
"""Jumps of the virtual clock after which a cell whose own tasks never ran meanwhile is ended."""


def endless(tasks: Iterable[Running]) -> errors.DeadlockError:
    """Return the error of a cell that waits while only tasks of earlier cells move the virtual clock."""
    lines = [f"{task.describe()} of {task.cell.name}" for task in tasks]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"and {len(lines) - SHOWN} more"]
    what = f"in {JUMPS:,} jumps of the virtual clock only tasks of earlier cells ran"
    return errors.DeadlockError(f"{what}: {', '.join(lines)}", hint="cancel them, or await what they wait for")


def deadlock(tasks: Iterable[Running], shows_place: bool = False) -> errors.DeadlockError:
    """Return the error that lists the tasks, all of them parked.

    `shows_place`, when it is not raised in one of them, makes it point at where the first one waits.
    """
    tasks = list(tasks)
    lines = [_line(task) for task in tasks]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"and {len(lines) - SHOWN} more"]
    error = errors.DeadlockError(f"every task waits for another: {'; '.join(lines)}")
    site = _site(tasks[0]) if tasks and shows_place else None
    error.trace += [site] if site is not None else []
    return error


def _site(task: Running) -> errors.Site | None:
    """Return where `task` stands, of one that has not begun where it was made."""
    return task.waiting_site or task.spawn_site


def _line(task: Running) -> str:
    what = "nothing" if task.waiting is None else task.waiting.describe()
    site = _site(task)
    place = None if site is None else site.resolve()
    where = "" if place is None else f" ({place.source.name}, line {place.line})"
    return f"{task.describe()} waits for {what}{where}"
