"""Files and notebooks: what `hocket fmt` reads and writes."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from hocket.errors import Problem, StaticErrors
from hocket.files import DIVIDER, MAGIC_SIGNS, NOTEBOOK, in_place, may_fail, parse_notebook, program_of
from hocket.format import format_text


def format_file(text: str, path: str) -> str:
    """Return the text of the file at `path` in the canonical layout; raises what `format_text` does.

    Raises NotANotebook where the name says it is one.
    """
    if path.endswith(NOTEBOOK):
        return format_notebook(text, path)
    try:
        return format_text(text, path)
    except StaticErrors:
        if not DIVIDER.search(text):
            raise
        return format_programs(text, path)


def format_programs(text: str, path: str) -> str:
    """Return the programs of a file with lines `---` between them, each laid out."""
    problems: list[Problem] = []
    done: list[str] = []
    for program in in_place(text):
        try:
            done.append(format_text(program, path))
        except StaticErrors as error:
            problems += error.problems
    if problems:
        raise StaticErrors(problems)
    return "---\n".join(done)


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
    """Return the JSON of a notebook with its programs laid out; cells that begin with a magic stay.

    Everything else is written as `nbformat` does, with the indentation that it had.
    """
    notebook = parse_notebook(text, path)
    problems: list[Problem] = []
    is_changed = False
    for number, cell in enumerate(notebook["cells"], 1):
        try:
            is_changed = format_cell(cell, f"{path}, cell {number}") or is_changed
        except StaticErrors as error:
            problems += [] if may_fail(cell) else error.problems
    if problems:
        raise StaticErrors(problems)
    return dump(notebook, text) if is_changed else text


def format_cell(cell: Any, name: str) -> bool:
    """Lay out the program of a cell, in place; return whether that changed it."""
    text = program_of(cell)
    if text is None or text.lstrip().startswith(MAGIC_SIGNS):
        return False
    after = format_text(text, name).rstrip("\n")
    cell["source"] = after if isinstance(cell.get("source"), str) else after.splitlines(keepends=True)
    return after != text


def dump(notebook: Any, before: str) -> str:
    """Return the JSON of `notebook`, laid out as the text `before` is."""
    indent = re.match(r"\s*\{\r?\n([ \t]+)", before)
    text = json.dumps(notebook, indent=indent[1] if indent else 1, ensure_ascii=before.isascii() and r"\u" in before)
    if before.endswith("\n"):
        text += "\n"
    return text.replace("\n", "\r\n") if "\r\n" in before else text
