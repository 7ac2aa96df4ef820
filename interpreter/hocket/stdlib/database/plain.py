"""Databases by functions: they suspend in an async context and block elsewhere."""

from __future__ import annotations

from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.values import print_text
from hocket.stdlib.database.databases import Database, Transaction, open_database
from hocket.stdlib.database.engine import blocking
from hocket.stdlib.database.pools import Lent, Pool
from hocket.stdlib.disk import path_text

Parameters = list[Any] | dict[str, Any] | None


def _check(name: str, kind: Any) -> None:
    if kind != "sqlite":
        hint = "the modules of Python know other databases: `import py.psycopg`, `import py.pymysql`"
        raise errors.ValueError(f'{name}() opens "sqlite" databases, got {print_text(kind)}', hint=hint)


async def _connect(kind: str, path: str) -> Database:
    _check("db_connect", kind)
    return await open_database(path)


@builtin(suspending=_connect)
def db_connect(kind: str, path: str) -> Database:
    """Open a database: with `"sqlite"`, the only kind that there is, the file at `path`, as `sqlite` does.

    `:memory:` is in no file. It has the methods of what `sqlite` returns, and is closed with the session if not before.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table fruit (name, n)")
    print(db_execute(db, "insert into fruit values (?, ?), ('plum', 2)", ["fig", 5]))  # expect: 2
    print(db_query(db, "select * from fruit where n > ?", [3]))  # expect: [{"n": 5, "name": fig}]
    db_close(db)
    db_connect("postgres", "localhost")  # error: db_connect() opens "sqlite" databases, got postgres
    ```
    """
    return blocking(_connect(kind, path))


