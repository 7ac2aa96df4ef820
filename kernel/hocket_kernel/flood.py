"""How much of what one request prints is sent.

A request has an allowance that grows again with time.  What is printed beyond it is held back,
and of that only the newest is kept: it is sent when the cell ends or the allowance suffices,
after a notice of how much was left out.  So a flood cannot fill a notebook or the memory of its
client, its last lines are always seen, and a task that prints a little for days is never cut.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

VARIABLE = "HOCKET_OUTPUT_LIMIT"
LIMIT = 1_000_000
"""Characters that a request may print at once; the environment variable sets it, 0 is no limit."""

TAIL = 20_000
"""Characters of what is held back that are kept."""

RATE = 2_000
"""Characters by which the allowance grows in a second."""

Piece = tuple[str, str]
"""The name of a stream, and a text for it."""


def limit() -> int:
    """Return how many characters a request may print at once."""
    try:
        return max(0, int(os.environ.get(VARIABLE, LIMIT)))
    except ValueError:
        return LIMIT


class Meter:
    """What one request has printed.  Times are in seconds."""

    def __init__(self, limit: int, now: float) -> None:
        self._limit = limit
        self._allowance = float(limit)
        self._seen = now
        self._held: deque[Piece] = deque()
        self._size = 0
        self._characters = 0
        self._lines = 0
        self._is_at_start = True

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def take(self, name: str, text: str, now: float) -> Iterator[Piece]:
        """Yield what of `text` can be sent now; hold back the rest."""
        self._grow(now)
        if self._limit and (self._held or len(text) > self._allowance):
            cut = 0 if self._held else text.rfind("\n", 0, int(max(0, self._allowance))) + 1
            if not self._held and not cut:
                cut = int(max(0, self._allowance))
            self._hold(name, text[cut:])
            text = text[:cut]
        if text:
            yield self._sent(name, text)

    def due(self, now: float) -> Iterator[Piece]:
        """Yield what is held back, if the allowance suffices."""
        self._grow(now)
        if self._held and self._allowance >= min(self._size, self._limit):
            yield from self.release()

    def release(self) -> Iterator[Piece]:
        """Yield what is held back, after a notice of what was left out."""
        if self._characters:
            line = "" if self._is_at_start else "\n"
            lines = f"{self._lines:,} line{'s' * (self._lines != 1)}"
            left_out = f"{self._characters:,} characters in {lines} left out"
            yield "stderr", f"{line}[{left_out}; %env {VARIABLE}=0 shows all]\n"
            self._characters = self._lines = 0
        while self._held:
            name, text = self._held.popleft()
            self._size -= len(text)
            yield self._sent(name, text)

    def _sent(self, name: str, text: str) -> Piece:
        self._allowance -= len(text)
        self._is_at_start = text.endswith("\n")
        return name, text

    def _grow(self, now: float) -> None:
        self._allowance = min(self._limit, self._allowance + RATE * (now - self._seen))
        self._seen = now

    def _hold(self, name: str, text: str) -> None:
        """Keep `text`, and forget what is older than the newest `TAIL` characters."""
        if self._held and self._held[-1][0] == name:
            last = self._held.pop()[1]
            self._size -= len(last)
            text = last + text
        self._held.append((name, text))
        self._size += len(text)
        while self._size > TAIL:
            name, text = self._held.popleft()
            self._size -= len(text)
            excess = self._size + len(text) - TAIL
            # At the end of a line, unless much of a long one would go.
            line = text.find("\n", excess - 1, excess + TAIL // 10) + 1
            cut = (line or excess) if excess < len(text) else len(text)
            self._characters += cut
            self._lines += text.count("\n", 0, cut)
            if cut < len(text):
                self._held.appendleft((name, text[cut:]))
                self._size += len(text) - cut
