"""Twenty thousand mutated programs: each ends in a value or an error of the language, in its text."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("fuzz.py")
SEEDS = (1, 2)
COUNT = 10_000


@pytest.mark.timeout(600)
def test_mutated_programs_end_in_a_value_or_an_error_in_their_text(tmp_path: Path) -> None:
    workers = []
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        output = (tmp_path / f"{seed}.txt").open("w+", encoding="utf-8")
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"}
        command = [sys.executable, str(WORKER), str(seed), str(COUNT), str(folder)]
        workers.append((subprocess.Popen(command, stdout=output, stderr=output, env=environment), folder, output))
    ends: Counter[str] = Counter()
    for process, folder, output in workers:
        code = process.wait()
        output.seek(0)
        shown = output.read().splitlines()
        output.close()
        assert code == 0, (folder / "current.hkt").read_text(encoding="utf-8", errors="replace")
        assert not shown[:-1], "\n".join(shown[:80])
        ends.update(json.loads(shown[-1].removeprefix("ends: ")))
    assert ends.total() == COUNT * len(SEEDS)
    # Many of them do run.
    assert ends["StaticErrors"] < 0.85 * ends.total()
    assert ends["value"] > 0.03 * ends.total()
