"""What is done with a SQLite database in a thread, one call at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hocket import errors
from hocket.runtime.current import current_scheduler, permissions, running_task
from hocket.runtime.threads import in_thread, posted
from hocket.runtime.work import at_once
from hocket.stdlib import disk
from hocket.stdlib.blocks import InOrder
from hocket.stdlib.files import file_errors

if TYPE_CHECKING:
    import sqlite3

MEMORY = ":memory:"
BUSY = 5.0
"""Seconds to wait for other processes that write."""

STEPS = 10_000
"""Steps of the library's machine, well below a millisecond, after which it asks whether to go on."""

SHOWN = 200
"""Characters of a statement that a message shows."""

T = TypeVar("T")

BLOCKS: ContextVar[bool] = ContextVar("blocks", default=False)
"""Whether calls in threads block, for a plain function."""


def blocking(steps: Coroutine[Any, Any, T]) -> T:
    """Do `steps` and let nothing else run; raises DatabaseError where they would wait for another task."""
    before = BLOCKS.set(True)
    try:
        steps.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        BLOCKS.reset(before)
    task = running_task()
    waiting, task.waiting = task.waiting, None
    assert waiting is not None
    waiting.withdraw(task)
    try:
        steps.throw(refused(f"a plain function cannot wait for {waiting.describe()}", "make it an async function"))
    finally:
        steps.close()
    raise RuntimeError("what cannot wait waits on")


@dataclass(eq=False)
class Statement:
    """A statement and its parameters; one that `is_stopped` is not begun."""

    sql: str
    parameters: list[Any] | dict[str, Any]
    is_stopped: bool = False


class Engine:
    """The library's connection."""

    def __init__(self, path: str) -> None:
        self._connection: sqlite3.Connection | None = None
        self._running: Statement | None = None
        self.path = path
        self.order = InOrder(current_scheduler().executor)

    def __del__(self) -> None:
        self.close()

    async def connect(self) -> None:
        """As `open`, in a thread."""
        if BLOCKS.get():
            self.open()
        else:
            await in_thread(self.open)

    async def call(self, what: Callable[..., T], *args: Any) -> T:
        """Return `what(*args)`, called in the thread after all that was asked for before."""
        if BLOCKS.get():
            result: T = self.order.submit(what, *args).result()
            return result
        return await posted(self.order.post, what, *args)

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection is not None and self._connection.in_transaction

    def open(self) -> None:
        """Open the file, which is made if there is none; raises PermissionDenied, FileError."""
        import sqlite3  # most sessions never do

        place = self.path if self.path == MEMORY else disk.usable(self.path, "r+")
        try:
            if not place:  # to the library, a file that nobody sees
                raise ValueError("the path is empty")
            # Statements are committed one by one, and transactions are begun by their statements.
            connection = sqlite3.connect(place, timeout=BUSY, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, ValueError) as error:
            with file_errors("open database", self.path):
                at_once(disk.open_file(self.path, "rb+")).close()
            reason = str(error)
            raise errors.FileError(
                f"Failed to open database '{self.path}': {reason}", path=self.path, reason=reason
            ) from error
        connection.set_progress_handler(self._is_unwanted, STEPS)
        if not permissions().everything:
            connection.set_authorizer(authorize)
        self._connection = connection

    def query(self, statement: Statement) -> list[dict[str, Any]]:
        """Return the rows that a statement gives."""
        with self._execution(statement) as cursor:
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def execute(self, statement: Statement) -> dict[str, Any]:
        """Return how many rows a statement has changed, and the number of the row that was inserted last."""
        with self._execution(statement) as cursor:
            return {"changes": max(cursor.rowcount, 0), "last_id": cursor.lastrowid}

    @contextmanager
    def _execution(self, statement: Statement) -> Iterator[sqlite3.Cursor]:
        import sqlite3

        connection = self._connection
        self._running = statement
        try:
            if connection is None:
                raise failure(statement, "the database is closed")
            if statement.is_stopped:
                raise failure(statement, "interrupted")
            with contextlib.closing(connection.execute(statement.sql, statement.parameters)) as cursor:
                yield cursor
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise failure(statement, str(error).rstrip("."), getattr(error, "sqlite_errorname", None)) from error
        except UnicodeEncodeError as error:
            raise failure(statement, "a text with half of a surrogate pair cannot be stored") from error
        finally:
            self._running = None

    def stop(self, statement: Statement) -> None:
        """Break a statement off that nobody waits for; not called in the thread."""
        statement.is_stopped = True

    def _is_unwanted(self) -> bool:
        """Whether the statement that runs is to end; the library asks.

        Its own `interrupt` does nothing to a statement that is about to begin.
        """
        return self._running is not None and self._running.is_stopped

    def undo(self, *statements: str) -> None:
        """Execute what takes something back, whether or not it was done."""
        for sql in statements:
            with contextlib.suppress(errors.DatabaseError):
                self.execute(Statement(sql, []))

    def reset(self) -> None:
        """Take back what is open, for the next who uses it."""
        if self.is_in_transaction:
            self.undo("rollback")

    def close(self) -> None:
        """Close; an open transaction is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def authorize(action: int, subject: str | None, *_: str | None) -> int:
    """Say whether a statement may do a thing: with permissions set, none gets at another file."""
    import sqlite3

    if action == sqlite3.SQLITE_ATTACH and subject not in ("", MEMORY):
        return sqlite3.SQLITE_DENY
    is_place = action == sqlite3.SQLITE_PRAGMA and (subject or "").lower().endswith("_store_directory")
    return sqlite3.SQLITE_DENY if is_place else sqlite3.SQLITE_OK


def refused(reason: str, hint: str | None = None) -> errors.DatabaseError:
    """Return the error of what was not done, before it came to a statement."""
    return errors.DatabaseError(reason, hint=hint, sql=None, reason=reason, code=None)


def failure(statement: Statement, reason: str, code: str | None = None) -> errors.DatabaseError:
    """Return the error of a statement."""
    text = f"SQLite failed: {_shown(reason)}: {_shown(statement.sql)}"
    return errors.DatabaseError(text, sql=statement.sql, reason=reason, code=code)


def _shown(text: str) -> str:
    """Return `text` in one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
