"""A cell with magics, part by part: programs for the session, lines for the magics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from hocket.errors import PermissionDenied
from hocket.source import Source, Span
from hocket_kernel.magics.registry import MAGICS, Call, Magic, MagicError, nearest, placed

if TYPE_CHECKING:
    from hocket.session import Outcome, Session
    from hocket_kernel.cells import Cells

_CELL = re.compile(r"\s*^%%[ \t]*(\w*)([^\n]*)\n?", re.MULTILINE)
_LINE = re.compile(r"^%([^\W\d]\w*)([^\n]*)\n?", re.MULTILINE)


class Part(NamedTuple):
    """A part of a cell: a program at `span`, or a magic with its text, and body of a cell magic, there."""

    span: Span
    name: str | None = None
    text: Span = Span(0, 0)
    body: Span | None = None


def parts(text: str, is_whole: Callable[[str], bool]) -> Iterator[Part]:
    """Yield the parts of a cell.

    A line that begins with `%name` is a magic unless what stands before it goes on there,
    as within a string over lines; `is_whole` tells.
    """
    head = _CELL.match(text)
    if head is not None:
        yield Part(Span(0, len(text)), head[1], Span(*head.span(2)), Span(head.end(), len(text)))
        return
    begin = 0
    for line in _LINE.finditer(text):
        before = Span(begin, line.start())
        program = text[before.start : before.end]
        if program.strip() and not is_whole(program):
            continue
        if program.strip():
            yield Part(before)
        yield Part(Span(*line.span()), line[1], Span(*line.span(2)))
        begin = line.end()
    if text[begin:].strip():
        yield Part(Span(begin, len(text)))


async def run(cells: Cells, session: Session, text: str, name: str, payload: list[dict[str, Any]]) -> Outcome:
    """Run a cell; return how it ended: as its last part, or as the first that failed."""
    from hocket.session import Outcome

    if "%" not in text:
        return await session.run(text, name)
    source = Source(name, text)
    outcome = Outcome()
    for part in parts(source.text, lambda program: session.is_complete(program)[0] != "incomplete"):
        if part.name is None:
            outcome = await session.run(placed(source.text, part.span), name)
        else:
            outcome = await _call(Call(cells, session, source, part.text, part.body, payload), part.name)
        if outcome.error is not None:
            break
    return outcome


async def _call(call: Call, name: str) -> Outcome:
    """Run a magic."""
    from hocket.session import Outcome

    try:
        return await _found(name, call.body_span is not None).function(call) or Outcome()
    except MagicError as error:
        return Outcome(error=call.refuse(str(error), error.hint))
    except PermissionDenied as error:
        return Outcome(error=call.refuse(error.message, error.hint))


def _found(name: str, is_cell: bool) -> Magic:
    """Return the magic; raises MagicError with what may have been meant."""
    sign = "%%" if is_cell else "%"
    found = MAGICS.get(name)
    if found is None:
        near = nearest(name)
        raise MagicError(f"there is no magic {sign}{name}", near or "%help lists what there is")
    if not (found.on_cell if is_cell else found.on_line):
        raise MagicError(f"there is no magic {sign}{name}", f"write {', '.join(found.forms)}")
    return found
