"""Functions that go through an array: most of them take a generator as well, and ask it for what they need only."""

from __future__ import annotations

from typing import Any

from hocket import errors
from hocket.runtime.combinators import gathered
from hocket.runtime.generators import is_lazy
from hocket.runtime.registry import builtin
from hocket.runtime.streams import Flow
from hocket.stdlib import lazy, streams
from hocket.stdlib.collections.common import Function, Items, each, elements, listed, plain
from hocket.stdlib.lazy import through


@builtin
def map_(a: Items | Flow, f: Function) -> Any:
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
    if isinstance(a, Flow):
        return streams.map_(a, f)
    return lazy.map_(a, f) if is_lazy(a) else list(map(f, elements(a)))


@builtin
def filter_(a: Items | Flow, f: Function) -> Any:
    """Return the elements of `a` for which `f` gives a true value; of a generator, plain or async, as one.

    ```
    print(filter([1, 2, 3], x => x > 1))  # expect: [2, 3]
    ```
    """
    if isinstance(a, Flow) and callable(f):
        return streams.filter_(a, f)
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
    """Return whether `f` gives a true value for an element of `a`.

    ```
    print(any([1, 2], x => x > 1), any([0, null]))  # expect: true false
    ```
    """
    with through(each(a)) as items:
        return any(map(plain("any", f), items))


@builtin
def all_(a: Items, f: Function = bool) -> bool:
    """Return whether `f` gives a true value for every element of `a`.

    ```
    print(all([1, 2], x => x > 1), all([]))  # expect: false true
    ```
    """
    with through(each(a)) as items:
        return all(map(plain("all", f), items))


@builtin
def find(a: Items, f: Function) -> Any:
    """Return the first element for which `f` gives a true value, 0 if there is none.

    The method `a.find(f)` gives null if there is none.

    ```
    print(find([1, 2, 3], x => x > 1), find([1], x => x > 1))  # expect: 2 0
    ```
    """
    with through(each(a)) as items:
        return next(filter(plain("find", f), items), 0)


@builtin
def find_index(a: Items, f: Function) -> int:
    """Return the place of the first element for which `f` gives a true value, -1 if there is none.

    ```
    print(find_index([5, 6], x => x == 6), [5].find_index(x => x == 6))  # expect: 1 -1
    ```
    """
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
def chunk(a: Items | Flow, n: int) -> Any:
    """Return the elements of `a` in arrays of `n`; the last may be shorter. Of a generator, plain or async, as one.

    ```
    print(chunk([1, 2, 3, 4, 5], 2))  # expect: [[1, 2], [3, 4], [5]]
    ```
    """
    n = _size("chunk", n)
    if isinstance(a, Flow):
        return streams.chunk(a, n)
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
    """Return `a` with the elements of its arrays in their place, one level deep.

    ```
    print(flatten([1, [2, [3]]]))  # expect: [1, 2, [3]]
    ```
    """
    flat: list[Any] = []
    for element in elements(a):
        flat += element if isinstance(element, list) else [element]
    return flat


@builtin
def zip_(a: Items | Flow, b: Items | Flow) -> Any:
    """Return pairs of the elements at the same places, as many as the shorter has.

    If one of the two is a generator, plain or async, the pairs are one.

    ```
    print(zip([1, 2, 3], ["a", "b"]))  # expect: [[1, a], [2, b]]
    ```
    """
    if isinstance(a, Flow) or isinstance(b, Flow):
        return streams.zip_(a, b)
    if is_lazy(a) or is_lazy(b):
        return lazy.zip_(each(a), each(b))
    return [[x, y] for x, y in zip(elements(a), elements(b), strict=False)]


@builtin
def enumerate_(a: Items | Flow) -> Any:
    """Return pairs of index and element; of a generator, plain or async, as one.

    ```
    print(enumerate(["a", "b"]))  # expect: [[0, a], [1, b]]
    ```
    """
    if isinstance(a, Flow):
        return streams.enumerate_(a)
    return lazy.enumerate_(a) if is_lazy(a) else [[i, element] for i, element in enumerate(elements(a))]


@builtin
def take(a: Items | Flow, n: int) -> Any:
    """Return the first `n` elements of `a`, or all; of a generator, plain or async, as one, which then closes `a`.

    ```
    func* naturals() { mut n := 0; loop { yield n; n += 1 } }
    print(collect(naturals().filter(n => n % 2 == 1).map(n => n * 10).take(3)))  # expect: [10, 30, 50]
    ```
    """
    if isinstance(a, Flow):
        return streams.take(a, n)
    return lazy.take(a, n) if is_lazy(a) else elements(a)[: max(0, n)]


@builtin
def skip(a: Items | Flow, n: int) -> Any:
    """Return `a` without its first `n` elements; of a generator, plain or async, as one.

    ```
    print(skip([1, 2, 3], 1))  # expect: [2, 3]
    ```
    """
    if isinstance(a, Flow):
        return streams.skip(a, n)
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
    return gathered(x, "collect") if hasattr(x, "__aiter__") else listed(x)
