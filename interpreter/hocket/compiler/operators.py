"""Operators: Python's own wherever the meaning is the same, else a test in line and a helper.

The forms and what they cost were measured; a helper is reached only when the operands'
classes differ, or for `/`, `%` and `**`, whose meaning is not Python's.
"""

from __future__ import annotations

import ast

from hocket.compiler.core import Compiler, call, compiles, load, store
from hocket.resolver import without_parentheses
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

# A longer chain is computed in steps, so that neither the compiler nor Python recurses deeply.
STEP = 40
COMPARISONS: dict[str, ast.cmpop] = {"<": ast.Lt(), "<=": ast.LtE(), ">": ast.Gt(), ">=": ast.GtE()}
BOOLEAN = (nodes.InExpr, nodes.NotInExpr, nodes.TrueExpr, nodes.FalseExpr)


@compiles(nodes.BinaryExpr)
def binary_expr(c: Compiler, node: nodes.BinaryExpr) -> ast.expr:
    """A chain of operators of one kind, from left to right."""
    chain = [node]
    while isinstance(chain[-1].left, nodes.BinaryExpr):
        chain.append(chain[-1].left)
    left_node: Node = chain[-1].left
    left = c.expr(left_node)
    for count, step in enumerate(reversed(chain), 1):
        mark = len(c.body)
        right = c.expr(step.right)
        if len(c.body) > mark:
            results = [left]
            c.spill(results, mark)
            left = results[0]
        left = c.at(step, operate(c, step.operator, left, right, left_node, step.right))
        if count % STEP == 0:
            left = c.save(step, left)
        text = next((side for side in (left_node, step.right) if is_text(side)), None)
        left_node = text if text is not None and step.operator == "+" else step
    return left


def operate(c: Compiler, operator: str, left: ast.expr, right: ast.expr, left_node: Node, right_node: Node) -> ast.expr:
    """Return the Python for `left operator right`; the nodes tell what is known of the operands."""
    if operator == "+":
        return add(c, left, right, left_node, right_node)
    if operator in "-*" and (is_bool(left_node) or is_bool(right_node)):
        return call("__arithmetic", left, ast.Constant(str(operator)), right)
    if operator in "-*":
        return ast.BinOp(left, ast.Sub() if operator == "-" else ast.Mult(), right)
    if operator in "/%":
        return divide(c, operator, left, right, right_node)
    if operator == "**":
        return call("__pow", left, right)
    return equality(c, operator, left, right, left_node, right_node)


def add(c: Compiler, left: ast.expr, right: ast.expr, left_node: Node, right_node: Node) -> ast.expr:
    """`+`: text if one side is known to be text, a plain sum for numbers, else by class."""
    if is_text(left_node) or is_text(right_node):
        return ast.BinOp(as_text(c, left, left_node), ast.Add(), as_text(c, right, right_node))
    if is_bool(left_node) or is_bool(right_node):
        return call("__add", left, right)
    if isinstance(right_node, nodes.IntExpr):
        first, again = c.simple(left)
        plain = ast.BinOp(again, ast.Add(), right)
        return ast.IfExp(is_class(first, "int"), plain, call("__add", again, right))
    first, left_again, second, right_again = c.simple_pair(left, right)
    same = ast.Compare(class_of(first), [ast.Is()], [class_of(second)])
    return ast.IfExp(same, ast.BinOp(left_again, ast.Add(), right_again), call("__add", left_again, right_again))


def divide(c: Compiler, operator: str, left: ast.expr, right: ast.expr, right_node: Node) -> ast.expr:
    """`/` and `%`: Python's for two ints, the left one not negative, the right one positive."""
    helper = "__div" if operator == "/" else "__mod"
    if isinstance(right_node, nodes.IntExpr) and isinstance(right, ast.Constant) and right.value != 0:
        first, again = c.simple(left)
        plain = ast.BinOp(again, ast.FloorDiv() if operator == "/" else ast.Mod(), right)
        positive = ast.Compare(again, [ast.GtE()], [ast.Constant(0)])
        return ast.IfExp(ast.BoolOp(ast.And(), [is_class(first, "int"), positive]), plain, call(helper, again, right))
    first, left_again, second, right_again = c.simple_pair(left, right)
    # One comparison of three, so that both operands are evaluated whatever the first one is.
    both = ast.Compare(class_of(first), [ast.Is(), ast.Is()], [class_of(second), load("__int")])
    positive = ast.Compare(left_again, [ast.GtE(), ast.Lt()], [ast.Constant(0), right_again])
    ints = ast.BoolOp(ast.And(), [both, positive])
    plain = ast.BinOp(left_again, ast.FloorDiv() if operator == "/" else ast.Mod(), right_again)
    return ast.IfExp(ints, plain, call(helper, left_again, right_again))


