"""What stands behind a value: `.field`, `[index]`, `(arguments)`, `?` and `?.`.

A method is looked up in a table per method name (`__method_upper`; where it is awaited
`__awaited_send`), by class; the tables fill themselves.  A call has four modes: `call`; `await`, which runs an async
function's body in the current task; `suspend`, for builtins that block elsewhere;
`spawn`, which makes a task.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

from hocket.compiler.core import Compiler, call, compiles, is_simple, load, store
from hocket.compiler.operators import class_of, is_class
from hocket.resolver import has_optional, is_direct_call, mangle, without_parentheses
from hocket.source import Span
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

Part = tuple[Any, Callable[[Any], ast.expr]]


class Variable(str):
    """A note that names the Python variable that holds an index."""


class CallShape(NamedTuple):
    """A note on a call: the number of its arguments, None with `...xs`; the variable called, if it is one.

    Of a method, the variable that holds the value whose method it is, and where its name stands.
    """

    given: int | None
    callee: str | None = None
    method: bool = False
    receiver: str | None = None
    name: Span | None = None


# Elements


@compiles(nodes.IndexExpr)
def index_expr(c: Compiler, node: nodes.IndexExpr) -> ast.expr:
    """`a[i]`, `d["k"]`, `s[0]`, and slices `a[i..j]`."""
    if has_optional(node.object):
        return optional(c, node)
    return index(c, node, [(node.object, c.expr)])


def index(c: Compiler, node: nodes.IndexExpr, object_: list[Part]) -> ast.expr:
    """Return the element of what `object_` compiles to."""
    if isinstance(node.index, nodes.RangeExpr):
        bounds = node.index
        value, start, stop = c.ordered([*object_, (bounds.start, c.expr), (bounds.stop, c.expr)])
        return call("__slice", value, start, stop, ast.Constant(bounds.operator == "..="))
    value, key = c.ordered([*object_, (node.index, c.expr)])
    return ast.Subscript(value, noted(c, node, key), ast.Load())


def noted(c: Compiler, node: Node, key: ast.expr) -> ast.expr:
    """Return `key` in a form whose value an error can find, and note how."""
    first, again = c.simple(key)
    note = Variable(again.id) if isinstance(again, ast.Name) else again.value  # type: ignore[attr-defined]  # a Constant
    c.source.notes[c.position(node.span)] = note
    return first


@compiles(nodes.SliceFromExpr, nodes.SliceToExpr)
def slice_expr(c: Compiler, node: nodes.SliceFromExpr | nodes.SliceToExpr) -> ast.expr:
    """`a[i..]`, `a[..j]`, `a[..=j]`."""
    if has_optional(node.object):
        return optional(c, node)
    return slice_of(c, node, (node.object, c.expr))


def slice_of(c: Compiler, node: nodes.SliceFromExpr | nodes.SliceToExpr, object_: Part) -> ast.expr:
    """Return the slice of what `object_` compiles to."""
    if isinstance(node, nodes.SliceFromExpr):
        value, start = c.ordered([object_, (node.start, c.expr)])
        return call("__slice", value, start, ast.Constant(None), ast.Constant(False))
    value, stop = c.ordered([object_, (node.stop, c.expr)])
    return call("__slice", value, ast.Constant(None), stop, ast.Constant(node.operator == "..="))


# Fields


@compiles(nodes.FieldExpr)
def field_expr(c: Compiler, node: nodes.FieldExpr) -> ast.expr:
    """`a.b`: an entry of a dict, null if it has none; a field of anything else."""
    if has_optional(node.object):
        return optional(c, node)
    return field(c, c.expr(node.object), node)


def is_own_field(c: Compiler, node: nodes.FieldExpr) -> bool:
    """Whether `node` is `self.f` in a method, and `f` a field of its struct."""
    if not isinstance(node.object, nodes.NameExpr):
        return False
    binding = c.resolution.bindings[node.object]
    return str(node.name) in binding.fields and not binding.is_assigned


def field(c: Compiler, value: ast.expr, node: nodes.FieldExpr | nodes.OptionalFieldExpr) -> ast.expr:
    """Return the Python for the field that `node` reads of `value`."""
    name = str(node.name)
    if isinstance(node, nodes.FieldExpr) and not has_optional(node.object):
        if is_own_field(c, node):
            return ast.Attribute(value, name, ast.Load())
        if is_module(c, node.object):
            return at_name(c, node, call("__field", value, ast.Constant(name)))
    first, again = c.simple(value)
    key = ast.Constant(name)
    entry = call(ast.Attribute(again, "get", ast.Load()), key)
    return ast.IfExp(is_class(first, "dict"), entry, at_name(c, node, call("__field", again, key)))


def at_name(c: Compiler, node: nodes.FieldExpr | nodes.OptionalFieldExpr, python: ast.expr) -> ast.expr:
    """Give `python` the position of the field's name."""
    return c.at_span(Span(node.span.end - len(node.name), node.span.end), python)  # type: ignore[no-any-return]


