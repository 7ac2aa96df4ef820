"""The tree that rules look at, and the table of rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple, TypeVar

from hocket.errors import Problem
from hocket.resolver import Binding, Function, Resolution
from hocket.source import Source, Span
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

Found = Iterator[tuple[Span, str, str | None]]
"""Where, what, and perhaps what to write instead."""

Finder = Callable[["Tree"], Found]
F = TypeVar("F", bound=Finder)


class Rule(NamedTuple):
    """A rule and its code."""

    code: str
    find: Finder


RULES: dict[str, Rule] = {}


def rule(code: str) -> Callable[[F], F]:
    """Mark the function that finds what breaks a rule."""

    def mark(function: F) -> F:
        RULES[code] = Rule(code, function)
        return function

    return mark


class Known(NamedTuple):
    """What is known of the library: its names, those that suspend or block, and those that give promises."""

    library: frozenset[str]
    suspending: frozenset[str]
    promising: frozenset[str]


class Tree:
    """A resolved program: its nodes in the order of its text, and what each stands in."""

    def __init__(self, source: Source, program: nodes.Program, resolution: Resolution, known: Known) -> None:
        self.source = source
        self.program = program
        self.bindings = resolution.bindings
        self.functions = resolution.functions
        self.known = known

    @cached_property
    def parents(self) -> dict[Node, Node]:
        """What each node but the program stands in."""
        found: dict[Node, Node] = {}
        work: list[Node] = [self.program]
        while work:
            node = work.pop()
            inner = [child for child in node.children if isinstance(child, Node)]
            found.update(dict.fromkeys(inner, node))
            work.extend(reversed(inner))
        return found

    @property
    def nodes(self) -> Iterable[Node]:
        """All nodes but the program."""
        return self.parents

    @cached_property
    def values(self) -> dict[Binding, Node]:
        """The variables that a statement of their own declares, with the value that they begin with."""
        found: dict[Binding, Node] = {}
        for node in self.nodes:
            if isinstance(node, nodes.LetStmt) and isinstance(node.pattern, nodes.NamePattern):
                found[self.bindings[node.pattern]] = node.value
            elif isinstance(node, nodes.DefineStmt | nodes.AssignStmt) and isinstance(node.target, nodes.NameExpr):
                binding = self.bindings[node.target]
                if binding.span == node.target.name.span and binding.kind == "mut":
                    found.setdefault(binding, node.value)
        return found

    @cached_property
    def asynchronous(self) -> frozenset[Binding]:
        """The async functions of the program whose calls give promises."""
        return frozenset(
            self.bindings[node]
            for node in self.nodes
            if isinstance(node, nodes.FuncDef) and node.is_async and not node.is_generator and node in self.bindings
        )

    @cached_property
    def members(self) -> frozenset[str]:
        """The names that the program gives to methods, fields and keys of its own."""
        own = (nodes.StructField, nodes.FuncDef, nodes.NameKey, nodes.Shorthand, nodes.VariantField)
        return frozenset(str(node.name) for node in self.nodes if isinstance(node, own))

    def statement(self, binding: Binding) -> Node:
        """Return the statement that declares one of `values`."""
        return self.parents[self.values[binding]]

    def function(self, node: Node) -> Function:
        """Return the function that `node` stands in."""
        parent = self.parents[node]
        while parent not in self.functions:
            parent = self.parents[parent]
        return self.functions[parent]

    def library_name(self, node: Node) -> str | None:
        """Return the name of the builtin that `node` is, None if it is none."""
        if isinstance(node, nodes.NameExpr) and self.bindings[node].kind == "library":
            return str(node.name)
        return None


def apply(tree: Tree, rules: Iterable[Rule]) -> list[Problem]:
    """Return what breaks the rules, in the order of the text."""
    found = [
        Problem(message, tree.source, span, hint, code=rule.code)
        for rule in rules
        for span, message, hint in rule.find(tree)
    ]
    return sorted(found, key=lambda problem: problem.span)
