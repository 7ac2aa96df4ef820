"""Parts of files, as bytes.

A part begins at an offset from the start, counted in bytes from 0.  What is changed in a file
is changed in place.  The functions block in a plain function and suspend in an async context.
"""

from __future__ import annotations

import stat
from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.runtime.work import Work, at_once, waiting
from hocket.stdlib import disk
from hocket.stdlib.files import append, async_write_bytes, file_errors, write_binary_file
from hocket.stdlib.raw import PIECE


def _number(name: str, parameter: str, value: Any) -> int:
    """Return `value`, a number of bytes."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected an int")
    if value < 0:
        raise errors.ValueError(f"{name}() expects a non-negative {parameter}, got {value}")
    return value


def _read(name: str, path: str, offset: int, count: int | None) -> Work[bytes]:
    _number(name, "offset", offset)
    if count is not None:
        _number(name, "count", count)
    with file_errors("read file", path), (yield from disk.open_file(path, "rb")) as file:
        if offset:
            file.seek(offset)
        return (yield from file.content(count))


async def _async_read_bytes(path: str, count: int | None = None) -> bytes:
    return await waiting(_read("io_read_bytes", path, 0, count))


@builtin(suspending=_async_read_bytes)
def io_read_bytes(path: str, count: int | None = None) -> bytes:
    """Return the bytes of the file at `path`, the first `count` of them if that is given.

    ```
    io_write_bytes("data.bin", bytes([1, 2, 3]))
    print(io_read_bytes("data.bin"), io_read_bytes("data.bin", 2))  # expect: bytes[1, 2, 3] bytes[1, 2]
    ```
    """
    return at_once(_read("io_read_bytes", path, 0, count))


async def _async_read_at(path: str, offset: int, count: int) -> bytes:
    return await waiting(_read("io_read_at", path, offset, count))


@builtin(suspending=_async_read_at)
def io_read_at(path: str, offset: int, count: int) -> bytes:
    """Return `count` bytes from `offset` on; fewer where the file ends.

    ```
    io_write_bytes("data.bin", bytes([1, 2, 3]))
    print(io_read_at("data.bin", 1, 5), io_read_at("data.bin", 9, 1))  # expect: bytes[2, 3] bytes[]
    ```
    """
    return at_once(_read("io_read_at", path, offset, count))


async def _async_seek_read(path: str, offset: int) -> bytes:
    return await waiting(_read("io_seek_read", path, offset, None))


@builtin(suspending=_async_seek_read)
def io_seek_read(path: str, offset: int) -> bytes:
    """Return all bytes from `offset` on.

    ```
    io_write_bytes("data.bin", bytes([1, 2, 3]))
    print(io_seek_read("data.bin", 1))  # expect: bytes[2, 3]
    ```
    """
    return at_once(_read("io_seek_read", path, offset, None))


async def _async_write_bytes(path: str, content: bytes) -> bool:
    return await async_write_bytes(path, memoryview(content).tobytes())


@builtin(suspending=_async_write_bytes)
def io_write_bytes(path: str, content: bytes) -> bool:
    """Write `content` to the file at `path`, in place of what is there, whole or not at all; true.

    ```
    io_write_bytes("data.bin", bytes([1, 2]))
    print(file_size("data.bin"))  # expect: 2
    ```
    """
    return write_binary_file(path, memoryview(content).tobytes())


def _append(path: str, content: bytes) -> Work[bool]:
    content = memoryview(content).tobytes()
    with file_errors("append to file", path):
        yield from append(path, content)
    return True


async def _async_append_bytes(path: str, content: bytes) -> bool:
    return await waiting(_append(path, content))


@builtin(suspending=_async_append_bytes)
def io_append_bytes(path: str, content: bytes) -> bool:
    """Write `content` to the end of the file at `path`, which is made if it is not there; true.

    ```
    io_append_bytes("data.bin", bytes([1]))
    io_append_bytes("data.bin", bytes([2]))
    print(io_read_bytes("data.bin"))  # expect: bytes[1, 2]
    ```
    """
    return at_once(_append(path, content))


def _write_at(path: str, content: bytes, offset: int) -> Work[bool]:
    content = memoryview(content).tobytes()
    _number("io_write_at", "offset", offset)
    with file_errors("write file", path), (yield from disk.open_file(path, "r+b")) as file:
        file.seek(offset)
        yield from file.put(content)
    return True


async def _async_write_at(path: str, content: bytes, offset: int) -> bool:
    return await waiting(_write_at(path, content, offset))


@builtin(suspending=_async_write_at)
def io_write_at(path: str, content: bytes, offset: int) -> bool:
    """Write `content` over what the file at `path` holds from `offset` on; true.

    Past the end the file grows, with zeros between.

    ```
    io_write_bytes("data.bin", bytes([1, 2, 3]))
    io_write_at("data.bin", bytes([9]), 1)
    io_write_at("data.bin", bytes([9]), 4)
    print(io_read_bytes("data.bin"))  # expect: bytes[1, 9, 3, 0, 9]
    ```
    """
    return at_once(_write_at(path, content, offset))


def _truncate(path: str, size: int) -> Work[bool]:
    _number("io_truncate", "size", size)
    with file_errors("write file", path), (yield from disk.open_file(path, "r+b")) as file:
        file.truncate(size)
    return True


async def _async_truncate(path: str, size: int) -> bool:
    return await waiting(_truncate(path, size))


@builtin(suspending=_async_truncate)
def io_truncate(path: str, size: int) -> bool:
    """Make the file at `path` `size` bytes long: cut its end off, or fill it up with zeros; true.

    ```
    io_write_bytes("data.bin", bytes([1, 2, 3]))
    io_truncate("data.bin", 2)
    print(io_read_bytes("data.bin"))  # expect: bytes[1, 2]
    ```
    """
    return at_once(_truncate(path, size))


def _copy_range(path: str, to: str, offset: int, count: int) -> Work[int]:
    _number("io_copy_range", "offset", offset)
    left = _number("io_copy_range", "count", count)
    with file_errors("read file", path), (yield from disk.open_file(path, "rb")) as source:
        if disk.is_same(path, to):
            raise errors.ValueError("io_copy_range() cannot copy a file to itself")
        if offset:
            source.seek(offset)
        with file_errors("write file", to), (yield from disk.open_file(to, "wb")) as target:
            while left and (piece := (yield from source.take(min(left, PIECE)))):
                yield None  # what follows is not for the loop
                yield from target.put(piece)
                left -= len(piece)
    return count - left


async def _async_copy_range(path: str, to: str, offset: int, count: int) -> int:
    return await waiting(_copy_range(path, to, offset, count))


@builtin(suspending=_async_copy_range)
def io_copy_range(path: str, to: str, offset: int, count: int) -> int:
    """Make `count` bytes from `offset` on of the file at `path` the content of the file at `to`.

    Returns how many there were.

    ```
    io_write_bytes("data.bin", bytes([1, 2, 3, 4]))
    print(io_copy_range("data.bin", "part.bin", 1, 2), io_read_bytes("part.bin"))  # expect: 2 bytes[2, 3]
    ```
    """
    return at_once(_copy_range(path, to, offset, count))


def _metadata(path: str) -> dict[str, Any]:
    with file_errors("read file", path):
        found = disk.status(path)
    return {
        "size": found.st_size,
        "is_file": stat.S_ISREG(found.st_mode),
        "is_dir": stat.S_ISDIR(found.st_mode),
        "is_symlink": disk.is_link(path),
        "readonly": not found.st_mode & stat.S_IWUSR,
        "modified": found.st_mtime,
        "accessed": found.st_atime,
    }


async def _async_metadata(path: str) -> dict[str, Any]:
    return await in_thread(_metadata, path)


@builtin(suspending=_async_metadata)
def io_file_metadata(path: str) -> dict[str, Any]:
    """Return `size is_file is_dir is_symlink readonly modified accessed` of what is at `path`, times in seconds.

    ```
    io_write_bytes("data.bin", bytes([1, 2]))
    let found := io_file_metadata("data.bin")
    print(found.size, found.is_file, found.is_dir, found.readonly)  # expect: 2 true false false
    ```
    """
    return _metadata(path)
