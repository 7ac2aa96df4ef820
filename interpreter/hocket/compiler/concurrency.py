"""Tasks and the blocks that own or hold something, and errors: `spawn`, `scope`, `timeout`, `with`, `try`, `throw`."""

from __future__ import annotations

import ast
from typing import Any

from hocket.compiler.chains import compile_call
from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.compiler.functions import declarations, with_boxes
from hocket.compiler.operators import class_of
from hocket.compiler.patterns import assign_pattern
from hocket.compiler.statements import block, block_value, body_of, statements, value_of
from hocket.resolver import is_direct_call
from hocket.syntax import nodes
from hocket.syntax.nodes import Node


@compiles(nodes.SpawnExpr)
def spawn_expr(c: Compiler, node: nodes.SpawnExpr) -> ast.expr:
    """`spawn f(x)`: function and arguments are computed here, the body runs in a task."""
    value = node.value
    if is_direct_call(value):
        assert isinstance(value, nodes.CallExpr)
        return compile_call(c, value, "spawn")
    return spawned(c, node, (nodes.ReturnStmt(value.span, value),), ast.Constant("spawn"))


@compiles(nodes.SpawnBlockExpr)
def spawn_block_expr(c: Compiler, node: nodes.SpawnBlockExpr) -> ast.expr:
    """`spawn { … }`, `spawn("name") { … }`."""
    *named, block = node.parts
    assert isinstance(block, nodes.Block)
    name = call("__text", c.expr(named[0])) if named else ast.Constant("spawn")
    return spawned(c, node, block.body, name)


def spawned(c: Compiler, node: Node, body: tuple[Node, ...], name: ast.expr) -> ast.expr:
    """Define the body as a coroutine function and start a task on it."""
    info = c.resolution.functions[node]
    python = f"spawn'{c.temp()}"

    def define() -> None:
        with c.inside(info), c.into([]) as inside:
            declarations(c, node, info)
            if body and isinstance(body[-1], nodes.ReturnStmt):
                statements(c, body)
            else:
                c.emit(node, ast.Return(block_value(c, body)))
        empty = ast.arguments([], [], None, [], [], None, [])
        c.emit(node, ast.AsyncFunctionDef(python, empty, inside, []))

    with_boxes(c, node, info, python, define)
    return call("__spawn_block", load(python), name)


Holder = nodes.ScopeExpr | nodes.ShieldExpr | nodes.TimelineExpr | nodes.TimeoutExpr


@compiles(nodes.ScopeExpr, nodes.ShieldExpr, nodes.TimelineExpr, nodes.TimeoutExpr)
def owner(c: Compiler, node: Holder) -> ast.expr:
    """A block that is entered and left like Python's `async with`; its value is the block's."""
    word = type(node).__name__.removesuffix("Expr")
    limit = [c.expr(node.limit)] if isinstance(node, nodes.TimeoutExpr) else []
    name = c.temp()
    with c.guarded(), c.into([]) as body:
        c.emit(node, ast.Assign([store(name)], value_of(c, node.body)))
    c.emit(node, ast.AsyncWith([ast.withitem(c.at(node, call(f"__{word}", *limit)))], body))
    return load(name)


@compiles(nodes.WithStmt)
def with_stmt(c: Compiler, node: nodes.WithStmt) -> None:
    """What is held is entered and left by Python, whatever ends the block; where that can wait, it may."""
    name = c.temp()
    word = "__held" if c.function.is_async else "__held_now"
    held = c.at(node.value, call(word, c.expr(node.value)))
    with c.guarded(), c.into([]) as body:
        if node.pattern is not None:
            c.boxes(node)
            assign_pattern(c, node.pattern, load(name))
        block(c, node.body)
    item = ast.withitem(held, None if node.pattern is None else store(name))
    kind = ast.AsyncWith if c.function.is_async else ast.With
    c.emit(node, kind([item], body or [c.at(node, ast.Pass())]))


# Errors


@compiles(nodes.ThrowExpr)
def throw_expr(c: Compiler, node: nodes.ThrowExpr) -> ast.expr:
    """A statement in Python; what would use its value is never reached."""
    c.emit(node, ast.Raise(call("__throw", c.expr(node.value))))
    return ast.Constant(None)


@compiles(nodes.TryStmt)
def try_stmt(c: Compiler, node: nodes.TryStmt) -> None:
    """The first clause that fits runs; one's own cancellation passes through.

    `except CancelledError` sees that too, and it goes on after the clause.
    """
    clauses = node.handlers.clauses
    handlers: list[ast.ExceptHandler] = []
    with c.guarded():
        body = body_of(c, node.body)
        for clause in clauses:
            if any(name == "CancelledError" and struct is None for name, struct in types_of(c, clause)):
                handlers.append(cancellation(c, clause))
                break
        if clauses:
            handlers.append(ordinary(c, node, clauses))
    final = body_of(c, node.final.body) if node.final is not None else []
    if node.final is not None and leaves(node.final.body):
        body, handlers, final = insistent(c, node, ast.Try(body, handlers, [], []), final)
    c.emit(node, ast.Try(body, handlers, [], final))


