"""Tests: they are told to `__tests`, which is null unless somebody wants to run them."""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, compiles, load
from hocket.compiler.functions import declarations
from hocket.compiler.statements import statements
from hocket.syntax import nodes


@compiles(nodes.TestStmt, nodes.TestSetupStmt, nodes.TestTeardownStmt)
def test_stmt(c: Compiler, node: nodes.TestStmt | nodes.TestSetupStmt | nodes.TestTeardownStmt) -> None:
    """A coroutine function, defined only when it is wanted."""
    info = c.resolution.functions[node]
    assert info.name is not None
    python = f"{info.name}'{c.temp()}"
    with c.inside(info), c.into([]) as inside:
        declarations(c, node, info)
        statements(c, node.body.body)
        c.emit(node, ast.Return(ast.Constant(None)))
    empty = ast.arguments([], [], None, [], [], None, [])
    with c.into([]) as wanted:
        c.emit(node, ast.AsyncFunctionDef(python, empty, inside, []))
        name = [ast.Constant(str(node.name))] if isinstance(node, nodes.TestStmt) else []
        tell = ast.Attribute(load("__tests"), info.name, ast.Load())
        c.emit(node, ast.Expr(call(tell, *name, load(python))))
    c.emit(node, ast.If(load("__tests"), wanted, []))


@compiles(nodes.TestGroupStmt)
def test_group_stmt(c: Compiler, node: nodes.TestGroupStmt) -> None:
    """Its body runs where it stands, so that its tests share what it declares."""
    with c.guarded(), c.into([]) as body:
        statements(c, node.body.body)
    enter = call(ast.Attribute(load("__tests"), "test_group", ast.Load()), ast.Constant(str(node.name)))
    within = ast.With([ast.withitem(c.at(node, enter))], body or [c.at(node, ast.Pass())])
    c.emit(node, ast.If(load("__tests"), [c.at(node, within)], []))