def equality(
    c: Compiler, operator: str, left: ast.expr, right: ast.expr, left_node: Node, right_node: Node
) -> ast.expr:
    """`==` and `!=`: plain where classes make Python's meaning ours."""
    equal = operator == "=="
    if isinstance(right_node, nodes.NullExpr):
        return ast.Compare(left, [ast.Is() if equal else ast.IsNot()], [right])
    compare: ast.cmpop = ast.Eq() if equal else ast.NotEq()
    # Not for a literal on the left: Python would ask a struct on the right.
    if is_plain_literal(right_node):
        return ast.Compare(left, [compare], [right])
    helper = "__equal" if equal else "__unequal"
    if isinstance(right_node, nodes.IntExpr):
        first, again = c.simple(left)
        return ast.IfExp(is_class(first, "int"), ast.Compare(again, [compare], [right]), call(helper, again, right))
    first, left_again, second, right_again = c.simple_pair(left, right)
    kind = c.temp()
    same = ast.Compare(ast.NamedExpr(store(kind), class_of(first)), [ast.Is()], [class_of(second)])
    simple = ast.Compare(load(kind), [ast.In()], [load("__simple")])
    plain = ast.Compare(left_again, [compare], [right_again])
    return ast.IfExp(ast.BoolOp(ast.And(), [same, simple]), plain, call(helper, left_again, right_again))


def is_bool(node: Node) -> bool:
    """Whether the value is certainly a bool; for all others Python's operators take it for 0 or 1."""
    node = without_parentheses(node)
    return is_boolean(node) or isinstance(node, nodes.CompareExpr)


def is_plain_literal(node: Node) -> bool:
    """Whether comparing with this literal is the same in Python: no bool equals it, no epsilon applies."""
    if isinstance(node, nodes.IntExpr):
        return node.text not in ("0", "1") and node.text.isdecimal() and len(node.text) < 10
    return is_text(node)


def is_text(node: Node) -> bool:
    """Whether the value is certainly a string."""
    return isinstance(node, nodes.StringExpr | nodes.FormatExpr)


def as_text(c: Compiler, value: ast.expr, node: Node) -> ast.expr:
    """Return `value` as its print text, unless it is a string already."""
    if is_text(node):
        return value
    first, again = c.simple(value)
    return ast.IfExp(is_class(first, "str"), again, call("__text", again))


def class_of(value: ast.expr) -> ast.expr:
    """Return `value.__class__`."""
    return ast.Attribute(value, "__class__", ast.Load())


def is_class(value: ast.expr, name: str) -> ast.expr:
    """Return the test whether `value` is exactly of a class that the runtime calls `__name`."""
    return ast.Compare(class_of(value), [ast.Is()], [load(f"__{name}")])


@compiles(nodes.CompareExpr)
def compare_expr(c: Compiler, node: nodes.CompareExpr) -> ast.expr:
    """`<` and its kin are Python's; unlike types raise there."""
    left, right = c.operands([node.left, node.right])
    c.source.notes[c.position(node.span)] = str(node.operator)
    if is_bool(node.left) or is_bool(node.right):
        return call("__arithmetic", left, ast.Constant(str(node.operator)), right)
    return ast.Compare(left, [COMPARISONS[node.operator]], [right])


@compiles(nodes.PowerExpr)
def power_expr(c: Compiler, node: nodes.PowerExpr) -> ast.expr:
    """`**` has limits of its own."""
    return call("__pow", *c.operands([node.base, node.exponent]))


@compiles(nodes.NegExpr)
def neg_expr(c: Compiler, node: nodes.NegExpr) -> ast.expr:
    """`-x`."""
    value = c.expr(node.value)
    if is_bool(node.value):
        return call("__negative", value)
    if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
        return ast.Constant(-value.value)
    return ast.UnaryOp(ast.USub(), value)


