"""Databases and transactions as a program holds them.

A statement of one task waits while another task's runs, or its transaction.  In the
thread the calls are made in order, so that what takes a broken transaction back needs
nobody to wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Protocol
from weakref import WeakSet

from hocket import errors
from hocket.runtime.cells import TopLevel
from hocket.runtime.chaining import answer, checked
from hocket.runtime.current import running_task
from hocket.runtime.lines import Ticket
from hocket.runtime.locks import Mutex
from hocket.runtime.per_session import PerSession
from hocket.runtime.promise import Promise
from hocket.runtime.stops import Cancelled
from hocket.runtime.tasks import Routine
from hocket.runtime.values import name_type, type_name
from hocket.stdlib.database.engine import BLOCKS, Engine, Statement, failure
from hocket.stdlib.disk import path_text

BEGIN = "begin immediate"
SMALLEST, LARGEST = -(2**63), 2**63 - 1


class Turn(Mutex):
    """Whose turn it is with a database."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        assert self.holder is not None
        return f"the database '{self.path}', used by {self.holder.describe()}"


class Statements:
    """What statements are made to: a database, or one of its transactions."""

    @property
    def database(self) -> Database:
        """The database itself."""
        raise NotImplementedError

    async def do(self, what: Callable[[Statement], Any], sql: Any, parameters: Any) -> Any:
        """Do a statement when it is its turn; one that is cancelled is broken off."""
        raise NotImplementedError

    async def transact(self, function: Any) -> Any:
        """Run `function` in a transaction."""
        raise NotImplementedError


class Begun:
    """A transaction that `db_begin` has begun: it ends with the task, if nobody has ended it before.

    The tasks that the task starts meanwhile take part.  That of a cell's top level does not end with the cell: that
    of the next one goes on with it.
    """

    passive: ClassVar[bool] = True
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, database: Database, task: Routine) -> None:
        self.database = database
        self.task = task
        task.locals = {**(task.locals or {}), self: True}
        if not isinstance(task, TopLevel):
            task.add(self)

    def is_of(self, task: Routine) -> bool:
        """Whether `task` has begun it, or goes on with it."""
        return task is self.task or isinstance(task, TopLevel) and isinstance(self.task, TopLevel)

    def notify(self, promise: Promise) -> None:
        """The task has ended."""
        self.database.order.submit(self.database.engine.undo, "rollback")
        self.database.ended(self)

    def over(self) -> None:
        """Let the task do without it."""
        self.task.detach(self)
        self.task.locals = {key: value for key, value in (self.task.locals or {}).items() if key is not self}


