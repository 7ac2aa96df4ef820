"""Parameters of notebooks that papermill runs: `papermill in.ipynb out.ipynb -p n 5`.

Papermill has no entry point for languages, but loads those for engines when it starts:
loading this one makes the language known.  The engine itself is papermill's own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

from hocket.errors import StaticErrors
from hocket.runtime.display import string_literal
from hocket.source import Source
from hocket.syntax import nodes, parser

_TYPES: dict[type, str] = {
    nodes.IntExpr: "int",
    nodes.DurationExpr: "int",
    nodes.FloatExpr: "float",
    nodes.StringExpr: "string",
    nodes.FormatExpr: "string",
    nodes.TrueExpr: "bool",
    nodes.FalseExpr: "bool",
    nodes.ListExpr: "array",
    nodes.DictExpr: "dict",
    nodes.NullExpr: "null",
}
_HELP = re.compile(r"[ \t;]*(?:#|//)[ \t]*([^\n]*)")


class HocketTranslator(Translator):  # type: ignore[misc]
    """Writes values as source text, and reads which parameters a notebook has."""

    @classmethod
    def translate_escaped_str(cls, str_val: Any) -> str:
        """Return a string that means its text, also where that has `${` in it; all that is no JSON is one."""
        return string_literal(str(str_val))

    @classmethod
    def translate_none(cls, val: None) -> str:
        """Return null."""
        return "null"

    @classmethod
    def translate_float(cls, val: float) -> str:
        """Return a float; those that no literal has are read from a string."""
        return repr(val) if math.isfinite(val) else f'to_float("{val}")'

    @classmethod
    def translate_list(cls, val: list[Any]) -> str:
        """Return an array."""
        return f"[{', '.join(map(cls.translate, val))}]"

    @classmethod
    def translate_dict(cls, val: dict[Any, Any]) -> str:
        """Return a dict; keys that are no strings stay what they are."""
        keys = (cls.translate(key) if isinstance(key, str) else f"[{cls.translate(key)}]" for key in val)
        return f"{{{', '.join(f'{key}: {cls.translate(held)}' for key, held in zip(keys, val.values(), strict=True))}}}"

    @classmethod
    def comment(cls, cmt_str: str) -> str:
        """Return a comment."""
        return f"# {cmt_str}".strip()

    @classmethod
    def assign(cls, name: str, str_val: str) -> str:
        """Return a definition: a new variable, or a new value of the one in the parameters' cell."""
        return f"{name} := {str_val}"

    @classmethod
    def inspect(cls, parameters_cell: Any) -> list[Parameter]:
        """Return the variables of the cell with type, default and the comment behind it.

        A cell with a mistake has none: running it tells.
        """
        source = Source("parameters", parameters_cell["source"])
        try:
            program = parser.parse(source).program
        except StaticErrors:
            return []
        return list(_parameters(source, program))


def _parameters(source: Source, program: nodes.Program) -> Iterator[Parameter]:
    for statement in program.body:
        if isinstance(statement, nodes.LetStmt):
            target, annotation = statement.pattern, statement.type
        elif isinstance(statement, nodes.DefineStmt | nodes.AssignStmt):
            target, annotation = statement.target, None
        else:
            continue
        name, default = _text(source, target), _text(source, statement.value)
        if name.isidentifier():
            type_name = _type_name(statement.value) if annotation is None else _text(source, annotation)
            comment = _HELP.match(source.text, statement.span.end)
            yield Parameter(name, type_name, default, comment[1].strip() if comment else "")


def _type_name(value: nodes.Node) -> str:
    """Return the type of a literal, and what papermill calls an unknown one."""
    return _TYPES.get(type(value.value if isinstance(value, nodes.NegExpr) else value), "None")


def _text(source: Source, node: nodes.Node) -> str:
    return source.text[node.span.start : node.span.end]


class Engine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine: an entry point must name one."""


papermill_translators.register("hocket", HocketTranslator)
