"""JSON.

Numbers stay what they are: ints are unbounded, floats keep their `.0`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from hocket import errors
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin, method
from hocket.runtime.values import number_text, type_name

MAX_LENGTH = 1 << 20
"""Bytes of a text that `parse_json` takes."""

MAX_DEPTH = 64
"""Arrays and dicts within each other that `parse_json` takes."""

_BRACKETS = re.compile(r'"(?:\\.|[^"\\])*"?|[\[\]{}]', re.DOTALL)

# The decoder's texts, and ours.
_REASONS = {
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "byte order mark before the text",
    "Expecting value": "expected value",
    "Extra data": "trailing characters",
    "Expecting property name enclosed in double quotes": "key must be a string",
    "Illegal trailing comma before end of object": "trailing comma",
    "Illegal trailing comma before end of array": "trailing comma",
    "Expecting ':' delimiter": "expected `:`",
    "Expecting ',' delimiter": "expected `,` or a closing bracket",
    "Unterminated string starting at": "string without end",
    "Invalid control character at": "control character in a string",
    "Invalid \\escape": "invalid escape",
    "Invalid \\uXXXX escape": "invalid escape",
}


def _refuse(name: str) -> Any:
    raise errors.ParseError(f"JSON parse error: {name} is no JSON value")


def decode(text: str) -> Any:
    """Return the value that `text` is as JSON; raises ParseError."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        reason = _REASONS.get(error.msg, error.msg)
        if error.pos >= len(text.rstrip()):
            reason = "the text ends too early"
        place = f"at line {error.lineno} column {error.colno}"
        raise errors.ParseError(f"JSON parse error: {reason} {place}") from None
    except RecursionError:
        raise errors.ParseError("JSON parse error: nested too deeply") from None


def encode(value: Any, indent: int | None = None) -> str:
    """Return `value` as JSON, keys in order; raises ValueError for what JSON does not have."""
    separators = (",", ":") if indent is None else (",", ": ")
    tree = _tree(value, ())
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, indent=indent, separators=separators)


def _tree(value: Any, around: tuple[int, ...]) -> Any:
    """Return `value` with text keys and nothing but JSON's types."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise errors.ValueError(f"Cannot convert {number_text(value)} to JSON")
    if not isinstance(value, dict | list | tuple | Range):
        raise errors.TypeError(f"Cannot convert {type_name(value)} to JSON")
    if id(value) in around:
        raise errors.ValueError(f"Cannot convert {type_name(value)} to JSON: it contains itself")
    around = (*around, id(value))
    if isinstance(value, dict):
        return {_key(key): _tree(item, around) for key, item in value.items()}
    return [_tree(item, around) for item in value]


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise errors.TypeError(f"Cannot convert {type_name(key)} to a JSON key")


@builtin
@method(str)
def parse_json(s: str) -> Any:
    r"""Return the value that the text `s` is as JSON.

    Raises ParseError with line and column, also for a text of more than 1 MiB and for more than 64 arrays and dicts
    within each other.

    ```
    print(parse_json("{\"a\": [1, 2.5, null]}").a)  # expect: [1, 2.5, null]
    parse_json("[1,")                                # error: the text ends too early at line 1 column 4
    ```
    """
    if not isinstance(s, str):
        raise TypeError("expected a string")
    if len(s) > MAX_LENGTH or len(s.encode("utf-8", "replace")) > MAX_LENGTH:
        raise errors.ParseError("JSON parse error: the text is longer than 1 MiB")
    if s.count("[") + s.count("{") > MAX_DEPTH:
        _check_depth(s)
    return decode(s)


def _check_depth(text: str) -> None:
    """Raise ParseError where more than `MAX_DEPTH` arrays and dicts are open."""
    depth = 0
    for word in _BRACKETS.finditer(text):
        bracket = word[0]
        depth += 1 if bracket in "[{" else -1 if bracket in "]}" else 0
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, word.start()) + 1
            column = word.start() - text.rfind("\n", 0, word.start())
            raise errors.ParseError(f"JSON parse error: nested deeper than {MAX_DEPTH} at line {line} column {column}")


@builtin
@method(list, dict)
def to_json(x: Any) -> str:
    """Return `x` as JSON on one line, keys in order.

    Raises an error for what JSON does not have: functions, NaN, what contains itself.

    ```
    print(to_json({"b": [1, 2.0, null], "a": "x"}))  # expect: {"a":"x","b":[1,2.0,null]}
    ```
    """
    return encode(x)


@builtin
@method(list, dict)
def to_json_pretty(x: Any) -> str:
    """Return `x` as JSON over several lines, indented by two blanks.

    ```
    print(to_json_pretty({b: [1], a: {}}))
    # expect: {
    # expect:   "a": {},
    # expect:   "b": [
    # expect:     1
    # expect:   ]
    # expect: }
    ```
    """
    return encode(x, indent=2)
