"""The manual and the editor's words are what the declarations say, and the manual's examples run."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from hocket import stdlib
from hocket.runtime.registry import STDLIB
from hocket.testing import Program, check, programs
from hocket_kernel import words

MANUAL = Path(__file__).parents[2] / "interpreter" / "BUILTINS.md"


def examples() -> list[Program]:
    """Return the programs in the documentation of the builtins, each once."""
    found: dict[str, Program] = {}
    for builtin in STDLIB:
        for number, example in enumerate(builtin.examples):
            for program in programs(example, f"{builtin.name}[{number}]"):
                found.setdefault(example, program)
    return list(found.values())


def test_the_manual_is_up_to_date() -> None:
    assert MANUAL.read_text(encoding="utf-8") == stdlib.reference(), "run: hocket docs --output interpreter/BUILTINS.md"


def test_the_words_of_the_jupyterlab_extension_are_up_to_date() -> None:
    assert words.WORDS.read_text(encoding="utf-8") == words.script(), "run: python -m hocket_kernel.words"


def test_every_builtin_is_in_the_manual() -> None:
    manual = stdlib.reference()
    for builtin in STDLIB:
        assert f"{builtin.usage}`" in manual, builtin.name


@pytest.mark.parametrize("program", examples(), ids=lambda program: program.name)
def test_examples_do_what_they_say(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    check(program)


def test_every_builtin_has_an_example() -> None:
    assert [builtin.name for builtin in STDLIB if not builtin.examples] == []
    examples = {builtin.name: example for builtin in STDLIB for example in builtin.examples}
    assert [name for name, example in examples.items() if not re.search("# (expect|error):", example)] == []


def test_every_builtin_is_called_in_a_program_of_the_tests() -> None:
    tests = Path(__file__).parents[1]
    paths = [path for folder in ("language", "stdlib") for path in (tests / folder).rglob("*.hkt")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    methods = set(re.findall(r"\.(\w+)\(", text))
    called = methods | set(re.findall(r"\b(\w+)\(", text))
    assert [b.name for b in STDLIB if b.name not in (called if b.owner is None else methods)] == []
