"""The shared store: values by name that every task of the process sees.

One store for the process, so sessions in it share it too. Each function is done in one
step: no other task or thread comes between.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.values import type_name

_store: dict[str, Any] = {}
_guard = Lock()


def _name(key: str) -> str:
    """Return `key`; raises Python's TypeError for anything but text."""
    if not isinstance(key, str):
        raise TypeError("expected a string")
    return key


def _held(key: str) -> Any:
    if _name(key) not in _store:
        raise errors.KeyError(f'Missing shared key: "{key}"', hint="shared_has(key) tells whether it is there")
    return _store[key]


@builtin
def shared_set(key: str, value: Any) -> bool:
    """Keep `value` in the shared store as `key`, in place of what is there; true.

    ```
    shared_set("jobs.limit", 8)
    print(shared_get("jobs.limit"))  # expect: 8
    ```
    """
    with _guard:
        _store[_name(key)] = value
    return True


@builtin
def shared_get(key: str) -> Any:
    """Return what the shared store keeps as `key`.

    Raises KeyError when there is nothing.

    ```
    shared_set("answer", 42)
    print(shared_get("answer"))  # expect: 42
    shared_get("question")       # error: Missing shared key: "question"
    ```
    """
    with _guard:
        return _held(key)


@builtin
def shared_has(key: str) -> bool:
    """Return whether the shared store keeps something as `key`.

    ```
    shared_set("here", 1)
    print(shared_has("here"), shared_has("there"))  # expect: true false
    ```
    """
    with _guard:
        return _name(key) in _store


@builtin
def shared_delete(key: str) -> bool:
    """Take `key` out of the shared store; whether it was there.

    ```
    shared_set("old", 1)
    print(shared_delete("old"), shared_delete("old"))  # expect: true false
    ```
    """
    with _guard:
        there = _name(key) in _store
        _store.pop(key, None)
        return there


@builtin
def shared_add_int(key: str, delta: int) -> int:
    """Add `delta` to the int that the shared store keeps as `key`, and return the sum.

    Raises KeyError when there is nothing, TypeError when it is no int.

    ```
    shared_set("hits", 0)
    async func hit(n) { return shared_add_int("hits", n) }
    await promise_all([hit(1), hit(2), hit(3)])
    print(shared_get("hits"))  # expect: 6
    ```
    """
    if not isinstance(delta, int) or isinstance(delta, bool):
        raise TypeError("expected an int")
    with _guard:
        held = _held(key)
        if not isinstance(held, int) or isinstance(held, bool):
            raise errors.TypeError(f'shared_add_int() expects an int in "{key}", got {type_name(held)}')
        _store[key] = held + delta
        return held + delta
