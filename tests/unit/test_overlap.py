"""Work that waits takes, all together, about the time of one: against what answers after 50 ms."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Less than what is aimed at, since machines that run tests are busy.
LEAST = {
    "sleeps": {3: 2.9, 10: 9.5, 30: 28},
    "requests": {3: 2.9, 10: 9.2, 30: 26},
}
if hasattr(os, "mkfifo"):
    # Elsewhere than on Linux each takes a thread.
    LEAST["slow files"] = {3: 2.9, 10: 9.2, 30: 26} if sys.platform == "linux" else {3: 2.5, 10: 7, 30: 18}


@pytest.fixture(scope="module")
def overlaps() -> Any:
    """The benchmark, whose measuring this is."""
    place = Path(__file__).parents[1] / "benchmarks" / "overlaps.py"
    spec = importlib.util.spec_from_file_location("overlaps", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def calls(overlaps: Any) -> Iterator[dict[str, str]]:
    with overlaps.slow(31) as calls:
        yield calls


@pytest.mark.parametrize(("kind", "n"), [(kind, n) for kind, levels in LEAST.items() for n in levels])
def test_what_waits_overlaps(overlaps: Any, calls: dict[str, str], kind: str, n: int) -> None:
    least = LEAST[kind][n]
    assert overlaps.speed_up(calls[kind], n, enough=least, rounds=60) >= least
