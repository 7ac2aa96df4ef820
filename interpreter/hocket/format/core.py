"""The formatter: one function per node class, and the tokens that it prints on its way.

A function marked `@formats(nodes.WhileStmt)` returns the document of such a node.  It goes
through the node's text from left to right and *takes* each token (`f.token`), children by
`f.node`, so that comments come along with the tokens they stand at.  What is between
brackets, braces and commas has functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hocket.errors import InternalError
from hocket.format import comments
from hocket.format.doc import (
    BLANK,
    BREAK,
    HARDLINE,
    LINE,
    SOFTLINE,
    Choice,
    Doc,
    Either,
    Flat,
    Group,
    Indent,
    Line,
    breaks,
    concat,
)
from hocket.source import Source
from hocket.syntax import tokens
from hocket.syntax.nodes import Node
from hocket.syntax.parser import Parsed

Format = Callable[["Formatter", Any], Doc]
F = TypeVar("F", bound=Callable[..., Doc])
FORMATS: dict[type[Node], Format] = {}


def formats(*types: type[Node]) -> Callable[[F], F]:
    """Mark the function that formats nodes of `types`."""

    def mark(function: F) -> F:
        for cls in types:
            FORMATS[cls] = function
        return function

    return mark


class Formatter:
    """One pass over a program: its tokens, and the position of the next one."""

    def __init__(self, source: Source, parsed: Parsed) -> None:
        self.source = source
        self.parsed = parsed
        self.tokens = tokens.scan(source)
        self.gaps = comments.Comments(source, self.tokens)
        self.end = len(self.tokens.kinds)
        self.position = 0
        # Are the comments before the next token printed already?
        self.is_bare = False
        # Does a comment hold the rest of this line, so that what comes must begin another?
        self.is_cut = False

    def program(self) -> Doc:
        """Return the document of the whole program."""
        body = self.node(self.parsed.program)
        if self.position != self.end:
            raise self.lost("the end")
        return body

    def node(self, node: Node) -> Doc:
        """Return the document of a node, taking its tokens."""
        return FORMATS[type(node)](self, node)

    # ---- tokens

    def text(self, ahead: int = 0) -> str:
        """Return the text of the token `ahead` of the next one; nothing behind the last."""
        index = self.position + ahead
        return self.tokens.text(index) if index < self.end else ""

    def lost(self, wanted: str) -> InternalError:
        """Return the error that the tokens are not what the tree says; to be raised."""
        where = self.tokens.starts[self.position] if self.position < self.end else len(self.source.text)
        line, column = self.source.position(where)
        return InternalError(f"internal error in Hocket while formatting: {wanted} expected at {line}:{column}")

    def token(self, wanted: str = "") -> Doc:
        """Take the next token, which is `wanted` or another spelling of it."""
        text = self.text()
        if not text:
            raise self.lost(wanted or "a token")
        if wanted and text != wanted:
            if tokens.SPELLINGS.get(text) != wanted:
                raise self.lost(f"`{wanted}`")
            text = wanted
        return concat(self.before(), text, self.behind())

    def until(self, end: int) -> Doc:
        """Take all tokens up to the offset `end`, as they are written."""
        before, start = self.before(), self.tokens.starts[self.position]
        while self.position < self.end and self.tokens.ends[self.position] < end:
            self.position += 1
        return concat(before, self.source.text[start:end], self.behind())

    def before(self) -> Doc:
        """Return the comments before the next token, and the break that the one in front demands."""
        cut = self.cut()
        if self.is_bare:
            self.is_bare = False
            return cut
        return concat(cut, comments.before(self.gaps.gap(self.position).leading))

    def leading(self) -> Doc:
        """Take the comments before the next token, so that they do not break the group it begins."""
        if self.is_bare:
            return ""
        self.is_bare = True
        return comments.before(self.gaps.gap(self.position).leading)

    def behind(self) -> Doc:
        """Pass the next token; return the comments behind it."""
        self.position += 1
        self.is_bare = False
        trailing = self.gaps.gap(self.position).trailing
        self.is_cut = self.is_cut or any(comment.is_line for comment in trailing)
        return comments.behind(trailing)

    def cut(self) -> Doc:
        """Return what breaks the group here if a comment holds the rest of the line."""
        cut, self.is_cut = self.is_cut, False
        return BREAK if cut else ""

    def drop(self, wanted: str) -> Doc:
        """Pass the next token if it is `wanted`; return its comments."""
        return concat(self.before(), self.behind()) if self.text() == wanted else ""

    def dangling(self) -> Doc:
        """Take the comments before a closing token, if they stand on lines of their own."""
        leading = self.gaps.gap(self.position).leading
        if self.is_bare or not leading:
            return ""
        self.is_bare = True
        return comments.alone(leading)

    def is_commented(self) -> bool:
        """Do comments stand before the next token?"""
        return not self.is_bare and bool(self.gaps.gap(self.position).leading)

    def is_blank(self) -> bool:
        """Does an empty line stand before the next token and its comments?"""
        return self.gaps.gap(self.position).is_blank

    def is_first(self) -> bool:
        """Is the next token the first on its line?"""
        return self.position >= self.end or self.tokens.first[self.position]

    # ---- words and operators

    def optional(self, token: Any, wanted: str) -> Doc:
        """Take `wanted` and a blank, if the node has that token."""
        return "" if token is None else concat(self.token(wanted), " ")

    def spaced(self) -> Doc:
        """Take an operator, between blanks."""
        return concat(" ", self.token(), " ")

    def question(self) -> Doc:
        """Take `?`, and keep it apart from what it would be one operator with."""
        question = self.token("?")
        following = self.text()
        joins = following.startswith((".", "?")) and following != "??"
        return concat(question, " ") if joins else question

    def annotation(self, type_: Node | None) -> Doc:
        """Take `: type`, if there is one."""
        return "" if type_ is None else concat(self.token(":"), " ", self.node(type_))

    # ---- lists

    def bracket(
        self,
        items: Sequence[Node],
        *,
        spaced: bool = False,
        keep: bool = False,
        filled: bool = False,
        hugs: bool = False,
    ) -> Doc:
        """Take a bracket, its items with their commas, and the bracket that closes it.

        With `keep` it stays broken if its first item begins a line; `filled` puts as many items
        on a line as fit, and keeps the rows of one that stays broken; `hugs` lets the last item
        hang from the bracket.
        """
        opener = self.token()
        if not items:
            inside = self.dangling()
            if inside:
                return concat(opener, Indent(HARDLINE, inside), HARDLINE, self.token())
            return concat(opener, self.token())
        broken = keep and self.is_first()
        listed: list[Doc] = [self.cut()]
        for number, item in enumerate(items):
            if number:
                listed.append(self.comma(filled, broken))
            listed += [self.leading(), self.node(item)]
        extra = self.drop(",")
        last = concat(Either(","), extra)
        inside = self.dangling()
        if inside:
            last = concat(last, self.cut(), HARDLINE, inside)
        closer = self.token()
        gap = LINE if spaced else SOFTLINE
        loose = Group(opener, Indent(gap, *listed, last), gap, closer, broken=broken)
        if not hugs or extra or inside or any(map(breaks, listed[:-1])):
            return loose
        return Choice(
            concat(opener, Flat(*listed[:-1]), listed[-1], closer),
            Group(opener, Indent(gap, *listed, last), gap, closer, broken=True),
        )

    def comma(self, filled: bool = False, rows: bool = False) -> Doc:
        """Take the comma between two items, and where the line may be broken behind it.

        With `rows` it is if it is filled and the next item begins a line.
        """
        comma = self.token(",")
        line = Line(blank=self.is_blank(), hard=filled and rows and self.is_first())
        if filled and not line.blank:
            return concat(comma, Group(self.cut(), line))
        return concat(comma, self.cut(), line)

    def listed(self, items: Sequence[Node], separator: str) -> Doc:
        """Take items with `separator` between them, on one line."""
        parts: list[Doc] = []
        for number, item in enumerate(items):
            if number:
                parts += [" " if separator != "," else "", self.token(separator), " "]
            parts.append(self.node(item))
        return concat(*parts)

    # ---- bodies

    def block(self, body: Sequence[Node]) -> Doc:
        """Take `{`, statements and `}`; the caller's group decides whether they are on one line.

        They can be if there is one at most and the text has it so.
        """
        opener = self.token("{")
        is_short = len(body) <= 1 and not self.is_first()
        inside = self.lines(body)
        if inside == "":
            return concat(opener, " ", self.token("}"))
        gap = LINE if is_short else HARDLINE
        return concat(opener, Indent(gap, inside), gap, self.token("}"))

    def lines(self, body: Sequence[Node], ending: str = "") -> Doc:
        """Take statements, each on a line of its own, `ending`, and the comments behind them."""
        self.is_cut = False
        parts: list[Doc] = [self.semicolons()]
        for number, node in enumerate(body):
            if number:
                parts.append(BLANK if self.is_blank() else HARDLINE)
            self.is_cut = False
            parts += [self.leading(), self.node(node), self.semicolons()]
        parts.append(ending)
        is_blank = self.is_blank()
        inside = self.dangling()
        if inside:
            parts += [(BLANK if is_blank else HARDLINE) if body else self.cut(), inside, BREAK]
        return concat(*parts)

    def semicolons(self) -> Doc:
        """Pass `;`."""
        parts = []
        while self.text() == ";":
            parts.append(self.drop(";"))
        return concat(*parts)

    def members(self, items: Sequence[Node], *, is_short: bool = True) -> Doc:
        """Take `{`, members between commas or on lines of their own, and `}`."""
        opener = self.token("{")
        gap = LINE if is_short and items and not self.is_first() else HARDLINE
        parts: list[Doc] = []
        for number, item in enumerate(items):
            if number:
                separator = concat(self.semicolons(), self.drop(","), self.semicolons())
                blank = self.is_blank()
                parts += [Either("", ","), separator, self.cut(), Line(hard=gap is HARDLINE, blank=blank)]
            parts += [self.leading(), self.node(item)]
        parts += [self.semicolons(), self.drop(","), self.semicolons()]
        is_blank = self.is_blank()
        inside = self.dangling()
        if inside:
            parts += [(BLANK if is_blank else HARDLINE) if items else "", inside]
        if not items and not inside:
            return concat(opener, " ", self.token("}"))
        return concat(opener, Indent(gap, *parts), gap, self.token("}"))
