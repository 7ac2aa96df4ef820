"""Rules about calls: what blocks, what is dropped, what changes what it is called on."""

from __future__ import annotations

from collections.abc import Iterator

from hocket.resolver import Binding, plain_function, without_parentheses
from hocket.rules.core import Found, Tree, rule
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

CALLBACKS = frozenset({
    "all", "any", "each", "every", "filter", "find_index", "flat_map", "for_each", "group_by", "map",
    "max_by", "min_by", "reduce", "some", "sort_by",
})  # fmt: skip
"""What calls a function that it is given, and does not wait for what that gives."""

MUTATING = frozenset({"append", "clear", "insert", "push", "reverse", "sort"})
"""Methods that change the value and give it back."""

LATER = (nodes.FuncDef, nodes.FuncExpr, nodes.ArrowExpr, nodes.SpawnExpr, nodes.SpawnBlockExpr)
OWNERS = (nodes.ScopeExpr, nodes.TimeoutExpr)
CONTAINERS = (*OWNERS, nodes.ShieldExpr, nodes.TimelineExpr, nodes.SpawnBlockExpr)
CASES = (nodes.MatchExpr, nodes.CaseClause, nodes.DefaultClause)
LITERALS = (nodes.StringExpr, nodes.FormatExpr, nodes.IntExpr, nodes.FloatExpr, nodes.DurationExpr)
BRANCHES = (nodes.IfExpr, *CASES, nodes.SelectExpr, nodes.SelectCase, nodes.SelectTimeout)
RESULTS = (
    *LITERALS, nodes.NameExpr, nodes.FieldExpr, nodes.IndexExpr, nodes.BinaryExpr, nodes.CompareExpr, nodes.NotExpr,
    nodes.NegExpr, nodes.PowerExpr, nodes.AndExpr, nodes.OrExpr, nodes.CoalesceExpr, nodes.ListExpr, nodes.DictExpr,
    nodes.TrueExpr, nodes.FalseExpr, nodes.ParenExpr,
)  # fmt: skip
ACTING = (nodes.CallExpr, nodes.PipeExpr, nodes.AwaitExpr, nodes.YieldExpr, nodes.ThrowExpr, nodes.SpawnExpr)
"""What may do something besides giving a value."""
SHOWN = 40


@rule("blocking-call")
def blocking_call(tree: Tree) -> Found:
    """A builtin that waits in async code holds everything up where it cannot wait; told once for each function."""
    told = set()
    for node, call in waiting_calls(tree):
        function = tree.function(node)
        is_spawned = isinstance(tree.parents[call], nodes.SpawnExpr)
        if not function.is_async and not is_spawned and function not in told:
            told.add(function)
            where, hint = plain_function(function)
            place = node.span if isinstance(node, nodes.NameExpr) else node.name.span
            yield place, f"{node.name}() blocks here, in {where}", hint
    for node in names_that_wait(tree):
        name, parent = str(node.name), tree.parents[node]
        library = tree.known.library
        instead = f"`async_{name}`" if f"async_{name}" in library else f"`async x => {name}(x)`"
        if isinstance(parent, nodes.LetStmt | nodes.DefineStmt | nodes.AssignStmt):
            yield node.span, f"{name} blocks when it is called by another name", f"take {instead}, and `await` its call"
        elif not is_called(node, parent) and (caller := callback_of(tree, parent)) is not None:
            yield node.span, f"{name} blocks when {caller}() calls it", f"give {instead}, and wait for the promises"


Method = nodes.FieldExpr | nodes.OptionalFieldExpr


def names_that_wait(tree: Tree) -> list[nodes.NameExpr]:
    """Return the places where a builtin that waits in async code stands under its name."""
    # Nearly every program has none, and needs no walk.
    return [
        node
        for node, binding in tree.bindings.items()
        if binding.kind == "library" and binding.name in tree.known.suspending and isinstance(node, nodes.NameExpr)
    ]


def waiting_calls(tree: Tree) -> Iterator[tuple[nodes.NameExpr | Method, Node]]:
    """Yield what is called where builtins that wait are, with the calls: `f(x)`, `x |> f` and `x.f()`."""
    found: list[nodes.NameExpr | Method] = list(names_that_wait(tree))
    if any(f".{name}" in tree.source.text for name in tree.known.suspending):
        found += (node for node in tree.nodes if isinstance(node, Method) and is_builtin_method(tree, node))
    for node in sorted(found, key=lambda node: node.span):
        if is_called(node, tree.parents[node]):
            yield node, tree.parents[node]


