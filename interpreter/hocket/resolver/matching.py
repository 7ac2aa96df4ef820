"""The names that a `case` binds, and what it may not say; `select`; enums."""

from __future__ import annotations

from typing import NamedTuple

from hocket.resolver.core import Resolver, resolves
from hocket.resolver.scopes import TYPES, did_you_mean
from hocket.resolver.visits import must_be_async
from hocket.syntax import nodes
from hocket.syntax.nodes import Node, Token


class Bound(NamedTuple):
    """A name that a pattern binds; `again` if an alternative to the left has bound it."""

    place: Node
    token: Token
    again: bool = False


NONE = "None"
CONSTRUCTORS = ("Ok", "Err", "Some")


@resolves(nodes.MatchExpr)
def match_expr(r: Resolver, node: nodes.MatchExpr) -> None:
    """There is one `default` at most."""
    defaults = [clause for clause in node.clauses if isinstance(clause, nodes.DefaultClause)]
    for clause in defaults[1:]:
        r.problem("a `match` has one `default`", clause.span)
    r.children(node)


@resolves(nodes.CaseClause)
def case_clause(r: Resolver, node: nodes.CaseClause) -> None:
    """The names of a case end with it."""
    with r.inside(node):
        names(r, node.pattern)
        if node.guard is not None:
            r.visit(node.guard)
        r.visit(node.body)


def names(r: Resolver, pattern: Node) -> None:
    """Declare the names of a pattern."""
    for bound in fitting(r, pattern):
        known = r.scope.names.get(bound.token)
        if known is None:
            r.declare(bound.place, bound.token, "case")
            continue
        r.result.bindings[bound.place] = known
        if not bound.again:
            problem = f"`{bound.token}` stands twice in one pattern"
            r.problem(problem, bound.token.span, "compare with `if` behind the pattern")


@resolves(nodes.SelectExpr)
def select_expr(r: Resolver, node: nodes.SelectExpr) -> None:
    """It waits for at least one case, and has at most one clause for the time when none is ready."""
    must_be_async(r, node, "select")
    others = [clause for clause in node.clauses if not isinstance(clause, nodes.SelectCase)]
    if len(others) == len(node.clauses):
        r.problem("a `select` without a `case` has nothing to wait for", node.span, "write `case v from channel { … }`")
    for clause in others[1:]:
        r.problem("a `select` has one `timeout` or one `default`", clause.span)
    r.children(node)


@resolves(nodes.SelectCase)
def select_case(r: Resolver, node: nodes.SelectCase) -> None:
    """What is waited for is computed outside of the case."""
    r.visit(node.source)
    with r.inside(node):
        names(r, node.pattern)
        r.visit(node.body)


def fitting(r: Resolver, pattern: Node) -> list[Bound]:
    """Resolve what `pattern` reads, and return the names that it binds, each with its node."""
    if isinstance(pattern, nodes.NamePattern):
        return name(r, pattern)
    if isinstance(pattern, nodes.KeyPattern):
        return named(pattern, pattern.name or pattern.key)
    if isinstance(pattern, nodes.RestPattern):
        return named(pattern, pattern.name)
    if isinstance(pattern, nodes.TypePattern):
        type_pattern(r, pattern)
        return named(pattern, pattern.name)
    if isinstance(pattern, nodes.AlternativesPattern):
        return alternatives(r, pattern)
    if isinstance(pattern, nodes.NestedKeyPattern):
        return fitting(r, pattern.pattern)
    if isinstance(pattern, nodes.ListPattern | nodes.DictPattern):
        return [pair for item in pattern.items for pair in fitting(r, item)]
    if isinstance(pattern, nodes.VariantPattern):
        r.visit(pattern.variant)
        return [pair for item in pattern.items for pair in fitting(r, item)]
    if isinstance(pattern, nodes.StructPattern):
        r.visit(pattern.struct)
        fields(r, pattern)
        return [pair for item in pattern.items for pair in fitting(r, item)]
    r.children(pattern)
    return []


def fields(r: Resolver, pattern: nodes.StructPattern) -> None:
    """Refuse a field that a struct of this program does not have."""
    binding = r.result.bindings.get(pattern.struct)
    struct = None if binding is None else r.structs.get(binding)
    for item in pattern.items:
        if not isinstance(item, nodes.KeyPattern | nodes.NestedKeyPattern):
            continue
        if item.key.type != "NAME":
            r.problem("the fields of a struct are names", item.key.span, "keys of other kinds are those of dicts")
        elif struct is not None:
            known = [str(field.name) for field in struct.fields]
            if item.key not in known:
                listed = f"its fields: {', '.join(known)}" if known else "it has no fields"
                hint = did_you_mean(item.key, known) or listed
                r.problem(f"{struct.name} has no field {item.key}", item.key.span, hint)


def named(place: Node, token: Token) -> list[Bound]:
    """Return a name that is bound; `_` is none."""
    return [] if token == "_" else [Bound(place, token)]


def name(r: Resolver, pattern: nodes.NamePattern) -> list[Bound]:
    """A name is bound, but for `None`, which is a value."""
    token = pattern.name
    if token == NONE:
        r.read(pattern, token)
        return []
    if token in CONSTRUCTORS:
        r.problem(f"`{token}` alone would be a new name here", token.span, f"write `{token}(x)` or `{token}(_)`")
    enum = r.variants.get(str(token))
    if enum is not None and token[0].isupper():
        r.problem(f"`{token}` alone would be a new name here", token.span, f"write `{enum}::{token}`")
    return named(pattern, token)


def type_pattern(r: Resolver, pattern: nodes.TypePattern) -> None:
    """`int n`, `TimeoutError e`, `Shape s`, `m.Point p`."""
    if not isinstance(pattern.type, nodes.NameExpr):
        r.result.types[pattern] = pattern.type
        r.visit(pattern.type)
        return
    word = pattern.type.name
    if r.lookup(word) is None and word not in r.environment.session:
        if word in TYPES:
            r.result.types[pattern] = str(word)
            return
        if word in r.error_types:
            r.result.types[pattern] = str(word)
            r.result.selecting.add(pattern)
            return
        near = did_you_mean(word, TYPES | r.error_types)
        r.problem(f"Unknown type: {word}", word.span, near or "a type is written as `type(x)` prints it")
        return
    r.result.types[pattern] = pattern.type
    r.visit(pattern.type)


def alternatives(r: Resolver, pattern: nodes.AlternativesPattern) -> list[Bound]:
    """All alternatives bind the same names."""
    found = [fitting(r, alternative) for alternative in pattern.patterns]
    first, *others = found
    for names, alternative in zip(others, pattern.patterns[1:], strict=True):
        odd = {str(bound.token) for bound in names} ^ {str(bound.token) for bound in first}
        if odd:
            problem = f"only one side of the `|` binds `{min(odd)}`"
            r.problem(problem, alternative.span, "all of them bind the same names, or write `_`")
    return [*first, *(bound._replace(again=True) for names in others for bound in names)]


@resolves(nodes.EnumDef)
def enum_def(r: Resolver, node: nodes.EnumDef) -> None:
    """The name was declared at the start of the block; variants and fields have one name each."""
    once(r, [variant.name for variant in node.variants], "variant", None)
    for variant in node.variants:
        once(r, [field.name for field in variant.fields], "field", f"write `{variant.name}(x, y)`")


def once(r: Resolver, names: list[Token], what: str, hint: str | None) -> None:
    """Refuse a name that stands twice."""
    for index, token in enumerate(names):
        if token in names[:index]:
            r.problem(f"two {what}s of one name: {token}", token.span, hint)
