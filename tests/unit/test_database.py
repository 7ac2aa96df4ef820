"""SQLite databases: other connections, time, and the end."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from hocket import errors, host
from hocket.session import Session
from hocket.stdlib.database import engine

FOREVER = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"


def run(program: str, path: Path, clock: str | None = None) -> Any:
    """Return the value of `program`, in which `path` is that of a database; raises its error."""

    async def main() -> Any:
        session = Session(clock=clock)
        session.assign("path", str(path))
        try:
            outcome = await session.run(program)
        finally:
            assert session.scheduler.holds == session.scheduler.external == 0
            await session.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    return host.run_alone(main())


def test_what_another_connection_holds_is_waited_for_and_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY", 0.05)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("create table t (n)")
    other.execute("begin exclusive")
    with pytest.raises(errors.DatabaseError, match="SQLite failed: database is locked: insert") as caught:
        run('await sqlite(path).execute("insert into t values (1)")', tmp_path / "a.db")
    other.close()
    assert caught.value.fields["code"] == "SQLITE_BUSY"


def test_a_timeout_breaks_a_query_off(tmp_path: Path) -> None:
    program = f"""
    let db := sqlite(path)
    try {{ timeout 30ms {{ await db.query("{FOREVER}") }} }} except TimeoutError {{ }}
    (await db.query("select 1 as n"))[0].n
    """
    assert run(program, tmp_path / "a.db") == 1


def test_the_virtual_clock_stands_still_for_a_statement(tmp_path: Path) -> None:
    program = """
    let begun := now()
    let ticks := spawn { for n in 10 { await async_sleep(1h) } }
    with sqlite(path) as db { await db.execute("create table t (n)") }
    let passed := now() - begun
    ticks.cancel()
    passed
    """
    assert run(program, tmp_path / "a.db", "virtual") == 0


def test_the_end_of_the_session_closes_and_takes_back_what_is_open(tmp_path: Path) -> None:
    program = """
    let db := sqlite(path)
    await db.execute("create table t (n)")
    let inserted := deferred()
    spawn db.transaction(async tx => {
        await tx.execute("insert into t values (1)")
        inserted.resolve()
        await async_sleep(1h)
    })
    await inserted.promise
    db
    """
    database = run(program, tmp_path / "a.db")
    assert database.closed and database.engine._connection is None
    other = sqlite3.connect(tmp_path / "a.db")
    assert other.execute("select * from t").fetchall() == []
    other.close()


def test_a_transaction_of_a_cell_goes_on_in_the_next_ones(tmp_path: Path) -> None:
    async def main() -> Any:
        async with Session() as session:
            session.assign("path", str(tmp_path / "a.db"))
            await session.run('let db := db_connect("sqlite", path); db_execute(db, "create table t (n)")')
            await session.run('db_begin(db); db_execute(db, "insert into t values (1)")')
            await session.run('let other := spawn db.query("select n from t")')
            outcome = await session.run('db_execute(db, "insert into t values (2)"); throw other.status')
            assert str(outcome.error) == "running"
            await session.run("await promise_all([3, 4].map(n => n)); db_begin(db)")
            await session.run("db_commit(db)")
            return (await session.run("await other")).value

    assert host.run_alone(main()) == [{"n": 1}, {"n": 2}]


def test_the_end_of_the_session_closes_what_a_pool_has_opened(tmp_path: Path) -> None:
    program = """
    let pool := db_pool("sqlite", path, {min_connections: 3})
    let db := db_pool_acquire(pool)
    db_execute(db, "create table t (n)")
    db_begin(db)
    db_execute(db, "insert into t values (1)")
    [pool, db]
    """
    pool, database = run(program, tmp_path / "a.db")
    engines = [database.engine, *pool.idle]
    assert database.closed and pool.closed
    assert all(each._connection is None for each in engines)
    other = sqlite3.connect(tmp_path / "a.db")
    assert other.execute("select * from t").fetchall() == []
    other.close()


def test_a_pool_that_nobody_can_use_any_more_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "a.db")
    closed: list[str] = []

    def close(self: engine.Engine, close: Any = engine.Engine.close) -> None:
        close(self)
        closed.append(self.path)

    monkeypatch.setattr(engine.Engine, "close", close)

    async def main() -> None:
        async with Session() as session:
            session.assign("path", path)
            await session.run('mut pool := db_pool("sqlite", path, {min_connections: 2})')
            assert path not in closed
            await session.run("pool = null")
            gc.collect()
            assert closed.count(path) == 2

    host.run_alone(main())


def test_a_database_that_nobody_can_use_any_more_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()

    def close(self: engine.Engine, close: Any = engine.Engine.close) -> None:
        close(self)
        closed.set()

    monkeypatch.setattr(engine.Engine, "close", close)

    async def main() -> None:
        session = Session()
        session.assign("path", str(tmp_path / "a.db"))
        await session.run('mut db := sqlite(path); await db.execute("create table t (n)")')
        assert not closed.is_set()
        await session.run("db = null")
        gc.collect()
        assert await asyncio.to_thread(closed.wait, 10)
        await session.close()

    host.run_alone(main())
