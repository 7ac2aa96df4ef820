"""What a string literal means: its escapes and, between `\"\"\"`, its indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os.path import commonprefix

ESCAPE = re.compile(r"""\\(?:([ntr0\\"'$])|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(.?))""", re.DOTALL)
SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
# Escapes of other languages, and how they are written here.
FOREIGN = {"a": r"\x07", "b": r"\x08", "e": r"\x1b", "f": r"\x0c", "v": r"\x0b", "`": "`", "{": r"\${ for a literal ${"}
INDENT = re.compile(r"[ \t]*")


def unescape(raw: str) -> str:
    """Return `raw` with its escapes resolved; bad ones stay as they are written."""
    return ESCAPE.sub(_meaning, raw) if "\\" in raw else raw


def _meaning(match: re.Match[str]) -> str:
    simple, hexadecimal, code, _ = match.groups()
    if simple is not None:
        return SIMPLE.get(simple, simple)
    number = int(hexadecimal or code or "110000", 16)
    return match[0] if _is_no_character(number) else chr(number)


def _is_no_character(number: int) -> bool:
    return number > 0x10FFFF or 0xD800 <= number <= 0xDFFF


def bad_escapes(raw: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, message and hint of each escape in `raw` that means nothing."""
    if "\\" not in raw:
        return
    for match in ESCAPE.finditer(raw):
        _, _, code, other = match.groups()
        if code is not None and _is_no_character(int(code, 16)):
            yield match.start(), match.end(), f"there is no character {match[0]}", "the last one is \\u{10ffff}"
        elif other is not None:
            shown = "at a line end" if other in ("", "\n") else match[0]
            yield match.start(), match.end(), f"unknown escape {shown}", _hint(raw, match, other)


def _hint(raw: str, match: re.Match[str], other: str) -> str:
    if other == "x":
        return r"\x takes two hexadecimal digits: \x41"
    if other in ("u", "U"):
        digits = re.compile(r"[0-9a-fA-F]{4,8}").match(raw, match.end())
        code = f"{int(digits[0], 16):x}" if digits else "e9"
        return rf"write \u{{{code}}}"
    if other in FOREIGN:
        return f"write {FOREIGN[other]}"
    if other in ("", "\n"):
        return r'write \\ for a backslash; """ … """ holds line ends'
    return rf'write \\{other} for a backslash, or a raw string: r"…"'


def dedent(pieces: list[str]) -> list[str]:
    """Remove what layout added to the raw text of a string between triple quotes.

    `pieces` are the texts around the string's `${}`.  The line end after the opening
    quotes goes, the last line if it is blank, and the indentation that all lines
    have in common; what follows the opening quotes on their line has none.
    """
    lines = [piece.split("\n") for piece in pieces]
    opening, closing = lines[0], lines[-1]
    margin = _margin(lines)
    for piece in lines:
        # The first text of a later piece stands behind a `}`, not at a line's start.
        piece[1:] = [_without(line, margin) for line in piece[1:]]
    if len(closing) > 1 and not closing[-1].strip(" \t"):
        closing.pop()
    if len(opening) > 1 and not opening[0].strip(" \t"):
        del opening[0]
    return ["\n".join(piece) for piece in lines]


def _margin(lines: list[list[str]]) -> str:
    """Return the indentation that all lines with content share."""
    indents: list[str] = []
    for index, piece in enumerate(lines):
        for number, line in enumerate(piece[1:], start=2):
            # A line that ends in `${` has content however little stands before it.
            if line.strip(" \t") or (number == len(piece) and index < len(lines) - 1):
                match = INDENT.match(line)
                indents.append(match[0] if match else "")
    return commonprefix(indents)


def _without(line: str, margin: str) -> str:
    if line.startswith(margin):
        return line[len(margin) :]
    return line.lstrip(" \t")