# Calls


@compiles(nodes.CallExpr)
def call_expr(c: Compiler, node: nodes.CallExpr) -> ast.expr:
    """A call of a function or a method."""
    if has_optional(node):
        return optional(c, node)
    return compile_call(c, node, "suspend" if suspends(c, node.function) else "call")


def suspends(c: Compiler, function: Node) -> bool:
    """Whether `function` is a builtin, under its own name, or perhaps a method, that waits in an async context."""
    if not c.function.is_async:
        return False
    if isinstance(function, nodes.FieldExpr | nodes.OptionalFieldExpr):
        return str(function.name) in c.suspending_methods and not is_module(c, function.object)
    if not isinstance(function, nodes.NameExpr):
        return False
    return c.resolution.bindings[function].kind == "library" and str(function.name) in c.suspending


def compile_call(c: Compiler, node: nodes.CallExpr, mode: str, piped: Node | None = None) -> ast.expr:
    """Compile a call in one of the four modes; `piped` is an argument before the others."""
    before: list[Part] = [] if piped is None else [(piped, c.expr)]
    function = node.function
    if isinstance(function, nodes.FieldExpr) and not is_module(c, function.object):
        return finish_call(c, node, mode, before, (function.object, c.expr), str(function.name))
    return finish_call(c, node, mode, before, (function, c.expr), None)


def is_module(c: Compiler, node: Node) -> bool:
    """Whether `node` is the name of an import, so that `m.f(x)` calls what the module holds, and no method."""
    return isinstance(node, nodes.NameExpr) and c.resolution.bindings[node].kind == "module"


def finish_call(
    c: Compiler, node: nodes.CallExpr, mode: str, before: list[Part], callee: Part, method: str | None
) -> ast.expr:
    """Compile a call of what `callee` gives, or of its method."""
    function, arguments = node.function, node.args.items
    parts = [*before, callee, *((argument_value(item), c.expr) for item in arguments)]
    values = c.ordered(parts)
    first = values[: len(before)]
    target, *rest = values[len(before) :]
    keywords: list[ast.keyword] = []
    for item, value in zip(arguments, rest, strict=True):
        if isinstance(item, nodes.NamedArg):
            keywords.append(c.at(item, ast.keyword(mangle(str(item.name)), value)))
        else:
            first.append(value)
    starred = any(isinstance(value, ast.Starred) for value in first)
    given = None if starred else len(first) + len(keywords)
    callee_name = target.id if isinstance(target, ast.Name) and method is None else None
    holder: str | None = None
    if mode == "call" and may_be_python(c, function, parts):
        target = call("__outside", target)
    if method is not None:
        target, receiver = method_of(c, target, method, "awaited" if mode == "await" else "method")
        first.insert(0, receiver)
        holder = receiver.id if isinstance(receiver, ast.Name) else None
    name = None if method is None else Span(function.span.end - len(method), function.span.end)
    c.source.notes[c.position(node.span)] = CallShape(given, callee_name, method is not None, holder, name)
    if mode == "await" and method is not None:
        return ast.Await(c.at(node, ast.Call(target, first, keywords)))
    made = in_mode(c, node, mode, target, first, keywords)
    if mode == "await" and not keywords and is_instant(c, callee[0]) and all(map(is_simple, first)):
        return at_once(c, node, target, first, made)
    return made


