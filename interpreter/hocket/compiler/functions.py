"""Functions: definitions, closures, parameters, `return`.

A function is Python's; an async one is wrapped by the decorator `__async`.  A function
made in a loop that keeps variables of the loop's body is made by a factory, which is
called with this turn's boxes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import NamedTuple

from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.compiler.operators import class_of
from hocket.compiler.patterns import assign_pattern
from hocket.compiler.statements import statements
from hocket.resolver import Function, mangle
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

# Annotations that are checked; any other is documentation.
CHECKED = ("int", "float", "string", "bool", "array", "dict")


class Signature(NamedTuple):
    """A function's parameters in Python, and what its body must begin with."""

    arguments: ast.arguments
    emit_entry: Callable[[], None]


@compiles(nodes.FuncDef)
def func_def(c: Compiler, node: nodes.FuncDef) -> None:
    """Emitted at the start of its block, so that it can be used above its text."""
    binding = c.resolution.bindings[node]
    if binding.is_boxed:
        c.emit(node, ast.Assign([c.store_binding(binding)], function(c, node, node.params, node.body, str(node.name))))
    else:
        make(c, node, node.params, node.body, binding.python)
    if node in c.instant:
        c.instant.add(binding)


@compiles(nodes.FuncExpr)
def func_expr(c: Compiler, node: nodes.FuncExpr) -> ast.expr:
    """A function without a name."""
    return function(c, node, node.params, node.body, "")


@compiles(nodes.ArrowExpr)
def arrow_expr(c: Compiler, node: nodes.ArrowExpr) -> ast.expr:
    """An arrow; a Python lambda where nothing needs a statement."""
    params = node.params
    if isinstance(params, nodes.SingleParam):
        parameter = nodes.Param(params.span, params.name, None, None)
        c.resolution.bindings[parameter] = c.resolution.bindings[params]
        listed = nodes.Params(params.span, (parameter,))
    else:
        listed = params.params
    info = c.resolution.functions[node]
    plain = all(isinstance(p, nodes.Param) and p.type is None and p.default is None for p in listed.params)
    if node.is_async or isinstance(node.body, nodes.Block) or not plain or info.boxes or info.nonlocals or info.globals:
        return function(c, node, listed, node.body, "")
    return lambda_(c, node, info, listed)


def lambda_(c: Compiler, node: nodes.ArrowExpr, info: Function, params: nodes.Params) -> ast.expr:
    """Return a plain arrow as a lambda, or as a function if its value needs statements."""
    with c.inside(info), c.into([]) as body:
        value = c.expr(node.body)
        if body:
            c.emit(node, ast.Return(value))
    names = [ast.arg(mangle(str(p.name))) for p in params.params if isinstance(p, nodes.Param)]
    arguments = ast.arguments([], names, None, [], [], None, [])
    if not body:
        return ast.Lambda(arguments, value)
    python = f"'{c.temp()}"
    c.emit(node, ast.FunctionDef(python, arguments, body, []))
    return load(python)


def function(c: Compiler, node: Node, params: nodes.Params, body: Node, name: str) -> ast.expr:
    """Define a function under a temporary name and return that."""
    python = f"{name}'{c.temp()}"
    make(c, node, params, body, python)
    return load(python)


def make(c: Compiler, node: Node, params: nodes.Params, body: Node, python: str) -> None:
    """Emit the definition of a function as the Python variable `python`."""
    info = c.resolution.functions[node]
    with_boxes(c, node, info, python, lambda: define(c, node, info, params, body, python))


def with_boxes(c: Compiler, node: Node, info: Function, python: str, emit: Callable[[], None]) -> None:
    """Emit a definition, inside a factory if it keeps boxes of a loop around it."""
    if not info.boxes:
        emit()
        return
    names = [binding.python for binding in info.boxes]
    with c.into([]) as inside:
        emit()
        c.emit(node, ast.Return(load(python)))
    factory = f"__make{c.temp()}"
    parameters = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    c.emit(node, ast.FunctionDef(factory, parameters, inside, []))
    c.emit(node, ast.Assign([store(python)], call(factory, *(load(name) for name in names))))


