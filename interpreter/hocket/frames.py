"""A frame of a program that stands still: its variables by the program's names, and programs run in it.

The generated code gives every local variable a name of its own; which of them a name means
depends on where the frame is, so the text is resolved once more.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hocket import errors
from hocket.compiler import compile_program
from hocket.resolver import Environment, Resolver, mangle, unmangle
from hocket.runtime.operators import Box
from hocket.source import Source, Span
from hocket.syntax.parser import parse

if TYPE_CHECKING:
    from hocket.session import Compiled, Session

NAME = re.compile(r"[^\W\d]\w*")
NUMBERED = re.compile(r".+'\d+")
MISSING = object()

_OWNED: WeakKeyDictionary[Source, dict[str, Span]] = WeakKeyDictionary()

FROZEN = "nothing can be waited for while the program stands still"


def offset(frame: FrameType) -> int:
    """Return where in its source the frame is."""
    source = Source.of(frame.f_code.co_filename)
    assert source is not None
    line, _, column, _ = next(islice(frame.f_code.co_positions(), max(0, frame.f_lasti // 2), None))
    return source.offset(line or frame.f_lineno, column or 0)


def source_of(frame: FrameType) -> Source | None:
    """Return the text whose function runs in `frame`, None if it is not a program's own."""
    # What makes a closure in a loop is a function too, but nobody has written it.
    return None if frame.f_code.co_name.startswith("__") else Source.of(frame.f_code.co_filename)


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of programs from `frame` outwards."""
    while frame is not None:
        if Source.of(frame.f_code.co_filename) is not None:
            yield frame
        frame = frame.f_back


# Variables


@dataclass(frozen=True)
class Local:
    """A local variable of a frame: its name in the generated code, and the value that it has."""

    python: str
    value: Any


def locals_of(session: Session, frame: FrameType) -> dict[str, Local]:
    """Return the local variables that can be seen where `frame` is, those of functions around it that it uses included.

    Without those that have no value yet.
    """
    held = dict(frame.f_locals)
    source = Source.of(frame.f_code.co_filename)
    if source is None or held is frame.f_globals or frame.f_code.co_name == "<module>":
        return {}
    plain = [python for python in held if python == mangle(unmangle(python)) and not python.startswith("__")]
    numbered = [python for python in held if NUMBERED.fullmatch(python) and not python.startswith("'")]
    found: dict[str, Local] = {}
    for python in (*plain, *visible(session, source, numbered, offset(frame))):
        value = held[python]
        if isinstance(value, Box):
            value = getattr(value, "v", MISSING)
        if value is not MISSING:
            found[unmangle(python)] = Local(python, value)
    return found


def visible(session: Session, source: Source, numbered: list[str], at: int) -> list[str]:
    """Return those of the `numbered` variables that can be seen at the offset `at`, inner ones last."""
    owners = _OWNED.get(source)
    if owners is None:
        owners = _OWNED[source] = {} if source.is_python else owned(session, source)
    if not owners.keys() >= set(numbered):
        return sorted(numbered, key=lambda python: int(python.rpartition("'")[2]))
    around = [python for python in numbered if owners[python].start <= at < owners[python].end]
    return sorted(around, key=lambda python: owners[python].start - owners[python].end)


def owned(session: Session, source: Source) -> dict[str, Span]:
    """Return the part of `source` where each of its numbered variables can be seen."""
    environment = Environment(dict.fromkeys(session.kinds, "mut"), words(source), errors.TYPES)
    resolution = Resolver(source, environment).resolve(parse(source).program)
    return {binding.python: owner.span for owner, bindings in resolution.declared.items() for binding in bindings}


def words(source: Source) -> frozenset[str]:
    """Return all that could be a name in `source`."""
    return frozenset(NAME.findall(source.text))


def globals_of(frame: FrameType) -> dict[str, Any]:
    """Return the variables of the session, or of the module, that the frame's code belongs to."""
    return {unmangle(name): value for name, value in dict(frame.f_globals).items() if not name.startswith("__")}


