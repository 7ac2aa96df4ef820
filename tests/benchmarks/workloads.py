"""The workloads of `workloads.md`, by name, each in its languages."""

from __future__ import annotations

import re
from pathlib import Path

_TEXT = Path(__file__).with_name("workloads.md")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def workloads() -> dict[str, dict[str, str]]:
    """Return name -> language -> program, in the order of the page."""
    _, *parts = _HEADING.split(_TEXT.read_text(encoding="utf-8"))
    return {name: dict(_BLOCK.findall(body)) for name, body in zip(parts[::2], parts[1::2], strict=True)}
