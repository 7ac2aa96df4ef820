"""The programs of `tests/unit/test_proofs.py` do in a kernel what they do outside of one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hocket.testing import Program, programs
from hocket.testing.comments import expected

DATA = Path(__file__).parents[1] / "data"
PROOFS = programs((DATA / "proofs.txt").read_text(encoding="utf-8"), "proofs.txt")
SECONDS = os.environ.get("HOCKET_SOAK", "5")


def hold(notebook, program, limit=120.0):
    cell = notebook.send(program.text)
    notebook.until(lambda: bool(cell.reply) and cell.idle, limit)
    assert cell.reply["status"] == "ok", cell.reply
    assert cell.out.splitlines() == expected(program).output


@pytest.mark.parametrize("program", PROOFS, ids=lambda program: program.name)
def test_a_proof_holds(start, program):
    own = start()
    try:
        hold(own, program)
    finally:
        own.close()


def test_memory_descriptors_and_tasks_stay_flat_in_mixed_work(start):
    own = start(HOCKET_SOAK=SECONDS)
    try:
        hold(own, Program("soak.txt", (DATA / "soak.txt").read_text(encoding="utf-8")), float(SECONDS) * 2 + 60)
    finally:
        own.close()
