"""Values: their types' names, equality and text.

Values are Python's own: `null` is None, then bool, int, float, str, bytes, list, dict.
What Python has no type for is a class of ours, `Range` and `Set` among them; Python's sets come
from libraries.  The text forms are in `hocket.runtime.display` and are re-exported here.
"""

from __future__ import annotations

from types import AsyncGeneratorType, BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from hocket import errors
from hocket.runtime.display import format_value, number_text, print_text, show, tabulate
from hocket.runtime.ranges import Range
from hocket.runtime.sets import Set
from hocket.runtime.structs import Struct, StructType, same

__all__ = [
    "Range",
    "a_type",
    "class_name",
    "equal",
    "format_value",
    "name_type",
    "number_text",
    "print_text",
    "show",
    "tabulate",
    "type_name",
]

_EPSILON = 2.220446049250313e-16

_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "string",
    list: "array",
    tuple: "array",
    dict: "dict",
    set: "set",
    frozenset: "set",
    Set: "set",
    bytes: "bytes",
    bytearray: "bytes",
    Range: "range",
    range: "range",
    FunctionType: "function",
    BuiltinFunctionType: "function",
    MethodType: "function",
    ModuleType: "module",
    GeneratorType: "generator",
    AsyncGeneratorType: "generator",
    errors.Error: "error",
    Struct: "struct",
    StructType: "function",
}


def name_type(cls: type, name: str) -> None:
    """Let `type_name` say `name` of values of `cls` and its subclasses."""
    _TYPE_NAMES[cls] = name


def class_name(cls: type) -> str:
    """Return what `type` says of values of `cls`: a type of the language, else the Python class's name."""
    for base in cls.__mro__:
        name = _TYPE_NAMES.get(base)
        if name is not None:
            return name
    return cls.__name__


def type_name(value: Any) -> str:
    """Return what `type(value)` says."""
    return class_name(type(value))


def a_type(name: str) -> str:
    """Return a type's name with its article."""
    return name if name == "null" else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def equal(left: Any, right: Any) -> bool:
    """Return `left == right` as the language means it.

    A bool equals only a bool, numbers within 2.22e-16 are equal, collections are
    compared element by element by the same rule.
    """
    kind = type(left)
    if kind is type(right) and kind in _EXACT:
        return bool(left == right)
    if isinstance(left, Struct):
        return same(left, right, equal)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right or (isinstance(left, float) or isinstance(right, float)) and _close(left, right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return left is right or len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left is right or len(left) == len(right) and _same_entries(left, right)
    return not isinstance(right, Struct) and bool(left == right)


_EXACT = frozenset({str, int, bytes, bool, type(None), set, frozenset, Range})


def _close(left: float, right: float) -> bool:
    try:
        return abs(left - right) < _EPSILON
    except OverflowError:  # an int beyond every float equals none
        return False


def _same_entries(left: dict[Any, Any], right: dict[Any, Any]) -> bool:
    return all(key in right and equal(value, right[key]) for key, value in left.items())
