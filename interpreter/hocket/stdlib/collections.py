"""Arrays.

Called as functions these give new collections and leave their arguments alone.  The
methods that change a collection are in `hocket.stdlib.methods`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cmp_to_key
from typing import Any

from hocket import errors
from hocket.runtime.combinators import gathered
from hocket.runtime.generators import is_lazy
from hocket.runtime.queues import Queue, Stack
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin
from hocket.runtime.sets import Set
from hocket.runtime.streams import Stream
from hocket.runtime.tasks import AsyncFunction
from hocket.runtime.values import equal, number_text, type_name
from hocket.stdlib import lazy
from hocket.stdlib.lazy import through

Function = Callable[..., Any]
Items = list[Any] | Iterator[Any]


def elements(a: Iterable[Any]) -> list[Any]:
    """Return the elements of an array or of what serves as one.

    Raises Python's TypeError for a string, a dict and what holds no elements.
    """
    if isinstance(a, list):
        return a
    if isinstance(a, Stream):
        raise errors.TypeError("an async generator is no array", hint="first `let xs := await collect(…)`")
    if isinstance(a, str | bytes | dict):
        raise TypeError(f"expected an array, got {type_name(a)}")
    return list(a)


def each(a: Iterable[Any]) -> Iterable[Any]:
    """Return `a` if it is a generator, else its elements as `elements` does."""
    return a if is_lazy(a) else elements(a)


def plain(name: str, f: Function) -> Function:
    """Return `f`, whose results are needed at once; raises TypeError if it is async or no function."""
    if not callable(f):
        raise TypeError("expected a function")
    if isinstance(f, AsyncFunction):
        hint = "first `let results := await parallel_map(xs, f)`, then go on with the results"
        raise errors.TypeError(f"{name}() expects a plain function, got an async one", hint=hint)
    return f


def position(a: list[Any], i: int) -> int:
    """Return `i`, counted from the end if negative, as an index of `a`.

    Raises IndexError when there is no such element.
    """
    if not isinstance(i, int) or isinstance(i, bool):
        raise TypeError("expected an int")
    at = i + len(a) if i < 0 else i
    if not 0 <= at < len(a):
        raise errors.IndexError(f"Index out of bounds: {i}")
    return at


MAX_RANGE = 100_000_000
STEP = 1_000_000


@builtin
def len_(x: str | list[Any] | dict[Any, Any] | set[Any] | bytes | Range | Queue | Stack) -> int:
    """Return the number of characters, elements, entries or bytes of `x`.

    ```
    print(len([1, 2]))   # expect: 2
    print("né".len())    # expect: 2
    ```
    """
    return len(x)


@builtin
def is_empty(x: str | list[Any] | dict[Any, Any] | set[Any] | bytes | Range | Queue | Stack) -> bool:
    """Return whether `x` holds nothing."""
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


def part(item: Any) -> str:
    """Return `item`, which is looked for in a string; raises TypeError if it is none."""
    if not isinstance(item, str):
        raise errors.TypeError(f"only a string can be in a string, got {type_name(item)}")
    return item


def holds(x: Any, item: Any) -> bool:
    """Return whether `item` is a part of the string `x`, or by `==` among its keys or elements."""
    if isinstance(x, str):
        return part(item) in x
    if isinstance(x, dict | set | Set | Range):
        try:
            return item in x
        except TypeError:  # what cannot be a key is none
            return False
    return any(equal(item, element) for element in elements(x))


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
    """Return a new array with `x` before the element at `i`; `i` may be the length."""
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
    """Return `[rest, element at i]`."""
    a = elements(a)
    at = position(a, i)
    return [a[:at] + a[at + 1 :], a[at]]


@builtin
def clear(x: list[Any] | dict[Any, Any] | set[Any] | Queue | Stack) -> Any:
    """Return an empty collection of the type of `x`."""
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
    """Return one array of the elements of all."""
    joined = list(elements(a))
    for other in others:
        joined += elements(other)
    return joined


@builtin
def reverse(x: list[Any] | str | bytes | Range) -> Any:
    """Return `x` backwards."""
    return x[::-1] if isinstance(x, str | bytes) else elements(x)[::-1]


def in_order(a: Iterable[Any]) -> list[Any]:
    """Return the elements sorted if they are all numbers or all strings, else as they are."""
    a = elements(a)
    kinds = {type(element) for element in a}
    return sorted(a) if kinds <= {int, float} or kinds == {str} else list(a)


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
    return in_order(a) if compare is None else sorted(elements(a), key=cmp_to_key(plain("sort", compare)))


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
    """Return `a` without the elements that equal an earlier one."""
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
    """Return the sum of the numbers of `a`; 0 when it is empty."""
    total: int | float = sum(elements(a))
    return total


@builtin
def map_(a: Items | Stream, f: Function) -> Any:
    """Return `f(element)` for each element of `a`; with an async function, an array of promises.

    Of a generator it is a generator, which calls `f` when an element is asked for. Of an async generator it is
    one, and what an async function gives is awaited.

    ```
    print(map([1, 2], x => x * 10))                      # expect: [10, 20]
    async func slow(x) { return x + 1 }
    print(await promise_all([1, 2].map(slow)))           # expect: [2, 3]
    ```
    """
    if not callable(f):
        raise TypeError("expected a function")
    if isinstance(a, Stream):
        return lazy.map_stream(a, f)
    return lazy.map_(a, f) if is_lazy(a) else list(map(f, elements(a)))


@builtin
def filter_(a: Items | Stream, f: Function) -> Any:
    """Return the elements of `a` for which `f` gives a true value; of a generator, plain or async, as one."""
    if isinstance(a, Stream) and callable(f):
        return lazy.filter_stream(a, f)
    f = plain("filter", f)
    return lazy.filter_(a, f) if is_lazy(a) else list(filter(f, elements(a)))


@builtin
def reduce(a: Items, initial: Any, f: Function) -> Any:
    """Return `f(f(initial, first), second)` and so on over all elements of `a`.

    The method takes the two in either order.

    ```
    print(reduce([1, 2, 3], 0, (sum, x) => sum + x))  # expect: 6
    ```
    """
    f = plain("reduce", f)
    with through(each(a)) as items:
        for element in items:
            initial = f(initial, element)
    return initial


@builtin
def any_(a: Items, f: Function = bool) -> bool:
    """Return whether `f` gives a true value for an element of `a`."""
    with through(each(a)) as items:
        return any(map(plain("any", f), items))


@builtin
def all_(a: Items, f: Function = bool) -> bool:
    """Return whether `f` gives a true value for every element of `a`."""
    with through(each(a)) as items:
        return all(map(plain("all", f), items))


@builtin
def find(a: Items, f: Function) -> Any:
    """Return the first element for which `f` gives a true value, 0 if there is none.

    The method `a.find(f)` gives null if there is none.
    """
    with through(each(a)) as items:
        return next(filter(plain("find", f), items), 0)


@builtin
def find_index(a: Items, f: Function) -> int:
    """Return the place of the first element for which `f` gives a true value, -1 if there is none."""
    f = plain("find_index", f)
    with through(each(a)) as items:
        return next((i for i, element in enumerate(items) if f(element)), -1)


@builtin
def group_by(a: Items, f: Function) -> dict[Any, Any]:
    """Return a dict of arrays: the elements of `a` by `f(element)`.

    ```
    print(group_by([1, 2, 3], x => if x % 2 == 0 { "even" } else { "odd" }))  # expect: {"even": [2], "odd": [1, 3]}
    ```
    """
    f = plain("group_by", f)
    groups: dict[Any, Any] = {}
    for element in elements(a):
        groups.setdefault(f(element), []).append(element)
    return groups


def _size(name: str, n: int) -> int:
    if n < 1:
        raise errors.ValueError(f"{name}() size must be at least 1, got {n}")
    return n


@builtin
def chunk(a: Items, n: int) -> Any:
    """Return the elements of `a` in arrays of `n`; the last may be shorter. Of a generator it is a generator.

    ```
    print(chunk([1, 2, 3, 4, 5], 2))  # expect: [[1, 2], [3, 4], [5]]
    ```
    """
    n = _size("chunk", n)
    if is_lazy(a):
        return lazy.chunk(a, n)
    a = elements(a)
    return [a[i : i + n] for i in range(0, len(a), n)]


@builtin
def windows(a: list[Any], n: int) -> list[Any]:
    """Return every run of `n` neighbours.

    ```
    print(windows([1, 2, 3], 2))  # expect: [[1, 2], [2, 3]]
    ```
    """
    a, n = elements(a), _size("windows", n)
    return [a[i : i + n] for i in range(len(a) - n + 1)]


@builtin
def flatten(a: Items) -> list[Any]:
    """Return `a` with the elements of its arrays in their place, one level deep."""
    flat: list[Any] = []
    for element in elements(a):
        flat += element if isinstance(element, list) else [element]
    return flat


@builtin
def zip_(a: Items, b: Items) -> Any:
    """Return pairs of the elements at the same places, as many as the shorter has; of a generator as a generator."""
    if is_lazy(a) or is_lazy(b):
        return lazy.zip_(each(a), each(b))
    return [[x, y] for x, y in zip(elements(a), elements(b), strict=False)]


@builtin
def enumerate_(a: Items) -> Any:
    """Return pairs of index and element; of a generator as a generator."""
    return lazy.enumerate_(a) if is_lazy(a) else [[i, element] for i, element in enumerate(elements(a))]


@builtin
def take(a: Items | Stream, n: int) -> Any:
    """Return the first `n` elements of `a`, or all; of a generator, plain or async, as one, which then closes `a`.

    ```
    func* naturals() { mut n := 0; loop { yield n; n += 1 } }
    print(collect(naturals().filter(n => n % 2 == 1).map(n => n * 10).take(3)))  # expect: [10, 30, 50]
    ```
    """
    if isinstance(a, Stream):
        return lazy.take_stream(a, n)
    return lazy.take(a, n) if is_lazy(a) else elements(a)[: max(0, n)]


@builtin
def skip(a: Items, n: int) -> Any:
    """Return `a` without its first `n` elements; of a generator as a generator."""
    return lazy.skip(a, n) if is_lazy(a) else elements(a)[max(0, n) :]


@builtin
def collect(x: Any) -> Any:
    """Return what `x` gives when it is run through, as an array; of an async generator, the promise of that.

    ```
    func* squares(n) { for i in 0..n { yield i * i } }
    async func* later(n) { for i in 0..n { await async_sleep(1); yield i } }
    print(collect(squares(4)), await collect(later(3)))  # expect: [0, 1, 4, 9] [0, 1, 2]
    ```
    """
    return gathered(x, "collect") if hasattr(x, "__aiter__") else list(x)
