"""Databases and transactions as a program holds them.

A statement of one task waits while another task's runs, or its transaction.  In the
thread the calls are made in order, so that what takes a broken transaction back needs
nobody to wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar
from weakref import WeakSet

from hocket import errors
from hocket.runtime.chaining import answer, checked
from hocket.runtime.channels import here
from hocket.runtime.current import current_scheduler
from hocket.runtime.lines import Ticket
from hocket.runtime.locks import Mutex
from hocket.runtime.per_session import PerSession
from hocket.runtime.stops import Cancelled
from hocket.runtime.threads import posted
from hocket.runtime.values import name_type, type_name
from hocket.stdlib.blocks import InOrder
from hocket.stdlib.database.engine import Engine, Statement, failure

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


class Database(Statements):
    """A SQLite database."""

    members: ClassVar[frozenset[str]] = frozenset({"path", "closed"})

    def __init__(self, path: str) -> None:
        self.path = path
        self.closed = False
        self.engine = Engine(path)
        self.order = InOrder(current_scheduler().executor)
        self.turn = Turn(path)
        # Transactions that are open, one in the other.
        self.depth = 0
        _open().add(self)

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
        return self.turn.holder is here("query()")

    async def do(self, what: Callable[[Statement], Any], sql: Any, parameters: Any) -> Any:
        """Do a statement when it is its turn."""
        made = statement(sql, parameters)
        if self.is_mine:
            return await self.call(what, made)
        async with self.turn:
            return await self.call(what, made)

    async def call(self, what: Callable[[Statement], Any], made: Statement) -> Any:
        """Do a statement in the thread."""
        if self.closed:
            raise failure(made, "the database is closed")
        try:
            return await posted(self.order.post, what, made)
        except BaseException:
            self.engine.stop(made)  # nothing, unless it is the wait that was given up
            raise

    async def transact(self, function: Any) -> Any:
        """Run `function` in a transaction; in the task that has one, in a part of it."""
        checked("transaction", function)
        if self.is_mine:
            return await self.within(function)
        async with self.turn:
            return await self.within(function)

    async def within(self, function: Any) -> Any:
        """Run `function` between the statements that begin and end a transaction, or a savepoint."""
        begin, end, undo = "begin immediate", "commit", ["rollback"]
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

    async def close(self) -> None:
        """Close, when nobody has a turn any more."""
        if self.is_mine or self.closed:
            await self.finish()
            return
        async with self.turn:
            await self.finish()

    async def finish(self) -> None:
        """Close; what was asked for before is done."""
        self.closed = True
        await posted(self.order.post, self.engine.close)

    def drop(self) -> None:
        """Close, without waiting for it."""
        self.closed = True
        self.order.submit(self.engine.close)

    def __del__(self) -> None:
        if not self.closed and hasattr(self, "order"):
            try:
                self.drop()
            except RuntimeError:  # the session has ended, and its threads with it
                self.engine.close()

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
            what = "is over" if self.is_over else "can be parted only by the task that has begun it"
            raise errors.ValueError(f"the transaction {what}")
        return await self.database.transact(function)


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


async def _close_all(databases: WeakSet[Database]) -> None:
    for database in list(databases):
        if not database.closed:
            database.drop()
        await asyncio.wrap_future(database.order.submit(database.engine.close))


_open: PerSession[WeakSet[Database]] = PerSession(WeakSet, _close_all)

name_type(Database, "database")
name_type(Transaction, "transaction")
