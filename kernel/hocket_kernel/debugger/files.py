"""Paths for the texts of programs: clients name a cell by the hash of its text.

debugpy knows code by its file.  A cell is none, and its path leads to none: nothing is written.
debugpy is told to take its code for that of the path that the client has for it, whenever it was
compiled, and that there is such a file.
"""

from __future__ import annotations

import os
import secrets
import tempfile

from hocket.modules import ENDINGS
from hocket.source import Source
from hocket_kernel.cells import CELL

SEED = 0xC70F6907
SUFFIX = ".hkt"
WORD = 0xFFFFFFFF


class Files:
    """The texts that a client can name, by path; the path of a cell begins with `prefix`."""

    def __init__(self) -> None:
        folder = os.path.join(os.path.realpath(tempfile.gettempdir()), f"hocket-{secrets.token_hex(8)}")
        self.prefix = folder + os.sep
        self.texts: dict[str, str] = {}

    def of_text(self, text: str) -> str:
        """Return the path of a cell."""
        path = f"{self.prefix}{murmur2(text.encode('utf-8', 'surrogatepass'), SEED)}{SUFFIX}"
        self.texts[path] = text
        return path

    def of_source(self, source: Source) -> str:
        """Return the path of a compiled text: its file, if it is a module's, else a cell's."""
        if source.name.endswith(ENDINGS) and os.path.isfile(source.name):
            path = os.path.realpath(source.name)
            self.texts[path] = source.text
            return path
        name, text = CELL.get()
        return self.of_text(text if name == source.name else source.text)


def murmur2(data: bytes, seed: int) -> int:
    """Return the hash that clients compute (MurmurHash2, 32 bits, by Austin Appleby)."""
    factor = 0x5BD1E995
    result = seed ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * factor & WORD
        result = result * factor & WORD ^ (word ^ word >> 24) * factor & WORD
    if rest := data[whole:]:
        result = (result ^ int.from_bytes(rest, "little")) * factor & WORD
    result = (result ^ result >> 13) * factor & WORD
    return result ^ result >> 15
