"""One canonical layout for programs: `format_text`.

What a program means never changes: the result is parsed again and compared with the
program, its documentation and its comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hocket.errors import InternalError, Problem, StaticErrors
from hocket.format import (  # noqa: F401  they register
    chains,
    expressions,
    functions,
    matching,
    modules,
    statements,
)
from hocket.format.core import Formatter
from hocket.format.doc import render
from hocket.source import Source, Span
from hocket.syntax import tokens
from hocket.syntax.nodes import Node, Token
from hocket.syntax.parser import Parsed, parse

WIDTH = 100
# Comments in odd places may move once more before they stay.
PASSES = 5


def format_text(text: str, name: str = "program") -> str:
    """Return `text` in the canonical layout; laid out again, it stays the same.

    Raises StaticErrors if it is no program, and InternalError rather than return one that
    means something else.
    """
    source = Source(name, text)
    parsed = parse(source)
    for _ in range(PASSES):
        try:
            laid_out = Source(name, finished(render(Formatter(source, parsed).program(), WIDTH)))
        except RecursionError:
            raise too_deep(source) from None
        again = checked(source, parsed, laid_out)
        if laid_out.text == source.text:
            return laid_out.text
        source, parsed = laid_out, again
    raise InternalError("internal error in Hocket while formatting: the layout does not settle")


def too_deep(source: Source) -> StaticErrors:
    """Return the error of a program that is nested beyond what Python's stack takes."""
    return StaticErrors([Problem("nested too deeply", source, Span(0, len(source.text)), None)])


def finished(text: str) -> str:
    """End the text in one line end, unless there is nothing in it."""
    text = text.strip("\n")
    return f"{text}\n" if text else ""


def checked(source: Source, parsed: Parsed, laid_out: Source) -> Parsed:
    """Return what `laid_out` is parsed to; raises InternalError if that is not what `source` is."""
    try:
        again = parse(laid_out)
    except StaticErrors as error:
        raise changed(error.problems[0].message) from error
    for before, after in pairs(parsed.program, again.program):
        if not is_same(before, after):
            raise changed(f"{before!s:.40} became {after!s:.40}")
        if isinstance(before, Node) and parsed.docs.get(before.span.start) != again.docs.get(after.span.start):
            raise changed("documentation moved")
    if parsed.silenced != again.silenced:
        raise changed("the last `;` was lost")
    if remarks(source) != remarks(laid_out):
        raise changed("a comment was lost")
    return again


def changed(what: str) -> InternalError:
    """Return the error that formatting would change a program."""
    return InternalError(f"internal error in Hocket: formatting would change the program ({what}); please report it")


def pairs(first: Any, second: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the nodes and tokens of two trees that stand in the same places, parents first."""
    work = [(first, second)]
    while work:
        before, after = work.pop()
        yield before, after
        if isinstance(before, Node):
            work.extend(zip(before.children, after.children, strict=True))


def is_same(before: Any, after: Any) -> bool:
    """Are these the same kind of node, with as many children, or the same token?"""
    if type(before) is not type(after):
        return False
    if isinstance(before, Token):
        return str(before) == str(after) and before.type == after.type
    return not isinstance(before, Node) or len(before.children) == len(after.children)


def remarks(source: Source) -> list[str]:
    """Return the comments of a source, in no order of their own."""
    return sorted(source.text[slice(*span)].rstrip() for span in tokens.scan(source).comments)
