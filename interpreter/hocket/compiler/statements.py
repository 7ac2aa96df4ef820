"""Statements: assignment, blocks, `if`, `match`, loops, and the top level."""

from __future__ import annotations

import ast
from typing import TypeGuard

from hocket.compiler.chains import field, is_own_field, noted
from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.compiler.matching import select
from hocket.compiler.operators import condition, is_class, operate
from hocket.compiler.patterns import assign_pattern
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

# What can be used above its text, in the order in which it is made.
HOISTED = (nodes.EnumDef, nodes.StructDef, nodes.FuncDef)

# What a loop may go through that certainly is no generator.
NO_GENERATOR = (
    nodes.RangeExpr, nodes.IntExpr, nodes.ListExpr, nodes.DictExpr, nodes.StringExpr, nodes.FormatExpr
)  # fmt: skip


@compiles(nodes.Program)
def program(c: Compiler, node: nodes.Program) -> None:
    """The top level: a coroutine function that returns the last expression's value."""
    info = c.function = c.resolution.functions[node]
    with c.into([]) as body:
        if info.globals:
            c.emit(node, ast.Global(sorted(info.globals)))
        value = block_value(c, node.body)
        c.emit(node.body[-1] if node.body else node, ast.Return(value))
    empty = ast.arguments([], [], None, [], [], None, [])
    c.emit(node, ast.AsyncFunctionDef("cell", empty, body, []))


# Blocks


def statements(c: Compiler, body: tuple[Node, ...]) -> None:
    """Compile the statements of a block: enums, structs and functions first, they can be used above."""
    body = tuple(exported(c, node) if isinstance(node, nodes.ExportStmt) else node for node in body)
    for first in HOISTED:
        for statement in body:
            if isinstance(statement, first):
                c.stmt(statement)
    for statement in body:
        if not isinstance(statement, HOISTED):
            c.stmt(statement)


def exported(c: Compiler, node: nodes.ExportStmt) -> Node:
    """Return what `export` stands before, with the documentation of the whole."""
    declaration = node.declaration
    if node.span.start in c.docs:
        c.docs[declaration.span.start] = c.docs[node.span.start]
    return declaration


def block_value(c: Compiler, body: tuple[Node, ...]) -> ast.expr:
    """Compile the statements of a block and return the value of the last, if it is an expression."""
    if not body or not isinstance(body[-1], nodes.ExprStmt) or not has_value(body[-1].value):
        statements(c, body)
        return ast.Constant(None)
    statements(c, body[:-1])
    last = body[-1].value
    return match_value(c, last, is_complete=False) if isinstance(last, nodes.MatchExpr) else c.expr(last)


def has_value(node: Node) -> bool:
    """Whether an expression that is a statement has a value: an `if` only with an `else`."""
    while isinstance(node, nodes.IfExpr):
        if node.orelse is None:
            return False
        node = node.orelse
    return not isinstance(node, nodes.ThrowExpr)


@compiles(nodes.Block)
def block(c: Compiler, node: nodes.Block) -> None:
    """`{ … }`: new boxes for the variables that closures keep, then the statements."""
    c.boxes(node)
    statements(c, node.body)


def body_of(c: Compiler, node: nodes.Block) -> list[ast.stmt]:
    """Compile a block into statements of its own."""
    with c.into([]) as body:
        block(c, node)
    return body or [c.at(node, ast.Pass())]


def value_of(c: Compiler, node: nodes.Block) -> ast.expr:
    """Compile a block into the open body and return its value."""
    c.boxes(node)
    return block_value(c, node.body)


@compiles(nodes.ExprStmt)
def expr_stmt(c: Compiler, node: nodes.ExprStmt) -> None:
    """An expression for its effect."""
    if isinstance(node.value, nodes.IfExpr):
        if_stmt(c, node.value)
        return
    if isinstance(node.value, nodes.MatchExpr):
        select(c, node.value, lambda body: block(c, body), is_complete=False)
        return
    value = c.expr(node.value)
    if not isinstance(value, ast.Constant):
        c.emit(node, ast.Expr(value))


# Assignment


@compiles(nodes.LetStmt)
def let_stmt(c: Compiler, node: nodes.LetStmt) -> None:
    """`let`, `mut` and `const` differ in the resolver only."""
    assign_pattern(c, node.pattern, c.expr(node.value))


@compiles(nodes.DefineUnpackStmt, nodes.AssignUnpackStmt)
def unpack_stmt(c: Compiler, node: nodes.DefineUnpackStmt | nodes.AssignUnpackStmt) -> None:
    """`[a, b] := [b, a]`."""
    assign_pattern(c, node.pattern, c.expr(node.value))


@compiles(nodes.DefineStmt, nodes.AssignStmt)
def assign_stmt(c: Compiler, node: nodes.DefineStmt | nodes.AssignStmt) -> None:
    """The value is computed first, then the object and index it is put into."""
    target = node.target
    if isinstance(target, nodes.NameExpr):
        if is_push(node.value, c, target):
            push(c, target, node.value)
        else:
            c.emit(node, ast.Assign([c.store_binding(c.resolution.bindings[target])], c.expr(node.value)))
    elif isinstance(target, nodes.IndexExpr):
        value, object_, index = c.operands([node.value, target.object, target.index])
        c.emit(target, ast.Assign([ast.Subscript(object_, noted(c, target, index), ast.Store())], value))
    elif isinstance(target, nodes.FieldExpr):
        value, object_ = c.operands([node.value, target.object])
        set_field(c, target, object_, value)


