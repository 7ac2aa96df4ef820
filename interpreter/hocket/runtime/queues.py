"""Queues and stacks: arrays that are used from their ends only.

What a `for` goes through, and what their arrays hold, is in the order in which it was put in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, TypeVar

from hocket.runtime.values import equal, name_type

L = TypeVar("L", bound="Line")


class Line:
    """What queues and stacks have in common."""

    __slots__ = ("items",)
    __hash__ = None  # type: ignore[assignment]  # like every collection that changes
    members: ClassVar[frozenset[str]] = frozenset()
    name: ClassVar[str]

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.items = deque(items)

    def update(self, items: Iterable[Any]) -> None:
        """Put all of `items` in."""
        self.items.extend(items)

    def clear(self) -> None:
        """Take everything out."""
        self.items.clear()

    def copy(self: L) -> L:
        """Return another one that holds the same."""
        return type(self)(self.items)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<{self.name} {len(self.items)}>"

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.items))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return len(self) == len(other) and all(map(equal, self.items, other.items))


class Queue(Line):
    """What was put in first comes out first."""

    __slots__ = ()
    name = "queue"


class Stack(Line):
    """What was put in last comes out first."""

    __slots__ = ()
    name = "stack"


name_type(Queue, "queue")
name_type(Stack, "stack")
