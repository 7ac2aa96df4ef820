"""Sets: each member once by the language's `==`, in the order in which they were put in.

Arrays, dicts, sets, structs and what enums hold of them can be members; only of a struct with an
`op_eq` nobody can tell beforehand what it equals. What a member equals is settled when it is put
in: one that is changed later is still found as what it was. Python's sets, which come
from libraries, are sets too; what is made of them here is a `Set`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar


class Set:
    """A set of any values; numbers are one when they are exactly equal, a bool is no number."""

    __slots__ = ("_members",)
    __hash__ = None  # type: ignore[assignment]  # like every collection that changes
    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._members: dict[Any, Any] = {}
        self.update(items)

    def add(self, item: Any) -> None:
        """Put `item` in, unless an equal one is there."""
        self._members.setdefault(_key(item), item)

    def update(self, items: Iterable[Any]) -> None:
        """Put all of `items` in."""
        for item in items:
            self.add(item)

    def discard(self, item: Any) -> None:
        """Take the member equal to `item` out, if there is one."""
        self._members.pop(_key(item), None)

    def clear(self) -> None:
        """Take everything out."""
        self._members.clear()

    def copy(self) -> Set:
        """Return a set of the same members."""
        made = Set()
        made._members = self._members.copy()
        return made

    def __contains__(self, item: object) -> bool:
        try:
            return _key(item) in self._members
        except TypeError:  # what cannot be a member is none
            return False

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    def __eq__(self, other: object) -> bool:
        return self._members.keys() == as_set(other)._members.keys() if isinstance(other, SETS) else NotImplemented

    def __or__(self, other: object) -> Set:
        if not isinstance(other, SETS):
            return NotImplemented
        made = self.copy()
        made.update(other)
        return made

    def __and__(self, other: object) -> Set:
        return self._kept(as_set(other), True) if isinstance(other, SETS) else NotImplemented

    def __sub__(self, other: object) -> Set:
        return self._kept(as_set(other), False) if isinstance(other, SETS) else NotImplemented

    def __ror__(self, other: object) -> Set:
        return Set(other) | self if isinstance(other, SETS) else NotImplemented

    def __rand__(self, other: object) -> Set:
        return Set(other) & self if isinstance(other, SETS) else NotImplemented

    def __rsub__(self, other: object) -> Set:
        return Set(other) - self if isinstance(other, SETS) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._members.keys() <= as_set(other)._members.keys() if isinstance(other, SETS) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._members.keys() < as_set(other)._members.keys() if isinstance(other, SETS) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._members.keys() >= as_set(other)._members.keys() if isinstance(other, SETS) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._members.keys() > as_set(other)._members.keys() if isinstance(other, SETS) else NotImplemented

    def _kept(self, other: Set, common: bool) -> Set:
        """Return the members that `other` has too, or those that it has not."""
        made = Set()
        made._members = {key: item for key, item in self._members.items() if (key in other._members) is common}
        return made


SETS = (Set, set, frozenset)
"""The classes whose values are sets."""


def as_set(items: Any) -> Set:
    """Return a set as a `Set`: itself, if it is one."""
    return items if isinstance(items, Set) else Set(items)


def _key(item: Any) -> Any:
    """Return what stands for `item`: equal, and of equal hash, for what is equal in the language.

    Raises Python's TypeError for an object that cannot be looked up.
    """
    if isinstance(item, bool):
        return bool, item
    if isinstance(item, list):
        return list, tuple(map(_key, item))
    if isinstance(item, tuple):
        return tuple, tuple(map(_key, item))
    if isinstance(item, dict):
        return dict, frozenset((key, _key(value)) for key, value in item.items())
    if isinstance(item, SETS):
        return set, frozenset(map(_key, item))
    own = getattr(type(item), "__set_key__", None)  # of structs and values of enums
    if own is not None:
        return own(item, _key)
    hash(item)
    return item
