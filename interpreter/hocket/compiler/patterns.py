"""Destructuring: `[a, b, ...rest]` and `{name, age as years, ...others}`."""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, load, store
from hocket.syntax import nodes
from hocket.syntax.nodes import Node


def assign_pattern(c: Compiler, pattern: Node, value: ast.expr) -> None:
    """Emit the assignment of `value` to the names of `pattern`."""
    if isinstance(pattern, nodes.NamePattern | nodes.RestPattern):
        c.emit(pattern, ast.Assign([c.store_binding(c.resolution.bindings[pattern])], value))
        return
    assert isinstance(pattern, nodes.ListPattern | nodes.DictPattern)
    items = pattern.items
    has_rest = bool(items) and isinstance(items[-1], nodes.RestPattern)
    rest = ast.Constant(has_rest)
    if isinstance(pattern, nodes.ListPattern):
        parts = call("__unpack", value, ast.Constant(len(items) - has_rest), rest)
    else:
        keys = [str(item.key) for item in items if isinstance(item, nodes.KeyPattern | nodes.NestedKeyPattern)]
        parts = call("__unpack_dict", value, ast.Tuple([ast.Constant(key) for key in keys], ast.Load()), rest)
    nested: list[tuple[Node, str]] = []
    targets = [target(c, item, nested) for item in items]
    if not targets:
        c.emit(pattern, ast.Expr(parts))
        return
    c.emit(pattern, ast.Assign([ast.Tuple(targets, ast.Store())], parts))
    for inner, name in nested:
        assign_pattern(c, inner, load(name))


def target(c: Compiler, item: Node, nested: list[tuple[Node, str]]) -> ast.expr:
    """Return what an item of a pattern is assigned to; patterns inside are left for later."""
    inner = item.pattern if isinstance(item, nodes.NestedKeyPattern) else item
    if isinstance(inner, nodes.ListPattern | nodes.DictPattern):
        name = c.temp()
        nested.append((inner, name))
        return store(name)
    return c.store_binding(c.resolution.bindings[inner])
