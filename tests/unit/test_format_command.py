"""The commands `hocket fmt` and `hocket ast`, in the process of the tests."""

import io
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from hocket import cli
from hocket.errors import InternalError
from hocket.format import files

WRONG = "let x=1   // one\r\n"
RIGHT = "let x = 1  // one\n"


@pytest.fixture(autouse=True)
def no_process_wide_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hocket.session.prepare_process", lambda: None)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "a.hkt"
    path.write_bytes(WRONG.encode())
    return path


def notebook(*sources: Any, **metadata: Any) -> dict[str, Any]:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return {"cells": cells, "metadata": {"kernelspec": {"language": "hocket"}} | metadata, "nbformat": 4}


def test_a_file_is_laid_out_in_place_and_named(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fmt", str(program)]) == 0
    assert program.read_bytes() == RIGHT.encode()
    assert capsys.readouterr().out == f"formatted {program}\n"
    assert cli.main(["fmt", str(program)]) == 0
    assert capsys.readouterr().out == ""
    assert list(program.parent.iterdir()) == [program]


@pytest.mark.skipif(os.name == "nt", reason="permissions and links are not POSIX's there")
def test_permissions_and_links_stay(program: Path) -> None:
    program.chmod(0o751)
    link = program.with_name("link.hkt")
    link.symlink_to(program)
    assert cli.main(["fmt", str(link)]) == 0
    assert link.is_symlink()
    assert program.read_bytes() == RIGHT.encode()
    assert stat.S_IMODE(program.stat().st_mode) == 0o751


def test_programs_between_dividers_are_laid_out_one_by_one(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_text("x:=1\n---\n\n\n# another\ny:=2  # expect: 2\n--- \n---\nz :=3\n")
    assert cli.main(["fmt", str(program)]) == 0
    after = "x := 1\n---\n# another\ny := 2  # expect: 2\n---\n---\nz := 3\n"
    assert program.read_text() == after
    assert cli.main(["fmt", "--check", str(program)]) == 0
    program.write_text("x:=1\n---\ny := )\n---\nz := (\n")
    assert cli.main(["fmt", str(program)]) == 3
    assert program.read_text().startswith("x:=1\n")
    shown = capsys.readouterr().err
    assert "line 3, column 6" in shown
    assert "line 5, column 6" in shown


def test_a_divider_inside_of_a_string_divides_nothing(program: Path) -> None:
    text = 'x := """\n---\ny:=1\n"""\n'
    program.write_text(text)
    assert cli.main(["fmt", str(program)]) == 0
    assert program.read_text() == text


def test_check_names_what_would_change_and_writes_nothing(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fmt", "--check", str(program)]) == 1
    assert capsys.readouterr().out == f"would format {program}\n"
    assert program.read_bytes() == WRONG.encode()
    program.write_bytes(RIGHT.encode())
    assert cli.main(["fmt", "--check", str(program)]) == 0


def test_diff_shows_what_would_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.hkt"
    path.write_text("a\nb=1", encoding="utf-8")
    assert cli.main(["fmt", "--diff", str(path)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown == [f"--- {path}", f"+++ {path} (formatted)", "@@ -1,2 +1,2 @@", " a", "-b=1", "+b = 1"]
    assert path.read_text(encoding="utf-8") == "a\nb=1"


def test_standard_input_is_laid_out_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    assert cli.main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == RIGHT


def test_what_is_no_program_is_left_as_it_is(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = program.with_name("b.hkt")
    bad.write_text("let = 3\nx=1", encoding="utf-8")
    assert cli.main(["fmt", str(bad), str(program)]) == 3
    assert bad.read_text(encoding="utf-8") == "let = 3\nx=1"
    assert f"--> {bad}, line 1, column 5" in capsys.readouterr().err
    assert program.read_bytes() == RIGHT.encode()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fmt", str(tmp_path / "none.hkt")]) == 5
    assert "Failed to read file" in capsys.readouterr().err


def test_a_program_that_would_change_is_refused(
    program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hocket.format.finished", lambda text: text.replace("1", "2"))
    assert cli.main(["fmt", str(program)]) == 6
    assert "formatting would change the program" in capsys.readouterr().err
    assert program.read_bytes() == WRONG.encode()


@pytest.mark.parametrize(
    "changed", ["let y = 1  // one\n", "let x = 1\n", "let x = 1;  // one\n", "let x = [1  // one\n"]
)
def test_what_would_change_is_noticed(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hocket.format.finished", lambda _: changed)
    with pytest.raises(InternalError, match="formatting would change the program"):
        files.format_file(WRONG, "a.hkt")


def test_folders_are_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b.hkt", "deep/c.hkt", ".hidden/d.hkt", ".e.hkt", "text.md"):
        (tmp_path / name).write_text("x=1", encoding="utf-8")
    (tmp_path / "f.ipynb").write_text(json.dumps(notebook("x=1")), encoding="utf-8")
    other = notebook("x=1", kernelspec={"language": "python"})
    (tmp_path / "g.ipynb").write_text(json.dumps(other), encoding="utf-8")
    assert cli.main(["fmt", "--check", str(tmp_path)]) == 1
    named = capsys.readouterr().out.splitlines()
    assert named == [f"would format {tmp_path / name}" for name in ("b.hkt", "f.ipynb", "deep/c.hkt")]


# ---- notebooks


def test_only_programs_of_a_notebook_change(tmp_path: Path) -> None:
    before = notebook(["x=1\n", "y=2"], "é=1;", "%timeline\nx=1", "")
    before["cells"].insert(0, {"cell_type": "markdown", "metadata": {"b": 1, "a": [0.5, None]}, "source": ["x=1"]})
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(before, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert cli.main(["fmt", str(path)]) == 0
    before["cells"][1]["source"] = ["x = 1\n", "y = 2"]
    before["cells"][2]["source"] = "é = 1;"
    assert path.read_text(encoding="utf-8") == json.dumps(before, indent=1, ensure_ascii=False) + "\n"


def test_cells_of_magics_and_cells_that_are_to_fail_stay() -> None:
    before = notebook("?len", "!ls  -l", "x=1", "let = 1")
    before["cells"][3]["metadata"] = {"tags": ["raises-exception"]}
    after = json.loads(files.format_notebook(json.dumps(before), "a.ipynb"))
    assert [cell["source"] for cell in after["cells"]] == ["?len", "!ls  -l", "x = 1", "let = 1"]


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_the_layout_of_a_notebook_is_kept(indent: int | None) -> None:
    unchanged = json.dumps(notebook("x = 1", "'\u00e9'"), indent=indent)
    assert files.format_notebook(unchanged, "a.ipynb") == unchanged
    changed = files.format_notebook(json.dumps(notebook("x=1", "'\u00e9'"), indent=1), "a.ipynb")
    assert changed == json.dumps(notebook("x = 1", "'\u00e9'"), indent=1)


def test_the_cell_of_an_error_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ipynb"
    text = json.dumps(notebook("x=1", "let = 1", "a b"))
    path.write_text(text, encoding="utf-8")
    assert cli.main(["fmt", str(path)]) == 3
    shown = capsys.readouterr().err
    assert f"--> {path}, cell 2, line 1" in shown
    assert f"--> {path}, cell 3, line 1" in shown
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"cells": []})])
def test_what_is_no_notebook_of_ours_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text, encoding="utf-8")
    assert cli.main(["fmt", str(path)]) == 5
    assert f"error: {path} is not a notebook" in capsys.readouterr().err


# ---- the tree


def test_the_tree_is_printed_with_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.hkt"
    path.write_text("\nreturn f(1)", encoding="utf-8")
    assert cli.main(["ast", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Program 2:1-2:12",
        "  body[0]: ReturnStmt 2:1-2:12",
        "    value: CallExpr 2:8-2:12",
        "      function: NameExpr 2:8-2:9",
        "        name: 'f'",
        "      args: Args 2:10-2:11",
        "        items[0]: IntExpr 2:10-2:11",
        "          text: '1'",
    ]


def test_the_tree_is_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.hkt"
    path.write_text("return", encoding="utf-8")
    assert cli.main(["ast", "--json", str(path)]) == 0
    statement = {"node": "ReturnStmt", "span": [0, 6], "value": None}
    assert json.loads(capsys.readouterr().out) == {"node": "Program", "span": [0, 6], "body": [statement]}


def test_there_is_no_tree_of_what_is_no_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.hkt"
    path.write_text("let = 3", encoding="utf-8")
    assert cli.main(["ast", str(path)]) == 3
    assert "line 1, column 5" in capsys.readouterr().err
    path.write_text("(" * 20_000 + ")" * 20_000, encoding="utf-8")
    assert cli.main(["ast", str(path)]) == 3
