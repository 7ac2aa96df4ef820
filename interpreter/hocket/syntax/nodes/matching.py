"""Nodes of `match` and `select`, of what their cases fit, and of `enum`."""

from __future__ import annotations

from hocket.syntax.nodes.base import Node, Token, node
from hocket.syntax.nodes.statements import Block


@node
class MatchExpr(Node):
    value: Node
    clauses: tuple[Node, ...]


@node
class CaseClause(Node):
    pattern: Node
    guard: Node | None
    body: Block


@node
class DefaultClause(Node):
    body: Block


@node
class SelectExpr(Node):
    clauses: tuple[Node, ...]


@node
class SelectCase(Node):
    pattern: Node
    source: Node
    body: Block


@node
class SelectTimeout(Node):
    limit: Node
    body: Block


@node
class AlternativesPattern(Node):
    patterns: tuple[Node, ...]


@node
class LiteralPattern(Node):
    value: Node


@node
class RangePattern(Node):
    """`start..stop` or `start..=stop`, of ints that are written out."""

    start: Node
    operator: Token
    stop: Node


@node
class TypePattern(Node):
    """`int n`, `m.Point p`: the type is an expression."""

    type: Node
    name: Token


@node
class PathPattern(Node):
    """`Shape::Empty`; what is compared with is an expression."""

    value: Node


@node
class VariantPattern(Node):
    """`Ok(v)`, `Shape::Circle(r)`: the variant is an expression."""

    variant: Node
    items: tuple[Node, ...]


@node
class StructPattern(Node):
    """`Point{x, y: 0, ...rest}`, `Shape::Circle{r}`: the struct or variant is an expression."""

    struct: Node
    items: tuple[Node, ...]


@node
class PathExpr(Node):
    """`Shape::Circle`."""

    object: Node
    name: Token


@node
class TryExpr(Node):
    """`e?`."""

    value: Node


@node
class VariantField(Node):
    name: Token
    type: Node | None


@node
class VariantDef(Node):
    name: Token
    fields: tuple[VariantField, ...]


@node
class EnumDef(Node):
    name: Token
    variants: tuple[VariantDef, ...]
