"""Modules: `import`, and calls of what a module holds."""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, compiles, load
from hocket.syntax import nodes


@compiles(nodes.ImportStmt)
def import_stmt(c: Compiler, node: nodes.ImportStmt) -> None:
    """The name is assigned when the module has run."""
    target = c.store_binding(c.resolution.bindings[node])
    c.emit(node, ast.Assign([target], module(c, node.path)))


@compiles(nodes.FromImportStmt)
def from_import_stmt(c: Compiler, node: nodes.FromImportStmt) -> None:
    """All names are looked up before the first is assigned."""
    source = c.save(node, module(c, node.path))
    values = [c.save(name, call("__imported", source, ast.Constant(str(name.member)))) for name in node.names]
    for name, value in zip(node.names, values, strict=True):
        c.emit(name, ast.Assign([c.store_binding(c.resolution.bindings[name])], value))


def module(c: Compiler, path: nodes.ModulePath) -> ast.expr:
    """Return the module that `path` names."""
    name = ast.Constant(path.name)
    found: ast.expr
    if path.is_python:
        found = call("__python", name)
    else:
        found = ast.Await(call(ast.Attribute(load("__modules"), "load", ast.Load()), name))
    positioned: ast.expr = c.at(path, found)
    return positioned


@compiles(nodes.ExportStmt)
def export_stmt(c: Compiler, node: nodes.ExportStmt) -> None:
    """What `export` stands before."""
    c.stmt(node.declaration)
