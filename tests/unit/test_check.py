"""The command `hocket check`, and that it finds nothing where nothing is wrong."""

import json
import subprocess
import sys
from pathlib import Path

from hocket.check import check
from hocket.errors import HocketError, Problem
from hocket.resolver.scopes import FOREIGN
from hocket.rules import ALL, RULES
from hocket.session import Session
from hocket.testing import fenced, programs

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "hocket"]

BLOCKING = "func nap() { sleep(0) }\nnap()\nprint('ran')\n"


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, timeout=60, check=False, encoding="utf-8"
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def notebook(*cells: str, language: str = "hocket", **metadata: object) -> str:
    code = [{"cell_type": "code", "metadata": metadata if "!" in text else {}, "source": text} for text in cells]
    return json.dumps(
        {
            "cells": [{"cell_type": "markdown", "metadata": {}, "source": ["text"]}, *code],
            "metadata": {"kernelspec": {"language": language}},
        }
    )


def test_programs_between_dividers_are_checked_one_by_one() -> None:
    text = "let a := 1\nprint(a)\n---\nlet a := 2\nprint(b)\n---\n" + BLOCKING
    found = [(finding.as_dict()["line"], finding.problem.message) for finding in check("a.hkt", text)]
    assert found == [(5, "Undefined variable: b"), (7, "sleep() blocks here, in `nap`, which is not async")]
    assert check("a.hkt", 'print("""\n---\n""")\n') == []


def test_findings_are_shown_as_errors_are(tmp_path: Path) -> None:
    (tmp_path / "wrong.hkt").write_text("let a := 1\nprint(conut)\na = 2\n")
    (tmp_path / "warned.hkt").write_text(BLOCKING)
    code, out, err = run(tmp_path, "check", ".")
    assert (code, err) == (3, "")
    assert out.startswith(
        "warning: sleep() blocks here, in `nap`, which is not async\n"
        "  --> warned.hkt, line 1, column 14\n"
        "   |\n"
        " 1 | func nap() { sleep(0) }\n"
        "   |              ^^^^^  write `async func nap(…)`\n"
        "\nerror: Undefined variable: conut\n"
        "  --> wrong.hkt, line 2, column 7\n"
    )
    assert out.endswith("\n\n2 errors, 1 warning\n")
    assert run(tmp_path, "check", "warned.hkt")[0] == 0
    assert run(tmp_path, "check", "--strict", "warned.hkt")[0] == 1
    code, _, err = run(tmp_path, "check", "missing.hkt", "wrong.hkt")
    assert code == 5 and err.startswith("error: Failed to read file 'missing.hkt'")
    assert run(tmp_path, "check")[0] == 2


def test_findings_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.hkt").write_text("let é := 1\nprint(conut)\nlet count := 2\n")
    code, out, _ = run(tmp_path, "check", "--json", "a.hkt")
    assert code == 3
    assert json.loads(out) == [{
        "file": "a.hkt", "line": 2, "column": 7, "end_line": 2, "end_column": 12,
        "severity": "error", "code": "error", "message": "Undefined variable: conut", "hint": "did you mean `count`?",
    }]  # fmt: skip
    (tmp_path / "b.ipynb").write_text(notebook("let x := 1", "async func f() { }\nf()\nprint(x)"))
    code, out, _ = run(tmp_path, "check", "--json", "b.ipynb")
    assert code == 0
    assert [{key: found[key] for key in ("file", "cell", "line", "severity", "code")} for found in json.loads(out)] == [
        {"file": "b.ipynb", "cell": 3, "line": 2, "severity": "warning", "code": "dropped-promise"}
    ]
    (tmp_path / "c.ipynb").write_text("[]")
    assert run(tmp_path, "check", "c.ipynb") == (5, "", "error: c.ipynb is not a notebook of Hocket\n")
    (tmp_path / "c.ipynb").write_text(notebook("?? python", language="python"))
    assert run(tmp_path, "check", "--json", ".")[0] == 3


