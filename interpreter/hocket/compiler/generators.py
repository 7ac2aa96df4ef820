"""Generators, and the loops that wait: `yield` and `for await`.

A plain `func*` is Python's generator.  An async one is a coroutine function, whose
`yield` awaits what `hocket.runtime.streams` hands to the loop.
"""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.compiler.statements import turn
from hocket.syntax import nodes


@compiles(nodes.YieldExpr)
def yield_expr(c: Compiler, node: nodes.YieldExpr) -> ast.expr:
    """Gives a value away; its own value is null."""
    value = ast.Constant(None) if node.value is None else c.expr(node.value)
    return ast.Await(call("__Yield", value)) if c.function.is_async else ast.Yield(value)


@compiles(nodes.ForAwaitStmt)
def for_await_stmt(c: Compiler, node: nodes.ForAwaitStmt) -> None:
    """The stream is closed, whatever ends the loop."""
    pairs = len(node.targets.patterns) == 2
    name = c.temp()
    stream = call("__stream_pairs" if pairs else "__stream", c.expr(node.iterable))
    c.emit(node.iterable, ast.Assign([store(name)], stream))
    with c.guarded():
        target, body = turn(c, node)
    loop = c.at(node, ast.AsyncFor(target, c.at(node.iterable, load(name)), body, []))
    closing = ast.Expr(ast.Await(call(ast.Attribute(load(name), "aclose", ast.Load()))))
    c.emit(node, ast.Try([loop], [], [], [c.at(node.iterable, closing)]))
