"""Results and options: `Ok(value)`, `Err(error)`, `Some(value)` and `None`.

They are values to be taken apart by `match`, passed on by `?`, or asked by methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocket.runtime.enums import ERR, NONE, OK, SOME, EnumValue, Option, Result, fails, failure
from hocket.runtime.registry import constant, method

constant("Ok", OK)
constant("Err", ERR)
constant("Some", SOME)
constant("None", NONE)


@method(Result)
def is_ok(r: Result) -> bool:
    """Return whether it is an `Ok`.

    ```
    print(Ok(1).is_ok(), Err("no").is_ok())  # expect: true false
    ```
    """
    return r.variant is OK


@method(Result)
def is_err(r: Result) -> bool:
    """Return whether it is an `Err`.

    ```
    print(Err("no").is_err(), Ok(1).is_err())  # expect: true false
    ```
    """
    return r.variant is ERR


@method(Option)
def is_some(o: Option) -> bool:
    """Return whether it is a `Some`.

    ```
    print(Some(null).is_some(), None.is_some())  # expect: true false
    ```
    """
    return o.variant is SOME


@method(Option)
def is_none(o: Option) -> bool:
    """Return whether it is `None`.

    ```
    print(None.is_none(), Some(1).is_none())  # expect: true false
    ```
    """
    return o is NONE


@method(Result, Option)
def unwrap(r: EnumValue) -> Any:
    """Return what an `Ok` or `Some` holds.

    Raises the error of an `Err`, and ValueError for `None`.

    ```
    print(Ok(1).unwrap())                                             # expect: 1
    try { Err("too late").unwrap() } except e { print(e.message) }    # expect: too late
    try { None.unwrap() } except ValueError e { print(e.message) }    # expect: there is no value: it is None
    ```
    """
    if fails(r):
        raise failure(r)
    return r.values[0]


@method(Result, Option)
def unwrap_or(r: EnumValue, default: Any) -> Any:
    """Return what an `Ok` or `Some` holds, else `default`.

    ```
    print(Some(1).unwrap_or(0), None.unwrap_or(0), Err("no").unwrap_or(0))  # expect: 1 0 0
    ```
    """
    return default if fails(r) else r.values[0]


@method(Result, Option)
def map_(r: EnumValue, f: Callable[[Any], Any]) -> EnumValue:
    """Return an `Ok` or `Some` of `f(value)`; an `Err` and `None` stay what they are.

    ```
    print(Ok(2).map(n => n * 10), Err("no").map(n => n * 10), None.map(to_string))  # expect: Ok(20) Err(no) None
    ```
    """
    return r if fails(r) else r.variant(f(r.values[0]))
