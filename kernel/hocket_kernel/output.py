"""What programs print, on its way to the clients.

stdout and stderr share one `Outlet`, so that what a cell prints keeps its order
between the two.  The first piece leaves at once, what follows within the next interval
leaves together: a print is seen while the cell runs, and 100,000 of them are a few messages.

Each piece carries the cell that printed it, read from the context of the task or
thread that did, so output of a background task goes to the cell that spawned it.
A flood is cut; `flood.py` says how.
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import io
import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from threading import Lock
from typing import Any, ClassVar, cast

import zmq
from ipykernel.iostream import IOPubThread, OutStream
from jupyter_client.session import Session

from hocket_kernel import flood

MUTED: ContextVar[bool] = ContextVar("MUTED", default=False)
"""Whether what is printed is dropped: set in the context of a silent request."""


class Companion:
    """Stands for the iopub socket, for a message that another follows at once: it leaves with that one.

    Each time that the iopub thread is woken, it takes the interpreter's lock from the cell.
    """

    def __init__(self, pub_thread: IOPubThread) -> None:
        self._pub_thread = pub_thread

    def send_multipart(self, *arguments: Any, **options: Any) -> None:
        """Queue a message; as `IOPubThread.send_multipart`, but for the wake-up."""
        thread = self._pub_thread
        if thread.thread.is_alive():
            thread._events.append(lambda: thread._really_send(*arguments, **options))
        else:
            thread.send_multipart(*arguments, **options)


class Outlet:
    """The queue between the programs and the thread that serves the iopub channel."""

    # Seconds from one message to the next.
    interval = 0.05
    # From one look to the next at what is held back of a flood.
    patience = 1.0

    def __init__(self, session: Session, pub_thread: IOPubThread) -> None:
        self._session = session
        self._pub_thread = pub_thread
        self._pieces: deque[tuple[dict[str, Any], str, str]] = deque()
        self._scheduled = False
        self._last = 0.0
        self._lock = Lock()
        self._meters = flood.Requests(flood.Meter)
        self._holding: dict[str, dict[str, Any]] = {}
        self._is_looking = False

    def put(self, parent: dict[str, Any], name: str, text: str) -> None:
        """Take `text`, printed to the stream `name` on behalf of the request `parent`.

        It takes no lock: an interrupt may break the caller at any place.
        """
        self._pieces.append((parent, name, text))
        if not self._scheduled:
            self._scheduled = True
            try:
                self._pub_thread.schedule(self._arm)
            except BaseException:
                self._scheduled = False
                raise

    def _arm(self) -> None:
        """Set the timer of the next message; runs in the iopub thread."""
        wait = max(0.0, self._last + self.interval - time.monotonic())
        self._pub_thread.io_loop.call_later(wait, self._on_time)

    def _on_time(self) -> None:
        if self._pieces:
            self._last = time.monotonic()
            self.publish()

    def flush(self) -> None:
        """Send everything that was printed until now; what is printed next goes at once, too."""
        self._last = 0.0
        self.publish()

    def publish(self) -> None:
        """Send everything that was printed until now.

        Messages that the caller sends afterwards arrive later, whichever thread it is.
        """
        if not self._pieces and not self._lock.locked():
            return
        with self._lock:
            self._scheduled = False
            now = time.monotonic()
            for parent, name, text in self._joined():
                meter = self._meters.of(parent.get("msg_id", ""), now)
                self._send(parent, meter.take(name, text, now))
                if meter.holds:
                    self._holding[parent.get("msg_id", "")] = parent
            if self._holding and not self._is_looking:
                self._is_looking = True
                self._pub_thread.schedule(self._wait)

    def finish(self, parent: dict[str, Any]) -> None:
        """Send everything that the request `parent` has printed, also what is held back of a flood."""
        self.flush()
        request = parent.get("msg_id", "")
        with self._lock:
            if self._holding.pop(request, None) is not None:
                self._send(parent, self._meters.of(request, time.monotonic()).release())

    def _wait(self) -> None:
        """Set the timer that looks at what is held back; runs in the iopub thread."""
        self._pub_thread.io_loop.call_later(self.patience, self._look)

    def _look(self) -> None:
        """Send what is held back of requests that may print again."""
        with self._lock:
            now = time.monotonic()
            for request, parent in list(self._holding.items()):
                meter = self._meters.of(request, now)
                self._send(parent, meter.due(now))
                if not meter.holds:
                    del self._holding[request]
            self._is_looking = bool(self._holding)
        if self._is_looking:
            self._wait()

    def _send(self, parent: dict[str, Any], pieces: Iterable[flood.Piece]) -> None:
        for name, text in pieces:
            message = self._session.msg("stream", {"name": name, "text": text}, parent=parent)
            # ipykernel's thread stands for the socket that it owns.
            socket = cast("zmq.Socket[bytes]", self._pub_thread)
            self._session.send(socket, message, ident=b"stream." + name.encode())

    def _joined(self) -> Iterator[tuple[dict[str, Any], str, str]]:
        """Empty the queue; yield what stood in it per cell and, within a cell, per run of one stream."""
        parents: dict[str, dict[str, Any]] = {}
        runs: dict[str, list[tuple[str, list[str]]]] = {}
        for _ in range(len(self._pieces)):
            parent, name, text = self._pieces.popleft()
            request = parent.get("msg_id", "")
            parents.setdefault(request, parent)
            of_request = runs.setdefault(request, [])
            if of_request and of_request[-1][0] == name:
                of_request[-1][1].append(text)
            else:
                of_request.append((name, [text]))
        for request, of_request in runs.items():
            for name, texts in of_request:
                yield parents[request], name, "".join(texts)


@functools.cache
def outlet(session: Session, pub_thread: IOPubThread) -> Outlet:
    """Return the process's outlet, the same for both streams."""
    return Outlet(session, pub_thread)


