"""What went wrong in a test, for its reader: the error, and for two values where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hocket import errors
from hocket.errors import Error, HocketError
from hocket.render import headline, render
from hocket.runtime.display import show
from hocket.runtime.values import equal
from hocket.testing.comments import difference
from hocket.testing.results import ERROR, FAILED, Result

WIDTH = 90
"""Longer values are compared line by line."""


def explain(result: Result, error: HocketError) -> None:
    """Add `error` to what `result` says."""
    if result.passed:
        result.status = FAILED if isinstance(error, errors.AssertionError) else ERROR
        result.kind = error.type if isinstance(error, Error) else "Error"
        result.message = (headline(error) if isinstance(error, Error) else str(error)).partition("\n")[0]
    more = "\n".join(comparison(error))
    for field, color in (("text", False), ("colored", True)):
        shown = f"{render(error, color)}\n{more}" if more else render(error, color)
        before = getattr(result, field)
        setattr(result, field, f"{before}\n{shown}" if before else shown)


def comparison(error: HocketError) -> Iterator[str]:
    """Yield the lines that show how two values differ that should be equal."""
    compared = getattr(error, "compared", None)
    if compared is None:
        return
    got, wanted = compared
    sides = [text(wanted, got), text(got, wanted)]
    if all("\n" not in side and len(side) <= WIDTH for side in sides):
        yield f"  expected: {sides[0]}"
        yield f"  got:      {sides[1]}"
    else:
        yield "  - expected, + got:"
        yield from difference(sides[0].split("\n"), sides[1].split("\n"))
    if isinstance(got, list | dict) and type(got) is type(wanted):
        place, first, second = first_difference(got, wanted)
        if place:
            yield f"  first difference at {place}: expected {second}, got {first}"


def text(value: Any, other: Any) -> str:
    """Return a value as source text; two texts of several lines stay as they are."""
    if isinstance(value, str) and isinstance(other, str) and "\n" in value + other:
        return value
    return show(value)


MISSING = object()


def first_difference(got: Any, wanted: Any, place: str = "") -> tuple[str, str, str]:
    """Return where two collections begin to differ, and what each has there, as text."""
    if type(got) is type(wanted) and isinstance(got, list | dict):
        keys = list(range(max(len(got), len(wanted)))) if isinstance(got, list) else [*got, *wanted]
        for key in keys:
            one, other = at(got, key), at(wanted, key)
            if one is MISSING or other is MISSING or not equal(one, other):
                return first_difference(one, other, f"{place}[{show(key)}]")
    return place, *("nothing" if value is MISSING else show(value) for value in (got, wanted))  # type: ignore[return-value]


def at(collection: Any, key: Any) -> Any:
    """Return an element, or MISSING."""
    if isinstance(collection, list):
        return collection[key] if key < len(collection) else MISSING
    return collection.get(key, MISSING)
