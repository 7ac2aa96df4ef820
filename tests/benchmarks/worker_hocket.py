"""Runs programs in Hocket: name -> text on standard input, name -> [milliseconds, result] on the output."""

import gc
import json
import sys
from typing import Any

from hocket.host import run_alone
from hocket.session import Session, prepare_process

TIMED = """
let begun := performance_now()
let result := await run()
[performance_now() - begun, result]
"""


async def main(programs: dict[str, str]) -> dict[str, Any]:
    results = {}
    for name, text in programs.items():
        session = Session()
        for cell in (text, "await run();"):
            await run(session, cell)
        gc.collect()
        results[name] = await run(session, TIMED)
        await session.close()
    return results


async def run(session: Session, text: str) -> Any:
    outcome = await session.run(text)
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


if __name__ == "__main__":
    prepare_process()
    json.dump(run_alone(main(json.load(sys.stdin))), sys.stdout)
