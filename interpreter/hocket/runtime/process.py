"""Limits of the process that a session needs changed, once, at its start."""

from __future__ import annotations

import gc
import sys
from typing import Any

from hocket.source import Source

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
        if code is None or Source.of(code.co_filename) is None:
            report_unraisable(unraisable)

    sys.unraisablehook = hook
    # Thousands of tasks are ordinary, and no garbage: by default they are gone through at every few hundred.
    gc.set_threshold(10_000)
    sys.set_int_max_str_digits(0)
    sys.setrecursionlimit(max(sys.getrecursionlimit(), min(DEPTH, stack_size() // FRAME)))


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
