"""Nodes of statements and of whole programs."""

from __future__ import annotations

from hocket.syntax.nodes.base import Node, Token, node


@node
class Program(Node):
    """A whole cell or file.  `docs` is in `Parsed`, beside the tree."""

    body: tuple[Node, ...]


@node
class Block(Node):
    body: tuple[Node, ...]


@node
class ExprStmt(Node):
    value: Node


@node
class DefineStmt(Node):
    """`target := value`."""

    target: Node
    value: Node


@node
class AssignStmt(Node):
    """`target = value`."""

    target: Node
    value: Node


@node
class AugmentStmt(Node):
    """`target += value`; `operator` includes the equals sign."""

    target: Node
    operator: Token
    value: Node


@node
class DefineUnpackStmt(Node):
    """`[a, b] := value`."""

    pattern: Node
    value: Node


@node
class AssignUnpackStmt(Node):
    """`[a, b] = value`."""

    pattern: Node
    value: Node


@node
class LetStmt(Node):
    """`let pattern: type := value`; `kind` is `let`, `mut` or `const`."""

    kind: Token
    pattern: Node
    type: Node | None
    value: Node


@node
class ReturnStmt(Node):
    value: Node | None


@node
class BreakStmt(Node):
    pass


@node
class ContinueStmt(Node):
    pass


@node
class WhileStmt(Node):
    test: Node
    body: Block


@node
class LoopStmt(Node):
    body: Block


@node
class ForTargets(Node):
    patterns: tuple[Node, ...]


@node
class ForStmt(Node):
    targets: ForTargets
    iterable: Node
    body: Block


@node
class ForAwaitStmt(Node):
    """`for await x in stream { }`."""

    targets: ForTargets
    iterable: Node
    body: Block


@node
class WithStmt(Node):
    """`with value as pattern { }`."""

    value: Node
    pattern: Node | None
    body: Block


@node
class ErrorTypes(Node):
    """The names are `NameExpr`."""

    names: tuple[Node, ...]


@node
class ExceptAll(Node):
    body: Block


@node
class ExceptName(Node):
    """`except e { }`; when the name is a known error type or struct, it selects by it."""

    name: Token
    body: Block


@node
class ExceptTypes(Node):
    types: ErrorTypes
    name: Token
    body: Block


@node
class ExceptClauses(Node):
    clauses: tuple[Node, ...]


@node
class FinallyClause(Node):
    body: Block


@node
class TryStmt(Node):
    body: Block
    handlers: ExceptClauses
    final: FinallyClause | None
