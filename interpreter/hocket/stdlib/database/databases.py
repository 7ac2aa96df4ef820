"""Databases and transactions as a program holds them.

A statement of one task waits while another task's runs, or its transaction.  In the
thread the calls are made in order, so that what takes a broken transaction back needs
nobody to wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ClassVar
from weakref import WeakSet

from hocket import errors
from hocket.runtime.chaining import answer, checked
from hocket.runtime.current import current_scheduler, running_task
from hocket.runtime.lines import Ticket
from hocket.runtime.locks import Mutex
from hocket.runtime.per_session import PerSession
from hocket.runtime.stops import Cancelled
from hocket.runtime.threads import posted
from hocket.runtime.values import name_type, type_name
from hocket.stdlib.blocks import InOrder
from hocket.stdlib.database.engine import Engine, Statement, failure

SMALLEST, LARGEST = -(2**63), 2**63 - 1
BEGIN, COMMIT, ROLLBACK = "begin immediate", "commit", "rollback"


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
        # Transactions that are open, one in the other, and whether the first has no end but the program's word.
        self.depth = 0
        self.is_begun = False
        _open().add(self)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<database '{self.path}'{' closed' if self.closed else ''}>"

    @property
    def database(self) -> Database:
        """The database itself."""
        return self

    def has_turn(self) -> bool:
        """Return whether the running task has its turn already; it inherits a transaction that a task left open."""
        task, holder = running_task(), self.turn.holder
        if self.is_begun and holder is not None and holder.coroutine is None:
            self.turn.holder = task
        return self.turn.holder is task

    async def do(self, what: Callable[[Statement], Any], sql: Any, parameters: Any) -> Any:
        """Do a statement when it is its turn."""
        made = statement(sql, parameters)
        if self.has_turn():
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
        if self.has_turn():
            return await self.within(function)
        async with self.turn:
            return await self.within(function)

    async def within(self, function: Any) -> Any:
        """Run `function` between the statements that begin and end a transaction, or a savepoint."""
        begin, end, undo = BEGIN, COMMIT, [ROLLBACK]
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
        """Begin a transaction that ends when the program says so; raises DatabaseError in one."""
        self.check_begin()
        await self.turn.lock()
        self.is_begun, self.depth = True, 1
        with self.settling():
            await self.call(self.engine.execute, Statement(BEGIN, []))
        return True

    async def end(self, sql: str) -> bool:
        """End the transaction that `begin` has begun; raises DatabaseError without one, and where it cannot end."""
        self.check_end(sql)
        with self.settling():
            await self.call(self.engine.execute, Statement(sql, []))
        return True

    def check_begin(self) -> None:
        """Raise DatabaseError when the running task is in a transaction."""
        if self.has_turn():
            raise failure(Statement(BEGIN, []), "a transaction is open already")

    def check_end(self, sql: str) -> None:
        """Raise DatabaseError when the running task has begun no transaction."""
        if not (self.has_turn() and self.is_begun):
            raise failure(Statement(sql, []), "no transaction is open")

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Begin or end a transaction in the block; give the turn back if none is open behind it."""
        is_open = False
        try:
            yield
            is_open = self.engine.is_in_transaction
        except errors.DatabaseError:
            is_open = self.engine.is_in_transaction
            raise
        finally:
            if not is_open:
                # What a wait that was given up has done; not waited for, as `within` does not.
                self.order.submit(self.engine.undo, ROLLBACK)
                self.is_begun, self.depth = False, 0
                self.turn.unlock()

    def do_blocking(self, what: Callable[[Statement], Any], made: Statement) -> Any:
        """Do a statement while nothing else runs; raises DatabaseError when it is another task's turn."""
        if self.turn.holder is not None and not self.has_turn():
            who = self.turn.holder.describe()
            raise failure(made, f"{who} uses the database, and a plain function cannot wait")
        if self.closed:
            raise failure(made, "the database is closed")
        try:
            return self.order.submit(what, made).result()
        except BaseException:
            self.engine.stop(made)
            raise

    def begin_blocking(self) -> bool:
        """As `begin`, while nothing else runs."""
        self.check_begin()
        self.do_blocking(self.engine.execute, Statement(BEGIN, []))
        self.turn.try_lock()
        self.is_begun, self.depth = True, 1
        return True

    def end_blocking(self, sql: str) -> bool:
        """As `end`, while nothing else runs."""
        self.check_end(sql)
        with self.settling():
            self.do_blocking(self.engine.execute, Statement(sql, []))
        return True

    def close_blocking(self) -> None:
        """Close, after what is under way."""
        self.closed = True
        self.order.submit(self.engine.close).result()

    async def close(self) -> None:
        """Close, when nobody has a turn any more."""
        if self.has_turn() or self.closed:
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
        if self.is_over or not self.database.has_turn():
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
