"""Values kept from run to run, by name, in the file `.ruff_kv.json` of the current folder.

The functions block in a plain function and suspend in an async context.
"""

from __future__ import annotations

import threading
from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.threads import in_thread
from hocket.stdlib import json
from hocket.stdlib.files import read_file, write_file

FILE = ".ruff_kv.json"

# What is there is read, changed and written: not by two threads at once.
_lock = threading.Lock()


def _read() -> dict[str, Any]:
    try:
        held = json.decode(read_file(FILE))
    except errors.FileNotFound:
        return {}
    except errors.ParseError as error:
        raise errors.ParseError(f"'{FILE}' is damaged: {error.message}") from None
    if not isinstance(held, dict):
        raise errors.ParseError(f"'{FILE}' is damaged: it holds no dict")
    return held


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("expected a string")
    return key


def _set(key: str, value: Any) -> bool:
    with _lock:
        held = _read()
        held[key] = value
        return write_file(FILE, json.encode(held, indent=2), True)


async def _async_set(key: str, value: Any) -> bool:
    json.encode(value)
    return await in_thread(_set, _name(key), value)


@builtin(suspending=_async_set)
def kv_set(key: str, value: Any) -> bool:
    """Keep `value`, which must be one of JSON's, under `key`; true.

    ```
    kv_set("visits", 3)
    print(kv_get("visits") + 1)  # expect: 4
    ```
    """
    return _set(_name(key), value)


def _get(key: str, default: Any) -> Any:
    with _lock:
        return _read().get(key, default)


async def _async_get(key: str, default: Any = None) -> Any:
    return await in_thread(_get, _name(key), default)


@builtin(suspending=_async_get)
def kv_get(key: str, default: Any = None) -> Any:
    """Return what is kept under `key`, else `default`.

    ```
    print(kv_get("nothing"), kv_get("nothing", 0))  # expect: null 0
    ```
    """
    return _get(_name(key), default)
