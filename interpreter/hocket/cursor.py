"""What stands before a cursor, read by the language's own scanner.

The text is broken more often than not: it ends in the middle of a word, a string or a
call.  Only the tokens and their brackets are looked at, nothing is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hocket.source import Source
from hocket.syntax.tokens import BAD, Scanner, Tokens

WINDOW = 20_000
"""Characters before the cursor that are looked at."""

ACCESS = (".", "?.", "::")
QUOTES = ('"""', '"', "'")


class Index(NamedTuple):
    """A subscript that is written as a literal."""

    key: str | int


class Chain(NamedTuple):
    """`a.b[0]["c"]`: `steps` are names and subscripts behind a variable's name, or behind a literal's value."""

    text: str
    name: str | None
    literal: Any
    steps: tuple[str | Index, ...]

    def then(self, name: str) -> Chain:
        """Return the chain with one more name."""
        return self._replace(text=f"{self.text}.{name}", steps=(*self.steps, name))


class Place(NamedTuple):
    """Where a cursor is.

    `word` is being typed.  It follows an operator of `ACCESS` if `is_member`, and then `owner` is what stands
    before that, if that can be told.  Within a string, `string` is its text, and if `is_member`, it is a subscript.
    `callee` is the function whose arguments are being typed, with the names of those that are there; the cursor is
    where one begins if `is_argument`.  `literal` is what stands before an open `{` whose item begins at the cursor.
    """

    word: str = ""
    is_member: bool = False
    owner: Chain | None = None
    string: str | None = None
    callee: Chain | None = None
    given: frozenset[str] = frozenset()
    is_argument: bool = False
    literal: Chain | None = None


def look(before: str) -> Place:
    """Say where a cursor behind `before` is."""
    scanner = Scanner(Source("input", before[-WINDOW:]), None)
    scanner.run()
    tokens, before = scanner.tokens, scanner.source.text
    comment = tokens.comments[-1] if tokens.comments else None
    if comment is not None and comment.end == len(before) and comment.start < comment.end:
        return look(before[comment.start :].lstrip("#/*"))  # code in a comment is code
    last = len(tokens.kinds) - 1
    around = _around(tokens, scanner.brackets, last)
    if last < 0 or tokens.ends[last] < len(before):
        return around
    text = tokens.text(last)
    if tokens.kinds[last] == BAD:
        return _in_string(tokens, scanner.brackets, last) or around
    if not (text[0].isalpha() or text[0] == "_"):
        if text in ACCESS:
            return around._replace(is_member=True, owner=_chain(tokens, last - 1))
        return around
    around = _around(tokens, scanner.brackets, last - 1)._replace(word=text)
    if last > 0 and tokens.text(last - 1) in ACCESS:
        return around._replace(is_member=True, owner=_chain(tokens, last - 2))
    return around


def _in_string(tokens: Tokens, brackets: list[int], last: int) -> Place | None:
    """Return the place in an open string, the token `last`; None if that is something else."""
    text = tokens.text(last)
    quotes = next((quotes for quotes in QUOTES if text.startswith(quotes)), None)
    around = _around(tokens, brackets, last - 1)
    if quotes is None:  # a later part of a string with `${}`, which is no file's name, or no string
        return around._replace(string=text) if text.startswith("}") else None
    opener = last - 1
    is_key = opener >= 0 and tokens.kinds[opener] == "[" and not tokens.first[opener]
    owner = _chain(tokens, opener - 1) if is_key else None
    return around._replace(string=text[len(quotes) :], is_member=is_key, owner=owner)


def _around(tokens: Tokens, brackets: list[int], last: int) -> Place:
    """Return the call or literal that is open behind the token `last`."""
    opener = brackets[-1] if brackets else -1
    if opener < 0 or opener > last:
        return Place()
    before = _chain(tokens, opener - 1)
    is_begin = last == opener or tokens.kinds[last] == ","
    if tokens.kinds[opener] == "{":
        return Place(literal=before if is_begin else None)
    if tokens.kinds[opener] != "(" or tokens.first[opener]:
        return Place()
    return Place(callee=before, given=frozenset(_given(tokens, opener, last)), is_argument=is_begin)


def _given(tokens: Tokens, opener: int, last: int) -> Iterator[str]:
    """Yield the names of the named arguments behind an open bracket."""
    at = opener + 1
    while at < last:
        if tokens.partners[at] > at:
            at = tokens.partners[at]
        elif tokens.kinds[at + 1] == "=" and tokens.kinds[at] == "NAME":
            yield tokens.text(at)
        at += 1


def _chain(tokens: Tokens, last: int) -> Chain | None:
    """Return the chain that ends with the token `last`."""
    end = last
    steps: list[str | Index] = []
    while last >= 0:
        text = tokens.text(last)
        is_word = text[0].isalpha() or text[0] == "_"
        if is_word and last > 1 and tokens.text(last - 1) in ACCESS:
            steps.append(text)
            last -= 2
            continue
        opener = tokens.partners[last] if tokens.kinds[last] == "]" else -1
        if opener > 0 and not tokens.first[opener] and _is_operand(tokens, opener - 1):
            index = _index(tokens, opener + 1, last)
            if index is None:
                return None
            steps.append(index)
            last = opener - 1
            continue
        begin = opener if opener >= 0 else last
        written = tokens.source.text[tokens.starts[begin] : tokens.ends[end]]
        if is_word:
            return Chain(written, text, None, tuple(reversed(steps)))
        literal: Any = [] if opener >= 0 else "" if tokens.kinds[last] == "STRING" else None
        return None if literal is None else Chain(written, None, literal, tuple(reversed(steps)))
    return None


def _is_operand(tokens: Tokens, index: int) -> bool:
    """Whether a bracket behind the token is a subscript."""
    return tokens.kinds[index] in ("NAME", "]", ")", "STRING")


def _index(tokens: Tokens, start: int, end: int) -> Index | None:
    """Return the subscript between two tokens, if it is a literal."""
    if end - start == 1 and tokens.kinds[start] == "STRING":
        return Index(tokens.values[start])
    sign = end - start == 2 and tokens.kinds[start] == "-"
    if end - start - sign == 1 and tokens.kinds[end - 1] == "INT":
        number = int(tokens.text(end - 1).replace("_", ""), 0)
        return Index(-number if sign else number)
    return None
