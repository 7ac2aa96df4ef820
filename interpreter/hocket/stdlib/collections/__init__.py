"""Arrays, and what is common to all collections."""

from __future__ import annotations

from hocket.stdlib.collections.arrays import contains, len_
from hocket.stdlib.collections.common import Function, Items, each, elements, holds, listed, plain, position

__all__ = [
    "Function",
    "Items",
    "contains",
    "each",
    "elements",
    "holds",
    "len_",
    "listed",
    "plain",
    "position",
]
