"""Enums, and the two that the language brings along: results and options.

An enum is a Python class, its values are instances; `Ok(1)` is a `Result`, `None` an
`Option`.  A value knows its variant and holds what the variant was called with; it
cannot be changed.  The same declaration always gives the same enum, so that a cell
that is run again does not make strangers of the values it made before.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime import operators
from hocket.runtime.structs import StructType, values_of
from hocket.runtime.values import equal, name_type, print_text, show, type_name

Field = tuple[str, str | None]
"""A field's name, and its type if that is checked."""


class EnumValue:
    """A value of an enum: its variant, and what that holds."""

    __slots__ = ("values", "variant")

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, variant: Variant, values: tuple[Any, ...]) -> None:
        self.variant = variant
        self.values = values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EnumValue):
            return NotImplemented
        return self.variant is other.variant and all(map(equal, self.values, other.values))

    def __hash__(self) -> int:
        return hash((self.variant, self.values))

    def __set_key__(self, key: Callable[[Any], Any]) -> Any:
        """Return what stands for the value in a set, where `key` says it of what it holds."""
        return self.variant, tuple(map(key, self.values))

    def __repr__(self) -> str:
        return self.label(repr)

    def __fields__(self) -> dict[str, Any]:
        """Return what the value holds, by name."""
        return dict(zip(self.variant.names, self.values, strict=True))

    def label(self, text: Callable[[Any], str]) -> str:
        """Return `Shape::Circle(2)`."""
        held = f"({', '.join(map(text, self.values))})" if self.values else ""
        return f"{self.variant.path}{held}"


class Result(EnumValue):
    """`Ok(value)` or `Err(error)`."""

    __slots__ = ()


class Option(EnumValue):
    """`Some(value)` or `None`."""

    __slots__ = ()


class Variant:
    """What makes the values of one variant: `Shape::Circle`, `Ok`."""

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, cls: type[EnumValue], name: str, path: str, fields: tuple[Field, ...]) -> None:
        self.cls = cls
        self.path = path
        self.names = tuple(field for field, _ in fields)
        self.checks = [(field, wanted) for field, wanted in fields if wanted is not None]
        self.__name__ = name

    def __call__(self, *args: Any, **named: Any) -> EnumValue:
        """Return the value that holds the arguments; raises ArityError or TypeError."""
        names = self.names
        if named:
            args = self._in_order(args, named)
        if len(args) != len(names):
            count = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
            raise errors.ArityError(f"{self.path} expects {count}, got {len(args)}", hint=f"write `{self.usage}`")
        for field, wanted in self.checks:
            value = args[names.index(field)]
            if type(value) not in operators.TYPES[wanted]:
                operators.mistyped(self.path, field, wanted, value)
        return self.cls(self, args)

    def _in_order(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        unknown = next((name for name in named if name not in self.names), None)
        if unknown is not None:
            raise errors.ArityError(f"{self.path} has no field `{unknown}`", hint=f"write `{self.usage}`")
        twice = next((name for name in self.names[: len(args)] if name in named), None)
        if twice is not None:
            raise errors.ArityError(f"{self.path} got two values for `{twice}`")
        return (*args, *(named[name] for name in self.names[len(args) :] if name in named))

    @property
    def usage(self) -> str:
        """How it is written: `Shape::Circle(r)`."""
        return f"{self.path}({', '.join(self.names)})" if self.names else self.path

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<func {self.path}>"


class Enum:
    """What the name of an enum stands for."""

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, variants: tuple[tuple[str, tuple[Field, ...]], ...]) -> None:
        self.name = name
        # Its Python name is what `type` and the errors of operators say.
        self.cls = type(name, (EnumValue,), {"__slots__": (), "__module__": __name__})
        made = {variant: Variant(self.cls, variant, f"{name}::{variant}", fields) for variant, fields in variants}
        # A variant without fields is a value.
        self.variants = {name: variant if variant.names else variant() for name, variant in made.items()}

    def __fields__(self) -> dict[str, Any]:
        """Return the variants, by name."""
        return self.variants

    @property
    def usage(self) -> str:
        """How it is declared: `enum Shape { Circle(r), Empty }`."""
        variants = (made.variant if isinstance(made, EnumValue) else made for made in self.variants.values())
        listed = ", ".join(variant.usage.removeprefix(f"{self.name}::") for variant in variants)
        return f"enum {self.name} {{ {listed} }}" if listed else f"enum {self.name} {{ }}"

    def variant(self, name: str) -> Any:
        """Return the variant called `name`, as a function or a value; raises FieldError."""
        found = self.variants.get(name)
        if found is None:
            near = get_close_matches(name, self.variants, 1, 0.6)
            hint = f"did you mean `{near[0]}`?" if near else f"its variants: {', '.join(self.variants)}"
            raise errors.FieldError(f"{self.name} has no variant {name}", hint=hint)
        return found

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<enum {self.name}>"


@cache
def enum(name: str, variants: tuple[tuple[str, tuple[Field, ...]], ...]) -> Enum:
    """Return the enum of a declaration."""
    return Enum(name, variants)


