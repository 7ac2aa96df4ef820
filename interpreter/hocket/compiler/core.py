"""The compiler: dispatch on node types, positions, and where statements go.

Python has no statements inside expressions, Hocket has (`if`, `scope`, `throw`).
So every expression compiles to *statements to emit first, then an expression*:
`expr` returns the expression and emits the statements into the list that is open
(`emit`).  Whoever compiles several operands does it with `operands`, which saves the
ones to the left in temporaries when one to the right had to emit statements, so that
everything still happens from left to right.

The code object of a program is one `async def`; its names that begin with `__` are
the runtime's (`hocket.session` provides them), and no program can spell them.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import CodeType
from typing import Any, NamedTuple, TypeVar

from hocket.errors import TOP_LEVEL, Problem, StaticErrors
from hocket.resolver import Binding, Function, Resolution, unmangle
from hocket.source import Source, Span
from hocket.syntax import nodes
from hocket.syntax.nodes import Node

Compile = Callable[["Compiler", Any], "ast.expr | None"]
C = TypeVar("C", bound=Callable[..., Any])
COMPILES: dict[type[Node], Compile] = {}
# Fields of Python's nodes in which there is nothing that has a position.
BARE = frozenset(
    {"arg", "asname", "attr", "conversion", "ctx", "id", "kind", "name", "op", "ops", "simple", "type_comment"}
)
NESTED_TOO_DEEPLY = "nested too deeply"


def compiles(*types: type[Node]) -> Callable[[C], C]:
    """Mark the function that compiles nodes of `types`: an expression's returns its Python."""

    def mark(function: C) -> C:
        for cls in types:
            COMPILES[cls] = function
        return function

    return mark


class Unit(NamedTuple):
    """A compiled program: the code of its top level, and the method names that it calls."""

    code: CodeType
    methods: frozenset[str]