def leaves(block: Node) -> bool:
    """Whether a jump in `block` may lead out of it."""
    work: list[Node] = [block]
    while work:
        node = work.pop()
        if isinstance(node, nodes.BreakStmt | nodes.ContinueStmt | nodes.ReturnStmt | nodes.TryExpr):
            return True
        if not isinstance(node, nodes.FuncDef | nodes.FuncExpr | nodes.ArrowExpr | nodes.SpawnBlockExpr):
            work.extend(child for child in node.children if isinstance(child, Node))
    return False


def insistent(c: Compiler, node: Node, inner: ast.Try, final: list[ast.stmt]) -> tuple[Any, Any, list[ast.stmt]]:
    """Return the parts of a `try` whose `finally` jumps: a cancellation goes on all the same."""
    stop, raised = c.temp(), c.temp()

    def at(statement: ast.stmt) -> ast.stmt:
        placed: ast.stmt = c.at(node, statement)
        return placed

    c.emit(node, ast.Assign([store(stop)], ast.Constant(None)))
    keep = ast.ExceptHandler(
        load("__Cancelled"), raised, [at(ast.Assign([store(stop)], load(raised))), at(ast.Raise())]
    )
    tested = ast.Compare(load(stop), [ast.IsNot()], [ast.Constant(None)])
    again = at(ast.If(tested, [at(ast.Raise(load(stop)))], []))
    body = [at(inner)] if inner.handlers else inner.body
    return body, [c.at(node, keep)], [at(ast.Try(final, [], [], [again]))]


def types_of(c: Compiler, clause: Node) -> list[tuple[str, ast.expr | None]]:
    """Return the names of the error types that a clause selects, and the structs that they mean; none means all."""
    named: list[tuple[str, Node]] = []
    if isinstance(clause, nodes.ExceptTypes):
        named = [(str(name.name), name) for name in clause.types.names if isinstance(name, NAMED)]
    elif isinstance(clause, nodes.ExceptName) and clause in c.resolution.selecting:
        named = [(str(clause.name), clause)]
    return [(name, struct_meant(c, node)) for name, node in named]


NAMED = (nodes.NameExpr, nodes.FieldExpr)


def struct_meant(c: Compiler, node: Node) -> ast.expr | None:
    """Return what reads the struct that `node` means, None for a type of error."""
    if isinstance(node, nodes.FieldExpr):
        return c.expr(node)
    binding = c.resolution.bindings.get(node)
    return None if binding is None else c.load_binding(binding)


def selects(types: list[tuple[str, ast.expr | None]], error: str) -> ast.expr:
    """Return the test whether the error is of one of the types."""
    known = ast.Tuple([load(f"__error_{name}") for name, struct in types if struct is None], ast.Load())
    tests: list[ast.expr] = [call("__isinstance", load(error), known)] if known.elts else []
    for _, struct in types:
        if struct is not None:
            thrown = class_of(ast.Attribute(load(error), "value", ast.Load()))
            tests.append(ast.Compare(thrown, [ast.Is()], [struct]))
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)


def ordinary(c: Compiler, node: nodes.TryStmt, clauses: tuple[Node, ...]) -> ast.ExceptHandler:
    """The handler of run-time errors: a chain of tests, one for each clause."""
    raised, error = c.temp(), c.temp()
    chain: list[ast.stmt] = [c.at(node, ast.Raise())]
    for clause in reversed(clauses):
        body = clause_body(c, clause, error)
        types = types_of(c, clause)
        chain = [c.at(clause, ast.If(selects(types, error), body, chain))] if types else body
    caught = c.at(node, ast.Assign([store(error)], call("__caught", load(raised))))
    handler: ast.ExceptHandler = c.at(node, ast.ExceptHandler(load("__Exception"), raised, [caught, *chain]))
    return handler


def cancellation(c: Compiler, clause: Node) -> ast.ExceptHandler:
    """The handler of one's own cancellation, which goes on whatever the clause does."""
    raised, error = c.temp(), c.temp()
    caught = c.at(clause, ast.Assign([store(error)], call("__cancelled", load(raised))))
    body = [caught, *clause_body(c, clause, error)]
    again: ast.stmt = c.at(clause, ast.Try(body, [], [], [c.at(clause, ast.Raise())]))
    handler: ast.ExceptHandler = c.at(clause, ast.ExceptHandler(load("__Cancelled"), raised, [again]))
    return handler


def clause_body(c: Compiler, clause: Node, error: str) -> list[ast.stmt]:
    """Compile the body of a clause, with its variable."""
    with c.into([]) as body:
        c.boxes(clause)
        if clause in c.resolution.bindings and clause not in c.resolution.selecting:
            c.emit(clause, ast.Assign([c.store_binding(c.resolution.bindings[clause])], load(error)))
        assert isinstance(clause, nodes.ExceptAll | nodes.ExceptName | nodes.ExceptTypes)
        body += body_of(c, clause.body)
    return body