def is_builtin_method(tree: Tree, node: Method) -> bool:
    """Whether `node` certainly is a builtin that waits: of a text or a number, or by a name that nothing else has.

    `execute`, `input`, `sleep` and such are names of methods of Python's objects and of structs, too.
    """
    name, value = str(node.name), without_parentheses(node.object)
    if name not in tree.known.suspending:
        return False
    if isinstance(value, LITERALS):
        return True
    is_module = isinstance(value, nodes.NameExpr) and tree.bindings[value].kind in ("module", "import")
    return "_" in name and not is_module and name not in tree.members


def is_called(node: Node, parent: Node) -> bool:
    """Whether `node` is what its parent calls."""
    return (isinstance(parent, nodes.CallExpr) and parent.function is node) or (
        isinstance(parent, nodes.PipeExpr) and parent.right is node
    )


def callback_of(tree: Tree, parent: Node) -> str | None:
    """Return the name of what is called with an argument in `parent`, if it calls that in its turn."""
    if isinstance(parent, nodes.NamedArg):
        parent = tree.parents[parent]
    call = tree.parents[parent] if isinstance(parent, nodes.Args) else None
    if not isinstance(call, nodes.CallExpr):
        return None
    function = call.function
    if isinstance(function, nodes.FieldExpr | nodes.OptionalFieldExpr):
        return str(function.name) if function.name in CALLBACKS else None
    name = tree.library_name(function)
    return name if name in CALLBACKS else None


@rule("dropped-promise")
def dropped_promise(tree: Tree) -> Found:
    """A call of an async function as a statement: nobody waits for it."""
    for statement in tree.nodes:
        if isinstance(statement, nodes.ExprStmt):
            name = gives_promise(tree, statement.value)
            if name is not None and is_dropped(tree, statement):
                hint = f"did you mean `await {name.name}(…)` or `spawn`?"
                yield name.span, f"nobody awaits the promise of {name.name}()", hint


@rule("tested-promise")
def tested_promise(tree: Tree) -> Found:
    """A promise is always true, and equal to nothing but itself."""
    for node in tree.nodes:
        for value, what in tested(node):
            name = gives_promise(tree, without_parentheses(value))
            if name is not None:
                hint = f"did you mean `await {name.name}(…)`?"
                yield value.span, f"{name.name}() gives a promise, and that {what}", hint


def tested(node: Node) -> Iterator[tuple[Node, str]]:
    """Yield the values of `node` of which only the truth counts, or what they equal; and what that is for a promise."""
    is_true, equals = "is always true", "equals nothing but itself"
    if isinstance(node, nodes.IfExpr | nodes.WhileStmt):
        yield node.test, is_true
    elif isinstance(node, nodes.NotExpr):
        yield node.value, is_true
    elif isinstance(node, nodes.AndExpr | nodes.OrExpr):
        yield node.left, is_true
    elif isinstance(node, nodes.CaseClause) and node.guard is not None:
        yield node.guard, is_true
    elif isinstance(node, nodes.BinaryExpr) and node.operator in ("==", "!="):
        yield node.left, equals
        yield node.right, equals


def gives_promise(tree: Tree, value: Node) -> nodes.NameExpr | None:
    """Return the function that `value` calls, if that certainly gives a promise."""
    if not isinstance(value, nodes.CallExpr) or not isinstance(value.function, nodes.NameExpr):
        return None
    function = value.function
    binding = tree.bindings[function]
    is_known = binding in tree.asynchronous and not binding.is_assigned
    return function if is_known or tree.library_name(function) in tree.known.promising else None


@rule("dropped-result")
def dropped_result(tree: Tree) -> Found:
    """A function whose last line computes a value gives null: only `return` gives one."""
    for statement in tree.nodes:
        if not isinstance(statement, nodes.ExprStmt) or not isinstance(statement.value, RESULTS):
            continue
        is_silent = not any(isinstance(node, ACTING) for node in [statement.value, *within(statement.value)])
        if is_silent and ends_function(tree, statement):
            text = tree.source.text[slice(*statement.span)].rstrip(" \t;")
            shown = text if len(text) <= SHOWN and "\n" not in text else "…"
            yield statement.span, "this value is dropped: the function gives null", f"write `return {shown}`"


