"""Fields and methods: what stands behind a `.`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from hocket import errors
from hocket.runtime import objects, structs
from hocket.runtime.modules import Module, missing_field
from hocket.runtime.objects import MISSING, OWN
from hocket.runtime.structs import Struct, StructType
from hocket.runtime.tasks import Held
from hocket.runtime.values import a_type, name_type, type_name

Library = Callable[[type], Mapping[str, Callable[..., Any]]]
"""Gives the library's methods of values of a class."""

ERROR_FIELDS = frozenset({"message", "type", "stack", "line", "cause", "value", "hint", "others"})
name_type(objects.Callback, "function")

FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)


def field(library: Library, value: Any, name: str) -> Any:
    """Return `value.name`; a method that is not called is a function."""
    cls = type(value)
    if type(cls) is StructType:
        return getattr(value, name) if name in cls.__fields__ else struct_method(library, value, name)
    if cls is Module:
        return module_member(value, name)
    if cls is dict:
        return value.get(name)
    if isinstance(value, errors.Error):
        return error_field(value, name)
    if objects.is_foreign(cls):
        return object_field(library, value, name)
    held = own_fields(value)
    if name in held:
        return held[name]
    found = own_attribute(value, name)
    if found is not MISSING:
        return found
    method = library(cls).get(name)
    if method is not None:
        return functools.partial(method, value)
    raise missing(value, name, library)


def own_attribute(value: Any, name: str) -> Any:
    """Return what an object of the language has under `name`, MISSING if that is nothing that programs see."""
    cls = type(value)
    members = getattr(cls, "members", None)
    if cls in OWN or cls is StructType or name.startswith("_") or not (members is None or name in members):
        return MISSING
    return getattr(value, name, getattr(value, f"{name}_", MISSING))


def error_field(error: errors.Error, name: str) -> Any:
    """Return a field of an error, null if it has none of that name."""
    return getattr(error, name) if name in ERROR_FIELDS else error.fields.get(name)


def module_member(module: Module, name: str) -> Any:
    """Return what a module's variable holds now."""
    if not module.shows(name):
        raise missing_field(module, name)
    return module.variables[name]


def object_field(library: Library, value: Any, name: str) -> Any:
    """Return an attribute of a Python object, else a method of the library."""
    if isinstance(value, dict) and name in value:
        return value[name]
    found = object_attribute(value, name)
    if found is not MISSING:
        return found
    if isinstance(value, dict):
        return value.get(name)
    method = library(type(value)).get(name)
    if method is None:
        raise missing(value, name, library)
    return functools.partial(method, value)


def object_attribute(value: Any, name: str) -> Any:
    """Return an attribute of a Python object, MISSING if it has none of its own.

    What one that is made of a dict has from there is the language's, and no attribute.
    """
    return MISSING if objects.is_inherited(type(value), name) else objects.attribute(value, name)


def own_fields(value: Any) -> Mapping[str, Any]:
    """Return the fields that the program itself declared, by name: those of an enum's value, an enum's variants."""
    declared = getattr(type(value), "__fields__", None)
    return declared(value) if callable(declared) else {}


def struct_method(library: Library, value: Struct, name: str) -> Any:
    """Return a struct's method that is not called, or one of the library's."""
    own = type(value).__methods__.get(name)
    if own is not None:
        return structs.bound(own, value)
    method = library(type(value)).get(name)
    if method is None:
        raise missing(value, name, library)
    return functools.partial(method, value)


ELSEWHERE = {
    "length": "len",
    "size": "len",
    "count": "len",
    "toUpperCase": "upper",
    "toLowerCase": "lower",
    "toString": "to_string",
    "indexOf": "index_of",
    "forEach": "for_each",
    "each": "for_each",
    "some": "any",
    "every": "all",
    "flat": "flatten",
    "add": "push",
    "charAt": "char_at",
    "hasOwnProperty": "has",
    "containsKey": "has",
    "strip": "trim",
    "lstrip": "trim_start",
    "rstrip": "trim_end",
    "splitlines": "lines",
    "extend": "concat",
    "startswith": "starts_with",
    "endswith": "ends_with",
    "index": "index_of",
    "select": "filter",
    "fold": "reduce",
    "inject": "reduce",
    "upcase": "upper",
    "downcase": "lower",
    "to_s": "to_string",
    "to_i": "to_int",
    "to_f": "to_float",
}
"""Methods under their names in other languages, and under ours."""

OTHERWISE = {
    ("array", "shift"): "xs.remove_at(0)",
    ("array", "unshift"): "xs.insert(0, x)",
    ("array", "splice"): "xs.remove_at(i)",
    ("array", "flatMap"): "xs.map(f).flatten()",
    ("array", "flat_map"): "xs.map(f).flatten()",
    ("array", "fill"): "[x] * n",
    ("array", "at"): "xs[i]",
    ("dict", "pop"): "d.remove(key)",
    ("dict", "delete"): "d.remove(key)",
    ("dict", "set"): "d[key] := value",
    ("dict", "forEach"): "for k, v in d { … }",
    ("string", "join"): "xs.join(separator)",
    ("string", "concat"): "a + b",
    ("string", "at"): "s[i]",
    ("string", "match"): "s.regex_match(pattern)",
    ("string", "isdigit"): 's.regex_match("^[0-9]+$")',
    ("float", "toFixed"): "${x:.2f}",
    ("int", "toFixed"): "${x:.2f}",
    ("int", "times"): "for i in 0..n { … }",
    ("range", "step_by"): "range(start, stop, step)",
    ("range", "to_array"): "xs.collect()",
    ("function", "randint"): "random_int(a, b)",
    ("function", "sleep"): "sleep(ms)",
}
"""Methods of other languages, by type, that are no method here, and what to write."""


