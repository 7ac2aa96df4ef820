"""Rules about variables, and about what is never reached."""

from __future__ import annotations

from hocket.resolver import Binding
from hocket.rules.core import Found, Tree, rule
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

LITERALS = (
    nodes.IntExpr, nodes.FloatExpr, nodes.DurationExpr, nodes.StringExpr, nodes.FormatExpr, nodes.ListExpr,
    nodes.DictExpr, nodes.TrueExpr, nodes.FalseExpr, nodes.NullExpr,
)  # fmt: skip
LEAVING = {nodes.ReturnStmt: "return", nodes.BreakStmt: "break", nodes.ContinueStmt: "continue"}
HOISTED = (nodes.FuncDef, nodes.StructDef, nodes.EnumDef)
IMPORTS = (nodes.ImportStmt, nodes.ImportedName)


@rule("field-not-assigned")
def field_not_assigned(tree: Tree) -> Found:
    """In a method without `self` a field can be read as a name; assigning that makes a local."""
    for binding in tree.values:
        if is_taken_for_field(tree, binding):
            name = binding.name
            hint = f"make `self` the method's first parameter, and write `self.{name} := …`"
            yield binding.span, f"this makes a local `{name}`; the field stays as it is", hint


def is_taken_for_field(tree: Tree, binding: Binding) -> bool:
    """Whether a local that an assignment makes in a method without `self` has the name of a field."""
    function = binding.function
    while function is not None and function.receiver is None:
        function = function.outer
    struct = tree.parents[function.node] if function is not None else None
    is_field = isinstance(struct, nodes.StructDef) and any(field.name == binding.name for field in struct.fields)
    return is_field and binding.kind == "mut" and not isinstance(tree.statement(binding), nodes.LetStmt)


@rule("unused-variable")
def unused_variable(tree: Tree) -> Found:
    """A local that nothing reads."""
    stored = {node.target for node in tree.nodes if isinstance(node, nodes.DefineStmt | nodes.AssignStmt)}
    read = {binding for node, binding in tree.bindings.items() if not is_declaration(node) and node not in stored}
    for binding, value in tree.values.items():
        if binding.is_global or binding in read or binding.name.startswith("_") or is_taken_for_field(tree, binding):
            continue
        if not isinstance(value, nodes.SpawnExpr | nodes.SpawnBlockExpr) and not is_tried(tree, binding):
            yield binding.span, f"`{binding.name}` is never used", f"remove it, or call it `_{binding.name}`"


def is_tried(tree: Tree, binding: Binding) -> bool:
    """Whether a variable is made in a `try`, perhaps only to see what happens."""
    block = tree.parents[tree.statement(binding)]
    return isinstance(block, nodes.Block) and isinstance(tree.parents[block], nodes.TryStmt)


def is_declaration(node: Node) -> bool:
    """Whether a node stands for a variable that it makes."""
    return not isinstance(node, nodes.NameExpr | nodes.Shorthand | nodes.ExceptName)


@rule("never-reached")
def never_reached(tree: Tree) -> Found:
    """What stands behind a `return`, `break`, `continue` or `throw`."""
    for block in [tree.program, *tree.nodes]:
        if not isinstance(block, nodes.Block | nodes.Program):
            continue
        word = None
        for statement in block.body:
            if isinstance(statement, nodes.ExportStmt):
                statement = statement.declaration
            if word is not None and not isinstance(statement, HOISTED):
                line = tree.source.position(statement.span.start)[0]
                end = min(statement.span.end, tree.source.starts[line - 1] + len(tree.source.line(line)))
                yield statement.span._replace(end=end), f"this is never reached: `{word}` stands before it", None
                break
            word = word or leaving(statement)


def leaving(statement: Node) -> str | None:
    """Return the word of a statement behind which nothing is reached."""
    if isinstance(statement, nodes.ExprStmt) and isinstance(statement.value, nodes.ThrowExpr):
        return "throw"
    return LEAVING.get(type(statement))


@rule("shadowed-builtin")
def shadowed_builtin(tree: Tree) -> Found:
    """A variable that certainly is no function is called by the name of a builtin."""
    for call in tree.nodes:
        if not isinstance(call, nodes.CallExpr) or not isinstance(call.function, nodes.NameExpr):
            continue
        binding = tree.bindings[call.function]
        if binding.name in tree.known.library and is_fixed(tree, binding):
            line = tree.source.position(binding.span.start)[0]
            message = f"`{binding.name}` is the variable of line {line} here, not the builtin"
            yield call.function.span, message, "give the variable another name"


def is_fixed(tree: Tree, binding: Binding) -> bool:
    """Whether a variable only ever holds a literal."""
    return isinstance(tree.values.get(binding), LITERALS) and not is_reassigned(tree, binding)


def is_reassigned(tree: Tree, binding: Binding) -> bool:
    """Whether a variable is assigned again."""
    targets = [node.target for node in tree.nodes if isinstance(node, nodes.DefineStmt | nodes.AssignStmt)]
    return any(
        isinstance(target, nodes.NameExpr) and tree.bindings[target] is binding and target.name.span != binding.span
        for target in targets
    )


@rule("unused-import")
def unused_import(tree: Tree) -> Found:
    """A module or a name that is imported and never read; of no use in a cell, whose names later ones may read."""
    read = {id(binding) for node, binding in tree.bindings.items() if not isinstance(node, IMPORTS)}
    for node in tree.nodes:
        if isinstance(node, IMPORTS) and not is_exported(tree, node) and id(tree.bindings[node]) not in read:
            yield node.bound.span, f"`{node.bound}` is imported and never used", "remove it"


def is_exported(tree: Tree, node: Node) -> bool:
    """Whether an import is passed on to whoever imports this module."""
    statement = tree.parents[node] if isinstance(node, nodes.ImportedName) else node
    return isinstance(tree.parents[statement], nodes.ExportStmt)
