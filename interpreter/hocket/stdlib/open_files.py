"""Open files: read, written and gone through a part at a time."""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakSet

from hocket import errors
from hocket.runtime.per_session import PerSession
from hocket.runtime.registry import builtin, method
from hocket.runtime.values import type_name
from hocket.runtime.work import at_once, waiting
from hocket.stdlib.disk import path_text
from hocket.stdlib.opened import Chunks, File, Steps

BUFFER = 512 * 1024

_MODES = {kind + more for kind in "rwax" for more in ("", "+", "t", "+t", "t+")}


async def _close_all(files: WeakSet[File]) -> None:
    for file in list(files):
        await file.waiting(file.close())


_open_files: PerSession[WeakSet[File]] = PerSession(WeakSet, _close_all)


def _register(file: File) -> File:
    """Have `file` closed with the session."""
    _open_files().add(file)
    return file


def _file(path: str, mode: str, buffer: int) -> File:
    """Return a file that is to be opened; raises ValueError for a mode or a size that is none."""
    path_text(path)
    if not isinstance(mode, str):
        raise TypeError("expected a string")
    if mode.replace("b", "t", 1) not in _MODES:
        hint = "r, w, a or x, and perhaps b for bytes, and + for both reading and writing"
        raise errors.ValueError(f'open_file() expects a mode such as "r", "w", "a" or "rb", got "{mode}"', hint=hint)
    if _count("open_file", "buffer", buffer) < 1:
        raise errors.ValueError(f"open_file() expects a positive buffer, got {buffer}")
    return File(path, mode, buffer)


def _count(name: str, parameter: str, n: Any) -> int:
    """Return `n` if it is a number of characters or bytes."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise errors.TypeError(f"{name}() expects an int as {parameter}, got {type_name(n)}")
    if n < 0:
        raise errors.ValueError(f"{name}() expects a non-negative {parameter}, got {n}")
    return n


def _place(place: Any) -> int:
    """Return `place` if a file can have it."""
    if _count("seek", "place", place) > sys.maxsize:
        raise errors.ValueError(f"seek() expects a place of at most {sys.maxsize}, got {place}")
    return int(place)


async def _async_open(path: str, mode: str = "r", buffer: int = BUFFER) -> File:
    file = _file(path, mode, buffer)
    try:
        await waiting(file.open())
    except BaseException:
        file.closed = True
        file.drop()
        raise
    return _register(file)


@builtin(suspending=_async_open)
def open_file(path: str, mode: str = "r", buffer: int = BUFFER) -> File:
    r"""Open the file at `path`; modes are Python's: `r w a x`, with `b` for bytes and `+` for both directions.

    `for await line in open_file(path)` goes through the lines of a text, without their ends, or through
    blocks of bytes, and closes the file. So does `with open_file(path) as f { … }`. About `buffer`
    bytes are read at a time, and as many ahead, or kept until they are written.

    ```
    with open_file("a.txt", "w") as f { f.write("one\ntwo\n") }
    for await line in open_file("a.txt") { print(line) }
    # expect: one
    # expect: two
    open_file("a.txt", "q")  # error: open_file() expects a mode such as "r", "w", "a" or "rb", got "q"
    ```
    """
    file = _file(path, mode, buffer)
    at_once(file.open())
    return _register(file)


async def _async_read(file: File, n: int | None = None) -> Any:
    return await file.waiting(file.read(n if n is None else _count("read", "n", n)))


@method(File, suspending=_async_read)
def read(file: File, n: int | None = None) -> Any:
    """Return the next `n` characters or bytes, all that is left without `n`; fewer, or none, at the end.

    ```
    write_file("a.txt", "héllo")
    with open_file("a.txt") as f { print(f.read(2), f.read(), f.read() == "") }  # expect: hé llo true
    ```
    """
    return file.now(file.read(n if n is None else _count("read", "n", n)))


async def _async_read_line(file: File) -> Any:
    return await file.waiting(file.read_line())


@method(File, suspending=_async_read_line)
def read_line(file: File) -> Any:
    r"""Return the next line without its end, null at the end of the file.

    ```
    write_file("a.txt", "one\r\ntwo")
    with open_file("a.txt") as f { print(f.read_line(), f.read_line(), f.read_line()) }  # expect: one two null
    ```
    """
    return file.now(file.read_line())


@method(File)
def chunks(file: File, n: int = BUFFER) -> Chunks:
    """Return a stream of what is left, in parts of `n` characters or bytes; the last may be shorter.

    ```
    write_file("a.txt", "hello")
    for await part in open_file("a.txt").chunks(2) { print(part) }
    # expect: he
    # expect: ll
    # expect: o
    ```
    """
    if _count("chunks", "n", n) < 1:
        raise errors.ValueError("chunks() expects a positive n, got 0")
    return Chunks(file, n)


async def _async_write(file: File, content: Any) -> int:
    return await file.waiting(file.write(content))


@method(File, suspending=_async_write)
def write(file: File, content: Any) -> int:
    """Write text, or bytes in a mode with `b`; return how many characters or bytes.

    It is in the file when the buffer is full, and after `flush` or `close`.

    ```
    with open_file("a.txt", "w") as f { print(f.write("hé"), f.write("llo")) }  # expect: 2 3
    print(read_file("a.txt"))                                              # expect: héllo
    ```
    """
    return file.now(file.write(content))


def _flush(file: File) -> Steps[None]:
    file.check("write", "wax+")
    yield from file.flush()


async def _async_flush(file: File) -> None:
    await file.waiting(_flush(file))


@method(File, suspending=_async_flush)
def flush(file: File) -> None:
    """Put what was written into the file.

    ```
    let f := open_file("log.txt", "a")
    f.write("begun")
    f.flush()
    print(read_file("log.txt"))  # expect: begun
    f.close()
    ```
    """
    file.now(_flush(file))


async def _async_tell(file: File) -> int:
    return await file.waiting(file.tell())


@method(File, suspending=_async_tell)
def tell(file: File) -> int:
    """Return the place in the file, in bytes from its start, at which reading or writing goes on.

    ```
    write_file("a.txt", "hé\u006clo")
    with open_file("a.txt") as f { print(f.read(2), f.tell()) }  # expect: hé 3
    ```
    """
    return file.now(file.tell())


async def _async_seek(file: File, place: int) -> None:
    await file.waiting(file.go_to(_place(place)))


@method(File, suspending=_async_seek)
def seek(file: File, place: int) -> None:
    """Go on reading or writing at the byte `place`, counted from the start.

    ```
    write_file("a.txt", "hello")
    with open_file("a.txt") as f {
        f.seek(3)
        print(f.read())  # expect: lo
    }
    ```
    """
    file.now(file.go_to(_place(place)))


async def _async_close(file: File) -> None:
    await file.waiting(file.close())


@method(File, suspending=_async_close)
def close(file: File) -> None:
    """Write what is to be written, and close the file; again is fine.

    ```
    let f := open_file("a.txt", "w")
    f.close()
    f.close()
    f.write("late")  # error: Failed to write file 'a.txt': the file is closed
    ```
    """
    file.now(file.close())
