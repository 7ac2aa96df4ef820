"""Numbers.

`abs min max pow floor ceil round` give an int where the result is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin, constant
from hocket.runtime.values import number_text, type_name
from hocket.stdlib.collections.common import Items, elementwise, listed

constant("PI", math.pi)
constant("E", math.e)

_MOST_BITS = 10_000_000
# No float has a digit further from the point.
_DIGITS = 400


def _number(x: Any) -> int | float:
    """Return `x`; raises Python's TypeError if it is no number."""
    if not isinstance(x, int | float) or isinstance(x, bool):
        raise TypeError("expected a number")
    return x


def _int(x: Any) -> int:
    if not isinstance(x, int) or isinstance(x, bool):
        raise TypeError("expected an int")
    return x


@builtin
def abs_(x: int | float) -> int | float:
    """Return `x` without its sign.

    ```
    print(abs(-3), abs(-2.5))  # expect: 3 2.5
    ```
    """
    return abs(_number(x))


def _chosen(name: str, values: tuple[Any, ...]) -> list[int | float]:
    has_many = len(values) == 1 and hasattr(values[0], "__iter__") and not isinstance(values[0], str | bytes | dict)
    found = listed(elementwise(values[0])) if has_many else list(values)
    if not found:
        raise errors.ValueError(f"{name}() of nothing")
    for value in found:
        if len(values) == 1 and (not isinstance(value, int | float) or isinstance(value, bool)):
            raise errors.TypeError(f"{name}() expects only numbers, got {type_name(value)}")
    return [_number(value) for value in found]


@builtin
def min_(x: int | float | Items, *others: int | float) -> int | float:
    """Return the least of the numbers, or of those in an array, range, set or generator.

    ```
    print(min(2, 1.5), min([3, 1, 2]), min(4..9))  # expect: 1.5 1 4
    ```
    """
    return min(_chosen("min", (x, *others)))


@builtin
def max_(x: int | float | Items, *others: int | float) -> int | float:
    """Return the greatest of the numbers, or of those in an array, range, set or generator.

    ```
    print(max(2, 2.5), max([3, 1, 2]), max(4..9))  # expect: 2.5 3 8
    ```
    """
    return max(_chosen("max", (x, *others)))


@builtin
def pow_(x: int | float, y: int | float) -> int | float:
    """Return `x` to the power of `y`.

    Raises ValueError when there is no real result, or one of more than ten million bits.

    ```
    print(pow(2, 10), pow(2, -1))  # expect: 1024 0.5
    ```
    """
    if isinstance(x, int) and isinstance(y, int) and y > 0 and abs(x) > 1 and x.bit_length() * y > _MOST_BITS:
        raise errors.ValueError(f"pow() would have more than {_MOST_BITS} bits")
    result: int | float | complex = _number(x) ** _number(y)
    if isinstance(result, complex):
        raise errors.ValueError(f"pow() of {number_text(x)} and {number_text(y)} has no real result")
    return result


def _whole(x: int | float, rounding: Callable[[int | float], int]) -> int | float:
    """Round unless there is nothing to round: inf and NaN stay."""
    return x if isinstance(_number(x), int) or not math.isfinite(x) else rounding(x)


@builtin
def floor(x: int | float) -> int | float:
    """Return the greatest int that is not above `x`.

    ```
    print(floor(2.7), floor(-2.5))  # expect: 2 -3
    ```
    """
    return _whole(x, math.floor)


@builtin
def ceil(x: int | float) -> int | float:
    """Return the least int that is not below `x`.

    ```
    print(ceil(2.1), ceil(-2.5))  # expect: 3 -2
    ```
    """
    return _whole(x, math.ceil)


@builtin
def round_(x: int | float, digits: int = 0) -> int | float:
    """Return `x` rounded to `digits` decimals, halves away from zero.

    ```
    print(round(2.5), round(-2.5), round(2.675, 2))  # expect: 3 -3 2.68
    ```
    """
    digits = _int(digits)
    if isinstance(_number(x), int):
        return x if digits >= 0 else _round_int(x, -digits)
    if not math.isfinite(x) or digits > _DIGITS:
        return x
    if digits < -_DIGITS:
        return 0
    exact = Decimal(repr(x)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, Context(prec=2 * _DIGITS))
    return float(exact) if digits > 0 else int(exact)


