"""Paths for the texts of programs: clients name a cell by the hash of its text.

debugpy knows code by its file.  A cell is none; it is told to take its code for that of the
path that the client has for it, whenever it was compiled.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from hocket.modules import ENDINGS
from hocket.source import Source
from hocket_kernel.cells import CELL

SEED = 0xC70F6907
SUFFIX = ".hkt"
WORD = 0xFFFFFFFF

UNPYTHONIC = "\n?"
"""Ends a file, which debugpy then cannot take for Python: it would move breakpoints as if it were."""


class Files:
    """The texts that a client can name, by path; there are files for those that it has named."""

    def __init__(self) -> None:
        self.folder = Path(os.path.realpath(tempfile.gettempdir())) / f"hocket-{secrets.token_hex(8)}"
        self.texts: dict[str, str] = {}

    @property
    def prefix(self) -> str:
        """What the path of a cell begins with."""
        return f"{self.folder}{os.sep}"

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

    def write(self, text: str) -> str:
        """Write the file of a cell, without which debugpy takes no breakpoint for it; return its path."""
        path = self.of_text(text)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        Path(path).write_text(text + UNPYTHONIC, encoding="utf-8", errors="surrogatepass")
        return path

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)


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
