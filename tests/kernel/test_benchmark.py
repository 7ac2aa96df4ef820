"""The kernel's benchmark runs; no times."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kernels.py"


def test_the_kernel_is_measured_beside_pythons():
    command = [sys.executable, str(BENCHMARK), "--rounds", "1", "start", "trivial cell to idle", "then the cell awaits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, head, table = done.stdout.partition("milliseconds")
    columns, *rows = table.splitlines()
    assert head and columns.split()[:2] == ["hocket", "ipykernel"]
    measured = {row.split("  ")[0]: row.split("  ", 1)[1].split() for row in rows}
    assert list(measured) == ["start to kernel_info_reply", "trivial cell to idle", "first byte, then the cell awaits"]
    assert all(float(numbers[0]) > 0 and float(numbers[1]) > 0 for numbers in measured.values())


def test_a_benchmark_of_nothing_is_refused():
    command = [sys.executable, str(BENCHMARK), "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing has nonsense in its name" in done.stderr