OK = Variant(Result, "Ok", "Ok", (("value", None),))
ERR = Variant(Result, "Err", "Err", (("error", None),))
SOME = Variant(Option, "Some", "Some", (("value", None),))
NONE = Variant(Option, "None", "None", ())()

name_type(Result, "result")
name_type(Option, "option")
name_type(Variant, "function")
name_type(Enum, "enum")


# What generated code calls


def path(value: Any, name: str) -> Any:
    """`value::name`."""
    if isinstance(value, Enum):
        return value.variant(name)
    raise errors.TypeError(f"`::{name}` needs an enum on its left, got {type_name(value)}", hint="write `.`")


def is_variant(value: Any, pattern: Any) -> bool:
    """Whether `value` fits `case pattern`: it is of that variant, or equals what is no variant."""
    if isinstance(pattern, Variant):
        return isinstance(value, EnumValue) and value.variant is pattern
    return equal(value, pattern)


def holds(value: Any, pattern: Any, count: int) -> bool:
    """Whether `value` fits `case pattern(…)` with `count` patterns in the brackets."""
    variant = pattern.variant if isinstance(pattern, EnumValue) else pattern
    if not isinstance(variant, Variant):
        hint = f"write `case {pattern.__name__}{{…}}`" if isinstance(pattern, StructType) else None
        raise errors.TypeError(f"a case needs a variant before `(`, got {type_name(pattern)}", hint=hint)
    if len(variant.names) != count:
        fields = f"{len(variant.names)} field{'' if len(variant.names) == 1 else 's'}"
        hint = f"write `case {variant.usage}`"
        raise errors.ArityError(f"{variant.path} has {fields}, the pattern {count}", hint=hint)
    return isinstance(value, EnumValue) and value.variant is variant


def holds_named(value: Any, pattern: Any, names: tuple[str, ...]) -> bool:
    """Whether `value` fits `case pattern{…}` of a variant, with these fields in the braces."""
    variant = pattern.variant if isinstance(pattern, EnumValue) else pattern
    if not isinstance(variant, Variant):
        raise errors.TypeError(f"a case needs a struct or a variant before `{{`, got {type_name(pattern)}")
    known(variant.path, variant.names, names)
    return isinstance(value, EnumValue) and value.variant is variant


def is_made(value: Any, struct: Any, names: tuple[str, ...]) -> bool:
    """Whether `value` fits `case struct{…}`, with these fields in the braces."""
    if not isinstance(struct, StructType):
        raise errors.TypeError(f"a case needs a struct or a variant before `{{`, got {type_name(struct)}")
    known(struct.__name__, struct.__fields__, names)
    return type(value) is struct


def known(what: str, fields: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Raise the error for the first of `names` that is not one of `fields`."""
    unknown = next((name for name in names if name not in fields), None)
    if unknown is not None:
        hint = errors.did_you_mean(unknown, fields) or (
            f"its fields: {', '.join(fields)}" if fields else "it has no fields"
        )
        raise errors.FieldError(f"{what} has no field {unknown}", hint=hint)


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a struct, or what an enum's value holds."""
    return value.__fields__() if isinstance(value, EnumValue) else values_of(value)


def is_of(value: Any, wanted: Any) -> bool:
    """Whether `value` fits `case wanted name`: a type's name, an error's, an enum, a struct or a Python class."""
    if isinstance(wanted, str):
        return type_name(value) == wanted
    if isinstance(wanted, Enum):
        return isinstance(value, wanted.cls)
    if isinstance(wanted, type):
        return isinstance(value, wanted)
    raise errors.TypeError(f"a case needs a type before the name, got {type_name(wanted)}")


def without(entries: dict[Any, Any], keys: tuple[Any, ...]) -> dict[Any, Any]:
    """Return the rest of a dict, for `...rest`."""
    return {key: value for key, value in entries.items() if key not in keys}


def unmatched(value: Any, hint: str = "add `default: { … }`") -> errors.MatchError:
    """Return the error of a `match` expression or a `select` that nothing fits."""
    text = show(value)
    shown = text if len(text) <= 80 and "\n" not in text else f"this {type_name(value)}"
    return errors.MatchError(f"no case fits {shown}", value=value, hint=hint)


def fails(value: Any) -> bool:
    """Whether `value?` ends the function: it is an `Err` or `None`; raises TypeError for what is neither."""
    if isinstance(value, Result):
        return value.variant is ERR
    if isinstance(value, Option):
        return value is NONE
    hint = operators.AWAIT_IT if hasattr(value, "__await__") else "it takes Ok(v), Err(e), Some(v) and None"
    raise errors.TypeError(f"`?` needs a result or an option, got {type_name(value)}", hint=hint)


def failure(value: EnumValue) -> errors.Error:
    """Return an `Err` or `None` as an error to be raised."""
    if value is NONE:
        return errors.ValueError("there is no value: it is None")
    held = value.values[0]
    if isinstance(held, errors.Error):
        return held
    return errors.Error(print_text(held), value=held)
