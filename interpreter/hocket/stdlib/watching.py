"""Watching files and folders.

A watcher looks at what is there and compares it with what was there before: only while somebody waits for a change,
so nothing runs meanwhile and nothing is left to close.  What the systems tell of their own is faster and says less:
a file that is replaced is `created` for one and `changed` for another, events before the first wait get lost, and
file systems on the network tell nothing.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from hocket.runtime import current
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.registry import builtin
from hocket.runtime.streams import Stream
from hocket.runtime.tasks import Routine
from hocket.runtime.threads import in_thread
from hocket.stdlib import disk
from hocket.stdlib.files import file_errors
from hocket.stdlib.replacing import is_part
from hocket.stdlib.time import milliseconds

PERIOD = 200
SHARE = 20
"""A look may take one part in so many of the time."""

Look = dict[str, tuple[int, ...]]
"""What is there: of a file what differs when it has changed, of a folder nothing."""


class Watcher(Stream):
    """The changes at a path, from when it was made."""

    members: ClassVar[frozenset[str]] = frozenset({"path"})

    def __init__(self, path: str, period: float, seen: Look) -> None:
        self.path = path
        self.period = period
        self.seen = seen
        self.changes: deque[dict[str, str]] = deque()
        self.is_closed = False
        # On the loop's clock.
        self.next_look = 0.0

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<watcher '{self.path}'>"

    async def __anext__(self) -> dict[str, str]:
        while not self.changes:
            if self.is_closed:
                raise StopAsyncIteration
            looking = Looking(self)
            looking.begin()
            await PARKED
            looking.end()
        return self.changes.popleft()

    async def aclose(self) -> None:
        """Give no more changes."""
        self.is_closed = True
        self.changes.clear()
        self.seen = {}


class Looking:
    """A task's wait for the next look."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.scheduler = current.current_scheduler()
        self.task: Routine | None = running_task()
        self.error: BaseException | None = None

    def begin(self) -> None:
        """Park the task; whoever waits for it is no deadlock, and no clock stands still for it."""
        assert self.task is not None
        self.task.waiting = self
        self.scheduler.external += 1
        self.timer = self.scheduler.loop.call_at(self.watcher.next_look, self.look)

    def look(self) -> None:
        """Look, in a thread."""
        before = self.watcher.seen

        def work() -> None:
            found: tuple[Look, list[dict[str, str]]] | None = None
            try:
                now = look_at(self.watcher.path)
                found = now, list(differences(before, now))
            except BaseException as error:  # noqa: BLE001  raised in the task
                self.error = error
            try:
                loop.call_soon_threadsafe(self.seen, before, found, loop.time() - begun)
            except RuntimeError:
                return  # the loop is closed: nobody waits

        loop = self.scheduler.loop
        begun = loop.time()
        self.scheduler.executor.submit(work)

    def seen(self, before: Look, found: tuple[Look, list[dict[str, str]]] | None, seconds: float) -> None:
        """Take note of what there was to see, also when the task has given up; and wake it."""
        watcher = self.watcher
        watcher.next_look = self.scheduler.loop.time() + max(watcher.period, SHARE * seconds)
        if found is not None and watcher.seen is before and not watcher.is_closed:  # no other task was faster
            watcher.seen = found[0]
            watcher.changes.extend(found[1])
        task, self.task = self.task, None
        if task is not None:
            self.scheduler.external -= 1
            task.wake()

    def end(self) -> None:
        """Raise what the look has failed with."""
        if self.error is not None:
            raise self.error

    def withdraw(self, waiter: Any) -> None:
        """Look no more."""
        self.task = None
        self.timer.cancel()
        self.scheduler.external -= 1

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return f"a change of '{self.watcher.path}'"


def look_at(path: str) -> Look:
    """Return what is at `path` and in the folders there."""
    found: Look = {}
    with contextlib.suppress(OSError):
        status = disk.status(path)
        found[path] = mark(status)
        if stat.S_ISDIR(status.st_mode):
            for inside, entry in disk.walk(path):
                with contextlib.suppress(OSError):  # it has gone meanwhile
                    if not is_part(entry.name):
                        found[inside] = mark(entry.stat(follow_symlinks=False))
    return found


def mark(status: os.stat_result) -> tuple[int, ...]:
    """Return what differs when a file has changed; a folder changes when what is in it does."""
    if stat.S_ISDIR(status.st_mode):
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def differences(before: Look, now: Look) -> Iterator[dict[str, str]]:
    """Yield the changes in the order of their paths."""
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield {"kind": "deleted", "path": path}
        elif path not in before:
            yield {"kind": "created", "path": path}
        elif before[path] != now[path]:
            yield {"kind": "changed", "path": path}


def _look_first(path: str) -> Look:
    with file_errors("watch", path):
        disk.status(path)
        return look_at(path)


async def _async_watch(path: str, period: int | float = PERIOD) -> Watcher:
    seconds = milliseconds("watch", period) / 1000
    return Watcher(path, seconds, await in_thread(_look_first, path))


@builtin(suspending=_async_watch)
def watch(path: str, period: int | float = PERIOD) -> Watcher:
    """Return a stream of what changes from now on at `path`, in a folder also in the folders inside.

    Each change is `{kind, path}`: `created`, `changed` or `deleted`. While somebody waits for one, it looks every
    `period` ms, less often where that takes long: what changes twice between two looks has changed once.

    ```
    create_dir("d")
    let changes := watch("d", 10ms)
    write_file("d/a.txt", "new")
    print(await changes.take(1).collect())  # expect: [{"kind": created, "path": d/a.txt}]
    ```
    """
    seconds = milliseconds("watch", period) / 1000
    return Watcher(path, seconds, _look_first(path))
