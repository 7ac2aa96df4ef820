"""Errors made by hand, and assertions."""

from __future__ import annotations

from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.values import equal, print_text, show
from hocket.stdlib.collections import contains


@builtin
def error(message: Any) -> errors.Error:
    """Return an error with `message`, to be thrown.

    ```
    try { throw error("boom") } except e { print(e.message) }  # expect: boom
    ```
    """
    return errors.Error(print_text(message))


@builtin
def assert_(condition: Any, message: Any = None) -> bool:
    """Return true if `condition` holds.

    Raises AssertionError with `message` otherwise.

    ```
    assert(1 + 1 == 2)
    assert(1 > 2, "no")  # error: no
    ```
    """
    if condition:
        return True
    raise errors.AssertionError("Assertion failed" if message is None else print_text(message))


@builtin
def assert_equal(a: Any, b: Any) -> bool:
    """Return true if `a == b`.

    Raises AssertionError with both otherwise.

    ```
    assert_equal([1, 2.0], [1.0, 2])
    assert_equal("1", 1)  # error: Assertion failed: expected "1" to equal 1
    ```
    """
    if equal(a, b):
        return True
    failure = errors.AssertionError(f"Assertion failed: expected {show(a)} to equal {show(b)}")
    failure.compared = a, b
    raise failure


@builtin
def assert_true(x: Any) -> bool:
    """Return true if `x` is `true`; raises AssertionError otherwise.

    ```
    assert_true(1 < 2)
    assert_true(1)  # error: Assertion failed: expected true, got 1
    ```
    """
    if x is True:
        return True
    raise errors.AssertionError(f"Assertion failed: expected true, got {show(x)}")


@builtin
def assert_false(x: Any) -> bool:
    """Return true if `x` is `false`; raises AssertionError otherwise.

    ```
    assert_false(1 > 2)
    assert_false(null)  # error: Assertion failed: expected false, got null
    ```
    """
    if x is False:
        return True
    raise errors.AssertionError(f"Assertion failed: expected false, got {show(x)}")


@builtin
def assert_contains(collection: str | list[Any] | dict[Any, Any], x: Any) -> bool:
    """Return true if `collection` holds `x`: a substring, an element, a key.

    Raises AssertionError otherwise.

    ```
    assert_contains([1, 2], 2)
    assert_contains("abc", "z")  # error: Assertion failed: expected "abc" to contain "z"
    ```
    """
    if contains(collection, x):
        return True
    raise errors.AssertionError(f"Assertion failed: expected {show(collection)} to contain {show(x)}")