def test_names_that_others_use_are_known_and_told_what_to_write() -> None:
    for name, hint in FOREIGN.items():
        text = f"print([{name}])\n"
        hints = [finding.problem.hint for finding in check("a.hkt", text)]
        assert hints == [f"write `{hint}`"], name


def messages(text: str) -> list[tuple[int | None, str]]:
    return [(finding.cell, finding.problem.message) for finding in check("n.ipynb", text)]


def test_cells_share_names_in_order() -> None:
    assert messages(notebook("let x := 1", "func f() { return x + y }", "let y := 2")) == [(3, "Undefined variable: y")]
    assert messages(notebook("let x := 1", "let x := 2\nprint(x)")) == []
    assert messages(notebook("let x := ", "print(x)", "let = 1")) == [
        (2, "found end of the text, expected an expression"),
        (4, "found `=`, expected a name"),
    ]


def test_magics_and_cells_that_are_to_fail_are_passed_over() -> None:
    assert messages(notebook("%clock virtual\n\n%other\nprint(x)", "%%timeline\nnot a program", "!ls\n?x")) == [
        (2, "Undefined variable: x")
    ]
    assert check("n.ipynb", notebook("%a\nprint(x)"))[0].as_dict()["line"] == 2
    assert messages(notebook("# !\nprint(x)", tags=["raises-exception"])) == []


def test_a_warning_is_shown_once_when_a_program_runs(tmp_path: Path) -> None:
    (tmp_path / "a.hkt").write_text(BLOCKING)
    code, out, err = run(tmp_path, "run", "a.hkt")
    assert (code, out) == (0, "ran\n")
    assert err.startswith(
        "warning: sleep() blocks here, in `nap`, which is not async\n  --> a.hkt, line 1, column 14\n"
    )
    assert err.count("warning") == 1


def test_every_rule_has_a_program_that_breaks_it() -> None:
    assert {path.stem for path in (ROOT / "tests" / "language" / "warnings").iterdir()} == {
        code.replace("-", "_") for code in RULES
    }


def warnings(text: str, before: int, name: str) -> list[Problem]:
    try:
        return Session().compile("\n" * before + text, name, ALL).warnings
    except HocketError:
        return []


def test_what_we_show_to_others_breaks_no_rule() -> None:
    found = []
    for page in [ROOT / "README.md", *(ROOT / "interpreter").glob("*.md")]:
        for program in fenced(page.read_text(encoding="utf-8"), page.name):
            if "# warning:" in program.text:
                continue
            for problem in warnings(program.text, program.before, page.name):
                # To hold a mutex while waiting is right, and what it is for.
                found += [(program.name, problem.message)] if problem.code != "held-lock" else []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found += [(path.name, finding.problem.message) for finding in check(str(path), path.read_text("utf-8"))]
    assert found == []


MEANT = {
    "control/return.hkt", "generator/lazy.hkt", "match/jumps.hkt", "collections/function_and_method.hkt",
    "struct/methods_without_self.hkt", "await/calls.hkt", "spawn/owners.hkt", "spawn/reports.hkt",
    "braces/meaning.hkt", "functions/arrow_bodies.hkt", "functions/values.hkt", "match/statement.hkt",
    "struct/layout.hkt",
}  # fmt: skip
"""Programs that show what a rule is about."""


def test_no_rule_finds_what_is_not_there() -> None:
    # What blocks, is held or is not used is often what a test is about.
    codes = set(RULES) - {"blocking-call", "held-lock", "unused-import", "unused-variable"}
    folder = ROOT / "tests" / "language"
    found = []
    for path in sorted(folder.rglob("*.hkt")):
        name = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        if name in MEANT or "# warning:" in text:
            continue
        for program in programs(text, name):
            found += [(name, p.message) for p in warnings(program.text, program.before, name) if p.code in codes]
    assert found == [], "not meant? add the file to MEANT, or write `# warning: …` on the line"
