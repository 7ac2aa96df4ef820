"""Nodes of modules: what is imported, what is exported."""

from __future__ import annotations

from hocket.syntax.nodes.base import Node, Token, node


@node
class ModulePath(Node):
    """`a.b.c`; of Python when it begins with `py`."""

    parts: tuple[Token, ...]

    @property
    def is_python(self) -> bool:
        """Whether it names a module of Python."""
        return len(self.parts) > 1 and self.parts[0] == "py"

    @property
    def name(self) -> str:
        """The module's name, without the `py.`."""
        return ".".join(self.parts[1:] if self.is_python else self.parts)


@node
class ImportStmt(Node):
    """`import a.b as name`."""

    path: ModulePath
    name: Token | None

    @property
    def bound(self) -> Token:
        """The name that it makes."""
        return self.name or self.path.parts[-1]


@node
class ImportedName(Node):
    """`member as name`."""

    member: Token
    name: Token | None

    @property
    def bound(self) -> Token:
        """The name that it makes."""
        return self.name or self.member


@node
class FromImportStmt(Node):
    """`from a.b import x, y as z`."""

    path: ModulePath
    names: tuple[ImportedName, ...]


@node
class ExportStmt(Node):
    """`export` before a declaration."""

    declaration: Node
