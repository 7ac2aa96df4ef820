"""Structs: their fields, and what a method sees of them."""

from __future__ import annotations

from hocket.resolver.core import Resolver, resolves
from hocket.resolver.scopes import Binding
from hocket.resolver.visits import signature
from hocket.syntax import nodes

OPERATORS = {
    **dict.fromkeys(["add", "sub", "mul", "div", "mod", "eq", "ne", "lt", "gt", "le", "ge", "index"], 1),
    **dict.fromkeys(["neg", "not", "str", "iter"], 0),
    "call": None,
}
"""The operators that a struct may define, and how many operands each takes besides the struct; None: any number."""

UNNAMED = ("None", "True", "False")
"""What Python could not have as the name of a field."""


@resolves(nodes.StructDef)
def struct_def(r: Resolver, node: nodes.StructDef) -> None:
    """The name was declared at the start of the block; defaults see the fields before them."""
    seen: set[str] = set()
    for name in (member.name for members in (node.fields, node.methods) for member in members):
        if name in seen:
            r.problem(f"`{name}` is declared twice in {node.name}", name.span)
        seen.add(str(name))
    for field in node.fields:
        if field.name in UNNAMED:
            r.problem(f"`{field.name}` cannot be the name of a field", field.name.span)
    r.function(node, str(node.name), False, lambda: fields(r, node))
    for method in node.methods:
        operator(r, method)
        define(r, node, method)


@resolves(nodes.StructExpr)
def struct_expr(r: Resolver, node: nodes.StructExpr) -> None:
    """A field is given once; a `...` may give it again."""
    seen: set[str] = set()
    for item in node.items:
        if isinstance(item, nodes.FieldValue | nodes.Shorthand):
            if item.name in seen:
                r.problem(f"`{item.name}` is given twice", item.span)
            seen.add(str(item.name))
    r.children(node)


def fields(r: Resolver, node: nodes.StructDef) -> None:
    """Declare the fields as the parameters of what makes a struct."""
    for field in node.fields:
        if field.default is not None:
            r.visit(field.default)
        if field.name not in r.scope.names:
            r.declare(field, field.name, "parameter")


def define(r: Resolver, node: nodes.StructDef, method: nodes.FuncDef) -> None:
    """Resolve a method; one without `self` sees the fields as names, behind its own."""
    name = f"{node.name}.{method.name}"
    names = frozenset(str(field.name) for field in node.fields)
    first = next(iter(method.params.params), None)
    if isinstance(first, nodes.Param) and first.name == "self":

        def inside() -> None:
            signature(r, method.params, method.body)
            r.result.bindings[first].fields = names

        r.function(method, name, method.is_async is not None, inside, is_generator=method.is_generator is not None)
        return
    r.count += 1
    receiver = f"__self{r.count}"
    with r.inside(method):
        for field in node.fields:
            r.scope.names[str(field.name)] = Binding(str(field.name), "field", None, receiver, field.span)
        is_async = method.is_async is not None
        is_generator = method.is_generator is not None
        r.function(method, name, is_async, lambda: signature(r, method.params, method.body), receiver, is_generator)


def operator(r: Resolver, method: nodes.FuncDef) -> None:
    """A method that defines an operator must take what the operator is given."""
    name = method.name.removeprefix("op_")
    if name == method.name or name not in OPERATORS:
        return
    if method.is_async is not None and name != "call":
        r.problem(f"`{method.name}` cannot be async", method.is_async.span, "its value is needed at once")
    wanted = OPERATORS[name]
    if wanted is not None and not takes(method.params, wanted):
        many = "1 operand" if wanted == 1 else "no operand"
        hint = f"write `func {method.name}(self{', other' * wanted}) {{ … }}`"
        r.problem(f"`{method.name}` takes {many} besides `self`", method.name.span, hint)


def takes(params: nodes.Params, wanted: int) -> bool:
    """Whether a method can be called with `wanted` arguments."""
    named = [param for param in params.params if not isinstance(param, nodes.RestParam)]
    operands = [param for param in named if getattr(param, "name", "") != "self"]
    required = [param for param in operands if getattr(param, "default", None) is None]
    return len(required) <= wanted and (wanted <= len(operands) or len(named) < len(params.params))
