"""Functions, structs, enums, types and the patterns of assignments and parameters."""

from __future__ import annotations

from hocket.format.core import Formatter, formats
from hocket.format.doc import Doc, Group, concat
from hocket.syntax import nodes


@formats(nodes.FuncDef, nodes.FuncExpr)
def function(f: Formatter, node: nodes.FuncDef | nodes.FuncExpr) -> Doc:
    """`async func* name(params) -> type { }`."""
    # Of a method; it means nothing there.
    shown = concat(f.token("export"), " ") if f.text() in ("export", "pub") else ""
    head = concat(shown, f.optional(node.is_async, "async"), f.token("func"))
    if node.is_generator is not None:
        head = concat(head, f.token("*"))
    if isinstance(node, nodes.FuncDef):
        head = concat(head, " ", f.token())
    head = concat(head, f.node(node.params))
    if node.result is not None:
        head = concat(head, f.spaced(), f.node(node.result))
    return Group(head, " ", f.block(node.body.body))


@formats(nodes.Params)
def params(f: Formatter, node: nodes.Params) -> Doc:
    """`(a, b = 2)`."""
    return f.bracket(node.params)


@formats(nodes.Param, nodes.StructField)
def param(f: Formatter, node: nodes.Param | nodes.StructField) -> Doc:
    """`name: type = default`."""
    name = concat(f.token(), f.annotation(node.type))
    return name if node.default is None else concat(name, f.spaced(), f.node(node.default))


@formats(nodes.RestParam, nodes.RestPattern)
def rest(f: Formatter, node: nodes.RestParam | nodes.RestPattern) -> Doc:
    """`...rest`."""
    return concat(f.token("..."), f.token())


@formats(nodes.PatternParam)
def pattern_param(f: Formatter, node: nodes.PatternParam) -> Doc:
    """A parameter that is taken apart."""
    return f.node(node.pattern)


@formats(nodes.ArrowExpr)
def arrow(f: Formatter, node: nodes.ArrowExpr) -> Doc:
    """`async params => body`."""
    head = concat(f.optional(node.is_async, "async"), f.node(node.params), f.spaced())
    return concat(head, f.node(node.body))


@formats(nodes.SingleParam, nodes.NamePattern)
def single(f: Formatter, node: nodes.SingleParam | nodes.NamePattern) -> Doc:
    """`x`."""
    return f.token()


@formats(nodes.ArrowParams)
def arrow_params(f: Formatter, node: nodes.ArrowParams) -> Doc:
    """`(a, b)`."""
    return f.node(node.params)


# ---- structs and enums


@formats(nodes.StructDef)
def struct(f: Formatter, node: nodes.StructDef) -> Doc:
    """`struct Name { fields and methods }`."""
    head = concat(f.token("struct"), " ", f.token(), " ")
    return Group(head, f.members(node.members, is_short=not node.methods))


@formats(nodes.EnumDef)
def enum(f: Formatter, node: nodes.EnumDef) -> Doc:
    """`enum Name { variants }`."""
    return Group(f.token("enum"), " ", f.token(), " ", f.members(node.variants))


@formats(nodes.VariantDef)
def variant(f: Formatter, node: nodes.VariantDef) -> Doc:
    """`Circle(r)`."""
    name = f.token()
    return concat(name, f.bracket(node.fields)) if f.text() == "(" else name


@formats(nodes.VariantField)
def variant_field(f: Formatter, node: nodes.VariantField) -> Doc:
    """`r: float`."""
    return concat(f.token(), f.annotation(node.type))


# ---- types


@formats(nodes.NamedType)
def named_type(f: Formatter, node: nodes.NamedType) -> Doc:
    """`http.Response`, `list<int>`."""
    *words, args = node.parts
    parts = [f.token()]
    for _ in words[1:]:
        parts += [f.token("."), f.token()]
    return concat(*parts, "" if args is None else f.node(args))


@formats(nodes.TypeArgs)
def type_args(f: Formatter, node: nodes.TypeArgs) -> Doc:
    """`<string, int>`."""
    return concat(f.token("<"), f.listed(node.items[1:-1], ","), f.token(">"))


@formats(nodes.NullType)
def null_type(f: Formatter, node: nodes.NullType) -> Doc:
    """`null`."""
    return f.token("null")


@formats(nodes.ArrayType)
def array_type(f: Formatter, node: nodes.ArrayType) -> Doc:
    """`int[]` or `[int]`."""
    if node.span.start == node.item.span.start:
        return concat(f.node(node.item), f.token("["), f.token("]"))
    return concat(f.token("["), f.node(node.item), f.token("]"))


@formats(nodes.OptionalType)
def optional_type(f: Formatter, node: nodes.OptionalType) -> Doc:
    """`int?`."""
    return concat(f.node(node.item), f.question())


@formats(nodes.UnionType)
def union_type(f: Formatter, node: nodes.UnionType) -> Doc:
    """`int | null`."""
    return concat(f.node(node.left), f.spaced(), f.node(node.right))


# ---- patterns


@formats(nodes.ListPattern, nodes.DictPattern)
def bracket_pattern(f: Formatter, node: nodes.ListPattern | nodes.DictPattern) -> Doc:
    """`[a, ...rest]`, `{a, b as c}`."""
    return f.bracket(node.items)


@formats(nodes.KeyPattern)
def key_pattern(f: Formatter, node: nodes.KeyPattern) -> Doc:
    """`key as name`."""
    key = f.token()
    return key if node.name is None else concat(key, " ", f.token("as"), " ", f.token())


@formats(nodes.NestedKeyPattern)
def nested_key_pattern(f: Formatter, node: nodes.NestedKeyPattern) -> Doc:
    """`key: pattern`."""
    return concat(f.token(), f.token(":"), " ", f.node(node.pattern))
