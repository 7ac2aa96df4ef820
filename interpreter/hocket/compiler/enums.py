"""Enums: their declaration, and `Shape::Circle`."""

from __future__ import annotations

import ast
from typing import Any

from hocket.compiler.core import Compiler, call, compiles
from hocket.compiler.functions import checked_type
from hocket.syntax import nodes


@compiles(nodes.EnumDef)
def enum_def(c: Compiler, node: nodes.EnumDef) -> None:
    """Emitted at the start of its block, so that it can be used above its text."""
    variants: Any = tuple((str(variant.name), tuple(map(field_of, variant.fields))) for variant in node.variants)
    made = call("__enum", ast.Constant(str(node.name)), ast.Constant(variants))
    c.emit(node, ast.Assign([c.store_binding(c.resolution.bindings[node])], made))


def field_of(field: nodes.VariantField) -> tuple[str, str | None]:
    """Return a field's name and the type that is checked, if any."""
    return str(field.name), checked_type(field.type)


@compiles(nodes.PathExpr)
def path_expr(c: Compiler, node: nodes.PathExpr) -> ast.expr:
    """`Shape::Circle`."""
    return call("__path", c.expr(node.object), ast.Constant(str(node.name)))
