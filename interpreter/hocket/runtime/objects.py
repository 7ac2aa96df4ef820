"""Objects of Python's libraries: their attributes, and calls of them.

Nothing is converted on the way in or out.  A function of the program that an object is
given goes as a `Callback`: Python may call it in any thread, but it runs in the loop's,
and the thread waits.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent import futures
from contextvars import copy_context
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from hocket import errors
from hocket.runtime import current
from hocket.runtime.arity import misfit
from hocket.runtime.promise import CLAIMED, REJECTED, RESOLVED
from hocket.runtime.ranges import Range
from hocket.runtime.sets import Set
from hocket.runtime.structs import StructType
from hocket.runtime.tasks import AsyncFunction, Routine
from hocket.source import Source

MISSING = object()
OWN: frozenset[type] = frozenset(
    {str, bytes, bool, int, float, type(None), list, tuple, dict, set, Set, Range, GeneratorType}
)
"""The classes of values that are the language's own: their Python attributes are nothing to a program."""


_FOREIGN: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def is_foreign(cls: type) -> bool:
    """Whether values of `cls` are Python objects to a program."""
    if cls in OWN or type(cls) is StructType:
        return False
    known = _FOREIGN.get(cls)
    if known is None:
        known = _FOREIGN[cls] = not any(map(is_ours, cls.__mro__))
    return known


def is_ours(cls: type) -> bool:
    """Whether Hocket itself defines `cls`; what Python makes for a program, a named tuple, only says so."""
    if not cls.__module__.startswith("hocket"):
        return False
    return getattr(sys.modules.get(cls.__module__), cls.__name__, None) is cls


# Attributes


def attribute(value: Any, name: str) -> Any:
    """Return an attribute of a Python object, MISSING if it has none.

    Names with two underscores on both sides are Python's own affair; of modules, such as
    `__version__`, they can be read.
    """
    if name.startswith("__") and not isinstance(value, ModuleType):
        return MISSING
    try:
        return getattr(value, name)
    except AttributeError as error:
        if error.name in (name, None):
            return MISSING
        raise  # of what a property does


def set_attribute(value: Any, name: str, new: Any) -> None:
    """Set an attribute of a Python object; raises FieldError where Python does not allow it."""
    if name.startswith("__"):
        raise errors.FieldError(f"Field not found: {name}", hint="names with `__` are Python's own")
    try:
        setattr(value, name, as_callback(new))
    except (AttributeError, TypeError) as error:
        traceback = error.__traceback__
        if traceback is not None and traceback.tb_next is not None:
            raise  # of what a property does
        hint = None if name in names_of(value) else near(value, name)
        text = f"`{name}` of {kind(value)} cannot be assigned" if hint is None else f"Field not found: {name}"
        raise errors.FieldError(text, hint=hint) from None


def names_of(value: Any) -> list[str]:
    """Return the names of the attributes of a Python object; nothing of a library runs for it."""
    found = dict.fromkeys(getattr(value, "__dict__", ()))
    for base in value.__mro__ if isinstance(value, type) else type(value).__mro__:
        if base is not object and base is not ModuleType:
            found |= dict.fromkeys(vars(base))
    return [name for name in found if not name.startswith("_")]


def static(value: Any, name: str) -> Any:
    """Return an attribute of a Python object as far as nothing has to run for it, else MISSING."""
    raw = inspect.getattr_static(value, name, MISSING)
    if isinstance(raw, staticmethod):
        return raw.__func__
    if isinstance(raw, classmethod):
        return MethodType(raw.__func__, value if isinstance(value, type) else type(value))
    is_class_like = isinstance(value, type | ModuleType) or name in getattr(value, "__dict__", ())
    if isinstance(raw, FunctionType) and not is_class_like:
        return MethodType(raw, value)
    if isinstance(raw, MemberDescriptorType):
        return getattr(value, name, MISSING)
    functions = FunctionType | MethodType | BuiltinFunctionType | MethodDescriptorType | ClassMethodDescriptorType
    is_plain = isinstance(raw, functions | type)
    return raw if is_plain or not hasattr(type(raw), "__get__") else MISSING


def signature(name: str, function: Any) -> str:
    """Return how a Python function is called, without annotations."""
    try:
        found = inspect.signature(function)
    except (ValueError, TypeError):
        return f"{name}(…)"
    plain = [parameter.replace(annotation=parameter.empty) for parameter in found.parameters.values()]
    if isinstance(function, MethodDescriptorType | ClassMethodDescriptorType) and plain:
        del plain[0]
    text = str(found.replace(parameters=plain, return_annotation=found.empty))
    return f"{name}{text.replace(', /', '')}"


def near(value: Any, name: str) -> str:
    """Say which attribute could be meant, or that there is none."""
    return errors.did_you_mean(name, names_of(value)) or f"{kind(value)} has no `{name}`"


