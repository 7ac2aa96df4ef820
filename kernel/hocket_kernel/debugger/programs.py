"""The programs in a cell: what is left of it without its magics."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from hocket import errors, frames
from hocket_kernel.debugger.breakpoints import Wrong, describe
from hocket_kernel.magics.running import parts

if TYPE_CHECKING:
    from hocket.session import Session

PROGRAMS = ("background", "time", "timeit")
"""The magics whose text is a program."""


def lines_of_cell(session: Session, text: str | None) -> list[int] | None:
    """Return the lines of a cell with code, None if it is not known or not ours; raises Wrong if it cannot be read."""
    if text is None:
        return None
    kept = list(text)
    for part in parts(text, lambda program: session.is_complete(program)[0] != "incomplete"):
        if part.name is None:
            continue
        if part.name == "python":
            return lines_of_python(text, part.body.start if part.body else 0)
        program = part.body or part.text if part.name in PROGRAMS else None
        for at in range(part.span.start, part.span.end):
            if kept[at] != "\n" and not (program is not None and program.start <= at < program.end):
                kept[at] = " "
    try:
        return frames.lines_with_code(session, "".join(kept))
    except errors.HocketError as error:
        raise Wrong(describe(error)) from None


def lines_of_python(text: str, start: int) -> list[int]:
    """Return the lines with code of a cell of Python, which begins at `start`; raises Wrong."""
    program = "\n" * text.count("\n", 0, start) + text[start:]
    try:
        code = compile(program, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError) as error:
        raise Wrong(f"Python: {error}") from None
    return sorted(frames.lines_of(code))
