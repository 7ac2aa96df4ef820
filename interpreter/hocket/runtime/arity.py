"""Calls with the wrong number or names of arguments, told from Python's TypeError."""

from __future__ import annotations

import inspect
import re
from types import MethodType
from typing import Any, Protocol

from hocket import errors
from hocket.runtime.registry import STDLIB, Builtin, usage_of
from hocket.source import Source

PATTERN = re.compile(
    r"(?P<name>[^\s()]+)\(\) (?:"
    r"takes (?:from (?P<low>\d+) to )?(?P<high>\d+) positional arguments? but (?P<got>\d+)"
    r"|missing (?P<missing>\d+) required positional arguments?: (?P<names>.*)"
    r"|got an unexpected keyword argument '(?P<unknown>[^']+)'"
    r"|got multiple values for argument '(?P<twice>[^']+)'"
    r"|got some positional-only arguments passed as keyword arguments: '(?P<positional>.+)')"
)


class Call(Protocol):
    """The place of a call: what the compiler noted about it, and the frame's variables."""

    @property
    def note(self) -> Any:
        """A `CallShape`, or anything else."""

    @property
    def text(self) -> str:
        """The call, as written."""

    def variable(self, name: str) -> Any:
        """Return the value of a Python variable."""


def arity_error(text: str, call: Call) -> errors.ArityError | None:
    """Return the language's error for Python's `text`, None if it is not about arguments."""
    match = PATTERN.search(text)
    if match is None:
        return None
    shape = call.note
    name = match["name"].rpartition(".")[2]
    function = called_function(shape, call, name, match["name"])
    builtin = None if is_program(function) else declared(name, getattr(shape, "method", False))
    if builtin is not None:
        builtin = as_called(builtin, call.text)
    parameters = builtin_parameters(builtin, shape)
    called = f"{builtin.name}()" if builtin else match["name"] if is_program(function) else name
    usage = f": {usage_of(builtin.name, parameters or [])}" if builtin else ""
    if match["unknown"]:
        return errors.ArityError(f"{called} has no parameter `{match['unknown'].rstrip('_')}`{usage}")
    if match["twice"] or match["positional"]:
        given = match["twice"] or match["positional"]
        return errors.ArityError(f"{called} got two values for `{given}`{usage}")
    low, high = limits(match, shape, function, parameters)
    got = getattr(shape, "given", None)
    if got is None:
        got = int(match["got"]) if match["got"] else low - int(match["missing"])
    if match["names"] and low <= got and (high is None or got <= high):
        return errors.ArityError(f"{called} got no value for {match['names'].replace(chr(39), '`')}{usage}")
    return errors.ArityError(f"{called} expects {count(low, high)}, got {got}{usage}")


def declared(name: str, is_method: bool) -> Builtin | None:
    """Return the builtin called `name`, if the call is one of the library's."""
    name = name.rstrip("_")
    if is_method:
        for table in STDLIB.methods.values():
            if name in table:
                return table[name]
    return STDLIB.functions.get(name) or next(
        (b for b in STDLIB.functions.values() if b.suspending is not None and b.suspending.__name__ == name), None
    )


def as_called(builtin: Builtin, text: str) -> Builtin:
    """Return `builtin` under the name that the call `text` uses, if that is one of its names."""
    words = re.findall(r"(\w+)\s*(?=\()", text)
    for word in words:
        for table in (STDLIB.functions, *STDLIB.methods.values()):
            other = table.get(word)
            if other is not None and builtin.function in (other.function, other.suspending):
                return other
    return builtin


def called_function(shape: Any, call: Call, name: str, full_name: str) -> Any:
    """Return the Python function that was called, if a variable holds it or the struct whose method it is."""
    receiver = getattr(shape, "receiver", None)
    if receiver is not None:
        value = call.variable(receiver)
        method = getattr(type(value), "__methods__", {}).get(name)
        return None if method is None else MethodType(getattr(method, "direct", method), value)
    callee = full_name if shape is None else getattr(shape, "callee", None)
    function = call.variable(callee) if callee else None
    return getattr(function, "direct", function)


def is_program(function: Any) -> bool:
    """Whether `function` was written in the language."""
    code = getattr(function, "__code__", None)
    return code is not None and Source.of(code.co_filename) is not None


def builtin_parameters(builtin: Builtin | None, shape: Any) -> list[inspect.Parameter] | None:
    """Return what the call may write: of a function that is called as a method, not the first."""
    if builtin is None:
        return None
    as_method = builtin.owner is None and getattr(shape, "method", False)
    return builtin.parameters[1:] if as_method else builtin.parameters


def limits(
    match: re.Match[str], shape: Any, function: Any, parameters: list[inspect.Parameter] | None
) -> tuple[int, int | None]:
    """Return the least and the greatest number of arguments; None: any number."""
    if parameters is None and callable(function) and hasattr(function, "__code__"):
        parameters = list(inspect.signature(function).parameters.values())
    if parameters is None and match["high"]:
        return int(match["low"] or match["high"]), int(match["high"])
    if parameters is None:
        required = (getattr(shape, "given", None) or 0) + int(match["missing"])
        return required, required
    required = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return required, None
    return required, len(parameters)


def count(low: int, high: int | None) -> str:
    """Return `2 arguments`, `1 to 2 arguments`, `at least 1 argument`."""
    if high is None:
        return f"at least {low} argument{'' if low == 1 else 's'}"
    return f"{low if low == high else f'{low} to {high}'} argument{'' if high == 1 else 's'}"
