"""Magics about what is around the session: files and the environment."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hocket.source import decode
from hocket_kernel.magics.registry import Call, MagicError, magic

if TYPE_CHECKING:
    from hocket.session import Outcome


def _read(call: Call, path: str) -> str:
    place = call.session.permissions.place("read", path)
    try:
        return decode(Path(place).read_bytes(), path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise MagicError(f"{path} cannot be read: {reason}") from error


@magic("FILE")
async def load(call: Call) -> None:
    """Put the text of a file in place of the cell."""
    if not call.text:
        raise MagicError("%load needs a file", "%load FILE")
    text = _read(call, call.text)
    call.payload.append({"source": "set_next_input", "text": text, "replace": True})


@magic("FILE [ARGUMENT …]")
async def run(call: Call) -> Outcome:
    """Run a program from a file in the session: its variables stay, its last value is shown.

    `args()` gives it the arguments.
    """
    from hocket.stdlib import system

    try:
        path, *arguments = shlex.split(call.text)
    except ValueError as error:
        raise MagicError("%run needs a file", "%run FILE [ARGUMENT …]") from error
    text = _read(call, path)
    before, system.arguments[:] = list(system.arguments), arguments
    try:
        return await call.session.run(text, path)
    finally:
        system.arguments[:] = before


@magic("[NAME[=VALUE]]")
async def env(call: Call) -> Outcome | None:
    """Show the environment variables, show one, or set one for the kernel and what it starts.

    An empty value removes it.
    """
    from hocket.session import Outcome

    name, sign, value = (part.strip() for part in call.text.partition("="))
    permissions = call.session.permissions
    if not sign:
        permissions.variable(name or None)
        if not name:
            return Outcome(value=dict(sorted(os.environ.items())), has_value=True)
        if name not in os.environ:
            raise MagicError(f"the environment has no {name}")
        sys.stdout.write(f"{os.environ[name]}\n")
    elif not name or "\0" in call.text:
        raise MagicError(f"cannot set {name or 'a variable without a name'}", "%env NAME=VALUE")
    else:
        permissions.variable(name, "setting")
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value
    return None