class Compiler:
    """The compilation of one program."""

    def __init__(
        self, source: Source, resolution: Resolution, suspending: tuple[frozenset[str], ...], docs: dict[int, str]
    ) -> None:
        self.source = source
        self.resolution = resolution
        self.docs = docs
        self.suspending, self.suspending_methods = suspending
        self.methods: set[str] = set()
        # Async functions that never wait, and the variables that they are.
        self.instant: set[Node | Binding] = set()
        self.body: list[ast.stmt] = []
        self.function: Function
        # How many `try` and `scope` blocks of the function are open.
        self.guards = 0
        self._count = 0
        self.deepest: Node | None = None

    # Dispatch

    def expr(self, node: Node) -> ast.expr:
        """Compile an expression."""
        self.deepest = node
        value = COMPILES[type(node)](self, node)
        assert value is not None, f"{type(node).__name__} has no value"
        positioned: ast.expr = self.at(node, value)
        return positioned

    def stmt(self, node: Node) -> None:
        """Compile a statement."""
        self.deepest = node
        COMPILES[type(node)](self, node)

    # Output

    def emit(self, node: Node, statement: ast.stmt) -> None:
        """Add a statement to the open body, at the position of `node`."""
        self.body.append(self.at(node, statement))

    @contextmanager
    def into(self, body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
        """Emit into `body` for the length of the `with` block."""
        outer, self.body = self.body, body
        yield body
        self.body = outer

    @contextmanager
    def inside(self, function: Function) -> Iterator[None]:
        """Compile the inside of `function` for the length of the `with` block."""
        outer, guards = self.function, self.guards
        self.function, self.guards = function, 0
        yield
        self.function, self.guards = outer, guards

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Compile what stands in a `try` or `scope` for the length of the `with` block."""
        self.guards += 1
        yield
        self.guards -= 1

    def at(self, node: Node, python: Any) -> Any:
        """Give `python` the position of `node` in the source, and what is inside it unless it has one."""
        return self.at_span(node.span, python)

    def at_span(self, span: Span, python: Any) -> Any:
        """Give `python` a position in the source, and what is inside it unless it has one."""
        line, end_line, column, end_column = self.position(span)
        place(python, line, column, end_line, end_column)
        return python

    def position(self, span: Span) -> tuple[int, int, int, int]:
        """Return `span` as the key of `Source.notes`: line, end line, column, end column."""
        line, column = self.source.python_position(span.start)
        end_line, end_column = self.source.python_position(span.end)
        return line, end_line, column, end_column

    def temp(self) -> str:
        """Return a new local name that no program can spell."""
        self._count += 1
        return f"__{self._count}"

    def save(self, node: Node, value: ast.expr) -> ast.Name:
        """Emit an assignment of `value` to a temporary; return the temporary."""
        name = self.temp()
        self.emit(node, ast.Assign([store(name)], value))
        return load(name)

    # Operands

    def operands(self, children: Iterable[Node]) -> list[ast.expr]:
        """Compile expressions so that they are evaluated in order, whatever they must emit."""
        return self.ordered([(child, self.expr) for child in children])

    def ordered(self, parts: list[tuple[Any, Callable[[Any], ast.expr]]]) -> list[ast.expr]:
        """Compile each part by its function; save what is to the left of emitted statements."""
        results: list[ast.expr] = []
        for node, compile_ in parts:
            mark = len(self.body)
            value = compile_(node)
            if len(self.body) > mark:
                self.spill(results, mark)
            results.append(value)
        return results

    def spill(self, results: list[ast.expr], mark: int) -> None:
        """Save `results` in temporaries, before the statements from `mark` on."""
        saved: list[ast.stmt] = []
        for index, value in enumerate(results):
            if is_fixed(value):
                continue
            starred = isinstance(value, ast.Starred)
            inner = value.value if isinstance(value, ast.Starred) else value
            name = self.temp()
            assign = ast.copy_location(ast.Assign([store(name)], inner), inner)
            saved.append(fill(assign))
            results[index] = ast.Starred(load(name), ast.Load()) if starred else load(name)
        self.body[mark:mark] = saved

    def simple(self, value: ast.expr, fixed: bool = False) -> tuple[ast.expr, ast.expr]:
        """Return `value` as an expression to evaluate first, and one to use afterwards, often.

        With `fixed` a variable is copied too: something may assign it in between.
        """
        if is_fixed(value) or (isinstance(value, ast.Name) and not fixed):
            return value, value
        name = self.temp()
        return ast.NamedExpr(store(name), value), load(name)

    def simple_pair(self, left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr, ast.expr, ast.expr]:
        """Return `simple` of two operands, evaluated from left to right."""
        return *self.simple(left, fixed=not is_simple(right)), *self.simple(right)

    # Names

    def load_binding(self, binding: Binding) -> ast.expr:
        """Return the expression that reads a variable."""
        if binding.kind == "field":
            return ast.Attribute(load(binding.python), binding.name, ast.Load())
        if binding.is_boxed:
            return ast.Attribute(load(binding.python), "v", ast.Load())
        return load(binding.python)

    def store_binding(self, binding: Binding) -> ast.expr:
        """Return the target that assigns a variable."""
        if binding.is_boxed:
            return ast.Attribute(load(binding.python), "v", ast.Store())
        return store(binding.python)

    def boxes(self, owner: Node) -> None:
        """Emit new boxes for the variables of `owner` that closures in loops keep."""
        for binding in self.resolution.declared.get(owner, ()):
            if binding.is_boxed:
                self.emit(owner, ast.Assign([store(binding.python)], call("__Box")))

    def problem(self, message: str, span: Span, hint: str | None = None) -> StaticErrors:
        """Return a static error, to be raised."""
        return StaticErrors([Problem(message, self.source, span, hint)])


def compile_program(
    source: Source,
    program: nodes.Program,
    resolution: Resolution,
    suspending: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
    docs: Mapping[int, str] | None = None,
) -> Unit:
    """Compile a resolved program; raises StaticErrors where Python's limits are passed.

    `suspending` names the builtins that wait where that is possible, and the methods that do; `docs` has the
    documentation of functions by the offset of their text.
    """
    compiler = Compiler(source, resolution, suspending, dict(docs or {}))
    try:
        compiler.stmt(program)
        module = ast.Module(compiler.body, [])
        with warnings.catch_warnings():
            # What Python finds suspicious, such as the index "a" of a list, is the program's to try.
            warnings.simplefilter("ignore")
            code = compile(module, source.filename, "exec", dont_inherit=True)
    except RecursionError:
        node = compiler.deepest or program
        hint = "split it into several statements"
        raise compiler.problem(NESTED_TOO_DEEPLY, node.span, hint) from None
    except SyntaxError as error:
        raise compiler.problem(*python_limit(source, error)) from None
    source.register()
    top = next(const for const in code.co_consts if isinstance(const, CodeType))
    return Unit(rename(top).replace(co_name=TOP_LEVEL, co_qualname=TOP_LEVEL), frozenset(compiler.methods))


def python_limit(source: Source, error: SyntaxError) -> tuple[str, Span, str]:
    """Say which of CPython's limits a program passes."""
    start = source.offset(error.lineno or 1, error.offset or 0)
    line = source.position(start)[0]
    span = Span(start, max(start, source.starts[line - 1] + len(source.line(line))))
    if "too many statically nested blocks" in str(error):
        return (
            "more loops, `try` and `scope` blocks inside each other than Python can nest",
            span,
            "move the inner ones to a function",
        )
    return f"Python cannot run this: {error.msg}", span, "split it into several statements"


def rename(code: CodeType) -> CodeType:
    """Give functions the names that the program knows them by."""
    consts = tuple(rename(const) if isinstance(const, CodeType) else const for const in code.co_consts)
    name = unmangle(code.co_name)
    if name in ("<lambda>", ""):
        name = "anonymous"
    return code.replace(co_consts=consts, co_name=name, co_qualname=name)


# Python's AST in short


def load(name: str) -> ast.Name:
    """Return a name that is read."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    """Return a name that is assigned."""
    return ast.Name(name, ast.Store())


def call(function: str | ast.expr, *args: ast.expr) -> ast.Call:
    """Return a call of a runtime name or an expression."""
    return ast.Call(load(function) if isinstance(function, str) else function, list(args), [])


def is_fixed(value: ast.expr) -> bool:
    """Whether evaluating `value` later gives the same: a constant, or a temporary."""
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id.startswith("__"))


def is_simple(value: ast.expr) -> bool:
    """Whether evaluating `value` does nothing else, so that it may stand twice in the code."""
    return isinstance(value, ast.Name | ast.Constant)


@cache
def parts(cls: type[ast.AST]) -> tuple[bool, tuple[str, ...]]:
    """Return whether nodes of `cls` have a position, and which of their fields may hold nodes that have."""
    return "lineno" in cls._attributes, tuple(name for name in cls._fields if name not in BARE)


def place(python: Any, line: int, column: int, end_line: int, end_column: int) -> None:
    """Set the position of `python` and of everything inside that has none."""
    work: list[Any] = [python]
    while work:
        item = work.pop()
        is_placed, names = parts(item.__class__)
        if is_placed:
            if hasattr(item, "lineno"):
                continue
            item.lineno, item.col_offset = line, column
            item.end_lineno, item.end_col_offset = end_line, end_column
        for name in names:
            value = getattr(item, name, None)
            if isinstance(value, ast.AST):
                work.append(value)
            elif isinstance(value, list):
                work.extend(child for child in value if isinstance(child, ast.AST))


def fill(python: ast.stmt) -> ast.stmt:
    """Give what is inside `python` its position, where it has none."""
    for child in ast.iter_child_nodes(python):
        place(child, python.lineno, python.col_offset, python.end_lineno or 1, python.end_col_offset or 0)
    return python
