"""What could be typed at the cursor: names, fields, methods, keys, named arguments.

Only the live session is consulted; nothing of the user's is run for it: no property,
no call, no `__getattr__`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from hocket import errors, stdlib
from hocket.runtime import objects
from hocket.runtime.enums import Variant
from hocket.runtime.fields import ERROR_FIELDS, own_fields
from hocket.runtime.modules import Module
from hocket.runtime.objects import MISSING
from hocket.runtime.operators import Unset
from hocket.runtime.registry import STDLIB, usage_of
from hocket.runtime.structs import Struct, StructType, bound
from hocket.runtime.values import show, type_name
from hocket.source import Source
from hocket.stdlib.namespaces import Namespace
from hocket.syntax.parser import keywords

if TYPE_CHECKING:
    from hocket.session import Session

WINDOW = 500
"""Characters before the cursor that are looked at: a longer chain of names is nobody's."""

NAME = re.compile(r"[^\W\d]\w*")
FIELD = re.compile(r"(\??\.|::)([^\W\d]\w*)?$")
CHAIN = re.compile(r"(?<![\w)\]}.])[^\W\d]\w*(?:\??\.[^\W\d]\w*)*$")
IMPORT = re.compile(r"(?:^|[\n;])[ \t]*(?:import|from)[ \t]+((?:\w+\.)*)(\w*)$")
IMPORTED = re.compile(
    r"(?:^|[\n;])[ \t]*from[ \t]+(\w+(?:\.\w+)*)[ \t]+import[ \t]+(?:\w+(?:[ \t]+as[ \t]+\w+)?[ \t]*,\s*)*(\w*)$"
)
KEY = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)\[(['\"])([^'\"\n]*)$")
OPEN_KEY = re.compile(r"\[(['\"])[^'\"\n]*$")
WORD = re.compile(r"[^\W\d]\w*$")
CALL = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*\(([^()]*)$")
STRUCT = re.compile(r"([^\W\d]\w*)[ \t]*\{(?:[^{}]*,)?[^{}:,]*$")


class Completion(NamedTuple):
    """One proposal: what replaces the text, what kind of thing it is, and how it is called."""

    text: str
    type: str
    signature: str = ""


class Completions(NamedTuple):
    """Proposals for the characters from `start` to `end` of the text."""

    start: int
    end: int
    items: list[Completion]


def complete(session: Session, text: str, cursor: int) -> Completions:
    """Return what could stand at `cursor` (in characters) of `text`."""
    before = text[max(0, cursor - WINDOW) : cursor]
    if match := IMPORT.search(before):
        modules = session.modules.inside(match[1].rstrip("."))
        return offered(cursor, match[2], [Completion(name, "module") for name in modules])
    if match := IMPORTED.search(before):
        members = session.modules.members(match[1])
        items = [Completion(name, kind(held), signature(name, held)) for name, held in members]
        return offered(cursor, match[2], items)
    if match := KEY.search(before):
        keys = matching(string_keys(value_of(session, match[1])), match[3])
        return Completions(cursor - len(match[3]), cursor, [Completion(key, "key") for key in keys])
    if OPEN_KEY.search(before):
        return Completions(cursor, cursor, [])
    if match := FIELD.search(before):
        prefix = match[2] or ""
        return Completions(cursor - len(prefix), cursor, fields(session, before[: match.start(1)], prefix))
    word = WORD.search(before)
    prefix = word[0] if word else ""
    found = list(names(session, before, prefix))
    known = {item.text for item in found}
    here = sorted(word for word in words_of(text, cursor) if word.startswith(prefix) and word not in known)
    return Completions(cursor - len(prefix), cursor, [*(Completion(word, "text") for word in here), *found])


def offered(cursor: int, prefix: str, items: Iterable[Completion]) -> Completions:
    """Return those of `items` that begin with `prefix`, which ends at the cursor."""
    return Completions(cursor - len(prefix), cursor, sorted(item for item in items if item.text.startswith(prefix)))


def words_of(text: str, cursor: int) -> set[str]:
    """Return the names in the text itself, but for the one that is being typed."""
    return {match[0] for match in NAME.finditer(text) if match.end() != cursor}


def fields(session: Session, before: str, prefix: str) -> list[Completion]:
    """Return the fields and methods that begin with `prefix`, of the value that `before` ends with."""
    chain = CHAIN.search(before)
    if before.endswith(("'", '"')):
        value: Any = ""
    else:
        value = value_of(session, chain[0]) if chain else MISSING
    items = [] if value is MISSING else sorted(set(members(value)))
    return [item for item in items if item.text.startswith(prefix)]


def matching(words: Iterable[str], prefix: str) -> list[str]:
    """Return the words that begin with `prefix`, in order."""
    return sorted(word for word in words if word.startswith(prefix))


def names(session: Session, before: str, prefix: str) -> Iterator[Completion]:
    """Yield fields to set, named arguments, variables, the library and the keywords that begin with `prefix`."""
    literal = STRUCT.search(before)
    struct = value_of(session, literal[1]) if literal else None
    if isinstance(struct, StructType):
        yield from (Completion(f"{name}:", "param") for name in matching(struct.__fields__, prefix))
    call = CALL.search(before)
    if call:
        function = value_of(session, call[1])
        yield from (Completion(f"{name}=", "param") for name in matching(parameters(function), prefix))
    variables = session.variables
    for name in matching(variables, prefix):
        yield Completion(name, kind(variables[name]), signature(name, variables[name]))
    for name in matching(session.library, prefix):
        if name not in variables:
            yield Completion(name, kind(session.library[name]), signature(name, session.library[name]))
    for word in matching(keywords(), prefix):
        yield Completion(word, "keyword")


def value_of(session: Session, chain: str) -> Any:
    """Return the value that `a.b.c` has now, or MISSING where something would have to run for it."""
    first, *rest = chain.replace("?", "").split(".")
    value = session.variables.get(first, session.library.get(first, MISSING))
    for name in rest:
        if isinstance(value, Namespace):
            value = getattr(value, name) if name in value.members else MISSING
        elif isinstance(value, Module):
            value = value.variables[name] if value.shows(name) else MISSING
        elif type(value) is dict and name in value:
            value = value[name]
        elif isinstance(value, Struct):
            value = struct_member(value, name)
        elif value is not MISSING and objects.is_foreign(type(value)):
            value = objects.static(value, name)
        else:
            return MISSING
    return value


def string_keys(value: Any) -> list[str]:
    """Return the string keys of a dict."""
    return [key for key in value if isinstance(key, str)] if type(value) is dict else []


def struct_member(value: Struct, name: str) -> Any:
    """Return a field or method that a struct declares, or MISSING."""
    cls = type(value)
    if name in cls.__fields__:
        return getattr(value, name)
    return bound(cls.__methods__[name], value) if name in cls.__methods__ else MISSING


def members(value: Any) -> Iterator[Completion]:
    """Yield the fields and methods of a value."""
    if isinstance(value, Struct):
        yield from struct_members(value)
        return
    for key in string_keys(value):
        if key.isidentifier():
            yield Completion(key, kind(value[key]))
    if isinstance(value, errors.Error):
        yield from (Completion(name, "property") for name in ERROR_FIELDS | set(value.fields))
    for name in getattr(type(value), "members", ()):
        attribute = inspect.getattr_static(type(value), name, None) or inspect.getattr_static(
            type(value), f"{name}_", None
        )
        yield Completion(name, "function" if callable(attribute) else "property")
    if objects.is_foreign(type(value)):
        for name in objects.names_of(value):
            held = objects.static(value, name)
            yield Completion(name, "property" if held is MISSING else kind(held), signature(name, held))
    for name, held in own_fields(value).items():
        yield Completion(name, kind(held), signature(name, held))
    for name, function in stdlib.methods(type(value)).items():
        yield Completion(name, "function", signature(name, function, is_method=True))


def struct_members(value: Struct) -> Iterator[Completion]:
    """Yield the fields and methods that a struct declares, and the library's that these do not hide."""
    yield from (Completion(name, "property") for name in type(value).__fields__)
    for name in type(value).__methods__:
        yield Completion(name, "function", signature(name, struct_member(value, name)))
    for name, function in stdlib.methods(type(value)).items():
        if struct_member(value, name) is MISSING:
            yield Completion(name, "function", signature(name, function, is_method=True))


def kind(value: Any) -> str:
    """Return the icon that notebooks show: class, function, instance or module."""
    if isinstance(value, StructType):
        return "class"
    if isinstance(value, Struct):
        return "instance"
    return "function" if callable(value) else "module" if type_name(value) == "module" else "instance"


def signature(name: str, value: Any, is_method: bool = False) -> str:
    """Return how a function is called, empty for what is none."""
    if not callable(value):
        return ""
    builtin = STDLIB.of_code(getattr(python_function(value), "__code__", None))
    if builtin is not None:
        return usage_of(name, builtin.parameters[1:] if is_method and builtin.owner is None else builtin.parameters)
    if is_python(value):
        return objects.signature(name, value)
    return f"{name}({', '.join(written(value))})"


def written(function: Any) -> list[str]:
    """Return the parameters of a program's function with their defaults, as far as these are constants.

    Of a struct, the fields as they are declared.
    """
    if isinstance(function, StructType):
        return list(function.__written__)
    names = parameters(function)
    defaults = getattr(python_function(function), "__defaults__", None) or ()
    first = len(names) - len(defaults)
    shown = (f" = {'…' if isinstance(default, Unset) else show(default)}" for default in defaults)
    return [*names[:first], *(name + text for name, text in zip(names[first:], shown, strict=True))]


def is_python(value: Any) -> bool:
    """Whether a function or class is Python's: neither the program's nor the library's."""
    if isinstance(value, StructType | Variant) or type(value).__module__.startswith("hocket"):
        return False
    code = getattr(python_function(value), "__code__", None)
    return code is None or Source.of(code.co_filename) is None


def python_function(value: Any) -> Callable[..., Any] | Any:
    """Return the Python function behind a plain or async function."""
    return getattr(value, "__wrapped__", value)


def parameters(value: Any) -> list[str]:
    """Return the names of a function's parameters, or of the fields of a struct or an enum's variant."""
    if isinstance(value, Variant):
        return list(value.names)
    if isinstance(value, StructType):
        return list(value.__fields__)
    function = python_function(value)
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    first = 1 if isinstance(function, MethodType) else 0
    return [name.rstrip("_'") for name in code.co_varnames[first : code.co_argcount]]
