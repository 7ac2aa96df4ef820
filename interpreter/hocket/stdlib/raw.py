"""Files as the system has them.

A file that cannot be gone back in, such as a pipe or a terminal, is a stream: it may have to be waited for.  Where
the system tells when it can go on, nothing blocks there, neither opening nor reading nor writing, and it is waited
for on the event loop.  Elsewhere it blocks, in a thread.
"""

from __future__ import annotations

import asyncio
import io
import select
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hocket.runtime.work import Work

# Elsewhere nothing tells reliably that the last writer of a pipe has gone, or that none has come yet.
TELLS = sys.platform == "linux"

PIECE = 1 << 20
"""Bytes that are read at once from a file; what a pipe holds is less."""

HELD = 1 << 16

Opener = Callable[[str, int], int]

READ, WRITE = (select.POLLIN, select.POLLOUT) if TELLS else (1, 4)


class FileFuture(asyncio.Future[None]):
    """What a task that waits for a file is parked on."""

    described = "a file"


class RawFile(io.FileIO):
    """A file without a buffer, for bytes."""

    def __init__(self, place: str, mode: str, opener: Opener) -> None:
        super().__init__(place, mode, opener=opener)
        self.is_stream = not self.seekable()
        self.waits = TELLS and self.is_stream
        # What wakes those who wait for it, and what is to be written.
        self.wakers: set[Callable[[], None]] = set()
        self.leaving: deque[memoryview] = deque()

    def take(self, n: int) -> Work[bytes]:
        """Read what is there, at most `n` bytes; none at the end."""
        while True:
            # A pipe that has had no writer yet reads as if it had ended, but is not ready.
            if self.waits:
                yield Ready(self, READ)
            piece = self.read(min(n, HELD) if self.waits else n)
            if piece is not None:
                return piece
            self.waits = True

    def content(self, n: int | None = None) -> Work[bytes]:
        """Read `n` bytes, or all; fewer at the end."""
        if n is None and not self.waits:
            return self.readall() or b""
        pieces: list[bytes] = []
        while (n is None or n > 0) and (piece := (yield from self.take(PIECE if n is None else min(n, PIECE)))):
            pieces.append(piece)
            n = None if n is None else n - len(piece)
        if len(pieces) > 1:
            yield None
        return b"".join(pieces)

    def put(self, content: bytes | memoryview) -> Work[None]:
        """Write all of `content`, behind what else is to be written.

        Of work that is given up the rest is left, for who writes next.
        """
        self.leaving.append(memoryview(content))
        try:
            while self.leaving:
                left = self.leaving[0]
                done = self.write(left)
                if done == len(left):
                    self.leaving.popleft()
                    continue
                self.leaving[0] = left[done or 0 :]
                if done is None or self.waits:
                    yield Ready(self, WRITE)
        except Exception:
            self.leaving.clear()
            raise

    def close(self) -> None:
        """Close it; who waits goes on, and finds it closed."""
        for wake in list(self.wakers):
            wake()
        super().close()


@dataclass(frozen=True, slots=True)
class Ready:
    """The wait until a file can be read, or written; on the loop, of one at a time for each."""

    file: RawFile
    direction: int

    def block(self) -> None:
        """Wait, and let nothing else run in this thread."""
        poll = select.poll()
        poll.register(self.file, self.direction)
        poll.poll()

    async def suspend(self) -> None:
        """Wait, on the event loop."""
        loop = asyncio.get_running_loop()
        is_reading = self.direction == READ
        future, fd = FileFuture(loop=loop), self.file.fileno()

        def wake() -> None:
            self.file.wakers.discard(wake)
            if not loop.is_closed():
                (loop.remove_reader if is_reading else loop.remove_writer)(fd)
            if not future.done():
                future.set_result(None)

        try:
            (loop.add_reader if is_reading else loop.add_writer)(fd, wake)
        except (NotImplementedError, PermissionError):  # not on this loop, or not for this file
            await loop.run_in_executor(None, self.block)
            return
        self.file.wakers.add(wake)
        try:
            await future
        finally:
            if wake in self.file.wakers:
                wake()
