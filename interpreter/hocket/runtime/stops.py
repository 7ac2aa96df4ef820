"""The exceptions that end what runs without being errors.

    Cancelled              somebody wants the task to end
    ├── ScopeStop          a scope wants its own body to end; caught at that scope's end
    └── CellInterrupt      the user stopped the cell

They are no `Exception`, so that a plain `except` of a program does not see them; its
`except CancelledError` is one for `Cancelled`.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.runtime.loop import Cell
    from hocket.runtime.scopes import Scope

LATER = 0.03
"""Seconds after a Stop, by when it has been told, until `leftovers` are freed."""


class Cancelled(BaseException):
    """The end of a task that was cancelled; `others` are failures that happened on the way."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.others: list[errors.Error] = []


class ScopeStop(Cancelled):
    """The end of the body of `scope`; the task goes on behind it."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope


class CellInterrupt(Cancelled):
    """The user stopped `cell`; without one, a task of the background that kept the loop busy.

    `trace` leads to the line where the program was, outermost call first.
    """

    def __init__(self, cell: Cell | None = None) -> None:
        super().__init__()
        self.cell = cell
        self.trace: list[errors.Site] = []


def leftovers(traceback: TracebackType | None) -> list[dict[str, Any]]:
    """Return what the builtin held in which a program was stopped.

    To free millions of values takes longer than a Stop may.
    """
    found: list[dict[str, Any]] = []
    while traceback is not None:
        frame, traceback = traceback.tb_frame, traceback.tb_next
        if Source.of(frame.f_code.co_filename) is None:
            found.append(frame.f_locals)
        else:
            found = []
    return found
