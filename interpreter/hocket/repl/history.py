"""The inputs of earlier runs, in a file that only the user can read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

KEPT = 5000
"""Inputs that are remembered."""


def history() -> History:
    """Return the user's history; one that ends with the process where there is no place for it."""
    # No home, no permission, a folder in its place: none of it matters to who types.
    with suppress(OSError, RuntimeError):
        return InputHistory(history_file())
    return InMemoryHistory()


def history_file() -> Path:
    """Return where inputs are remembered: the user's folder for such state."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "hocket" / "history"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hocket" / "history"


class InputHistory(FileHistory):
    """The history in `path`, which is made; raises OSError if it cannot be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
        self._shorten(path)

    def store_string(self, string: str) -> None:
        """Remember an input, if the disk lets us."""
        with suppress(OSError):
            super().store_string(string)

    def load_history_strings(self) -> Iterable[str]:
        """Return the inputs, the last one first."""
        with suppress(OSError):
            return list(super().load_history_strings())
        return []

    def _shorten(self, path: Path) -> None:
        """Forget the oldest inputs once there are twice as many as are kept."""
        inputs = list(islice(self.load_history_strings(), 2 * KEPT))
        if len(inputs) == 2 * KEPT:
            os.truncate(path, 0)
            for text in reversed(inputs[:KEPT]):
                self.store_string(text)
