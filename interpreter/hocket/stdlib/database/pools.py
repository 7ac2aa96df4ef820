"""Pools: connections to one database, for tasks that are not to wait for each other's statements.

Who takes a connection gets a database of its own, which is closed when it is given back, so that what is still done
with it fails; the connection goes to the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.lines import WAITING, Ticket
from hocket.runtime.locks import Semaphore
from hocket.runtime.scopes import Timeout, format_ms
from hocket.runtime.values import name_type, type_name
from hocket.stdlib.database.databases import Database, opened
from hocket.stdlib.database.engine import MEMORY, Engine, refused
from hocket.stdlib.time import milliseconds

DEFAULTS: dict[str, Any] = {"min_connections": 1, "max_connections": 10, "connection_timeout": 30_000}


class Places(Semaphore):
    """The connections that a pool may have."""

    __slots__ = ("pool",)

    def __init__(self, pool: Pool, limit: int) -> None:
        super().__init__(limit)
        self.pool = pool

    def wanted(self, ticket: Ticket) -> str:
        """Return what the holder of a ticket waits for, in the words of a message."""
        return f"a connection of the pool '{self.pool.path}'"


class Pool:
    """Connections to a SQLite database; `idle` are those that nobody has."""

    members: ClassVar[frozenset[str]] = frozenset({"path", "closed"})

    def __init__(self, path: str, options: dict[str, Any]) -> None:
        least, most, self.limit = settings(options)
        if path == MEMORY:
            hint = "each connection would have one of its own; tasks can share what `db_connect` returns"
            raise errors.ValueError("db_pool() expects a database in a file, got ':memory:'", hint=hint)
        self.path = path
        self.least = least
        self.closed = False
        self.idle: list[Engine] = []
        # Of databases that nobody holds any more; any thread may find out.
        self.forgotten: deque[Engine] = deque()
        self.places = Places(self, most)
        self.scheduler = current_scheduler()
        opened().add(self)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<db_pool '{self.path}'{' closed' if self.closed else ''}>"

    async def fill(self) -> None:
        """Open the connections that there are at least."""
        while len(self.idle) < self.least:
            self.idle.append(await self.connected())

    async def connected(self) -> Engine:
        """Return a new connection."""
        engine = Engine(self.path)
        await engine.connect()
        return engine

    async def acquire(self) -> Lent:
        """Return a database that nobody else has; raises TimeoutError when there is none in time."""
        self.check()
        self.collect()
        has_place = self.places.try_acquire()
        try:
            if not has_place:
                async with Timeout(self.limit):
                    await self.places.wait()
                    has_place = True
            self.check()
            return Lent(self, self.idle.pop() if self.idle else await self.connected())
        except BaseException as error:
            if has_place:
                self.places.hand_on()
            elif isinstance(error, errors.TimeoutError):
                text = f"no connection of the pool '{self.path}' was free within {format_ms(self.limit)}"
                raise errors.TimeoutError(text, limit=self.limit) from error
            raise

    def check(self) -> None:
        """Raise DatabaseError when it is closed."""
        if self.closed:
            raise refused(f"the pool '{self.path}' is closed")

    def take_back(self, engine: Engine) -> None:
        """Let the next have a connection; without what is left open in it."""
        engine.order.submit(engine.close if self.closed else engine.reset)
        if not self.closed:
            self.idle.append(engine)
        self.places.hand_on()

    def collect(self) -> None:
        """Take back what was forgotten."""
        while self.forgotten:
            self.take_back(self.forgotten.popleft())

    def stats(self) -> dict[str, Any]:
        """Return how many connections there are."""
        idle, used = len(self.idle), self.places.limit - self.places.free
        waiting = self.places.line.waiting
        return {"total": idle + used, "in_use": used, "idle": idle, "waiting": waiting, "max": self.places.limit}

    async def close(self) -> None:
        """Give out no more; what is given out is closed when it comes back."""
        self.closed = True
        idle, self.idle = self.idle, []
        for engine in idle:
            await engine.call(engine.close)
        for ticket in list(self.places.line):
            if ticket.state == WAITING:
                ticket.task.throw_in(refused(f"the pool '{self.path}' is closed"))

    async def shut(self) -> None:
        """Close at the end of the session."""
        self.closed = True
        for engine in self.idle:
            await asyncio.wrap_future(engine.order.submit(engine.close))


class Lent(Database):
    """A database of a pool; closed, it is given back."""

    def __init__(self, pool: Pool, engine: Engine) -> None:
        super().__init__(pool.path, engine)
        self.pool = pool

    async def finish(self) -> None:
        """Give it back; what was asked for before is done."""
        self.drop()

    def drop(self) -> None:
        """Give it back, without waiting for it."""
        if not self.closed:
            self.closed = True
            if self.begun is not None:
                self.ended(self.begun)
            self.pool.take_back(self.engine)

    def __del__(self) -> None:
        if hasattr(self, "pool") and not self.closed:
            self.pool.forgotten.append(self.engine)
            self.pool.scheduler.soon_from_thread(self.pool.collect)


def settings(options: dict[str, Any]) -> tuple[int, int, float]:
    """Return the least and the greatest number of connections, and how long to wait for one."""
    for name, value in options.items():
        if name not in DEFAULTS:
            hint = f"the options are {', '.join(DEFAULTS)}"
            raise errors.ValueError(f"db_pool() has no option {name}", hint=hint)
        if name != "connection_timeout" and (not isinstance(value, int) or isinstance(value, bool)):
            raise errors.TypeError(f"the option {name} of db_pool() expects an int, got {type_name(value)}")
    given = DEFAULTS | options
    least, most = given["min_connections"], given["max_connections"]
    if not 0 <= least <= most or not most:
        wanted = "min_connections from 0 to max_connections, and 1 of these at least"
        raise errors.ValueError(f"db_pool() expects {wanted}, got {least} and {most}")
    return least, most, milliseconds("the option connection_timeout of db_pool()", given["connection_timeout"])


name_type(Pool, "db_pool")
