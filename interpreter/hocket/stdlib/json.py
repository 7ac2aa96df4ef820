"""JSON.

Numbers stay what they are: ints are unbounded, floats keep their `.0`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from hocket import errors
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin, method
from hocket.runtime.values import number_text, type_name

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

    Raises ParseError with line and column.

    ```
    print(parse_json("{\"a\": [1, 2.5, null]}").a)  # expect: [1, 2.5, null]
    parse_json("[1,")                                # error: the text ends too early at line 1 column 4
    ```
    """
    if isinstance(s, bytes):
        raise TypeError
    return decode(s)


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
    """Return `x` as JSON over several lines, indented by two blanks."""
    return encode(x, indent=2)
