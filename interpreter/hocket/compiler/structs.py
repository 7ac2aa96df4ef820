"""Structs: definitions, and `Point { x: 1 }`.

A definition makes a Python class: the runtime is given the fields, a function that sets
them, and the methods.  To make a value is a call of the class, with the fields as named arguments.
"""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.compiler.functions import check_type, declarations, function, with_boxes
from hocket.compiler.operators import is_class
from hocket.resolver import mangle
from hocket.syntax import nodes

SELF, REST, UNKNOWN = "__self", "__rest", "__unknown"


@compiles(nodes.StructDef)
def struct_def(c: Compiler, node: nodes.StructDef) -> None:
    """Emitted at the start of its block, as a function is."""
    name = str(node.name)
    made = initializer(c, node)
    methods = [function(c, m, m.params, m.body, f"{name}.{m.name}") for m in node.methods]
    value = call(
        "__struct",
        ast.Constant(name),
        constants([str(field.name) for field in node.fields]),
        constants([c.source.text[slice(*field.span)] for field in node.fields]),
        made,
        ast.Dict([ast.Constant(str(m.name)) for m in node.methods], methods),
        ast.Constant(c.docs.get(node.span.start)),
    )
    c.emit(node, ast.Assign([c.store_binding(c.resolution.bindings[node])], value))


def constants(texts: list[str]) -> ast.expr:
    """Return a tuple of strings."""
    return ast.Tuple([ast.Constant(text) for text in texts], ast.Load())


def initializer(c: Compiler, node: nodes.StructDef) -> ast.expr:
    """Define the function that is given the fields of a new struct; any may be missing, any other may come."""
    info = c.resolution.functions[node]
    python = f"{node.name}'{c.temp()}"
    fields = node.fields

    def define() -> None:
        outer, c.function = c.function, info
        with c.into([]) as inside:
            declarations(c, node, info)
            misfit(c, node)
            for field in fields:
                enter(c, node, field)
        c.function = outer
        names = [ast.arg(SELF), *(ast.arg(mangle(str(field.name))) for field in fields)]
        defaults: list[ast.expr] = [load("__unset") for _ in fields]
        arguments = ast.arguments([], names, ast.arg(REST), [], [], ast.arg(UNKNOWN), defaults)
        c.emit(node, ast.FunctionDef(python, arguments, inside, []))

    with_boxes(c, node, info, python, define)
    return load(python)


def misfit(c: Compiler, node: nodes.StructDef) -> None:
    """Emit the test whether each field without a default is given, and nothing else."""
    required = [mangle(str(field.name)) for field in node.fields if field.default is None]
    tests: list[ast.expr] = [load(REST), load(UNKNOWN)]
    tests += [ast.Compare(load(name), [ast.Is()], [load("__unset")]) for name in required]
    given = ast.Tuple([load(name) for name in required], ast.Load())
    wrong = ast.Expr(call("__misfit", load(SELF), given, load(REST), load(UNKNOWN)))
    c.emit(node.fields[-1] if node.fields else node, ast.If(ast.BoolOp(ast.Or(), tests), [wrong], []))


def enter(c: Compiler, node: nodes.StructDef, field: nodes.StructField) -> None:
    """Emit the setting of one field: its default where it is missing, the check of its type."""
    name = mangle(str(field.name))
    if field.default is not None:
        with c.into([]) as body:
            c.emit(field, ast.Assign([store(name)], c.expr(field.default)))
        c.emit(field, ast.If(ast.Compare(load(name), [ast.Is()], [load("__unset")]), body, []))
    check_type(c, c.function, field)
    c.emit(field, ast.Assign([ast.Attribute(load(SELF), str(field.name), ast.Store())], load(name)))


@compiles(nodes.StructExpr)
def struct_expr(c: Compiler, node: nodes.StructExpr) -> ast.expr:
    """`Point { x: 1, y, ...p }`; what comes later wins over a `...`."""
    parts = [item.value if isinstance(item, nodes.FieldValue | nodes.Spread) else item for item in node.items]
    target, *values = c.operands([node.struct, *parts])
    first, again = c.simple(target)
    text = ast.Constant(c.source.text[slice(*node.struct.span)])
    struct = ast.IfExp(is_class(first, "Struct"), again, call("__no_struct", again, text))
    return ast.Call(struct, [], keywords(node, values))


def keywords(node: nodes.StructExpr, values: list[ast.expr]) -> list[ast.keyword]:
    """Return the fields as the named arguments of a call."""
    named = [item for item in node.items if isinstance(item, nodes.FieldValue | nodes.Shorthand)]
    if len(named) == len(node.items):
        return [ast.keyword(str(item.name), value) for item, value in zip(named, values, strict=True)]
    keys: list[ast.expr | None] = []
    held: list[ast.expr] = []
    for item, value in zip(node.items, values, strict=True):
        if isinstance(item, nodes.FieldValue | nodes.Shorthand):
            keys.append(ast.Constant(str(item.name)))
            held.append(value)
        else:
            keys.append(None)
            held.append(call("__struct_entries", value))
    return [ast.keyword(None, ast.Dict(keys, held))]
