"""What generated code calls where Python's own operators do not mean the same.

Each function is the slow path of a construct; the fast path is in line
(`hocket.compiler.operators`).  Errors raised here have the text of the language; a
frame of this module is never shown.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from hocket import errors
from hocket.runtime import structs
from hocket.runtime.generators import close, first_of, is_lazy, numbered
from hocket.runtime.objects import OWN, is_foreign
from hocket.runtime.sets import Set
from hocket.runtime.structs import Struct, operator_of
from hocket.runtime.values import Range, equal, print_text, type_name

AWAIT_IT = "a promise is awaited first: `await …`"
COLLECT_IT = "first `let xs := await collect(…)`"
MAX_POWER_BITS = 10_000_000
VALUES: tuple[type, ...] = (*OWN, Struct)
"""The classes of the language's own values, and of what Python makes of them."""


class Box:
    """A variable that a closure keeps while the loop that made it goes on; `v` is its value."""

    __slots__ = ("v",)


class Unset:
    """The default of a parameter that is computed at each call."""


UNSET = Unset()

TYPES: dict[str, frozenset[type]] = {
    "int": frozenset({int}),
    "float": frozenset({float, int}),
    "string": frozenset({str}),
    "bool": frozenset({bool}),
    "array": frozenset({list}),
    "dict": frozenset({dict}),
}
"""The classes that each checked annotation admits."""


def invalid(left: Any, operator: str, right: Any) -> errors.TypeError:
    """Return the error for operands that do not go together."""
    hint = AWAIT_IT if hasattr(left, "__await__") or hasattr(right, "__await__") else None
    return errors.TypeError(f"Invalid binary operation: {operand(left)} {operator} {operand(right)}", hint=hint)


def operand(value: Any) -> str:
    """Return the name of the type of an operand; of a struct, its own."""
    return type(value).__name__ if isinstance(value, Struct) else type_name(value)


def is_number(value: Any) -> bool:
    """Whether `value` is an int or float; a bool is no number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


# Arithmetic


def add(left: Any, right: Any) -> Any:
    """`+` for operands of different classes."""
    if isinstance(left, str) or isinstance(right, str):
        return print_text(left) + print_text(right)
    if isinstance(left, Struct):
        return by_struct(left, "+", right)
    if isinstance(left, bool) or isinstance(right, bool):
        raise invalid(left, "+", right)
    try:
        return left + right
    except TypeError:
        raise invalid(left, "+", right) from None


def divide(left: Any, right: Any) -> Any:
    """`/`: truncates toward zero for two ints; nothing divides by zero."""
    if not (is_number(left) and is_number(right)):
        return foreign(left, "/", right)
    if right == 0:
        raise errors.ZeroDivisionError("Division by zero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def remainder(left: Any, right: Any) -> Any:
    """`%`: the sign of the dividend."""
    if not (is_number(left) and is_number(right)):
        return foreign(left, "%", right)
    if right == 0:
        raise errors.ZeroDivisionError("Modulo by zero")
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return math.nan if math.isinf(left) else math.fmod(left, right)


def power(base: Any, exponent: Any) -> Any:
    """`**`: never complex, never so large that it could not be stopped."""
    if not (is_number(base) and is_number(exponent)):
        return foreign(base, "**", exponent)
    if base == 0 and exponent < 0:
        raise errors.ZeroDivisionError("Division by zero: 0 to a negative power")
    both_ints = isinstance(base, int) and isinstance(exponent, int)
    if both_ints and exponent > 0 and abs(base) > 1 and base.bit_length() * exponent > MAX_POWER_BITS:
        raise errors.ValueError(f"the power is too large: more than {MAX_POWER_BITS} bits")
    try:
        value = base**exponent
    except OverflowError:
        return math.inf
    if isinstance(value, complex):
        raise errors.ValueError("a negative number has no real root: the power would be complex")
    return value


def foreign(left: Any, operator: str, right: Any) -> Any:
    """Apply an operator to structs and to objects of Python libraries; refuse the language's other values."""
    if isinstance(left, Struct):
        return by_struct(left, operator, right)
    is_text = operator == "%" and isinstance(left, str | bytes)  # which would be formatted
    is_own = type(left) in OWN and type(right) in OWN
    if is_own or is_text or isinstance(left, bool) or isinstance(right, bool):
        raise invalid(left, operator, right)
    try:
        return left / right if operator == "/" else left % right if operator == "%" else left**right
    except TypeError:
        raise invalid(left, operator, right) from None


