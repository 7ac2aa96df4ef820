"""Magics are declared once: `@magic` on an async function is all there is.

A magic is a line `%name …`, or `%%name …` at the head of a cell, and an instruction to the
notebook, not to the language.  Name, help and completion are read off the function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime.registry import Documented
from hocket.source import Source, Span

if TYPE_CHECKING:
    from hocket.session import Outcome, Session
    from hocket_kernel.cells import Cells

Function = Callable[["Call"], Awaitable["Outcome | None"]]


@dataclass(frozen=True)
class Magic(Documented):
    """One magic: `usage` is what stands after its name; on a line, at the head of a cell, or both.

    `script` is what a script has in its place, with `{}` for the program that the magic is for.
    """

    name: str
    function: Function
    usage: str
    on_line: bool
    on_cell: bool
    script: str | None

    @property
    def forms(self) -> list[str]:
        """How it is written: `%time STATEMENT`, `%%time`."""
        line = f"%{self.name} {self.usage}".rstrip()
        cell = f"%%{self.name}" if self.on_line else f"%%{self.name} {self.usage}".rstrip()
        return [line] * self.on_line + [cell] * self.on_cell

    @property
    def help(self) -> str:
        """Forms and documentation."""
        return f"{', '.join(self.forms)}\n\n{self.doc}"


MAGICS: dict[str, Magic] = {}
"""The magics by name, filled by importing `hocket_kernel.magics`."""


def magic(
    usage: str = "", *, line: bool = True, cell: bool = False, script: str | None = None
) -> Callable[[Function], Function]:
    """Declare a magic, for a line, for a cell, or both; its name may end in `_`."""

    def declare(function: Function) -> Function:
        name = function.__name__.rstrip("_")
        if not function.__doc__:
            raise ValueError(f"magic {name} has no documentation")
        if name in MAGICS:
            raise ValueError(f"magic {name} is declared twice")
        MAGICS[name] = Magic(name, function, usage, line, cell, script)
        return function

    return declare


def nearest(name: str) -> str | None:
    """Return a hint with the magic that may have been meant."""
    near = get_close_matches(name, list(MAGICS), 1)
    return f"did you mean `{near[0]}`?" if near else None


class MagicError(Exception):
    """What is wrong with how a magic was used, and perhaps what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Call:
    """One use of a magic: `text` stands after its name, `body`, of a cell, on the lines below.

    Both are spans of the cell's text.  `payload` is for what the client is to do.
    """

    cells: Cells
    session: Session
    source: Source
    text_span: Span
    body_span: Span | None
    payload: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """What stands after the name."""
        return self.source.text[self.text_span.start : self.text_span.end].strip()

    @property
    def name(self) -> str:
        """What errors call the cell."""
        return self.source.name

    @property
    def program_span(self) -> Span:
        """Where the program is that the magic is for: the rest of the cell, else of the line."""
        return self.body_span or self.text_span

    @property
    def program(self) -> str:
        """The program that the magic is for, standing where it stands in the cell; it may be blank."""
        return placed(self.source.text, self.program_span)

    async def run(self, is_background: bool = False) -> Outcome:
        """Run the program that the magic is for."""
        return await self.session.run(self.program, self.name, is_background)

    def refuse(self, message: str, hint: str | None = None) -> errors.StaticErrors:
        """Return an error that points at the magic."""
        start = self.source.text.rfind("\n", 0, self.text_span.start) + 1
        end = max(start + 1, start + len(self.source.text[start : self.text_span.end].rstrip()))
        return errors.StaticErrors([errors.Problem(message, self.source, Span(start, end), hint)])


def placed(text: str, span: Span) -> str:
    """Return the part of `text` at `span`, with blanks before it: lines and columns stay what they are."""
    before = "".join(character if character == "\n" else " " for character in text[: span.start])
    return before + text[span.start : span.end]
