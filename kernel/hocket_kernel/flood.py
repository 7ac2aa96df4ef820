"""How much of what one request prints and shows is sent.

A request has an allowance that grows again with time.  What is printed beyond it is held back,
and of that only the newest is kept: it is sent when the cell ends or the allowance suffices,
after a notice of how much was left out.  So a flood cannot fill a notebook or the memory of its
client, its last lines are always seen, and a task that prints a little for days is never cut.

What is shown has an allowance of its own, in the same manner; of what is shown anew in its place
only the last state counts, so nothing is left out.
"""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

VARIABLE = "HOCKET_OUTPUT_LIMIT"
LIMIT = 1_000_000
"""Characters that a request may print at once; the environment variable sets it, 0 is no limit."""

TAIL = 20_000
"""Characters of what is held back that are kept."""

RATE = 2_000
"""Characters by which the allowance grows in a second."""

PRICE = 1_000
"""Characters of its allowance that showing a value takes, and again for each `LARGE` characters of it."""

LARGE = 10_000

ANEW = 10
"""By how much it is cheaper to show a value in the place of another: 20 small ones a second can go on for ever."""

CLEAR = 10
"""Characters of the allowance of what is shown that clearing it takes."""

REMEMBERED = 1_000
"""Requests whose amount of output is remembered."""

Piece = tuple[str, str]
"""The name of a stream, and a text for it."""


def limit() -> int:
    """Return how many characters a request may print at once."""
    try:
        return max(0, int(os.environ.get(VARIABLE, LIMIT)))
    except ValueError:
        return LIMIT


def notice(what: str) -> str:
    """Return the line that says what was left out."""
    return f"[{what} left out; %env {VARIABLE}=0 shows all]\n"


class Allowance:
    """The characters that a request may send, which grow to `whole` again; 0 is no limit.  Times are in seconds."""

    def __init__(self, whole: int, now: float) -> None:
        self.whole = whole
        self._left = float(whole)
        self._seen = now

    def left(self, now: float) -> float:
        """Return what may be spent now; below zero if more was spent than there was."""
        self._left = min(self.whole, self._left + RATE * (now - self._seen))
        self._seen = now
        return self._left

    def suffices(self, amount: float, now: float) -> bool:
        """Whether `amount` may be spent now; more than there ever is may be when nothing was spent."""
        return not self.whole or self.left(now) >= min(amount, self.whole)

    def spend(self, amount: float) -> None:
        """Spend `amount`, whether it is there or not."""
        self._left -= amount


class Meter:
    """What one request has printed."""

    def __init__(self, limit: int, now: float) -> None:
        self._allowance = Allowance(limit, now)
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
        left = self._allowance.left(now)
        if self._allowance.whole and (self._held or len(text) > left):
            cut = 0 if self._held else text.rfind("\n", 0, int(max(0, left))) + 1
            if not self._held and not cut:
                cut = int(max(0, left))
            self._hold(name, text[cut:])
            text = text[:cut]
        if text:
            yield self._sent(name, text)

    def due(self, now: float) -> Iterator[Piece]:
        """Yield what is held back, if the allowance suffices."""
        if self._held and self._allowance.suffices(self._size, now):
            yield from self.release()

    def release(self) -> Iterator[Piece]:
        """Yield what is held back, after a notice of what was left out."""
        if self._characters:
            line = "" if self._is_at_start else "\n"
            lines = f"{self._lines:,} line{'s' * (self._lines != 1)}"
            yield "stderr", line + notice(f"{self._characters:,} characters in {lines}")
            self._characters = self._lines = 0
        while self._held:
            name, text = self._held.popleft()
            self._size -= len(text)
            yield self._sent(name, text)

    def _sent(self, name: str, text: str) -> Piece:
        self._allowance.spend(len(text))
        self._is_at_start = text.endswith("\n")
        return name, text

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


class Shows:
    """What one request has shown, each at a place with a name; `size` is in characters."""

    def __init__(self, limit: int, now: float) -> None:
        self._allowance = Allowance(limit, now)
        self._held: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._left_out = 0
        # What is held back comes after the cell's output was cleared: whether that waits for it.
        self._clears: bool | None = None
        # Nothing has been shown since: what is shown next stands in the place of what was.
        self._is_clear = False

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._held) or self._clears is not None

    def take(self, place: str, shown: Any, size: int, now: float) -> bool:
        """Whether `shown` can be sent now; if not it is held back."""
        cost = price(size, self._is_clear)
        self._is_clear = False
        if not self.holds and self._spends(cost, now):
            return True
        self._held[place] = shown, cost
        return False

    def allows(self, size: int, now: float) -> bool:
        """Whether what is shown in the place of something else can be sent now."""
        return self._spends(price(size, True), now)

    def _spends(self, cost: int, now: float) -> bool:
        suffices = self._allowance.suffices(cost, now)
        if suffices:
            self._allowance.spend(cost)
        return suffices

    def replace(self, place: str, shown: Any, size: int) -> bool:
        """Whether what `shown` is to replace is held back; then it is in its place."""
        if place not in self._held:
            return False
        self._held[place] = shown, max(price(size, True), self._held[place][1])
        return True

    def excess(self) -> Iterator[str]:
        """Forget what is older than the newest of what is held back, but for one; yield its places."""
        while len(self._held) > 1 and self._needed() > TAIL:
            self._left_out += 1
            yield self._held.popitem(last=False)[0]

    def clear(self, wait: bool, now: float) -> bool:
        """Whether the output can be cleared now; if not it is when the next value is shown."""
        self._held.clear()
        self._left_out = 0
        self._is_clear = True
        if self._allowance.suffices(PRICE // ANEW + CLEAR, now):  # also for what is shown next
            self._allowance.spend(CLEAR)
            self._clears = None
            return True
        self._clears = wait
        return False

    def is_due(self, now: float) -> bool:
        """Whether the allowance suffices for what is held back."""
        return self._allowance.suffices(max(PRICE // ANEW, self._needed()), now)

    def release(self) -> tuple[bool | None, int, list[tuple[str, Any]]]:
        """Return whether the output is to be cleared, as in `clear`, how many were left out, and what is held back."""
        released = self._clears, self._left_out, [(place, shown) for place, (shown, _) in self._held.items()]
        self._allowance.spend(self._needed() + (0 if self._clears is None else CLEAR))
        self._clears, self._left_out = None, 0
        self._held.clear()
        return released

    def _needed(self) -> int:
        return sum(cost for _, cost in self._held.values())


def price(size: int, is_anew: bool) -> int:
    """Return what it takes of an allowance to show a value of so many characters, perhaps in the place of another."""
    return PRICE // (ANEW if is_anew else 1) * (1 + size // LARGE)


class Holding(Protocol):
    """What is known of the output of one request."""

    @property
    def holds(self) -> bool:
        """Whether something is held back."""


Known = TypeVar("Known", bound=Holding)


class Requests(Generic[Known]):
    """What is known of the output of the requests that were active last."""

    def __init__(self, make: Callable[[int, float], Known]) -> None:
        self._make = make
        self._known: OrderedDict[str, Known] = OrderedDict()

    def of(self, request: str, now: float) -> Known:
        """Return what is known of a request; forget those that have sent nothing for long."""
        known = self._known.get(request)
        if known is None:
            known = self._known[request] = self._make(limit(), now)
            for other in list(self._known)[: len(self._known) - REMEMBERED]:
                if not self._known[other].holds:
                    del self._known[other]
        self._known.move_to_end(request)
        return known
