"""Nodes of structs."""

from __future__ import annotations

from hocket.syntax.nodes.base import Node, Token, node
from hocket.syntax.nodes.functions import FuncDef


@node
class StructField(Node):
    """`name: type = default`."""

    name: Token
    type: Node | None
    default: Node | None


@node
class StructDef(Node):
    """The members are `StructField` and `FuncDef`."""

    name: Token
    members: tuple[Node, ...]

    @property
    def fields(self) -> list[StructField]:
        """The fields in the order of their declaration."""
        return [member for member in self.members if isinstance(member, StructField)]

    @property
    def methods(self) -> list[FuncDef]:
        """The methods."""
        return [member for member in self.members if isinstance(member, FuncDef)]


@node
class FieldValue(Node):
    name: Token
    value: Node


@node
class StructExpr(Node):
    """`Point { x: 1, y, ...p }`: the items are `FieldValue`, `Shorthand` and `Spread`."""

    struct: Node
    items: tuple[Node, ...]
