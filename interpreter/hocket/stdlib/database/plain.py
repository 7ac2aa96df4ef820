"""SQLite databases by functions of their own: they suspend in an async context and block in a plain function."""

from __future__ import annotations

from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.runtime.values import print_text
from hocket.stdlib.database.databases import COMMIT, ROLLBACK, Database, statement
from hocket.stdlib.disk import path_text


def _named(kind: Any, place: Any) -> Database:
    if kind != "sqlite":
        hint = "the modules of Python know other databases: `import py.psycopg`, `import py.pymysql`"
        raise errors.ValueError(f'db_connect() opens "sqlite" databases, got {print_text(kind)}', hint=hint)
    return Database(path_text(place))


async def _connect(kind: str, place: str) -> Database:
    database = _named(kind, place)
    await in_thread(database.engine.open)
    return database


@builtin(suspending=_connect)
def db_connect(kind: str, place: str) -> Database:
    """Open a database as `sqlite(place)` does; `kind` is `"sqlite"`.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table fruit (name text, n int)")
    print(db_execute(db, "insert into fruit values (?, ?), ('plum', 2)", ["fig", 5]))  # expect: 2
    print(db_query(db, "select * from fruit where n > ?", [3]))                        # expect: [{"n": 5, "name": fig}]
    db_close(db)
    db_connect("oracle", "")  # error: db_connect() opens "sqlite" databases, got oracle
    ```
    """
    database = _named(kind, place)
    database.engine.open()
    return database


async def _query(db: Database, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    return await db.do(db.engine.query, sql, parameters)


@builtin(suspending=_query)
def db_query(db: Database, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    """Return the rows that a statement gives: dicts with the names of the columns.

    ```
    let db := db_connect("sqlite", ":memory:")
    print(db_query(db, "select ? as a, :b as b", {a: 1, b: "x"}))  # error: DatabaseError
    ---
    let db := db_connect("sqlite", ":memory:")
    print(db_query(db, "select ? as a, upper(?) as b", [1, "x"]))  # expect: [{"a": 1, "b": X}]
    ```
    """
    return db.do_blocking(db.engine.query, statement(sql, parameters))


async def _execute(db: Database, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> int:
    return int((await db.do(db.engine.execute, sql, parameters))["changes"])


@builtin(suspending=_execute)
def db_execute(db: Database, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> int:
    """Do a statement; return how many rows it has changed.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table t (n)")
    print(db_execute(db, "insert into t values (1), (2)"))  # expect: 2
    db_execute(db, "insert into none values (1)")           # error: SQLite failed: no such table: none
    ```
    """
    return int(db.do_blocking(db.engine.execute, statement(sql, parameters))["changes"])


@builtin
def db_last_insert_id(db: Database) -> int:
    """Return the number of the row that was inserted last, 0 when there is none.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table t (id integer primary key, n)")
    db_execute(db, "insert into t (n) values (7), (8)")
    print(db_last_insert_id(db))  # expect: 2
    ```
    """
    if not isinstance(db, Database):
        raise TypeError
    return db.engine.last_id


async def _begin(db: Database) -> bool:
    return await db.begin()


@builtin(suspending=_begin)
def db_begin(db: Database) -> bool:
    """Begin a transaction, which lasts until `db_commit` or `db_rollback`; returns true.

    The database is the task's until then: others wait. A task that has ended leaves its transaction to who comes
    next. `db.transaction(f)` ends by itself.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table account (name text, amount int)")
    db_execute(db, "insert into account values ('ada', 10)")
    db_begin(db)
    db_execute(db, "update account set amount = 0")
    db_rollback(db)
    print(db_query(db, "select amount from account")[0].amount)  # expect: 10
    db_begin(db)
    db_begin(db)                                                 # error: a transaction is open already
    ```
    """
    return db.begin_blocking()


async def _commit(db: Database) -> bool:
    return await db.end(COMMIT)


@builtin(suspending=_commit)
def db_commit(db: Database) -> bool:
    """Make what was done since `db_begin` last; returns true.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table t (n)")
    db_begin(db)
    db_execute(db, "insert into t values (1)")
    db_commit(db)
    print(db_query(db, "select n from t"))  # expect: [{"n": 1}]
    db_commit(db)                           # error: no transaction is open
    ```
    """
    return db.end_blocking(COMMIT)


async def _rollback(db: Database) -> bool:
    return await db.end(ROLLBACK)


@builtin(suspending=_rollback)
def db_rollback(db: Database) -> bool:
    """Take back what was done since `db_begin`; returns true.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_rollback(db)  # error: no transaction is open
    ```
    """
    return db.end_blocking(ROLLBACK)


async def _close(db: Database) -> bool:
    await db.close()
    return True


@builtin(suspending=_close)
def db_close(db: Database) -> bool:
    """Close a database; a transaction that is open is taken back. Returns true; again is fine.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_close(db)
    db_query(db, "select 1")  # error: SQLite failed: the database is closed
    ```
    """
    db.close_blocking()
    return True
