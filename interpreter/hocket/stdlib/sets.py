"""Sets.

Called as functions these give new sets. The methods `add`, `remove`, `update` and `clear`
change their set and give it back. A set finds a member by `==`, in one step.
"""

from __future__ import annotations

from typing import Any

from hocket.runtime.registry import builtin, method
from hocket.runtime.sets import SETS, Set, as_set
from hocket.stdlib.collections import elements


def _set(s: Any) -> Set:
    """Return the set `s` as a `Set`; raises Python's TypeError for anything else."""
    if not isinstance(s, SETS):
        raise TypeError("expected a set")
    return as_set(s)


@builtin
def Set_(a: list[Any] | None = None) -> Set:
    """Return the set of the elements of `a`, in their order, each once; the empty set without `a`.

    Members are the same when they are `==`, arrays, dicts and structs too; ones that are changed later stay what
    they were to the set.

    ```
    let s := Set([2, 1, 2, [1, 2], [1, 2]])
    print(s, s.len(), [1, 2] in s, type(s))       # expect: Set{2, 1, [1, 2]} 3 true set
    print(Set([1, 2]) == Set([2, 1.0]))           # expect: true
    print(Set([1, 2, 3]) - Set([2]))              # expect: Set{1, 3}
    ```
    """
    return Set(() if a is None else elements(a))


@builtin
def set_add(s: set[Any], x: Any) -> Set:
    """Return a new set: `s` and then `x`, if it is not there. The method `s.add(x)` changes `s`.

    ```
    let s := Set([1])
    print(set_add(s, 2), set_add(s, 1), s)  # expect: Set{1, 2} Set{1} Set{1}
    ```
    """
    made = _set(s).copy()
    made.add(x)
    return made


@builtin
def set_remove(s: set[Any], x: Any) -> Set:
    """Return a new set without `x`. The method `s.remove(x)` changes `s`.

    ```
    print(set_remove(Set([1, 2]), 1))  # expect: Set{2}
    ```
    """
    made = _set(s).copy()
    made.discard(x)
    return made


@builtin
@method(set, aliases=("has",))
def set_has(s: set[Any], x: Any) -> bool:
    """Return whether `x` is a member of `s`, as `x in s` does.

    ```
    print(set_has(Set([1, 2]), 1), Set([1]).has(2))  # expect: true false
    ```
    """
    return x in _set(s)


@builtin
@method(set, aliases=("union",))
def set_union(s: set[Any], other: set[Any]) -> Set:
    """Return the set of the members of both.

    ```
    print(Set([1, 2]).union(Set([3, 2])))  # expect: Set{1, 2, 3}
    ```
    """
    return _set(s) | _set(other)


@builtin
@method(set, aliases=("intersect", "intersection"))
def set_intersect(s: set[Any], other: set[Any]) -> Set:
    """Return the set of the members of `s` that `other` has too.

    ```
    print(set_intersect(Set([1, 2]), Set([2, 3])))  # expect: Set{2}
    ```
    """
    return _set(s) & _set(other)


@builtin
@method(set, aliases=("difference",))
def set_difference(s: set[Any], other: set[Any]) -> Set:
    """Return the set of the members of `s` that `other` has not, as `s - other` does.

    ```
    print(set_difference(Set([1, 2]), Set([2, 3])))  # expect: Set{1}
    ```
    """
    return _set(s) - _set(other)


@method(set)
def is_subset(s: set[Any], other: set[Any]) -> bool:
    """Return whether every member of the set is one of `other`.

    ```
    print(Set([1]).is_subset(Set([1, 2])), Set([1, 2]).is_superset(Set([3])))  # expect: true false
    ```
    """
    return _set(s) <= _set(other)


@method(set)
def is_superset(s: set[Any], other: set[Any]) -> bool:
    """Return whether every member of `other` is one of the set.

    ```
    print(Set([1, 2]).is_superset(Set([1])), Set([1]).is_superset(Set([1, 2])))  # expect: true false
    ```
    """
    return _set(s) >= _set(other)


@builtin
@method(set, aliases=("to_array",))
def set_to_array(s: set[Any]) -> list[Any]:
    """Return the members of `s` as an array, in the order in which they were put in.

    ```
    print(Set(["b", "a", "b"]).to_array())  # expect: [b, a]
    ```
    """
    return list(_set(s))


@method(set)
def update(s: set[Any], items: list[Any]) -> set[Any]:
    """Put the members of another set, or the elements of an array, into the set and return the set.

    ```
    print(Set([1]).update([2, 1]))  # expect: Set{1, 2}
    ```
    """
    s.update(elements(items))
    return s
