"""ZIP archives.

An archive is put in place as a whole when it is closed, and each file that is taken out of one likewise.  What takes a
while is done in threads: in an async context the functions suspend, in a plain function they block.
"""

from __future__ import annotations

import asyncio
import os
import posixpath
import stat
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.per_session import PerSession
from hocket.runtime.registry import builtin, method
from hocket.runtime.stops import Cancelled
from hocket.runtime.threads import posted
from hocket.runtime.values import name_type
from hocket.runtime.work import Work, at_once
from hocket.stdlib import disk
from hocket.stdlib.blocks import InOrder
from hocket.stdlib.files import file_errors
from hocket.stdlib.raw import PIECE, RawFile
from hocket.stdlib.replacing import Piece, Replacement, Wanted, is_part

if TYPE_CHECKING:
    import zipfile

MAX_SIZE = 1_000_000_000


def _failure(doing: str, path: str, reason: str, hint: str | None = None) -> errors.FileError:
    return errors.FileError(f"Failed to {doing} '{path}': {reason}", hint=hint, path=path, reason=reason)


def flaw(name: str) -> str | None:
    """Return what is wrong with a name in an archive, so that it might lead out of a folder; None if nothing is."""
    parts = name.split("/")
    if not name or "\0" in name or "\\" in name or name.startswith("/") or ":" in parts[0]:
        return "is no path within a folder"
    return "leads out of the folder" if ".." in parts else None


# Making


class Sink:
    """What an archive is written to: pieces, for whoever takes them."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()

    def write(self, data: Any) -> int:
        """Take a piece."""
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: the pieces are taken when they are asked for."""