def assign(session: Session, frame: FrameType, name: str, value: Any) -> None:
    """Set a variable that the frame can see, its own or a global one; must run in the frame's thread."""
    local = locals_of(session, frame).get(name)
    if local is None:
        frame.f_globals[mangle(name)] = value
        return
    held = frame.f_locals
    box = held[local.python]
    if isinstance(box, Box):
        setattr(box, "v", value)  # noqa: B010  it declares no attribute
        return
    held[local.python] = value
    if sys.version_info < (3, 13):  # where it is a copy
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))


# Programs in a frame


class Program:
    """A text that is run where frames stand, as if it stood there; compiled once for each place.

    What it assigns are the frame's variables, what it declares the session's.  It can start
    tasks, but nothing can be waited for.
    """

    def __init__(self, session: Session, text: str) -> None:
        self.text = text
        self._session = session
        self._words = frozenset(NAME.findall(text))
        self._compiled: dict[tuple[CodeType, frozenset[str]], Compiled] = {}

    def run(self, frame: FrameType) -> Any:
        """Return the value of the last expression; must be called in the frame's thread.  Raises HocketError."""
        found = locals_of(self._session, frame)
        compiled = self._compile(frame, frozenset(found))
        namespace = {**frame.f_globals, **{mangle(name): local.value for name, local in found.items()}}
        try:
            return run(self._session, compiled, namespace)
        finally:
            self._store(frame, found, compiled, namespace)

    def _store(self, frame: FrameType, found: dict[str, Local], compiled: Compiled, namespace: dict[str, Any]) -> None:
        for name in self._words:
            python = mangle(name)
            before = found[name].value if name in found else frame.f_globals.get(python, MISSING)
            value = namespace.get(python, MISSING)
            if value is before or value is MISSING:
                continue
            assign(self._session, frame, name, value)
            if name not in found and name in compiled.declared:
                self._session.kinds.setdefault(name, compiled.declared[name])

    def _compile(self, frame: FrameType, names: frozenset[str]) -> Compiled:
        key = frame.f_code, names
        if key not in self._compiled:
            kinds = {
                name: kind
                for name, kind in self._session.kinds.items()
                if kind in ("enum", "struct") and name not in names
            }
            known = dict.fromkeys((*globals_of(frame), *names), "mut") | kinds
            self._compiled[key] = self._session.compile(self.text, "the debugger", rules=(), kinds=known)
        return self._compiled[key]


def run(session: Session, compiled: Compiled, namespace: dict[str, Any]) -> Any:
    """Run a program that must not wait; raises HocketError."""
    scheduler = session.scheduler
    # The task that stands still must not be the one that waits.
    current, scheduler.current = scheduler.current, None
    coroutine = FunctionType(compiled.unit.code, namespace)()
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except errors.HocketError:
        raise
    except Exception as error:
        raise scheduler.translate(error) from None
    else:
        raise errors.Error(FROZEN, hint="continue, and wait in a cell")
    finally:
        coroutine.close()
        scheduler.current = current


# Lines


def lines_with_code(session: Session, text: str) -> list[int]:
    """Return the lines of a program at which something happens; raises StaticErrors.

    What it needs of other cells need not be there.
    """
    source = Source("cell", text)
    parsed = parse(source)
    environment = Environment({}, words(source) | session.library.keys(), errors.TYPES)
    resolution = Resolver(source, environment).resolve(parsed.program)
    unit = compile_program(source, parsed.program, resolution, session.suspending, parsed.docs)
    source.forget()
    return sorted(lines_of(unit.code))


def lines_of(code: CodeType) -> set[int]:
    """Return the lines of a code object and of those inside it."""
    found = {line for _, _, line in code.co_lines() if line}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            found |= lines_of(const)
    return found
