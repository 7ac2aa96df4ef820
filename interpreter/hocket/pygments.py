"""Colours for programs, wherever Pygments gives them: consoles, nbconvert, the prompt, documents.

There is no second description of the language here: the text is read by the language's own
scanner and token filter, so a soft keyword is coloured only where it is one.  Text that is
still being typed has open brackets and strings; it is read as if they were closed at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from hocket.errors import TYPES
from hocket.source import Source
from hocket.syntax.filter import arrange
from hocket.syntax.strings import ESCAPE
from hocket.syntax.tokens import BAD, CLOSERS, OPENERS, RESERVED, Tokens, scan

Piece = tuple[int, Any, str]

WORDS = {
    **dict.fromkeys(("true", "false", "null"), Keyword.Constant),
    **dict.fromkeys(("let", "mut", "const", "func", "fn", "struct", "enum", "async"), Keyword.Declaration),
    **dict.fromkeys(("import", "from", "export", "pub"), Keyword.Namespace),
    **dict.fromkeys(("and", "or", "not", "in"), Operator.Word),
}
"""Keywords that are more than a keyword."""

NUMBERS = {"FLOAT": Number.Float, "DURATION": Number}
BASES = {"0x": Number.Hex, "0b": Number.Bin, "0o": Number.Oct}
STRINGS = frozenset({"STRING", "FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END"})
DEFINING = {"func": Name.Function, "fn": Name.Function, "struct": Name.Class, "enum": Name.Class}
FIELDS = frozenset({".", "?.", "::"})
NAMING = frozenset({":", "=", ":="})
"""What follows a key, an argument's name or a variable that is assigned."""