def define(c: Compiler, node: Node, info: Function, params: nodes.Params, body: Node, python: str) -> None:
    """Emit `def python(…): …`."""
    signature = parameters(c, info, params)
    with c.inside(info), c.into([]) as inside:
        declarations(c, node, info)
        if info.is_generator and not info.is_async:
            # Makes it one, should it have no `yield` of its own; Python leaves it out.
            c.emit(node, ast.If(ast.Constant(False), [ast.Expr(ast.Yield())], []))
        signature.emit_entry()
        if isinstance(body, nodes.Block):
            statements(c, body.body)
        else:
            give_back(c, body)
    if not inside:
        inside.append(c.at(node, ast.Pass()))
    doc = c.docs.get(node.span.start)
    if doc is not None:
        inside.insert(0, c.at(node, ast.Expr(ast.Constant(doc))))
    decorators = wrappers(c, node, info, params, signature, inside)
    kind = ast.AsyncFunctionDef if info.is_async else ast.FunctionDef
    c.emit(node, kind(python, signature.arguments, inside, decorators))


def wrappers(
    c: Compiler, node: Node, info: Function, params: nodes.Params, signature: Signature, body: list[ast.stmt]
) -> list[ast.expr]:
    """Return the decorators: of a function whose body begins after its call."""
    if not info.is_async and not info.is_generator:
        return []
    # The body of an async generator is not even called before it begins.
    is_late = info.is_async and info.is_generator
    check = checker(c, node, info, params, signature, always=is_late)
    if check is None and info.is_async and not waits(body):
        return [call("__async_instant", instant(c, node, info, signature, body))]
    if check is None:
        return [load("__async")] if info.is_async else []
    name = "__async_generator" if is_late else "__async_checked" if info.is_async else "__generator_checked"
    return [call(name, check)]


def instant(c: Compiler, node: Node, info: Function, signature: Signature, body: list[ast.stmt]) -> ast.expr:
    """Emit an async function that never waits once more, as a plain one: `await f(x)` needs no coroutine then."""
    c.instant.add(node)
    name = f"{info.name or ''}'{c.temp()}"
    c.emit(node, ast.FunctionDef(name, signature.arguments, body, []))
    return load(name)


def waits(body: list[ast.stmt]) -> bool:
    """Whether the body of a function waits somewhere; functions inside of it do not count."""
    open_nodes: list[ast.AST] = [*body]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            open_nodes += node.args.defaults
        elif not isinstance(node, ast.Lambda):
            open_nodes += ast.iter_child_nodes(node)
    return False


def checker(
    c: Compiler, node: Node, info: Function, params: nodes.Params, signature: Signature, always: bool
) -> ast.expr | None:
    """Emit what looks at the arguments at the call, None if there is nothing but their number, unless `always`."""
    with c.into([]) as body:
        for param in params.params:
            if isinstance(param, nodes.Param):
                check_type(c, info, param)
    if not body:
        if not always:
            return None
        body.append(c.at(node, ast.Pass()))
    name = f"{info.name or ''}'{c.temp()}"
    c.emit(node, ast.FunctionDef(name, signature.arguments, body, []))
    return load(name)


def declarations(c: Compiler, node: Node, info: Function) -> None:
    """Emit `global` and `nonlocal` for what the function assigns outside of itself."""
    if info.globals:
        c.emit(node, ast.Global(sorted(info.globals)))
    outer = sorted(binding.python for binding in info.nonlocals if not binding.is_boxed)
    if outer:
        c.emit(node, ast.Nonlocal(outer))


def parameters(c: Compiler, info: Function, params: nodes.Params) -> Signature:
    """Return the Python parameters; defaults that are not literals are computed at each call."""
    names = [ast.arg(info.receiver)] if info.receiver is not None else []
    defaults: list[ast.expr] = []
    rest: ast.arg | None = None
    entries: list[Callable[[], None]] = []
    for param in params.params:
        if isinstance(param, nodes.RestParam):
            rest = ast.arg(mangle(str(param.name)))
            entries.append(lambda param=param: as_array(c, param))  # type: ignore[misc]  # bound now
        elif isinstance(param, nodes.PatternParam):
            name = c.temp()
            names.append(ast.arg(name))
            entries.append(lambda param=param, name=name: assign_pattern(c, param.pattern, load(name)))  # type: ignore[misc]
        elif isinstance(param, nodes.Param):
            names.append(ast.arg(mangle(str(param.name))))
            if param.default is not None:
                defaults.append(literal(param.default) or load("__unset"))
            entries.append(lambda param=param: enter(c, info, param))  # type: ignore[misc]
    arguments = ast.arguments([], names, rest, [], [], None, defaults)

    def emit_entry() -> None:
        for entry in entries:
            entry()

    return Signature(arguments, emit_entry)


