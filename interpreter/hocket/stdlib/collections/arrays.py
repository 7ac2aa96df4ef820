"""Arrays.

Called as functions these give new collections and leave their arguments alone.  The
methods that change a collection are in `hocket.stdlib.methods`.
"""

from __future__ import annotations

import math
from functools import cmp_to_key
from typing import Any

from hocket import errors
from hocket.runtime.channels import End
from hocket.runtime.queues import Queue, Stack
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin
from hocket.runtime.sets import Set
from hocket.runtime.values import equal, number_text, type_name
from hocket.stdlib.collections.common import (
    STEP,
    Function,
    Items,
    elements,
    elementwise,
    holds,
    in_order,
    part,
    plain,
    position,
    steps,
)

MAX_RANGE = 100_000_000


@builtin
def len_(x: str | list[Any] | dict[Any, Any] | set[Any] | bytes | Range | Queue | Stack | End) -> int:
    """Return the number of characters, elements, entries or bytes of `x`, or of values in a channel.

    ```
    print(len([1, 2]))   # expect: 2
    print("né".len())    # expect: 2
    ```
    """
    return len(x)


@builtin
def is_empty(x: str | list[Any] | dict[Any, Any] | set[Any] | bytes | Range | Queue | Stack | End) -> bool:
    """Return whether `x` holds nothing.

    ```
    print(is_empty([]), "a".is_empty())  # expect: true false
    ```
    """
    return len(x) == 0


@builtin
def contains(x: str | list[Any] | dict[Any, Any] | set[Any] | Range, item: Any) -> bool | int:
    """Return whether `x` holds `item`: an element, a key, a substring.

    For a string the function gives 1 or 0; the method gives a bool for all.

    ```
    print(contains([1, 2], 2.0), contains({"a": 1}, "b"))  # expect: true false
    print(contains("abc", "bc"), "abc".contains("bc"))     # expect: 1 true
    ```
    """
    return int(holds(x, item)) if isinstance(x, str) else holds(x, item)


@builtin
def index_of(x: str | list[Any], item: Any) -> int:
    """Return the first place of `item` in a string or array, -1 if it is not there.

    ```
    print(index_of("hello", "l"), index_of([1, [2]], [2]), index_of([], 1))  # expect: 2 1 -1
    ```
    """
    if isinstance(x, str):
        return x.find(part(item))
    return next((i for i, element in enumerate(elements(x)) if equal(item, element)), -1)


