"""What runs, and how the loop is."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.current import current_scheduler, current_task
from hocket.runtime.promise import PENDING, Promise
from hocket.runtime.registry import builtin, method
from hocket.runtime.tasks import Routine, Task
from hocket.runtime.values import name_type


def _line(site: errors.Site | None) -> str | None:
    place = None if site is None else site.resolve()
    return None if place is None else f"{place.source.name}, line {place.line}"


@builtin
def tasks() -> list[dict[str, Any]]:
    """Return the tasks that have not ended, the running one included, oldest first.

    Each is a dict: `name`, `state`, `spawned` and `line` (where it was made, where it stands now: `cell 2, line 4`),
    `waits_for` (null if it can go on), and `age` in milliseconds.

    ```
    let worker := spawn("worker") { await async_sleep(60000) }
    await yield_now()
    let [first] := tasks()
    print(first.name, first.state, first.waits_for)  # expect: worker running a timer
    worker.cancel()
    ```
    """
    return [_row(task) for task in current_scheduler().tasks()]


def _row(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "state": task.status,
        "spawned": _line(task.spawn_site),
        "line": _line(task.waiting_site),
        "waits_for": None if task.waiting is None else task.waiting.describe(),
        "age": task.elapsed,
    }


@builtin
def loop_stats() -> dict[str, Any]:
    """Return how the event loop is.

    `turns` made since the session began; `lag` and `longest_lag`, by how many milliseconds the last timer and the
    latest of all came late; `longest_turn` in milliseconds, of those over 100; `tasks` and `promises` that are
    pending (promises include the tasks); `files` and `sockets` that the process has open; `memory`, its bytes.

    ```
    let waiting := deferred().promise
    print(loop_stats().promises >= 1)  # expect: true
    ```
    """
    import psutil

    scheduler = current_scheduler()
    health = scheduler.health
    process = psutil.Process()
    return {
        "turns": health.turns,
        "lag": health.lag,
        "longest_lag": health.longest_lag,
        "longest_turn": health.longest_turn,
        "tasks": len(scheduler.tasks()),
        # Counted when asked: a counter would be paid by every promise.
        "promises": sum(isinstance(thing, Promise) and thing.state is PENDING for thing in gc.get_objects()),
        "files": len(process.open_files()),
        "sockets": len(process.net_connections()),
        "memory": process.memory_info().rss,
    }


class TaskLocal:
    """A variable of which each task has its own."""

    __slots__ = ("default",)

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, default: Any) -> None:
        self.default = default

    def label(self, text: Callable[[Any], str]) -> str:
        """Return its printed form."""
        return f"<tasklocal {text(get(self))}>"


name_type(TaskLocal, "tasklocal")


@builtin
def task_local(default: Any = None) -> TaskLocal:
    """Return a variable of which each task has its own: `.get()` and `.set(value)`.

    A task begins with the values of the one that started it; what it sets is seen by the tasks that it starts
    afterwards, and by nobody else.

    ```
    let user := task_local("nobody")
    user.set("ann")
    await spawn { print(user.get()); user.set("bob") }  # expect: ann
    print(user.get())                                   # expect: ann
    ```
    """
    return TaskLocal(default)


def _running() -> Routine | None:
    return current_task()


@method(TaskLocal)
def get(variable: TaskLocal) -> Any:
    """Return the value that the running task has.

    ```
    let user := task_local("nobody")
    print(user.get())  # expect: nobody
    ```
    """
    task = _running()
    values = None if task is None else task.locals
    return variable.default if values is None else values.get(variable, variable.default)


@method(TaskLocal)
def set_(variable: TaskLocal, value: Any) -> None:
    """Give the running task, and those that it starts from now on, the value `value`.

    ```
    let user := task_local("nobody")
    await (spawn { user.set("Ada") })
    print(user.get())  # expect: nobody
    ```
    """
    task = _running()
    if task is None:
        raise errors.ValueError("set() of a task-local needs a running task; a callback from outside has none")
    # A new dict each time: parent and child share theirs until one of them sets.
    task.locals = {**(task.locals or {}), variable: value}
