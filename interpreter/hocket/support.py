"""The names by which generated code reaches the runtime.

They begin with two underscores, which no name of a program may, and lie under the
library in a session's namespace.
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import repeat
from types import GeneratorType
from typing import Any

from hocket import errors, stdlib
from hocket.runtime import enums, fields, generators, modules, operators, resources, streams, structs
from hocket.runtime.awaiting import lift
from hocket.runtime.channels import End
from hocket.runtime.foreign import translate
from hocket.runtime.objects import call_any, outside
from hocket.runtime.promises import Promise
from hocket.runtime.scopes import Scope, Shield, Timeout
from hocket.runtime.selection import select
from hocket.runtime.tasks import AsyncFunction, Cancelled, Held, Suspending, spawn, spawn_block
from hocket.runtime.timeline import Timeline
from hocket.runtime.values import format_value, print_text, type_name

SIMPLE = frozenset({int, str, bool, type(None)})
"""Classes whose `==` is the language's when both sides are of one of them."""

MATCHING: dict[str, Any] = {
    "len": len,
    "sequence": (list, tuple),
    "enum": enums.enum,
    "path": enums.path,
    "is_variant": enums.is_variant,
    "holds": enums.holds,
    "is_of": enums.is_of,
    "is_made": enums.is_made,
    "holds_named": enums.holds_named,
    "fields": enums.fields_of,
    "without": enums.without,
    "unmatched": enums.unmatched,
    "fails": enums.fails,
    "failure": enums.failure,
    "select": select,
}
"""What patterns, `select`, enums and results need."""

BOOLS: dict[str, Any] = {"arithmetic": operators.arithmetic, "negative": operators.negative}
"""What refuses bools as numbers, where the program shows that they are bools."""


MODULES: dict[str, Any] = {"imported": modules.imported, "python": modules.python}
"""What imports need."""


def support() -> dict[str, Any]:
    """Return the runtime's names for a new session."""
    names: dict[str, Any] = {
        # classes
        "forever": repeat(None),
        "int": int,
        "str": str,
        "plain_text": frozenset({int, str}),
        "dict": dict,
        "list": list,
        "isinstance": isinstance,
        "Exception": Exception,
        "bool": bool,
        "Struct": structs.StructType,
        "Box": operators.Box,
        "unset": operators.UNSET,
        "simple": SIMPLE,
        # operators
        "add": operators.add,
        "div": operators.divide,
        "mod": operators.remainder,
        "pow": operators.power,
        "equal": operators.equality,
        "unequal": operators.unequal,
        "not": operators.negation,
        "contains": operators.contains,
        "range": operators.range_,
        "loop_range": operators.loop_range,
        "slice": operators.slice_,
        "iterate": operators.iterate,
        "iterate_pairs": operators.iterate_pairs,
        "generator": GeneratorType,
        "close": generators.close,
        "stream": streams.stream,
        "stream_pairs": streams.stream_pairs,
        "Yield": streams.Yield,
        "entries": operators.entries,
        "unpack": operators.unpack,
        "unpack_dict": operators.unpack_dict,
        "text": print_text,
        "format": format_value,
        "outside": outside,
        "field": partial(fields.field, stdlib.methods),
        "set_field": fields.set_field,
        "mistyped": operators.mistyped,
        # structs
        "struct": structs.define,
        "misfit": partial(structs.misfit, operators.UNSET),
        "struct_entries": structs.entries,
        "no_struct": partial(structs.no_struct, type_name),
        # errors
        "throw": operators.throw,
        "caught": translate,
        "Cancelled": Cancelled,
        "cancelled": cancelled,
        # arrays that only one variable holds
        "references": sys.getrefcount,
        "alone": references_of_one_variable(),
        "push": stdlib.namespace()["push"],
        # tasks
        "async": async_function,
        "async_checked": async_checked,
        "async_instant": async_instant,
        "generator_checked": generators.checked,
        "async_generator": streams.async_generator,
        "Async": AsyncFunction,
        "Suspending": Suspending,
        "promises": Promise.classes,
        "lift": awaited,
        "lifting": lifting,
        "plain": plain,
        "spawn": spawn,
        "spawn_block": spawn_block,
        "Scope": Scope,
        "Timeline": Timeline,
        "Shield": Shield,
        "Timeout": Timeout,
        "held": resources.held,
        "held_now": resources.held_now,
    }
    names |= MATCHING | MODULES | BOOLS | {"tests": None}
    names |= {f"error_{name}": cls for name, cls in errors.TYPES.items()}
    names |= {f"type_{name}": classes for name, classes in operators.TYPES.items()}
    return {f"__{name}": value for name, value in names.items()}


def references_of_one_variable() -> int:
    """Return what `sys.getrefcount` says of a value that one variable holds, −1 if it cannot tell.

    Interpreters that borrow references of locals count less; then arrays are copied.
    """
    value: list[Any] = []
    one = sys.getrefcount(value)
    other = value
    two = sys.getrefcount(value)
    return one if other is value and two == one + 1 else -1


def cancelled(stop: Cancelled) -> errors.CancelledError:
    """Return what `except CancelledError` binds when the task itself is cancelled."""
    error = errors.CancelledError("Task was cancelled")
    error.others = list(stop.others)
    return error


def async_function(function: Any) -> AsyncFunction:
    """Wrap a coroutine function of the program; a decorator."""
    return AsyncFunction(function, function.__name__)


def async_instant(instant: Any) -> Any:
    """Return the decorator of a coroutine function that never waits; `instant` does the same as a plain function."""

    def decorate(function: Any) -> AsyncFunction:
        return AsyncFunction(function, function.__name__, instant=instant)

    return decorate


def async_checked(check: Any) -> Any:
    """Return the decorator of a coroutine function whose arguments `check` looks at first."""

    def decorate(function: Any) -> AsyncFunction:
        return AsyncFunction(function, function.__name__, check=check)

    return decorate


def awaited(value: Any) -> Any:
    """Return what `await value` waits for, as `lift`; raises TypeError for a channel, which is a mistake."""
    if isinstance(value, Promise):
        return value
    if isinstance(value, End):
        hint = "write `await ch.receive()`, or `for await x in ch`"
        raise errors.TypeError(f"a {type_name(value)} cannot be awaited", hint=hint)
    return lift(value)


def waiting(function: Any) -> Any:
    """Return what is called where the result of `function` is awaited."""
    return function.direct if type(function) is AsyncFunction else lifting(function)


def lifting(function: Any) -> Any:
    """Return `function` so that its call can be awaited, for `await f(x)` with any `f`."""
    if isinstance(function, Suspending):
        return function.direct

    def call(*args: Any, **named: Any) -> Any:
        if type(function) is Held:
            held, rest = function.resolve(args)
            if held is not function:
                return held.direct(*rest, **named)
        return lift(call_any(function, args, named))

    return call


def plain(function: Any) -> Any:
    """Return `function` as one that is awaited but gives its value as it is.

    For a suspending builtin's name that a later cell has given another meaning.
    """

    async def call(*args: Any, **named: Any) -> Any:
        return function(*args, **named)

    return call