@builtin
def range_(start: int | float, stop: int | float | None = None, step: int | float = 1) -> list[int]:
    """Return the ints from `start` (0 if only one is given) to `stop`, not included, as an array.

    ```
    print(range(3), range(1, 4), range(5, 0, -2))  # expect: [0, 1, 2] [1, 2, 3] [5, 3, 1]
    ```
    """
    bounds = [start, stop, step] if stop is not None else [0, start, step]
    for number in bounds:
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise errors.TypeError("range() requires numeric arguments")
        if not -math.inf < number < math.inf:
            raise errors.ValueError(f"range() cannot go from, to or by {number_text(number)}")
    first, last, by = (int(number) for number in bounds)
    if by == 0:
        raise errors.ValueError("range() step cannot be zero")
    numbers = range(first, last, by)
    count = max(0, (last - first + by - (1 if by > 0 else -1)) // by)
    if count > MAX_RANGE:
        hint = "go through `a..b`, which makes no array"
        raise errors.ValueError(f"range() would make an array of {count} ints", hint=hint)
    made: list[int] = []
    for at in range(0, count, STEP):  # a Stop comes between the steps
        made.extend(numbers[at : at + STEP])
    return made


@builtin(aliases=("append",))
def push(a: list[Any], x: Any) -> list[Any]:
    """Return a new array: `a` and then `x`. The method `a.push(x)` changes `a`.

    ```
    let a := [1]
    let b := push(a, 2)
    print(a, b)  # expect: [1] [1, 2]
    ```
    """
    return [*elements(a), x]


@builtin
def pop(a: list[Any]) -> list[Any]:
    """Return `[rest, last element]`, `[[], 0]` for an empty array. The method `a.pop()` changes `a`.

    ```
    [rest, last] := pop([1, 2, 3])
    print(rest, last)  # expect: [1, 2] 3
    ```
    """
    a = elements(a)
    return [a[:-1], a[-1]] if a else [[], 0]


@builtin
def insert(a: list[Any], i: int, x: Any) -> list[Any]:
    """Return a new array with `x` before the element at `i`; `i` may be the length.

    ```
    print(insert([1, 3], 1, 2), insert([1], 1, 2))  # expect: [1, 2, 3] [1, 2]
    ```
    """
    a = elements(a)
    at = len(a) if i == len(a) else position(a, i)
    return [*a[:at], x, *a[at:]]


@builtin
def remove(x: list[Any] | dict[Any, Any], item: Any) -> list[Any]:
    """Return an array without the first element equal to `item`; of a dict `[rest, removed value or 0]`.

    ```
    print(remove([1, 2, 1], 1))           # expect: [2, 1]
    print(remove({"a": 1, "b": 2}, "a"))  # expect: [{"b": 2}, 1]
    ```
    """
    if isinstance(x, dict):
        return [{key: value for key, value in x.items() if key != item}, x.get(item, 0)]
    a = elements(x)
    at = index_of(a, item)
    return list(a) if at < 0 else a[:at] + a[at + 1 :]


@builtin
def remove_at(a: list[Any], i: int) -> list[Any]:
    """Return `[rest, element at i]`.

    ```
    print(remove_at([5, 6, 7], 1), remove_at([5, 6], -1))  # expect: [[5, 7], 6] [[5], 6]
    ```
    """
    a = elements(a)
    at = position(a, i)
    return [a[:at] + a[at + 1 :], a[at]]


@builtin
def clear(x: list[Any] | dict[Any, Any] | set[Any] | Queue | Stack) -> Any:
    """Return an empty collection of the type of `x`.

    ```
    print(clear([1, 2]), clear({a: 1}))  # expect: [] {}
    ```
    """
    if isinstance(x, Set | Queue | Stack):
        return type(x)()
    return {} if isinstance(x, dict) else set() if isinstance(x, set) else elements(x)[:0]


@builtin
def slice_(x: list[Any] | str | bytes | Range, start: int, end: int | None = None) -> Any:
    """Return the part of `x` from `start` up to, not including, `end`; negative places count from the end.

    ```
    print(slice([1, 2, 3, 4], 1, -1), slice("hello", 3))  # expect: [2, 3] lo
    ```
    """
    return x[start:end]


@builtin
def concat(a: list[Any], *others: list[Any]) -> list[Any]:
    """Return one array of the elements of all.

    ```
    print(concat([1], [2, 3], []))  # expect: [1, 2, 3]
    ```
    """
    joined = list(elements(a))
    for other in others:
        joined += elements(other)
    return joined


@builtin
def reverse(x: list[Any] | str | bytes | Range) -> Any:
    """Return `x` backwards.

    ```
    print(reverse([1, 2]), reverse("ab"))  # expect: [2, 1] ba
    ```
    """
    return x[::-1] if isinstance(x, str | bytes) else elements(x)[::-1]


@builtin
def sort(a: Items, compare: Function | None = None) -> list[Any]:
    """Return the numbers or strings of `a` in order; a mixture is left as it is.

    `compare(x, y)` gives a number below, at or above 0 where the order is another one. Equal elements
    keep their order.

    ```
    print(sort([3, 1, 2]), sort(["b", "a"]))      # expect: [1, 2, 3] [a, b]
    print(sort([1, 2, 3], (x, y) => y - x))       # expect: [3, 2, 1]
    ```
    """
    if compare is None:
        return in_order(a)
    key: Function = cmp_to_key(plain("sort", compare))
    return [kept.obj for kept in sorted([key(element) for element in elements(a)])]


@builtin
def sort_by(a: Items, f: Function) -> list[Any]:
    """Return `a` in the order of `f(element)`.

    ```
    print(sort_by(["ccc", "a", "bb"], s => len(s)))  # expect: [a, bb, ccc]
    ```
    """
    return sorted(elements(a), key=plain("sort_by", f))


@builtin
def unique(a: Items) -> list[Any]:
    """Return `a` without the elements that equal an earlier one.

    ```
    print(unique([1, 2, 1.0, [1], [1]]))  # expect: [1, 2, [1]]
    ```
    """
    seen: set[Any] = set()
    kept: list[Any] = []
    odd: list[Any] = []
    for element in elements(a):
        try:
            key = (isinstance(element, bool), element)
            if key in seen:
                continue
            seen.add(key)
        except TypeError:  # an array or dict cannot be looked up
            if any(equal(element, other) for other in odd):
                continue
            odd.append(element)
        kept.append(element)
    return kept


@builtin
def sum_(a: Items) -> int | float:
    """Return the sum of the numbers of `a`; 0 when it is empty.

    ```
    print(sum([1, 2.5]), sum([]))  # expect: 3.5 0
    ```
    """
    total: int | float = 0
    for some in steps(elementwise(a)):
        if bool in set(map(type, some)):
            raise errors.TypeError("sum() expects only numbers, got bool")
        try:
            total = sum(some, total)
        except TypeError:
            wrong = next((x for x in some if not isinstance(x, int | float)), None)
            raise errors.TypeError(f"sum() expects only numbers, got {type_name(wrong)}") from None
    return total
