"""Runs programs in Python: name -> text on standard input, name -> [milliseconds, result] on the output."""

import asyncio
import gc
import json
import sys
import time
from typing import Any


async def main(programs: dict[str, str]) -> dict[str, Any]:
    results = {}
    for name, text in programs.items():
        names: dict[str, Any] = {"asyncio": asyncio}
        exec(compile(text, name, "exec"), names)
        await names["run"]()
        gc.collect()
        begun = time.perf_counter()
        result = await names["run"]()
        results[name] = [(time.perf_counter() - begun) * 1000, result]
    return results


if __name__ == "__main__":
    json.dump(asyncio.run(main(json.load(sys.stdin))), sys.stdout)
