"""The cells that were run, by this kernel and by earlier ones, for clients that ask.

They are in an SQLite database in the user's Jupyter data folder that several kernels write at
once.  One thread does all work on it: neither a slow disk nor another kernel's writing
holds up a cell.  Where the file cannot be used, history ends with the process.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hocket_kernel.store import Store

Job = Callable[["Store"], Any]
Entry = tuple[int, int, Any]

LONGEST_OUTPUT = 100_000
"""Characters of a shown value; what is longer is not remembered."""

PAUSE = 0.05
"""Seconds that a cell waits to be written, so that its answer goes first."""


def history_file() -> Path:
    """Return where cells are remembered."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "hocket" / "history.sqlite"


class History:
    """The history of one kernel; its methods return at once and can be called from any thread.

    `warn` is called, at most once, with why the cells are not remembered beyond the process.
    """

    def __init__(self, warn: Callable[[str], None], path: Path | None = None) -> None:
        self._warn = warn
        self._path = path
        self._jobs: SimpleQueue[tuple[Job, Future[Any]]] = SimpleQueue()
        self._hurry = Event()
        self._thread: Thread | None = None

    def add(self, number: int, text: str) -> None:
        """Remember the cell `number`."""
        self._do(lambda store: store.add(number, text))

    def answer(self, number: int, text: str) -> None:
        """Note what the cell `number` showed as its value."""
        if len(text) <= LONGEST_OUTPUT:
            self._do(lambda store: store.answer(number, text))

    def reply(self, kind: str, output: bool, **options: Any) -> Future[list[Entry]]:
        """Return, later, what a history request of `kind` (range, tail, search) asks for, oldest first."""
        return self._at_once(lambda store: store.reply(kind, output, options))

    def close(self) -> Future[None]:
        """Write what is not yet written."""
        if self._thread is None:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        return self._at_once(lambda store: None)

    def _at_once(self, job: Job) -> Future[Any]:
        done = self._do(job)
        self._hurry.set()
        return done

    def _do(self, job: Job) -> Future[Any]:
        if self._thread is None:
            self._thread = Thread(target=self._serve, name="history", daemon=True)
            self._thread.start()
        done: Future[Any] = Future()
        self._jobs.put((job, done))
        return done

    def _serve(self) -> None:
        store: Store | None = None
        while True:
            batch = [self._jobs.get()]
            self._hurry.wait(PAUSE)
            self._hurry.clear()
            while not self._jobs.empty():
                batch.append(self._jobs.get())
            store = self._work(store or self._open(), batch)

    def _open(self) -> Store:
        from hocket_kernel.store import Store, Unusable

        try:
            return Store.in_file(self._path or history_file())
        except (OSError, RuntimeError, Unusable) as error:
            return self._fall_back(error, 1)

    def _work(self, store: Store, batch: list[tuple[Job, Future[Any]]]) -> Store:
        """Do all jobs in one transaction; return the store to go on with."""
        from hocket_kernel.store import Unusable

        try:
            with store.transaction():
                results = [_result(job, store) for job, _ in batch]
        except Unusable as error:
            store.database.close()
            return self._work(self._fall_back(error, store.session), batch)
        for (_, done), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)
        return store

    def _fall_back(self, error: Exception, session: int) -> Store:
        from hocket_kernel.store import Store

        self._warn(f"history is not kept beyond this kernel: {error}")
        return Store.in_memory(session)


def _result(job: Job, store: Store) -> Any:
    """Return what `job` returns, or raises; raises what says that the store cannot be used."""
    from hocket_kernel.store import Unusable

    try:
        return job(store)
    except Unusable as error:
        if store.is_in_memory:
            return error
        raise
    except Exception as error:  # noqa: BLE001  it is the answer to the request
        return error
