"""`select`: the wait, and then its cases, tried like those of a `match`."""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.compiler.matching import Body, case, is_none
from hocket.compiler.statements import value_of
from hocket.syntax import nodes

UNMATCHED = "the value has been taken: add a `case` with a name, which fits everything"


@compiles(nodes.SelectExpr)
def select_expr(c: Compiler, node: nodes.SelectExpr) -> ast.expr:
    """`select` as a value: that of the clause that runs."""
    result = c.temp()

    def run(body: nodes.Block) -> None:
        c.emit(body, ast.Assign([store(result)], value_of(c, body)))

    select(c, node, run)
    return load(result)


def select(c: Compiler, node: nodes.SelectExpr, run: Body) -> None:
    """Emit the wait and the clauses; `run` emits the body of one."""
    written = [clause for clause in node.clauses if isinstance(clause, nodes.SelectCase)]
    other = next((c for c in node.clauses if isinstance(c, nodes.SelectTimeout | nodes.DefaultClause)), None)
    cases, value, untried = c.temp(), c.temp(), c.temp()
    wait = c.at(node, waiting(c, node, written, other))
    names = ast.Tuple([store(cases), store(value)], ast.Store())
    c.emit(node, ast.Assign([names], wait))
    c.emit(node, ast.Assign([store(untried)], ast.Constant(True)))
    for number, clause in enumerate(written):
        won = ast.Compare(ast.Constant(number), [ast.In()], [load(cases)])
        case(c, clause, load(value), untried, run, is_first=number == 0, before_all=won)
    unmatched: ast.stmt = c.at(node, ast.Raise(call("__unmatched", load(value), ast.Constant(UNMATCHED))))
    if other is None:
        c.emit(node, ast.If(load(untried), [unmatched], []))
        return
    with c.into([]) as otherwise:
        run(other.body)
    late = c.at(other, ast.If(load(cases), [unmatched], otherwise or [c.at(other, ast.Pass())]))
    c.emit(other, ast.If(load(untried), [late], []))


def waiting(
    c: Compiler,
    node: nodes.SelectExpr,
    written: list[nodes.SelectCase],
    other: nodes.SelectTimeout | nodes.DefaultClause | None,
) -> ast.expr:
    """Return the wait for the sources, which are computed in the order in which they stand."""
    limits = [other.limit] if isinstance(other, nodes.SelectTimeout) else []
    parts = sorted([*limits, *(clause.source for clause in written)], key=lambda part: part.span)
    values = c.operands(parts)
    limit = values.pop(parts.index(limits[0])) if limits else ast.Constant(None)
    ends = [ast.Constant(number) for number, clause in enumerate(written) if is_end(c, clause)]
    place = ast.Tuple([ast.Constant(c.source.filename), ast.Constant(node.span.start)], ast.Load())
    at_once = ast.Constant(isinstance(other, nodes.DefaultClause))
    sources = ast.Tuple(values, ast.Load())
    return ast.Await(c.at(node, call("__select", place, sources, ast.Tuple([*ends], ast.Load()), at_once, limit)))


def is_end(c: Compiler, clause: nodes.SelectCase) -> bool:
    """Whether it is `case None from …`, which takes the end of a channel."""
    return isinstance(clause.pattern, nodes.NamePattern) and is_none(c, clause.pattern)
