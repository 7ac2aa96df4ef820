"""Tests: functions without a caller in the program."""

from __future__ import annotations

from hocket.resolver.core import Resolver, resolves
from hocket.resolver.visits import body
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

WORDS: dict[type[Node], str] = {
    nodes.TestStmt: "test",
    nodes.TestGroupStmt: "test_group",
    nodes.TestSetupStmt: "test_setup",
    nodes.TestTeardownStmt: "test_teardown",
}


@resolves(nodes.TestStmt, nodes.TestSetupStmt, nodes.TestTeardownStmt)
def test(r: Resolver, node: nodes.TestStmt | nodes.TestSetupStmt | nodes.TestTeardownStmt) -> None:
    """Its block is an async function without parameters."""
    must_be_outside(r, node)
    r.function(node, WORDS[type(node)], True, lambda: body(r, node.body))


@resolves(nodes.TestGroupStmt)
def test_group(r: Resolver, node: nodes.TestGroupStmt) -> None:
    """A block of the top level."""
    must_be_outside(r, node)
    with r.inside(node):
        r.statements(node.body.body)


def must_be_outside(r: Resolver, node: Node) -> None:
    """Refuse a test that would be there only when something else has happened."""
    if not isinstance(r.scope.owner, nodes.Program | nodes.TestGroupStmt):
        word = WORDS[type(node)]
        r.problem(f"`{word}` belongs at the top level of a file or directly in a `test_group`", node.span)
