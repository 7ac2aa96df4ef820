"""Files.

A whole file is read or written in one thread hop, a pipe as it comes.  A written file is
whole or not there: it is made beside its place and then moved.  Errors carry `path` and `reason`.
The plain forms block in a plain function and suspend in an async context.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from hocket import errors
from hocket.runtime.promises import promise_all
from hocket.runtime.registry import builtin
from hocket.runtime.tasks import AsyncFunction
from hocket.runtime.values import type_name
from hocket.runtime.work import Work, at_once, waiting
from hocket.stdlib import disk
from hocket.stdlib.collections import elements
from hocket.stdlib.replacing import Replacement, pieces_of
from hocket.stdlib.tasks import fan_out_limit
from hocket.stdlib.text import lines


@contextlib.contextmanager
def file_errors(doing: str, path: str) -> Iterator[None]:
    """Raise the system's errors as the language's: `Failed to read file 'p': …`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        number = f" (os error {error.errno})" if error.errno is not None else ""
        raise _type_of(error)(f"Failed to {doing} '{path}': {reason}{number}", path=path, reason=reason) from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        reason = f"invalid UTF-8 at byte {error.start} (0x{byte:02x})"
        raise errors.FileError(f"Failed to {doing} '{path}': {reason}", path=path, reason=reason) from error
    except UnicodeEncodeError as error:
        reason = f"half of a surrogate pair (U+{ord(error.object[error.start]):04X}) cannot be encoded"
        raise errors.FileError(f"Failed to {doing} '{path}': {reason}", path=path, reason=reason) from error
    except ValueError as error:  # the only other one is for NUL
        reason = "a path cannot hold the character NUL"
        raise errors.FileError(f"Failed to {doing} '{path}': {reason}", path=path, reason=reason) from error


def _type_of(error: OSError) -> type[errors.FileError]:
    if isinstance(error, FileNotFoundError):
        return errors.FileNotFound
    return errors.PermissionDenied if isinstance(error, PermissionError) else errors.FileError


def _read(path: str) -> Work[str]:
    with file_errors("read file", path):
        return (yield from _read_raw(path)).decode("utf-8")


def _read_raw(path: str) -> Work[bytes]:
    with (yield from disk.open_file(path, "rb")) as file:
        return (yield from file.content())


def read_bytes(path: str) -> Work[bytes]:
    """Read the file at `path`; raises FileError."""
    with file_errors("read file", path):
        return (yield from _read_raw(path))


def _write(new: Replacement, content: bytes) -> Work[bool]:
    with file_errors("write file", new.path):
        return (yield from new.put(pieces_of(content)))


def _encode(text: str) -> bytes:
    return str.encode(text, "utf-8")


def _write_text(new: Replacement, text: str) -> Work[bool]:
    with file_errors("write file", new.path):
        content = _encode(text)
    try:
        return (yield from _write(new, content))
    except errors.FileError as error:
        if isinstance(error.__cause__, FileExistsError):
            error.hint = "write_file(path, text, true) replaces it"
        raise


async def _async_write_text(path: str, text: str, overwrite: bool = True) -> bool:
    new = Replacement(path, overwrite)
    return await new.waiting(_write_text(new, text))


def _append(path: str, text: str) -> Work[bool]:
    with file_errors("append to file", path):
        yield from append(path, _encode(text))
    return True


def append(path: str, content: bytes) -> Work[None]:
    """Write `content` to the end of the file at `path`; raises OSError."""
    with (yield from disk.open_file(path, "ab")) as file:
        yield from file.put(content)


@builtin
async def async_read_file(path: str) -> str:
    """Return the text of the file at `path`.

    Raises FileNotFound, PermissionDenied, or FileError when it is not UTF-8.

    ```
    try { await async_read_file("nowhere.txt") } except FileNotFound e { print(e.path) }  # expect: nowhere.txt
    ```
    """
    return await waiting(_read(path))


@builtin(suspending=async_read_file)
def read_file(path: str) -> str:
    r"""Return the text of the file at `path`.

    Raises FileNotFound, PermissionDenied, or FileError when it is not UTF-8.

    ```
    write_file("a.txt", "one\ntwo")
    print(read_file("a.txt").lines())  # expect: [one, two]
    ```
    """
    return at_once(_read(path))


def _read_lossy(path: str) -> Work[str]:
    with file_errors("read file", path):
        return (yield from _read_raw(path)).decode("utf-8", "replace")


async def _async_read_lossy(path: str) -> str:
    return await waiting(_read_lossy(path))


@builtin(suspending=_async_read_lossy)
def read_file_lossy(path: str) -> str:
    """Return the text of the file at `path`, with `\ufffd` for what is not UTF-8.

    Raises FileNotFound or PermissionDenied.

    ```
    write_binary_file("a.txt", bytes([97, 255]))
    print(read_file_lossy("a.txt"))  # expect: a�
    ```
    """
    return at_once(_read_lossy(path))


async def _async_read_lines(path: str) -> list[str]:
    return lines(await waiting(_read(path)))


@builtin(suspending=_async_read_lines)
def read_lines(path: str) -> list[str]:
    r"""Return the lines of the file at `path` without their ends.

    ```
    write_file("a.txt", "one\ntwo\n")
    print(read_lines("a.txt"))  # expect: [one, two]
    ```
    """
    return lines(at_once(_read(path)))


