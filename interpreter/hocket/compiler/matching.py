"""What a value must be to fit a case, and what the case's names are then given.

A pattern becomes one Python test without statements, whose parts are saved on the way
in temporaries; the names are assigned when all of it has fitted.  The cases stand one
after another, each tried while none before it has fitted: however many there are,
they do not nest.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

from hocket.compiler.core import Compiler, call, load, store
from hocket.compiler.operators import condition, is_class, is_plain_literal
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

Body = Callable[[nodes.Block], None]


class Subject(NamedTuple):
    """A value that is looked at: as it is written the first time, and as afterwards."""

    first: ast.expr
    again: ast.expr


class Fit:
    """The tests and names of one pattern."""

    def __init__(self, c: Compiler) -> None:
        self.c = c
        self.tests: list[ast.expr] = []
        self.names: list[tuple[Node, ast.expr]] = []

    def pattern(self, node: Node, subject: Subject) -> None:
        """Add what `node` asks of `subject`."""
        mark = len(self.tests)
        PATTERNS[type(node)](self, node, subject)
        for test in self.tests[mark:]:
            self.c.at(node, test)

    def inner(self, node: Node, value: ast.expr) -> None:
        """Add what `node` asks of a part of the value."""
        if isinstance(node, nodes.NamePattern) and not is_none(self.c, node):
            self.bind(node, value)
        else:
            name = self.c.temp()
            self.pattern(node, Subject(ast.NamedExpr(store(name), value), load(name)))

    def bind(self, node: Node, value: ast.expr) -> None:
        """Give `value` to the name that `node` binds; to `_` nothing is given."""
        if node in self.c.resolution.bindings:
            self.names.append((node, value))


def is_none(c: Compiler, node: nodes.NamePattern) -> bool:
    """Whether a name is `None`, which is a value and no variable."""
    binding = c.resolution.bindings.get(node)
    return binding is not None and node.name == "None"


# Patterns


def name_pattern(fit: Fit, node: nodes.NamePattern, subject: Subject) -> None:
    """A name fits everything; `None` only itself."""
    if is_none(fit.c, node):
        value = fit.c.load_binding(fit.c.resolution.bindings[node])
        fit.tests.append(call("__is_variant", subject.first, value))
        return
    if subject.first is not subject.again:
        fit.tests.append(always(subject.first))
    fit.bind(node, subject.again)


def always(value: ast.expr) -> ast.expr:
    """Return a test that evaluates `value` and succeeds."""
    return ast.Tuple([value], ast.Load())


def literal_pattern(fit: Fit, node: nodes.LiteralPattern, subject: Subject) -> None:
    """A literal is compared as by `==`."""
    value = fit.c.expr(node.value)
    test: ast.expr
    if isinstance(node.value, nodes.TrueExpr | nodes.FalseExpr | nodes.NullExpr):
        test = ast.Compare(subject.first, [ast.Is()], [value])
    elif is_plain_literal(node.value):
        test = ast.Compare(subject.first, [ast.Eq()], [value])
    else:
        test = call("__equal", subject.first, value)
    fit.tests.append(test)


def range_pattern(fit: Fit, node: nodes.RangePattern, subject: Subject) -> None:
    """Ints only, as what is in a range."""
    end: ast.cmpop = ast.LtE() if node.operator == "..=" else ast.Lt()
    fit.tests.append(is_class(subject.first, "int"))
    fit.tests.append(ast.Compare(fit.c.expr(node.start), [ast.LtE(), end], [subject.again, fit.c.expr(node.stop)]))


def type_pattern(fit: Fit, node: nodes.TypePattern, subject: Subject) -> None:
    """`int n`: by the name that `type` gives, an error by its kind too, or an enum."""
    selected = fit.c.resolution.types[node]
    if isinstance(selected, Node):
        wanted = fit.c.expr(selected)
    else:
        wanted = load(f"__error_{selected}") if node in fit.c.resolution.selecting else ast.Constant(selected)
    fit.tests.append(call("__is_of", subject.first, wanted))
    fit.bind(node, subject.again)


def path_pattern(fit: Fit, node: nodes.PathPattern, subject: Subject) -> None:
    """`Shape::Empty`, `limits.most`."""
    fit.tests.append(call("__is_variant", subject.first, fit.c.expr(node.value)))


def variant_pattern(fit: Fit, node: nodes.VariantPattern, subject: Subject) -> None:
    """`Ok(v)`, `Shape::Circle(r)`."""
    variant = fit.c.expr(node.variant)
    fit.tests.append(call("__holds", subject.first, variant, ast.Constant(len(node.items))))
    for index, item in enumerate(node.items):
        values = ast.Attribute(subject.again, "values", ast.Load())
        fit.inner(item, ast.Subscript(values, ast.Constant(index), ast.Load()))


def struct_pattern(fit: Fit, node: nodes.StructPattern, subject: Subject) -> None:
    """A value of that struct or variant; its fields, and perhaps others."""
    items = [item for item in node.items if not isinstance(item, nodes.RestPattern)]
    names = ast.Tuple([ast.Constant(str(item.key)) for item in items], ast.Load())  # type: ignore[attr-defined]
    is_variant = isinstance(node.struct, nodes.PathExpr)
    test = "__holds_named" if is_variant else "__is_made"
    fit.tests.append(call(test, subject.first, fit.c.expr(node.struct), names))
    for item in node.items:
        if isinstance(item, nodes.RestPattern):
            fit.bind(item, call("__without", call("__fields", subject.again), names))
            continue
        assert isinstance(item, nodes.KeyPattern | nodes.NestedKeyPattern)
        key = str(item.key)
        value: ast.expr = ast.Attribute(subject.again, key, ast.Load())
        if is_variant:
            value = ast.Subscript(call("__fields", subject.again), ast.Constant(key), ast.Load())
        if isinstance(item, nodes.NestedKeyPattern):
            fit.inner(item.pattern, value)
        else:
            fit.bind(item, value)


def list_pattern(fit: Fit, node: nodes.ListPattern, subject: Subject) -> None:
    """An array of just so many elements, of at least so many before a `...rest`."""
    rest = node.items[-1] if node.items and isinstance(node.items[-1], nodes.RestPattern) else None
    count = len(node.items) - (rest is not None)
    fit.tests.append(call("__isinstance", subject.first, load("__sequence")))
    length: ast.cmpop = ast.Eq() if rest is None else ast.GtE()
    fit.tests.append(ast.Compare(call("__len", subject.again), [length], [ast.Constant(count)]))
    for index, item in enumerate(node.items[:count]):
        fit.inner(item, ast.Subscript(subject.again, ast.Constant(index), ast.Load()))
    if rest is not None:
        end = ast.Subscript(subject.again, ast.Slice(ast.Constant(count)), ast.Load())
        fit.bind(rest, call("__list", end))


def dict_pattern(fit: Fit, node: nodes.DictPattern, subject: Subject) -> None:
    """A dict that has these keys, and perhaps others."""
    fit.tests.append(call("__isinstance", subject.first, load("__dict")))
    keys: list[str | int] = []
    for item in node.items:
        if isinstance(item, nodes.RestPattern):
            listed = ast.Tuple([ast.Constant(key) for key in keys], ast.Load())
            fit.bind(item, call("__without", subject.again, listed))
            continue
        assert isinstance(item, nodes.KeyPattern | nodes.NestedKeyPattern)
        key = key_of(fit.c, item.key)
        keys.append(key)
        fit.tests.append(fit.c.at(item, ast.Compare(ast.Constant(key), [ast.In()], [subject.again])))
        value = ast.Subscript(subject.again, ast.Constant(key), ast.Load())
        if isinstance(item, nodes.NestedKeyPattern):
            fit.inner(item.pattern, value)
        else:
            fit.bind(item, value)


def key_of(c: Compiler, token: nodes.Token) -> str | int:
    """Return the key that a word, string or int means."""
    if token.type != "INT":
        return str(token)
    value = c.expr(nodes.IntExpr(token.span, token))
    assert isinstance(value, ast.Constant)
    return int(value.value)  # type: ignore[arg-type]


def alternatives_pattern(fit: Fit, node: nodes.AlternativesPattern, subject: Subject) -> None:
    """`a | b`: the names, which all alternatives have, go through temporaries."""
    temps: dict[Any, str] = {}
    tests: list[ast.expr] = []
    names: list[tuple[Node, ast.expr]] = []
    for alternative in node.patterns:
        inner = Fit(fit.c)
        inner.pattern(alternative, subject)
        subject = Subject(subject.again, subject.again)
        parts = inner.tests
        for place, value in inner.names:
            binding = fit.c.resolution.bindings[place]
            if binding not in temps:
                temps[binding] = fit.c.temp()
                names.append((place, load(temps[binding])))
            parts.append(fit.c.at(place, always(ast.NamedExpr(store(temps[binding]), value))))
        tests.append(fit.c.at(alternative, all_of(parts)))
    fit.tests.append(ast.BoolOp(ast.Or(), tests))
    fit.names += names


def all_of(tests: list[ast.expr]) -> ast.expr:
    """Return the test that all `tests` succeed."""
    if len(tests) < 2:
        return tests[0] if tests else ast.Constant(True)
    return ast.BoolOp(ast.And(), tests)


PATTERNS: dict[type[Node], Callable[[Fit, Any, Subject], None]] = {
    nodes.NamePattern: name_pattern,
    nodes.LiteralPattern: literal_pattern,
    nodes.RangePattern: range_pattern,
    nodes.TypePattern: type_pattern,
    nodes.PathPattern: path_pattern,
    nodes.VariantPattern: variant_pattern,
    nodes.StructPattern: struct_pattern,
    nodes.ListPattern: list_pattern,
    nodes.DictPattern: dict_pattern,
    nodes.AlternativesPattern: alternatives_pattern,
}


# Cases


def select(c: Compiler, node: nodes.MatchExpr, run: Body, is_complete: bool) -> None:
    """Emit the cases; `run` emits the body of one.

    If `is_complete`, a value that nothing fits is a MatchError.
    """
    value = c.save(node.value, c.expr(node.value))
    untried = c.temp()
    default: nodes.DefaultClause | None = None
    c.emit(node.value, ast.Assign([store(untried)], ast.Constant(True)))
    for number, clause in enumerate(node.clauses):
        if isinstance(clause, nodes.DefaultClause):
            default = clause
        else:
            assert isinstance(clause, nodes.CaseClause)
            case(c, clause, value, untried, run, is_first=number == 0)
    with c.into([]) as otherwise:
        if default is not None:
            run(default.body)
        elif is_complete:
            c.emit(node.value, ast.Raise(call("__unmatched", value)))
    if otherwise:
        c.emit(default or node.value, ast.If(load(untried), otherwise, []))


def case(
    c: Compiler,
    clause: nodes.CaseClause | nodes.SelectCase,
    value: ast.Name,
    untried: str,
    run: Body,
    is_first: bool,
    before_all: ast.expr | None = None,
) -> None:
    """Emit one case: its tests, first `before_all`, its names, its guard and its body."""
    fit = Fit(c)
    if before_all is not None:
        fit.tests.append(c.at(clause, before_all))
    with c.into([]) as before:
        fit.pattern(clause.pattern, Subject(value, value))
    with c.into([]) as fitted:
        c.boxes(clause)
        for place, part in fit.names:
            c.emit(place, ast.Assign([c.store_binding(c.resolution.bindings[place])], part))
        written = clause.guard if isinstance(clause, nodes.CaseClause) else None
        guard = None if written is None else condition(c, written)
        with c.into([]) if guard is not None else c.into(fitted) as chosen:
            c.emit(clause, ast.Assign([store(untried)], ast.Constant(False)))
            run(clause.body)
        if guard is not None:
            c.emit(clause, ast.If(guard, chosen, []))
    test = c.at(clause.pattern, all_of(fit.tests))
    if is_first or before:
        emit_tried(c, clause, None if is_first else untried, [*before, c.at(clause, ast.If(test, fitted, []))])
    else:
        tests = [load(untried), *(test.values if isinstance(test, ast.BoolOp) and is_and(test) else [test])]
        c.emit(clause, ast.If(ast.BoolOp(ast.And(), tests), fitted, []))


def is_and(test: ast.BoolOp) -> bool:
    """Whether a test is that of several tests that must all succeed."""
    return isinstance(test.op, ast.And)


def emit_tried(c: Compiler, clause: Node, untried: str | None, body: list[ast.stmt]) -> None:
    """Emit the statements of a case, to be reached while none before it has fitted."""
    if untried is None:
        c.body += body
    else:
        c.emit(clause, ast.If(load(untried), body, []))
