"""Expressions, except functions."""

from __future__ import annotations

from hocket.format.core import Formatter, formats
from hocket.format.doc import LINE, SOFTLINE, Doc, Group, Indent, concat
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

NUMBERS = (nodes.IntExpr, nodes.FloatExpr, nodes.DurationExpr)
# What is kept together with its own kind: operators of one rank, from left to right.
RANKS = (frozenset("+-"), frozenset("*/%"), frozenset({"==", "!="}))


# ---- words and literals


@formats(
    nodes.NameExpr,
    nodes.IntExpr,
    nodes.FloatExpr,
    nodes.DurationExpr,
    nodes.TrueExpr,
    nodes.FalseExpr,
    nodes.NullExpr,
    nodes.StringExpr,
    nodes.NameKey,
    nodes.NumberKey,
    nodes.Shorthand,
)
def word(f: Formatter, node: Node) -> Doc:
    """A name or a literal, as it is written."""
    return f.token()


@formats(nodes.FormatExpr)
def format_expr(f: Formatter, node: nodes.FormatExpr) -> Doc:
    """A string with `${}`, as it is written, the code in it too."""
    return f.until(node.span.end)


@formats(nodes.ParenExpr)
def paren(f: Formatter, node: nodes.ParenExpr) -> Doc:
    """`(value)`."""
    opener = f.token("(")
    inside = Indent(f.cut(), SOFTLINE, f.leading(), f.node(node.value))
    return Group(opener, inside, SOFTLINE, f.token(")"))


# ---- operators


def rank(node: Node) -> object:
    """Return what operators that are broken together have in common."""
    if not isinstance(node, nodes.BinaryExpr):
        return type(node)
    return next(operators for operators in RANKS if node.operator in operators)


@formats(
    nodes.BinaryExpr,
    nodes.OrExpr,
    nodes.AndExpr,
    nodes.CoalesceExpr,
    nodes.PipeExpr,
    nodes.CompareExpr,
    nodes.InExpr,
    nodes.NotInExpr,
)
def binary(f: Formatter, node: nodes.BinaryExpr) -> Doc:
    """`a + b - c`; a line is broken before an operator."""
    wanted, rights = rank(node), []
    first: Node = node
    while isinstance(first, type(node)) and rank(first) == wanted:
        rights.append(first)
        first = first.left
    parts = [f.node(first)]
    for each in reversed(rights):
        operator = concat(f.cut(), LINE, f.token())
        if isinstance(each, nodes.NotInExpr):
            operator = concat(operator, " ", f.token("in"))
        parts += [operator, " ", f.node(each.right)]
    return Group(parts[0], Indent(*parts[1:]))


@formats(nodes.RangeExpr)
def range_expr(f: Formatter, node: nodes.RangeExpr) -> Doc:
    """`0..n`."""
    return concat(f.node(node.start), f.token(), f.node(node.stop))


@formats(nodes.PowerExpr)
def power(f: Formatter, node: nodes.PowerExpr) -> Doc:
    """`a ** b`."""
    return concat(f.node(node.base), f.spaced(), f.node(node.exponent))


@formats(nodes.NegExpr, nodes.NotExpr, nodes.AwaitExpr, nodes.SpawnExpr, nodes.ThrowExpr, nodes.Spread)
def unary(f: Formatter, node: nodes.NegExpr) -> Doc:
    """`-a`, `not a`, `await a`, `...a`."""
    operator = f.text()
    return concat(f.token(), " " if operator.isalpha() else "", f.node(node.value))


@formats(nodes.YieldExpr)
def yield_(f: Formatter, node: nodes.YieldExpr) -> Doc:
    """`yield`, `yield a`."""
    word = f.token("yield")
    return word if node.value is None else concat(word, " ", f.node(node.value))


# ---- collections


@formats(nodes.ListExpr)
def list_expr(f: Formatter, node: nodes.ListExpr) -> Doc:
    """`[a, b]`."""
    is_table = all(isinstance(item, NUMBERS) for item in node.items)
    return f.bracket(node.items, keep=True, filled=is_table)


@formats(nodes.DictExpr)
def dict_expr(f: Formatter, node: nodes.DictExpr) -> Doc:
    """`{a: 1, b}`."""
    return f.bracket(node.items, keep=True)


@formats(nodes.Pair, nodes.FieldValue)
def pair(f: Formatter, node: nodes.Pair | nodes.FieldValue) -> Doc:
    """`key: value`."""
    key = f.node(node.key) if isinstance(node, nodes.Pair) else f.token()
    return concat(key, f.token(":"), " ", f.node(node.value))


@formats(nodes.ComputedKey)
def computed_key(f: Formatter, node: nodes.ComputedKey) -> Doc:
    """`[key]`."""
    return concat(f.token("["), f.node(node.value), f.token("]"))


# ---- what holds statements


@formats(nodes.IfExpr)
def if_expr(f: Formatter, node: nodes.IfExpr) -> Doc:
    """`if a { } else if b { } else { }`; the bodies are all on one line or none."""
    parts: list[Doc] = []
    rest: Node | None = node
    while isinstance(rest, nodes.IfExpr):
        parts += [f.token("if"), " ", f.node(rest.test), " ", f.block(rest.body.body)]
        rest = rest.orelse
        if rest is not None:
            parts += [" ", f.token("else"), " "]
    if isinstance(rest, nodes.Block):
        parts.append(f.block(rest.body))
    return Group(*parts)


@formats(nodes.ScopeExpr, nodes.ShieldExpr, nodes.TimelineExpr)
def scope(f: Formatter, node: nodes.ScopeExpr | nodes.ShieldExpr | nodes.TimelineExpr) -> Doc:
    """`scope { }`."""
    return Group(f.token(), " ", f.block(node.body.body))


@formats(nodes.TimeoutExpr)
def timeout(f: Formatter, node: nodes.TimeoutExpr) -> Doc:
    """`timeout limit { }`."""
    return Group(f.token("timeout"), " ", f.node(node.limit), " ", f.block(node.body.body))


@formats(nodes.SpawnBlockExpr)
def spawn_block(f: Formatter, node: nodes.SpawnBlockExpr) -> Doc:
    """`spawn { }`, `spawn("name") { }`."""
    word = f.token("spawn")
    *name, body = node.parts
    if name:
        word = concat(word, f.token("("), f.node(name[0]), f.token(")"))
    return Group(word, " ", f.block(body.children))
