"""Documents: text that knows where it may be broken, and the printer that decides.

A `Group` is printed on one line if it fits, else all its own lines break.  `breaks` says of
a document that it cannot be on one line.  A `Suffix` (a comment up to the line's end) is
held back until a line ends, so that it never cuts off what stands behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

INDENT = 4


class Concat:
    """Documents one after the other."""

    __slots__ = ("breaks", "parts")

    def __init__(self, parts: Iterable[Doc]) -> None:
        self.parts = tuple(parts)
        self.breaks = any(map(breaks, self.parts))


class Indent:
    """A document whose lines are indented once more."""

    __slots__ = ("breaks", "content")

    def __init__(self, *content: Doc) -> None:
        self.content = concat(*content)
        self.breaks = breaks(self.content)


class Group:
    """A document that is on one line, or broken at all its own lines."""

    __slots__ = ("breaks", "content")

    def __init__(self, *content: Doc, broken: bool = False) -> None:
        self.content = concat(*content)
        self.breaks = broken or breaks(self.content)


class Flat:
    """A document that is on one line, whatever is around it."""

    __slots__ = ("breaks", "content")

    def __init__(self, *content: Doc) -> None:
        self.content = concat(*content)
        self.breaks = breaks(self.content)


class Choice:
    """`tight` if its first line fits, else `loose`."""

    __slots__ = ("breaks", "loose", "tight")

    def __init__(self, tight: Doc, loose: Doc) -> None:
        self.tight = tight
        self.loose = loose
        self.breaks = breaks(tight)


class Line:
    """A place to break: `flat` on one line; `blank` adds an empty line where it is broken."""

    __slots__ = ("blank", "breaks", "flat")

    def __init__(self, flat: str = " ", *, hard: bool = False, blank: bool = False) -> None:
        self.flat = flat
        self.blank = blank
        self.breaks = hard


class Fresh:
    """A line end, unless nothing has been written on this line."""

    __slots__ = ("breaks",)

    def __init__(self) -> None:
        self.breaks = True


class Either:
    """`broken` in a group that is broken, else `flat`."""

    __slots__ = ("breaks", "broken", "flat")

    def __init__(self, broken: str, flat: str = "") -> None:
        self.broken = broken
        self.flat = flat
        self.breaks = False


class Suffix:
    """Text for the end of this line; a second one gets a line of its own."""

    __slots__ = ("breaks", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.breaks = False


class Break:
    """Nothing; the group that it stands in is broken."""

    __slots__ = ("breaks",)

    def __init__(self) -> None:
        self.breaks = True


Doc: TypeAlias = str | Concat | Indent | Group | Flat | Choice | Line | Fresh | Either | Suffix | Break

LINE = Line()
SOFTLINE = Line("")
HARDLINE = Line(hard=True)
BLANK = Line(hard=True, blank=True)
FRESH = Fresh()
BREAK = Break()


def breaks(doc: Doc) -> bool:
    """Return whether `doc` cannot be on one line."""
    return not isinstance(doc, str) and doc.breaks


def concat(*parts: Doc) -> Doc:
    """Return documents one after the other; the empty text if there is nothing in them."""
    full = [part for part in parts if part != ""]
    return Concat(full) if len(full) > 1 else full[0] if full else ""


def render(doc: Doc, width: int) -> str:
    """Return the text of `doc`, with lines of at most `width` characters where that is possible."""
    return Printer(width).run(doc)


# What is still to print: its indentation, whether its group is flat, and the document.
Task: TypeAlias = tuple[int, bool, Doc]


class Printer:
    """One printing: what is written, and what is left to write."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.out: list[str] = []
        self.column = 0
        # Indentation that the next text on this line will get; -1 when it has been written.
        self.indent = 0
        self.suffixes: list[str] = []
        self.stack: list[Task] = []

    def run(self, doc: Doc) -> str:
        """Print `doc`."""
        stack = self.stack
        stack.append((0, False, doc))
        while stack:
            indent, flat, doc = stack.pop()
            if isinstance(doc, str):
                self.write(doc)
            elif isinstance(doc, Concat):
                stack.extend((indent, flat, part) for part in reversed(doc.parts))
            elif isinstance(doc, Indent):
                stack.append((indent + INDENT, flat, doc.content))
            elif isinstance(doc, Group | Flat):
                flat = flat or isinstance(doc, Flat) or (not doc.breaks and self.fits((indent, True, doc.content)))
                stack.append((indent, flat, doc.content))
            elif isinstance(doc, Choice):
                stack.append(self.choose(indent, flat, doc))
            else:
                self.leaf(indent, flat, doc)
        self.flush(0)
        return "".join(self.out)

    def leaf(self, indent: int, flat: bool, doc: Line | Fresh | Either | Suffix | Break) -> None:
        """Print what holds no other document."""
        if isinstance(doc, Line):
            if flat and not doc.breaks:
                self.write(doc.flat)
            else:
                self.newline(indent, doc.blank)
        elif isinstance(doc, Fresh):
            if self.indent < 0 or self.suffixes:
                self.newline(indent)
            self.indent = indent
        elif isinstance(doc, Either):
            self.write(doc.flat if flat else doc.broken)
        elif isinstance(doc, Suffix):
            self.suffixes.append(doc.text)

    def write(self, text: str) -> None:
        """Write text, which may hold line ends of its own."""
        if not text:
            return
        if self.indent >= 0:
            if text.isspace():
                return
            self.out.append(" " * self.indent)
            self.column, self.indent = self.indent, -1
        self.out.append(text)
        end = text.rfind("\n")
        self.column = self.column + len(text) if end < 0 else len(text) - end - 1

    def newline(self, indent: int, blank: bool = False) -> None:
        """End the line."""
        self.flush(indent)
        self.trim()
        self.out.append("\n\n" if blank else "\n")
        self.indent = indent
        self.column = 0

    def flush(self, indent: int) -> None:
        """Write the suffixes of this line."""
        for number, text in enumerate(self.suffixes):
            self.trim()
            if number:
                self.out.append("\n")
                self.indent = indent
            elif self.indent < 0:
                self.out.append("  ")
            self.write(text)
        self.suffixes.clear()

    def trim(self) -> None:
        """Remove the blanks at the end of this line."""
        while self.indent < 0 and self.out and self.out[-1].endswith(" "):
            self.out[-1] = self.out[-1].rstrip(" ")
            if not self.out[-1]:
                self.out.pop()

    def choose(self, indent: int, flat: bool, doc: Choice) -> Task:
        """Return how a choice is printed."""
        if flat or (not doc.breaks and self.fits((indent, True, doc.tight))):
            return indent, True, doc.tight
        broken = (indent, False, doc.tight)
        return broken if self.fits(broken) else (indent, False, doc.loose)

    def fits(self, task: Task) -> bool:
        """Return whether what comes up to the next possible line end fits on this line."""
        room = self.width - (self.column if self.indent < 0 else self.indent)
        waiting = len(self.stack)
        stack = [task]
        while room >= 0:
            if not stack:
                if not waiting:
                    return True
                waiting -= 1
                stack.append(self.stack[waiting])
            indent, flat, doc = stack.pop()
            if isinstance(doc, Concat):
                stack.extend((indent, flat, part) for part in reversed(doc.parts))
            elif isinstance(doc, Choice):
                stack.append((indent, flat, doc.tight))
            elif isinstance(doc, Indent | Group | Flat):
                stack.append((indent, flat or isinstance(doc, Flat), doc.content))
            else:
                length, is_end = measure(doc, flat)
                room -= length
                if is_end:
                    return room >= 0
        return False


def measure(doc: str | Line | Fresh | Either | Suffix | Break, flat: bool) -> tuple[int, bool]:
    """Return how long the first line of `doc` is, and whether that line ends in it."""
    if isinstance(doc, str):
        end = doc.find("\n")
        return (len(doc), False) if end < 0 else (end, True)
    if isinstance(doc, Either):
        return len(doc.flat if flat else doc.broken), False
    if isinstance(doc, Line):
        return (len(doc.flat), False) if flat and not doc.breaks else (0, True)
    return 0, isinstance(doc, Fresh)
