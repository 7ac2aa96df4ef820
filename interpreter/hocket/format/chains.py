"""Chains: a value, and the calls, fields and indices behind it.

A node of a chain holds what stands before it as its first field.  A function marked
`@links(nodes.FieldExpr)` returns the document of what such a node adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hocket.format.core import FORMATS, Formatter, formats
from hocket.format.doc import HARDLINE, SOFTLINE, Choice, Doc, Flat, Group, Indent, breaks, concat
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

L = TypeVar("L", bound=Callable[..., Doc])
LINKS: dict[type[Node], Callable[[Formatter, Any], Doc]] = {}
# As the last argument these hang from the call's bracket.
HANGING = (
    nodes.DictExpr,
    nodes.FuncExpr,
    nodes.ListExpr,
    nodes.MatchExpr,
    nodes.SelectExpr,
    nodes.SpawnBlockExpr,
    nodes.StructExpr,
)
# An arrow function does if its body is one of these.
HANGING_BODIES = (*HANGING, nodes.Block, nodes.CallExpr, nodes.IfExpr, nodes.ParenExpr)
# A chain of so many calls of methods is broken at each of them if it is broken.
CALLS = 2


def links(*types: type[Node]) -> Callable[[L], L]:
    """Mark the function that formats what a node of a chain adds to what stands before it."""

    def mark(function: L) -> L:
        for cls in types:
            LINKS[cls] = function
            FORMATS[cls] = chain
        return function

    return mark


def chain(f: Formatter, node: Node) -> Doc:
    """`a.b(c)[d].e()`; it is broken before the `.` of a method."""
    spine: list[Node] = []
    first = node
    while type(first) in LINKS:
        spine.append(first)
        first = first.children[0]
    spine.reverse()
    head = [f.node(first)]
    segments: list[list[Doc]] = []
    calls = 0
    is_forced = False
    for number, link in enumerate(spine):
        if is_method(spine, number):
            calls += 1
            is_forced = is_forced or f.is_commented() or (bool(segments) and f.is_cut)
            segments.append([f.cut()])
        (segments[-1] if segments else head).append(LINKS[type(link)](f, link))
    if calls < CALLS and not is_forced:
        return concat(*head, *(part for segment in segments for part in segment))
    is_forced = (
        is_forced or any(map(breaks, head)) or any(breaks(part) for segment in segments[:-1] for part in segment)
    )
    loose = concat(*head, Indent(*(concat(HARDLINE, *segment) for segment in segments)))
    if is_forced:
        return loose
    *others, last = segments
    before = Flat(*head, *(part for segment in others for part in segment))
    return Choice(concat(before, *last), loose)


def is_method(spine: list[Node], number: int) -> bool:
    """Is this link the name of a method that the next one calls?"""
    is_name = isinstance(spine[number], nodes.FieldExpr | nodes.OptionalFieldExpr)
    return is_name and number + 1 < len(spine) and isinstance(spine[number + 1], nodes.CallExpr)


@links(nodes.CallExpr)
def call(f: Formatter, node: nodes.CallExpr) -> Doc:
    """`(args)`."""
    return f.node(node.args)


@formats(nodes.Args)
def args(f: Formatter, node: nodes.Args) -> Doc:
    """`(a, b: c, ...d)`."""
    last = node.items[-1] if node.items else None
    is_hanging = isinstance(last, HANGING) or (
        isinstance(last, nodes.ArrowExpr) and isinstance(last.body, HANGING_BODIES)
    )
    return f.bracket(node.items, hugs=is_hanging)


@formats(nodes.NamedArg)
def named_arg(f: Formatter, node: nodes.NamedArg) -> Doc:
    """`name: value`, `name = value`."""
    name = f.token()
    between = concat(f.token(), " ") if f.text() == ":" else f.spaced()
    return concat(name, between, f.node(node.value))


@links(nodes.IndexExpr, nodes.SliceFromExpr, nodes.SliceToExpr)
def index(f: Formatter, node: nodes.IndexExpr | nodes.SliceFromExpr | nodes.SliceToExpr) -> Doc:
    """`[i]`, `[a..]`, `[..b]`."""
    opener = f.token("[")
    inside = [f.node(part) if isinstance(part, Node) else f.token() for part in node.children[1:]]
    return Group(opener, Indent(SOFTLINE, *inside), SOFTLINE, f.token("]"))


@links(nodes.FieldExpr, nodes.OptionalFieldExpr, nodes.PathExpr)
def field(f: Formatter, node: nodes.FieldExpr) -> Doc:
    """`.name`, `?.name`, `::name`."""
    return concat(f.token(), f.token())


@links(nodes.TryExpr)
def try_expr(f: Formatter, node: nodes.TryExpr) -> Doc:
    """`?`."""
    return f.question()


@links(nodes.StructExpr)
def struct_expr(f: Formatter, node: nodes.StructExpr) -> Doc:
    """`{ x: 1, y }`."""
    return concat(" ", f.bracket(node.items, spaced=True, keep=True))
