"""The tests of a program, as it tells of them while its top level runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Block = Callable[[], Coroutine[Any, Any, Any]]


@dataclass
class Group:
    """A `test_group`, or the file."""

    name: str
    outer: Group | None = None
    setups: list[Block] = field(default_factory=list)
    teardowns: list[Block] = field(default_factory=list)

    @property
    def levels(self) -> list[Group]:
        """The group and those around it, the outermost first."""
        return [*(self.outer.levels if self.outer is not None else ()), self]


@dataclass
class Test:
    """A `test` of a group."""

    title: str
    run: Block
    group: Group

    @property
    def name(self) -> str:
        """Its name behind those of its groups."""
        return full_name([group.name for group in self.group.levels[1:]], self.title)

    @property
    def line(self) -> int:
        """The line it begins on."""
        return int(getattr(self.run, "__code__").co_firstlineno)  # noqa: B009  a function, as the compiler makes it

    @property
    def setups(self) -> list[Block]:
        """What runs before it, in order."""
        return [block for group in self.group.levels for block in group.setups]

    @property
    def teardowns(self) -> list[Block]:
        """What runs after it, in order: the innermost group's first."""
        return [block for group in reversed(self.group.levels) for block in group.teardowns]


def full_name(groups: list[str], title: str) -> str:
    """Return the name by which a test is shown and chosen."""
    return " > ".join([*groups, title])


class Suite:
    """What a program's tests are told to: its methods are named for the constructs that call them."""

    def __init__(self) -> None:
        self.tests: list[Test] = []
        self._group = Group("")

    def test(self, title: str, run: Block) -> None:
        """Take note of a `test`."""
        self.tests.append(Test(title, run, self._group))

    def test_setup(self, run: Block) -> None:
        """Take note of a `test_setup`."""
        self._group.setups.append(run)

    def test_teardown(self, run: Block) -> None:
        """Take note of a `test_teardown`."""
        self._group.teardowns.append(run)

    @contextmanager
    def test_group(self, name: str) -> Iterator[None]:
        """What is told meanwhile is in the group."""
        outer = self._group
        self._group = Group(name, outer)
        try:
            yield
        finally:
            self._group = outer
