"""Whole files, put in place at once.

The content is written beside the place and moved there, so that whoever reads the file finds one whole content or
another.  What is no regular file, such as a pipe or a device, is written where it is.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import re
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from hocket.runtime.work import Wait, Work, waiting
from hocket.stdlib.disk import open_file, writable
from hocket.stdlib.raw import PIECE

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

T = TypeVar("T")
Piece = bytes | memoryview | Wait | None
"""A part of a content, or what its work yields."""

_parts: set[Path] = set()


class Wanted:
    """Something that is done in a thread for whoever waits for it."""

    def __init__(self) -> None:
        self.is_wanted = True
        self._guard = threading.Lock()

    def withdraw(self) -> None:
        """Nobody wants it any more: it has no effect from now on."""
        with self._guard:
            self.is_wanted = False

    async def waiting(self, work: Work[T]) -> T:
        """Return what `work` makes of it; withdrawn by a cancellation."""
        try:
            return await waiting(work)
        except BaseException:
            self.withdraw()
            raise


class Replacement(Wanted):
    """A content on its way to `path`; it refuses a file that is there unless it `overwrites`.

    Withdrawn, it never gets there any more.
    """

    def __init__(self, path: str, overwrites: bool = True) -> None:
        super().__init__()
        self.path = path
        self.overwrites = overwrites

    def put(self, pieces: Iterable[Piece]) -> Work[bool]:
        """Write `pieces`, and put them in place; raises OSError."""
        target = Path(os.path.realpath(writable(self.path)))  # a link stays a link
        mode = self.mode_of(target)
        if mode is not None and not stat.S_ISREG(mode):
            with (yield from open_file(self.path, "wb")) as file:
                for piece in pieces:
                    yield from file.put(piece) if isinstance(piece, bytes | memoryview) else (piece,)
            return True
        part = target.with_name(f".{uuid4().hex}.partial")  # as `is_part` knows it
        _parts.add(part)
        try:
            yield from self.write(part, pieces, mode)
            with self._guard:
                if self.is_wanted:
                    self.move(part, target)
        finally:
            part.unlink(missing_ok=True)
            _parts.discard(part)
        return True

    def mode_of(self, target: Path) -> int | None:
        """Return the mode of what is at `target`, None if there is nothing; raises OSError if it is to stay."""
        try:
            mode = os.stat(target).st_mode
        except FileNotFoundError:
            return None
        if not self.overwrites:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return mode

    def write(self, part: Path, pieces: Iterable[Piece], mode: int | None) -> Work[None]:
        """Make the file `part`, with the permissions of the one that it replaces."""
        permissions = 0o666 if mode is None else stat.S_IMODE(mode)
        with open(os.open(part, FLAGS, permissions), "wb") as file:
            if mode is not None:
                os.chmod(part, permissions)
            for piece in pieces:
                if not self.is_wanted:
                    return
                if isinstance(piece, bytes | memoryview):
                    file.write(piece)
                else:
                    yield piece

    def move(self, part: Path, target: Path) -> None:
        """Give `part` the name of `target`."""
        if not self.overwrites:
            # A link is made only where nothing is: two writers cannot both succeed.
            with contextlib.suppress(PermissionError, NotImplementedError, AttributeError):
                os.link(part, target)
                return
        os.replace(part, target)


def pieces_of(content: bytes) -> Iterator[memoryview]:
    """Yield `content` in pieces."""
    view = memoryview(content)
    for start in range(0, len(view), PIECE):
        yield view[start : start + PIECE]


def is_part(name: str) -> bool:
    """Whether `name` is that of a file which is on its way to its place."""
    return re.fullmatch(r"\.[0-9a-f]{32}\.partial", name) is not None


@atexit.register
def _remove_parts() -> None:
    """Remove what threads are still writing that nobody waits for: the end of the process does not either."""
    for part in list(_parts):
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
