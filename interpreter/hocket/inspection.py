"""What Shift-Tab shows: how a thing is called, its documentation, where it is defined, its value."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from hocket.completion import is_python, python_function, value_of, written
from hocket.cursor import Chain, Place, look
from hocket.runtime import objects
from hocket.runtime.enums import Enum, Variant
from hocket.runtime.objects import MISSING
from hocket.runtime.registry import STDLIB, Builtin
from hocket.runtime.structs import StructType, bound
from hocket.runtime.tasks import AsyncFunction
from hocket.runtime.values import show, type_name
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.session import Session

WORD = re.compile(r"\w*")


class Description(NamedTuple):
    """The same description as plain text and as Markdown."""

    text: str
    markdown: str


def describe(session: Session, text: str, cursor: int) -> Description | None:
    """Describe the name at `cursor`, or the function whose arguments are being typed there."""
    word = WORD.match(text, cursor)
    place = look(text[: word.end() if word else cursor])
    for chain in (touched(place), place.callee):
        if chain is None:
            continue
        value = value_of(session, chain)
        builtin = None
        if chain.steps:
            builtin = of_function(value) or method_named(chain, value)
        elif chain.name is not None and chain.name not in session.variables:
            builtin = STDLIB.functions.get(chain.name)
        if builtin is not None:
            return of_builtin(builtin)
        if value is not MISSING:
            return of_value(chain.text, value)
    return None


def touched(place: Place) -> Chain | None:
    """Return the chain whose last name the cursor touches."""
    if place.string is not None or not place.word:
        return None
    if not place.is_member:
        return Chain(place.word, place.word, None, ())
    # Of a value that is not known: there may be one method of the name.
    return (place.owner or Chain("", None, MISSING, ())).then(place.word)


def of_function(value: Any) -> Builtin | None:
    """Return the builtin that the value of a dotted name is."""
    return STDLIB.of_code(getattr(python_function(value), "__code__", None))


def method_named(chain: Chain, value: Any) -> Builtin | None:
    """Return the library's method that the last word of `chain` names, if only one is called so."""
    name = chain.steps[-1]
    if value is not MISSING or not isinstance(name, str):
        return None
    declared = [table[name] for table in STDLIB.methods.values() if name in table]
    return declared[0] if declared else STDLIB.functions.get(name)


def of_builtin(builtin: Builtin) -> Description:
    """Describe a function of the library."""
    awaited = "await " if builtin.is_async else ""
    usage = f"{awaited}{builtin.usage}"
    return Description(f"{usage}\n\n{builtin.doc}", f"```hocket\n{usage}\n```\n\n{builtin.doc}")


def keyword(function: Any) -> str:
    """Return how the definition of a program's function begins."""
    flags = python_function(function).__code__.co_flags
    is_async = bool(flags & inspect.CO_COROUTINE)
    is_generator = flags & inspect.CO_GENERATOR or is_async and not isinstance(function, AsyncFunction)
    return f"{'async ' * is_async}func{'*' if is_generator else ''}"


def of_value(name: str, value: Any) -> Description:
    """Describe a variable of the session."""
    if isinstance(value, StructType):
        return of_struct(value)
    function = python_function(value)
    code = getattr(function, "__code__", None)
    source = Source.of(code.co_filename) if code is not None else None
    if code is None or source is None:
        if callable(value) and is_python(value) or isinstance(value, ModuleType):
            return of_python(name, value)
        declared = value.usage if isinstance(value, Enum | Variant) else None
        line = declared or f"{name}: {type_name(value)} = {show(value)}"
        return Description(line, f"```hocket\n{line}\n```")
    return of_definition(usage_of(name, value), inspect.getdoc(function) or "", source, code.co_firstlineno)


def of_python(name: str, value: Any) -> Description:
    """Describe a function, a class or a module of Python."""
    usage = objects.signature(name, value) if callable(value) else ""
    line = usage or f"{name}: {show(value)}"
    doc = inspect.getdoc(value) or ""
    markdown = f"```hocket\n{line}\n```"
    if not doc:
        return Description(line, markdown)
    return Description(f"{line}\n\n{doc}", f"{markdown}\n\n```text\n{doc}\n```")


def usage_of(name: str, function: Any) -> str:
    """Return how a function of the program begins."""
    return f"{keyword(function)} {name}({', '.join(written(function))})"


def of_struct(struct: StructType) -> Description:
    """Describe a struct: its fields, and its methods as they are called."""
    cls: Any = struct
    empty = cls.__new__(cls)  # methods are described without `self`
    lines = [*struct.__written__, *(usage_of(name, bound(m, empty)) for name, m in struct.__methods__.items())]
    usage = "".join(f"\n    {line}" for line in lines)
    code = struct.__init__.__code__  # type: ignore[misc]  # of the class, as the program defined it
    source = Source.of(code.co_filename)
    assert source is not None
    usage = f"struct {struct.__name__} {{{usage}\n}}" if lines else f"struct {struct.__name__} {{}}"
    return of_definition(usage, struct.__doc__ or "", source, code.co_firstlineno)


def of_definition(usage: str, doc: str, source: Source, line: int) -> Description:
    """Describe what a program defines."""
    place = f"defined in {source.name}, line {line}"
    return Description(
        "\n\n".join(part for part in (usage, doc, place) if part),
        "\n\n".join(part for part in (f"```hocket\n{usage}\n```", doc, f"*{place}*") if part),
    )
