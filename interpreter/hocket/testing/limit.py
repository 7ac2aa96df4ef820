"""A limit of time for what runs in the main thread."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from hocket.host import Handler, on_sigint

AGAIN = 0.2
"""Seconds after which what goes on in its clean-up is stopped again."""

PATIENCE = 5.0
"""Seconds after which nothing more can be done."""


class Stoppable(Protocol):
    """What runs: a program, or a file of tests."""

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """End it, by the way that Ctrl-C takes."""


def _interrupted(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def time_limit(
    running: Stoppable,
    limit: float,
    on_interrupt: Handler = _interrupted,
    give_up: Callable[[], None] | None = None,
) -> Iterator[Callable[[], bool]]:
    """Stop `running` after `limit` seconds, by the way that Ctrl-C takes; in the main thread only.

    The value tells whether the time is over.  `on_interrupt` handles a Ctrl-C of the user,
    `give_up` is called in another thread should nothing help.
    """
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        if done.wait(limit):
            return
        over.set()
        last = time.monotonic() + PATIENCE
        while not done.is_set():
            _interrupt()
            done.wait(AGAIN)
            if give_up is not None and time.monotonic() > last:
                give_up()

    def handle(signum: int, frame: FrameType | None) -> None:
        if not over.is_set():
            on_interrupt(signum, frame)
        elif not done.is_set():
            running.on_sigint(signum, frame)

    watcher = threading.Thread(target=watch, daemon=True)
    with on_sigint(handle):
        watcher.start()
        try:
            yield over.is_set
        finally:
            done.set()
            watcher.join()


def _interrupt() -> None:
    # A signal that really comes also ends a call that blocks in the system.
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