def flush() -> None:
    """Send what was printed until now; a message that is sent next does not overtake it."""
    if sys.stdout is not None:
        sys.stdout.flush()


def restore() -> None:
    """Put the streams back that a program has replaced."""
    for name, stream in ProgramStream.made.items():
        setattr(sys, name, stream)


def finish(parent: dict[str, Any]) -> None:
    """Send everything that the request `parent` has printed."""
    if isinstance(sys.stdout, ProgramStream):
        sys.stdout.outlet.finish(parent)


def say(parent: dict[str, Any], text: str) -> None:
    """Print `text` to the error stream of the request `parent`."""
    stream = ProgramStream.made.get("stderr")
    if stream is not None:
        stream.outlet.put(parent, "stderr", text)


class ProgramStream(OutStream):
    """`sys.stdout` or `sys.stderr` of a kernel.

    A program cannot take it away from the others: `close` only flushes.
    """

    made: ClassVar[dict[str, ProgramStream]] = {}
    """The streams of this process by name."""

    def __init__(self, session: Session, pub_thread: IOPubThread, name: str, **options: Any) -> None:
        self.outlet = outlet(session, pub_thread)
        self.made[name] = self
        super().__init__(session, pub_thread, name, **options)

    def write(self, string: str) -> int:
        """Queue `string` for the cell of the calling task; return its length."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if string and not MUTED.get():
            self.outlet.put(self.parent_header, self.name, string)
            if not self._is_master_process():
                # A forked child has no iopub thread: what it prints goes through the parent process.
                self.outlet.publish()
        return len(string)

    def _watch_pipe_fd(self) -> None:
        """Take what is written to the file descriptor, whole characters of it, and pass it on to the terminal."""
        if self._fid is None:
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while chunk := os.read(self._fid, 65536):
            self.write(decoder.decode(chunk))
            with contextlib.suppress(OSError):  # the terminal may be gone
                os.write(self._original_stdstream_copy, chunk)

    def fileno(self) -> int:
        """Return the terminal's file descriptor, for those that must have one, as `faulthandler`."""
        with contextlib.suppress(io.UnsupportedOperation):  # where file descriptors are not watched
            return int(super().fileno())
        terminal = getattr(sys, f"__{self.name}__")
        if terminal is None:
            raise io.UnsupportedOperation("fileno")
        return int(terminal.fileno())

    def flush(self) -> None:
        """Send what was printed until now, to either stream."""
        self.outlet.flush()

    def close(self) -> None:
        """Flush.  The stream stays open: it is everybody's."""
        self.flush()

    @property
    def closed(self) -> bool:
        """Always false."""
        return False
