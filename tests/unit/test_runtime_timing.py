"""What waits for time, to the nanosecond, under the virtual clock."""

from __future__ import annotations

import asyncio
import io
from contextlib import redirect_stdout

import pytest

from hocket.session import Session


def printed(text: str) -> list[str]:
    """Run a program under the virtual clock; return the lines that it prints."""

    async def run() -> None:
        session = Session(clock="virtual")
        outcome = await session.run(text)
        await session.close()
        if outcome.error is not None:
            raise outcome.error

    out = io.StringIO()
    with redirect_stdout(out):
        asyncio.run(run())
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "for await t in interval(10).take(4) { print(t); await async_sleep([0, 10, 25, 5][t.n - 1]) }",
            [
                '{"at": 10, "missed": 0, "n": 1}',
                '{"at": 20, "missed": 0, "n": 2}',
                '{"at": 30, "missed": 0, "n": 3}',
                '{"at": 60, "missed": 2, "n": 4}',
            ],
        ),
        (
            "let every := interval(2.5)\nawait async_sleep(6)\nfor await t in every.take(1) { print(t) }",
            ['{"at": 7.5, "missed": 2, "n": 1}'],
        ),
        (
            "let limiter := rate_limiter(2, 30)\n"
            "async func call(n) { with limiter { print(n, performance_now() - begun) } }\n"
            "let begun := performance_now()\n"
            "await promise_all(range(5).map(call))\n"
            "await async_sleep(100)\n"
            "await promise_all([5, 6, 7].map(call))",
            ["0 0", "1 0", "2 15", "3 30", "4 45", "5 145", "6 145", "7 160"],
        ),
        (
            "async func* bursts() { for ms in [0, 10, 10, 60, 10] { await async_sleep(ms); yield now() } }\n"
            "let begun := now()\n"
            "func ms(t) { return round((t - begun) * 1000) }\n"
            "print(await bursts().debounce(20).map(ms).collect())\n"
            "let begun_again := now()\n"
            "print(await bursts().throttle(15).map(t => round((t - begun_again) * 1000)).collect())",
            ["[20, 90]", "[0, 20, 80]"],
        ),
        (
            "let t := timer(50)\nlet begun := performance_now()\n"
            "print(select { case v from t { v } timeout 20 { performance_now() - begun } })\n"
            "print(await t, performance_now() - begun)\n"
            "print(await after(7, () => performance_now() - begun))",
            ["20", "null 50", "57"],
        ),
    ],
    ids=["interval", "interval_begun_before", "rate_limiter", "debounce_and_throttle", "timer_and_after"],
)
def test_time_is_exact(text: str, lines: list[str]) -> None:
    assert printed(text) == lines