def kind(value: Any) -> str:
    """Return what an object is called in a message."""
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    return f"class {value.__name__}" if isinstance(value, type) else type(value).__name__


def is_inherited(cls: type, name: str) -> bool:
    """Whether the `name` of `cls` is that of one of the language's own classes, which it is made of."""
    definer = next((base for base in cls.__mro__ if name in vars(base)), object)
    return definer in OWN or definer is OrderedDict and hasattr(dict, name)


# Calls


def call(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call what a Python object has; raises ArityError when the arguments are not as many as it takes."""
    args = tuple(map(as_callback, args))
    for name, value in named.items():
        named[name] = as_callback(value)
    try:
        return function(*args, **named)
    except TypeError as error:
        explain(error, function, args, named)
        raise


def call_any(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call a function of the program, of ours or of Python's."""
    return call(function, args, named) if is_python(function) else function(*args, **named)


def outside(function: Any) -> Any:
    """Return `function`, one of Python's so that it is given what it may call in any thread."""
    return functools.partial(call_with, function) if is_python(function) else function


def call_with(function: Any, /, *args: Any, **named: Any) -> Any:
    """Call what Python has."""
    return call(function, args, named)


def is_python(function: Any) -> bool:
    """Whether a function, method or class is a library's."""
    code = getattr(function, "__code__", None)
    if code is not None and Source.of(code.co_filename) is not None:
        return False
    return is_foreign(type(function)) and not (getattr(function, "__module__", None) or "").startswith("hocket")


def explain(error: TypeError, function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Raise an ArityError if `error` is that of a call with arguments that the function does not take."""
    traceback = error.__traceback__
    if traceback is None or traceback.tb_next is None:  # the function has not begun
        wrong = misfit(function, args, named)
        if wrong is not None:
            raise wrong from None


def as_callback(value: Any) -> Any:
    """Return what Python is given for `value`: itself, but of a function of the program a `Callback`."""
    function = value.__func__ if type(value) is MethodType else value
    if type(function) is AsyncFunction:
        function = function.direct
    if type(function) is not FunctionType or Source.of(function.__code__.co_filename) is None:
        return value
    return Callback(value)


class Callback:
    """A function of the program in the hands of a Python library.

    While there is one, something may come from outside, and nothing is a deadlock.  It equals
    its function, so that what was registered can be found again.
    """

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.scheduler = current.current_scheduler()
        self.scheduler.external += 1
        self.context = copy_context()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it was never whole
            self.scheduler.external -= 1

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call the function here, or, in another thread, have it called and wait."""
        if threading.get_ident() != self.scheduler.thread:
            return Handed.over(self.scheduler, self.context, self.function, args, named)
        try:
            return self.function(*args, **named)
        except TypeError as error:
            explain(error, self.function, args, named)
            raise

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __eq__(self, other: object) -> bool:
        return self.function == (other.function if isinstance(other, Callback) else other)

    def __hash__(self) -> int:
        return hash(self.function)

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form, that of the function."""
        return text(self.function)


class Handed(Routine):
    """A call that another thread asked for and waits for, in the cell that gave the function away."""

    __slots__ = ("answer",)

    is_called = False

    def __init__(
        self, answer: futures.Future[Any], function: Any, args: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        super().__init__(called(function, args, named), "callback")
        self.answer = answer
        self.handled = CLAIMED
        self.start()

    @staticmethod
    def over(scheduler: Any, context: Any, function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return, in any thread but the loop's, what `function` gives there; a promise is waited for."""
        answer: futures.Future[Any] = futures.Future()

        def begin() -> None:
            if answer.set_running_or_notify_cancel():
                current.scheduler = scheduler
                Handed(answer, function, args, named)

        # First this, then the look: whoever closes the session does it the other way round.
        scheduler.asked.add(answer)
        try:
            if scheduler.is_closed:
                answer.cancel()
            else:
                scheduler.loop.call_soon_threadsafe(begin, context=context)
        except RuntimeError:  # the loop is closed
            answer.cancel()
        try:
            return answer.result()
        except futures.CancelledError:
            raise errors.CancelledError("the session has ended") from None
        finally:
            scheduler.asked.discard(answer)

    def settle(self, state: str, result: Any) -> None:
        """Tell the thread."""
        super().settle(state, result)
        if self.answer.done():
            return
        if self.state is RESOLVED:
            self.answer.set_result(self.result)
        elif self.state is REJECTED:
            self.answer.set_exception(self.failure())
        else:
            self.answer.set_exception(errors.CancelledError("Task was cancelled"))

    def describe(self) -> str:
        """Return what it is, in the words of a message."""
        return "a function that a thread calls"


async def called(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call a function of the program; a promise that it gives is followed."""
    try:
        return function(*args, **named)
    except TypeError as error:
        explain(error, function, args, named)
        raise
