"""The process that a program runs in."""

from __future__ import annotations

import os
from typing import NoReturn

from hocket import errors
from hocket.runtime.current import CELL, current_scheduler, permissions
from hocket.runtime.registry import builtin
from hocket.stdlib.core import parse_float, parse_int

arguments: list[str] = []
"""What the program was started with; set by the command that runs it."""


@builtin
def args() -> list[str]:
    """Return the arguments that `hocket run FILE …` was given after the file.

    ```
    print(args())  # expect: []
    ```
    """
    return list(arguments)


@builtin
def exit_(code: int = 0) -> NoReturn:
    """End the program with the exit code `code`, 0 to 255; in a notebook, end the cell.

    All tasks of the program, or of the cell, are cancelled; `finally` blocks run, for five seconds at most.

    ```
    try { exit(0) } finally { print("cleaned up") }  # expect: cleaned up
    print("never")
    ```
    """
    if not isinstance(code, int) or isinstance(code, bool):
        raise TypeError("expected an int")
    if not 0 <= code <= 255:
        raise errors.ValueError(f"exit() expects a code from 0 to 255, got {code}")
    task = current_scheduler().current
    raise (CELL.get(current_scheduler().background) if task is None else task.cell).exit(code)


def _variable(name: str) -> str | None:
    """Return an environment variable; raises Python's TypeError for a name that is no text."""
    if not isinstance(name, str):
        raise TypeError("expected a string")
    permissions().variable(name)
    try:
        return os.environ.get(name)
    except UnicodeEncodeError:  # what cannot be a name is none
        return None


def _needed(name: str) -> str:
    text = _variable(name)
    if text is None:
        raise errors.KeyError(f"Environment variable '{name}' is not set")
    return text


def _unlike(name: str, text: str, kind: str) -> errors.ParseError:
    return errors.ParseError(f"Cannot parse environment variable '{name}' as {kind}: '{text}'")


@builtin
def env(name: str) -> str:
    """Return the environment variable `name`, `""` if it is not set.

    ```
    env_set("GREETING", "hello")
    print(env("GREETING"), env_or("NOWHERE_SET", "default"))  # expect: hello default
    ```
    """
    return _variable(name) or ""


@builtin
def env_or(name: str, default: str) -> str:
    """Return the environment variable `name`, `default` if it is not set.

    ```
    print(env_or("NOWHERE_SET", "default"))  # expect: default
    ```
    """
    text = _variable(name)
    return default if text is None else text


@builtin
def env_required(name: str) -> str:
    """Return the environment variable `name`.

    Raises KeyError when it is not set.

    ```
    env_required("NOWHERE_SET")  # error: Environment variable 'NOWHERE_SET' is not set
    ```
    """
    return _needed(name)


@builtin
def env_int(name: str) -> int:
    """Return the environment variable `name` as an int.

    Raises KeyError when it is not set, ParseError when it is none.

    ```
    env_set("HOCKET_PORT", "8080")
    print(env_int("HOCKET_PORT") + 1)  # expect: 8081
    ```
    """
    text = _needed(name)
    try:
        return parse_int(text)
    except errors.ParseError:
        raise _unlike(name, text, "integer") from None


@builtin
def env_float(name: str) -> float:
    """Return the environment variable `name` as a float.

    Raises KeyError when it is not set, ParseError when it is none.

    ```
    env_set("HOCKET_RATIO", "1.5")
    print(env_float("HOCKET_RATIO") * 2)  # expect: 3
    ```
    """
    text = _needed(name)
    try:
        return parse_float(text)
    except errors.ParseError:
        raise _unlike(name, text, "float") from None


_BOOLS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@builtin
def env_bool(name: str) -> bool:
    """Return the environment variable `name` as a bool: `true 1 yes on` or `false 0 no off`, in any case.

    Raises KeyError when it is not set, ParseError when it is none of these.

    ```
    env_set("HOCKET_FLAG", "Yes")
    print(env_bool("HOCKET_FLAG"))  # expect: true
    ```
    """
    text = _needed(name)
    known = _BOOLS.get(text.strip().lower())
    if known is None:
        raise _unlike(name, text, "bool")
    return known


@builtin
def env_set(name: str, value: str) -> bool:
    """Set the environment variable `name` for this process and those it starts; true.

    ```
    print(env_set("HOCKET_NAME", "Ada"), env("HOCKET_NAME"))  # expect: true Ada
    ```
    """
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError("expected strings")
    permissions().variable(name, "setting")
    try:
        os.environ[name] = value
    except (ValueError, OSError):
        hint = "a name is not empty and holds no `=`; neither name nor value holds NUL"
        raise errors.ValueError(f"env_set() cannot set '{name}'", hint=hint) from None
    return True


@builtin(aliases=("env_list",))
def os_environ() -> dict[str, str]:
    """Return a dict of all environment variables; changing it changes nothing else.

    ```
    env_set("HOCKET_NAME", "Ada")
    print(os_environ().HOCKET_NAME)  # expect: Ada
    ```
    """
    permissions().variable()
    return dict(os.environ)
