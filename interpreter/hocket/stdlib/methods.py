"""Methods that change their collection, or differ from the function of their name.

`push append insert remove clear sort reverse update` change the collection and give
it back; `pop`, `remove_at` and a dict's `remove` change it and give the element.
What is not here is the function itself, called with the value first.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from hocket import errors
from hocket.runtime.enums import NONE, SOME, EnumValue
from hocket.runtime.queues import Queue, Stack
from hocket.runtime.ranges import Range
from hocket.runtime.registry import method
from hocket.runtime.streams import Flow, Stream, stream
from hocket.runtime.values import name_type, print_text
from hocket.stdlib import text
from hocket.stdlib.collections import Function, Items, arrays, each, holds, passes, plain, position
from hocket.stdlib.lazy import through

name_type(Flow, "stream")
name_type(Stream, "generator")


@method(list, aliases=("append",))
def push(a: list[Any], x: Any) -> list[Any]:
    """Put `x` at the end of the array and return the array.

    ```
    let a := [1]
    a.push(2).push(3)
    print(a)  # expect: [1, 2, 3]
    ```
    """
    a.append(x)
    return a


@method(list)
def pop(a: list[Any], i: int = -1) -> Any:
    """Take the element at `i`, else the last one, out of the array and return it.

    ```
    let a := [1, 2, 3]
    print(a.pop(), a)  # expect: 3 [1, 2]
    ```
    """
    if not a:
        raise errors.IndexError("pop() from an empty array")
    return a.pop(position(a, i))


@method(list)
def insert(a: list[Any], i: int, x: Any) -> list[Any]:
    """Put `x` before the element at `i` and return the array; `i` may be the length.

    ```
    let a := [1, 3]
    a.insert(1, 2)
    print(a)  # expect: [1, 2, 3]
    ```
    """
    a.insert(len(a) if i == len(a) else position(a, i), x)
    return a


@method(list)
def remove(a: list[Any], x: Any) -> list[Any]:
    """Take the first element equal to `x`, if there is one, out of the array and return the array.

    ```
    let a := [1, 2, 1]
    a.remove(1)
    print(a)  # expect: [2, 1]
    ```
    """
    at = arrays.index_of(a, x)
    if at >= 0:
        del a[at]
    return a


@method(list)
def remove_at(a: list[Any], i: int) -> Any:
    """Take the element at `i` out of the array and return it.

    ```
    let a := [5, 6, 7]
    print(a.remove_at(1), a)  # expect: 6 [5, 7]
    ```
    """
    return a.pop(position(a, i))


@method(list, dict, set, Queue, Stack)
def clear(x: Any) -> Any:
    """Take everything out of the collection and return it, empty.

    ```
    let a := [1]
    a.clear()
    print(a)  # expect: []
    ```
    """
    x.clear()
    return x


@method(list)
def sort(a: list[Any], compare: Function | None = None) -> list[Any]:
    """Bring numbers or strings into order, or all by `compare(x, y)`, and return the array.

    ```
    let a := [3, 1, 2]
    a.sort()
    print(a)  # expect: [1, 2, 3]
    ```
    """
    a[:] = arrays.sort(a, compare)
    return a


@method(list)
def sort_by(a: list[Any], f: Function) -> list[Any]:
    """Return a new array in the order of `f(element)`.

    ```
    print(["ccc", "a", "bb"].sort_by(s => s.len()))  # expect: [a, bb, ccc]
    ```
    """
    return arrays.sort_by(a, f)


@method(list)
def reverse(a: list[Any]) -> list[Any]:
    """Turn the array round and return it.

    ```
    let a := [1, 2]
    a.reverse()
    print(a)  # expect: [2, 1]
    ```
    """
    a.reverse()
    return a


@method(list, Range, set, tuple, GeneratorType)
def find(a: Items, f: Function) -> Any:
    """Return the first element for which `f` gives a true value, null if there is none.

    ```
    print([1, 2].find(x => x > 1), [1].find(x => x > 1))  # expect: 2 null
    ```
    """
    with through(each(a)) as items:
        return next(filter(plain("find", f), items), None)


@method(list, Range, set, tuple, GeneratorType)
def reduce(a: Items, f: Any, initial: Any) -> Any:
    """Return `f(f(initial, first), second)` and so on; the two arguments may be in either order.

    ```
    print([1, 2, 3].reduce((sum, x) => sum + x, 0))  # expect: 6
    ```
    """
    return passes.reduce(a, f, initial) if callable(initial) else passes.reduce(a, initial, f)


@method(list, Range, set, tuple, GeneratorType)
def for_each(a: Items, f: Function) -> None:
    """Call `f` with each element.

    ```
    [1, 2].for_each(x => print(x))
    # expect: 1
    # expect: 2
    ```
    """
    f = plain("for_each", f)
    with through(each(a)) as items:
        for element in items:
            f(element)


@method(list, Range, tuple, GeneratorType)
def first(a: Items) -> Any:
    """Return the first element, null if there is none.

    ```
    print([1, 2].first(), [].first())  # expect: 1 null
    ```
    """
    with through(a) as items:
        return next(iter(items), None)


@method(list, Range, tuple)
def last(a: list[Any]) -> Any:
    """Return the last element, null if there is none.

    ```
    print([1, 2].last(), [].last())  # expect: 2 null
    ```
    """
    return next(reversed(a), None)


@method(list, Range, tuple, GeneratorType)
def join(a: Items, separator: str = "") -> str:
    """Return the elements as text, with `separator` between them.

    ```
    print([1, 2.5, "a"].join("-"), [1, 2].join())  # expect: 1-2.5-a 12
    ```
    """
    return separator.join(map(print_text, a))


@method(str, list, dict, set, Range, tuple, Queue, Stack, aliases=("includes",))
def contains(x: Any, item: Any) -> bool:
    """Return whether `item` is a substring, an element or a key.

    ```
    print([1, 2].contains(2.0), "abc".includes("bc"), {a: 1}.contains("b"))  # expect: true true false
    ```
    """
    return holds(x, item)


@method(set)
def add(s: set[Any], x: Any) -> set[Any]:
    """Put `x` into the set and return the set.

    ```
    let s := Set([1])
    s.add(2).add(1)
    print(s)  # expect: Set{1, 2}
    ```
    """
    s.add(x)
    return s


@method(set)
def remove_(s: set[Any], x: Any) -> set[Any]:
    """Take `x`, if it is there, out of the set and return the set.

    ```
    print(Set([1, 2]).remove(1), Set([1]).remove(5))  # expect: Set{2} Set{1}
    ```
    """
    s.discard(x)
    return s


@method(dict)
def keys(d: dict[Any, Any]) -> list[Any]:
    """Return the keys in the order in which they were put in.

    ```
    print({b: 1, a: 2}.keys())  # expect: [b, a]
    ```
    """
    return list(d)


@method(dict)
def values(d: dict[Any, Any]) -> list[Any]:
    """Return the values in the order in which they were put in.

    ```
    print({b: 1, a: 2}.values())  # expect: [1, 2]
    ```
    """
    return list(d.values())


@method(dict, aliases=("entries",))
def items(d: dict[Any, Any]) -> list[Any]:
    """Return `[key, value]` pairs in the order in which they were put in.

    ```
    print({b: 1, a: 2}.items(), {a: 1}.entries())  # expect: [[b, 1], [a, 2]] [[a, 1]]
    ```
    """
    return [[key, value] for key, value in d.items()]


@method(dict, aliases=("has",))
def has_key(d: dict[Any, Any], key: Any) -> bool:
    """Return whether the dict has `key`.

    ```
    print({a: 1}.has_key("a"), {a: 1}.has("b"))  # expect: true false
    ```
    """
    return holds(d, key)


@method(dict)
def update(d: dict[Any, Any], other: dict[Any, Any]) -> dict[Any, Any]:
    """Put the entries of `other` into the dict and return the dict.

    ```
    let d := {a: 1}
    d.update({a: 2, b: 3})
    print(d)  # expect: {"a": 2, "b": 3}
    ```
    """
    if not isinstance(other, dict):
        raise TypeError
    d.update(other)
    return d


@method(dict)
def remove__(d: dict[Any, Any], key: Any) -> Any:
    """Take the entry for `key` out of the dict and return its value.

    Raises KeyError when there is none.

    ```
    let d := {"a": 1}
    print(d.remove("a"), d)  # expect: 1 {}
    ```
    """
    if not holds(d, key):
        raise errors.KeyError(f'Missing map key: "{print_text(key)}"')
    return d.pop(key)


@method(str)
def split(s: str, separator: str | None = None) -> list[str]:
    """Return the parts between the separators, between blanks without one.

    ```
    print("a b  c".split(), "abc".split(""), "a,b".split(","))  # expect: [a, b, c] [a, b, c] [a, b]
    ```
    """
    return text.chars(s) if separator == "" else text.parts(s, separator)


@method(str)
def find_(s: str, part: str) -> int:
    """Return the first place of `part`, -1 if it is not there.

    ```
    print("hello".find("l"), "hello".find("z"))  # expect: 2 -1
    ```
    """
    return s.find(part)


@method(GeneratorType)
def next_(g: Iterator[Any]) -> EnumValue:
    """Return `Some(value)` with what the generator gives next, `None` from its end on.

    ```
    func* two() { yield 1; yield 2 }
    let g := two()
    print(g.next(), g.next(), g.next(), g.next())  # expect: Some(1) Some(2) None None
    ```
    """
    for value in g:
        return SOME(value)
    return NONE


@method(Stream, AsyncGeneratorType)
async def next__(g: Any) -> EnumValue:
    """Return `Some(value)` with what the async generator gives next, `None` from its end on.

    ```
    async func* ticks() { await async_sleep(1); yield 1 }
    let g := ticks()
    print(await g.next(), await g.next(), await g.next())  # expect: Some(1) None None
    ```
    """
    async for value in stream(g):
        return SOME(value)
    return NONE


@method(list, Range, set, tuple, GeneratorType, Flow)
def collect(g: Items | Flow) -> Any:
    """Return what there is to go through as an array: of a generator until it ends, of an async one the promise of it.

    ```
    func* two() { yield 1; yield 2 }
    print(two().collect(), (1..4).collect())                        # expect: [1, 2] [1, 2, 3]
    print([1, 2, 3].map(x => x * 2).filter(x => x > 2).collect())  # expect: [4, 6]
    ```
    """
    return passes.collect(g)