def ends_function(tree: Tree, statement: Node) -> bool:
    """Whether a statement, or an `if` or `match` that it ends, is the last one of a function's body."""
    block = tree.parents[statement]
    if not isinstance(block, nodes.Block) or block.body[-1] is not statement:
        return False
    holder = tree.parents[block]
    if isinstance(holder, nodes.FuncDef | nodes.FuncExpr):
        return not holder.is_generator
    while isinstance(holder, BRANCHES):
        holder = tree.parents[holder]
    return (
        isinstance(holder, nodes.ArrowExpr)
        and holder.body is block
        or (isinstance(holder, nodes.ExprStmt) and ends_function(tree, holder))
    )


def is_dropped(tree: Tree, statement: Node) -> bool:
    """Whether the value of a statement is neither the value of a block nor left to a scope."""
    block = tree.parents[statement]
    is_last = isinstance(block, nodes.Block | nodes.Program) and block.body[-1] is statement
    if isinstance(block, nodes.Program):
        return not is_last
    if is_owned(tree, block):
        return False
    if not is_last:
        return True
    holder = tree.parents[block]
    if not isinstance(holder, BRANCHES):
        return not isinstance(holder, CONTAINERS)
    while isinstance(holder, BRANCHES):
        holder = tree.parents[holder]
    return isinstance(holder, nodes.ExprStmt) and is_dropped(tree, holder)


def is_owned(tree: Tree, node: Node) -> bool:
    """Whether a `scope` or `timeout` of the function waits for what is called at `node`."""
    while node not in tree.functions:
        if isinstance(node, OWNERS):
            return True
        node = tree.parents[node]
    return False


@rule("uncalled-task")
def uncalled_task(tree: Tree) -> Found:
    """`spawn f` makes a task whose value is the function: nothing calls it."""
    if "spawn" not in tree.source.text:
        return
    for node in tree.nodes:
        if not isinstance(node, nodes.SpawnExpr):
            continue
        value = without_parentheses(node.value)
        if isinstance(value, nodes.NameExpr) and tree.bindings[value].kind == "function":
            yield value.span, f"`spawn` does not call `{value.name}`", f"write `spawn {value.name}(…)`"
        elif isinstance(value, nodes.FuncExpr | nodes.ArrowExpr):
            yield value.span, "`spawn` does not call the function", "write `spawn { … }`"


@rule("changed-in-place")
def changed_in_place(tree: Tree) -> Found:
    """`b := a.sort()`, and then `a` is used as if it were as before."""
    own = {str(node.name) for node in tree.nodes if isinstance(node, nodes.FuncDef) and is_method(tree, node)}
    for binding, value in tree.values.items():
        if not isinstance(value, nodes.CallExpr) or not isinstance(value.function, nodes.FieldExpr):
            continue
        function, object_ = value.function, value.function.object
        if function.name not in MUTATING - own or not isinstance(object_, nodes.NameExpr):
            continue
        changed = tree.bindings[object_]
        if changed is not binding and is_used_behind(tree, changed, value):
            name = object_.name
            message = f"{function.name}() changes `{name}` itself: `{binding.name}` is the same value"
            yield function.name.span, message, f"write `{function.name}({name})` for a new one"


def is_method(tree: Tree, node: Node) -> bool:
    """Whether a function is one of a struct."""
    return isinstance(tree.parents[node], nodes.StructDef)


def is_used_behind(tree: Tree, binding: Binding, node: Node) -> bool:
    """Whether a variable of this program is read further down."""
    return any(
        found is binding and isinstance(place, nodes.NameExpr) and place.span.start > node.span.end
        for place, found in tree.bindings.items()
    )


@rule("held-lock")
def held_lock(tree: Tree) -> Found:
    """A mutex that is held while something else is waited for: right, but all who want it wait as well."""
    for node in tree.nodes:
        if isinstance(node, nodes.WithStmt) and is_mutex(tree, node.value):
            wait = next((inner for inner in within(node.body) if isinstance(inner, nodes.AwaitExpr)), None)
            if wait is not None:
                hint = "if it need not be, take the result out of the block and await behind it"
                yield wait.span, "the mutex is held while this waits, so that all who want it wait as well", hint


def is_mutex(tree: Tree, node: Node) -> bool:
    """Whether a value certainly is a mutex."""
    value = tree.values.get(tree.bindings[node]) if isinstance(node, nodes.NameExpr) else node
    return isinstance(value, nodes.CallExpr) and tree.library_name(value.function) == "mutex"


def within(body: Node) -> Iterator[Node]:
    """Yield the nodes of a block that run with it, so not those of functions and tasks that it makes."""
    for child in body.children:
        if isinstance(child, Node) and not isinstance(child, LATER):
            yield child
            yield from within(child)
