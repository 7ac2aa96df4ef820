"""Structs: a Python class with `__slots__` for each, made when its definition runs.

The fields are the slots.  The methods are kept beside them (`__methods__`), so that no name
of a field or method can get in the way of Python's; those that define an operator are Python's
special methods as well, so that generated code needs no test for structs.  There are no
reflected forms: `2 * v` does not ask `v`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from types import FrameType, MethodType
from typing import Any, NoReturn

from hocket import errors
from hocket.runtime.arity import count
from hocket.runtime.tasks import AsyncFunction
from hocket.source import Source

Method = Callable[..., Any]

NEAR = 0.7
"""How alike a field's name and a mistaken one must be."""


class StructType(type):
    """The class of a struct's class: what a program calls to make a value.

    `__fields__` are the names of the fields in order, `__written__` the same as the program
    declares them, `__methods__` the methods by name.
    """

    __fields__: tuple[str, ...]
    __written__: tuple[str, ...]
    __methods__: dict[str, Method]

    def label(cls, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<struct {cls.__name__}>"


class Struct(metaclass=StructType):
    """A value of a struct; what all structs have in common."""

    __slots__ = ()
    __fields__ = ()
    __written__ = ()
    __methods__: dict[str, Method] = {}
    # Compared by what they hold, which may change.
    __hash__ = None  # type: ignore[assignment]
    # Else `op_index` alone would make it iterable in Python.
    __iter__: Any = None

    def __set_key__(self, key: Callable[[Any], Any]) -> Any:
        """Return what stands for the value in a set, where `key` says it of a field's value.

        Raises Python's TypeError where only `op_eq` knows what the value equals.
        """
        if "op_eq" in type(self).__methods__:
            raise TypeError(f"unhashable type: '{type(self).__name__}'")
        return type(self), tuple(map(key, values_of(self).values()))

    def __repr__(self) -> str:
        from hocket.runtime.display import print_text  # which knows structs

        return print_text(self)


def define(
    name: str,
    fields: tuple[str, ...],
    written: tuple[str, ...],
    init: Method,
    methods: dict[str, Method],
    doc: str | None,
) -> StructType:
    """Return a new struct."""
    namespace: dict[str, Any] = {
        "__slots__": fields,
        "__fields__": fields,
        "__written__": written,
        "__methods__": methods,
        "__init__": init,
        "__doc__": doc,
        "__module__": "hocket program",
    }
    for operator, special in SPECIAL.items():
        if operator in methods:
            for key, function in special(methods[operator]).items():
                namespace[key] = function
    return StructType(name, (Struct,), namespace)


def operator_of(value: Any, name: str) -> Method | None:
    """Return the method of `value` that defines an operator, None if it is no struct or has none."""
    cls = type(value)
    return cls.__methods__.get(name) if type(cls) is StructType else None


# Fields


def values_of(value: Struct) -> dict[str, Any]:
    """Return the fields with their values."""
    return {name: getattr(value, name) for name in type(value).__fields__}


def clone(value: Struct) -> Struct:
    """Return another struct with the same values."""
    cls = type(value)
    made = cls.__new__(cls)
    for name in cls.__fields__:
        setattr(made, name, getattr(value, name))
    return made


def bound(method: Method, value: Struct) -> Method:
    """Return a method as a function of the rest of its parameters."""
    if not isinstance(method, AsyncFunction):
        return MethodType(method, value)
    check = None if method.check is None else MethodType(method.check, value)
    return AsyncFunction(MethodType(method.direct, value), method.__name__, check=check)


def field(value: Struct, name: str) -> Any:
    """Return a field."""
    return getattr(value, checked(value, name))


def set_field(value: Struct, name: str, new: Any) -> None:
    """Write a field."""
    setattr(value, checked(value, name), new)


def checked(value: Struct, name: str) -> str:
    """Return `name`; raises FieldError if it is not that of a field."""
    cls = type(value)
    if name in cls.__fields__:
        return name
    raise errors.FieldError(f"Field not found: {name}", hint=hint_for(cls, name))


def hint_for(cls: StructType, name: str) -> str:
    """Say which field could be meant."""
    near = get_close_matches(name, [*cls.__fields__, *cls.__methods__], 1, NEAR)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"the fields of {cls.__name__} are {', '.join(cls.__fields__)}" if cls.__fields__ else "it has no fields"


# Making one


def misfit(unset: Any, value: Struct, given: tuple[Any, ...], rest: tuple[Any, ...], unknown: dict[str, Any]) -> None:
    """Raise the error for a struct that is made with other fields than it has.

    `given` are the values of the fields without a default, `unset` for a missing one.
    """
    cls = type(value)
    error: errors.Error
    if unknown:
        name = next(iter(unknown))
        error = errors.FieldError(f"{cls.__name__} has no field {name}", hint=hint_for(cls, name))
    elif rest:
        high = len(cls.__fields__)
        low = len(given)
        error = errors.ArityError(f"{cls.__name__} expects {count(low, high)}, got {high + len(rest)}")
    else:
        required = [text.partition(":")[0] for text in cls.__written__ if "=" not in text]
        missing = [name for name, held in zip(required, given, strict=True) if held is unset]
        names = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
        hint = f"{cls.__name__} {{ {', '.join(cls.__written__)} }}"
        error = errors.ArityError(f"{cls.__name__} got no value for {names}", hint=hint)
    error.blames_caller = True
    raise error


def entries(value: Any) -> Mapping[str, Any]:
    """Return what `...value` gives to a struct that is made."""
    if isinstance(value, Struct):
        return values_of(value)
    if isinstance(value, dict):
        return value
    raise errors.TypeError("`...` in a struct needs a struct or a dict")


def no_struct(kind: Callable[[Any], str], value: Any, text: str) -> NoReturn:
    """Raise the error for `name { … }` where the name means something else."""
    raise errors.TypeError(f"{text} is not a struct: it is of type {kind(value)}")


# Operators


def same(left: Struct, right: Any, equal: Callable[[Any, Any], bool]) -> bool:
    """Return `left == right`: as `op_eq` says, else field by field by `equal`."""
    cls = type(left)
    own = cls.__methods__.get("op_eq")
    if own is not None:
        return bool(own(left, right))
    if left is right or type(right) is not cls:
        return left is right
    for name in cls.__fields__:  # noqa: SIM110  a chain of structs may be long: fewer calls within each other
        if not equal(getattr(left, name), getattr(right, name)):
            return False
    return True


def plain(function: Method) -> Method:
    """Return a method as one that Python gives the value to."""
    return (lambda self, *args: function(self, *args)) if isinstance(function, AsyncFunction) else function


def special_as(name: str) -> Callable[[Method], dict[str, Method]]:
    """Return what makes a method Python's special method `name`."""
    return lambda function: {name: plain(function)}


def comparison(operator: str, name: str) -> Callable[[Method], dict[str, Method]]:
    """Return what makes a method one of Python's comparisons, which Python also asks in reverse."""

    def special(function: Method) -> dict[str, Method]:
        def compare(self: Struct, other: Any) -> Any:
            if is_reflected(sys._getframe(1), operator):
                return NotImplemented
            return function(self, other)

        return {name: compare}

    return special


def is_reflected(frame: FrameType, operator: str) -> bool:
    """Whether the program, in `frame`, compares by another operator than the one asked."""
    source = Source.of(frame.f_code.co_filename)
    if source is None:
        return False
    written = source.notes.get(errors.positions(frame.f_code)[frame.f_lasti // 2])  # type: ignore[arg-type]
    return written is not None and written != operator


def equality(function: Method) -> dict[str, Method]:
    """Return `op_eq` as Python's `==`, which literals are compared by."""
    return {"__eq__": lambda self, other: bool(function(self, other))}


def inequality(function: Method) -> dict[str, Method]:
    """Return `op_ne` as Python's `!=`."""
    return {"__ne__": lambda self, other: bool(function(self, other))}


def iteration(function: Method) -> dict[str, Method]:
    """Return `op_iter` as Python's iteration, for the library."""

    def iterator(self: Struct) -> Iterator[Any]:
        return iter(function(self))

    return {"__iter__": iterator}


SPECIAL: dict[str, Callable[[Method], dict[str, Method]]] = {
    "op_add": special_as("__add__"),
    "op_sub": special_as("__sub__"),
    "op_mul": special_as("__mul__"),
    "op_neg": special_as("__neg__"),
    "op_index": special_as("__getitem__"),
    "op_call": special_as("__call__"),
    "op_eq": equality,
    "op_ne": inequality,
    "op_lt": comparison("<", "__lt__"),
    "op_gt": comparison(">", "__gt__"),
    "op_le": comparison("<=", "__le__"),
    "op_ge": comparison(">=", "__ge__"),
    "op_iter": iteration,
}
"""The operators that are Python's; `/`, `%`, `!` and text are asked for by name."""
