"""`hocket repl`: run what is typed, one input after the other.

An input's value is shown, `await` works at the top level, and tasks run on and print while
the prompt waits.  Ctrl-C drops what has been typed or stops what runs, Ctrl-D ends, and tasks
have five seconds to clean up then.

On a terminal inputs are edited as a whole, with colours, completion and the inputs of earlier
runs (`editor`); from a pipe, or where the cursor cannot be moved, they are read line by line
(`plain`).  What an input does is the same (`inputs`).
"""

from __future__ import annotations

import os
import sys

from hocket import host
from hocket.permissions import Permissions
from hocket.repl.inputs import Inputs, Reader, converse


def interact(is_colored: bool, permissions: Permissions | None = None) -> int:
    """Read, run and show until the input ends; return the exit code."""
    return host.run_alone(_converse(is_colored, permissions))


async def _converse(is_colored: bool, permissions: Permissions | None) -> int:
    inputs = Inputs(is_colored, permissions)
    reader = _reader(inputs)
    with host.on_sigint(reader.on_sigint):
        return await converse(inputs, reader)


def _reader(inputs: Inputs) -> Reader:
    if can_edit():
        # Imported only here: it takes longer than all the rest.
        from hocket.repl.editor import Editor
        from hocket.repl.terminal import terminal_input

        return Editor(inputs, terminal_input())
    from hocket.repl.plain import LineReader

    return LineReader(inputs)


def can_edit() -> bool:
    """Whether this process has a terminal on which the cursor can be moved."""
    is_dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb
