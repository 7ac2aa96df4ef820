"""Python's exceptions as the language's errors, at the one boundary between them.

Generated code uses Python's operators, so a wrong operand raises Python's TypeError.
Where it was raised tells what it means: in the program's own frame it is an operator
or a call; in the frame of a builtin, an argument that the builtin's annotations do
not admit; deeper, a library's exception.  The texts matched here are CPython's of
3.11 to 3.13; a test compares them on the running version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import CO_GENERATOR
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from hocket import errors
from hocket.runtime import operators
from hocket.runtime.arity import arity_error, as_called
from hocket.runtime.generators import RUNNING
from hocket.runtime.operators import Box
from hocket.runtime.registry import STDLIB, Builtin
from hocket.runtime.sets import SETS
from hocket.runtime.values import a_type, class_name, print_text, type_name
from hocket.source import Source

NAMES = {
    "str": "string",
    "list": "array",
    "NoneType": "null",
    "builtin_function_or_method": "function",
    "AsyncFunction": "asyncfunction",
    "Promise": "promise",
    "Task": "taskhandle",
    "Range": "range",
    "Set": "set",
    "Queue": "queue",
    "Stack": "stack",
    "tuple": "array",
    "byte": "bytes",
    "Operation": "promise",
    "Sleep": "promise",
    "SpawnedTask": "taskhandle",
    "Result": "result",
    "Option": "option",
    "Variant": "function",
    "Enum": "enum",
    "Module": "module",
    "AsyncGenerator": "generator",
    "Iterator": "generator",
    "Stream": "generator",
    "Flow": "stream",
    "End": "channel",
    "ErrorType": "errortype",
    "TcpConnection": "tcpconnection",
    "TcpListener": "tcplistener",
    "UdpSocket": "socket",
    "ZipArchive": "ziparchive",
}


class Raised(NamedTuple):
    """Where an exception came from: the program's innermost frame, and what it had called."""

    frame: FrameType
    instruction: int
    below: list[FrameType]

    @property
    def note(self) -> Any:
        """What the compiler noted about the expression that was computed, if anything."""
        source = Source.of(self.frame.f_code.co_filename)
        position: Any = errors.positions(self.frame.f_code)[self.instruction // 2]
        return None if source is None else source.notes.get(position)

    @property
    def text(self) -> str:
        """The expression that was computed, as written."""
        place = errors.Site(self.frame.f_code, self.instruction).resolve()
        return "" if place is None else place.source.text[slice(*place.span)]

    def variable(self, name: str) -> Any:
        """Return the value of a Python variable of the frame."""
        return self.frame.f_locals.get(name, self.frame.f_globals.get(name))


def where(traceback: TracebackType | None) -> Raised | None:
    """Return the innermost frame of a program in `traceback`, and the frames below it."""
    found: Raised | None = None
    while traceback is not None:
        frame = traceback.tb_frame
        if Source.of(frame.f_code.co_filename) is not None:
            found = Raised(frame, traceback.tb_lasti, [])
        elif found is not None:
            found.below.append(frame)
        traceback = traceback.tb_next
    return found


def translate(error: BaseException) -> errors.Error:
    """Return `error` as an error of the language, with the places it came through."""
    context = errors.context_of(error)
    if isinstance(context, Exception) and not error.__suppress_context__ and where(context.__traceback__):
        translate(context)
    if isinstance(error, errors.Error):
        return error.absorb()
    known = getattr(error, "hocket", None)
    if isinstance(known, errors.Error):
        return known
    raised = where(error.__traceback__)
    translated = by_builtin(error, raised) or by_kind(error, raised)
    translated.__traceback__ = error.__traceback__
    translated.__context__ = error.__context__
    translated.absorb()
    error.__traceback__ = None
    # An `except` clause's context refers to the original.
    error.__dict__["hocket"] = translated
    return translated


# Builtins


def by_builtin(error: BaseException, raised: Raised | None) -> errors.Error | None:
    """Return the error of a builtin that was given what its annotations do not admit."""
    if not isinstance(error, TypeError | AttributeError | KeyError | IndexError | ValueError):
        return None
    # A builtin that runs in a task of its own has no program around it.
    frames = frames_of(error.__traceback__) if raised is None else raised.below
    text = "" if raised is None else raised.text
    called = [(as_called(builtin, text), frame) for frame in frames if (builtin := STDLIB.of_code(frame.f_code))]
    if not called:
        return None
    for builtin, frame in reversed(called):  # one that was given to another is nearer to the cause
        wrong = wrong_argument(builtin, frame.f_locals, is_loose=True) or wrong_argument(builtin, frame.f_locals)
        if wrong is not None:
            return wrong
    return callback_error(error, frames) or unexpected(*called[0], error)


def frames_of(traceback: TracebackType | None) -> list[FrameType]:
    """Return all frames of `traceback`, outermost first."""
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return frames


def callback_error(error: BaseException, frames: list[FrameType]) -> errors.Error | None:
    """Return the error of a function that a builtin called with arguments that it does not take."""
    if not isinstance(error, TypeError):
        return None
    held = [value for frame in frames for value in frame.f_locals.values() if callable(value)]
    return arity_error(str(error), Callback(held))


class Callback(NamedTuple):
    """A call by a builtin: nothing is known of it but the functions that the builtin holds."""

    held: list[Any]
    note: Any = None
    text: str = ""

    def variable(self, name: str) -> Any:
        """Return the function called `name`."""
        functions = (getattr(value, "direct", value) for value in self.held)
        return next((f for f in functions if getattr(f, "__name__", None) == name), None)


def wrong_argument(builtin: Builtin, arguments: Mapping[str, Any], is_loose: bool = False) -> errors.Error | None:
    """Return the error for the first argument whose type the annotation does not admit.

    If `is_loose`, what can be gone through is as good as an array: many functions take it.
    """
    for parameter in builtin.signature.parameters.values():
        if parameter.name not in arguments:
            continue
        value, wanted = arguments[parameter.name], parameter.annotation
        given = value if parameter.kind is parameter.VAR_POSITIONAL else [value]
        wrong = [item for item in given if not admits(wanted, item)]
        if wrong and not (is_loose and is_list(wanted) and serves_as_array(value)):
            *others, last = dict.fromkeys(described(wanted))
            what = f"{a_type(', '.join(others))} or {last}" if others else a_type(last)
            name = parameter.name.rstrip("_")
            text = f"{builtin.name}() expects {what} as {name}, got {type_name(wrong[0])}"
            return errors.TypeError(text, hint=hint_for(wanted, wrong[0]))
    return None


def hint_for(wanted: Any, value: Any) -> str | None:
    """Return what makes `value` one that the annotation admits."""
    if hasattr(value, "__await__"):
        return operators.AWAIT_IT
    if callable(value) and "array" in described(wanted):
        return "the collection comes before the function"
    return operators.COLLECT_IT if is_list(wanted) and hasattr(value, "__aiter__") else None


def is_list(annotation: Any) -> bool:
    """Whether an array is what the annotation admits."""
    return list in (annotation, getattr(annotation, "__origin__", None))


def serves_as_array(value: Any) -> bool:
    """Whether functions on arrays may take `value`."""
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | dict)


def checker(builtin: Builtin) -> Callable[..., None]:
    """Return what raises at the call what `builtin` would raise of its arguments once it runs."""
    # Classes of arguments that fit; of Python's own only, to keep no other alive.
    known: set[tuple[type, ...]] = set()

    def check(*args: Any, **named: Any) -> None:
        kinds = tuple(map(type, args))
        if kinds in known and not named:
            return
        try:
            given = builtin.signature.bind(*args, **named).arguments
        except TypeError:
            return  # the call itself says it better
        if builtin.check is not None:
            builtin.check(**given)
        if wrong := wrong_argument(builtin, given, is_loose=True):
            raise wrong
        if builtin.check is None and not named and all(kind.__module__ == "builtins" for kind in kinds):
            known.add(kinds)

    return check


def admits(annotation: Any, value: Any) -> bool:
    """Whether `value` is of the annotated type; unknown annotations admit everything."""
    members = getattr(annotation, "__args__", None)
    origin = getattr(annotation, "__origin__", None)
    if members and origin is None:
        return any(admits(member, value) for member in members)
    cls = origin or annotation
    if cls in (Callable, Any) or not isinstance(cls, type):
        return callable(value) if cls is Callable else True
    if cls in (int, float) and isinstance(value, bool):
        return False
    if cls is float:
        return isinstance(value, int | float)
    if cls.__module__ == "collections.abc" and cls.__name__ == "Callable":
        return callable(value)
    return isinstance(value, SETS if cls is set else cls)


def described(annotation: Any) -> list[str]:
    """Return the language's names of the annotated types."""
    members = getattr(annotation, "__args__", None)
    if members and getattr(annotation, "__origin__", None) is None:
        return [name for member in members for name in described(member)]
    cls = getattr(annotation, "__origin__", None) or annotation
    name = getattr(cls, "__name__", str(cls))
    word = {"Callable": "function", "Iterable": "collection"}.get(name) or NAMES.get(name)
    return [word or (class_name(cls) if isinstance(cls, type) else name)]


def unexpected(builtin: Builtin, frame: FrameType, error: BaseException) -> errors.Error | None:
    """Return the error for a failure inside a builtin that its annotations do not explain."""
    text = str(error)
    if isinstance(error, ValueError):
        return errors.ValueError(f"{builtin.name}(): {VALUE_TEXTS.get(text, text)}")
    known = in_our_words(text)
    if known == text:
        given = [frame.f_locals.get(parameter) for parameter in builtin.signature.parameters]
        known = f"{builtin.name}() cannot use these arguments: {', '.join(map(type_name, given))}"
    return errors.TypeError(known)


