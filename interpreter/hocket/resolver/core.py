"""The walk: scopes, and names looked up in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hocket.errors import Problem
from hocket.resolver.scopes import (
    IMMUTABLE,
    Binding,
    Environment,
    Function,
    Resolution,
    Scope,
    did_you_mean,
    mangle,
)
from hocket.source import Source, Span
from hocket.syntax import nodes
from hocket.syntax.nodes import Node, Token

Visit = Callable[["Resolver", Any], None]
V = TypeVar("V", bound=Visit)
_VISITS: dict[type[Node], Visit] = {}


def resolves(*types: type[Node]) -> Callable[[V], V]:
    """Mark the function that resolves nodes of `types`; others resolve their children."""

    def mark(function: V) -> V:
        for cls in types:
            _VISITS[cls] = function
        return function

    return mark


SELF = "a method names it as its first parameter: `func f(self, …)`"


class Resolver:
    """The walk over one program."""

    def __init__(self, source: Source, environment: Environment) -> None:
        self.source = source
        self.environment = environment
        self.library = frozenset(environment.library)
        self.error_types = frozenset(environment.error_types)
        self.result = Resolution()
        self.later: deque[Callable[[], None]] = deque()
        self.unresolved: list[tuple[Scope, Node, Token]] = []
        self.count = 0
        # Enums of this program by their variants.
        self.variants: dict[str, str] = {}
        # Structs of this program by their variables.
        self.structs: dict[Binding, nodes.StructDef] = {}
        self.top: Scope
        self.scope: Scope

    def resolve(self, program: nodes.Program) -> Resolution:
        """Walk `program` and return what was found."""
        function = Function(program, None, True, None)
        self.result.functions[program] = function
        self.top = self.scope = Scope(function, None, program)
        self.statements(program.body)
        while self.later:
            self.later.popleft()()
        for scope, node, token in self.unresolved:
            self.scope = scope
            self.settle(node, token)
        self.result.top = self.top.names
        return self.result

    # Walking

    def visit(self, node: Node) -> None:
        """Resolve `node` and everything in it."""
        handler = _VISITS.get(type(node))
        if handler is not None:
            handler(self, node)
        else:
            self.children(node)

    def children(self, node: Node) -> None:
        """Resolve the children of `node`, in order."""
        for child in node.children:
            if isinstance(child, Node):
                self.visit(child)

    def statements(self, body: tuple[Node, ...]) -> None:
        """Resolve the statements of the open scope; its functions and types are known from its start."""
        kinds: dict[type[Node], str] = {nodes.FuncDef: "function", nodes.EnumDef: "enum", nodes.StructDef: "struct"}
        for statement in body:
            if isinstance(statement, nodes.ExportStmt):
                statement = statement.declaration
            if isinstance(statement, nodes.FuncDef | nodes.EnumDef | nodes.StructDef):
                binding = self.declare(statement, statement.name, kinds[type(statement)])
                if isinstance(statement, nodes.StructDef):
                    self.structs[binding] = statement
            if isinstance(statement, nodes.EnumDef):
                self.variants |= {str(variant.name): str(statement.name) for variant in statement.variants}
        for statement in body:
            self.visit(statement)

    @contextmanager
    def inside(self, owner: Node, is_loop: bool = False, holds: bool = False) -> Iterator[None]:
        """Open a scope for the length of the `with` block."""
        around = self.scope
        self.scope = Scope(around.function, around, owner, around.loops + is_loop, owner if holds else around.holder)
        yield
        self.scope = around

    def block(self, block: nodes.Block) -> None:
        """Resolve `block` in a scope of its own."""
        with self.inside(block):
            self.statements(block.body)

    def function(
        self,
        node: Node,
        name: str | None,
        is_async: bool,
        body: Callable[[], None],
        receiver: str | None = None,
        is_generator: bool = False,
    ) -> None:
        """Note a function; its inside is resolved when all around it is."""
        function = Function(node, name, is_async, self.scope.function, receiver, is_generator)
        self.result.functions[node] = function
        scope = Scope(function, self.scope, node)

        def inside() -> None:
            self.scope = scope
            body()

        self.later.append(inside)

    # Names

    def declare(self, node: Node, token: Token, kind: str) -> Binding:
        """Make a variable in the current scope."""
        name, scope = str(token), self.scope
        if name in scope.names:
            known = scope.names[name].kind
            hint = f"it is a {known} already" if known in ("parameter", "function", "struct") else None
            self.problem(f"Duplicate declaration in the same scope: {name}", token.span, hint)
        binding = self.make(name, kind, token.span)
        scope.names[name] = binding
        self.result.bindings[node] = binding
        return binding

    def make(self, name: str, kind: str, span: Span) -> Binding:
        """Return a new variable of the current scope, with its Python name."""
        scope = self.scope
        if scope is self.top:
            scope.function.globals.add(mangle(name))
            return Binding(name, kind, None, mangle(name), span)
        if kind == "parameter":
            return Binding(name, kind, scope.function, mangle(name), span)
        # Never the plain name: that is what parameters and the session's variables have.
        self.count += 1
        binding = Binding(name, kind, scope.function, f"{name}'{self.count}", span, in_loop=scope.loops > 0)
        self.result.declared.setdefault(scope.owner, []).append(binding)
        return binding

    def lookup(self, name: str) -> Binding | None:
        """Return the nearest `name` of this program that can be seen from here."""
        scope: Scope | None = self.scope
        while scope is not None:
            binding = scope.names.get(name)
            if binding is not None:
                return binding
            scope = scope.outer
        return None

    def outside(self, name: str, span: Span) -> Binding | None:
        """Return `name` as the session's or the library's, if it is one."""
        kind = self.environment.session.get(name)
        if kind is not None:
            return Binding(name, kind, None, mangle(name), span)
        if name in self.library:
            return Binding(name, "library", None, mangle(name), span)
        return None

    def use(self, node: Node, binding: Binding, store: bool = False) -> None:
        """Note that `node` means `binding`, and what the functions between them must declare."""
        self.result.bindings[node] = binding
        binding.is_assigned |= store
        function = self.scope.function
        if binding.is_global:
            if store:
                function.globals.add(binding.python)
            return
        if binding.function is not function:
            binding.captured = True
            if store:
                function.nonlocals.add(binding)
            inner: Function | None = function
            while inner is not None and inner is not binding.function:
                inner.free.add(binding)
                inner = inner.outer

    def read(self, node: Node, token: Token) -> None:
        """Resolve a name that is read."""
        binding = self.lookup(token) or self.outside(str(token), token.span)
        if binding is None:
            self.unresolved.append((self.scope, node, token))
        else:
            self.use(node, binding)

    def settle(self, node: Node, token: Token) -> None:
        """Resolve a name that was unknown where it stands: it may be declared further down."""
        binding = self.lookup(token)
        if binding is not None and binding.kind == "parameter":
            problem = f"Undefined variable: {token}"
            self.problem(problem, token.span, "a default sees only what is declared before it")
        elif binding is None:
            enum = self.variants.get(str(token))
            hint = f"write `{enum}::{token}`" if enum is not None else did_you_mean(token, self.known())
            hint = SELF if token == "self" else hint
            self.problem(f"Undefined variable: {token}", token.span, hint)
        else:
            # Of a loop's variable nothing must be left from the turn before.
            binding.captured = True
            self.use(node, binding)

    def known(self) -> list[str]:
        """All names that can be seen from the current scope."""
        names = [*self.environment.session, *self.library]
        scope: Scope | None = self.scope
        while scope is not None:
            names.extend(scope.names)
            scope = scope.outer
        return names

    def store(self, node: Node, token: Token, everywhere: bool) -> None:
        """Resolve a name that is assigned by `:=` or, `everywhere`, by `=`."""
        binding = self.lookup(token)
        if binding is not None and binding.kind == "field":
            binding = None
        if binding is None and everywhere and token in self.environment.session:
            binding = self.outside(str(token), token.span)
        if binding is None:
            self.declare(node, token, "mut")
            binding = self.result.bindings[node]
        self.assign_to(node, token, binding)

    def assign_to(self, node: Node, token: Token, binding: Binding) -> None:
        """Note an assignment, unless the variable cannot be reassigned."""
        if binding.kind in IMMUTABLE:
            hint = (
                f"declare it with `mut {token} := …` to change it later" if binding.kind in ("let", "const") else None
            )
            self.problem(f"Cannot reassign immutable {binding.kind} binding: {token}", token.span, hint)
        self.use(node, binding, store=True)

    def problem(self, message: str, span: Span, hint: str | None = None) -> None:
        """Note a static error."""
        self.result.problems.append(Problem(message, self.source, span, hint))