def _round_int(x: Any, zeros: int) -> int:
    if zeros > x.bit_length():  # far beyond the first digit
        return 0
    unit = 10**zeros
    rounded = (abs(x) + unit // 2) // unit * unit
    return int(rounded if x >= 0 else -rounded)


@builtin
def trunc(x: int | float) -> int | float:
    """Return `x` without its decimals.

    ```
    print(trunc(2.7), trunc(-2.7))  # expect: 2 -2
    ```
    """
    return _whole(x, math.trunc)


@builtin
def sqrt(x: int | float) -> float:
    """Return the square root of `x`.

    ```
    print(sqrt(16))  # expect: 4
    sqrt(-1)         # error: sqrt() requires a non-negative number, got -1
    ```
    """
    if _number(x) < 0:
        raise errors.ValueError(f"sqrt() requires a non-negative number, got {number_text(x)}")
    return math.sqrt(x)


@builtin
def log(x: int | float, base: int | float = math.e) -> float:
    """Return the natural logarithm of `x`, or the one to `base`.

    Raises ValueError unless `x` is above 0.

    ```
    print(log(E), log(8, 2))  # expect: 1 3
    log(0)                     # error: log() requires a positive number, got 0
    ```
    """
    for number in (x, base):
        if _number(number) <= 0:
            raise errors.ValueError(f"log() requires a positive number, got {number_text(number)}")
    if base == 1:
        raise errors.ValueError("log() to base 1 does not exist")
    return math.log(x) if base == math.e else math.log(x, base)


@builtin
def exp(x: int | float) -> float:
    """Return e to the power of `x`, inf beyond the largest float.

    ```
    print(exp(0), exp(1) == E)  # expect: 1 true
    ```
    """
    try:
        return math.exp(_number(x))
    except OverflowError:
        return math.inf


def _angle(x: int | float) -> int | float:
    return _number(x) if math.isfinite(x) else math.nan


@builtin
def sin(x: int | float) -> float:
    """Return the sine of `x` in radians.

    ```
    print(sin(0), sin(PI / 2))  # expect: 0 1
    ```
    """
    return math.sin(_angle(x))


@builtin
def cos(x: int | float) -> float:
    """Return the cosine of `x` in radians.

    ```
    print(cos(0), cos(PI))  # expect: 1 -1
    ```
    """
    return math.cos(_angle(x))


@builtin
def tan(x: int | float) -> float:
    """Return the tangent of `x` in radians.

    ```
    print(tan(0))  # expect: 0
    ```
    """
    return math.tan(_angle(x))


@builtin
def bit_and(a: int, b: int) -> int:
    """Return the bits that both have.

    ```
    print(bit_and(6, 3), bit_or(6, 3), bit_xor(6, 3), bit_not(6))  # expect: 2 7 5 -7
    ```
    """
    return _int(a) & _int(b)


@builtin
def bit_or(a: int, b: int) -> int:
    """Return the bits that one of the two has.

    ```
    print(bit_or(5, 2))  # expect: 7
    ```
    """
    return _int(a) | _int(b)


@builtin
def bit_xor(a: int, b: int) -> int:
    """Return the bits that exactly one of the two has.

    ```
    print(bit_xor(5, 1))  # expect: 4
    ```
    """
    return _int(a) ^ _int(b)


@builtin
def bit_not(a: int) -> int:
    """Return `a` with every bit turned over.

    ```
    print(bit_not(5))  # expect: -6
    ```
    """
    return ~_int(a)


def _shift(name: str, n: int) -> int:
    if not 0 <= _int(n) <= _MOST_BITS:
        raise errors.ValueError(f"{name}() expects a shift from 0 to {_MOST_BITS}, got {n}")
    return n


@builtin
def bit_shl(a: int, n: int) -> int:
    """Return `a` shifted left by `n` bits.

    ```
    print(bit_shl(1, 10))  # expect: 1024
    ```
    """
    return _int(a) << _shift("bit_shl", n)


@builtin
def bit_shr(a: int, n: int) -> int:
    """Return `a` shifted right by `n` bits; the sign stays.

    ```
    print(bit_shr(1024, 3), bit_shr(-8, 1))  # expect: 128 -4
    ```
    """
    return _int(a) >> _shift("bit_shr", n)