def is_instant(c: Compiler, callee: Node) -> bool:
    """Whether `callee` is the name of an async function that never waits, unless it has got another meaning."""
    return isinstance(callee, nodes.NameExpr) and c.resolution.bindings[callee] in c.instant


def at_once(c: Compiler, node: Node, function: ast.expr, args: list[ast.expr], otherwise: ast.expr) -> ast.expr:
    """Return the call of an async function as that of a plain one, if it has such a form when it is called."""
    plain = ast.Attribute(function, "instant", ast.Load())
    test = ast.BoolOp(ast.And(), [is_class(function, "Async"), plain])
    return ast.IfExp(test, c.at(node, ast.Call(plain, args, [])), otherwise)


OURS = frozenset({"function", "struct", "enum", "library"})
"""Kinds of variables that hold nothing of Python's libraries."""


def may_be_python(c: Compiler, function: Node, parts: list[Part]) -> bool:
    """Whether `function` may be Python's, and is given functions of the program that it could call in a thread."""
    if not isinstance(function, nodes.NameExpr):
        return False
    kind = c.resolution.bindings[function].kind
    return (
        kind == "import" or kind not in OURS and any(is_function(c, part) for part, _ in parts if part is not function)
    )


def is_function(c: Compiler, node: Node) -> bool:
    """Whether a value certainly is a function of the program."""
    if isinstance(node, nodes.NameExpr):
        return c.resolution.bindings[node].kind == "function"
    return isinstance(node, nodes.ArrowExpr | nodes.FuncExpr)


def argument_value(item: Node) -> Node:
    """Return what is compiled for an argument: a `Spread` as it is, of a named one the value."""
    return item.value if isinstance(item, nodes.NamedArg) else item


def method_of(c: Compiler, value: ast.expr, name: str, table: str = "method") -> tuple[ast.expr, ast.expr]:
    """Return the method `name` of `value` as a function, from the tables of that kind, and `value` as its argument."""
    c.methods.add(name)
    first, again = c.simple(value)
    return ast.Subscript(load(f"__{table}_{name}"), class_of(first), ast.Load()), again


def in_mode(
    c: Compiler, node: Node, mode: str, target: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]
) -> ast.expr:
    """Return the call of `target`: plain, awaited, suspending or spawned."""
    if mode == "spawn":
        return ast.Call(load("__spawn"), [target, *args], keywords)
    if mode == "call":
        return ast.Call(target, args, keywords)
    known, otherwise = ("Async", "__lifting") if mode == "await" else ("Suspending", "__plain")
    first, again = c.simple(target)
    direct = ast.Attribute(again, "direct", ast.Load())
    waiting = ast.IfExp(is_class(first, known), direct, call(otherwise, again))
    return ast.Await(c.at(node, ast.Call(waiting, args, keywords)))


@compiles(nodes.AwaitExpr)
def await_expr(c: Compiler, node: nodes.AwaitExpr) -> ast.expr:
    """`await f(x)` runs the body here; `await p` waits for a promise."""
    value, tries = node.value, 0
    while isinstance(value, nodes.TryExpr):
        # `await f()?` is `(await f())?`.
        value, tries = value.value, tries + 1
    value = without_parentheses(value)
    awaited: ast.expr
    if isinstance(value, nodes.CallExpr):
        awaited = compile_call(c, value, "await") if is_direct_call(value) else optional(c, value, "await")
    elif isinstance(value, nodes.SpawnExpr | nodes.SpawnBlockExpr):
        awaited = ast.Await(c.expr(value))
    else:
        awaited = ast.Await(call("__lift", c.expr(value)))
    for _ in range(tries):
        awaited = passed_on(c, node, awaited)
    return awaited