@builtin
async def async_read_bytes(path: str) -> bytes:
    """Return the bytes of the file at `path`.

    ```
    write_file("a.txt", "é")
    print(await async_read_bytes("a.txt"))  # expect: bytes[195, 169]
    ```
    """
    return await waiting(read_bytes(path))


@builtin(suspending=async_read_bytes)
def read_binary_file(path: str) -> bytes:
    """Return the bytes of the file at `path`.

    ```
    write_file("a.txt", "é")
    print(read_binary_file("a.txt"))  # expect: bytes[195, 169]
    ```
    """
    return at_once(read_bytes(path))


@builtin
async def async_write_file(path: str, text: str) -> bool:
    """Write `text` to the file at `path`, in place of what is there, whole or not at all; true.

    ```
    await async_write_file("note.txt", "kept")
    print(await async_read_file("note.txt"))  # expect: kept
    delete_file("note.txt")
    ```
    """
    return await _async_write_text(path, text)


async def _async_write_new(path: str, text: str, overwrite: bool = False) -> bool:
    return await _async_write_text(path, text, overwrite)


@builtin(suspending=_async_write_new)
def write_file(path: str, text: str, overwrite: bool = False) -> bool:
    """Write `text` to a new file at `path`, whole or not at all; true.

    Raises FileError when there is a file already, unless `overwrite` is true.

    ```
    print(write_file("a.txt", "new"))  # expect: true
    write_file("a.txt", "newer", true)
    print(read_file("a.txt"))         # expect: newer
    write_file("a.txt", "newest")     # error: Failed to write file 'a.txt': File exists
    ```
    """
    return at_once(_write_text(Replacement(path, overwrite), text))


@builtin
async def async_write_bytes(path: str, content: bytes) -> bool:
    """Write `content` to the file at `path`, in place of what is there, whole or not at all; true.

    ```
    await async_write_bytes("a.bin", bytes([1, 2]))
    print(read_binary_file("a.bin"))  # expect: bytes[1, 2]
    ```
    """
    new = Replacement(path)
    return await new.waiting(_write(new, memoryview(content).tobytes()))


@builtin(suspending=async_write_bytes)
def write_binary_file(path: str, content: bytes) -> bool:
    """Write `content` to the file at `path`, in place of what is there, whole or not at all; true.

    ```
    write_binary_file("a.bin", bytes([1, 2]))
    print(read_binary_file("a.bin"))  # expect: bytes[1, 2]
    ```
    """
    return at_once(_write(Replacement(path), memoryview(content).tobytes()))


@builtin
async def async_append_file(path: str, text: str) -> bool:
    """Write `text` to the end of the file at `path`, which is made if it is not there; true.

    ```
    await async_append_file("log.txt", "a")
    await async_append_file("log.txt", "b")
    print(read_file("log.txt"))  # expect: ab
    ```
    """
    return await waiting(_append(path, text))


@builtin(suspending=async_append_file)
def append_file(path: str, text: str) -> bool:
    """Write `text` to the end of the file at `path`, which is made if it is not there; true.

    ```
    append_file("log.txt", "a")
    append_file("log.txt", "b")
    print(read_file("log.txt"))  # expect: ab
    ```
    """
    return at_once(_append(path, text))


@builtin
async def async_read_files(paths: list[str], limit: int | None = None) -> list[str]:
    """Return the texts of the files at `paths`, in order, reading at most `limit` at a time.

    The first failure is raised; its field `index` says which path it is.

    ```
    write_file("a.txt", "A")
    try { await async_read_files(["a.txt", "none.txt"]) } except FileNotFound e { print(e.index) }  # expect: 1
    print(await async_read_files(["a.txt", "a.txt"]))                                              # expect: [A, A]
    ```
    """
    paths = _strings("async_read_files", "paths", paths)
    return await _each("async_read_files", [partial(async_read_file, path) for path in paths], limit)


@builtin
async def async_write_files(paths: list[str], texts: list[str], limit: int | None = None) -> list[bool]:
    """Write each text to the path at the same place, at most `limit` at a time, as `async_write_file` does.

    The first failure is raised; its field `index` says which path it is.

    ```
    print(await async_write_files(["a.txt", "b.txt"], ["A", "B"]))  # expect: [true, true]
    print(read_file("b.txt"))                                         # expect: B
    ```
    """
    paths = _strings("async_write_files", "paths", paths)
    texts = _strings("async_write_files", "texts", texts)
    if len(paths) != len(texts):
        raise errors.ValueError(f"async_write_files() expects as many texts as paths, got {len(texts)}, {len(paths)}")
    pairs = zip(paths, texts, strict=True)
    return await _each("async_write_files", [partial(_async_write_text, *pair) for pair in pairs], limit)


def _strings(name: str, parameter: str, values: list[str]) -> list[str]:
    """Return `values` as an array; raises TypeError unless all are strings."""
    values = elements(values)
    for value in values:
        if not isinstance(value, str):
            raise errors.TypeError(f"{name}() expects only strings in {parameter}, got {type_name(value)}")
    return values


async def _each(name: str, actions: list[Callable[[], Awaitable[Any]]], limit: int | None) -> list[Any]:
    """Run each action; a failure gets its index."""

    def indexed(index: int, action: Callable[[], Awaitable[Any]]) -> Any:
        async def one() -> Any:
            try:
                return await action()
            except errors.Error as error:
                error.fields["index"] = index
                raise

        return AsyncFunction(one, name)

    calls = [indexed(index, action) for index, action in enumerate(actions)]
    results: list[Any] = await promise_all(calls, fan_out_limit(name, limit))
    return results