@compiles(nodes.NotExpr)
def not_expr(c: Compiler, node: nodes.NotExpr) -> ast.expr:
    """`!x` and `not x`, which a struct may define."""
    value = c.expr(node.value)
    if is_boolean(node.value) or isinstance(value, ast.Constant):
        return ast.UnaryOp(ast.Not(), value)
    first, again = c.simple(value)
    return ast.IfExp(is_class(first, "bool"), ast.UnaryOp(ast.Not(), again), call("__not", again))


@compiles(nodes.InExpr, nodes.NotInExpr)
def in_expr(c: Compiler, node: nodes.InExpr | nodes.NotInExpr) -> ast.expr:
    """`in` compares by the language's `==`."""
    item, collection = c.operands([node.left, node.right])
    test: ast.expr = call("__contains", item, collection)
    if isinstance(collection, ast.Name) and isinstance(item, ast.Name | ast.Constant):
        test = ast.IfExp(is_class(collection, "dict"), ast.Compare(item, [ast.In()], [collection]), test)
    return ast.UnaryOp(ast.Not(), test) if isinstance(node, nodes.NotInExpr) else test


@compiles(nodes.RangeExpr)
def range_expr(c: Compiler, node: nodes.RangeExpr) -> ast.expr:
    """A lazy range of ints."""
    start, stop = c.operands([node.start, node.stop])
    return call("__range", start, stop, ast.Constant(node.operator == "..="))


# What evaluates its right side only sometimes


@compiles(nodes.OrExpr, nodes.AndExpr)
def logic(c: Compiler, node: nodes.OrExpr | nodes.AndExpr) -> ast.expr:
    """`||` and `&&` give bools."""
    test = condition(c, node)
    if is_boolean(node):
        return test
    return ast.IfExp(test, ast.Constant(True), ast.Constant(False))


def is_boolean(node: Node) -> bool:
    """Whether Python's value of the expression is a bool whatever the operands are."""
    if isinstance(node, nodes.ParenExpr | nodes.NotExpr):
        return is_boolean(node.value)
    while isinstance(node, nodes.OrExpr | nodes.AndExpr):
        if not is_boolean(node.right):
            return False
        node = node.left
    return isinstance(node, BOOLEAN) or (isinstance(node, nodes.BinaryExpr) and node.operator in ("==", "!="))


def condition(c: Compiler, node: Node) -> ast.expr:
    """Compile an expression of which only the truth counts."""
    kind = type(node)
    if not isinstance(node, nodes.OrExpr | nodes.AndExpr):
        return c.expr(node)
    parts = []
    left: Node = node
    while type(left) is kind:
        parts.append(left.right)  # type: ignore[attr-defined]  # OrExpr or AndExpr, as `node`
        left = left.left  # type: ignore[attr-defined]
    value = condition(c, left)
    for part in reversed(parts):
        value = decide(c, part, value, isinstance(node, nodes.AndExpr))
    positioned: ast.expr = c.at(node, value)
    return positioned


def decide(c: Compiler, node: Node, left: ast.expr, when: bool) -> ast.expr:
    """Return `left and node` (or `or`): statements that `node` needs run only when it is reached."""
    with c.into([]) as statements:
        right = condition(c, node)
    if not statements:
        if isinstance(left, ast.BoolOp) and isinstance(left.op, ast.And if when else ast.Or):
            left.values.append(right)
            return left
        return ast.BoolOp(ast.And() if when else ast.Or(), [left, right])
    name = c.save(node, left).id
    with c.into(statements):
        c.emit(node, ast.Assign([store(name)], right))
    test: ast.expr = load(name) if when else ast.UnaryOp(ast.Not(), load(name))
    c.emit(node, ast.If(test, statements, []))
    return load(name)


@compiles(nodes.CoalesceExpr)
def coalesce_expr(c: Compiler, node: nodes.CoalesceExpr) -> ast.expr:
    """`a ?? b`: `b` only when `a` is null."""
    first, again = c.simple(c.expr(node.left))
    with c.into([]) as statements:
        right = c.expr(node.right)
    if not statements:
        return ast.IfExp(ast.Compare(first, [ast.IsNot()], [ast.Constant(None)]), again, right)
    name = c.save(node, first).id
    with c.into(statements):
        c.emit(node, ast.Assign([store(name)], right))
    missing = ast.Compare(load(name), [ast.Is()], [ast.Constant(None)])
    c.emit(node, ast.If(missing, statements, []))
    return load(name)
