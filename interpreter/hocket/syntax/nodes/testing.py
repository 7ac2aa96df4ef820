"""Nodes of tests."""

from __future__ import annotations

from hocket.syntax.nodes.base import Node, Token, node
from hocket.syntax.nodes.statements import Block


@node
class TestStmt(Node):
    """`test "name" { }`."""

    name: Token
    body: Block


@node
class TestGroupStmt(Node):
    """`test_group "name" { }`: tests, groups, and what they share."""

    name: Token
    body: Block


@node
class TestSetupStmt(Node):
    """`test_setup { }`: runs before each test beside it or further in."""

    body: Block


@node
class TestTeardownStmt(Node):
    """`test_teardown { }`: runs after each."""

    body: Block
