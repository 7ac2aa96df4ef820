"""The door to the file system: what the library does with files goes through here, and is allowed or not.

Nothing else in the library calls the system about a path; a test sees to it.  A function takes a path as the program
gives it, raises PermissionDenied before anything is touched, TypeError for what is no text (a number would name an
open file), and OSError.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Generic, TypeVar

from hocket.permissions import Permissions
from hocket.runtime.current import permissions
from hocket.runtime.work import Work
from hocket.stdlib.raw import TELLS, FileFuture, RawFile

File = TypeVar("File", bound=RawFile)


def path_text(path: str) -> str:
    """Return `path`; raises Python's TypeError for anything but text."""
    if not isinstance(path, str):
        raise TypeError("expected a string")
    return path


def readable(path: str) -> str:
    """Return the path to read from for `path`."""
    return _checked(Permissions.place, "read", path)


def writable(path: str) -> str:
    """Return the path to write to for `path`."""
    return _checked(Permissions.place, "write", path)


def _checked(place: Callable[[Permissions, str, str], str], kind: str, path: str) -> str:
    path_text(path)
    allowed = permissions()
    return path if allowed.everything else place(allowed, kind, path)


def usable(path: str, mode: str) -> str:
    """Return the path to use for `path`, opened in one of Python's modes."""
    place = readable(path) if "r" in mode or "+" in mode else ""
    return writable(path) if "r" not in mode or "+" in mode else place


class Opening(Generic[File]):
    """The wait for somebody to read a pipe that is to be written: as nothing tells of it, opening is tried again."""

    def __init__(self, attempt: Callable[[], File]) -> None:
        self.attempt = attempt
        self.pause = 0.0005
        self.file: File | None = None
        self.error: OSError | None = None

    def is_over(self) -> bool:
        """Try to open it; whether that has had an outcome."""
        try:
            self.file = self.attempt()
        except OSError as error:
            self.error = error
            if error.errno == errno.ENXIO:
                with contextlib.suppress(OSError):
                    return not stat.S_ISFIFO(os.stat(error.filename).st_mode)
                return False  # it has just gone: the next try tells
        return True

    def next_pause(self) -> float:
        """Return the seconds until the next try."""
        self.pause = min(2 * self.pause, 0.008)
        return self.pause

    def outcome(self) -> File:
        """Return the file, or raise why there is none."""
        try:
            if self.file is None:
                raise self.error or OSError
            return self.file
        finally:
            self.error = None  # an error that refers to its frame refers to itself

    def block(self) -> None:
        """Wait, and let nothing else run in this thread."""
        while not self.is_over():
            time.sleep(self.next_pause())

    async def suspend(self) -> None:
        """Wait, on the event loop."""
        loop = asyncio.get_running_loop()
        opened = FileFuture(loop=loop)

        def again() -> None:
            if opened.done():
                return
            if self.is_over():
                opened.set_result(None)
            else:
                loop.call_later(self.next_pause(), again)

        again()
        try:
            await opened
        except BaseException:
            if self.file is not None:
                self.file.close()
            raise


# What is there


def open_file(path: str, mode: str) -> Work[RawFile]:
    """Open for bytes, as Python does; who writes to a pipe waits until somebody reads it."""
    return open_as(path, mode, RawFile)


def open_as(path: str, mode: str, kind: Callable[..., File]) -> Work[File]:
    """Open as `open_file` does, as a `kind` of file."""
    opening = Opening(partial(kind, usable(path, mode), mode, opener=_opened))
    if not opening.is_over():
        yield opening
    return opening.outcome()


def _opened(place: str, flags: int) -> int:
    return os.open(place, flags | (os.O_NONBLOCK if TELLS else 0), 0o666)


def status(path: str) -> os.stat_result:
    """Return what the system says of what is at `path`, links followed."""
    return os.stat(readable(path))


def exists(path: str) -> bool:
    """Whether there is anything at `path`."""
    return os.path.exists(readable(path))


def is_folder(path: str) -> bool:
    """Whether there is a folder at `path`."""
    return os.path.isdir(readable(path))


def is_file(path: str) -> bool:
    """Whether there is a file at `path`, links followed."""
    return os.path.isfile(readable(path))


def is_link(path: str) -> bool:
    """Whether there is a symbolic link at `path`."""
    return os.path.islink(_checked(Permissions.entry, "read", path))


def is_same(path: str, to: str) -> bool:
    """Whether what is read at `path` and what is written at `to` is one file."""
    target = writable(to)
    return os.path.exists(target) and os.path.samefile(readable(path), target)


def names(folder: str) -> list[str]:
    """Return the names in a folder."""
    return os.listdir(readable(folder))


def walk(folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what is in a folder and in those inside, links not followed; with its path as `folder` begins it."""
    folders = [(path_text(folder), _checked(Permissions.tree, "read", folder))]
    while folders:
        path, place = folders.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    inside = os.path.join(path, entry.name)
                    yield inside, entry
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((inside, entry.path))
        except OSError:
            continue  # it has gone meanwhile, or nobody may look into it


# What is changed


def delete(path: str) -> None:
    """Remove a file, or a link."""
    os.unlink(_checked(Permissions.entry, "write", path))


def move(path: str, to: str) -> None:
    """Give what is at `path`, a folder with all that is in it, another place; what is there is replaced."""
    path_text(path)
    path_text(to)
    _checked(Permissions.tree, "read", path)
    place = _checked(Permissions.tree, "write", path)
    os.replace(place, _checked(Permissions.tree, "write", to))


def make_folders(path: str) -> None:
    """Make a folder, and those it is in, if they are not there."""
    place = above = writable(path)
    allowed = permissions()
    if not allowed.everything:
        while not os.path.exists(above := os.path.dirname(above)):
            allowed.check_path("write", above, allowed.shown(above))
    os.makedirs(place, exist_ok=True)


def remove_folder(path: str) -> None:
    """Remove an empty folder."""
    os.rmdir(_checked(Permissions.entry, "write", path))


def enter(folder: str) -> None:
    """Make a folder the current one."""
    os.chdir(readable(folder))
