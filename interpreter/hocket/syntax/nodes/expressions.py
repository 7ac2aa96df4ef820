"""Nodes of expressions."""

from __future__ import annotations

from typing import Any

from hocket.syntax.nodes.base import Node, Token, node
from hocket.syntax.nodes.statements import Block


@node
class ThrowExpr(Node):
    value: Node


@node
class YieldExpr(Node):
    value: Node | None


@node
class PipeExpr(Node):
    left: Node
    right: Node


@node
class CoalesceExpr(Node):
    left: Node
    right: Node


@node
class OrExpr(Node):
    left: Node
    right: Node


@node
class AndExpr(Node):
    left: Node
    right: Node


@node
class NotExpr(Node):
    value: Node


@node
class BinaryExpr(Node):
    """An operator among `+ - * / % == !=`."""

    left: Node
    operator: Token
    right: Node


@node
class CompareExpr(Node):
    """An operator among `< <= > >=`."""

    left: Node
    operator: Token
    right: Node


@node
class InExpr(Node):
    left: Node
    right: Node


@node
class NotInExpr(Node):
    left: Node
    right: Node


@node
class RangeExpr(Node):
    """`start..stop` or `start..=stop`."""

    start: Node
    operator: Token
    stop: Node


@node
class NegExpr(Node):
    value: Node


@node
class PowerExpr(Node):
    base: Node
    exponent: Node


@node
class AwaitExpr(Node):
    value: Node


@node
class SpawnExpr(Node):
    value: Node


@node
class SpawnBlockExpr(Node):
    """`spawn { }`, or `spawn("name") { }`: the children are the name and the block, or the block."""

    parts: tuple[Node, ...]


@node
class Spread(Node):
    value: Node


@node
class NamedArg(Node):
    name: Token
    value: Node


@node
class Args(Node):
    items: tuple[Node, ...]


@node
class CallExpr(Node):
    function: Node
    args: Args


@node
class IndexExpr(Node):
    object: Node
    index: Node


@node
class SliceFromExpr(Node):
    """`object[start..]`; the operator token is kept as the last child."""

    object: Node
    start: Node
    operator: Token


@node
class SliceToExpr(Node):
    """`object[..stop]` or `object[..=stop]`."""

    object: Node
    operator: Token
    stop: Node


@node
class FieldExpr(Node):
    object: Node
    name: Token


@node
class OptionalFieldExpr(Node):
    object: Node
    name: Token


@node
class NameExpr(Node):
    name: Token


@node
class IntExpr(Node):
    text: Token


@node
class FloatExpr(Node):
    text: Token


@node
class DurationExpr(Node):
    text: Token


@node
class TrueExpr(Node):
    pass


@node
class FalseExpr(Node):
    pass


@node
class NullExpr(Node):
    pass


@node
class ParenExpr(Node):
    value: Node


@node
class StringExpr(Node):
    """The token's value is the text meant: quotes and escapes are resolved."""

    text: Token


@node
class FormatExpr(Node):
    """A string with `${}`: text tokens (resolved), expressions, and `FSTRING_SPEC` tokens or `None`."""

    parts: tuple[Any, ...]


@node
class ListExpr(Node):
    items: tuple[Node, ...]


@node
class NameKey(Node):
    name: Token


@node
class NumberKey(Node):
    text: Token


@node
class ComputedKey(Node):
    value: Node


@node
class Pair(Node):
    key: Node
    value: Node


@node
class Shorthand(Node):
    name: Token


@node
class DictExpr(Node):
    items: tuple[Node, ...]


@node
class IfExpr(Node):
    test: Node
    body: Block
    orelse: Node | None


@node
class ScopeExpr(Node):
    body: Block


@node
class ShieldExpr(Node):
    body: Block


@node
class TimelineExpr(Node):
    body: Block


@node
class TimeoutExpr(Node):
    limit: Node
    body: Block
