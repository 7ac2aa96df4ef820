"""Program text, and where in it things stand.

A `Source` is one cell or one file.  Everything later refers to it by character
offsets (`Span`); lines and columns are computed when they are shown.  The code
objects compiled from a source carry its `filename`, so that a Python frame leads
back to the program (`Source.of`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import ClassVar, NamedTuple


class Span(NamedTuple):
    """Half-open range of character offsets into a source's text."""

    start: int
    end: int


class Source:
    r"""The text of one cell or file.

    `name` is what errors call it (`cell 3`, `fetch.hkt`), `filename` what its
    code objects carry; the latter is unique per source.  `text` has `\n` line
    ends and no byte-order mark, whatever it was read with.  With `is_python` it is
    Python, whose coroutines are guests like those of a library.
    """

    _count: ClassVar[int] = 0
    _by_filename: ClassVar[dict[str, Source]] = {}
    # Told of each source that is registered, while a debugger is attached.
    watcher: ClassVar[Callable[[Source], None] | None] = None

    def __init__(self, name: str, text: str) -> None:
        Source._count += 1
        self.name = name
        self.is_python = False
        self.filename = f"<hocket {Source._count}: {name}>"
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.text = text.removeprefix("\ufeff")
        self._starts: list[int] | None = None
        self._ascii = self.text.isascii()
        # Operands of subscripts and shapes of calls by Python position, filled by
        # the compiler, so that an error can name an index that the frame holds.
        self.notes: dict[tuple[int, int, int, int], object] = {}

    @classmethod
    def of(cls, filename: str) -> Source | None:
        """Return the compiled source whose code objects carry `filename`."""
        return cls._by_filename.get(filename)

    @classmethod
    def registered(cls) -> list[Source]:
        """Return all sources that `of` knows."""
        return list(cls._by_filename.values())

    def register(self) -> None:
        """Make the source known to `of`; called when it is compiled."""
        Source._by_filename[self.filename] = self
        if Source.watcher is not None:
            Source.watcher(self)

    def forget(self) -> None:
        """Undo `register`, for sources that nothing compiled from will outlive."""
        Source._by_filename.pop(self.filename, None)

    @property
    def starts(self) -> list[int]:
        """Offset of the first character of each line."""
        if self._starts is None:
            starts, at = [0], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of `offset`, both from 1, in characters."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of line `number` (from 1) without its line end."""
        starts = self.starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end]

    def python_position(self, offset: int) -> tuple[int, int]:
        """Return line (from 1) and UTF-8 byte column (from 0), as Python's AST has them."""
        starts = self._starts or self.starts
        line = bisect_right(starts, offset)
        start = starts[line - 1]
        if self._ascii:
            return line, offset - start
        return line, len(self.text[start:offset].encode("utf-8", "surrogatepass"))

    def offset(self, line: int, byte_column: int) -> int:
        """Return the character offset of a Python position; the inverse of `python_position`."""
        if not 1 <= line <= len(self.starts):
            return len(self.text)
        start = self.starts[line - 1]
        if self._ascii:
            return min(start + byte_column, len(self.text))
        prefix = self.line(line).encode("utf-8", "surrogatepass")[:byte_column]
        return start + len(prefix.decode("utf-8", "ignore"))


def decode(content: bytes, name: str) -> str:
    """Return the text of a program's file; raises ValueError with the place of what is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise ValueError(f"{name} is not UTF-8: byte 0x{byte:02x} in line {line} (offset {error.start})") from error
