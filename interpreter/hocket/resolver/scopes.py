"""Variables, functions and scopes: what the resolver finds and the compiler needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hocket import errors
from hocket.errors import Problem
from hocket.source import Span
from hocket.syntax.nodes import Node

IMMUTABLE = ("let", "const", "struct", "enum")


@dataclass(eq=False, slots=True)
class Binding:
    """One variable.

    `kind` is `let`, `mut`, `const`, `function`, `enum`, `struct`, `parameter`, `loop`, `case`,
    `error`, `field`, `module`, `import` (of a member of one, or of Python), `session` (of an earlier cell) or
    `library`.  `function` is the function whose local it is, None for names of the session and the
    library.  `python` is its name in the generated code; of a field, that of the struct it is read
    from.  `fields` are those of the struct that the variable holds, as far as that is certain: a
    method's `self`.
    """

    name: str
    kind: str
    function: Function | None
    python: str
    span: Span
    in_loop: bool = False
    captured: bool = False
    is_assigned: bool = False
    fields: frozenset[str] = frozenset()

    @property
    def is_global(self) -> bool:
        """Whether it lives in the session's namespace."""
        return self.function is None

    @property
    def is_boxed(self) -> bool:
        """Whether closures must keep this turn's variable apart from the next turn's."""
        return self.in_loop and self.captured


@dataclass(eq=False, slots=True)
class Function:
    """What the compiler must know about a function, or about the top level."""

    node: Node
    name: str | None
    is_async: bool
    outer: Function | None
    # Python name of a parameter before the others that the program does not write.
    receiver: str | None = None
    is_generator: bool = False
    globals: set[str] = field(default_factory=set)
    nonlocals: set[Binding] = field(default_factory=set)
    free: set[Binding] = field(default_factory=set)

    @property
    def boxes(self) -> list[Binding]:
        """The boxes of the function around it that this one keeps."""
        return sorted((b for b in self.free if b.is_boxed and b.function is self.outer), key=lambda b: b.python)


@dataclass(eq=False, slots=True)
class Scope:
    """The names of one `{ }`, one loop or one function, whose node is `owner`.

    `loops` counts the loops around it within its function; `holder` is the innermost
    `scope`, `timeout` or `shield` around it there.
    """

    function: Function
    outer: Scope | None
    owner: Node
    loops: int = 0
    holder: Node | None = None
    names: dict[str, Binding] = field(default_factory=dict)


@dataclass(slots=True)
class Environment:
    """What is known before the program: the session's variables and their kinds, and the library."""

    session: Mapping[str, str]
    library: Iterable[str]
    error_types: Iterable[str]


@dataclass(slots=True)
class Resolution:
    """What was found, by node, and the problems.

    `declared` lists the local variables of a block, loop, handler or function;
    `selecting` holds the `except NAME` clauses and `case` types whose name is an error type or,
    of a clause, a struct; `types` what the other types in a `case` mean, a name or what reads an
    enum; `top` the
    variables that the top level declares, `exports` those that it marks with `export`.
    """

    bindings: dict[Node, Binding] = field(default_factory=dict)
    functions: dict[Node, Function] = field(default_factory=dict)
    declared: dict[Node, list[Binding]] = field(default_factory=dict)
    selecting: set[Node] = field(default_factory=set)
    types: dict[Node, str | Node] = field(default_factory=dict)
    top: dict[str, Binding] = field(default_factory=dict)
    exports: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def mangle(name: str) -> str:
    """Return the Python name of a session variable or parameter: three names cannot be used there."""
    return f"{name}'" if name in ("None", "True", "False") else name


def unmangle(name: str) -> str:
    """Return the program's name for a Python name of the generated code."""
    return name.partition("'")[0]


FOREIGN = {
    "True": "true",
    "False": "false",
    "nil": "null",
    "undefined": "null",
    "NULL": "null",
    "this": "self",
    "console": "print(…)",
    "printf": "print(…)",
    "puts": "print(…)",
    "setTimeout": "after(ms, f)",
    "setInterval": "for await _ in interval(ms) { … }",
    "echo": "print(…)",
    "vec": "[]",
    "Vec": "[]",
    "HashMap": "{}",
    "strlen": "len(s)",
    "next": "it.next()",
    "defer": "try { … } finally { … }",
    "go": "spawn f(x)",
    "chan": "channel()",
    "asyncio": "async_sleep(ms)",
    "gather": "promise_all(xs)",
    "race": "promise_race(xs)",
    "create_task": "spawn f(x)",
    "timeout": "timeout 1s { … }",
    "scope": "scope { … }",
    "shield": "shield { … }",
    "lock": "mutex()",
    "Lock": "mutex()",
    "open": "open_file(path)",
    "nullptr": "null",
    "isinstance": "type(x)",
    "int": "to_int(x)",
    "float": "to_float(x)",
    "bool": "to_bool(x)",
    "JSON": "parse_json(text)` or `to_json(value)",
    "from": "for x in xs { yield x }",
    "pass": "{ }",
    "Math": "floor(x)` for `Math.floor(x)",
    "String": "to_string(x)",
    "Number": "to_float(x)",
    "Boolean": "to_bool(x)",
    "Map": "{}",
    "list": "collect(x)",
    "tuple": "[a, b]",
    "set": "Set(xs)",
    "sorted": "sort(xs)",
    "reversed": "reverse(xs)",
    "hex": "${x:x}",
    "divmod": "[a / b, a % b]",
    "fmt": "print(…)",
    "Object": "d.keys()",
    "Date": "now()",
    "require": "import m",
    **{name: f"import py.{name}" for name in ("datetime", "json", "math", "os", "re", "sys")},
}
"""Names of other languages, and of Ruff's library that are not in ours, and what to write here."""

_TYPES = """
    int float string bool array dict set bytes range function asyncfunction promise taskhandle
    result option error enum module channel
"""
TYPES = frozenset(_TYPES.split())
"""What `type(x)` may say, for `case int n`."""


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a hint with the nearest of the `known` names, if one is near."""
    if name in FOREIGN:
        return f"write `{FOREIGN[name]}`"
    return errors.did_you_mean(name, {n for n in known if not n.startswith("_")})
