"""Where the program is stopped, and how it is let go when the user wants the cell to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hocket.runtime.stops import CellInterrupt


class Stops:
    """The threads that stand still.

    `is_passing` lets the program run through all breakpoints, until the next cell.
    """

    def __init__(self, go_on: Callable[[int], Coroutine[Any, Any, None]]) -> None:
        self.threads: list[int] = []
        self.is_passing = False
        # An expression of the client's runs in the thread that stands still.
        self.is_evaluating = False
        self._go_on = go_on
        self._loop = asyncio.get_running_loop()
        self._releasing: asyncio.Task[None] | None = None

    def begin(self, thread: int) -> None:
        """A thread has stopped."""
        if thread not in self.threads:
            self.threads.append(thread)

    def end(self) -> None:
        """The threads go on."""
        self.threads.clear()

    def call(self, function: Callable[[], None]) -> None:
        """Have `function` called in the control thread; from any other."""
        self._loop.call_soon_threadsafe(function)

    def on_sigint(self) -> None:
        """End the expression that a client evaluates, else let the program go on: it is to be stopped.

        In the main thread, in the handler of the signal.
        """
        if self.is_evaluating:
            raise CellInterrupt(None)
        self.is_passing = True
        if self.threads:
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._releasing = self._loop.create_task(self.release())

    async def release(self) -> None:
        """Let every thread go on; return when they do."""
        self.is_passing = True
        for thread in list(self.threads):
            await self._go_on(thread)
