"""`a..b` and `a..=b`: lazy, immutable runs of ints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from hocket import errors


class Range:
    """The ints from `start` up to, not including, `stop`; empty when that would descend.

    Ranges are equal, and hash alike, when they hold the same ints, however they were
    written.  `inclusive` only remembers the `..=` for printing.
    """

    __slots__ = ("_ints", "inclusive")

    def __init__(self, start: int, stop: int, inclusive: bool = False) -> None:
        for end in (start, stop):
            if not isinstance(end, int) or isinstance(end, bool):
                raise errors.TypeError(f"a range goes from int to int, got {end!r}", hint="write `a..b` with ints")
        self._ints = range(start, stop + 1 if inclusive else stop)
        self.inclusive = inclusive

    @property
    def start(self) -> int:
        """The first int, if there is one."""
        return self._ints.start

    @property
    def stop(self) -> int:
        """The end, not included."""
        return self._ints.stop

    def __iter__(self) -> Iterator[int]:
        return iter(self._ints)

    def __reversed__(self) -> Iterator[int]:
        return reversed(self._ints)

    def __len__(self) -> int:
        # range's own len() refuses what does not fit the machine's word.
        return max(0, self._ints.stop - self._ints.start)

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return value in self._ints

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> Range | list[int]: ...

    def __getitem__(self, index: Any) -> Any:
        try:
            part = self._ints[index]
        except IndexError:
            raise errors.IndexError(f"Index out of bounds: {index}") from None
        if isinstance(part, int):
            return part
        return Range(part.start, part.stop) if part.step == 1 else list(part)

    def __eq__(self, other: object) -> bool:
        return self._ints == other._ints if isinstance(other, Range) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._ints)

    def __repr__(self) -> str:
        if self.inclusive:
            return f"{self._ints.start}..={self._ints.stop - 1}"
        return f"{self._ints.start}..{self._ints.stop}"