# Kinds of exceptions


def by_kind(error: BaseException, raised: Raised | None) -> errors.Error:
    """Return the error that says what Python's exception means in the program."""
    for kind, convert in KINDS:
        if isinstance(error, kind):
            return keep(convert(error, raised), error)
    return python_error(error)


def python_error(error: BaseException) -> errors.Error:
    """An exception that has no better name here; its class is told, and it is the error's value."""
    cls = type(error)
    name = f"{cls.__module__}.error" if cls.__name__ == "error" else cls.__name__
    return keep(errors.PythonError(f"{name}: {error}" if str(error) else name), error)


def keep(translated: errors.Error, error: BaseException) -> errors.Error:
    """Return `translated` with the exception as its value, if that is of a library's own kind."""
    if type(error).__module__ != "builtins" or isinstance(translated, errors.PythonError):
        translated.value = error
    return translated


def name_error(error: Any, raised: Raised | None) -> errors.Error:
    """A variable that has no value yet."""
    match = re.search(r"(?:variable|name) '(.+?)(?:'\d+)?' ", f"{error} ")
    return errors.NameError(f"Undefined variable: {match[1] if match else error}")


def attribute_error(error: Any, raised: Raised | None) -> errors.Error:
    """A field that a Python object does not have, or a box without a value."""
    if isinstance(error.obj, Box) and raised is not None:
        return errors.NameError(f"Undefined variable: {raised.text}")
    return errors.FieldError(f"Field not found: {error.name or error}")


def index_error(error: Any, raised: Raised | None) -> errors.Error:
    """An index outside an array or string."""
    if raised is None or raised.below:
        return errors.IndexError(f"Index out of bounds: {error}")
    note = raised.note
    index = raised.variable(note) if type(note).__name__ == "Variable" else note
    return errors.IndexError(f"Index out of bounds: {'?' if index is None else print_text(index)}")


def key_error(error: Any, raised: Raised | None) -> errors.Error:
    """A key that a dict does not have."""
    key = error.args[0] if error.args else ""
    return errors.KeyError(
        f'Missing map key: "{key}"' if isinstance(key, str) else f"Missing map key: {print_text(key)}"
    )


def recursion_error(error: Any, raised: Raised | None) -> errors.Error:
    """Calls nested beyond the limit."""
    import sys

    limit = sys.getrecursionlimit()
    hint = "does the function reach the case in which it does not call itself?"
    return errors.RecursionError(f"calls nested too deeply: more than about {limit}", hint=hint)


def os_error(error: Any, raised: Raised | None) -> errors.Error:
    """A file or the network, from a Python library."""
    kinds = {FileNotFoundError: errors.FileNotFound, PermissionError: errors.PermissionDenied}
    kinds |= {TimeoutError: errors.TimeoutError, ConnectionError: errors.ConnectError}  # type: ignore[dict-item]
    kinds = {BrokenPipeError: errors.FileError} | kinds
    kind = next((ours for python, ours in kinds.items() if isinstance(error, python)), errors.FileError)
    text = f"{error.strerror or error}" or ("Timeout" if isinstance(error, TimeoutError) else type(error).__name__)
    return kind(text, path=error.filename, reason=error.strerror)


def value_error(error: Any, raised: Raised | None) -> errors.Error:
    """A value that does not fit."""
    return errors.ValueError(VALUE_TEXTS.get(str(error), str(error)))


VALUE_TEXTS = {
    "int too large to convert to float": "the int is too large for arithmetic with floats",
    "integer division result too large for a float": "the int is too large for arithmetic with floats",
    "cannot fit 'int' into an index-sized integer": "the int is too large to count anything with",
    "Python int too large to convert to C ssize_t": "the int is too large to count anything with",
    "generator already executing": RUNNING,
    "math range error": "the result is too large for a float",
    "(34, 'Numerical result out of range')": "the result is too large for a float",
}


def zero_division_error(error: Any, raised: Raised | None) -> errors.Error:
    """Division or remainder by zero."""
    return errors.ZeroDivisionError("Modulo by zero" if "modulo" in str(error) else "Division by zero")


def memory_error(error: Any, raised: Raised | None) -> errors.Error:
    """More than the machine has."""
    return errors.ValueError("out of memory: the value is too large")


def stop_iteration(error: Any, raised: Raised | None) -> errors.Error:
    """An iterator of a Python library that is used up."""
    return errors.PythonError(f"{type(error).__name__}: the iterator has no more elements")


