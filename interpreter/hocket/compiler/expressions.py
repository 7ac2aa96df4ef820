"""Literals, names, collections, and strings with `${}`."""

from __future__ import annotations

import ast
from decimal import Decimal

from hocket.compiler.core import Compiler, call, compiles, load
from hocket.syntax import nodes
from hocket.syntax.nodes import Node, Token

# Digits that Python turns into an int at once.
SHORT = 4000
MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


@compiles(nodes.NameExpr, nodes.Shorthand)
def name_expr(c: Compiler, node: nodes.NameExpr | nodes.Shorthand) -> ast.expr:
    """A variable."""
    return c.load_binding(c.resolution.bindings[node])


@compiles(nodes.ParenExpr)
def paren_expr(c: Compiler, node: nodes.ParenExpr) -> ast.expr:
    """The position stays that of what is inside."""
    return c.expr(node.value)


# Literals


@compiles(nodes.IntExpr)
def int_expr(c: Compiler, node: nodes.IntExpr) -> ast.expr:
    """Unbounded; `0x`, `0b` and `0o` as in Python, leading zeros allowed."""
    return ast.Constant(integer(node.text))


def integer(token: Token) -> int:
    """Return the int that `token` writes."""
    text = token.replace("_", "")
    base = {"0x": 16, "0b": 2, "0o": 8}.get(text[:2].lower(), 10)
    return decimal(text) if base == 10 else int(text, base)


def decimal(digits: str) -> int:
    """Return the int that `digits` write, a million of them in a second: Python's own way is quadratic."""
    if len(digits) <= SHORT:
        return int(digits)
    half = len(digits) // 2
    shift: int = 10**half
    return decimal(digits[:-half]) * shift + decimal(digits[-half:])


@compiles(nodes.FloatExpr)
def float_expr(c: Compiler, node: nodes.FloatExpr) -> ast.expr:
    """IEEE double."""
    return ast.Constant(float(node.text.replace("_", "")))


@compiles(nodes.DurationExpr)
def duration_expr(c: Compiler, node: nodes.DurationExpr) -> ast.expr:
    """Milliseconds, an int when whole."""
    text = node.text.replace("_", "")
    unit = text.lstrip("0123456789.")
    value = Decimal(text.removesuffix(unit)) * MILLISECONDS[unit]
    return ast.Constant(int(value) if value == value.to_integral_value() else float(value))


@compiles(nodes.TrueExpr)
def true_expr(c: Compiler, node: nodes.TrueExpr) -> ast.expr:
    """`true`."""
    return ast.Constant(True)


@compiles(nodes.FalseExpr)
def false_expr(c: Compiler, node: nodes.FalseExpr) -> ast.expr:
    """`false`."""
    return ast.Constant(False)


@compiles(nodes.NullExpr)
def null_expr(c: Compiler, node: nodes.NullExpr) -> ast.expr:
    """`null`."""
    return ast.Constant(None)


@compiles(nodes.StringExpr)
def string_expr(c: Compiler, node: nodes.StringExpr) -> ast.expr:
    """Text without `${}`."""
    return ast.Constant(str(node.text))


@compiles(nodes.FormatExpr)
def format_expr(c: Compiler, node: nodes.FormatExpr) -> ast.expr:
    """Text with `${}`: each value as `print` would show it, or by its format spec."""
    values = [part for part in node.parts if isinstance(part, Node)]
    compiled = iter(c.operands(values))
    pieces: list[ast.expr] = []
    for index, part in enumerate(node.parts):
        if isinstance(part, Node):
            spec = node.parts[index + 1]
            value = next(compiled)
            if isinstance(spec, Token) and spec.type == "FSTRING_SPEC":
                shown: ast.expr = call("__format", value, ast.Constant(str(spec)))
            else:
                shown = plain_or_text(c, value)
            pieces.append(ast.FormattedValue(c.at(part, shown), -1, None))
        elif isinstance(part, Token) and part.type != "FSTRING_SPEC" and part:
            pieces.append(ast.Constant(str(part)))
    return ast.JoinedStr(pieces)


def plain_or_text(c: Compiler, value: ast.expr) -> ast.expr:
    """Return what an f-string is given for a value: ints and strings are as `print` shows them."""
    first, again = c.simple(value)
    kind = ast.Attribute(first, "__class__", ast.Load())
    return ast.IfExp(ast.Compare(kind, [ast.In()], [load("__plain_text")]), again, call("__text", again))


# Collections


@compiles(nodes.ListExpr)
def list_expr(c: Compiler, node: nodes.ListExpr) -> ast.expr:
    """An array."""
    return ast.List(c.operands(node.items), ast.Load())


@compiles(nodes.Spread)
def spread(c: Compiler, node: nodes.Spread) -> ast.expr:
    """`...xs` in an array or in arguments."""
    return ast.Starred(call("__iterate", c.expr(node.value)), ast.Load())


@compiles(nodes.DictExpr)
def dict_expr(c: Compiler, node: nodes.DictExpr) -> ast.expr:
    """A dict, in the order of writing; a later key wins."""
    parts: list[Node] = []
    for item in node.items:
        if isinstance(item, nodes.Pair):
            parts += [item.key, item.value]
        else:
            parts.append(item.value if isinstance(item, nodes.Spread) else item)
    compiled = iter(c.operands(parts))
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for item in node.items:
        if isinstance(item, nodes.Pair):
            keys.append(next(compiled))
            values.append(next(compiled))
        elif isinstance(item, nodes.Shorthand):
            keys.append(ast.Constant(str(item.name)))
            values.append(next(compiled))
        else:
            keys.append(None)
            values.append(c.at(item, call("__entries", next(compiled))))
    return ast.Dict(keys, values)


@compiles(nodes.NameKey)
def name_key(c: Compiler, node: nodes.NameKey) -> ast.expr:
    """`{name: 1}` is the string key."""
    return ast.Constant(str(node.name))


@compiles(nodes.NumberKey)
def number_key(c: Compiler, node: nodes.NumberKey) -> ast.expr:
    """`{1: "one"}`."""
    if node.text.type == "FLOAT":
        return ast.Constant(float(node.text.replace("_", "")))
    return ast.Constant(integer(node.text))


@compiles(nodes.ComputedKey)
def computed_key(c: Compiler, node: nodes.ComputedKey) -> ast.expr:
    """`{[k]: 1}`."""
    return c.expr(node.value)
