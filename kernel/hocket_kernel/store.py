"""Cells in an SQLite database, by the session and the number that they had.

The database is Python's own `sqlite3`: IPython's accessor would load its configuration, and
writes only for its shell.  A session is one run of a kernel, also of several at once.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Entry = tuple[int, int, Any]
Unusable = sqlite3.Error

KEPT = 100_000
"""Cells that are remembered."""

PATIENCE = 5.0
"""Seconds to wait for another kernel that uses the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, begun TEXT);
CREATE TABLE IF NOT EXISTS cells (session INTEGER, line INTEGER, source TEXT, output TEXT, PRIMARY KEY (session, line));
"""


class Store:
    """The database, and the number of this kernel's session in it; belongs to one thread."""

    def __init__(self, database: sqlite3.Connection, session: int, is_in_memory: bool) -> None:
        self.database = database
        self.session = session
        self.is_in_memory = is_in_memory

    @classmethod
    def in_file(cls, path: Path, kept: int = KEPT) -> Store:
        """Open the database at `path`, for this user only, and begin a session in it.

        Forgets the oldest cells beyond `kept`.  Raises OSError or sqlite3.Error.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        try:
            # Kernels read while another one writes, and no cell waits for the disk.
            _write_ahead(database)
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_SCHEMA)
            begun = database.execute("INSERT INTO sessions (begun) VALUES (datetime('now'))")
            database.execute("DELETE FROM cells WHERE rowid <= (SELECT max(rowid) FROM cells) - ?", (kept,))
        except sqlite3.Error:
            database.close()
            raise
        return cls(database, begun.lastrowid or 1, False)

    @classmethod
    def in_memory(cls, session: int) -> Store:
        """Return a store that ends with the process."""
        database = sqlite3.connect(":memory:", isolation_level=None)
        database.executescript(_SCHEMA)
        return cls(database, session, True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write together what is written within, or nothing of it."""
        self.database.execute("BEGIN IMMEDIATE")
        with self.database:
            yield

    def add(self, number: int, text: str) -> None:
        """Insert a cell."""
        row = (self.session, number, _storable(text))
        self.database.execute("INSERT OR REPLACE INTO cells (session, line, source) VALUES (?, ?, ?)", row)

    def answer(self, number: int, text: str) -> None:
        """Set what a cell showed."""
        row = (_storable(text), self.session, number)
        self.database.execute("UPDATE cells SET output = ? WHERE session = ? AND line = ?", row)

    def reply(self, kind: str, output: bool, options: dict[str, Any]) -> list[Entry]:
        """Return the cells that a request asks for, as the protocol has them."""
        if kind == "range":
            found = self._range(options.get("session") or 0, options.get("start"), options.get("stop"))
        elif kind == "search":
            pattern = _storable(options.get("pattern") or "*")
            found = self._search(pattern, options.get("n"), bool(options.get("unique")))
        else:
            number = options.get("n")
            found = self._tail(10 if number is None else number)
        return [(session, line, (text, shown) if output else text) for session, line, text, shown in found]

    def _select(self, rest: str, *values: Any) -> list[tuple[int, int, str, str | None]]:
        return self.database.execute(f"SELECT session, line, source, output FROM cells {rest}", values).fetchall()

    def _tail(self, number: int) -> list[tuple[int, int, str, str | None]]:
        """Return the newest cells; this session's are newer than those of kernels that run beside it."""
        newest_first = "ORDER BY session DESC, line DESC LIMIT ?"
        own = self._select(f"WHERE session = ? {newest_first}", self.session, _limit(number))
        rest = _limit(number) - len(own)
        others = self._select(f"WHERE session <> ? {newest_first}", self.session, rest) if rest else []
        return [*reversed(others), *reversed(own)]

    def _range(self, session: int, start: int | None, stop: int | None) -> list[tuple[int, int, str, str | None]]:
        """Return cells `start` to before `stop` of a session: 0 is this one, -1 the one before.

        Negative cells count from the session's end.
        """
        if session <= 0:
            session += self.session
        (last,) = self.database.execute("SELECT max(line) FROM cells WHERE session = ?", (session,)).fetchone()
        end = (last or 0) + 1
        first = 1 if start is None else start if start >= 0 else start + end
        before = stop + end if stop is not None and stop < 0 else stop or end
        return self._select(
            "WHERE session = ? AND line >= ? AND line < ? ORDER BY line", session, first, min(before, end)
        )

    def _search(self, pattern: str, number: int | None, unique: bool) -> list[tuple[int, int, str, str | None]]:
        where = "WHERE source GLOB ?"
        if unique:
            newest = "SELECT max(session * 1000000000 + line) FROM cells WHERE source GLOB ? GROUP BY source"
            where = f"WHERE session * 1000000000 + line IN ({newest})"
        limit = -1 if number is None else _limit(number)
        return self._select(f"{where} ORDER BY session DESC, line DESC LIMIT ?", pattern, limit)[::-1]


def _limit(number: int) -> int:
    return max(0, min(number, KEPT))


def _storable(text: str) -> str:
    """Return `text` without lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode()


def _write_ahead(database: sqlite3.Connection) -> None:
    """Choose the mode in which a reader never waits; SQLite itself does not wait for others to let that happen."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
