"""Permissions of notebooks."""

import json
import re

import pytest

from hocket_kernel import kernelspec


@pytest.fixture(scope="module")
def held(start):
    """A kernel that may read `data` and no more."""
    notebook = start(HOCKET_PERMISSIONS="allow-read=data,more allow-env=HOME,HOCKET_X")
    yield notebook
    notebook.close()


def denied(notebook, code):
    """Run a cell that must be denied; return its error as plain text."""
    reply = notebook.run(code).reply
    assert reply["status"] == "error"
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(reply["traceback"]))


def test_cells_and_magics_may_do_what_the_kernel_may(held):
    assert "PermissionDenied: writing 'a.txt' needs --allow-write=a.txt" in (
        shown := denied(held, "write_file('a.txt', '')")
    )
    assert "permissions are set by HOCKET_PERMISSIONS" in shown
    for code, message in {
        "%load a.hkt": "reading 'a.hkt' needs --allow-read=a.hkt",
        "%run a.hkt": "reading 'a.hkt' needs --allow-read=a.hkt",
        "%env PATH": "reading the environment variable 'PATH' needs --allow-env=PATH",
        "%env": "reading the environment needs --allow-env",
        "%env PATH=": "setting the environment variable 'PATH' needs --allow-env=PATH",
        "%%python\nprint(1)": "running Python needs --allow-python",
        "import py.math": "importing py.math needs --allow-python=math",
        "%run data/none.hkt": "data/none.hkt cannot be read: No such file or directory",
    }.items():
        assert message in denied(held, code), code
    assert held.ok("%env HOCKET_X=1\nenv('HOCKET_X')").result == '"1"'
    assert held.ok("await async_sleep(1); 1 + 1").result == "2"


def test_what_is_allowed_is_shown_and_can_only_become_less(held):
    shown = held.ok("%permissions").result
    assert "HOCKET_PERMISSIONS: allow-read=data,more allow-env=HOME,HOCKET_X" in shown
    assert "data" in shown and "nothing" in shown
    held.ok("let go := event()\nlet late := spawn { await go.wait(); file_exists('more') }\nfile_exists('more');")
    shown = held.ok("%permissions allow-read=data allow-write --allow-env").result
    assert "%permissions: allow-read=data allow-write --allow-env" in shown
    assert "reading 'more' needs --allow-read=more" in (late := denied(held, "go.set(); await late"))
    assert "permissions are set by %permissions" in late
    assert "writing 'a.txt' needs --allow-write=a.txt" in denied(held, "write_file('a.txt', '')")
    assert "needs --allow-env=PATH" in denied(held, "env('PATH')")
    assert held.ok("file_exists('data')").result == "false"
    assert (
        "not a permission: allow-raed" in (wrong := denied(held, "%permissions allow-raed")) and "allow-read" in wrong
    )


def test_a_notebook_that_was_told_nothing_is_allowed_everything(notebook):
    assert notebook.ok("%permissions").out == "everything is allowed\n"


def test_words_that_nobody_knows_allow_nothing(start):
    notebook = start(HOCKET_PERMISSIONS="all")
    try:
        cell = notebook.run("env('HOME')")
        assert "warning: HOCKET_PERMISSIONS: not a permission: all; nothing is allowed" in cell.err
        assert cell.reply["status"] == "error"
    finally:
        notebook.close()


def test_an_installed_kernel_carries_its_permissions(tmp_path, capsys):
    command = ["install", "--prefix", str(tmp_path), "--env", "HOCKET_X", "1", "--permissions"]
    assert kernelspec.command([*command, "allow-read=data allow-net"]) == 0
    spec = json.loads((tmp_path / "share/jupyter/kernels/hocket/kernel.json").read_text(encoding="utf-8"))
    assert spec["env"] == {"HOCKET_X": "1", "HOCKET_PERMISSIONS": "allow-read=data allow-net"}
    assert kernelspec.command([*command, "allow-raed"]) == 5
    assert capsys.readouterr().err == "error: not a permission: allow-raed: did you mean `allow-read`?\n"
