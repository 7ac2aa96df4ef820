"""What every node of the syntax tree is made of."""

from __future__ import annotations

from typing import Any, TypeVar, cast, dataclass_transform

from hocket.source import Span

T = TypeVar("T")


class Token(str):
    """A word, literal or operator of the program: its text and where it stands."""

    __slots__ = ("span", "type")

    type: str
    span: Span

    def __new__(cls, terminal: str, text: str, span: Span) -> Token:
        """Make a token whose value as a string is `text`."""
        token = str.__new__(cls, text)
        token.type = terminal
        token.span = span
        return token


@dataclass_transform(eq_default=False, frozen_default=True)
def node(cls: type[T]) -> type[T]:
    """Make `cls` the node of the rule that has its name, with the annotated fields.

    A dataclass in all but speed: the classes are made in a tenth of the time, and
    that nothing assigns to a field is left to the type checker.
    """
    own = list(cls.__annotations__)
    inherited = [name for base in cls.__bases__ for name in getattr(base, "__slots__", ())]
    members = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    body = "".join(f"\n    self.{name} = {name}" for name in inherited + own)
    exec(f"def __init__(self, {', '.join(inherited + own)}):{body}", members)
    members.pop("__builtins__")
    remade: Any = type(cls.__name__, cls.__bases__, {**members, "__slots__": tuple(own)})
    return cast("type[T]", remade)


@node
class Node:
    """What every node has: where it stands in the source."""

    span: Span

    @property
    def children(self) -> tuple[Any, ...]:
        """The fields in order, the variadic one spread out; without the span."""
        values: list[Any] = []
        for name in type(self).__slots__:  # type: ignore[attr-defined]
            value = getattr(self, name)
            values.extend(value) if isinstance(value, tuple) else values.append(value)
        return tuple(values)
