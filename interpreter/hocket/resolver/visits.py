"""What each construct binds, closes over or restricts; everything else resolves its children."""

from __future__ import annotations

from hocket.resolver.core import Resolver, resolves
from hocket.resolver.scopes import Binding, Function, did_you_mean
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

CHAINS = (nodes.BinaryExpr, nodes.OrExpr, nodes.AndExpr)
TESTS = (nodes.TestStmt, nodes.TestSetupStmt, nodes.TestTeardownStmt)


@resolves(nodes.Block)
def block(r: Resolver, node: nodes.Block) -> None:
    """A block has a scope of its own."""
    r.block(node)


@resolves(nodes.NameExpr)
def name_expr(r: Resolver, node: nodes.NameExpr) -> None:
    """A name is read; where it is assigned, the statement resolves it."""
    r.read(node, node.name)


@resolves(nodes.Shorthand)
def shorthand(r: Resolver, node: nodes.Shorthand) -> None:
    """`{a}` reads `a`."""
    r.read(node, node.name)


@resolves(*CHAINS)
def chain(r: Resolver, node: nodes.BinaryExpr | nodes.OrExpr | nodes.AndExpr) -> None:
    """A long `a + b + c + …` is a deep tree: walked without recursion."""
    rights = []
    left: Node = node
    while isinstance(left, CHAINS):
        rights.append(left.right)
        left = left.left
    r.visit(left)
    for right in reversed(rights):
        r.visit(right)


# Assignments


@resolves(nodes.DefineStmt, nodes.AssignStmt)
def assignment(r: Resolver, node: nodes.DefineStmt | nodes.AssignStmt) -> None:
    """`x := e`, `x = e`, `a[i] := e`, `a.b := e`."""
    r.visit(node.value)
    target(r, node.target, everywhere=isinstance(node, nodes.AssignStmt))


def target(r: Resolver, node: Node, everywhere: bool) -> None:
    """Resolve what stands left of an assignment."""
    if isinstance(node, nodes.NameExpr):
        r.store(node, node.name, everywhere)
    else:
        if has_optional(node):
            r.problem("cannot assign through `?.`", node.span, "write `.`, or test for null first")
        r.children(node)


@resolves(nodes.AugmentStmt)
def augment(r: Resolver, node: nodes.AugmentStmt) -> None:
    """`x += e` needs an `x`."""
    r.visit(node.value)
    place = node.target
    if not isinstance(place, nodes.NameExpr):
        target(r, place, everywhere=True)
        return
    binding = r.lookup(place.name) or r.outside(str(place.name), place.span)
    if binding is not None and binding.kind == "field":
        hint = f"make `self` the method's first parameter, and write `self.{place.name} {node.operator} …`"
        r.problem(f"`{place.name}` is a field, which this method can only read", place.span, hint)
    elif binding is None or binding.kind == "library":
        r.problem(f"Undefined variable: {place.name}", place.span, did_you_mean(place.name, r.known()))
    else:
        r.assign_to(place, place.name, binding)


@resolves(nodes.DefineUnpackStmt, nodes.AssignUnpackStmt)
def unpack(r: Resolver, node: nodes.DefineUnpackStmt | nodes.AssignUnpackStmt) -> None:
    """`[a, b] := e` assigns the names that exist and makes the others."""
    r.visit(node.value)
    everywhere = isinstance(node, nodes.AssignUnpackStmt)
    for place, token in names_in(node.pattern):
        r.store(place, token, everywhere)


@resolves(nodes.LetStmt)
def let(r: Resolver, node: nodes.LetStmt) -> None:
    """`let`, `mut` and `const` make new variables."""
    r.visit(node.value)
    declare_all(r, node.pattern, str(node.kind))


def names_in(pattern: Node) -> list[tuple[Node, nodes.Token]]:
    """Return the names that `pattern` binds, each with the node that stands for it."""
    if isinstance(pattern, nodes.NamePattern | nodes.RestPattern):
        return [(pattern, pattern.name)]
    if isinstance(pattern, nodes.KeyPattern):
        return [(pattern, pattern.name or pattern.key)]
    if isinstance(pattern, nodes.NestedKeyPattern):
        return names_in(pattern.pattern)
    assert isinstance(pattern, nodes.ListPattern | nodes.DictPattern)
    return [pair for item in pattern.items for pair in names_in(item)]


def declare_all(r: Resolver, pattern: Node, kind: str) -> None:
    """Declare every name of `pattern`; `_` may stand more than once."""
    for place, token in names_in(pattern):
        if token == "_" and "_" in r.scope.names:
            r.result.bindings[place] = r.scope.names["_"]
        else:
            r.declare(place, token, kind)


