"""Magics about the session: its variables, tasks and time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hocket import errors
from hocket_kernel.magics.registry import Call, MagicError, magic

if TYPE_CHECKING:
    from hocket.session import Outcome


def _shown(rows: list[dict[str, object]], otherwise: str) -> Outcome | None:
    from hocket.session import Outcome

    if rows:
        return Outcome(value=rows, has_value=True)
    sys.stdout.write(f"{otherwise}\n")
    return None


@magic("[TYPE]")
async def who(call: Call) -> Outcome | None:
    """Show the session's variables with type and value, all or those of one type."""
    from hocket.runtime.values import show, type_name

    rows: list[dict[str, object]] = []
    for name, value in sorted(call.session.variables.items()):
        if call.text in ("", type_name(value)):
            text = show(value).partition("\n")[0]
            rows.append({"name": name, "type": type_name(value), "value": text if len(text) <= 60 else f"{text[:59]}…"})
    return _shown(rows, f"no variables of type {call.text}" if call.text else "no variables")


@magic("[NAME …]")
async def reset(call: Call) -> None:
    """Forget the session's variables, all or those that are named.

    Tasks go on; what is imported is kept for the next import.
    """
    names = call.text.split()
    for name in names:
        if name not in call.session.variables:
            near = errors.did_you_mean(name, call.session.variables)
            raise MagicError(f"there is no variable {name}", near)
    call.session.forget(names or list(call.session.variables))


@magic()
async def tasks(call: Call) -> Outcome | None:
    """Show the tasks that have not ended: state, what they wait for, where they are."""
    from hocket.stdlib.observing import tasks as running

    call.session.scheduler.attach()
    return _shown(running(), "no tasks")


@magic("[real|virtual]")
async def clock(call: Call) -> None:
    """Tell which clock the session uses, or use the other one.

    The virtual clock stands still while anything runs, and jumps when everything waits. The
    clock cannot be changed while tasks run or timers are set: their times are its own.
    """
    session = call.session
    if call.text:
        try:
            session.use_clock(call.text)
        except errors.Error as error:
            raise MagicError(error.message, error.hint) from error
    sys.stdout.write(f"{session.scheduler.clock.name} clock\n")


@magic("[WORD …]")
async def permissions(call: Call) -> Outcome | None:
    """Show what the session's programs may do, and why; or allow less from now on.

    The words are those of `hocket run`: after `%permissions allow-read=data` only `data` can be read, if it could be
    before, and nothing else is allowed; `%permissions untrusted` leaves nothing. What is taken away comes back only
    with a new kernel.
    """
    if call.text:
        try:
            call.session.narrow(call.text, "%permissions")
        except errors.ValueError as error:
            raise MagicError(error.message, error.hint) from error
    return _shown(call.session.permissions.rows(), "everything is allowed")
