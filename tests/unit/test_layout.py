"""The rules of the house that a test can hold: what lies where, and how long it may be."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "interpreter", ROOT / "kernel"]
TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "editors",
    "install.py",
    "interpreter",
    "kernel",
    "notebooks",
    "pyproject.toml",
    "tests",
}
FILE_LINES = 500
FUNCTION_LINES = 40
LONG_FUNCTIONS = {"interpreter/hocket/support.py:support": 84}  # a table
"""Functions that are longer and gain nothing by being cut, by `path:name`, with the lines they may have."""


def python_files() -> list[Path]:
    found = [ROOT / "install.py"]
    for folder in [*SOURCES, ROOT / "tests"]:
        found += sorted(folder.rglob("*.py"))
    return found


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with its number of lines, documentation not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            head = node.body[0].lineno - node.lineno
            yield node.name, head + (node.end_lineno or 0) - first.lineno + 1


@pytest.mark.parametrize(("root", "package"), [(SOURCES[0], "hocket"), (SOURCES[1], "hocket_kernel")])
def test_a_source_root_holds_one_package_and_markdown(root: Path, package: str) -> None:
    # What a tool leaves behind under a name with a dot or underscores cannot be imported by mistake.
    others = {path.name for path in root.iterdir() if path.suffix != ".md" and not path.name.startswith((".", "__"))}
    assert others == {package}


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    long = {}
    for path in python_files():
        for name, lines in functions(path):
            key = f"{path.relative_to(ROOT).as_posix()}:{name}"
            if lines > LONG_FUNCTIONS.get(key, FUNCTION_LINES):
                long[key] = lines
    assert long == {}


def test_the_tree_has_no_unknown_top_level_entries() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: the tree is not git's")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert {name.split("/")[0] for name in listed.split("\0") if name} - TOP_LEVEL == set()


def test_nothing_is_left_for_later() -> None:
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "not implemented" + " yet"]
    found = []
    for path in python_files() + sorted((ROOT / "interpreter").rglob("*.lark")):
        text = path.read_text(encoding="utf-8")
        found += [f"{path.relative_to(ROOT)}: {mark}" for mark in marks if mark in text]
    assert found == []
