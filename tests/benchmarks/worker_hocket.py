"""Runs programs in Hocket; see `workers.py` for what it is told and answers."""

import asyncio
import gc
import json
import sys
import time
from typing import Any

from hocket.host import run_alone
from hocket.session import Outcome, Session, prepare_process


async def main() -> None:
    sessions: dict[str, Session] = {}
    while line := sys.stdin.readline():
        name, *text = json.loads(line)
        if text:
            sessions[name] = Session(warn=lambda warning: None)
            checked(await sessions[name].run(text[0]))
        print(json.dumps(await measured(sessions[name])), flush=True)
        # Connections are looked after between the rounds, as in a program that goes on.
        await asyncio.sleep(0)
    for session in sessions.values():
        await session.close()


async def measured(session: Session) -> list[Any]:
    run = session.variables["run"].direct
    gc.collect()
    begun, busy = time.perf_counter(), time.process_time()
    result = checked(await session.call(run(), "run"))
    return [(time.perf_counter() - begun) * 1000, (time.process_time() - busy) * 1000, result]


def checked(outcome: Outcome) -> Any:
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


if __name__ == "__main__":
    prepare_process()
    run_alone(main())