def literal(node: Node) -> ast.expr | None:
    """Return a default that is the same at every call."""
    if isinstance(node, nodes.StringExpr):
        return ast.Constant(str(node.text))
    values = {nodes.TrueExpr: True, nodes.FalseExpr: False, nodes.NullExpr: None}
    if type(node) in values:
        return ast.Constant(values[type(node)])
    if isinstance(node, nodes.IntExpr) and node.text.isdecimal() and len(node.text) < 10:
        return ast.Constant(int(node.text))
    return None


def as_array(c: Compiler, param: nodes.RestParam) -> None:
    """Python's `*rest` is a tuple; the language's is an array."""
    name = mangle(str(param.name))
    c.emit(param, ast.Assign([store(name)], call("__list", load(name))))


def enter(c: Compiler, info: Function, param: nodes.Param) -> None:
    """Fill in the default of a parameter and check its type."""
    name = mangle(str(param.name))
    if param.default is not None and literal(param.default) is None:
        with c.into([]) as body:
            c.emit(param, ast.Assign([store(name)], c.expr(param.default)))
        c.emit(param, ast.If(ast.Compare(load(name), [ast.Is()], [load("__unset")]), body, []))
    check_type(c, info, param)


def check_type(c: Compiler, info: Function, param: nodes.Param | nodes.StructField) -> None:
    """Emit the check of a parameter or field whose annotation is not mere documentation."""
    checked = checked_type(param.type)
    if checked is not None:
        name = mangle(str(param.name))
        names = [ast.Constant(text) for text in (info.name or "anonymous", str(param.name), checked)]
        wrong = ast.Expr(c.at(param, call("__mistyped", *names, load(name))))
        c.emit(param, ast.If(is_not_of(load(name), checked), [c.at(param, wrong)], []))


def checked_type(annotation: Node | None) -> str | None:
    """Return the name of a type that is checked, None if the annotation is documentation."""
    if isinstance(annotation, nodes.NamedType) and len(annotation.parts) == 2 and annotation.parts[1] is None:
        name = str(annotation.parts[0])
        return name if name in CHECKED else None
    return None


def is_not_of(value: ast.expr, name: str) -> ast.expr:
    """Return the test whether `value` is not of the type `name`."""
    return ast.Compare(class_of(value), [ast.NotIn()], [load(f"__type_{name}")])


# Return


@compiles(nodes.ReturnStmt)
def return_stmt(c: Compiler, node: nodes.ReturnStmt) -> None:
    """`return e`; without a value, null."""
    if node.value is None:
        c.emit(node, ast.Return(ast.Constant(None)))
    else:
        give_back(c, node.value)


def give_back(c: Compiler, node: Node) -> None:
    """Emit the return of an expression; an async function returns what a promise resolves to."""
    value = c.expr(node)
    info = c.function
    annotation = getattr(info.node, "result", None)
    if info.is_async and info.outer is not None and may_be_promise(node):
        first, again = c.simple(value)
        is_promise = ast.Compare(class_of(first), [ast.In()], [load("__promises")])
        value = c.at(node, ast.IfExp(is_promise, ast.Await(again), again))
    checked = checked_type(annotation)
    if checked is not None:
        first, again = c.simple(value)
        names = [ast.Constant(info.name or "anonymous"), ast.Constant(None), ast.Constant(checked)]
        wrong = call("__mistyped", *names, again)
        value = c.at(node, ast.IfExp(is_not_of(first, checked), wrong, again))
    c.emit(node, ast.Return(value))


def may_be_promise(node: Node) -> bool:
    """Whether the value could be a promise; literals, sums and tests cannot."""
    maybe = (nodes.NameExpr, nodes.CallExpr, nodes.FieldExpr, nodes.IndexExpr, nodes.OptionalFieldExpr)
    deep = (nodes.IfExpr, nodes.CoalesceExpr, nodes.PipeExpr, nodes.SpawnExpr, nodes.SpawnBlockExpr, nodes.ParenExpr)
    holders = (nodes.ScopeExpr, nodes.ShieldExpr, nodes.TimelineExpr, nodes.TimeoutExpr)
    blocks = (nodes.MatchExpr, nodes.SelectExpr, nodes.TryExpr)
    return isinstance(node, maybe + deep + holders + blocks)
