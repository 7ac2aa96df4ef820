"""What commands are given: programs, notebooks, and folders of them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PROGRAMS, NOTEBOOK = (".hkt", ".ruff"), ".ipynb"
LANGUAGE = "hocket"


MAGIC_SIGNS = ("%", "!", "?")
"""How lines of a cell begin that are the notebook's, not the program's."""
DIVIDER = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
"""What divides the programs of a file that is checked against its comments."""


class NotANotebook(Exception):
    """A file with a notebook's name is none, or one of another language; the message says which."""


def find(paths: Iterable[str], with_notebooks: bool = True) -> Iterator[str]:
    """Yield files as they are named, and the programs and notebooks in folders, in order; each once.

    In folders, names that begin with a dot are passed over, and so are notebooks of other languages.
    """
    seen = set()
    for path in paths:
        for file in within(path, with_notebooks) if os.path.isdir(path) else [path]:
            place = os.path.realpath(file)
            if place not in seen:
                seen.add(place)
                yield file


def within(path: str, with_notebooks: bool) -> Iterator[str]:
    """Yield the programs and notebooks in a folder."""
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            file = os.path.normpath(os.path.join(folder, name))
            if not name.startswith(".") and (name.endswith(PROGRAMS) or (with_notebooks and is_our_notebook(file))):
                yield file


def is_our_notebook(path: str) -> bool:
    """Is there a notebook of the language at `path`?"""
    try:
        return path.endswith(NOTEBOOK) and is_ours(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False


def is_ours(notebook: Any) -> bool:
    """Is this parsed JSON a notebook whose programs are in this language?"""
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        return False
    metadata = notebook.get("metadata") or {}
    spec, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    return LANGUAGE in (spec.get("language"), spec.get("name"), info.get("name"))


def parse_notebook(text: str, path: str) -> dict[str, Any]:
    """Return the notebook whose JSON is `text`; raises NotANotebook."""
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise NotANotebook(f"{path} is not a notebook: {error}") from error
    if not is_ours(notebook):
        raise NotANotebook(f"{path} is not a notebook of Hocket")
    found: dict[str, Any] = notebook
    return found


def program_of(cell: Any) -> str | None:
    """Return the text of a cell of code, None for another."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def may_fail(cell: Any) -> bool:
    """Whether a cell is marked as one that shows an error."""
    return "raises-exception" in (cell.get("metadata") or {}).get("tags", ())


def divide(text: str) -> list[tuple[int, str]]:
    """Return the programs of a file, which lines `---` divide, and how many lines stand before each."""
    found, begin = list[tuple[int, str]](), 0
    for divider in [*DIVIDER.finditer(text), None]:
        end = divider.start() if divider else len(text)
        found.append((text.count("\n", 0, begin), text[begin:end]))
        begin = divider.end() if divider else end
    return found


def in_place(text: str) -> list[str]:
    """Return the programs of a file, each behind as many empty lines as stand before it there."""
    return ["\n" * before + program for before, program in divide(text)]
