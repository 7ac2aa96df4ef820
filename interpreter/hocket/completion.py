"""What could be typed at the cursor: names, fields, methods, keys, named arguments.

Only the live session is consulted; nothing of the user's is run for it: no property,
no call, no `__getattr__`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from hocket import errors, stdlib
from hocket.runtime.operators import ERROR_FIELDS
from hocket.runtime.registry import STDLIB
from hocket.runtime.values import type_name
from hocket.stdlib.namespaces import Namespace
from hocket.syntax.parser import keywords

if TYPE_CHECKING:
    from hocket.session import Session

CHAIN = re.compile(r"([^\W\d]\w*(?:\??\.[^\W\d]\w*)*)\??\.([^\W\d]\w*)?$")
KEY = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)\[(['\"])([^'\"\n]*)$")
WORD = re.compile(r"[^\W\d]\w*$")
CALL = re.compile(r"([^\W\d]\w*)\s*\(([^()]*)$")
MISSING = object()


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
    before = text[:cursor]
    if match := KEY.search(before):
        keys = matching(string_keys(value_of(session, match[1])), match[3])
        return Completions(match.start(3), cursor, [Completion(key, "key") for key in keys])
    if match := CHAIN.search(before):
        prefix = match[2] or ""
        value = value_of(session, match[1])
        items = [] if value is MISSING else sorted(set(members(value)))
        return Completions(cursor - len(prefix), cursor, [item for item in items if item.text.startswith(prefix)])
    word = WORD.search(before)
    prefix = word[0] if word else ""
    return Completions(cursor - len(prefix), cursor, list(names(session, before, prefix)))


def matching(words: Iterable[str], prefix: str) -> list[str]:
    """Return the words that begin with `prefix`, in order."""
    return sorted(word for word in words if word.startswith(prefix))


def names(session: Session, before: str, prefix: str) -> Iterator[Completion]:
    """Yield named arguments, variables, the library and the keywords that begin with `prefix`."""
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
    """Return the value that `a.b.c` has now, or MISSING; only entries of dicts and namespaces are followed."""
    first, *rest = chain.replace("?", "").split(".")
    value = session.variables.get(first, session.library.get(first, MISSING))
    for name in rest:
        if isinstance(value, Namespace):
            value = getattr(value, name) if name in value.members else MISSING
        elif type(value) is dict and name in value:
            value = value[name]
        else:
            return MISSING
    return value


def string_keys(value: Any) -> list[str]:
    """Return the string keys of a dict."""
    return [key for key in value if isinstance(key, str)] if type(value) is dict else []


def members(value: Any) -> Iterator[Completion]:
    """Yield the fields and methods of a value."""
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
    for name, function in stdlib.methods(type(value)).items():
        yield Completion(name, "function", signature(name, function, is_method=True))


def kind(value: Any) -> str:
    """Return the icon that notebooks show: function, instance or module."""
    return "function" if callable(value) else "module" if type_name(value) == "module" else "instance"


def signature(name: str, value: Any, is_method: bool = False) -> str:
    """Return how a function is called, empty for what is none."""
    names = parameters(value)
    if not callable(value):
        return ""
    builtin = STDLIB.of_code(getattr(python_function(value), "__code__", None))
    if builtin is not None and not is_method:
        return builtin.usage
    return f"{name}({', '.join(names[1:] if is_method else names)})"


def python_function(value: Any) -> Callable[..., Any] | Any:
    """Return the Python function behind a plain or async function."""
    return getattr(value, "__wrapped__", value)


def parameters(value: Any) -> list[str]:
    """Return the names of a function's parameters."""
    function = python_function(value)
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    return [name.rstrip("_'") for name in code.co_varnames[: code.co_argcount]]