BETWEEN = re.compile(
    r"""(?P<doc>///(?!/)[^\n]*) | (?P<line>(?:\#|//)[^\n]*) | (?P<block>/\*(?:[^*]|\*(?!/))*(?:\*/)?)
      | (?P<blank>\s+) | (?P<join>\\) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
BETWEEN_TYPES = {
    "doc": String.Doc,
    "line": Comment.Single,
    "block": Comment.Multiline,
    "blank": Whitespace,
    "join": Punctuation,
    "other": Error,
}


class HocketLexer(Lexer):
    """The lexer that Pygments knows as `hocket`."""

    name = "Hocket"
    aliases = ["hocket"]
    filenames = ["*.hkt", "*.ruff"]
    mimetypes = ["text/x-hocket"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[Piece]:
        """Yield position, type and text of all that `text` consists of."""
        # As the scanner wants it, and as long as it was.
        plain = text.replace("\r\n", " \n").replace("\r", "\n")
        if plain.startswith("\ufeff"):
            plain = f" {plain[1:]}"
        for start, kind, end in pieces(plain):
            yield start, kind, text[start:end]


def pieces(text: str) -> Iterator[tuple[int, Any, int]]:
    """Yield start, type and end of the pieces of `text`, which follow each other."""
    tokens = read(text)
    at = 0
    for index, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        end = min(end, len(text))
        if start < at or end <= start:
            continue
        yield from between(text, at, start)
        yield from token(tokens, index, text[start:end])
        at = end
    yield from between(text, at, len(text))


def between(text: str, start: int, end: int) -> Iterator[tuple[int, Any, int]]:
    """Yield the pieces of what stands between two tokens: blanks and comments."""
    for match in BETWEEN.finditer(text, start, end):
        kind: Any = BETWEEN_TYPES[match.lastgroup or ""]
        yield match.start(), kind, match.end()


# ---- what the tokens are


def read(text: str) -> Tokens:
    """Return the tokens of `text` with what they mean where they stand, and perhaps some behind its end."""
    tokens = scan(Source("text", text))
    if tokens.unclosed:
        tokens = scan(Source("text", text + closing(tokens, text)))
    if any(tokens.partners[index] < 0 for index, kind in enumerate(tokens.kinds) if kind in OPENERS or kind in CLOSERS):
        settle_by_neighbours(tokens)
    else:
        arrange(tokens)
    return tokens


def closing(tokens: Tokens, text: str) -> str:
    """Return what closes the comment, the brackets and the strings that are open at the end of `text`."""
    rest = text[tokens.ends[-1] :] if tokens.ends else text
    last = [match[0] for match in BETWEEN.finditer(rest) if match.lastgroup == "block"]
    ends = "*/" if last and not last[-1].endswith("*/") else ""
    ends += "\n"
    for index in reversed(tokens.unclosed):
        kind = tokens.kinds[index]
        ends += OPENERS[kind] if kind in OPENERS else "}" + quotes(tokens.text(index))
    return ends


def quotes(text: str) -> str:
    """Return the quotes with which a string begins."""
    return '"""' if text.startswith('"""') else text[0]


def settle_by_neighbours(tokens: Tokens) -> None:
    """Settle which soft words are names where the brackets do not tell: those in the place of one."""
    kinds = [*tokens.kinds, ""]
    for index, kind in enumerate(tokens.kinds):
        if not (kind[:1].isalpha() and kind.islower()) or kind in RESERVED:
            continue
        if (index and kinds[index - 1] in FIELDS) or kinds[index + 1] in {*NAMING, *FIELDS, *CLOSERS, ","}:
            tokens.kinds[index] = "NAME"


def token(tokens: Tokens, index: int, text: str) -> Iterator[tuple[int, Any, int]]:
    """Yield the pieces of one token."""
    start, kind = tokens.starts[index], tokens.kinds[index]
    if kind in STRINGS:
        yield from string(kind, start, text)
    else:
        yield start, type_of(tokens, index, kind, text), start + len(text)


def type_of(tokens: Tokens, index: int, kind: str, text: str) -> Any:
    """Return the type of a token that is no string."""
    if kind == "FSTRING_SPEC":
        return String.Interpol
    if kind == "INT":
        return BASES.get(text[:2].lower(), Number.Integer)
    if kind in NUMBERS:
        return NUMBERS[kind]
    if kind == BAD:
        return String if text[0] in "\"'" else Error
    if text[0].isalpha() or text[0] == "_":
        return of_name(tokens, index, text) if kind == "NAME" else WORDS.get(text, Keyword)
    return Punctuation if text in "()[]{},;.:" else Operator


def of_name(tokens: Tokens, index: int, text: str) -> Any:
    """Return the type of a name."""
    before = tokens.kinds[index - 1] if index else ""
    if before == "*" and index > 1:
        before = tokens.kinds[index - 2]
    if before in DEFINING:
        return DEFINING[before]
    if before in FIELDS:
        return Name.Attribute
    if text in TYPES:
        return Name.Exception
    if text == "self":
        return Name.Builtin.Pseudo
    following = tokens.kinds[index + 1] if index + 1 < len(tokens.kinds) else ""
    return Name.Builtin if text in builtins() and following not in NAMING else Name


@cache
def builtins() -> frozenset[str]:
    """Return the names of the library."""
    from hocket import stdlib

    return frozenset(stdlib.namespace())


# ---- strings


def string(kind: str, start: int, text: str) -> Iterator[tuple[int, Any, int]]:
    """Yield the pieces of a string, or of the part of one up to or from its code."""
    at, end = start, start + len(text)
    if kind == "STRING" and text[0] == "r":
        yield start, String.Affix, start + 1
        yield start + 1, String, end
        return
    if kind in ("FSTRING_MIDDLE", "FSTRING_END"):
        yield start, String.Interpol, start + 1
        at += 1
    opens = kind in ("FSTRING_START", "FSTRING_MIDDLE") and text.endswith("${")
    stop = end - 2 if opens else end
    for match in ESCAPE.finditer(text, at - start, stop - start):
        if match.start() + start > at:
            yield at, String, start + match.start()
        at = start + match.end()
        yield start + match.start(), Error if match[4] is not None else String.Escape, at
    if at < stop:
        yield at, String, stop
    if opens:
        yield stop, String.Interpol, end
