"""Imports and exports."""

from __future__ import annotations

from hocket.format.core import Formatter, formats
from hocket.format.doc import Doc, Group, Indent, concat
from hocket.syntax import nodes


@formats(nodes.ModulePath)
def module_path(f: Formatter, node: nodes.ModulePath) -> Doc:
    """`a.b.c`."""
    parts = [f.token()]
    for _ in node.parts[1:]:
        parts += [f.token("."), f.token()]
    return concat(*parts)


@formats(nodes.ImportStmt)
def import_stmt(f: Formatter, node: nodes.ImportStmt) -> Doc:
    """`import a.b as name`."""
    head = concat(f.token("import"), " ", f.node(node.path))
    return head if node.name is None else concat(head, " ", f.token("as"), " ", f.token())


@formats(nodes.FromImportStmt)
def from_import_stmt(f: Formatter, node: nodes.FromImportStmt) -> Doc:
    """`from m import x, y as z`; too long, it goes on behind a comma."""
    head = concat(f.token("from"), " ", f.node(node.path), " ", f.token("import"), " ")
    parts: list[Doc] = []
    for number, name in enumerate(node.names):
        if number:
            parts += [f.comma(filled=True), f.leading()]
        parts.append(f.node(name))
    return Group(head, Indent(*parts))


@formats(nodes.ImportedName)
def imported_name(f: Formatter, node: nodes.ImportedName) -> Doc:
    """`member as name`."""
    member = f.token()
    return member if node.name is None else concat(member, " ", f.token("as"), " ", f.token())


@formats(nodes.ExportStmt)
def export_stmt(f: Formatter, node: nodes.ExportStmt) -> Doc:
    """`export`, also written `pub`."""
    return concat(f.token("export"), " ", f.node(node.declaration))
