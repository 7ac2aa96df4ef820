"""The benchmarks run, and their languages agree; no times."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("run")
    for name in set(sys.modules) - known:
        if getattr(sys.modules[name], "__file__", None) and Path(str(sys.modules[name].__file__)).parent == BENCHMARKS:
            del sys.modules[name]


def test_every_workload_runs_and_has_one_result(run: ModuleType) -> None:
    reduced = {name: workload.reduced() for name, workload in run.workloads().items()}
    measured = list(run.measure(reduced, rounds=1, lines=1000))
    assert [each.name for each in measured] == list(reduced)
    assert all(each.ratio("python") for each in measured)


def test_what_waits_has_a_size(run: ModuleType) -> None:
    assert all(ours > 0 and theirs > 0 for ours, theirs, _ in run.memory.measured(100).values())


def test_a_ratio_is_judged_by_its_target(run: ModuleType) -> None:
    assert run.judged(1.1, 1.1) == "≤ 1.1"
    assert run.judged(1.11, 1.1) == "≤ 1.1 missed"
    assert run.judged(1.11, None) == ""


def test_targets_are_read_from_the_page(run: ModuleType) -> None:
    assert run.workloads()["200,000 × await f(x)"].target == 1.1
    assert run.workloads()["sync: fib(25)"].target is None
