"""The magics of a notebook: what a cell says to the notebook rather than in the language.

The import line is the only list of them; everything else is read off the declarations.
"""

from hocket_kernel.magics import background, files, helping, python, state, timing
from hocket_kernel.magics.asking import complete, describe, is_complete
from hocket_kernel.magics.running import parts, run

__all__ = [
    "background",
    "complete",
    "describe",
    "files",
    "helping",
    "is_complete",
    "parts",
    "python",
    "run",
    "state",
    "timing",
]
