"""What the process of a session needs: its limits changed, once, at the start, and a loop that signals wake."""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime import current
from hocket.source import Source

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

STACK = 96 << 20
"""Bytes wanted for the main thread's stack; below 128 MB, which Linux keeps free under it."""

FRAME = 2048
"""Bytes of C stack that the dearest kind of call takes, callbacks through C included."""

DEPTH = 15_000
"""Nested calls allowed where the stack is as wanted; with `FRAME`, a third of it."""


def prepare_process() -> None:
    """Allow deep calls and long numbers; to be called first in a process that owns its main thread.

    Where the stack cannot be enlarged, calls may nest less deeply.  What Python has to say of
    a program's coroutine that the end has broken off is kept from the user.
    """
    report_unraisable = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        code = getattr(unraisable.object, "cr_code", None)
        if code is None:
            report_unraisable(unraisable)
        elif Source.of(code.co_filename) is None:
            if inspect.getcoroutinestate(unraisable.object) == inspect.CORO_CREATED:
                warn_of_dropped(unraisable.object, unraisable.exc_traceback)
            else:
                report_unraisable(unraisable)

    sys.unraisablehook = hook
    # It would be told of one of the library's own, where Stop comes between a call and its `await`.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    # Thousands of tasks are ordinary, and no garbage: by default they are gone through at every few hundred.
    gc.set_threshold(10_000)
    sys.set_int_max_str_digits(0)
    sys.setrecursionlimit(max(sys.getrecursionlimit(), min(DEPTH, stack_size() // FRAME)))


def warn_of_dropped(coroutine: Any, traceback: TracebackType | None) -> None:
    """Warn of a Python coroutine that a line has made and dropped, once for each line."""
    scheduler, trace = current.scheduler, list(errors.sites(traceback))
    if scheduler is None or not trace or trace[-1] in scheduler.health.reported:
        return
    scheduler.health.reported.add(trace[-1])
    hint = f"did you mean `await {coroutine.__name__}(…)`?"
    warning = errors.Error(f"nobody awaits the coroutine of {coroutine.__name__}()", hint=hint)
    warning.trace = trace
    scheduler.warn(warning)


def stack_size() -> int:
    """Enlarge the main thread's stack as far as the system lets us; return its bytes."""
    try:
        import resource
    except ImportError:  # Windows: fixed when the program is linked, 1 MB or more
        return 1 << 20
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft == resource.RLIM_INFINITY or soft >= STACK:
        return STACK
    wanted = STACK if hard == resource.RLIM_INFINITY else min(STACK, hard)
    try:
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
    except (OSError, ValueError):
        return soft
    # macOS maps the main thread's stack once, at the start.
    return wanted if sys.platform.startswith("linux") else soft


_told: int | None = None
"""The end of a pipe where the number of each signal arrives that has come and was not seen by the loop."""


_closing = threading.Lock()
"""Held while `_told` is read or closed: its number may be another file's right after."""


def _arrived() -> bytes:
    """Take the numbers of the signals that have come."""
    with _closing:
        if _told is not None:
            with contextlib.suppress(BlockingIOError):  # the loop or the other thread was there first
                return os.read(_told, 4096)
    return b""


def wake_at_signals(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Have `loop`, of the main thread, turn at each signal; return what undoes it.

    A signal that comes just before the loop begins to wait does not end the wait: its handler would
    be called whenever something else does.  Windows' own loop does so by itself.
    """
    global _told
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        return lambda: None
    told, tell = os.pipe()
    for end in (told, tell):
        os.set_blocking(end, False)
    outer, _told = _told, told
    loop.add_reader(told, _arrived)
    before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    urgent = signal.signal(signal.SIGURG, lambda signum, frame: None)

    def undo() -> None:
        global _told
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGURG, urgent)
        loop.remove_reader(told)
        with _closing:
            _told = outer
            for end in (told, tell):
                os.close(end)

    return undo


def nudge() -> None:
    """End the wait of a call that holds the main thread and that a signal came just before; in another thread.

    As `wake_at_signals` says; the call goes on waiting once the signal's handler has returned.
    """
    if any(number != signal.SIGURG for number in _arrived()):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)