# Loops


@resolves(nodes.WhileStmt)
def while_(r: Resolver, node: nodes.WhileStmt) -> None:
    """The test belongs to the surroundings, the body is a loop's."""
    r.visit(node.test)
    with r.inside(node, is_loop=True):
        r.visit(node.body)


@resolves(nodes.LoopStmt)
def loop(r: Resolver, node: nodes.LoopStmt) -> None:
    """A loop without a test."""
    with r.inside(node, is_loop=True):
        r.visit(node.body)


@resolves(nodes.ForStmt, nodes.ForAwaitStmt)
def for_(r: Resolver, node: nodes.ForStmt | nodes.ForAwaitStmt) -> None:
    """The loop's variables are made anew in every turn."""
    if isinstance(node, nodes.ForAwaitStmt):
        must_be_async(r, node, "for await")
    r.visit(node.iterable)
    patterns = node.targets.patterns
    if len(patterns) > 2:
        r.problem("`for` takes one or two names", node.targets.span, "unpack elements with `for [a, b, c] in …`")
    with r.inside(node, is_loop=True):
        for pattern in patterns:
            declare_all(r, pattern, "loop")
        r.visit(node.body)


@resolves(nodes.WithStmt)
def with_(r: Resolver, node: nodes.WithStmt) -> None:
    """The names of its pattern end with it."""
    r.visit(node.value)
    with r.inside(node):
        if node.pattern is not None:
            declare_all(r, node.pattern, "mut")
        r.visit(node.body)


@resolves(nodes.BreakStmt, nodes.ContinueStmt)
def jump(r: Resolver, node: Node) -> None:
    """Only inside a loop of the same function."""
    if r.scope.loops == 0:
        word = "break" if isinstance(node, nodes.BreakStmt) else "continue"
        inside = r.scope.function.node
        hint = "`spawn { }` is a task of its own: end it with `return`" if is_spawn(inside) else None
        r.problem(f"`{word}` outside of a loop", node.span, hint)


def is_spawn(node: Node) -> bool:
    """Whether the function is the body of a `spawn { }`."""
    return isinstance(node, nodes.SpawnBlockExpr)


# Errors


@resolves(nodes.ExceptName)
def except_name(r: Resolver, node: nodes.ExceptName) -> None:
    """`except e { }` binds `e`; `except TimeoutError { }` and `except SomeStruct { }` select."""
    binding = struct_called(r, node.name)
    if binding is not None:
        r.use(node, binding)
    if binding is not None or (node.name in r.error_types and r.lookup(node.name) is None):
        r.result.selecting.add(node)
        r.visit(node.body)
        return
    with r.inside(node):
        r.declare(node, node.name, "error")
        r.visit(node.body)


@resolves(nodes.ExceptTypes)
def except_types(r: Resolver, node: nodes.ExceptTypes) -> None:
    """`except TimeoutError e { }`: the types must be known ones, or structs."""
    for type_ in node.types.names:
        if not isinstance(type_, nodes.NameExpr):
            r.visit(type_)
            continue
        name = type_.name
        binding = struct_called(r, name)
        if binding is not None:
            r.use(type_, binding)
        elif name not in r.error_types:
            r.problem(f"Unknown error type: {name}", name.span, did_you_mean(name, r.error_types))
    with r.inside(node):
        r.declare(node, node.name, "error")
        r.visit(node.body)


def struct_called(r: Resolver, name: nodes.Token) -> Binding | None:
    """Return the struct that `name` means here, if it means one: what is imported tells by its capital."""
    binding = r.lookup(name) or r.outside(str(name), name.span)
    if binding is None:
        return None
    is_struct = binding.kind == "struct" or (binding.kind == "import" and name[0].isupper())
    return binding if is_struct else None


# Functions


@resolves(nodes.FuncDef)
def func_def(r: Resolver, node: nodes.FuncDef) -> None:
    """The name was declared at the start of the block."""
    func(r, node, str(node.name))


@resolves(nodes.FuncExpr)
def func_expr(r: Resolver, node: nodes.FuncExpr) -> None:
    """A function without a name."""
    func(r, node, None)


def func(r: Resolver, node: nodes.FuncDef | nodes.FuncExpr, name: str | None) -> None:
    """Note a function, plain or async, or a generator of either kind."""
    is_async, is_generator = node.is_async is not None, node.is_generator is not None
    r.function(node, name, is_async, lambda: signature(r, node.params, node.body), is_generator=is_generator)


