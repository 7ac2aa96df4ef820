"""Statements and whole programs."""

from __future__ import annotations

from hocket.format.core import Formatter, formats
from hocket.format.doc import Doc, Group, concat
from hocket.syntax import nodes


@formats(nodes.Program)
def program(f: Formatter, node: nodes.Program) -> Doc:
    """`;` behind the last statement silences its value."""
    return f.lines(node.body, ";" if f.parsed.silenced else "")


@formats(nodes.Block)
def block(f: Formatter, node: nodes.Block) -> Doc:
    """`{ … }`."""
    return Group(f.block(node.body))


@formats(nodes.ExprStmt)
def expr_stmt(f: Formatter, node: nodes.ExprStmt) -> Doc:
    """`value`."""
    return f.node(node.value)


@formats(nodes.DefineStmt, nodes.AssignStmt, nodes.AugmentStmt)
def assign(f: Formatter, node: nodes.DefineStmt | nodes.AssignStmt | nodes.AugmentStmt) -> Doc:
    """`target := value`."""
    return concat(f.node(node.target), f.spaced(), f.node(node.value))


@formats(nodes.DefineUnpackStmt, nodes.AssignUnpackStmt)
def unpack(f: Formatter, node: nodes.DefineUnpackStmt | nodes.AssignUnpackStmt) -> Doc:
    """`[a, b] := value`."""
    return concat(f.node(node.pattern), f.spaced(), f.node(node.value))


@formats(nodes.LetStmt)
def let(f: Formatter, node: nodes.LetStmt) -> Doc:
    """`let pattern: type := value`."""
    kind = f.token()
    return concat(kind, " ", f.node(node.pattern), f.annotation(node.type), f.spaced(), f.node(node.value))


@formats(nodes.ReturnStmt, nodes.BreakStmt, nodes.ContinueStmt)
def leave(f: Formatter, node: nodes.Node) -> Doc:
    """`return value`, `break`, `continue`."""
    word = f.token()
    value = node.children[0] if node.children else None
    return word if value is None else concat(word, " ", f.node(value))


@formats(nodes.WhileStmt)
def while_(f: Formatter, node: nodes.WhileStmt) -> Doc:
    """`while test { }`, also written `loop while`."""
    loop = f.drop("loop")
    return Group(loop, f.token("while"), " ", f.node(node.test), " ", f.block(node.body.body))


@formats(nodes.LoopStmt)
def loop_(f: Formatter, node: nodes.LoopStmt) -> Doc:
    """`loop { }`."""
    return Group(f.token("loop"), " ", f.block(node.body.body))


@formats(nodes.ForStmt, nodes.ForAwaitStmt)
def for_(f: Formatter, node: nodes.ForStmt | nodes.ForAwaitStmt) -> Doc:
    """`for targets in iterable { }`."""
    word = f.token("for")
    if isinstance(node, nodes.ForAwaitStmt):
        word = concat(word, " ", f.token("await"))
    targets = f.node(node.targets)
    return Group(word, " ", targets, f.spaced(), f.node(node.iterable), " ", f.block(node.body.body))


@formats(nodes.WithStmt)
def with_(f: Formatter, node: nodes.WithStmt) -> Doc:
    """`with value as pattern { }`."""
    head = concat(f.token("with"), " ", f.node(node.value))
    if node.pattern is not None:
        head = concat(head, " ", f.token("as"), " ", f.node(node.pattern))
    return Group(head, " ", f.block(node.body.body))


@formats(nodes.TestStmt, nodes.TestGroupStmt)
def test(f: Formatter, node: nodes.TestStmt | nodes.TestGroupStmt) -> Doc:
    """`test "name" { }`."""
    return Group(f.token(), " ", f.token(), " ", f.block(node.body.body))


@formats(nodes.TestSetupStmt, nodes.TestTeardownStmt)
def test_setup(f: Formatter, node: nodes.TestSetupStmt | nodes.TestTeardownStmt) -> Doc:
    """`test_setup { }`."""
    return Group(f.token(), " ", f.block(node.body.body))


@formats(nodes.ForTargets)
def for_targets(f: Formatter, node: nodes.ForTargets) -> Doc:
    """`i, x`."""
    return f.listed(node.patterns, ",")


@formats(nodes.TryStmt)
def try_(f: Formatter, node: nodes.TryStmt) -> Doc:
    """`try { } except e { } finally { }`; the bodies are all on one line or none."""
    body = concat(f.token("try"), " ", f.block(node.body.body), f.node(node.handlers))
    return Group(body) if node.final is None else Group(body, " ", f.node(node.final))


@formats(nodes.ExceptClauses)
def except_clauses(f: Formatter, node: nodes.ExceptClauses) -> Doc:
    """All the `except` of a `try`."""
    return concat(*(concat(" ", f.node(clause)) for clause in node.clauses))


@formats(nodes.ExceptAll)
def except_all(f: Formatter, node: nodes.ExceptAll) -> Doc:
    """`except { }`."""
    return concat(f.token("except"), " ", f.block(node.body.body))


@formats(nodes.ExceptName)
def except_name(f: Formatter, node: nodes.ExceptName) -> Doc:
    """`except e { }`, also written `except (e) { }`."""
    word = concat(f.token("except"), " ")
    name = concat(f.drop("("), f.token(), f.drop(")"))
    return concat(word, name, " ", f.block(node.body.body))


@formats(nodes.ExceptTypes)
def except_types(f: Formatter, node: nodes.ExceptTypes) -> Doc:
    """`except TimeoutError | NetworkError e { }`."""
    word = f.token("except")
    return concat(word, " ", f.node(node.types), " ", f.token(), " ", f.block(node.body.body))


@formats(nodes.ErrorTypes)
def error_types(f: Formatter, node: nodes.ErrorTypes) -> Doc:
    """`TimeoutError | NetworkError`."""
    return f.listed(node.names, "|")


@formats(nodes.FinallyClause)
def finally_(f: Formatter, node: nodes.FinallyClause) -> Doc:
    """`finally { }`."""
    return concat(f.token("finally"), " ", f.block(node.body.body))
