"""Help on magics."""

from __future__ import annotations

import sys

from hocket_kernel.magics.registry import MAGICS, Call, MagicError, magic, nearest


@magic("[MAGIC]")
async def help_(call: Call) -> None:
    """List the magics, or tell how one is used.

    What a name of the language or the library is, `name?` tells.
    """
    name = call.text.lstrip("%")
    if name in MAGICS:
        sys.stdout.write(f"{MAGICS[name].help}\n")
    elif name:
        near = nearest(name)
        raise MagicError(f"there is no magic %{name}", near or f"{call.text}? tells what a name is")
    else:
        width = max(len(form) for one in MAGICS.values() for form in one.forms) + 2
        for one in sorted(MAGICS.values(), key=lambda one: one.name):
            *others, last = one.forms
            sys.stdout.write("".join(f"{form}\n" for form in others) + f"{last:{width}}{one.summary}\n")
