"""How values look: as `print` writes them, as a cell's result, and under a format spec.

`print_text` is for people and for comparing outputs: strings bare, floats without
exponent, dict keys in order.  `show` is source text: what could be typed to get the
value, shortened where that would be unreadable.  A value that contains itself is
shown as `[...]` where it comes round again.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any, Protocol, runtime_checkable

from hocket import errors
from hocket.runtime.objects import is_foreign
from hocket.runtime.ranges import Range
from hocket.runtime.registry import STDLIB
from hocket.runtime.sets import SETS, Set
from hocket.runtime.structs import Struct, StructType, operator_of, values_of
from hocket.source import Source

_CYCLE = "[...]"
_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, functools.partial)


@runtime_checkable
class Fielded(Protocol):
    """A value of ours that prints as `Name { field: value }`."""

    def print_fields(self) -> dict[str, Any]:
        """Return what to print, by name."""


@runtime_checkable
class Labelled(Protocol):
    """A value of ours with a text of its own, such as `<promise pending>`."""

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the text; `text` is for the values it holds."""


def print_text(value: Any) -> str:
    """Return the text that `print` writes for `value`."""
    return value if type(value) is str else _text(value, ())


def _text(value: Any, around: tuple[int, ...]) -> str:
    simple = _SIMPLE.get(type(value))
    if simple is not None:
        return simple(value)
    if id(value) in around:
        return _CYCLE
    around = (*around, id(value))
    if isinstance(value, dict):
        pairs = (f'"{_key_text(key)}": {_text(value[key], around)}' for key in sorted_keys(value))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([_text(item, around) for item in value]) + "]"
    if isinstance(value, SETS):
        texts = [_text(item, around) for item in value]
        return "Set{" + ", ".join(texts if isinstance(value, Set) else sorted(texts, key=_natural)) + "}"
    if isinstance(value, Struct):
        own = operator_of(value, "op_str")
        if own is not None:
            return _text(own(value), around)
        # Long chains of structs are common: as few calls for each as can be.
        fields = [f"{name}: {_text(getattr(value, name), around)}" for name in sorted(type(value).__fields__)]
        return f"{type(value).__name__} {{ {', '.join(fields)} }}" if fields else f"{type(value).__name__} {{}}"
    return _object_text(value, lambda inner: _text(inner, around))


def number_text(value: int | float) -> str:
    """Return a number as printed: floats shortest, without `.0` and without exponent."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


_SIMPLE: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    float: number_text,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    bytes: lambda value: f"bytes[{', '.join(map(str, value))}]",
    bytearray: lambda value: f"bytes[{', '.join(map(str, value))}]",
    Range: repr,
}


def _key_text(key: Any) -> str:
    return key if isinstance(key, str) else print_text(key)


def sorted_keys(entries: dict[Any, Any]) -> list[Any]:
    """Return the keys of `entries`: numbers in order first, then the rest by their text."""
    return sorted(entries, key=lambda key: (0, key, "") if _is_number(key) else (1, 0, _key_text(key)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _natural(text: str) -> tuple[int, float, str]:
    """Order key that puts texts of numbers first, by value."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _object_text(value: Any, text: Callable[[Any], str], python: Callable[[Any], str] = str) -> str:
    if isinstance(value, errors.Error):
        return _fields_text(value.type, _error_fields(value), text)
    if isinstance(value, StructType):
        return value.label(text)
    if isinstance(value, GeneratorType):
        return f"<generator {value.__name__.rstrip('_')}>"
    if isinstance(value, type):
        return f"<class {value.__name__}>"
    if type(value).__module__.startswith("hocket"):  # a Python object's `label` is something else
        if isinstance(value, Labelled):
            return value.label(text)
        if isinstance(value, Fielded):
            return _fields_text(type(value).__name__, value.print_fields(), text)
    if isinstance(value, ModuleType):
        return f"<module {value.__name__}>"
    if isinstance(value, _FUNCTIONS) or hasattr(value, "direct"):
        return function_text(value)
    return python(value)


def representation(value: Any) -> str:
    """Return Python's source form of an object, its class if it has none that works."""
    try:
        return repr(value)
    except (Exception, SystemExit, KeyboardInterrupt):  # noqa: BLE001  a value is shown whatever its `__repr__` does
        return f"<{type(value).__name__}>"


def _fields_text(name: str, fields: dict[str, Any], text: Callable[[Any], str]) -> str:
    shown = ", ".join(f"{field}: {text(fields[field])}" for field in sorted(fields))
    return f"{name} {{ {shown} }}" if shown else f"{name} {{}}"


def _error_fields(error: errors.Error) -> dict[str, Any]:
    return {"line": error.line, "message": error.message, "stack": error.stack, **error.fields}


