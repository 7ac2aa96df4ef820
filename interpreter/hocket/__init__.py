"""Hocket, a small language for asynchronous work.

    import hocket

    hocket.run('print("hello")')

`run` runs a whole program, `Session` keeps a global scope over many pieces.  What is
wrong with a program is raised as a `HocketError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hocket.errors import HocketError
    from hocket.host import run
    from hocket.session import Session

__version__ = "0.1.0"

__all__ = ["HocketError", "Session", "__version__", "run"]

_HOMES = {"HocketError": "hocket.errors", "Session": "hocket.session", "run": "hocket.host"}


def __getattr__(name: str) -> Any:
    # On demand: whoever imports one module of the package, or asks for the version,
    # does not wait for the whole language to load.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
