"""Files and folders: what is there, and where.

The plain forms block in a plain function and suspend in an async context.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from typing import Any

from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.runtime.work import Work, at_once
from hocket.stdlib import disk
from hocket.stdlib.files import file_errors
from hocket.stdlib.raw import PIECE
from hocket.stdlib.replacing import Piece, Replacement


@builtin
async def async_exists(path: str) -> bool:
    """Return whether there is a file or folder at `path`.

    ```
    print(await async_exists("."), await async_exists("none.txt"))  # expect: true false
    ```
    """
    return await in_thread(disk.exists, path)


@builtin(aliases=("path_exists",), suspending=async_exists)
def file_exists(path: str) -> bool:
    """Return whether there is a file or folder at `path`.

    ```
    print(file_exists("none.txt"), path_exists("."))  # expect: false true
    ```
    """
    return disk.exists(path)


def _size(path: str) -> int:
    with file_errors("read file", path):
        return disk.status(path).st_size


async def _async_size(path: str) -> int:
    return await in_thread(_size, path)


@builtin(suspending=_async_size)
def file_size(path: str) -> int:
    """Return the number of bytes of the file at `path`.

    ```
    write_file("a.txt", "é")
    print(file_size("a.txt"))  # expect: 2
    ```
    """
    return _size(path)


def _stat(path: str) -> dict[str, Any]:
    with file_errors("read file", path):
        found = disk.status(path)
    return {
        "size": found.st_size,
        "modified": found.st_mtime,
        "created": getattr(found, "st_birthtime", found.st_ctime),
        "is_file": stat.S_ISREG(found.st_mode),
        "is_dir": stat.S_ISDIR(found.st_mode),
    }


@builtin
async def async_stat(path: str) -> dict[str, Any]:
    """Return `{size, modified, created, is_file, is_dir}` of what is at `path`, a link followed; times in seconds.

    Where the system does not tell when it was created, `created` is when its name or permissions last changed.

    ```
    write_file("a.txt", "é")
    let found := await async_stat("a.txt")
    print(found.size, found.is_file, found.is_dir, found.modified > 0)  # expect: 2 true false true
    ```
    """
    return await in_thread(_stat, path)


@builtin(suspending=async_stat)
def file_stat(path: str) -> dict[str, Any]:
    """Return `{size, modified, created, is_file, is_dir}` of what is at `path`, as `async_stat` does.

    ```
    create_dir("d")
    print(file_stat("d").is_dir, file_stat("d").is_file)  # expect: true false
    ```
    """
    return _stat(path)


def _delete(path: str) -> bool:
    with file_errors("delete file", path):
        disk.delete(path)
    return True


@builtin
async def async_delete(path: str) -> bool:
    """Delete the file at `path`; true.

    ```
    write_file("a.txt", "")
    print(await async_delete("a.txt"), file_exists("a.txt"))  # expect: true false
    ```
    """
    return await in_thread(_delete, path)


@builtin(suspending=async_delete)
def delete_file(path: str) -> bool:
    """Delete the file at `path`; true.

    ```
    write_file("a.txt", "")
    print(delete_file("a.txt"), file_exists("a.txt"))  # expect: true false
    ```
    """
    return _delete(path)


def _move(new: Replacement, path: str) -> Work[bool]:
    with file_errors("rename file", path):
        try:
            disk.move(path, new.path)
            return True
        except OSError as error:
            if error.errno != errno.EXDEV or not disk.is_file(path):
                raise
    # To another file system: copied, and then deleted.
    yield from _copy(new, path)
    return _delete(path) if new.is_wanted else False


@builtin
async def async_move(path: str, to: str) -> bool:
    """Move the file at `path` to `to`, in place of what is there; true.

    ```
    write_file("a.txt", "A")
    await async_move("a.txt", "b.txt")
    print(list_dir("."))  # expect: [b.txt]
    ```
    """
    new = Replacement(to)
    return await new.waiting(_move(new, path))


@builtin(suspending=async_move)
def rename_file(path: str, to: str) -> bool:
    """Move the file at `path` to `to`, in place of what is there; true.

    ```
    write_file("a.txt", "A")
    rename_file("a.txt", "b.txt")
    print(list_dir("."))  # expect: [b.txt]
    ```
    """
    return at_once(_move(Replacement(to), path))


def _copy(new: Replacement, path: str) -> Work[bool]:
    with file_errors("read file", path):
        disk.readable(path)
    with file_errors("write file", new.path):
        return (yield from new.put(_content(path)))


def _content(path: str) -> Iterator[Piece]:
    with file_errors("read file", path), (yield from disk.open_file(path, "rb")) as file:
        while piece := (yield from file.take(PIECE)):
            yield None  # what follows is not for the loop
            yield piece


@builtin
async def async_copy(path: str, to: str) -> bool:
    """Copy the file at `path` to `to`, in place of what is there, whole or not at all; true.

    ```
    write_file("a.txt", "A")
    await async_copy("a.txt", "b.txt")
    print(list_dir("."))  # expect: [a.txt, b.txt]
    ```
    """
    new = Replacement(to)
    return await new.waiting(_copy(new, path))


@builtin(suspending=async_copy)
def copy_file(path: str, to: str) -> bool:
    """Copy the file at `path` to `to`, in place of what is there, whole or not at all; true.

    ```
    write_file("a.txt", "A")
    copy_file("a.txt", "b.txt")
    print(read_file("b.txt"))  # expect: A
    ```
    """
    return at_once(_copy(Replacement(to), path))


def _list(path: str) -> list[str]:
    with file_errors("list directory", path):
        return sorted(disk.names(path))


@builtin
async def async_list_dir(path: str) -> list[str]:
    """Return the names in the folder at `path`, in order.

    ```
    write_file("b.txt", "")
    write_file("a.txt", "")
    print(await async_list_dir("."))  # expect: [a.txt, b.txt]
    ```
    """
    return await in_thread(_list, path)


@builtin(suspending=async_list_dir)
def list_dir(path: str) -> list[str]:
    """Return the names in the folder at `path`, in order.

    ```
    write_file("b.txt", "")
    write_file("a.txt", "")
    print(list_dir("."))  # expect: [a.txt, b.txt]
    ```
    """
    return _list(path)


def _make_dir(path: str) -> bool:
    with file_errors("create directory", path):
        disk.make_folders(path)
    return True


@builtin
async def async_mkdir(path: str) -> bool:
    """Make the folder at `path`, and those it is in, if they are not there; true.

    ```
    await async_mkdir("in/here")
    print(path_is_dir("in/here"))  # expect: true
    ```
    """
    return await in_thread(_make_dir, path)


@builtin(suspending=async_mkdir)
def create_dir(path: str) -> bool:
    """Make the folder at `path`, and those it is in, if they are not there; true.

    ```
    print(create_dir("in/here"), create_dir("in"))  # expect: true true
    print(list_dir("in"))                          # expect: [here]
    ```
    """
    return _make_dir(path)


def _remove_dir(path: str) -> bool:
    with file_errors("remove directory", path):
        disk.remove_folder(path)
    return True


async def _async_remove_dir(path: str) -> bool:
    return await in_thread(_remove_dir, path)


@builtin(suspending=_async_remove_dir)
def os_rmdir(path: str) -> bool:
    """Remove the empty folder at `path`; true.

    ```
    create_dir("d")
    print(os_rmdir("d"), path_exists("d"))  # expect: true false
    ```
    """
    return _remove_dir(path)