@resolves(nodes.ReturnStmt)
def return_(r: Resolver, node: nodes.ReturnStmt) -> None:
    """A generator gives its values before it ends."""
    if node.value is not None and r.scope.function.is_generator:
        r.problem("`return` in a generator has no value", node.span, "write `yield` for each value, and `return` alone")
    r.children(node)


@resolves(nodes.YieldExpr)
def yield_(r: Resolver, node: nodes.YieldExpr) -> None:
    """Only in a generator, and not where it would leave a task owner open while its consumer goes on."""
    function, holder = r.scope.function, r.scope.holder
    if not function.is_generator:
        where, hint = no_generator(function)
        r.problem(f"`yield` {where}", node.span, hint)
    elif holder is not None:
        word = word_of(holder)
        hint = f"the `{word}` must end before the loop that takes the value goes on: yield behind it"
        r.problem(f"`yield` inside of `{word}`", node.span, hint)
    r.children(node)


def no_generator(function: Function) -> tuple[str, str]:
    """Name a function that is no generator, and say how to write one."""
    node, keyword = function.node, "async func*" if function.is_async else "func*"
    if isinstance(node, nodes.Program):
        return "outside of a function", "write `func* name(…) { … }`, and `yield` in it"
    if isinstance(node, nodes.SpawnExpr | nodes.SpawnBlockExpr):
        return "in a `spawn`", "write an `async func*`, and go through it with `for await`"
    if isinstance(node, TESTS):
        return f"in a `{function.name}`", "write `func* name(…) { … }` beside it, and go through that"
    if isinstance(node, nodes.ArrowExpr):
        return "in an arrow function", f"write `{keyword}(…) {{ … }}`"
    if function.name is None:
        return "in a function that is not a generator", f"write `{keyword}(…) {{ … }}`"
    return f"in `{function.name}`, which is not a generator", f"write `{keyword} {function.name}(…)`"


@resolves(nodes.ArrowExpr)
def arrow(r: Resolver, node: nodes.ArrowExpr) -> None:
    """A function whose body may be an expression."""

    def inside() -> None:
        params = node.params
        if isinstance(params, nodes.SingleParam):
            r.declare(params, params.name, "parameter")
            body(r, node.body)
        else:
            signature(r, params.params, node.body)

    r.function(node, None, node.is_async is not None, inside)


def signature(r: Resolver, params: nodes.Params, block_or_value: Node) -> None:
    """Declare the parameters; a default sees those before it."""
    optional: nodes.Param | None = None
    for param in params.params:
        if isinstance(param, nodes.Param):
            if param.default is not None:
                optional = param
                r.visit(param.default)
            elif optional is not None:
                problem = f"`{param.name}` has no default, but `{optional.name}` before it has one"
                r.problem(problem, param.span, "put the parameters with defaults last")
            r.declare(param, param.name, "parameter")
        elif isinstance(param, nodes.RestParam):
            r.declare(param, param.name, "parameter")
            if param is not params.params[-1]:
                r.problem(f"`...{param.name}` must be the last parameter", param.span)
        elif isinstance(param, nodes.PatternParam):
            declare_all(r, param.pattern, "mut")
    body(r, block_or_value)


def body(r: Resolver, node: Node) -> None:
    """Resolve a function's body; its names share a scope with the parameters."""
    if isinstance(node, nodes.Block):
        r.statements(node.body)
    else:
        r.visit(node)


@resolves(nodes.Args)
def args(r: Resolver, node: nodes.Args) -> None:
    """An argument is given once."""
    seen = set()
    for item in node.items:
        if isinstance(item, nodes.NamedArg):
            if item.name in seen:
                r.problem(f"`{item.name}` is given twice", item.span)
            seen.add(item.name)
        elif isinstance(item, nodes.Spread) and seen:
            r.problem("`...` stands after a named argument", item.span, "put it before the named ones")
        elif seen:
            r.problem("an argument without a name stands after a named one", item.span, "name it, or put it first")
    r.children(node)


@resolves(nodes.SpawnBlockExpr)
def spawn_block(r: Resolver, node: nodes.SpawnBlockExpr) -> None:
    """The block is an async function without parameters."""
    *name, block_ = node.parts
    for part in name:
        r.visit(part)
    assert isinstance(block_, nodes.Block)
    r.function(node, None, True, lambda: r.statements(block_.body))


