"""Who owns what runs.

Every task belongs to an owner, and no owner forgets one: a scope waits for its tasks, a
cell hands those that are left to the session, and the session cancels them at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from hocket.runtime.promise import Promise

if TYPE_CHECKING:
    from hocket.runtime.loop import Cell, Scheduler
    from hocket.runtime.sleeps import Sleep
    from hocket.runtime.tasks import Routine

    Running: TypeAlias = Routine | Sleep


class Owner:
    """The owner of tasks: `members` are those that run, in the order in which they were made."""

    __slots__ = ("cell", "ended", "members", "scheduler", "unreported")

    is_session: ClassVar[bool] = False

    def __init__(self, scheduler: Scheduler, cell: Cell | None) -> None:
        self.scheduler = scheduler
        self.cell = cell
        self.ended = False
        self.members: dict[Running, None] = {}
        # Failures that nobody has awaited so far; reported when the owner ends.
        self.unreported: list[Promise] | None = None

    def failed(self, promise: Promise) -> None:
        """Take note of failures that nobody waits for."""
        if self.ended or self.is_session or is_dropped(promise):
            self.scheduler.report_later(promise)
        elif self.unreported is None:
            self.unreported = [promise]
        else:
            self.unreported.append(promise)
            count = len(self.unreported)
            if count >= _MANY and count & (count - 1) == 0:  # seldom, and the less often the more there are
                self.unreported = [other for other in self.unreported if not other.handled]

    def left(self, task: Running) -> None:
        """Take note that `task` has settled."""
        self.members.pop(task, None)

    def end(self) -> None:
        """Own nothing any more: the session gets what is left, and failures are reported."""
        self.ended = True
        self.scheduler.owners.pop(self, None)
        session = self.scheduler.session
        for task in self.members:
            task.owner = session
        session.members |= self.members
        self.members.clear()
        unreported, self.unreported = self.unreported, None
        for promise in unreported or ():
            if not promise.handled:
                self.scheduler.report_later(promise)

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "the session" if self.cell is None else self.cell.name


class SessionScope(Owner):
    """The owner of what goes on after its cell has ended."""

    __slots__ = ()

    is_session = True


_MANY: Final = 64
"""Failures noted, from which on those are forgotten that somebody has awaited meanwhile."""


def is_dropped(promise: Promise) -> bool:
    """Whether the program threw `promise` away where it was made: `f()` as a statement.

    The instruction behind the call tells; it is looked at only when there is a failure.
    """
    if promise.code is None or not promise.has_failures:
        return False
    instructions = promise.code.co_code
    at = promise.instruction + 2
    while at < len(instructions) and instructions[at] == _CACHE:
        at += 2
    return at < len(instructions) and instructions[at] == _POP_TOP


def _opcodes() -> tuple[int, int]:
    import opcode

    return opcode.opmap.get("CACHE", 0), opcode.opmap["POP_TOP"]


_CACHE, _POP_TOP = _opcodes()