PYTHON = {
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def arithmetic(left: Any, symbol: str, right: Any) -> Any:
    """Apply an operator of which one side is a bool: only a struct or a Python object may take it."""
    own = (bool, int, float, str, list)
    if isinstance(left, own) and isinstance(right, own):
        raise invalid(left, symbol, right)
    return PYTHON[symbol](left, right)


def negative(value: bool) -> Any:
    """`-value` of a bool."""
    raise errors.TypeError(f"Invalid unary operation: -{type_name(value)}")


STRUCT_OPERATORS = {"+": "op_add", "/": "op_div", "%": "op_mod"}


def by_struct(left: Struct, operator: str, right: Any) -> Any:
    """Apply an operator that the struct on the left defines."""
    method = operator_of(left, STRUCT_OPERATORS.get(operator, ""))
    if method is None:
        raise invalid(left, operator, right)
    return method(left, right)


def equality(left: Any, right: Any) -> Any:
    """`left == right`; a Python object may answer with more than a bool, such as an array of them."""
    return left == right if is_told(left, right) else equal(left, right)


def unequal(left: Any, right: Any) -> Any:
    """`left != right`."""
    if is_told(left, right):
        return left != right
    own = operator_of(left, "op_ne")
    return not equal(left, right) if own is None else bool(own(left, right))


def is_told(left: Any, right: Any) -> bool:
    """Whether a Python object says what is equal to it."""
    if isinstance(left, VALUES) or isinstance(right, Struct):
        return not isinstance(left, Struct) and not isinstance(right, VALUES) and is_foreign(type(right))
    return is_foreign(type(left))


def negation(value: Any) -> Any:
    """`!value`."""
    own = operator_of(value, "op_not")
    return not value if own is None else own(value)


# Collections


def contains(item: Any, collection: Any) -> bool:
    """`item in collection`, by the language's `==`."""
    if isinstance(collection, str):
        if not isinstance(item, str):
            raise errors.TypeError(f"`in` looks for a string in a string, got {type_name(item)}")
        return item in collection
    if isinstance(collection, dict | set | Set):
        return item in collection
    if isinstance(collection, Struct):
        collection = list(iterate(collection))
    if isinstance(collection, list | tuple):
        return any(equal(item, element) for element in collection)
    if is_lazy(collection):
        try:
            return any(equal(item, element) for element in collection)
        finally:
            close(collection)
    try:
        return bool(item in collection)
    except TypeError:
        raise errors.TypeError(f"`in` needs a collection on its right, got {type_name(collection)}") from None


def slice_(value: Any, start: Any, stop: Any, inclusive: bool) -> Any:
    """`value[start..stop]`; either end may be None; what is past the end is cut."""
    for end in (start, stop):
        if end is not None and (not isinstance(end, int) or isinstance(end, bool)):
            raise errors.TypeError(f"a slice needs ints, got {type_name(end)}")
    if not isinstance(value, list | str | bytes | Range | tuple):
        is_object = is_foreign(type(value)) and hasattr(type(value), "__getitem__")
        if not is_object or isinstance(value, dict):
            raise errors.TypeError(f"{type_name(value)} cannot be sliced", hint="arrays, strings, bytes and ranges can")
    if inclusive and stop is not None:
        stop = None if stop == -1 else stop + 1
    return value[start:stop]


def iterate(value: Any) -> Iterable[Any]:
    """Return what `for` goes through, fixed as it is now."""
    kind = type(value)
    if kind is list:
        copy: list[Any] = value.copy()
        return copy
    if isinstance(value, dict | set | Set):
        return list(value)
    if kind is int:
        return range(value)
    if isinstance(value, Struct):
        return iterate_struct(value)
    if hasattr(value, "__await__"):
        raise errors.TypeError(f"cannot iterate over a {type_name(value)}", hint="`await` it first")
    if hasattr(value, "__aiter__"):
        hint = "write `for await x in …`, or `await collect(…)` first"
        what = type_name(value)
        what = "an async generator" if what == "generator" else what
        raise errors.TypeError(f"cannot iterate over {what}", hint=hint)
    if hasattr(value, "__iter__"):
        items: Iterable[Any] = value
        return items
    raise errors.TypeError(f"cannot iterate over {type_name(value)}")


def iterate_struct(value: Struct) -> Iterable[Any]:
    """Return what `for` goes through by `op_iter`."""
    own = operator_of(value, "op_iter")
    if own is None:
        hint = "a struct is gone through by its method `op_iter`"
        raise errors.TypeError(f"cannot iterate over {operand(value)}", hint=hint)
    return iterate(own(value))


def iterate_pairs(value: Any) -> Iterable[Any]:
    """Return what `for a, b in` goes through: keys and values, or indices and elements."""
    if isinstance(value, dict):
        return list(value.items())
    return numbered(value) if is_lazy(value) else enumerate(iterate(value))


def range_(start: Any, stop: Any, inclusive: bool) -> Range:
    """`start..stop`."""
    ints = loop_range(start, stop, False)
    return Range(ints.start, ints.stop, inclusive)


def loop_range(start: Any, stop: Any, inclusive: bool) -> range:
    """Return the Python range of `for i in start..stop`."""
    if type(start) is not int or type(stop) is not int:
        other = stop if type(start) is int else start
        hint = "write `+` to join texts" if isinstance(other, str) else None
        raise errors.TypeError(f"a range goes from int to int, got {type_name(other)}", hint=hint)
    return range(start, stop + 1 if inclusive else stop)


def entries(value: Any) -> Mapping[Any, Any]:
    """Return what `...value` adds to a dict."""
    if isinstance(value, Mapping):
        return value
    raise errors.TypeError(f"`...` in a dict needs a dict, got {type_name(value)}")


def unpack(value: Any, count: int, has_rest: bool) -> list[Any]:
    """Return `count` elements for the names of `[a, b]`, and the rest as one more."""
    if isinstance(value, int):
        raise errors.TypeError(f"cannot unpack {type_name(value)} into `[…]`")
    if isinstance(value, dict):
        raise errors.TypeError("cannot unpack a dict into `[…]`", hint="write `{a, b} := …`")
    items = first_of(value, count) if is_lazy(value) and not has_rest else list(iterate(value))
    if len(items) < count:
        raise errors.ValueError(f"not enough elements to unpack: expected {count}, got {len(items)}")
    return [*items[:count], items[count:]] if has_rest else items[:count]


def unpack_dict(value: Any, keys: tuple[str, ...], has_rest: bool) -> list[Any]:
    """Return the values of `keys` for the names of `{a, b}`, and the rest as one more."""
    if isinstance(value, Struct):
        for key in keys:
            structs.field(value, key)
        value = structs.values_of(value)
    if not isinstance(value, dict):
        hint = "only a dict has keys, and a struct fields"
        raise errors.TypeError(f"cannot unpack {type_name(value)} into `{{…}}`", hint=hint)
    for key in keys:
        if key not in value:
            raise errors.KeyError(f'Missing map key: "{key}"')
    found = [value[key] for key in keys]
    return [*found, {k: v for k, v in value.items() if k not in keys}] if has_rest else found


# Types and errors


def mistyped(function: str, parameter: str | None, wanted: str, value: Any) -> None:
    """Raise the error for an argument or a result that its annotation forbids."""
    if value is UNSET:
        return  # its default is computed, and checked, when the body begins
    got = type_name(value)
    if parameter is None:
        raise errors.TypeError(f"{function} returns {wanted}, got {got}")
    error = errors.TypeError(f"{function} expects {wanted} for {parameter}, got {got}")
    error.blames_caller = True
    raise error


def throw(value: Any) -> errors.Error:
    """Return the error that `throw value` raises."""
    if isinstance(value, errors.Error):
        return value
    if isinstance(value, str):
        return errors.Error(value)
    if isinstance(value, Struct):
        fields = structs.values_of(value)
        error = errors.Error(print_text(fields.get("message", value)), value=value)
        error.struct = type(value).__name__
        error.fields = fields
        return error
    return errors.Error(print_text(value), value=value)