@resolves(nodes.SpawnExpr)
def spawn(r: Resolver, node: nodes.SpawnExpr) -> None:
    """`spawn f(x)` calls `f` in a task; anything else is computed there, as in `spawn { }`."""
    if is_direct_call(node.value):
        r.visit(node.value)
    else:
        r.function(node, None, True, lambda: r.visit(node.value))


def without_parentheses(node: Node) -> Node:
    """Return what stands in the parentheses, if `node` is in some."""
    while isinstance(node, nodes.ParenExpr):
        node = node.value
    return node


def is_direct_call(node: Node) -> bool:
    """Whether `node` is a call, and no `?.` decides whether it happens."""
    return isinstance(node, nodes.CallExpr) and not has_optional(node)


def has_optional(node: Node) -> bool:
    """Whether the chain of `.b`, `[i]` and calls that ends in `node` holds a `?.`."""
    while True:
        if isinstance(node, nodes.FieldExpr | nodes.IndexExpr | nodes.SliceFromExpr | nodes.SliceToExpr):
            node = node.object
        elif isinstance(node, nodes.CallExpr):
            node = node.function
        else:
            return isinstance(node, nodes.OptionalFieldExpr)


@resolves(nodes.AwaitExpr)
def await_(r: Resolver, node: nodes.AwaitExpr) -> None:
    """It waits."""
    must_be_async(r, node, "await")
    r.children(node)


Holder = nodes.ScopeExpr | nodes.ShieldExpr | nodes.TimelineExpr | nodes.TimeoutExpr


@resolves(nodes.ScopeExpr, nodes.ShieldExpr, nodes.TimelineExpr, nodes.TimeoutExpr)
def holder(r: Resolver, node: Holder) -> None:
    """It waits at its end, and the task owns it until then."""
    must_be_async(r, node, word_of(node))
    if isinstance(node, nodes.TimeoutExpr):
        r.visit(node.limit)
    with r.inside(node, holds=True):
        r.visit(node.body)


def word_of(node: Node) -> str:
    """Return the keyword of a node that is named for it."""
    return type(node).__name__.removesuffix("Expr").lower()


def must_be_async(r: Resolver, node: Node, word: str) -> None:
    """Refuse what waits unless it stands in an async function, a `spawn` block or at the top level."""
    function = r.scope.function
    if not function.is_async:
        where, hint = plain_function(function)
        r.problem(f"`{word}` in {where}", node.span, hint)


def plain_function(function: Function) -> tuple[str, str]:
    """Name a function that is not async, and say how to make it so."""
    keyword = "async func*" if function.is_generator else "async func"
    if isinstance(function.node, nodes.StructDef):
        return "the default of a field", "give the field its value when the struct is made"
    if isinstance(function.node, nodes.ArrowExpr):
        return "a plain arrow function", "write `async` before its parameters"
    if function.name is None:
        return "a plain function", f"write `{keyword}(…) {{ … }}`"
    return f"`{function.name}`, which is not async", f"write `{keyword} {function.name.rpartition('.')[2]}(…)`"


# Shapes that parse but mean nothing


@resolves(nodes.CompareExpr)
def compare(r: Resolver, node: nodes.CompareExpr) -> None:
    """`1 < 2 < 3` would compare a bool with a number."""
    if isinstance(node.left, nodes.CompareExpr):
        a, b, c = (r.source.text[slice(*part.span)] for part in (node.left.left, node.left.right, node.right))
        hint = f"write `{a} {node.left.operator} {b} and {b} {node.operator} {c}`"
        r.problem("comparisons cannot be chained", node.span, hint)
    r.children(node)


@resolves(nodes.ExprStmt)
def expr_stmt(r: Resolver, node: nodes.ExprStmt) -> None:
    """An `if` that is a statement needs no `else`."""
    value: Node | None = node.value
    while isinstance(value, nodes.IfExpr):
        r.visit(value.test)
        r.visit(value.body)
        value = value.orelse
    if value is not None:
        r.visit(value)


@resolves(nodes.IfExpr)
def if_expr(r: Resolver, node: nodes.IfExpr) -> None:
    """An `if` whose value is used must have one in every case."""
    last: Node | None = node
    while isinstance(last, nodes.IfExpr):
        last = last.orelse
    if last is None:
        r.problem("`if` without `else` has no value here", node.span, "add `else { … }`")
    branch: Node | None = node
    while isinstance(branch, nodes.IfExpr):
        r.visit(branch.test)
        r.visit(branch.body)
        branch = branch.orelse
    if branch is not None:
        r.visit(branch)
