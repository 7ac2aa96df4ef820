"""SQLite databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocket.runtime.registry import builtin, method
from hocket.stdlib.database import plain
from hocket.stdlib.database.databases import Database, Transaction, open_database
from hocket.stdlib.database.engine import blocking

__all__ = ["Database", "Transaction", "plain"]


async def _async_sqlite(path: str) -> Database:
    return await open_database(path)


@builtin(suspending=_async_sqlite)
def sqlite(path: str) -> Database:
    """Open the SQLite database in the file at `path`, which is made if there is none; `:memory:` is in no file.

    It has `query`, `execute`, `transaction` and `close`, and is closed by `with`, else with the session. Statements
    of several tasks wait for each other. Raises FileError where it cannot be opened, and DatabaseError, with the
    fields `sql`, `reason` and `code`, where a statement is refused.

    ```
    with sqlite("shop.db") as db {
        await db.execute("create table fruit (name text unique, n int)")
        await db.execute("insert into fruit values (?, ?), ('plum', 2)", ["fig", 5])
        print(await db.query("select * from fruit where n > :least", {least: 3}))  # expect: [{"n": 5, "name": fig}]
        try { await db.execute("insert into fruit values ('fig', 1)") } except DatabaseError e { print(e.reason) }
        # expect: UNIQUE constraint failed: fruit.name
    }
    ```
    """
    return blocking(_async_sqlite(path))


@method(Database, Transaction)
async def query(db: Database | Transaction, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    """Return the rows that a statement gives: dicts with the names of the columns.

    The values for `?` are an array, those for `:name` a dict. A query that is cancelled is broken off.

    ```
    with sqlite(":memory:") as db {
        print(await db.query("select ? as a, upper(?) as b", [1, "x"]))  # expect: [{"a": 1, "b": X}]
        await db.query("select * from none")                          # error: SQLite failed: no such table: none
    }
    ```
    """
    return await db.do(db.database.engine.query, sql, parameters)


@method(Database, Transaction)
async def execute(db: Database | Transaction, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    """Do a statement; return `{changes, last_id}`: how many rows it has changed, and the last number of a new row.

    Outside of a transaction it has its effect as a whole and at once, or none at all.

    ```
    with sqlite(":memory:") as db {
        await db.execute("create table notes (id integer primary key, text)")
        print(await db.execute("insert into notes (text) values (?)", ["a"]))  # expect: {"changes": 1, "last_id": 1}
    }
    ```
    """
    return await db.do(db.database.engine.execute, sql, parameters)


@method(Database, Transaction)
async def transaction(db: Database | Transaction, f: Callable[..., Any]) -> Any:
    """Return what `f(transaction)` gives; all that it does has its effect together, when it ends, or not at all.

    When it fails or is cancelled, everything is taken back. Meanwhile other tasks wait for their turn; the tasks that
    `f` itself starts make their statements to the transaction. One in another can fail alone.

    ```
    with sqlite(":memory:") as db {
        await db.execute("create table t (n)")
        try {
            await db.transaction(async tx => {
                await tx.execute("insert into t values (1)")
                throw "no"
            })
        } except e { print(e.message, await db.query("select n from t")) }  # expect: no []
    }
    ```
    """
    return await db.transact(f)


@method(Database)
async def close(db: Database) -> None:
    """Close it, after the statements and transactions that are under way; again is fine.

    ```
    let db := sqlite(":memory:")
    await db.close()
    await db.query("select 1")  # error: DatabaseError: SQLite failed: the database is closed: select 1
    ```
    """
    await db.close()