@compiles(nodes.PipeExpr)
def pipe_expr(c: Compiler, node: nodes.PipeExpr) -> ast.expr:
    """`x |> f(a)` is `f(x, a)`; `x |> f` is `f(x)`."""
    right = node.right
    if isinstance(right, nodes.CallExpr) and is_direct_call(right):
        mode = "suspend" if suspends(c, right.function) else "call"
        return compile_call(c, right, mode, piped=node.left)
    value, function = c.operands([node.left, right])
    if may_be_python(c, right, [(node.left, c.expr)]):
        function = call("__outside", function)
    c.source.notes[c.position(node.span)] = CallShape(1)
    return in_mode(c, node, "suspend" if suspends(c, right) else "call", function, [value], [])


# `?` and `?.`


@compiles(nodes.TryExpr)
def try_expr(c: Compiler, node: nodes.TryExpr) -> ast.expr:
    """`e?`: what an `Ok` or `Some` holds; an `Err` or `None` is returned, at the top level and in a test raised."""
    return passed_on(c, node, c.expr(node.value))


def passed_on(c: Compiler, node: Node, value: ast.expr) -> ast.expr:
    """Return what the result `value` holds, and emit the end of the function for an `Err`."""
    saved = c.save(node, value)
    tests = (nodes.TestStmt, nodes.TestSetupStmt, nodes.TestTeardownStmt)
    at_top = c.function.outer is None or isinstance(c.function.node, tests)
    end: ast.stmt = ast.Raise(call("__failure", saved)) if at_top else ast.Return(saved)
    c.emit(node, ast.If(call("__fails", saved), [c.at(node, end)], []))
    return ast.Subscript(ast.Attribute(saved, "values", ast.Load()), ast.Constant(0), ast.Load())


@compiles(nodes.OptionalFieldExpr)
def optional_field_expr(c: Compiler, node: nodes.OptionalFieldExpr) -> ast.expr:
    """`a?.b`."""
    return optional(c, node)


def optional(c: Compiler, node: Node, mode: str = "call") -> ast.expr:
    """Compile a chain with a `?.` in it: null as soon as what stands before one is.

    Each `?.` leaves an `if` open, in which the rest of the chain is computed.  `mode` is that of a
    call at the end.
    """
    result = c.temp()
    c.emit(node, ast.Assign([store(result)], ast.Constant(None)))
    outer = c.body
    value = until_null(c, node, mode)
    c.emit(node, ast.Assign([store(result)], value))
    c.body = outer
    return load(result)


def until_null(c: Compiler, node: Node, mode: str = "call") -> ast.expr:
    """Compile a chain inside `optional`."""
    if not has_optional(node):
        return c.expr(node)
    rest: Callable[[Any], ast.expr] = lambda part: until_null(c, part)  # noqa: E731  the same for all three
    if isinstance(node, nodes.OptionalFieldExpr):
        return field(c, not_null(c, node), node)
    if isinstance(node, nodes.FieldExpr):
        return field(c, until_null(c, node.object), node)
    if isinstance(node, nodes.IndexExpr):
        return index(c, node, [(node.object, rest)])
    if isinstance(node, nodes.SliceFromExpr | nodes.SliceToExpr):
        return slice_of(c, node, (node.object, rest))
    assert isinstance(node, nodes.CallExpr)
    return optional_call(c, node, "suspend" if mode == "call" and suspends(c, node.function) else mode, rest)


def optional_call(c: Compiler, node: nodes.CallExpr, mode: str, rest: Callable[[Any], ast.expr]) -> ast.expr:
    """Compile a call in a chain with a `?.`."""
    function = node.function
    if isinstance(function, nodes.OptionalFieldExpr):
        return finish_call(c, node, mode, [], (function, lambda part: not_null(c, part)), str(function.name))
    if isinstance(function, nodes.FieldExpr):
        return finish_call(c, node, mode, [], (function.object, rest), str(function.name))
    return finish_call(c, node, mode, [], (function, rest), None)


def not_null(c: Compiler, node: nodes.OptionalFieldExpr) -> ast.expr:
    """Save the object of a `?.`, and leave open an `if` in which it is not null."""
    name = c.save(node, until_null(c, node.object)).id
    inside: list[ast.stmt] = []
    c.emit(node, ast.If(ast.Compare(load(name), [ast.IsNot()], [ast.Constant(None)]), inside, []))
    c.body = inside
    return load(name)
