"""`match` and `select`, and what their cases fit."""

from __future__ import annotations

from hocket.format.core import Formatter, formats
from hocket.format.doc import LINE, Doc, Group, Indent, concat
from hocket.syntax import nodes


@formats(nodes.MatchExpr)
def match(f: Formatter, node: nodes.MatchExpr) -> Doc:
    """`match value { clauses }`."""
    return Group(f.token("match"), " ", f.node(node.value), " ", f.block(node.clauses))


@formats(nodes.CaseClause)
def case(f: Formatter, node: nodes.CaseClause) -> Doc:
    """`case pattern if guard { }`; a `:` before the body is left out."""
    head = concat(f.token("case"), " ", f.node(node.pattern))
    if node.guard is not None:
        head = concat(head, f.spaced(), f.node(node.guard))
    return Group(head, f.drop(":"), " ", f.block(node.body.body))


@formats(nodes.DefaultClause)
def default(f: Formatter, node: nodes.DefaultClause) -> Doc:
    """`default { }`."""
    return Group(f.token("default"), f.drop(":"), " ", f.block(node.body.body))


@formats(nodes.SelectExpr)
def select(f: Formatter, node: nodes.SelectExpr) -> Doc:
    """`select { clauses }`."""
    return Group(f.token("select"), " ", f.block(node.clauses))


@formats(nodes.SelectCase)
def select_case(f: Formatter, node: nodes.SelectCase) -> Doc:
    """`case pattern from source { }`."""
    head = concat(f.token("case"), " ", f.node(node.pattern), f.spaced(), f.node(node.source))
    return Group(head, f.drop(":"), " ", f.block(node.body.body))


@formats(nodes.SelectTimeout)
def select_timeout(f: Formatter, node: nodes.SelectTimeout) -> Doc:
    """`timeout limit { }`."""
    return Group(f.token("timeout"), " ", f.node(node.limit), f.drop(":"), " ", f.block(node.body.body))


@formats(nodes.AlternativesPattern)
def alternatives(f: Formatter, node: nodes.AlternativesPattern) -> Doc:
    """`a | b`."""
    first, *others = node.patterns
    parts = [f.node(first)]
    for pattern in others:
        parts += [f.cut(), LINE, f.token("|"), " ", f.node(pattern)]
    return Group(Indent(*parts))


@formats(nodes.LiteralPattern, nodes.PathPattern)
def value_pattern(f: Formatter, node: nodes.LiteralPattern | nodes.PathPattern) -> Doc:
    """`1`, `Shape::Empty`."""
    return f.node(node.value)


@formats(nodes.RangePattern)
def range_pattern(f: Formatter, node: nodes.RangePattern) -> Doc:
    """`1..=5`."""
    return concat(f.node(node.start), f.token(), f.node(node.stop))


@formats(nodes.TypePattern)
def type_pattern(f: Formatter, node: nodes.TypePattern) -> Doc:
    """`int n`."""
    return concat(f.node(node.type), " ", f.token())


@formats(nodes.VariantPattern)
def variant_pattern(f: Formatter, node: nodes.VariantPattern) -> Doc:
    """`Shape::Circle(r)`."""
    return concat(f.node(node.variant), f.bracket(node.items))


@formats(nodes.StructPattern)
def struct_pattern(f: Formatter, node: nodes.StructPattern) -> Doc:
    """`Point{x, y: 0}`."""
    return concat(f.node(node.struct), f.bracket(node.items))
