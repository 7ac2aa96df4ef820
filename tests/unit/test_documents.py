"""The programs in the README and the manuals run; under the virtual clock, so that their order is not the machine's."""

from pathlib import Path

import pytest

from hocket.testing import Program, check, fenced

ROOT = Path(__file__).parents[2]


def manual_programs() -> list[Program]:
    found = []
    for path in [ROOT / "README.md", *sorted((ROOT / "interpreter").glob("*.md")), ROOT / "kernel" / "README.md"]:
        found += fenced(path.read_text(encoding="utf-8"), path.name)
    return found


@pytest.mark.parametrize("program", manual_programs(), ids=lambda program: program.name)
def test_a_program_does_what_its_page_says(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(program, clock="virtual")
