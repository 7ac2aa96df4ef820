"""What could be typed at the cursor: names, fields, methods, keys, named arguments.

Only the live session is consulted; nothing of the user's is run for it: no property,
no call, no `__getattr__`.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import GeneratorType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from hocket import errors, stdlib
from hocket.cursor import Chain, Index, Place, look
from hocket.runtime import objects
from hocket.runtime.enums import Variant
from hocket.runtime.fields import ERROR_FIELDS, own_fields
from hocket.runtime.modules import Module
from hocket.runtime.objects import MISSING, OWN
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
"""Characters before the cursor in which an import is looked for."""

MOST = 10_000
"""Entries of a folder that are looked at."""

NAME = re.compile(r"[^\W\d]\w*")
IMPORT = re.compile(r"(?:^|[\n;])[ \t]*(?:import|from)[ \t]+((?:\w+\.)*)(\w*)$")
IMPORTED = re.compile(
    r"(?:^|[\n;])[ \t]*from[ \t]+(\w+(?:\.\w+)*)[ \t]+import[ \t]+(?:\w+(?:[ \t]+as[ \t]+\w+)?[ \t]*,\s*)*(\w*)$"
)
PLAIN: frozenset[type] = OWN - {GeneratorType}
"""Classes whose values have neither calls nor kinds of their own."""


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
    place = look(text[:cursor])
    if place.string is not None:
        return in_string(session, place, cursor)
    if place.is_member:
        return offered(cursor, place.word, fields(session, place))
    found = list(names(session, place))
    known = {item.text for item in found} | {item.text.rstrip("=:") for item in found if item.type == "param"}
    words = words_of(text, cursor)
    here = sorted(word for word in words if word.startswith(place.word) and word not in known)
    return Completions(cursor - len(place.word), cursor, [*(Completion(word, "text") for word in here), *found])


def offered(cursor: int, prefix: str, items: Iterable[Completion]) -> Completions:
    """Return those of `items` that begin with `prefix`, which ends at the cursor."""
    return Completions(cursor - len(prefix), cursor, sorted(item for item in items if item.text.startswith(prefix)))


def in_string(session: Session, place: Place, cursor: int) -> Completions:
    """Return the keys that a subscript may have, else the files that a path may mean."""
    written = place.string or ""
    if place.is_member:
        keys = string_keys(value_of(session, place.owner))
        return Completions(cursor - len(written), cursor, [Completion(key, "key") for key in matching(keys, written)])
    folder, _, name = written.rpartition("/")
    found = [] if "\n" in written else files(session, folder + "/" if "/" in written else ".", name)
    return Completions(cursor - len(name), cursor, found)


def files(session: Session, folder: str, prefix: str) -> list[Completion]:
    """Return the files of a folder whose names begin with `prefix`, as they stand in a string."""
    try:
        with os.scandir(session.permissions.place("read", folder)) as entries:
            found = [entry.name + "/" * entry.is_dir() for entry in islice(entries, MOST)]
    except (OSError, ValueError, errors.Error):
        return []
    shown = (name for name in found if name.startswith(prefix) and (prefix or not name.startswith(".")))
    return [Completion(name, "path") for name in sorted(shown) if name.isprintable() and not set(name) & {*"\"'\\$"}]


def words_of(text: str, cursor: int) -> set[str]:
    """Return the names in the text itself, but for the one that is being typed."""
    return {match[0] for match in NAME.finditer(text) if match.end() != cursor}


def fields(session: Session, place: Place) -> Iterable[Completion]:
    """Return the fields and methods of the value that is asked for one."""
    value = value_of(session, place.owner)
    return [] if value is MISSING else set(members(value, place.word))


def matching(words: Iterable[str], prefix: str) -> list[str]:
    """Return the words that begin with `prefix`, in order."""
    return sorted(word for word in words if word.startswith(prefix))


def names(session: Session, place: Place) -> Iterator[Completion]:
    """Yield fields to set, named arguments, variables, the library and the keywords that begin with the word."""
    prefix = place.word
    struct = value_of(session, place.literal)
    if isinstance(struct, StructType):
        yield from (Completion(f"{name}:", "param") for name in matching(struct.__fields__, prefix))
    if place.is_argument and place.callee is not None:
        wanted = [name for name in parameters(value_of(session, place.callee)) if name not in place.given]
        yield from (Completion(f"{name}=", "param") for name in matching(wanted, prefix))
    variables = session.variables
    for name in matching(variables, prefix):
        yield described(name, variables[name])
    for name in matching(session.library, prefix):
        if name not in variables:
            yield described(name, session.library[name])
    for word in matching(keywords(), prefix):
        yield Completion(word, "keyword")


def described(name: str, value: Any) -> Completion:
    """Return the proposal of a name that means `value`."""
    return (
        Completion(name, "instance") if type(value) in PLAIN else Completion(name, kind(value), signature(name, value))
    )


def value_of(session: Session, chain: Chain | None) -> Any:
    """Return the value that `a.b[0].c` has now, or MISSING where something would have to run for it."""
    if chain is None:
        return MISSING
    value = chain.literal
    if chain.name is not None:
        value = session.variables.get(chain.name, session.library.get(chain.name, MISSING))
    for step in chain.steps:
        value = element(value, step.key) if isinstance(step, Index) else member(value, step)
    return value


def element(value: Any, key: str | int) -> Any:
    """Return an element of one of the language's own collections, else MISSING."""
    if type(value) not in (dict, list, tuple):
        return MISSING
    try:
        return value[key]
    except (LookupError, TypeError):
        return MISSING


def member(value: Any, name: str) -> Any:
    """Return a field or method, or MISSING where something would have to run for it."""
    if isinstance(value, Namespace):
        return getattr(value, name) if name in value.members else MISSING
    if isinstance(value, Module):
        return value.variables[name] if value.shows(name) else MISSING
    if type(value) is dict and name in value:
        return value[name]
    if isinstance(value, Struct):
        return struct_member(value, name)
    if value is not MISSING and objects.is_foreign(type(value)):
        return objects.static(value, name)
    return MISSING


def string_keys(value: Any) -> list[str]:
    """Return the string keys of a dict."""
    return [key for key in value if isinstance(key, str)] if type(value) is dict else []


def struct_member(value: Struct, name: str) -> Any:
    """Return a field or method that a struct declares, or MISSING."""
    cls = type(value)
    if name in cls.__fields__:
        return getattr(value, name)
    return bound(cls.__methods__[name], value) if name in cls.__methods__ else MISSING


def members(value: Any, prefix: str) -> Iterator[Completion]:
    """Yield the fields and methods of a value, of many fields only those that begin with `prefix`."""
    if isinstance(value, Struct):
        yield from struct_members(value)
        return
    for key in string_keys(value):
        if key.startswith(prefix) and key.isidentifier():
            yield described(key, value[key])
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
