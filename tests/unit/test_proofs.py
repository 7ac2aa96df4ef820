"""Much of everything: no leak, nothing lost.  `tests/kernel/test_proofs.py` runs the same programs in a kernel.

The soak takes 20 seconds; `HOCKET_SOAK=1800` in the environment makes it half an hour.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hocket import host
from hocket.testing import Program, programs
from hocket.testing.comments import expected

DATA = Path(__file__).parents[1] / "data"
PROOFS = programs((DATA / "proofs.txt").read_text(encoding="utf-8"), "proofs.txt")
SOAK = Program("soak.txt", (DATA / "soak.txt").read_text(encoding="utf-8"))


def hold(program: Program, capsys: Any) -> None:
    """Run a program, which may take its time, and compare what it prints."""
    failures: list[str] = []
    running = host.Program(program.text, program.name, lambda error, text: failures.append(text))
    outcome = host.run_alone(running.run())
    assert (outcome.error, failures) == (None, [])
    assert capsys.readouterr().out.splitlines() == expected(program).output


@pytest.mark.parametrize("program", PROOFS, ids=lambda program: program.name)
def test_a_proof_holds(program: Program, capsys: Any) -> None:
    hold(program, capsys)


def test_memory_descriptors_and_tasks_stay_flat_in_mixed_work(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("HOCKET_SOAK", os.environ.get("HOCKET_SOAK", "20"))
    monkeypatch.chdir(tmp_path)
    hold(SOAK, capsys)
