"""Hocket, a small language for asynchronous work.

    import hocket

    hocket.run('print("hello")')

`run` runs a whole program and returns its value, `run_async` does so on an event loop that
runs already; `Session` keeps a global scope over many pieces, and tells of each how it ended
(`Outcome`).  What is wrong with a program is a `HocketError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hocket.errors import HocketError
    from hocket.host import run, run_async
    from hocket.permissions import Permissions
    from hocket.session import Outcome, Session

__version__ = "0.1.0"

__all__ = ["HocketError", "Outcome", "Permissions", "Session", "__version__", "run", "run_async"]

_HOMES = {
    "HocketError": "hocket.errors",
    "Outcome": "hocket.session",
    "Permissions": "hocket.permissions",
    "Session": "hocket.session",
    "run": "hocket.host",
    "run_async": "hocket.host",
}


def __getattr__(name: str) -> Any:
    # On demand: whoever imports one module of the package, or asks for the version,
    # does not wait for the whole language to load.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
