"""Modules: what `import` makes, and what `export` shows."""

from __future__ import annotations

from hocket.resolver.core import Resolver, resolves
from hocket.resolver.visits import is_spawn
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

PYTHON = "py"


@resolves(nodes.ImportStmt)
def import_stmt(r: Resolver, node: nodes.ImportStmt) -> None:
    """`import a.b` makes `b`; what Python's modules hold is called as of any object."""
    must_be_at_top(r, node, "import")
    checked_path(r, node.path)
    r.declare(node, node.bound, "import" if node.path.is_python else "module")


@resolves(nodes.FromImportStmt)
def from_import_stmt(r: Resolver, node: nodes.FromImportStmt) -> None:
    """`from m import x, y as z` makes `x` and `z`."""
    must_be_at_top(r, node, "from … import")
    checked_path(r, node.path)
    for imported in node.names:
        r.declare(imported, imported.bound, "import")


@resolves(nodes.ExportStmt)
def export_stmt(r: Resolver, node: nodes.ExportStmt) -> None:
    """The declaration means what it does without `export`; its names are noted."""
    must_be_at_top(r, node, "export")
    declaration = node.declaration
    if isinstance(declaration, nodes.DefineStmt) and not isinstance(declaration.target, nodes.NameExpr):
        r.problem("`export` shows variables", declaration.target.span, "write `export name := …`")
    before = set(r.scope.names)
    r.visit(declaration)
    if r.scope is r.top:
        r.result.exports |= declared(declaration) | (set(r.scope.names) - before)


def declared(declaration: Node) -> set[str]:
    """Return the name that a declaration has, one that may have been made above it."""
    if isinstance(declaration, nodes.FuncDef | nodes.EnumDef | nodes.StructDef):
        return {str(declaration.name)}
    if isinstance(declaration, nodes.DefineStmt) and isinstance(declaration.target, nodes.NameExpr):
        return {str(declaration.target.name)}
    return set()


def must_be_at_top(r: Resolver, node: Node, word: str) -> None:
    """Refuse what stands in a function or block."""
    if r.scope is r.top:
        return
    function = r.scope.function
    if function.outer is None:
        where = "inside of a block"
    elif is_spawn(function.node):
        where = "in a `spawn`"
    else:
        where = "in a function" if function.name is None else f"in `{function.name}`"
    r.problem(f"`{word}` {where}", node.span, "it stands at the top level of a file or cell")


def checked_path(r: Resolver, path: nodes.ModulePath) -> None:
    """`py` alone is no module, it is where Python's are."""
    if len(path.parts) == 1 and path.parts[0] == PYTHON:
        r.problem("`py` needs the name of a Python module behind it", path.span, "write `import py.json`")
