"""Work that is told once, for those who wait for it and those who block.

It is a generator.  It yields a `Wait` where it has to wait for something outside, which may take for ever, and None
where what follows takes a while but always ends, as writing to a disk does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from hocket.runtime.guests import python
from hocket.runtime.threads import in_thread

T = TypeVar("T")


class Wait(Protocol):
    """What work may have to wait for."""

    def block(self) -> None:
        """Wait for it, and let nothing else run in this thread."""

    async def suspend(self) -> None:
        """Wait for it, on the event loop."""


Work = Generator[Wait | None, None, T]

_END: Any = object()


def at_once(work: Work[T]) -> T:
    """Do `work` here, and return what it comes to."""
    try:
        while True:
            wait = next(work)
            if wait is not None:
                wait.block()
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        work.close()


def advance(work: Work[T], is_thread: bool) -> tuple[Wait | None, T]:
    """Do `work` up to where it has to wait, or in a thread to be; return that, or `_END` and what it comes to."""
    try:
        while (wait := next(work)) is None and is_thread:
            pass
    except StopIteration as end:
        return _END, end.value
    return wait, _END


async def waiting(work: Work[T]) -> T:
    """Do `work`, beginning in a thread, and return what it comes to; where it waits, so does the task, on the loop.

    A cancelled wait ends at once, and the work with it, which has not begun if no thread was free yet; what a thread
    is doing just then it does alone, up to where it would have to wait.
    """
    try:
        wait, value = await in_thread(advance, work, True)
    except BaseException:
        with contextlib.suppress(Exception):  # the thread is at it, or the end of what is given up fails
            work.close()
        raise
    return value if wait is _END else await _go_on(work, wait, value)


async def on_loop(work: Work[T]) -> T:
    """As `waiting`, beginning on the loop."""
    return await _go_on(work, *advance(work, False))


async def _go_on(work: Work[T], wait: Wait | None, value: T) -> T:
    while wait is not _END:
        if wait is None:
            wait, value = await in_thread(advance, work, True)
            continue
        try:
            await python(wait.suspend())
        except BaseException:
            work.close()
            raise
        wait, value = advance(work, False)
    return value
