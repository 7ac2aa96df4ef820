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


C_PATTERN = re.compile(
    r"(?P<name>\w+)(?:\(\))? (?:takes|expected) (?P<bound>exactly |at most |at least |no )?(?P<most>\w+ )?"
    r"(?:positional |keyword )?arguments?,? \(?(?:got )?(?P<got>\d+)"
)
"""What functions written in C say that do not tell their parameters."""


def arity_error(text: str, call: Call) -> errors.ArityError | None:
    """Return the language's error for Python's `text`, None if it is not about arguments."""
    match = PATTERN.search(text)
    if match is None:
        return by_c(C_PATTERN.search(text))
    shape = call.note
    name = match["name"].rpartition(".")[2]
    function = called_function(shape, call, name, match["name"])
    receiver = getattr(shape, "receiver", None)
    cls = None if receiver is None else type(call.variable(receiver))
    builtin = None if is_program(function) else declared(name, getattr(shape, "method", False), cls)
    if builtin is not None:
        builtin = as_called(builtin, call.text)
    parameters = builtin_parameters(builtin, shape)
    called = f"{builtin.name}()" if builtin else match["name"] if is_program(function) else name.rstrip("_")
    called = function.__name__ if isinstance(function, type) else called
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


def misfit(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> errors.ArityError | None:
    """Return the error for arguments that `function`, of Python or of the program, does not take.

    None if it takes them, or does not say what it takes.
    """
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return None
    try:
        signature.bind(*args, **named)
    except TypeError as error:
        return described(function, signature, str(error), len(args) + len(named))
    return None


def described(function: Any, signature: inspect.Signature, text: str, got: int) -> errors.ArityError:
    """Return the language's error for what `Signature.bind` says of a call with `got` arguments."""
    name = getattr(function, "__name__", None) or type(function).__name__
    found = re.search(r"'(.+)'", text)
    given = found[1] if found else ""
    if "unexpected" in text:
        return errors.ArityError(f"{name} has no parameter `{given}`")
    if "multiple" in text:
        return errors.ArityError(f"{name} got two values for `{given}`")
    low, high = bounds(list(signature.parameters.values()))
    if low <= got and (high is None or got <= high) and given:
        return errors.ArityError(f"{name} got no value for `{given}`")
    return errors.ArityError(f"{name} expects {count(low, high)}, got {got}")


def bounds(parameters: list[inspect.Parameter]) -> tuple[int, int | None]:
    """Return the least and the greatest number of arguments by position; None: any number."""
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in by_position)
    return required, None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(by_position)


def bounds_of(function: Any) -> tuple[int, int | None]:
    """Return the `bounds` of a function; a parameter may be called by a word that Python keeps, as `from`."""
    inner = inspect.unwrap(function)
    code = inner.__code__
    most = code.co_argcount - isinstance(function, MethodType)
    return most - len(inner.__defaults__ or ()), None if code.co_flags & inspect.CO_VARARGS else most


def by_c(match: re.Match[str] | None) -> errors.ArityError | None:
    """Return the language's error for what a function written in C says."""
    if match is None:
        return None
    number = {"no ": "0", None: "0"}.get(match["bound"], match["most"] or "0").strip()
    number = {"one": "1", "two": "2"}.get(number, number)
    bound = "" if match["bound"] in ("no ", None) else match["bound"].replace("exactly ", "")
    plural = "" if number == "1" else "s"
    return errors.ArityError(f"{match['name']} expects {bound}{number} argument{plural}, got {match['got']}")


def declared(name: str, is_method: bool, cls: type | None = None) -> Builtin | None:
    """Return the builtin called `name`, if the call is one of the library's; of a method, that of `cls` first."""
    name = name.rstrip("_")
    if is_method:
        own = [STDLIB.methods[base] for base in getattr(cls, "__mro__", ()) if base in STDLIB.methods]
        for table in [*own, *STDLIB.methods.values()]:
            if name in table:
                return table[name]
    found = STDLIB.functions.get(name)
    if found is not None:
        return found
    possible = (b for b in STDLIB if is_method or b.owner is None)
    return next((b for b in possible if name in (form.__name__ for form in b.forms[1:])), None)


def as_called(builtin: Builtin, text: str) -> Builtin:
    """Return `builtin` under the name that the call `text` uses, if that is one of its names."""
    words = re.findall(r"(\w+)\s*(?=\()", text)
    for word in words:
        for table in (STDLIB.functions, *STDLIB.methods.values()):
            other = table.get(word)
            if other is not None and builtin.function in other.forms:
                return other
    return builtin


def called_function(shape: Any, call: Call, name: str, full_name: str) -> Any:
    """Return the Python function that was called, if a variable holds it or the struct whose method it is."""
    receiver = getattr(shape, "receiver", None)
    if receiver is not None:
        value = call.variable(receiver)
        method = getattr(type(value), "__methods__", {}).get(name)
        if method is None and name.rstrip("_") in getattr(type(value), "members", ()):
            method = getattr(type(value), name, None)  # of a promise or a timer
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
    if parameters is None and hasattr(function, "__code__"):
        return bounds_of(function)
    if parameters is None and isinstance(function, type):
        parameters = list(inspect.signature(function).parameters.values())
    if parameters is None and match["high"]:
        return int(match["low"] or match["high"]), int(match["high"])
    if parameters is None:
        required = (getattr(shape, "given", None) or 0) + int(match["missing"])
        return required, required
    return bounds(parameters)


def count(low: int, high: int | None) -> str:
    """Return `2 arguments`, `1 to 2 arguments`, `at least 1 argument`."""
    if high is None:
        return f"at least {low} argument{'' if low == 1 else 's'}"
    return f"{low if low == high else f'{low} to {high}'} argument{'' if high == 1 else 's'}"
