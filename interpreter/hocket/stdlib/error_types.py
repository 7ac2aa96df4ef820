"""The types of errors as values, under the names that `except` knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.registry import constant
from hocket.runtime.structs import StructType
from hocket.runtime.values import name_type, print_text


class ErrorType:
    """A type of errors, to be named where a function asks for one; a call makes an error of it, to be thrown."""

    __slots__ = ("kind",)

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, kind: type[errors.Error]) -> None:
        self.kind = kind

    def __call__(self, *values: Any, **fields: Any) -> errors.Error:
        """Return an error of the type, with the message that is given and with further fields."""
        message = [*values, *([fields.pop("message")] if "message" in fields else [])]
        if len(message) != 1:
            raise errors.ArityError(f"{self.kind.__name__} expects 1 argument, got {len(message)}")
        error = self.kind(print_text(message[0]))
        error.fields.update(fields)
        return error

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<error type {self.kind.__name__}>"


name_type(ErrorType, "errortype")

for _name, _kind in errors.TYPES.items():
    constant(_name, ErrorType(_kind))


def is_error_type(value: Any) -> bool:
    """Return whether `value` is a type of what can be thrown: of errors, or a struct."""
    return isinstance(value, ErrorType | StructType)


def is_of(error: errors.Error, wanted: Any) -> bool:
    """Return whether `error` is of the type `wanted`, or of one of its kinds."""
    if isinstance(wanted, ErrorType):
        return isinstance(error, wanted.kind)
    return type(error.value) is wanted
