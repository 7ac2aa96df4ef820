"""Names with a dot: `Promise.all` is `promise_all`.

The rule is the name's: `promise_all_settled` is `Promise.all_settled`, and
`Promise.allSettled` for those who come from JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from hocket.runtime.values import name_type


class Namespace:
    """A value whose fields are functions of the library."""

    members: ClassVar[frozenset[str]] = frozenset()

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<module {type(self).__name__}>"


name_type(Namespace, "module")


def dotted(name: str, names: Mapping[str, Any]) -> Namespace:
    """Return the namespace of everything in `names` that begins with the small form of `name`."""
    prefix = f"{name.lower()}_"
    fields: dict[str, Any] = {}
    for full, value in names.items():
        if full.startswith(prefix):
            short = full.removeprefix(prefix)
            camel = re.sub(r"_(\w)", lambda match: match[1].upper(), short)
            fields |= dict.fromkeys((short, camel), value)
    members = {field: staticmethod(value) for field, value in fields.items()}
    made: Namespace = type(name, (Namespace,), {**members, "members": frozenset(fields), "__module__": __name__})()
    return made