def set_field(c: Compiler, target: nodes.FieldExpr, object_: ast.expr, value: ast.expr) -> None:
    """Emit `object.name := value`; a method's `self` is known to have its fields."""
    if is_own_field(c, target):
        c.emit(target, ast.Assign([ast.Attribute(object_, str(target.name), ast.Store())], value))
    else:
        c.emit(target, ast.Expr(call("__set_field", object_, ast.Constant(str(target.name)), value)))


def is_push(value: Node, c: Compiler, target: nodes.NameExpr) -> TypeGuard[nodes.CallExpr]:
    """Whether a statement is `x := push(x, e)`, with the library's `push`."""
    if not isinstance(value, nodes.CallExpr) or not isinstance(value.function, nodes.NameExpr):
        return False
    function, items = value.function, value.args.items
    if function.name not in ("push", "append") or c.resolution.bindings[function].kind != "library":
        return False
    same = len(items) == 2 and isinstance(items[0], nodes.NameExpr) and items[0].name == target.name
    plain = not any(isinstance(item, nodes.Spread | nodes.NamedArg) for item in items)
    return same and plain and c.resolution.bindings[items[0]] is c.resolution.bindings[target]


def push(c: Compiler, target: nodes.NameExpr, value: nodes.CallExpr) -> None:
    """Push in place when nobody else holds the array, so that a loop of it is not quadratic."""
    array = c.load_binding(c.resolution.bindings[target])
    function = c.save(value, c.expr(value.function))
    before = c.save(value, array)
    item = c.save(value, c.expr(value.args.items[1]))
    same = c.save(value, ast.Compare(array, [ast.Is()], [before]))
    # The temporary must not count as somebody who holds the array.
    c.emit(value, ast.Assign([store(before.id)], ast.Constant(None)))
    alone = ast.Compare(call("__references", array), [ast.Eq()], [load("__alone")])
    is_builtin = ast.Compare(function, [ast.Is()], [load("__push")])
    in_place = ast.Expr(call(ast.Attribute(array, "append", ast.Load()), item))
    copied = ast.Assign([c.store_binding(c.resolution.bindings[target])], call(function, array, item))
    fits = ast.BoolOp(ast.And(), [same, is_class(array, "list"), is_builtin, alone])
    c.emit(value, ast.If(fits, [in_place], [copied]))


@compiles(nodes.AugmentStmt)
def augment_stmt(c: Compiler, node: nodes.AugmentStmt) -> None:
    """`x += e` is `x = x + e`, with the object and the index of `x` computed once."""
    target = node.target
    operator = str(node.operator).removesuffix("=")
    if isinstance(target, nodes.NameExpr):
        old, value = c.operands([target, node.value])
        new = c.at(node, operate(c, operator, old, value, target, node.value))
        c.emit(node, ast.Assign([c.store_binding(c.resolution.bindings[target])], new))
    elif isinstance(target, nodes.IndexExpr):
        augment_index(c, node, target, operator)
    elif isinstance(target, nodes.FieldExpr):
        object_ = c.save(target, c.expr(target.object))
        old = c.save(target, field(c, object_, target))
        new = c.at(node, operate(c, operator, old, c.expr(node.value), target, node.value))
        set_field(c, target, object_, new)


def augment_index(c: Compiler, node: nodes.AugmentStmt, target: nodes.IndexExpr, operator: str) -> None:
    """`a[i] += e`."""
    object_, index = c.operands([target.object, target.index])
    saved = c.save(target, object_)
    key = c.save(target, index)
    noted(c, target, key)
    old = c.save(target, ast.Subscript(saved, key, ast.Load()))
    new = c.at(node, operate(c, operator, old, c.expr(node.value), target, node.value))
    c.emit(target, ast.Assign([ast.Subscript(saved, key, ast.Store())], new))


# If


@compiles(nodes.IfExpr)
def if_expr(c: Compiler, node: nodes.IfExpr) -> ast.expr:
    """`if` as a value: Python's conditional where the branches are single expressions."""
    test = condition(c, node.test)
    with c.into([]) as body:
        value = value_of(c, node.body)
    with c.into([]) as orelse:
        other = else_value(c, node.orelse)
    if not body and not orelse:
        return ast.IfExp(test, value, other)
    name = c.temp()
    for branch, result in ((body, value), (orelse, other)):
        with c.into(branch):
            c.emit(node, ast.Assign([store(name)], result))
    c.emit(node, ast.If(test, body, orelse))
    return load(name)


def else_value(c: Compiler, node: Node | None) -> ast.expr:
    """Return the value of what follows `else`."""
    if isinstance(node, nodes.Block):
        return value_of(c, node)
    return ast.Constant(None) if node is None else c.expr(node)