def function_text(function: Any) -> str:
    """Return `<func add>` for a program's function, `<native function: len>` for the library's."""
    while True:
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if inner is None:
            break
        function = inner
    code = getattr(function, "__code__", None)
    name = getattr(function, "__name__", type(function).__name__)
    if code is not None and Source.of(code.co_filename) is not None:
        return f"<func {'anonymous' if name.startswith('<') else name}>"
    builtin = STDLIB.of_code(code)
    return f"<native function: {builtin.name if builtin is not None else name}>"


_WIDTH = 100
_ITEMS = 100
_DEPTH = 8
_BUDGET = 1000
_TEXT = 10_000
_BRIEF = 500
_LINE_BREAK = re.compile(r"\s*\n\s*")


def show(value: Any) -> str:
    """Return `value` as source text, the form in which a cell's result is shown.

    Long collections, deep nesting and very long strings are shortened; an array of
    flat dicts becomes a table.
    """
    table = tabulate(value)
    if table is not None:
        text = _table_text(*table)
        if text is not None:
            return text
    return _Shower().show(value, 0, ())


def brief(value: Any) -> str:
    """Return `value` as source text on one line, with `…` where it is cut."""
    text = _LINE_BREAK.sub(" ", _Shower().show(value, 0, ()))
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}…"


class _Shower:
    """One `show`: counts what it has written, so that the whole stays readable."""

    def __init__(self) -> None:
        self.left = _BUDGET

    def show(self, value: Any, indent: int, around: tuple[int, ...]) -> str:
        self.left -= 1
        if isinstance(value, str):
            return source_string(value)
        if isinstance(value, float):
            return repr(value) if math.isfinite(value) else number_text(value)
        if not isinstance(value, (list, tuple, dict, *SETS)):
            return _SIMPLE[type(value)](value) if type(value) in _SIMPLE else self._object(value, indent, around)
        if id(value) in around:
            return _CYCLE
        opening, closing = self._brackets(value)
        if not value:
            return opening + closing
        if len(around) >= _DEPTH:
            return f"{opening}…{closing}"
        inner = (*around, id(value))
        return self._lay_out(opening, self._parts(value, indent, inner), closing, indent)

    def _object(self, value: Any, indent: int, around: tuple[int, ...]) -> str:
        if id(value) in around:
            return _CYCLE
        inner = (*around, id(value))
        if isinstance(value, Struct):
            return self._struct(value, indent, inner)
        if len(around) >= _DEPTH:
            return _object_text(value, lambda item: "…", representation)
        return _object_text(value, lambda item: self.show(item, indent, inner), representation)

    def _struct(self, value: Struct, indent: int, around: tuple[int, ...]) -> str:
        name = type(value).__name__
        if len(around) > _DEPTH or self.left <= 0:
            return f"{name} {{…}}"
        fields = values_of(value).items()
        parts = [f"{field}: {self.show(held, indent + 2, around)}" for field, held in fields]
        line = f"{name} {{ {', '.join(parts)} }}" if parts else f"{name} {{}}"
        if indent + len(line) <= _WIDTH and "\n" not in line:
            return line
        margin = " " * (indent + 2)
        return f"{name} {{\n" + ",\n".join(margin + part for part in parts) + f"\n{' ' * indent}}}"

    def _brackets(self, value: Any) -> tuple[str, str]:
        if isinstance(value, list | tuple):
            return "[", "]"
        return ("{", "}") if isinstance(value, dict) else ("Set{", "}")

    def _parts(self, value: Any, indent: int, around: tuple[int, ...]) -> list[str]:
        items: Iterable[Any] = value.items() if isinstance(value, dict) else value
        if isinstance(value, set | frozenset):
            items = sorted(value, key=lambda item: _natural(print_text(item)))
        parts: list[str] = []
        for count, item in enumerate(items):
            if count == _ITEMS or self.left <= 0:
                parts.append(f"… {len(value) - count} more")
                break
            if isinstance(value, dict):
                key, held = item
                parts.append(f"{self.show(key, 0, around)}: {self.show(held, indent + 2, around)}")
            else:
                parts.append(self.show(item, indent + 2, around))
        return parts

    def _lay_out(self, opening: str, parts: list[str], closing: str, indent: int) -> str:
        """Put `parts` on one line if they fit, short ones several to a line, else one to a line."""
        line = f"{opening}{', '.join(parts)}{closing}"
        if indent + len(line) <= _WIDTH and "\n" not in line:
            return line
        margin = " " * (indent + 2)
        lines: list[str] = []
        for part in parts:
            last = lines[-1] if lines else ""
            if opening == "[" and last and len(part) <= 20 and len(margin) + len(last) + len(part) + 2 <= _WIDTH:
                lines[-1] = f"{last}, {part}"
            else:
                lines.append(part)
        return f"{opening}\n" + ",\n".join(margin + line for line in lines) + f"\n{' ' * indent}{closing}"