# Operators: pattern of Python's text, and ours made of its groups.
OPERATORS: list[tuple[str, Callable[[re.Match[str]], str]]] = [
    (
        r"unsupported operand type\(s\) for (\S+?)=?(?: or pow\(\))?: '(.+)' and '(.+)'",
        lambda m: f"Invalid binary operation: {ours(m[2])} {m[1]} {ours(m[3])}",
    ),
    (
        r"'(\S+)' not supported between instances of '(.+)' and '(.+)'",
        lambda m: f"Invalid binary operation: {ours(m[2])} {m[1]} {ours(m[3])}",
    ),
    (
        r"can only concatenate (\w+) \(not \"(.+)\"\) to",
        lambda m: f"Invalid binary operation: {ours(m[1])} + {ours(m[2])}",
    ),
    (
        r"can't multiply sequence by non-int of type '(.+)'",
        lambda m: f"Invalid binary operation: only an int repeats a string or an array, got {ours(m[1])}",
    ),
    (r"bad operand type for unary (\S+): '(.+)'", lambda m: f"Invalid unary operation: {m[1]}{ours(m[2])}"),
    (r"'(.+)' object is not subscriptable", lambda m: f"{ours(m[1])} has no elements: it cannot be indexed"),
    (
        r"(list|tuple|string|byte)s? ind(?:ices|ex) must be integers(?: or slices)?, not '?([^']+)'?",
        lambda m: f"the index of {a_type(ours(m[1]))} must be an int, got {ours(m[2])}",
    ),
    (r"'(.+)' object does not support item assignment", lambda m: f"{ours(m[1])} elements cannot be assigned"),
    (r"unhashable type: '(.+)'", lambda m: f"{a_type(ours(m[1]))} cannot be a dict key or a member of a set"),
    (r"'(.+)' object is not iterable", lambda m: f"cannot iterate over {ours(m[1])}"),
    (r"must be (?:a )?(.+), not (\w+)$", lambda m: f"expected {a_type(ours(m[1]))}, got {ours(m[2])}"),
]


def ours(name: str) -> str:
    """Return the language's name of a Python class."""
    return NAMES.get(name, name.rpartition(".")[2])


def in_our_words(text: str) -> str:
    """Return Python's text about an operator as the language's, or unchanged."""
    for pattern, convert in OPERATORS:
        match = re.search(pattern, text)
        if match:
            return convert(match)
    return text


def type_error(error: Any, raised: Raised | None) -> errors.Error:
    """An operator, an index or a call in the program; else a library's."""
    text = str(error)
    runtime = raised is not None and all(
        frame.f_globals.get("__name__", "").startswith("hocket.") for frame in raised.below
    )
    if raised is None or not runtime:
        return callback_error(error, frames_of(error.__traceback__)) or python_error(error)
    # A generator of the library that calls a function of the program.
    lazy = [frame for frame in raised.below if frame.f_code.co_flags & CO_GENERATOR]
    wrong_call = callback_error(error, lazy) if lazy else arity_error(text, raised)
    if wrong_call is not None:
        return wrong_call
    match = re.search(r"'(.+)' object is not callable", text)
    if match:
        callee = callee_of(raised.text)
        hint = f"it holds nothing: write `{callee}`" if "::" in callee else None
        return errors.TypeError(f"{callee or 'this'} is not a function: it is {a_type(ours(match[1]))}", hint=hint)
    message = in_our_words(text)
    is_promise = "taskhandle" in message or "promise" in message
    return errors.TypeError(message, hint=operators.AWAIT_IT if is_promise else None)


def callee_of(text: str) -> str:
    """Return what is called, as written: all before the bracket that the last one closes, behind the last `|>`."""
    if not text.endswith(")"):
        return text.rpartition("|>")[2].strip()
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] == ")") - (text[at] == "(")
        if depth == 0:
            before, _, callee = text[:at].rpartition("|>")
            return (callee if before.count("(") == before.count(")") else text[:at]).strip()
    return text


def runtime_error(error: Any, raised: Raised | None) -> errors.Error:
    """An iterator that is used up, where Python wraps what it says; else a library's."""
    if isinstance(error.__cause__, StopIteration | StopAsyncIteration):
        return stop_iteration(error.__cause__, raised)
    return errors.PythonError(f"{type(error).__name__}: {error}")


KINDS: list[tuple[type[BaseException], Callable[[Any, Raised | None], errors.Error]]] = [
    (NameError, name_error),
    (AttributeError, attribute_error),
    (IndexError, index_error),
    (KeyError, key_error),
    (RecursionError, recursion_error),
    (ZeroDivisionError, zero_division_error),
    (OSError, os_error),
    (TypeError, type_error),
    (ValueError, value_error),
    (OverflowError, value_error),
    (MemoryError, memory_error),
    (StopIteration, stop_iteration),
    (RuntimeError, runtime_error),
]
