"""Output, input, types, conversions and copies.

`print` and the functions beside it write to the stream of the cell or program that
runs them.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Awaitable
from typing import Any, Protocol

from hocket import errors
from hocket.runtime.enums import EnumValue
from hocket.runtime.guests import python
from hocket.runtime.holds import unlimited
from hocket.runtime.queues import Queue, Stack
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin, method
from hocket.runtime.sets import Set
from hocket.runtime.structs import Struct, clone, values_of
from hocket.runtime.threads import in_thread
from hocket.runtime.values import number_text, print_text, show, type_name
from hocket.stdlib.collections import elements

MOST_DIGITS = 300_000
"""Digits of an int in a text: the time to read them grows with their square, and cannot be interrupted."""
_FUNCTION_TYPES = ("function", "asyncfunction")


@builtin(aliases=("println",))
def print_(*values: Any) -> None:
    """Write `values`, joined by a space, and a line end.

    ```
    print("total:", 2.0, [1, "a"], {"b": 1, "a": null})  # expect: total: 2 [1, a] {"a": null, "b": 1}
    ```
    """
    # One write: lines of several tasks and threads never mix.
    sys.stdout.write(" ".join(map(print_text, values)) + "\n")


@builtin
def eprint(*values: Any) -> None:
    """Write `values` as `print` does, to the error stream.

    ```
    eprint("to the error stream")
    print("to the output")  # expect: to the output
    ```
    """
    sys.stderr.write(" ".join(map(print_text, values)) + "\n")


@builtin
def debug(*values: Any) -> None:
    """Write `values` as source text, after `[DEBUG]`.

    ```
    debug("a", 1.0)  # expect: [DEBUG] "a" 1.0
    ```
    """
    sys.stdout.write(" ".join(["[DEBUG]", *map(show, values)]) + "\n")


def _read_line(prompt: str) -> str:
    sys.stdout.write(prompt)
    sys.stdout.flush()
    return sys.stdin.readline()


class LineSource(Protocol):
    """Where `input` gets its lines in a host without a standard input."""

    def read(self, prompt: str) -> str:
        """Return a line; block until there is one."""

    def ask(self, prompt: str) -> Awaitable[str]:
        """Return a Python awaitable for a line."""


line_source: LineSource | None = None
"""Asked for lines instead of standard input, if set."""


@unlimited
async def _input(prompt: str = "") -> str:
    line = await (in_thread(_read_line, prompt) if line_source is None else python(line_source.ask(prompt)))
    return str(line).rstrip()


@builtin(suspending=_input)
def input_(prompt: str = "") -> str:
    """Return one line of input, without blanks at its end; `""` at the end of the input.

    In an async context the task waits and others run.

    ```
    let name := input("Who? ")
    print("Hello ${name}")  # expect: Who? Hello
    ```
    """
    return (_read_line(prompt) if line_source is None else line_source.read(prompt)).rstrip()


@builtin(aliases=("type_of",))
def type_(x: Any) -> str:
    """Return the name of the type of `x`.

    ```
    print(type(1), type("a"), type([]), type(null), type(1..3))  # expect: int string array null range
    ```
    """
    return type_name(x)


@builtin
def is_int(x: Any) -> bool:
    """Return whether `x` is an int; a bool is none.

    ```
    print(is_int(1), is_int(1.0), is_int(true))  # expect: true false false
    ```
    """
    return type_name(x) == "int"


@builtin
def is_float(x: Any) -> bool:
    """Return whether `x` is a float.

    ```
    print(is_float(1.0), is_float(1))  # expect: true false
    ```
    """
    return type_name(x) == "float"


@builtin
def is_number(x: Any) -> bool:
    """Return whether `x` is an int or a float.

    ```
    print(is_number(1), is_number(1.5), is_number("1"))  # expect: true true false
    ```
    """
    return type_name(x) in ("int", "float")


@builtin
def is_string(x: Any) -> bool:
    """Return whether `x` is a string.

    ```
    print(is_string("a"), is_string(1))  # expect: true false
    ```
    """
    return type_name(x) == "string"


@builtin
def is_bool(x: Any) -> bool:
    """Return whether `x` is `true` or `false`.

    ```
    print(is_bool(false), is_bool(0))  # expect: true false
    ```
    """
    return type_name(x) == "bool"


@builtin
def is_array(x: Any) -> bool:
    """Return whether `x` is an array.

    ```
    print(is_array([]), is_array("a"))  # expect: true false
    ```
    """
    return type_name(x) == "array"


@builtin
def is_dict(x: Any) -> bool:
    """Return whether `x` is a dict.

    ```
    print(is_dict({}), is_dict([]))  # expect: true false
    ```
    """
    return type_name(x) == "dict"


@builtin
def is_null(x: Any) -> bool:
    """Return whether `x` is `null`.

    ```
    print(is_null(null), is_null(0))  # expect: true false
    ```
    """
    return x is None


@builtin
def is_function(x: Any) -> bool:
    """Return whether `x` is a function, async ones and the library's included.

    ```
    print(is_function(print), is_function(x => x), is_function(1))  # expect: true true false
    ```
    """
    return type_name(x) in _FUNCTION_TYPES


@builtin
def is_promise(x: Any) -> bool:
    """Return whether `x` is a promise; a task is one.

    ```
    print(is_promise(async_sleep(1)), is_promise(1))  # expect: true false
    ```
    """
    return type_name(x) in ("promise", "taskhandle")


@builtin
def is_truthy(x: Any) -> bool:
    """Return whether a condition takes `x` for true.

    ```
    print(is_truthy(0), is_truthy("0"), is_truthy([]), is_truthy(0.5))  # expect: false true false true
    ```
    """
    return bool(x)


@builtin
def to_bool(x: Any) -> bool:
    """Return `x` as a bool; `"false"` and `"0"` are false too.

    ```
    print(to_bool("false"), to_bool("0"), to_bool("no"), to_bool([]))  # expect: false false true false
    ```
    """
    return x.strip().lower() not in ("false", "0", "") if isinstance(x, str) else bool(x)


@builtin(aliases=("str",))
@method(str, int, float, bool, list, dict, set, bytes, Range, Queue, Stack)
def to_string(x: Any) -> str:
    """Return the text that `print` writes for `x`.

    ```
    print(to_string(2.0) + "!")  # expect: 2!
    ```
    """
    return print_text(x)


_INT = re.compile(r"[+-]?\d+(?:_\d+)*")


@builtin
def parse_int(s: str) -> int:
    """Return the int that the text `s` is, blanks around it aside.

    Raises ParseError when it is none.

    ```
    print(parse_int(" 42 "))   # expect: 42
    parse_int("abc")           # error: Cannot parse 'abc' as integer
    ```
    """
    trimmed = str.strip(s)
    if not _INT.fullmatch(trimmed):
        raise errors.ParseError(f"Cannot parse '{s}' as integer")
    if len(trimmed) > MOST_DIGITS:
        raise errors.ParseError(f"an integer has at most {MOST_DIGITS} digits, got {len(trimmed)}")
    return int(trimmed)


@builtin
def parse_float(s: str) -> float:
    """Return the float that the text `s` is, blanks around it aside.

    Raises ParseError when it is none.

    ```
    print(parse_float(" 1.5 "))  # expect: 1.5
    parse_float("abc")         # error: Cannot parse 'abc' as float
    ```
    """
    try:
        return float(str.strip(s))
    except ValueError:
        raise errors.ParseError(f"Cannot parse '{s}' as float") from None


@builtin
@method(str, int, float, bool)
def to_int(x: str | int | float | bool) -> int:
    """Return `x` as an int: floats are cut, text is parsed, bools are 0 and 1.

    Raises ParseError for text that is no int.

    ```
    print(to_int(2.9), to_int("-7"), to_int(true))  # expect: 2 -7 1
    ```
    """
    if isinstance(x, str):
        return parse_int(x)
    if isinstance(x, float) and not math.isfinite(x):
        raise errors.ValueError(f"Cannot convert {number_text(x)} to int")
    if not isinstance(x, int | float):
        raise TypeError
    return int(x)


@builtin
@method(str, int, float, bool)
def to_float(x: str | int | float | bool) -> float:
    """Return `x` as a float; text is parsed.

    Raises ParseError for text that is no number.

    ```
    print(to_float("1.5") + 1, to_float(true))  # expect: 2.5 1
    ```
    """
    if isinstance(x, str):
        return parse_float(x)
    if not isinstance(x, int | float):
        raise TypeError
    return float(x)


@builtin
def format_(template: str, *values: Any) -> str:
    """Return `template` with its placeholders replaced by `values` in order.

    `%s` is text, `%d` an int (floats are cut), `%f` a number, `%%` a percent sign.

    ```
    print(format("%s is %d years, %f m, 100%%", "Ada", 36.9, 1.5))  # expect: Ada is 36 years, 1.5 m, 100%
    ```
    """
    left = iter(values)

    def fill(match: re.Match[str]) -> str:
        kind = match[1]
        if kind == "%":
            return "%"
        for value in left:
            return _placeholder(kind, value)
        raise errors.ArityError(f"format() missing argument for placeholder %{kind}")

    return re.sub(r"%([sdf%])", fill, template)


def _placeholder(kind: str, value: Any) -> str:
    if kind == "s":
        return "[Array]" if isinstance(value, list) else "{Dict}" if isinstance(value, dict) else print_text(value)
    if kind == "d" and isinstance(value, int | float):
        return str(int(value)) if isinstance(value, int) or math.isfinite(value) else number_text(value)
    if kind == "f" and isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    raise errors.TypeError(f"format() %{kind} requires numeric argument, got {type_name(value)}")


@builtin
def array(*values: Any) -> list[Any]:
    """Return an array of `values`.

    ```
    print(array(1, "a", null))  # expect: [1, a, null]
    ```
    """
    return list(values)


@builtin
def dict_() -> dict[Any, Any]:
    """Return an empty dict.

    ```
    print(dict())  # expect: {}
    ```
    """
    return {}


@builtin
def bytes_(ints: list[int]) -> bytes:
    """Return the bytes with the values `ints`, each from 0 to 255.

    ```
    print(bytes([72, 105]))  # expect: bytes[72, 105]
    ```
    """
    values = elements(ints)
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool):
            raise errors.TypeError(f"bytes() expects only ints, got {type_name(value)}")
        if not 0 <= value <= 255:
            raise errors.ValueError(f"bytes() expects ints from 0 to 255, got {value}")
    return bytes(values)


@builtin
@method(list, dict, set, Queue, Stack, Struct)
def copy(x: Any) -> Any:
    """Return a copy of `x`; what a collection or a struct holds is shared.

    ```
    let a := [1, [2]]
    let b := copy(a)
    b.push(3)
    b[1].push(9)
    print(a, b)  # expect: [1, [2, 9]] [1, [2, 9], 3]
    ```
    """
    if isinstance(x, Struct):
        return clone(x)
    duplicate = getattr(x, "copy", None)  # Python's collections have it too
    return duplicate() if callable(duplicate) else x


@builtin
@method(list, dict, set, Queue, Stack, Struct)
def deep_copy(x: Any) -> Any:
    """Return a copy of `x` that shares no array, dict, set or struct with it.

    ```
    let a := [[1]]
    let b := deep_copy(a)
    b[0].push(2)
    print(a, b)  # expect: [[1]] [[1, 2]]
    ```
    """
    return _deep_copy(x, {})


def _deep_copy(x: Any, copies: dict[int, Any]) -> Any:
    """Copy collections; what is in several places, or in itself, is copied once."""
    if id(x) in copies:
        return copies[id(x)]
    if isinstance(x, list):
        elements = copies[id(x)] = []
        elements.extend(_deep_copy(element, copies) for element in x)
        return elements
    if isinstance(x, dict):
        entries = copies[id(x)] = {}
        entries.update((key, _deep_copy(value, copies)) for key, value in x.items())
        return entries
    if isinstance(x, Set | Queue | Stack):
        held = copies[id(x)] = type(x)()
        held.update(_deep_copy(element, copies) for element in x)
        return held
    if isinstance(x, EnumValue) and x.values:
        return type(x)(x.variant, tuple(_deep_copy(value, copies) for value in x.values))
    if isinstance(x, Struct):
        made = copies[id(x)] = clone(x)
        for name, held in values_of(made).items():
            setattr(made, name, _deep_copy(held, copies))
        return made
    return x.copy() if isinstance(x, set) else x
