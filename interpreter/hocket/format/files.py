"""Files and notebooks: what `hocket fmt` finds, reads and writes."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from hocket.errors import Problem, StaticErrors
from hocket.format import format_text

PROGRAM, NOTEBOOK = ".hkt", ".ipynb"
LANGUAGE = "hocket"


class NotANotebook(Exception):
    """A file with a notebook's name is none, or one of another language; the message says which."""


def find(paths: Iterable[str]) -> Iterator[str]:
    """Yield files as they are named, and the programs and notebooks in folders, in order.

    In folders, names that begin with a dot are passed over, and so are notebooks of other languages.
    """
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                file = os.path.join(folder, name)
                if not name.startswith(".") and (name.endswith(PROGRAM) or is_our_notebook(file)):
                    yield file


def is_our_notebook(path: str) -> bool:
    """Is there a notebook of the language at `path`?"""
    try:
        return path.endswith(NOTEBOOK) and is_ours(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False


def format_file(text: str, path: str) -> str:
    """Return the text of the file at `path` in the canonical layout; raises what `format_text` does.

    Raises NotANotebook where the name says it is one.
    """
    return format_notebook(text, path) if path.endswith(NOTEBOOK) else format_text(text, path)


def write(path: str, text: str) -> None:
    """Replace the file at `path`, whole or not at all; its permissions stay."""
    target = Path(os.path.realpath(path))
    partial = target.with_name(f"{target.name}.{uuid4().hex}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        shutil.copymode(target, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


# ---- notebooks


def format_notebook(text: str, path: str) -> str:
    """Return the JSON of a notebook with its programs laid out; cells that begin with `%` stay.

    Everything else is written as `nbformat` does, with the indentation that it had.
    """
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise NotANotebook(f"{path} is not a notebook: {error}") from error
    if not is_ours(notebook):
        raise NotANotebook(f"{path} is not a notebook of Hocket")
    problems: list[Problem] = []
    is_changed = False
    for number, cell in enumerate(notebook["cells"], 1):
        try:
            is_changed = format_cell(cell, f"{path}, cell {number}") or is_changed
        except StaticErrors as error:
            problems += error.problems
    if problems:
        raise StaticErrors(problems)
    return dump(notebook, text) if is_changed else text


def is_ours(notebook: Any) -> bool:
    """Is this parsed JSON a notebook whose programs are in this language?"""
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        return False
    metadata = notebook.get("metadata") or {}
    spec, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    return LANGUAGE in (spec.get("language"), spec.get("name"), info.get("name"))


def format_cell(cell: Any, name: str) -> bool:
    """Lay out the program of a cell, in place; return whether that changed it."""
    if cell.get("cell_type") != "code":
        return False
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    if text.lstrip().startswith("%"):
        return False
    after = format_text(text, name).rstrip("\n")
    cell["source"] = after if isinstance(source, str) else after.splitlines(keepends=True)
    return after != text


def dump(notebook: Any, before: str) -> str:
    """Return the JSON of `notebook`, laid out as the text `before` is."""
    indent = re.match(r"\s*\{\r?\n([ \t]+)", before)
    text = json.dumps(notebook, indent=indent[1] if indent else 1, ensure_ascii=before.isascii() and r"\u" in before)
    if before.endswith("\n"):
        text += "\n"
    return text.replace("\n", "\r\n") if "\r\n" in before else text