class ZipArchive:
    """An archive that is being made."""

    members: ClassVar[frozenset[str]] = frozenset({"path", "closed"})

    def __init__(self, path: str) -> None:
        self.path = disk.path_text(path)
        self.closed = False
        self.sink = Sink()
        self.is_whole = False
        self.order = InOrder(current_scheduler().executor)
        self.new = Replacement(path)
        self.writing = self.new.put(self.pieces())
        _open().add(self)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<zip '{self.path}'{' closed' if self.closed else ''}>"

    def pieces(self) -> Iterator[Piece]:
        """Yield what is written, and None where there is no more yet."""
        while True:
            while self.sink.pieces:
                yield self.sink.pieces.popleft()
            if self.is_whole:
                return
            yield None

    def push(self) -> None:
        """Write all that the sink has; an archive that cannot be written is lost."""
        try:
            with file_errors("write file", self.path):
                for wait in self.writing:
                    if wait is None:
                        return
                    wait.block()
        except errors.Error:
            self.closed = True
            raise

    # What is done in order, in a thread

    def open(self) -> ZipArchive:
        """Begin."""
        import zipfile

        self.zip = zipfile.ZipFile(self.sink, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
        self.push()
        return self

    def add_file(self, path: str, name: str | None) -> bool:
        """Add the file at `path`."""
        self.check(path)
        name = os.path.basename(path) if name is None else name
        with file_errors("add file", path):
            found = disk.status(path)
            if not stat.S_ISREG(found.st_mode):
                raise _failure("add file", path, "it is no regular file")
            with at_once(disk.open_file(path, "rb")) as file:
                self.store(self.entry(path, name, found), file)
        return True

    def add_folder(self, path: str, name: str | None) -> int:
        """Add what is in the folder at `path`; return the number of files."""
        self.check(path)
        top = os.path.basename(os.path.abspath(path)) if name is None else name
        count = 0
        with file_errors("add folder", path):
            disk.names(path)
            found = sorted((inside, entry.is_dir(follow_symlinks=False)) for inside, entry in disk.walk(path))
        for inside, is_folder in found:
            named = posixpath.join(top, os.path.relpath(inside, path).replace(os.sep, "/"))
            if is_folder:
                with file_errors("add folder", inside):
                    self.store(self.entry(inside, f"{named}/", disk.status(inside)), None)
            elif disk.is_file(inside) and not is_part(os.path.basename(inside)) and not disk.is_same(inside, self.path):
                self.add_file(inside, named)
                count += 1
        return count

    def entry(self, path: str, name: str, found: os.stat_result) -> zipfile.ZipInfo:
        """Return what the archive says of a file; raises FileError for a name that it cannot have."""
        from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

        wrong = "is in the archive already" if name in self.zip.NameToInfo else flaw(name)
        if wrong is not None:
            raise _failure("add", path, f"the name '{name}' {wrong}")
        changed = time.localtime(found.st_mtime)[:6]
        info = ZipInfo(name, min(max(changed, (1980, 1, 1, 0, 0, 0)), (2107, 12, 31, 23, 59, 58)))
        info.compress_type = ZIP_STORED if name.endswith("/") else ZIP_DEFLATED
        info.external_attr = (found.st_mode & 0xFFFF) << 16 | (0x10 if name.endswith("/") else 0)
        info.file_size = found.st_size
        return info

    def store(self, info: zipfile.ZipInfo, file: RawFile | None) -> None:
        """Write a file into the archive; one that cannot be read to its end is not listed there."""
        try:
            with self.zip.open(info, "w") as entry:
                while file is not None and (piece := at_once(file.take(PIECE))):
                    entry.write(piece)
                    self.push()
            self.push()
        except BaseException:
            if self.zip.NameToInfo.pop(info.filename, None) is not None:
                self.zip.filelist.remove(info)
            raise

    def close(self) -> bool:
        """Put the archive in its place."""
        if not self.closed:
            self.closed = True
            self.zip.close()
            self.is_whole = True
            self.push()
        return True

    def drop(self) -> None:
        """Leave nothing of the archive."""
        self.closed = True
        self.writing.close()

    def check(self, path: str) -> None:
        """Raise FileError if it is closed."""
        disk.path_text(path)
        if self.closed:
            raise _failure("add", path, f"the archive '{self.path}' is closed")

    # Doing it

    def now(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call `function` when it is its turn; the thread that calls waits."""
        if not self.order.is_busy:
            return function(*args)
        return self.order.submit(copy_context().run, function, *args).result()

    async def soon(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call `function` when it is its turn; the task waits."""
        return await posted(self.order.post, function, *args)

    async def finish(self) -> bool:
        """Close, in a thread; not when that is cancelled before the archive is in its place."""
        try:
            return bool(await self.soon(self.close))
        except BaseException:
            self.new.withdraw()
            raise

    def __del__(self) -> None:
        if hasattr(self, "writing"):
            self.writing.close()

    # Held by a `with`: put in place at its end, unless that is an error

    def __enter__(self) -> ZipArchive:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        self.now(self.close if error is None else self.drop)

    async def __aenter__(self) -> ZipArchive:
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            await self.finish()
        elif isinstance(error, Cancelled):
            self.order.submit(self.drop)
        else:
            await self.soon(self.drop)


async def _drop_all(archives: WeakSet[ZipArchive]) -> None:
    for archive in list(archives):
        await asyncio.wrap_future(archive.order.submit(archive.drop))


_open: PerSession[WeakSet[ZipArchive]] = PerSession(WeakSet, _drop_all)

name_type(ZipArchive, "ziparchive")


def _is(archive: Any) -> ZipArchive:
    if not isinstance(archive, ZipArchive):
        raise TypeError
    return archive


async def _async_create(path: str) -> ZipArchive:
    archive = ZipArchive(path)
    try:
        await archive.soon(archive.open)
    except BaseException:
        archive.order.submit(archive.drop)
        raise
    return archive


@builtin(suspending=_async_create)
def zip_create(path: str) -> ZipArchive:
    """Begin a ZIP archive, which replaces what is at `path` when it is closed: whole, or not at all.

    `with` closes it, and leaves nothing of it if its block fails; one that is not closed by the end of the session is
    left out, too. Raises FileError. Tasks that add to one archive take turns.

    ```
    write_file("a.txt", "A")
    with zip_create("all.zip") as archive { zip_add_file(archive, "a.txt") }
    print(unzip("all.zip", "out"), read_file("out/a.txt"))  # expect: [out/a.txt] A
    ```
    """
    archive = ZipArchive(path)
    archive.now(archive.open)
    return archive


async def _async_add_file(archive: ZipArchive, path: str, name: str | None = None) -> bool:
    return bool(await _is(archive).soon(archive.add_file, path, _named(name)))


@builtin(suspending=_async_add_file)
def zip_add_file(archive: ZipArchive, path: str, name: str | None = None) -> bool:
    """Add the file at `path`; in the archive it has its own name, without its folder, or is called `name`; true.

    Raises FileNotFound, PermissionDenied, or FileError when it cannot be read, for a name that is there already or
    leads elsewhere, and when the archive is closed. A file that is being added is added as a whole, or not at all.

    ```
    create_dir("docs")
    write_file("docs/a.txt", "A")
    with zip_create("a.zip") as archive {
        zip_add_file(archive, "docs/a.txt")
        zip_add_file(archive, "docs/a.txt", "more/b.txt")
    }
    print(unzip("a.zip", "out"))  # expect: [out/a.txt, out/more/b.txt]
    ```
    """
    return bool(_is(archive).now(archive.add_file, path, _named(name)))


async def _async_add_dir(archive: ZipArchive, path: str, name: str | None = None) -> int:
    return int(await _is(archive).soon(archive.add_folder, path, _named(name)))


@builtin(suspending=_async_add_dir)
def zip_add_dir(archive: ZipArchive, path: str, name: str | None = None) -> int:
    """Add the folder at `path` with all that is in it, under its own name or `name`; return the number of files.

    With the name `""` its files are at the top. A link to a file is added as the file, one to a folder is left out.

    ```
    create_dir("docs/in")
    write_file("docs/in/a.txt", "A")
    with zip_create("a.zip") as archive { print(zip_add_dir(archive, "docs"), zip_add_dir(archive, "docs", "")) }
    # expect: 1 1
    print(unzip("a.zip", "out"))  # expect: [out/docs/in/a.txt, out/in/a.txt]
    ```
    """
    return int(_is(archive).now(archive.add_folder, path, _named(name)))


def _named(name: str | None) -> str | None:
    if not isinstance(name, str | None):
        raise TypeError
    return name


async def _async_close(archive: ZipArchive) -> bool:
    return await _is(archive).finish()


@builtin(suspending=_async_close)
def zip_close(archive: ZipArchive) -> bool:
    """Put the archive in its place; true. Again is fine.

    ```
    let archive := zip_create("a.zip")
    print(file_exists("a.zip"), zip_close(archive), file_exists("a.zip"))  # expect: false true true
    zip_add_file(archive, "a.zip")  # error: Failed to add 'a.zip': the archive 'a.zip' is closed
    ```
    """
    return bool(_is(archive).now(archive.close))


@method(ZipArchive, suspending=_async_close)
def close(archive: ZipArchive) -> bool:
    """Put the archive in its place, as `zip_close` does.

    ```
    let archive := zip_create("a.zip")
    archive.close()
    print(archive.closed, unzip("a.zip", "out"))  # expect: true []
    ```
    """
    return zip_close(archive)


# Taking out


class Unzipping(Wanted):
    """Files on their way out of an archive."""

    def __init__(self, path: str, folder: str, max_size: int) -> None:
        super().__init__()
        if not isinstance(max_size, int) or isinstance(max_size, bool):
            raise TypeError
        self.path = disk.path_text(path)
        self.folder = disk.path_text(folder)
        self.max_size = max_size
        self.new: Replacement | None = None

    def withdraw(self) -> None:
        """Put no further file in its place."""
        super().withdraw()
        if self.new is not None:
            self.new.withdraw()

    def work(self) -> Work[list[str]]:
        """Take all files out; return their paths."""
        import zipfile

        with self.reading(), (yield from disk.open_file(self.path, "rb")) as file:
            yield None
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                self.look_at(entries)
                places = []
                for entry in entries:
                    place = os.path.join("" if self.folder == "." else self.folder, posixpath.normpath(entry.filename))
                    self.check(entry.filename, place)
                    with file_errors("write file", place):
                        disk.make_folders(place if entry.is_dir() else os.path.dirname(place) or os.curdir)
                    if not entry.is_dir():
                        yield from self.put(archive, entry, place)
                        places.append(place)
        return places

    def put(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str) -> Work[None]:
        """Put a file in its place."""
        self.new = Replacement(place)
        if not self.is_wanted:
            self.new.withdraw()
        with file_errors("write file", place):
            yield from self.new.put(self.content(archive, entry))

    def content(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Piece]:
        """Yield what is in a file."""
        with self.reading(entry.filename), archive.open(entry) as file:
            while piece := file.read(PIECE):
                yield None
                yield piece

    def look_at(self, entries: list[zipfile.ZipInfo]) -> None:
        """Raise FileError for what is not to be taken out: before anything is."""
        size = sum(entry.file_size for entry in entries)
        if size > self.max_size:
            raise self.failure(f"its files have {size} bytes, more than {self.max_size}", "`max_size` allows more")
        seen = set()
        for entry in entries:
            wrong = flaw(entry.orig_filename.replace(os.sep, "/"))
            if wrong is None and stat.S_ISLNK(entry.external_attr >> 16):
                wrong = "is a link"
            if wrong is None and entry.flag_bits & 1:
                wrong = "is encrypted"
            if wrong is None and posixpath.normpath(entry.filename) in seen:
                wrong = "is there twice"
            if wrong is not None:
                raise self.failure(f"'{entry.orig_filename}' in it {wrong}")
            seen.add(posixpath.normpath(entry.filename))

    def check(self, name: str, place: str) -> None:
        """Raise FileError if a link, which was there before, leads out of the folder."""
        top = os.path.realpath(self.folder)
        if os.path.commonpath([top, os.path.realpath(place)]) != top:
            raise self.failure(f"'{name}' in it leads out of the folder, by a link that is there")

    def failure(self, reason: str, hint: str | None = None) -> errors.FileError:
        """Return an error of the archive."""
        return _failure("unzip", self.path, reason, hint)

    @contextmanager
    def reading(self, name: str | None = None) -> Iterator[None]:
        """Raise what the archive is not as a FileError."""
        import lzma
        import zipfile

        what = "it is no ZIP archive" if name is None else f"'{name}' in it is damaged"
        try:
            with file_errors("unzip", self.path):
                yield
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise self.failure(what) from error
        except NotImplementedError as error:
            what = "it" if name is None else f"'{name}' in it"
            raise self.failure(f"{what} is compressed in an unknown way") from error


async def _async_unzip(path: str, folder: str = ".", max_size: int = MAX_SIZE) -> list[str]:
    unzipping = Unzipping(path, folder, max_size)
    return await unzipping.waiting(unzipping.work())


@builtin(suspending=_async_unzip)
def unzip(path: str, folder: str = ".", max_size: int = MAX_SIZE) -> list[str]:
    """Take all files out of the ZIP archive at `path`, into `folder`; return their paths.

    Each is whole or not there, and replaces what is at its place. Raises FileError for what is no archive or is
    damaged; before anything is written, when a name leads out of the folder or is a link, and when the files have more
    than `max_size` bytes together.

    ```
    write_file("a.txt", "A")
    with zip_create("a.zip") as archive { archive.zip_add_file("a.txt", "b.txt") }
    print(unzip("a.zip"), read_file("b.txt"))  # expect: [b.txt] A
    unzip("a.zip", "out", 0)                 # error: Failed to unzip 'a.zip': its files have 1 bytes, more than 0
    ```
    """
    return at_once(Unzipping(path, folder, max_size).work())
