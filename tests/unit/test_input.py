"""`input`, from a stream and from a host without one."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from hocket.session import Session
from hocket.stdlib import core

ASK = 'let name := input("Name? ")\nname'


def run(program: str) -> Any:
    async def session() -> Any:
        session = Session()
        outcome = await session.run(program)
        await session.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    return asyncio.run(session())


class Host:
    """Answers the prompt with itself, in an async context once something else was printed."""

    def __init__(self, others: io.StringIO | None = None) -> None:
        self.others = others

    def read(self, prompt: str) -> str:
        return f"read {prompt}"

    async def ask(self, prompt: str) -> str:
        if self.others is not None:
            for _ in range(100):
                await asyncio.sleep(0)
            prompt += self.others.getvalue()
        return f"asked {prompt}"


def test_a_line_comes_without_its_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Ada  \nrest"))
    assert run(ASK) == "Ada"
    assert capsys.readouterr().out == "Name? "


def test_there_is_nothing_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run("let line := input()\nline") == ""


def test_a_host_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "line_source", Host())
    assert run(ASK) == "asked Name?"
    assert run('func plain() { return input("p") }\nplain()') == "read p"


def test_others_run_while_a_line_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr("sys.stdout", printed)
    monkeypatch.setattr(core, "line_source", Host(printed))
    assert run('spawn { print("meanwhile") }\n' + ASK) == "asked Name? meanwhile"
