"""Runs programs in Python; see `workers.py` for what it is told and answers."""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any


async def main() -> None:
    programs: dict[str, dict[str, Any]] = {}
    while line := sys.stdin.readline():
        name, *text = json.loads(line)
        if text:
            programs[name] = {"asyncio": asyncio}
            exec(compile(text[0], name, "exec"), programs[name])
        print(json.dumps(await measured(programs[name]["run"])), flush=True)
        # Connections are looked after between the rounds, as in a program that goes on.
        await asyncio.sleep(0)
    for program in programs.values():
        if "close" in program:
            await program["close"]()


async def measured(run: Callable[[], Awaitable[Any]]) -> list[Any]:
    gc.collect()
    begun, busy = time.perf_counter(), time.process_time()
    result = await run()
    return [(time.perf_counter() - begun) * 1000, (time.process_time() - busy) * 1000, result]


if __name__ == "__main__":
    asyncio.run(main())
