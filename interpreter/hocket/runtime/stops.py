"""The exceptions that end what runs without being errors.

    Cancelled              somebody wants the task to end
    ├── ScopeStop          a scope wants its own body to end; caught at that scope's end
    └── CellInterrupt      the user stopped the cell

They are no `Exception`, so that a plain `except` of a program does not see them; its
`except CancelledError` is one for `Cancelled`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hocket import errors

if TYPE_CHECKING:
    from hocket.runtime.loop import Cell
    from hocket.runtime.scopes import Scope


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
