"""`retry` takes its delays from the session's clock, so that the virtual one makes them exact."""

from __future__ import annotations

import random

import pytest

from hocket import host
from hocket.stdlib import random as stream

PROGRAM = """
let at := []
async func fails() { at.push(performance_now()); throw "no" }
try { await retry(fails, RETRY) } except e { }
at.map(t => t - at[0])
"""


def times(arguments: str) -> list[float]:
    """Return when a call that always fails was made."""
    program = host.Program(PROGRAM.replace("RETRY", arguments), "program", lambda error, text: None, clock="virtual")
    outcome = host.run_alone(program.run())
    assert outcome.error is None
    return list(outcome.value)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("3", [0, 100, 300]),
        ("times = 4, delay = 1s, backoff = 1", [0, 1000, 2000, 3000]),
        ("4, 10, 3", [0, 10, 40, 130]),
        ("times = 3, delay = 0", [0, 0, 0]),
        ("1", [0]),
        ("3, 1h, 2.5", [0, 3_600_000, 12_600_000]),
    ],
)
def test_delays_are_exact_and_grow(arguments: str, expected: list[float]) -> None:
    assert times(arguments) == expected


def test_jitter_takes_from_half_to_all_of_each_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_stream", random.Random(7))
    first = times("6, 100, 1, true")
    gaps = [after - before for before, after in zip(first, first[1:], strict=False)]
    assert all(50 <= gap <= 100 for gap in gaps)
    assert len(set(gaps)) == len(gaps)
    monkeypatch.setattr(stream, "_stream", random.Random(7))
    assert times("6, 100, 1, true") == first


@pytest.mark.parametrize("call", ["await async_http_get(url, {retries: 3})", "blocking()"])
def test_requests_are_repeated_after_seeded_pauses_on_the_clock(call: str) -> None:
    program = host.Program(
        f"""
        let url := "http://127.0.0.1:1/"
        func blocking() {{ return http_request(url, {{retries: 3}}).unwrap() }}
        func pauses() {{ return [1, 2, 4].map(n => 100 * n * (0.5 + random() / 2)) }}
        set_random_seed(7)
        let begun := performance_now()
        try {{ {call} }} except e {{ }}
        let passed := performance_now() - begun
        set_random_seed(7)
        [passed, pauses().sum()]
        """,
        "program",
        lambda error, text: None,
        clock="virtual",
    )
    outcome = host.run_alone(program.run())
    assert outcome.error is None
    passed, expected = outcome.value
    assert passed == pytest.approx(expected, abs=1e-3) and passed > 350