def if_stmt(c: Compiler, node: nodes.IfExpr) -> None:
    """`if` as a statement."""
    test = condition(c, node.test)
    body = body_of(c, node.body)
    orelse: list[ast.stmt] = []
    if isinstance(node.orelse, nodes.Block):
        orelse = body_of(c, node.orelse)
    elif isinstance(node.orelse, nodes.IfExpr):
        with c.into(orelse):
            if_stmt(c, node.orelse)
    c.emit(node, ast.If(test, body, orelse))


# Match


@compiles(nodes.MatchExpr)
def match_expr(c: Compiler, node: nodes.MatchExpr) -> ast.expr:
    """`match` as a value: something must fit."""
    return match_value(c, node, is_complete=True)


def match_value(c: Compiler, node: nodes.MatchExpr, is_complete: bool) -> ast.expr:
    """Return the value of the case that fits; null if none needs to and none does."""
    result = c.temp()
    if not is_complete:
        c.emit(node, ast.Assign([store(result)], ast.Constant(None)))

    def run(body: nodes.Block) -> None:
        c.emit(body, ast.Assign([store(result)], value_of(c, body)))

    select(c, node, run, is_complete)
    return load(result)


# Loops


@compiles(nodes.WhileStmt)
def while_stmt(c: Compiler, node: nodes.WhileStmt) -> None:
    """The test stands inside of an endless loop.

    CPython 3.11 specializes code at the jump back of an endless loop, but not at that of a
    loop with a test: one that runs only once would take twice the time.
    """
    with c.into([]) as body:
        test = condition(c, node.test)
        c.emit(node.test, ast.If(ast.UnaryOp(ast.Not(), test), [c.at(node.test, ast.Break())], []))
    endless(c, node, body + body_of(c, node.body))


@compiles(nodes.LoopStmt)
def loop_stmt(c: Compiler, node: nodes.LoopStmt) -> None:
    """`loop { }`."""
    endless(c, node, body_of(c, node.body))


def endless(c: Compiler, node: Node, body: list[ast.stmt]) -> None:
    """Emit an endless loop.

    Inside of a `try` it is a `for`: CPython leaves the jump back of some `while` loops (which,
    differs by version) out of the `try` around them, and what a Stop raises there would run no
    `finally`.
    """
    if c.guards:
        c.emit(node, ast.For(store(c.temp()), load("__forever"), body, []))
    else:
        c.emit(node, ast.While(ast.Constant(True), body, []))


@compiles(nodes.BreakStmt)
def break_stmt(c: Compiler, node: nodes.BreakStmt) -> None:
    """`break`."""
    c.emit(node, ast.Break())


@compiles(nodes.ContinueStmt)
def continue_stmt(c: Compiler, node: nodes.ContinueStmt) -> None:
    """`continue`."""
    c.emit(node, ast.Continue())


@compiles(nodes.ForStmt)
def for_stmt(c: Compiler, node: nodes.ForStmt) -> None:
    """What is iterated is fixed when the loop begins; a generator is closed, whatever ends the loop."""
    iterator = c.at(node.iterable, iterable(c, node.iterable, len(node.targets.patterns) == 2))
    if isinstance(node.iterable, NO_GENERATOR):
        target, body = turn(c, node)
        c.emit(node, ast.For(target, iterator, body, []))
        return
    items = c.save(node.iterable, iterator)
    with c.guarded():
        target, body = turn(c, node)
    loop = c.at(node, ast.For(target, c.at(node.iterable, load(items.id)), body, []))
    closed = ast.IfExp(is_class(load(items.id), "generator"), call("__close", load(items.id)), ast.Constant(None))
    # Assigned, so that nothing keeps a long array alive.
    last = c.at(node.iterable, ast.Assign([store(items.id)], closed))
    c.emit(node, ast.Try([loop], [], [], [last]))


def turn(c: Compiler, node: nodes.ForStmt | nodes.ForAwaitStmt) -> tuple[ast.expr, list[ast.stmt]]:
    """Return what each turn of a loop assigns to, and its body."""
    patterns = node.targets.patterns
    targets: list[ast.expr] = []
    with c.into([]) as body:
        c.boxes(node)
        for pattern in patterns:
            name = c.temp()
            plain = isinstance(pattern, nodes.NamePattern) and not c.resolution.bindings[pattern].is_boxed
            if plain:
                targets.append(c.store_binding(c.resolution.bindings[pattern]))
            else:
                targets.append(store(name))
                assign_pattern(c, pattern, load(name))
        block(c, node.body)
    target = targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())
    return c.at(node.targets, target), body or [c.at(node, ast.Pass())]


def iterable(c: Compiler, node: Node, in_pairs: bool) -> ast.expr:
    """Return the Python iterable of a loop; `a..b` becomes Python's own range."""
    if isinstance(node, nodes.RangeExpr) and not in_pairs:
        start, stop = c.operands([node.start, node.stop])
        return call("__loop_range", start, stop, ast.Constant(node.operator == "..="))
    return call("__iterate_pairs" if in_pairs else "__iterate", c.expr(node))
