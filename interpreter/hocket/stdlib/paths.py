"""Paths: their parts, and what is there.

What is asked of the system blocks in a plain function and suspends in an async context.
"""

from __future__ import annotations

import os

from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.stdlib import disk
from hocket.stdlib.disk import path_text
from hocket.stdlib.files import file_errors


@builtin(aliases=("path_join",))
def join_path(*parts: str) -> str:
    """Return one path of all parts.

    ```
    print(join_path("data", "in", "a.csv"))  # expect: data/in/a.csv
    ```
    """
    return os.path.join("", *parts)


def _trimmed(path: str) -> str:
    """Return `path` without the slashes at its end."""
    trimmed = path_text(path).rstrip(os.sep + (os.altsep or ""))
    return trimmed or path[:1]


@builtin
def dirname(path: str) -> str:
    """Return the folder that what is at `path` is in; `""` for a name alone.

    ```
    print(dirname("data/in/a.csv"), dirname("data/in/"))  # expect: data/in data
    ```
    """
    return os.path.dirname(_trimmed(path))


@builtin
def basename(path: str) -> str:
    """Return the last part of `path`.

    ```
    print(basename("data/in/a.csv"), basename("data/in/"))  # expect: a.csv in
    ```
    """
    return os.path.basename(_trimmed(path))


@builtin
def path_extension(path: str) -> str:
    """Return what follows the last dot of the name, `""` if there is none.

    ```
    print(path_extension("a.tar.gz"), "[${path_extension(".bashrc")}]")  # expect: gz []
    ```
    """
    return os.path.splitext(path_text(path))[1].removeprefix(".")


@builtin
def path_absolute(path: str) -> str:
    """Return `path` from the root of the file system, without `.` and `..`.

    ```
    print(path_absolute("a/../b") == join_path(os_getcwd(), "b"))  # expect: true
    ```
    """
    with file_errors("make absolute", path):
        return os.path.abspath(path_text(path))


async def _async_is_dir(path: str) -> bool:
    return await in_thread(disk.is_folder, path)


@builtin(suspending=_async_is_dir)
def path_is_dir(path: str) -> bool:
    """Return whether there is a folder at `path`.

    ```
    print(path_is_dir("."), path_is_file("."), path_is_dir("nowhere"))  # expect: true false false
    ```
    """
    return disk.is_folder(path)


async def _async_is_file(path: str) -> bool:
    return await in_thread(disk.is_file, path)


@builtin(suspending=_async_is_file)
def path_is_file(path: str) -> bool:
    """Return whether there is a file at `path`, links followed.

    ```
    write_file("a.txt", "")
    print(path_is_file("a.txt"), path_is_file("."))  # expect: true false
    ```
    """
    return disk.is_file(path)


async def _async_is_symlink(path: str) -> bool:
    return await in_thread(disk.is_link, path)


@builtin(suspending=_async_is_symlink)
def path_is_symlink(path: str) -> bool:
    """Return whether there is a symbolic link at `path`.

    ```
    print(path_is_symlink("."))  # expect: false
    ```
    """
    return disk.is_link(path)


@builtin
def os_getcwd() -> str:
    """Return the current folder, which paths that do not begin at the root begin at.

    ```
    print(path_is_dir(os_getcwd()))  # expect: true
    ```
    """
    with file_errors("find the current directory", "."):
        return os.getcwd()


@builtin
def os_chdir(path: str) -> bool:
    """Make the folder at `path` the current one, for the whole process; true.

    ```
    create_dir("sub")
    os_chdir("sub")
    print(basename(os_getcwd()))  # expect: sub
    os_chdir("..")
    ```
    """
    with file_errors("change to directory", path):
        disk.enter(path)
    return True