def missing(value: Any, name: str, library: Library) -> errors.FieldError:
    """Return the error for a field or method that `value` does not have."""
    if isinstance(value, Struct):
        return errors.FieldError(f"Field not found: {name}", hint=structs.hint_for(type(value), name))
    if objects.is_foreign(type(value)) and not isinstance(value, FUNCTIONS):
        return errors.FieldError(f"Field not found: {name}", hint=objects.near(value, name))
    methods = library(type(value))
    meant = ELSEWHERE.get(name, "")
    if meant in methods:
        return errors.FieldError(f"Field not found: {name}", hint=f"write `{meant}()`")
    if (type_name(value), name) in OTHERWISE:
        return errors.FieldError(f"Field not found: {name}", hint=f"write `{OTHERWISE[type_name(value), name]}`")
    known = [*methods, *getattr(type(value), "members", ()), *own_fields(value)]
    hint = errors.did_you_mean(name, known) or f"{type_name(value)} has no `{name}`"
    return errors.FieldError(f"Field not found: {name}", hint=hint)


def set_field(value: Any, name: str, new: Any) -> None:
    """`value.name := new`."""
    if isinstance(value, Struct):
        structs.set_field(value, name, new)
        return
    if isinstance(value, dict):
        value[name] = new
        return
    if isinstance(value, Module):
        hint = "a module's variables are assigned in the module: call a function of it that does"
        raise errors.FieldError(f"cannot assign {value.name}.{name} from outside of the module", hint=hint)
    if not objects.is_foreign(type(value)) or isinstance(value, FUNCTIONS):
        raise errors.FieldError(f"Field not found: {name}", hint=f"the fields of {type_name(value)} cannot be assigned")
    objects.set_attribute(value, name, new)


class AwaitedTable(dict[type, Callable[..., Any]]):
    """What is called where a method's result is awaited, by the class of the value; fills itself.

    `awaited` makes it of the function that `methods` has.
    """

    def __init__(self, methods: MethodTable, awaited: Callable[[Any], Callable[..., Any]]) -> None:
        super().__init__()
        self.methods = methods
        self.awaited = awaited

    def __missing__(self, cls: type) -> Callable[..., Any]:
        function = self.awaited(self.methods[cls])
        if cls in self.methods:  # else it may not be kept
            self[cls] = function
        return function


class MethodTable(dict[type, Callable[..., Any]]):
    """The functions that one method name means, by the class of the value; fills itself."""

    def __init__(self, name: str, library: Library) -> None:
        super().__init__()
        self.name = name
        self.library = library

    def __missing__(self, cls: type) -> Callable[..., Any]:
        if type(cls) is StructType:
            own = cls.__methods__.get(self.name)
            # A struct that a function makes ends with what it has captured: the table would keep it.
            if own is not None and getattr(own, "direct", own).__closure__:
                return own
        function = self.find(cls)
        self[cls] = function
        return function

    def find(self, cls: type) -> Callable[..., Any]:
        """Return the function for values of `cls`; it is given the value first."""
        name, own = self.name, self.library(cls).get(self.name)
        if type(cls) is StructType:
            # A field that holds a function, too, hides a method of the library.
            own = cls.__methods__.get(name, None if name in cls.__fields__ else own)
        if issubclass(cls, dict):
            return self.holding(functools.partial(self.call_entry, own), lambda value: dict.get(value, name))
        if objects.is_foreign(cls):
            return functools.partial(self.call_object, own)
        if own is None and name in getattr(cls, "members", ()):
            member = inspect.getattr_static(cls, name, None)
            own = member if isinstance(member, FunctionType) else None
        if own is not None:
            return own

        def call_field(value: Any, /, *args: Any, **named: Any) -> Any:
            return field(self.library, value, name)(*args, **named)

        return self.holding(call_field, lambda value: field(self.library, value, name))

    def holding(self, function: Callable[..., Any], held: Callable[[Any], Any]) -> Held:
        """Return `function`, which calls what `held` finds."""
        made = Held(function)
        made.held = held
        return made

    def call_entry(self, method: Callable[..., Any] | None, value: Any, /, *args: Any, **named: Any) -> Any:
        """Call the function stored in a dict under the name, else the library's method."""
        entry = dict.get(value, self.name)
        if callable(entry):
            return entry(*args, **named)
        if type(value) is not dict:
            return self.call_object(method, value, *args, **named)
        if method is None and self.name in value:
            raise errors.TypeError(f"{self.name} is not a function: it is {a_type(type_name(entry))}")
        if method is None:
            raise missing(value, self.name, self.library)
        return method(value, *args, **named)

    def call_object(self, method: Callable[..., Any] | None, value: Any, /, *args: Any, **named: Any) -> Any:
        """Call what a Python object has under the name, else the library's method."""
        function = object_attribute(value, self.name)
        if function is not MISSING:
            return objects.call(function, args, named)
        if method is None:
            raise missing(value, self.name, self.library)
        return method(value, *args, **named)
