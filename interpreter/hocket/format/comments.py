"""Comments, by the gap between two tokens that they stand in.

A comment is printed in its own gap, before the token behind it or after the one in front
of it, so that none is lost and line ends stay where they meant nothing.  Only a comment
up to the line's end may move, to the end of the line that its token is printed on.
"""

from __future__ import annotations

from typing import NamedTuple

from hocket.format.doc import BLANK, FRESH, HARDLINE, Doc, Suffix, concat
from hocket.source import Source
from hocket.syntax.tokens import CLOSERS, Tokens

# What a comment on the same line belongs to the text in front of.
ENDING = frozenset({*CLOSERS, ",", ";"})


class Comment(NamedTuple):
    """A comment, and how it is set apart."""

    text: str
    # Does a line end stand in front of it, or behind it?
    own_line: bool
    ends_line: bool
    # Does an empty line follow?
    before_blank: bool

    @property
    def is_line(self) -> bool:
        """Does it reach to the end of its line?"""
        return not self.text.startswith("/*")


class Gap(NamedTuple):
    """What stands between two tokens: comments of the one in front, and of the one behind."""

    trailing: tuple[Comment, ...]
    leading: tuple[Comment, ...]
    # Does an empty line stand before the leading comments, or the token behind?
    is_blank: bool


NOTHING = Gap((), (), False)


class Comments:
    """The gaps of a source."""

    def __init__(self, source: Source, tokens: Tokens) -> None:
        self.text = source.text
        self.tokens = tokens
        # Of each gap that has any: its comments.
        self.spans: dict[int, list[tuple[int, int]]] = {}
        index, starts = 0, tokens.starts
        for start, end in tokens.comments:
            while index < len(starts) and starts[index] < start:
                index += 1
            self.spans.setdefault(index, []).append((start, end))

    def gap(self, index: int) -> Gap:
        """Return what stands before the token at `index`."""
        tokens, text = self.tokens, self.text
        after = tokens.ends[index - 1] if index else 0
        before = tokens.starts[index] if index < len(tokens.starts) else len(text)
        spans = self.spans.get(index)
        if spans is None:
            if index >= len(tokens.first) or tokens.first[index]:
                return Gap((), (), text.count("\n", after, before) > 1)
            return NOTHING
        comments = []
        edges = [after, *(end for _, end in spans[:-1])]
        follows = [*(start for start, _ in spans[1:]), before]
        for (start, end), edge, following in zip(spans, edges, follows, strict=True):
            ends = text.count("\n", end, following)
            content = text[start:end]
            content = content if content.startswith("/*") else content.rstrip()
            comments.append(Comment(content, "\n" in text[edge:start], ends > 0, ends > 1))
        return self.divide(index, comments, spans[0][0] - after)

    def divide(self, index: int, comments: list[Comment], distance: int) -> Gap:
        """Say which of the comments before the token at `index` belong to the one in front of it."""
        tokens = self.tokens
        is_end = index >= len(tokens.starts)
        if is_end or tokens.first[index]:
            trailing = 0
            while index and trailing < len(comments) and not comments[trailing].own_line:
                trailing += 1
            after = tokens.ends[index - 1] if index else 0
            first = self.text.count("\n", after, after + distance) > 1
            is_blank = comments[trailing - 1].before_blank if trailing else first
        else:
            comments = [comment._replace(own_line=False, ends_line=False) for comment in comments]
            trailing = len(comments) if tokens.kinds[index] in ENDING else 0
            is_blank = False
        return Gap(tuple(comments[:trailing]), tuple(comments[trailing:]), is_blank)


def before(comments: tuple[Comment, ...]) -> Doc:
    """Return the document of comments before the token that they belong to."""
    parts: list[Doc] = []
    for comment in comments:
        if comment.own_line:
            parts.append(FRESH)
        parts.append(comment.text)
        parts.append((BLANK if comment.before_blank else HARDLINE) if comment.ends_line else " ")
    return concat(*parts)


def behind(comments: tuple[Comment, ...]) -> Doc:
    """Return the document of comments after the token that they belong to."""
    return concat(*(Suffix(comment.text) if comment.is_line else f" {comment.text}" for comment in comments))


def alone(comments: tuple[Comment, ...]) -> Doc:
    """Return the document of comments that no token of their own follows, on lines of their own."""
    parts: list[Doc] = []
    for number, comment in enumerate(comments):
        if number:
            previous = comments[number - 1]
            parts.append((BLANK if previous.before_blank else HARDLINE) if comment.own_line else " ")
        parts.append(comment.text)
    return concat(*parts)
