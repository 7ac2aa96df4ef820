"""Dicts.

Called as functions these leave their arguments alone.  The methods that change a dict are
in `hocket.stdlib.methods`.
"""

from __future__ import annotations

from typing import Any

from hocket.runtime.display import sorted_keys
from hocket.runtime.registry import builtin
from hocket.runtime.values import print_text
from hocket.stdlib.collections import holds


@builtin
def keys(d: dict[Any, Any]) -> list[Any]:
    """Return the keys of `d` in order, `[]` for what is no dict. `d.keys()` has them as they were put in.

    ```
    print(keys({b: 1, a: 2}), {b: 1, a: 2}.keys())  # expect: [a, b] [b, a]
    ```
    """
    return sorted_keys(d) if isinstance(d, dict) else []


@builtin
def values(d: dict[Any, Any]) -> list[Any]:
    """Return the values of `d` in the order of their keys, `[]` for what is no dict.

    ```
    print(values({b: 1, a: 2}))  # expect: [2, 1]
    ```
    """
    return [d[key] for key in keys(d)]


@builtin
def items(d: dict[Any, Any]) -> list[Any]:
    """Return `[key, value]` pairs in the order of the keys, `[]` for what is no dict.

    ```
    print(items({"b": 2, "a": 1}), {"b": 2, "a": 1}.items())  # expect: [[a, 1], [b, 2]] [[b, 2], [a, 1]]
    ```
    """
    return [[key, d[key]] for key in keys(d)]


@builtin
def has_key(d: dict[Any, Any], key: Any) -> int:
    """Return 1 if `d` has `key`, else 0; the method gives a bool.

    ```
    print(has_key({a: 1}, "a"), has_key({a: 1}, "b"))  # expect: 1 0
    ```
    """
    if not isinstance(d, dict):
        raise TypeError("expected a dict")
    return int(holds(d, key))


@builtin
def get(d: dict[Any, Any], key: Any, default: Any = None) -> Any:
    """Return the value for `key`, `default` if there is none.

    ```
    print(get({a: 1}, "a"), get({a: 1}, "b"), get({a: 1}, "b", 0))  # expect: 1 null 0
    ```
    """
    return dict.get(d, key, default)


@builtin
def get_default(d: dict[Any, Any], key: Any, default: Any) -> Any:
    """Return the value for `key`, `default` if there is none.

    ```
    print(get_default({a: 1}, "b", 0))  # expect: 0
    ```
    """
    return dict.get(d, key, default)


@builtin(aliases=("update",))
def merge(a: dict[Any, Any], b: dict[Any, Any]) -> dict[Any, Any]:
    """Return a new dict with the entries of both; `b` wins. The method `a.update(b)` changes `a`.

    ```
    print(merge({"a": 1, "b": 1}, {"b": 2}))  # expect: {"a": 1, "b": 2}
    ```
    """
    return {**a, **b}


@builtin
def invert(d: dict[Any, Any]) -> dict[Any, Any]:
    """Return a dict from the values of `d`, as text unless they are ints, to its keys.

    ```
    print(invert({a: "x", b: "y"}))  # expect: {"x": a, "y": b}
    ```
    """
    return {value if isinstance(value, str | int) else print_text(value): key for key, value in dict.items(d)}
