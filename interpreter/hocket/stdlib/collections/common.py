"""What the functions on arrays have in common: what is one, what it holds, its order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from hocket import errors
from hocket.runtime.generators import is_lazy
from hocket.runtime.operators import COLLECT_IT
from hocket.runtime.ranges import Range
from hocket.runtime.sets import Set
from hocket.runtime.streams import Flow, Stream
from hocket.runtime.tasks import AsyncFunction
from hocket.runtime.values import equal, type_name

Function = Callable[..., Any]
Items = list[Any] | Iterator[Any]

STEP = 100_000
"""Elements that are worked on between two moments at which Stop may come."""

RUN = 250_000
"""Elements that are sorted at a time: what is in steps costs more."""


def elements(a: Iterable[Any]) -> list[Any]:
    """Return the elements of an array or of what serves as one.

    Raises Python's TypeError for a string, a dict and what holds no elements.
    """
    return a if isinstance(a, list) else listed(elementwise(a))


def elementwise(a: Iterable[Any]) -> Iterable[Any]:
    """Return `a`, which is an array or serves as one; raises as `elements`."""
    if isinstance(a, Flow):
        what = "an async generator" if isinstance(a, Stream) else f"a {type_name(a)}"
        raise errors.TypeError(f"{what} is no array", hint=COLLECT_IT)
    if isinstance(a, str | bytes | dict):
        raise TypeError(f"expected an array, got {type_name(a)}")
    return a


def listed(items: Iterable[Any]) -> list[Any]:
    """Return what `items` gives as an array, made in steps."""
    made: list[Any] = []
    for part in steps(items):
        made += part
    return made


def steps(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield what `items` gives, as many elements at a time as take little time."""
    rest = iter(items)
    while part := list(islice(rest, STEP)):
        yield part


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


def in_order(a: Iterable[Any]) -> list[Any]:
    """Return the elements sorted if they are all numbers or all strings, else as they are."""
    a = elements(a)
    kinds = {type(element) for element in a}
    return in_steps(a) if kinds <= {int, float} or kinds == {str} else list(a)


def in_steps(a: list[Any]) -> list[Any]:
    """Return `a` sorted, in steps of which each takes little time."""
    runs = [sorted(a[at : at + RUN]) for at in range(0, len(a), RUN)]
    while len(runs) > 1:
        runs = [merged(*runs[at : at + 2]) for at in range(0, len(runs), 2)]
    return runs[0] if runs else []


def merged(a: list[Any], b: Sequence[Any] = ()) -> list[Any]:
    """Return what two sorted arrays hold, sorted, in steps; of what is equal, that of `a` comes first."""
    made: list[Any] = []
    i = j = 0
    while i < len(a) and j < len(b):
        to, until = min(i + STEP, len(a)), min(j + STEP, len(b))
        # Of the array whose step goes farther, no more than what the other's rest cannot come before.
        if a[to - 1] <= b[until - 1]:
            until = bisect_left(b, a[to - 1], j, until)
        else:
            to = bisect_right(a, b[until - 1], i, to)
        part = a[i:to]
        part += b[j:until]
        part.sort()
        made += part
        i, j = to, until
    made += a[i:]
    made += b[j:]
    return made
