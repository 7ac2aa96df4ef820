"""Files as blocks: what an open file does in a thread, or a stream on the loop.

A thread reads a block, and decodes it, for thousands of lines at a time; with a call for each line nearly all
time would go into changing threads.  What was read is left in `arrived`, so nothing is lost when
nobody waits for it any more.
"""

from __future__ import annotations

import codecs
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from hocket import errors
from hocket.runtime.threads import DaemonExecutor, Job, Tell, told
from hocket.runtime.work import Work
from hocket.stdlib.raw import Opener, RawFile

LINE, ALL = 0, -1
"""How much `BlockFile.fill` is to read, beside a number: to the end of a line, to the end of the file."""

PART = 64 * 1024
"""Bytes of a text that lines are made of at a time: few enough to stay in the processor's cache."""


class BlockFile(RawFile):
    """A file without a buffer that can be read in blocks, as text or bytes, and writes all it is given."""

    def __init__(self, place: str, mode: str, opener: Opener, path: str, size: int, is_text: bool) -> None:
        super().__init__(place, mode, opener)
        self.path = path
        self.size = size
        self.is_text = is_text
        # What was read so far, oldest first, for whoever takes it.
        self.arrived: deque[Any] = deque()
        # What was read ahead and is not asked for yet.
        self.coming: memoryview | None = None
        self.buffers: list[memoryview] = []
        # The bytes of a character whose end is not read yet, and the place of the byte behind all that was read.
        self.tail = b""
        self.place = 0
        self.failure: errors.FileError | None = None

    def fill(self, need: int) -> Work[bool]:
        """Read on until there are `need` more characters or bytes, or the file ends; return whether there are any.

        Raises FileError for what is not UTF-8, when all before it has been taken.
        """
        self.check("read")
        if self.arrived:
            return True  # by a call whose caller was cancelled; it may be enough
        if need == LINE:
            self.read_ahead()
        coming, self.coming = self.coming, None
        if coming and self.failure is None:
            self.arrived.append(coming)
            return True
        count = found = 0
        while self.failure is None and (need == ALL or count < max(need, 1)):
            block = yield from self.take(self.size)
            if not block and not self.tail:
                break
            piece = self.piece(block)
            if piece:
                self.arrived.append(piece)
            found += len(piece)
            if need != LINE or (("\n" if self.is_text else b"\n") in piece):
                count += len(piece)
        if self.failure is not None and not found:
            raise errors.FileError(str(self.failure), **self.failure.fields)
        return found > 0

    @property
    def is_long(self) -> bool:
        """Whether it is a text whose lines are worth reading ahead."""
        return self.is_text and not self.is_stream and self.place >= self.size and self.failure is None

    def read_ahead(self) -> None:
        """Have a block of a long text ready, to be decoded in parts by `next_piece`.

        Two buffers serve in turn, for memory that is new each time is slower than the reading.
        """
        if self.is_long and self.coming is None:
            if not self.buffers:
                self.buffers = [memoryview(bytearray(self.size)) for _ in range(2)]
            buffer = self.buffers.pop(0)
            self.buffers.append(buffer)
            self.coming = buffer[: self.readinto(buffer)]

    def next_piece(self) -> Any:
        """Take the next piece that has arrived; on the loop."""
        piece = self.arrived[0]
        if isinstance(piece, memoryview):
            text = self.decode(piece[:PART], False)  # before a thread may fill the buffer again
            if len(piece) > PART and self.failure is None:
                self.arrived[0] = piece[PART:]
                return text
            piece = text
        self.arrived.popleft()
        return piece

    def piece(self, block: bytes) -> Any:
        """Return what a block holds; an empty one is the end."""
        if self.is_text:
            return self.decode(block, not block)
        self.place += len(block)
        return block

    def decode(self, part: bytes | memoryview, is_end: bool) -> str:
        """Return the text of a part; what is not UTF-8 ends it."""
        self.place += len(part)
        content = self.tail + part if self.tail else part
        try:
            text, length = codecs.utf_8_decode(content, "strict", is_end)
        except UnicodeDecodeError as error:
            text, length = bytes(content[: error.start]).decode(), len(content)
            byte = self.place - len(content) + error.start
            reason = f"invalid UTF-8 at byte {byte} (0x{content[error.start]:02x})"
            self.failure = errors.FileError(
                f"Failed to read file '{self.path}': {reason}", path=self.path, reason=reason
            )
        self.tail = bytes(content[length:])
        return text

    def read(self, n: int | None = ALL, /) -> Any:
        """Read at most `n` bytes; raises FileError when it was closed meanwhile."""
        self.check("read")
        return super().read(n)

    def write(self, content: Any, /) -> Any:
        """Write some of `content`, and return how much; raises FileError when it was closed meanwhile."""
        self.check("write")
        done = super().write(content)
        self.place += done or 0
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go on at `offset`, and forget what was read ahead."""
        self.check("seek in")
        self.place = super().seek(offset, whence)
        self.tail = b""
        self.coming = None
        self.failure = None
        self.arrived.clear()
        return self.place

    def tell(self) -> int:
        """Return the place behind what has arrived."""
        return super().tell() - len(self.coming or b"")

    def check(self, doing: str) -> None:
        """Raise FileError when it is closed: perhaps by another task, after the call was made."""
        if self.closed:
            raise closed(doing, self.path)


def closed(doing: str, path: str) -> errors.FileError:
    """Return the error for the use of a closed file."""
    reason = "the file is closed"
    return errors.FileError(f"Failed to {doing} file '{path}': {reason}", path=path, reason=reason)


class InOrder:
    """Calls about one file, in threads, one after the other in the order in which they were asked for.

    A call that nobody waits for any more is made all the same.  An executor in the eyes of asyncio.
    """

    def __init__(self, pool: DaemonExecutor) -> None:
        self.is_busy = False
        self._pool = pool
        self._guard = threading.Lock()
        self._jobs: deque[Job] = deque()

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Have `function(*args)` called; return the future of its result."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        self.post(lambda: told(future, function, *args))
        return future

    def post(self, job: Job) -> None:
        """Have `job` called, which must not raise."""
        with self._guard:
            self._jobs.append(job)
            if self.is_busy:
                return
            self.is_busy = True
        self._pool.post(self._work)

    def _work(self) -> Tell | None:
        tell = None
        job = self._next()
        while job is not None:
            if tell is not None:
                tell()
            tell = job()
            job = self._next()  # before the caller can see that it is not busy any more
        return tell

    def _next(self) -> Job | None:
        with self._guard:
            self.is_busy = bool(self._jobs)
            return self._jobs.popleft() if self._jobs else None