async def _query(db: Database | Transaction, sql: str, parameters: Parameters = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await db.do(db.database.engine.query, sql, parameters)
    return rows


@builtin(suspending=_query)
def db_query(db: Database | Transaction, sql: str, parameters: Parameters = None) -> list[dict[str, Any]]:
    """Return the rows that a statement gives: dicts with the names of the columns, none for one that gives no rows.

    The values for `?` are an array, those for `:name` a dict. In a plain function, which cannot wait for other tasks,
    it raises DatabaseError while another one has a transaction.

    ```
    let db := db_connect("sqlite", ":memory:")
    print(db_query(db, "select :a as a, upper(:b) as b", {a: 1, b: "x"}))  # expect: [{"a": 1, "b": X}]
    ```
    """
    return blocking(_query(db, sql, parameters))


async def _execute(db: Database | Transaction, sql: str, parameters: Parameters = None) -> int:
    changes: int = (await db.do(db.database.engine.execute, sql, parameters))["changes"]
    return changes


@builtin(suspending=_execute)
def db_execute(db: Database | Transaction, sql: str, parameters: Parameters = None) -> int:
    """Do a statement; return how many rows it has changed. Otherwise as `db_query`.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table t (n unique)")
    print(db_execute(db, "insert into t values (1), (2)"), db_execute(db, "delete from t where n > 5"))  # expect: 2 0
    try { db_execute(db, "insert into t values (1)") } except DatabaseError e { print(e.reason) }
    # expect: UNIQUE constraint failed: t.n
    ```
    """
    return blocking(_execute(db, sql, parameters))


async def _last(db: Database) -> int:
    row: int = (await db.do(db.engine.query, "select last_insert_rowid() as id", None))[0]["id"]
    return row


@builtin(suspending=_last)
def db_last_insert_id(db: Database) -> int:
    """Return the number of the row that was inserted last, whoever has done it; 0 before the first.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table notes (id integer primary key, text)")
    db_execute(db, "insert into notes (text) values ('a'), ('b')")
    print(db_last_insert_id(db))  # expect: 2
    ```
    """
    return blocking(_last(db))


async def _begin(db: Database) -> bool:
    return await db.begin()


@builtin(suspending=_begin)
def db_begin(db: Database) -> bool:
    """Begin a transaction: what is done from now on has its effect with `db_commit`, or not at all; returns true.

    It belongs to the task that begins it, and to those that this one starts meanwhile; the statements of others wait
    for its end. When the task ends before, it is taken back. At the top level of a cell it goes on in the next cells.
    There is one at a time: another one raises DatabaseError.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table t (n)")
    db_begin(db)
    db_execute(db, "insert into t values (1)")
    db_rollback(db)
    print(db_query(db, "select n from t"))  # expect: []
    ```
    """
    return blocking(_begin(db))


async def _commit(db: Database) -> bool:
    return await db.end("commit")


@builtin(suspending=_commit)
def db_commit(db: Database) -> bool:
    """End the transaction that `db_begin` has begun: all of it has its effect. Returns true; it stays open on failure.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_execute(db, "create table t (n)")
    db_begin(db)
    db_execute(db, "insert into t values (1)")
    db_commit(db)
    print(db_query(db, "select n from t"))  # expect: [{"n": 1}]
    db_commit(db)                           # error: SQLite failed: no transaction is open: commit
    ```
    """
    return blocking(_commit(db))


async def _rollback(db: Database) -> bool:
    return await db.end("rollback")


@builtin(suspending=_rollback)
def db_rollback(db: Database) -> bool:
    """End the transaction that `db_begin` has begun, and take all of it back; returns true.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_begin(db)
    db_execute(db, "create table t (n)")
    db_rollback(db)
    db_query(db, "select * from t")  # error: SQLite failed: no such table: t
    ```
    """
    return blocking(_rollback(db))


async def _close(db: Database) -> bool:
    await db.close()
    return True


@builtin(suspending=_close)
def db_close(db: Database) -> bool:
    """Close a database, after what is under way; returns true, again is fine. One of a pool is given back.

    ```
    let db := db_connect("sqlite", ":memory:")
    db_close(db)
    db_query(db, "select 1")  # error: SQLite failed: the database is closed: select 1
    ```
    """
    return blocking(_close(db))


async def _pool(kind: str, path: str, options: dict[str, Any] | None = None) -> Pool:
    _check("db_pool", kind)
    if not isinstance(options, dict | None):
        raise TypeError
    pool = Pool(path_text(path), options or {})
    await pool.fill()
    return pool


@builtin(suspending=_pool)
def db_pool(kind: str, path: str, options: dict[str, Any] | None = None) -> Pool:
    """Return a pool of connections to the database in a file, which is opened as by `db_connect`.

    Tasks with connections of their own see nothing of each other's transactions before they are committed; who writes
    waits up to five seconds for another who does. Of `max_connections`, 10, it opens `min_connections`, 1, at once, and
    more when they are asked for; who asks waits for `connection_timeout` ms, 30 s. It is closed with the session if not
    before.

    ```
    let pool := db_pool("sqlite", "shop.db", {max_connections: 2})
    with db_pool_acquire(pool) as db { db_execute(db, "create table fruit (name)") }
    print(db_pool_stats(pool))  # expect: {"idle": 1, "in_use": 0, "max": 2, "total": 1, "waiting": 0}
    db_pool_close(pool)
    ```
    """
    return blocking(_pool(kind, path, options))


async def _acquire(pool: Pool) -> Lent:
    return await pool.acquire()


@builtin(suspending=_acquire)
def db_pool_acquire(pool: Pool) -> Lent:
    """Return a database of the pool that nobody else has; it waits for one while all are taken.

    `db_pool_release`, `db_close` and the end of a `with` give it back. Raises TimeoutError when none comes in time,
    and in a plain function, which cannot wait for other tasks, DatabaseError at once.

    ```
    let pool := db_pool("sqlite", "shop.db", {max_connections: 1, connection_timeout: 10})
    let db := db_pool_acquire(pool)
    try { db_pool_acquire(pool) } except TimeoutError e { print(e.message) }
    # expect: no connection of the pool 'shop.db' was free within 10ms
    db_pool_release(pool, db)
    print(db_query(db_pool_acquire(pool), "select 1 as n"))  # expect: [{"n": 1}]
    ```
    """
    return blocking(_acquire(pool))


async def _release(pool: Pool, db: Database) -> bool:
    if not isinstance(pool, Pool) or not isinstance(db, Database):
        raise TypeError
    if not isinstance(db, Lent) or db.pool is not pool or db.closed:
        raise errors.ValueError(f"db_pool_release() of a database that the pool '{pool.path}' has not given out")
    await db.close()
    return True


@builtin(suspending=_release)
def db_pool_release(pool: Pool, db: Database) -> bool:
    """Give a database back, after what is under way; an open transaction is taken back. Returns true.

    ```
    let pool := db_pool("sqlite", "shop.db")
    let db := db_pool_acquire(pool)
    db_pool_release(pool, db)
    try { db_query(db, "select 1") } except DatabaseError e { print(e.reason) }  # expect: the database is closed
    db_pool_release(pool, db)  # error: db_pool_release() of a database that the pool 'shop.db' has not given out
    ```
    """
    return blocking(_release(pool, db))


@builtin
def db_pool_stats(pool: Pool) -> dict[str, int]:
    """Return how many connections the pool has: `total`, of which some are `in_use` and some `idle`, and at most `max`.

    `waiting` are the tasks that wait for one.

    ```
    let pool := db_pool("sqlite", "shop.db")
    let db := db_pool_acquire(pool)
    print(db_pool_stats(pool).in_use, db_pool_stats(pool).idle)  # expect: 1 0
    ```
    """
    return pool.stats()


async def _close_pool(pool: Pool) -> bool:
    await pool.close()
    return True


@builtin(suspending=_close_pool)
def db_pool_close(pool: Pool) -> bool:
    """Close the pool; returns true, again is fine. What it has given out is closed when it is given back.

    ```
    let pool := db_pool("sqlite", "shop.db")
    db_pool_close(pool)
    db_pool_acquire(pool)  # error: the pool 'shop.db' is closed
    ```
    """
    return blocking(_close_pool(pool))