_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "\\": "\\\\", '"': '\\"'}


def source_string(text: str) -> str:
    """Return the literal for `text`; of a very long one only the beginning."""
    if len(text) <= _TEXT:
        return string_literal(text)
    return f'{string_literal(text[:_TEXT])[:-1]}…" ({len(text)} characters)'


def string_literal(text: str) -> str:
    """Return the literal for `text`, whole."""
    parts = [_ESCAPES.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):x}}}") for char in text]
    return '"' + "".join(parts).replace("${", "\\${") + '"'


def tabulate(value: Any) -> tuple[list[str], list[list[Any]]] | None:
    """Return columns and rows if `value` is an array of flat dicts, else None.

    A key that a row lacks is None there.
    """
    if not isinstance(value, list) or len(value) < 2:
        return None
    columns: dict[str, None] = {}
    for row in value:
        if not isinstance(row, dict) or not row:
            return None
        for key, cell in row.items():
            if not isinstance(key, str) or isinstance(cell, (list, dict, tuple, *SETS)) or callable(cell):
                return None
            columns[key] = None
    if len(columns) > 12:
        return None
    return list(columns), [[row.get(column) for column in columns] for row in value]


def _table_text(columns: list[str], rows: list[list[Any]]) -> str | None:
    """Return the table as text, or None if it is too wide or a cell has several lines."""
    shown = rows[:_ITEMS]
    cells = [["" if cell is None else print_text(cell) for cell in row] for row in shown]
    if any("\n" in cell for row in (columns, *cells) for cell in row):
        return None
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    if sum(widths) + 3 * len(widths) > _WIDTH:
        return None
    numeric = [all(cell is None or _is_number(cell) for cell in column) for column in zip(*shown, strict=True)]

    def line(row: list[str]) -> str:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        return " │ ".join(padded).rstrip()

    lines = [line(columns), "─┼─".join("─" * width for width in widths), *map(line, cells)]
    if len(rows) > len(shown):
        lines.append(f"… {len(rows) - len(shown)} more rows")
    return "\n".join(lines)


_SPEC = re.compile(
    r"(?:(?P<fill>.)?(?P<align>[<>=^]))?(?P<sign>[-+ ])?(?P<alt>z?\#?)(?P<zero>0)?(?P<width>\d+)?"
    r"(?P<group>[_,])?(?:\.(?P<precision>\d+))?(?P<kind>[bcdeEfFgGnosxX%])?",
    re.DOTALL,
)
_FORMATS = "for example `.2f`, `>10`, `08.3f`, `,`"
_INT_KINDS = frozenset("bcdoxX")


def format_value(value: Any, spec: str) -> str:
    """Return `value` under a Python format spec, as in `${value:.2f}`.

    A spec without a number format pads the print text, numbers to the right.
    Raises ValueError for a spec that is none, or is for another type of value.
    """
    if formats_itself(type(value)):
        return format(value, spec)
    parts = _SPEC.fullmatch(spec)
    if parts is None:
        raise errors.ValueError(f"invalid format: {spec}", hint=_FORMATS)
    number = _is_number(value)
    kind = parts["kind"]
    numeric = kind not in (None, "s") or any(parts[name] for name in ("sign", "alt", "zero", "group"))
    try:
        if number and (numeric or parts["precision"]):
            whole = kind in _INT_KINDS and isinstance(value, float) and value.is_integer()
            return format(int(value) if whole else value, spec)
        if numeric:
            raise _misfit(spec, "numbers", value)
        aligned = spec if not number or parts["align"] else f">{spec}"
        return format(print_text(value), aligned)
    except OverflowError:
        raise errors.ValueError(f"the number is too large for format {spec}") from None
    except ValueError:
        if kind in _INT_KINDS and isinstance(value, float):
            raise _misfit(spec, "ints", value) from None
        raise errors.ValueError(f"invalid format: {spec}", hint=_FORMATS) from None


def formats_itself(cls: type) -> bool:
    """Whether values of `cls` are Python objects with formats of their own, as dates and decimals are."""
    own: Any = cls.__format__
    return is_foreign(cls) and own is not object.__format__


def _misfit(spec: str, wanted: str, value: Any) -> errors.ValueError:
    from hocket.runtime.values import type_name

    return errors.ValueError(f"format {spec} is for {wanted}, got {type_name(value)}")
