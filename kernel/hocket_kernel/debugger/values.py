"""Values as a debugger's client sees them: a line of text, and what is inside when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Any, NamedTuple

from hocket import errors
from hocket.runtime import objects
from hocket.runtime.display import brief, source_string
from hocket.runtime.fields import own_fields
from hocket.runtime.objects import MISSING
from hocket.runtime.promises import PENDING, Promise
from hocket.runtime.sets import SETS
from hocket.runtime.structs import Struct, values_of
from hocket.runtime.values import type_name

MOST = 1000
"""How many of a value's parts are sent if the client does not say how many it wants."""

_NUMBERS = count(1)


class Part(NamedTuple):
    """A variable, or a part of a value; `path` is the expression for it, empty if there is none."""

    name: str
    value: Any
    path: str


class Values:
    """The values that a client may look into, by number; made anew when the program goes on."""

    def __init__(self) -> None:
        self._held: dict[int, Part | list[Part]] = {}
        self._frames: dict[int, int] = {}

    def scope(self, variables: Mapping[str, Any], frame: int = 0) -> int:
        """Return the number of a group of variables, of the frame that clients know as `frame`."""
        return self._keep([Part(name, value, name) for name, value in variables.items()], frame)

    def _keep(self, held: Part | list[Part], frame: int) -> int:
        number = next(_NUMBERS)
        self._held[number] = held
        self._frames[number] = frame
        return number

    def holds(self, number: int) -> bool:
        """Whether `number` is of a value that can be looked into."""
        return number in self._held

    def frame(self, number: int) -> int:
        """Return the frame that a value was found in, 0 if none."""
        return self._frames[number]

    def path(self, number: int, name: str) -> str:
        """Return the expression for the part of a value that is shown as `name`; raises KeyError."""
        return next((part.path for part in self._parts(number) if part.name == name and part.path), "")

    def children(self, number: int, start: int = 0, amount: int = 0) -> list[dict[str, Any]]:
        """Return the variables of a group, or the parts of a value."""
        frame, end = self._frames[number], start + (amount or MOST)
        parts = list(islice(self._parts(number), start, end + 1))
        shown = [self.describe(part, frame) for part in parts[: end - start]]
        if len(parts) > len(shown) and not amount:
            more = sum(1 for _ in self._parts(number)) - end
            shown.append({"name": "…", "value": f"{more} more", "type": "", "variablesReference": 0})
        return shown

    def describe(self, part: Part, frame: int) -> dict[str, Any]:
        """Return a variable as the protocol has it."""
        inside = next(parts_of(part), None) is not None
        found = {
            "name": part.name,
            "value": text_of(part.value),
            "type": known_type(part.value),
            "variablesReference": self._keep(part, frame) if inside else 0,
        }
        return {**found, "evaluateName": part.path} if part.path else found

    def _parts(self, number: int) -> Iterator[Part]:
        held = self._held[number]
        return iter(held) if isinstance(held, list) else parts_of(held)


def known_type(value: Any) -> str:
    """Return the type's name; of a string the one without which JupyterLab would show the type for the value."""
    name = type_name(value)
    return "str" if name == "string" else name


def text_of(value: Any) -> str:
    """Return a line for `value`, whatever it does when it is shown."""
    try:
        return brief(value)
    except Exception:  # noqa: BLE001  of a running program: it may change meanwhile
        return f"<{type_name(value)}>"


def parts_of(part: Part) -> Iterator[Part]:
    """Yield the parts of a value: elements, entries, fields; nothing of the program's runs for it."""
    value, path = part.value, part.path
    if isinstance(value, dict):
        for key, held in list(value.items()):
            name = source_string(key) if isinstance(key, str) else text_of(key)
            yield Part(name, held, f"{path}[{name}]" if path and isinstance(key, str | int | float) else "")
    elif isinstance(value, list | tuple):
        for index, held in enumerate(list(value)):
            yield Part(str(index), held, f"{path}[{index}]" if path else "")
    elif isinstance(value, SETS):
        for index, held in enumerate(list(value)):
            yield Part(str(index), held, "")
    else:
        for name, held in fields_of(value):
            yield Part(name, held, f"{path}.{name}" if path else "")


def fields_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a value that has some."""
    if isinstance(value, Struct):
        yield from values_of(value).items()
    elif isinstance(value, errors.Error):
        yield from {"type": value.type, "message": value.message, "line": value.line, **value.fields}.items()
    elif isinstance(value, Promise):
        if value.state is not PENDING:
            yield "result", value.result
    elif objects.is_foreign(type(value)) and not isinstance(value, type):
        found = ((name, objects.static(value, name)) for name in objects.names_of(value))
        yield from ((name, held) for name, held in found if held is not MISSING and not callable(held))
    else:
        yield from own_fields(value).items()
