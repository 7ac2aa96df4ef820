"""The cells that were run, for clients that ask: newest kept, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

Entry = tuple[int, int, str]


class History:
    """At most `limit` cells by number, with what they showed."""

    # Cells are numbered within sessions; one process is one session.
    session = 1

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._inputs: OrderedDict[int, str] = OrderedDict()
        self._outputs: dict[int, str] = {}

    def add(self, number: int, text: str) -> None:
        """Keep the cell `number`; forget the oldest beyond the limit."""
        self._inputs[number] = text
        if len(self._inputs) > self._limit:
            oldest, _ = self._inputs.popitem(last=False)
            self._outputs.pop(oldest, None)

    def answer(self, number: int, text: str) -> None:
        """Note what the cell `number` showed as its value."""
        if number in self._inputs:
            self._outputs[number] = text

    def reply(self, kind: str, output: bool, **options: Any) -> list[tuple[int, int, Any]]:
        """Return what a history request of `kind` (range, tail, search) asks for, oldest first."""
        if kind == "range":
            entries = self._range(options.get("session"), options.get("start"), options.get("stop"))
        elif kind == "search":
            entries = self._search(options.get("pattern"), bool(options.get("unique")))
        else:
            entries = self._all()
        found = list(entries)
        number = options.get("n")
        if kind != "range" and number is not None:
            found = found[-number:] if number > 0 else []
        return [(session, line, self._shown(line, text, output)) for session, line, text in found]

    def _shown(self, line: int, text: str, output: bool) -> Any:
        return (text, self._outputs.get(line)) if output else text

    def _all(self) -> Iterator[Entry]:
        return ((self.session, line, text) for line, text in self._inputs.items())

    def _range(self, session: int | None, start: int | None, stop: int | None) -> Iterable[Entry]:
        if session not in (None, 0, self.session):  # 0 is the running one
            return []
        first = start or 0
        return (entry for entry in self._all() if entry[1] >= first and (stop is None or entry[1] < stop))

    def _search(self, pattern: str | None, unique: bool) -> Iterable[Entry]:
        found = [entry for entry in self._all() if fnmatchcase(entry[2], pattern or "*")]
        if not unique:
            return found
        newest = {text: (session, line, text) for session, line, text in found}
        return sorted(newest.values(), key=lambda entry: entry[1])