class Database(Statements):
    """A SQLite database."""

    members: ClassVar[frozenset[str]] = frozenset({"path", "closed"})

    def __init__(self, path: str, engine: Engine | None = None) -> None:
        self.path = path
        self.closed = False
        self.engine = engine or Engine(path)
        self.order = self.engine.order
        self.turn = Turn(path)
        self.begun: Begun | None = None
        # Transactions that are open, one in the other.
        self.depth = 0
        opened().add(self)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<database '{self.path}'{' closed' if self.closed else ''}>"

    @property
    def database(self) -> Database:
        """The database itself."""
        return self

    @property
    def is_mine(self) -> bool:
        """Whether the running task has its turn already."""
        task = running_task()
        return self.turn.holder is task or self.begun is not None and self.begun.is_of(task)

    @property
    def is_open(self) -> bool:
        """Whether the running task need not wait for its turn.

        It takes part in the transaction that is open, or there is none, and it blocks: the thread keeps the order.
        """
        is_part = self.begun is not None and self.begun in (running_task().locals or ())
        return is_part or self.is_mine or (BLOCKS.get() and not self.depth)

    async def do(self, what: Callable[[Statement], Any], sql: Any, parameters: Any) -> Any:
        """Do a statement when it is its turn."""
        made = statement(sql, parameters)
        if self.is_open:
            return await self.call(what, made)
        async with self.turn:
            return await self.call(what, made)

    async def call(self, what: Callable[[Statement], Any], made: Statement) -> Any:
        """Do a statement in the thread."""
        if self.closed:
            raise failure(made, "the database is closed")
        try:
            return await self.engine.call(what, made)
        except BaseException:
            self.engine.stop(made)  # nothing, unless it is the wait that was given up
            raise

    async def transact(self, function: Any) -> Any:
        """Run `function` in a transaction; in the task that has one, in a part of it."""
        checked("transaction", function)
        if self.is_mine:
            return await self.within(function)
        if self.is_open:
            raise parted()
        async with self.turn:
            return await self.within(function)

    async def within(self, function: Any) -> Any:
        """Run `function` between the statements that begin and end a transaction, or a savepoint."""
        begin, end, undo = BEGIN, "commit", ["rollback"]
        if self.depth:
            name = f"part{self.depth}"
            begin, end, undo = f"savepoint {name}", f"release {name}", [f"rollback to {name}", f"release {name}"]
        transaction = Transaction(self)
        self.depth += 1
        is_done = False
        try:
            await self.call(self.engine.execute, Statement(begin, []))
            result = await answer(function, transaction)
            transaction.is_over = True
            await self.call(self.engine.execute, Statement(end, []))
            is_done = True
            return result
        finally:
            self.depth -= 1
            transaction.is_over = True
            if not is_done:
                # Not waited for: what comes next waits for it, in the thread.
                self.order.submit(self.engine.undo, *undo)

    async def begin(self) -> bool:
        """Begin a transaction, which lasts until `end`; raises DatabaseError in one."""
        if self.is_mine or self.begun is not None and self.is_open:
            raise failure(Statement(BEGIN, []), "a transaction is open already")
        await self.turn.lock()
        self.depth += 1
        try:
            await self.call(self.engine.execute, Statement(BEGIN, []))
        except BaseException as error:
            self.depth -= 1
            if not isinstance(error, errors.Error):
                self.order.submit(self.engine.undo, "rollback")  # the thread may begin it all the same
            self.turn.hand_on()
            raise
        self.begun = Begun(self, running_task())
        return True

    async def end(self, sql: str) -> bool:
        """Commit or roll back what `begin` has begun; it stays open if that fails."""
        begun = self.begun
        if begun is None or not self.is_open:
            raise failure(Statement(sql, []), "no transaction is open")
        try:
            await self.call(self.engine.execute, Statement(sql, []))
        finally:
            if not self.engine.is_in_transaction:
                self.ended(begun)
        return True

    def ended(self, begun: Begun) -> None:
        """Take note that the transaction `begun` is over, and let the next have their turn."""
        begun.over()
        if self.begun is begun:
            self.begun = None
            self.depth -= 1
            self.turn.hand_on()

    async def close(self) -> None:
        """Close, when nobody has a turn any more."""
        if self.is_open or self.closed:
            await self.finish()
            return
        async with self.turn:
            await self.finish()

    async def finish(self) -> None:
        """Close; what was asked for before is done."""
        self.drop()
        await self.engine.call(self.engine.close)

    def drop(self) -> None:
        """Close, without waiting for it."""
        self.closed = True
        if self.begun is not None:
            self.ended(self.begun)
        self.order.submit(self.engine.close)

    async def shut(self) -> None:
        """Close at the end of the session."""
        self.drop()
        await asyncio.wrap_future(self.order.submit(self.engine.close))

    def __del__(self) -> None:
        if not self.closed and hasattr(self, "order"):
            with contextlib.suppress(RuntimeError):  # the session has ended, and its threads with it
                self.order.submit(self.engine.close)

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Cancelled):
            self.drop()
        else:
            await self.close()


class Transaction(Statements):
    """A transaction that is open, for the function that it was begun with and what that calls."""

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_over = False

    @property
    def database(self) -> Database:
        """The database itself."""
        return self._database

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<transaction '{self.database.path}'{' over' if self.is_over else ''}>"

    async def do(self, what: Callable[[Statement], Any], sql: Any, parameters: Any) -> Any:
        """Do a statement at once: the transaction has its turn."""
        made = statement(sql, parameters)
        if self.is_over:
            raise failure(made, "the transaction is over")
        return await self.database.call(what, made)

    async def transact(self, function: Any) -> Any:
        """Run `function` in a part of the transaction."""
        if self.is_over or not self.database.is_mine:
            raise errors.ValueError("the transaction is over") if self.is_over else parted()
        return await self.database.transact(function)


async def open_database(path: str) -> Database:
    """Return the database in the file at `path`, as `sqlite` says."""
    database = Database(path_text(path))
    await database.engine.connect()
    return database


def parted() -> errors.ValueError:
    """Return the error of a task that begins a part of another's transaction."""
    return errors.ValueError("the transaction can be parted only by the task that has begun it")


def statement(sql: Any, parameters: Any) -> Statement:
    """Return a statement; raises TypeError or ValueError for parameters that cannot be stored."""
    if not isinstance(sql, str):
        raise TypeError
    if isinstance(parameters, dict):
        return Statement(sql, {str(name): _storable(value) for name, value in parameters.items()})
    if isinstance(parameters, list | tuple | None):
        return Statement(sql, [_storable(value) for value in parameters or ()])
    raise errors.TypeError(f"the parameters of a statement are an array or a dict, got {type_name(parameters)}")


def _storable(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not SMALLEST <= value <= LARGEST:
        raise errors.ValueError(f"SQLite stores ints of 64 bits, got {value}")
    if value is None or isinstance(value, int | float | str | bytes):
        return value
    hint = "`to_json(value)` makes a text of it" if isinstance(value, dict | list) else None
    raise errors.TypeError(f"SQLite stores null, numbers, bools, strings and bytes, got {type_name(value)}", hint=hint)


class Open(Protocol):
    """What is closed with the session."""

    async def shut(self) -> None:
        """Close it, and what is left of it."""


async def _close_all(opened: WeakSet[Open]) -> None:
    for each in list(opened):
        await each.shut()


opened: PerSession[WeakSet[Open]] = PerSession(WeakSet, _close_all)

name_type(Database, "database")
name_type(Transaction, "transaction")
