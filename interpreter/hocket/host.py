"""Programs outside a kernel: an event loop of their own, from the text to the last task.

`run` is the whole of it for Python programs, `run_async` where a loop runs already; the
command and the test tool use `Program`, which also tells them of what failed in the
background, and takes their interrupts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from hocket.errors import HocketError
from hocket.permissions import Permissions
from hocket.runtime.process import wake_at_signals
from hocket.session import Outcome, Session
from hocket.source import decode

T = TypeVar("T")
Handler = Callable[[int, FrameType | None], Any]


class Program:
    """One program in a session of its own.

    `report` is called with each failure that nothing awaited and its text, `warn` with
    each warning; `on_sigint` ends the program wherever it is.  `interrupted` says that it was ended so.
    `folder` is where it lies, and its modules; by default the current one.
    """

    def __init__(
        self,
        text: str,
        name: str,
        report: Callable[[HocketError, str], None],
        folder: Path | None = None,
        clock: str | None = None,
        warn: Callable[[HocketError], None] | None = None,
        permissions: Permissions | str | None = None,
    ) -> None:
        self.text = text
        self.name = name
        self.session = Session(report, folder, clock=clock, warn=warn, permissions=permissions)
        self.session.interrupts.expect()
        self.interrupted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[Any] | None = None

    async def run(self) -> Outcome:
        """Return how the top level ended, once its tasks have ended and everything is closed.

        A failure or an interrupt of the top level cancels the tasks that are left.
        """
        self._loop = asyncio.get_running_loop()
        try:
            outcome = await self.session.run(self.text, self.name)
            self.interrupted = self.interrupted or outcome.interrupted
            if outcome.error is None and outcome.exit_code is None:
                await self._drain()
            return outcome
        finally:
            await self.session.close()

    async def _drain(self) -> None:
        self._draining = asyncio.current_task()
        try:
            if not self.interrupted:
                await self.session.drain()
        except asyncio.CancelledError:
            if not self.interrupted:
                raise
        finally:
            self._draining = None

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Handle SIGINT: end the program; its clean-up runs."""
        self.interrupted = True
        if self._loop is not None:
            with suppress(RuntimeError):  # closed: the program has just ended
                self._loop.call_soon_threadsafe(self._stop_draining)
        # Last, because it may raise: what is interrupted is then the program's code below us.
        self.session.on_sigint(signum, frame)

    def _stop_draining(self) -> None:
        if self._draining is not None:
            self._draining.cancel()


def run(program: str | os.PathLike[str], name: str | None = None, permissions: Permissions | str | None = None) -> Any:
    """Run a program, a text or the file at a path, and return the value of its last expression, null being None.

    `name` is what errors call it.  Modules are looked for beside the file, of a text in the
    current folder.  `permissions` are what it may do outside, as a `Session` is given them.
    Returns when all its tasks have ended.  Raises the HocketError that ended it, else the first
    one that a task failed with and nothing awaited; Ctrl-C raises KeyboardInterrupt, the program's
    own `exit` SystemExit; OSError or ValueError if the file cannot be read.  Must not be called
    where an event loop runs: there, await `run_async`.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("an event loop is running here: write `await hocket.run_async(…)`")
    running, failures = _prepared(program, name, permissions)
    with on_sigint(running.on_sigint):
        outcome = run_alone(running.run())
    if running.interrupted:
        raise KeyboardInterrupt
    return _value(outcome, failures)


async def run_async(
    program: str | os.PathLike[str], name: str | None = None, permissions: Permissions | str | None = None
) -> Any:
    """Run a program as `run` does, on the event loop that runs.

    Cancelled, it cancels the program and its tasks, and waits for their clean-up.  Handles no signals.
    """
    running, failures = _prepared(program, name, permissions)
    return _value(await running.run(), failures)


def _prepared(
    program: str | os.PathLike[str], name: str | None, permissions: Permissions | str | None
) -> tuple[Program, list[HocketError]]:
    """Return a program ready to run, and the list of what will fail in its tasks."""
    folder: Path | None = None
    if isinstance(program, str):
        text = program
    else:
        path = Path(program)
        text, folder = decode(path.read_bytes(), str(path)), path.parent
        name = name or str(path)
    failures: list[HocketError] = []

    def report(error: HocketError, _: str) -> None:
        failures.append(error)

    return Program(text, name or "program", report, folder, permissions=permissions), failures


def _value(outcome: Outcome, failures: list[HocketError]) -> Any:
    """Return the value of a program that has ended, or raise what it failed with."""
    if outcome.exit_code is not None:
        raise SystemExit(outcome.exit_code)
    for error in [outcome.error, *failures]:
        if error is not None:
            raise error
    return outcome.value


def run_alone(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in a new event loop, which signals wake, and return its result.

    Unlike `asyncio.run` it installs no signal handler, and does not wait at the end for
    threads: one may hang in a call that nobody needs any more.
    """
    loop = asyncio.new_event_loop()
    sleep_through = wake_at_signals(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        if rest:
            loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        sleep_through()
        loop.close()


@contextmanager
def on_sigint(handler: Handler) -> Iterator[None]:
    """Have `handler` handle SIGINT meanwhile; without effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
