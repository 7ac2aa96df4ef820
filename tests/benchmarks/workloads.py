"""The workloads of `workloads.md`, by name: their programs and what is aimed at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_TEXT = Path(__file__).with_name("workloads.md")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"^At most ([\d.]+) × the time of Python\.$", re.MULTILINE)
_SIZE = re.compile(r"\b\d{4,}\b")


class Workload(NamedTuple):
    """The same work in several languages; `target` is the ratio to Python that it is to stay below, if any."""

    programs: dict[str, str]
    target: float | None

    def reduced(self) -> Workload:
        """Return a hundredth of the work."""
        programs = {
            language: _SIZE.sub(lambda size: str(int(size[0]) // 100), text) for language, text in self.programs.items()
        }
        return Workload(programs, self.target)

    def on(self, url: str) -> Workload:
        """Return the workload with the address of the server."""
        programs = {language: text.replace("$URL", url) for language, text in self.programs.items()}
        return Workload(programs, self.target)


def workloads() -> dict[str, Workload]:
    """Return name -> workload, in the order of the page."""
    _, *parts = _HEADING.split(_TEXT.read_text(encoding="utf-8"))
    return {name: _workload(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _workload(body: str) -> Workload:
    target = _TARGET.search(body)
    return Workload(dict(_BLOCK.findall(body)), None if target is None else float(target[1]))
