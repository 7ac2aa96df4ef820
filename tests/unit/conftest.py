"""What the tests of the runtime share: a scheduler around a coroutine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hocket.runtime.clock import Clock
from hocket.runtime.loop import Scheduler
from hocket.runtime.tasks import AsyncFunction

Main = Callable[[], Coroutine[Any, Any, Any]]


class World:
    """Runs coroutines as cells of one scheduler, each call of `run` on a loop of its own."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str]] = []
        self.scheduler: Scheduler

    def run(self, *mains: Main, clock: Clock | None = None) -> Any:
        """Run each as a cell, one after the other, then close; return the last one's value or raise its error."""

        async def host() -> Any:
            self.scheduler = Scheduler(self._report, clock)
            try:
                for number, main in enumerate(mains, 1):
                    value = await self.scheduler.finish(self.scheduler.start(main(), f"cell {number}"))
                return value
            finally:
                await self.scheduler.close(1.0)

        return asyncio.run(host())

    def _report(self, error: BaseException, task: Any) -> None:
        self.reports.append((task.describe(), str(error)))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def language() -> Callable[[Main], AsyncFunction]:
    """A decorator that makes a coroutine function one of the language."""
    return lambda function: AsyncFunction(function, function.__name__)
