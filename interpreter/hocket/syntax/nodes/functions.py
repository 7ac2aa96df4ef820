"""Nodes of patterns, functions and types."""

from __future__ import annotations

from typing import Any

from hocket.syntax.nodes.base import Node, Token, node
from hocket.syntax.nodes.statements import Block


@node
class NamePattern(Node):
    name: Token


@node
class ListPattern(Node):
    items: tuple[Node, ...]


@node
class RestPattern(Node):
    name: Token


@node
class DictPattern(Node):
    items: tuple[Node, ...]


@node
class KeyPattern(Node):
    """`key` or `key as name`."""

    key: Token
    name: Token | None


@node
class NestedKeyPattern(Node):
    key: Token
    pattern: Node


@node
class Param(Node):
    name: Token
    type: Node | None
    default: Node | None


@node
class RestParam(Node):
    name: Token


@node
class PatternParam(Node):
    pattern: Node


@node
class Params(Node):
    params: tuple[Node, ...]


@node
class FuncDef(Node):
    is_async: Token | None
    is_generator: Token | None
    name: Token
    params: Params
    result: Node | None
    body: Block


@node
class FuncExpr(Node):
    is_async: Token | None
    is_generator: Token | None
    params: Params
    result: Node | None
    body: Block


@node
class SingleParam(Node):
    name: Token


@node
class ArrowParams(Node):
    params: Params


@node
class ArrowExpr(Node):
    """`params => body`; a `Block` as body is a function's body, else its value."""

    is_async: Token | None
    params: SingleParam | ArrowParams
    body: Node


@node
class TypeArgs(Node):
    """The brackets are kept as tokens, since they are operators elsewhere."""

    items: tuple[Any, ...]


@node
class NamedType(Node):
    """The words of a dotted name; the last item is `TypeArgs` or `None`."""

    parts: tuple[Any, ...]


@node
class NullType(Node):
    pass


@node
class ArrayType(Node):
    item: Node


@node
class OptionalType(Node):
    item: Node


@node
class UnionType(Node):
    left: Node
    right: Node
