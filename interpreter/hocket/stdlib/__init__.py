"""The library: what a program finds without asking.

Importing this package fills `hocket.runtime.registry.STDLIB`.  The import line is the
only list; everything else is read off the declarations.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from types import GeneratorType, UnionType
from typing import Any

from hocket.runtime.foreign import checker
from hocket.runtime.objects import is_foreign
from hocket.runtime.ranges import Range
from hocket.runtime.registry import STDLIB, Builtin
from hocket.runtime.sets import Set
from hocket.runtime.tasks import AsyncFunction, Operation, Suspending
from hocket.runtime.values import class_name
from hocket.stdlib import (
    archives,
    arguments,
    channels,
    checks,
    core,
    database,
    dicts,
    encodings,
    encryption,
    entries,
    file_parts,
    files,
    http,
    json,
    key_values,
    locks,
    math,
    observing,
    open_files,
    paths,
    process,
    queues,
    random,
    results,
    retries,
    secrets,
    server,
    sets,
    shared,
    showing,
    sockets,
    streams,
    system,
    tables,
    tasks,
    text,
    time,
    timers,
    watching,
    websockets,
    yaml,
)
from hocket.stdlib import methods as _methods
from hocket.stdlib.collections import arrays, passes
from hocket.stdlib.namespaces import dotted

__all__ = ["methods", "namespace", "promising", "reference", "suspending", "suspending_methods"]

_MODULES = (
    *(core, checks, text, arrays, passes, dicts, sets, queues, _methods, results, math, random, time),
    *(
        json,
        tables,
        yaml,
        encodings,
        secrets,
        encryption,
        files,
        open_files,
        entries,
        file_parts,
        watching,
        archives,
        paths,
    ),
    *(http, server),
    websockets,
    sockets,
    database,
    *(tasks, retries, observing, channels, locks, timers, streams),
    *(showing, shared, system, arguments, process, key_values),
)
# An array's functions that leave it alone do the same for what only looks like one.
_ARRAY_LIKE = (Range, tuple, set, frozenset, Set, range)


def namespace() -> dict[str, Any]:
    """Return every name a program starts with: functions as a program holds them, and constants."""
    names = {name: _callable(builtin) for name, builtin in STDLIB.functions.items()}
    return names | STDLIB.values | {"Promise": dotted("Promise", names)}


def suspending() -> frozenset[str]:
    """Return the names that block when called in a plain function, and suspend in an async context."""
    return frozenset(name for name, builtin in STDLIB.functions.items() if builtin.suspending is not None)


def suspending_methods() -> frozenset[str]:
    """Return the names of methods that suspend in an async context; each such function is called as a method, too."""
    tables = STDLIB.methods.values()
    return suspending() | {b.name for table in tables for b in table.values() if b.suspending is not None}


def promising() -> frozenset[str]:
    """Return the names of functions whose call gives a promise."""
    return frozenset(name for name, builtin in STDLIB.functions.items() if builtin.is_async)


def methods(cls: type) -> dict[str, Callable[..., Any]]:
    """Return the methods of values of `cls`; each takes the value as its first argument.

    Declared methods come before functions whose first parameter admits `cls`.
    """
    found: dict[str, Callable[..., Any]] = {}
    for builtin in STDLIB.functions.values():
        if _admits(builtin, cls):
            found[builtin.name] = _callable(builtin)
    bases: tuple[type, ...] = (cls, set) if issubclass(cls, Set) else cls.__mro__
    if is_foreign(cls) and hasattr(cls, "__next__"):
        bases = (GeneratorType, *bases)
    for base in reversed(bases):
        for builtin in STDLIB.methods.get(base, {}).values():
            found[builtin.name] = _callable(builtin)
    return found


_wrapped: dict[tuple[Callable[..., Any], str], Any] = {}


def _callable(builtin: Builtin) -> Any:
    """Return what a program holds for `builtin`; one object per builtin, so that it equals itself."""
    if not builtin.is_async and builtin.suspending is None:
        return builtin.function
    key = (builtin.function, builtin.name)
    if key not in _wrapped:
        if builtin.is_async:
            check = checker(builtin) if builtin.parameters or builtin.owner is not None else None
            _wrapped[key] = AsyncFunction(builtin.function, builtin.name, Operation, check, builtin.promise)
        else:
            _wrapped[key] = Suspending(builtin.function, typing.cast(Any, builtin.suspending))
    return _wrapped[key]


def _admits(builtin: Builtin, cls: type) -> bool:
    parameters = builtin.parameters
    if not parameters or parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
        return False
    return any(_is_kind(cls, kind) for kind in _kinds(parameters[0].annotation))


def _is_kind(cls: type, kind: type) -> bool:
    if cls is bool:  # a bool is no number
        return kind is bool
    if kind is set and issubclass(cls, Set):
        return True
    return issubclass(cls, kind) or kind is list and issubclass(cls, _ARRAY_LIKE)


def _kinds(annotation: Any) -> Iterator[type]:
    """Yield the classes that an annotation names; nothing for Any."""
    if isinstance(annotation, UnionType) or typing.get_origin(annotation) is typing.Union:
        for member in typing.get_args(annotation):
            yield from _kinds(member)
        return
    kind = typing.get_origin(annotation) or annotation
    if isinstance(kind, type) and kind is not object and kind not in (type(None), Callable):
        yield kind


def reference() -> str:
    """Return the library's manual, Markdown: `BUILTINS.md`."""
    lines = [
        "# Builtins",
        "",
        "Every function, method and constant of the library. Printed by `hocket docs` from the declarations.",
    ]
    constants = ", ".join(f"`{name}`" for name in sorted(STDLIB.values))
    lines += ["", f"Constants: {constants}. `Promise.all` is `promise_all`, and so on for every `promise_…`."]
    for module in _MODULES:
        entries = _entries(module.__name__)
        if entries:
            title = module.__doc__.split("\n")[0].rstrip(".") if module.__doc__ else module.__name__
            lines += ["", f"## {title}", *entries]
    return "\n".join(lines) + "\n"


def _entries(module: str) -> list[str]:
    grouped: dict[Callable[..., Any], list[Builtin]] = {}
    for builtin in STDLIB:
        if f"{builtin.function.__module__}.".startswith(f"{module}."):
            grouped.setdefault(builtin.function, []).append(builtin)
    lines: list[str] = []
    for group in grouped.values():
        usages: dict[str, None] = {}
        for builtin in group:
            usages[_usage(builtin)] = None
        lines += ["", f"### {', '.join(f'`{usage}`' for usage in usages)}", "", group[0].doc]
    return lines


def _usage(builtin: Builtin) -> str:
    if builtin.owner is None:
        return f"await {builtin.usage}" if builtin.is_async else builtin.usage
    return f"{class_name(builtin.owner)}.{builtin.usage}"
