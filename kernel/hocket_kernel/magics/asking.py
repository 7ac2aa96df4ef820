"""Completion and inspection of magics, and when a cell with one is whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hocket_kernel.magics.registry import MAGICS
from hocket_kernel.magics.running import parts

if TYPE_CHECKING:
    from hocket.completion import Completions
    from hocket.inspection import Description
    from hocket.session import Session

_HEAD = re.compile(r"(?:^|\n)(%%?)(\w*)$")
_TOPIC = re.compile(r"(?:^|\n)%help[ \t]+%{0,2}(\w*)$")
_NAME = re.compile(r"^(%%?)(\w+)", re.MULTILINE)


def complete(text: str, cursor: int) -> Completions | None:
    """Return the magics that could stand at `cursor`; None where none can."""
    from hocket.completion import Completion, Completions

    before = text[:cursor]
    topic = _TOPIC.search(before)
    if topic is not None:
        found = [
            Completion(name, "magic", magic.summary) for name, magic in MAGICS.items() if name.startswith(topic[1])
        ]
        return Completions(cursor - len(topic[1]), cursor, sorted(found))
    head = _HEAD.search(before)
    if head is None or head[1] == "%%" and before[: head.start(1)].strip():
        return None
    items = [
        Completion(form.split()[0], "magic", magic.summary)
        for magic in MAGICS.values()
        if magic.name.startswith(head[2])
        for form in magic.forms
        if form.startswith("%%") == (head[1] == "%%")
    ]
    return Completions(head.start(1), cursor, sorted(items))


def describe(text: str, cursor: int) -> Description | None:
    """Describe the magic whose name `cursor` touches."""
    from hocket.inspection import Description

    for match in _NAME.finditer(text):
        if match.start() <= cursor <= match.end() and match[2] in MAGICS:
            magic = MAGICS[match[2]]
            forms = "\n".join(magic.forms)
            return Description(magic.help, f"```\n{forms}\n```\n\n{magic.doc}")
    return None


def is_complete(session: Session, text: str) -> tuple[str, str] | None:
    """Return whether a cell with magics is whole, and the indent of its next line; None without magics.

    A cell magic goes on until a blank line.
    """
    if "%" not in text:
        return None
    found = list(parts(text, lambda program: session.is_complete(program)[0] != "incomplete"))
    if all(part.name is None for part in found):
        return None
    last = found[-1]
    if last.body is not None:
        return ("complete", "") if text.endswith("\n\n") else ("incomplete", "")
    return ("complete", "") if last.name is not None else session.is_complete(text[last.span.start :])
