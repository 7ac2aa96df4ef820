"""The command `hocket test`, in processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

COMMAND = [sys.executable, "-m", "hocket", "test"]


def run(folder: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        timeout=100,
        check=False,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.hkt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_files_are_collected_run_and_summed_up(tmp_path: Path) -> None:
    write(
        tmp_path,
        sums="test 'adds' { print('quiet') }\ntest_group 'g' { test 'fails' { print('<\\0>'); assert_equal(1, 2) } }",
        deep__er="test 'throws' { throw 'boom' }",
        deep__expects="print(1)  # expect: 1",
        nothing="print('never run')",
    )
    (tmp_path / ".git").mkdir()
    write(tmp_path, **{".git__x": "test 'not found' { throw 'x' }"})
    code, out, err = run(tmp_path, "--junit", "out.xml")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert [line for line in lines if not line.startswith(" ")][:3] == [
        "sums.hkt  1 passed, 1 failed",
        f"{Path('deep', 'er.hkt')}  1 failed",
        f"{Path('deep', 'expects.hkt')}  1 passed",
    ]
    assert lines[-1].startswith("2 passed, 2 failed in 3 files (")
    assert any(line.startswith("  failed  g > fails  0.") for line in lines)
    assert "      expected: 2" in lines and "quiet" not in out and "never run" not in out

    root = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert {**root.attrib, "time": ""} == {
        "name": "hocket", "tests": "4", "failures": "1", "errors": "1", "skipped": "0", "time": "",
    }  # fmt: skip
    case = root.find("./testsuite[@name='sums.hkt']/testcase[@name='g > fails']")
    assert case is not None and case.get("line") == "2" and float(case.get("time", "")) >= 0
    failure = case.find("failure")
    assert failure is not None and failure.get("type") == "AssertionError"
    assert "got:      1" in (failure.text or "")
    assert case.findtext("system-out") == "<\ufffd>\n"
    error = root.find("./testsuite/testcase[@name='throws']/error")
    assert error is not None and error.get("message") == "boom"

    code, out, _ = run(tmp_path, "-v", "-k", "ADDS")
    assert code == 0
    assert "  passed  adds  0." in out and "    printed:\n    quiet\n" in out
    assert "1 passed in 1 file (" in out


def test_exit_codes_tell_what_was_wrong(tmp_path: Path) -> None:
    write(tmp_path, plain="print(1)", wrong="test 'a' { let = 1 }")
    (tmp_path / "empty").mkdir()
    assert run(tmp_path, "empty") == (2, "", "error: no programs (.hkt or .ruff) in empty\n")
    assert run(tmp_path, "plain.hkt", "-k", "x") == (2, "", "error: no tests whose name contains 'x' in plain.hkt\n")
    code, _, err = run(tmp_path, "missing.hkt", "plain.hkt")
    assert (code, err) == (5, "error: Failed to read file 'missing.hkt': No such file or directory (os error 2)\n")
    code, out, _ = run(tmp_path, "wrong.hkt")
    assert code == 3 and "found `=`, expected a name" in out
    assert run(tmp_path, "--jobs", "0")[0] == 2


def test_files_run_side_by_side(tmp_path: Path) -> None:
    wait = "while not await async_exists('{other}') {{ await async_sleep(5) }}"
    text = "test 'meets' {{ await async_write_file('{own}', ''); " + wait + " }}"
    write(tmp_path, a=text.format(own="a", other="b"), b=text.format(own="b", other="a"))
    code, out, _ = run(tmp_path, "--jobs", "2", "--timeout", "50")
    assert code == 0 and "2 passed in 2 files" in out


DYING = """
import os
from hocket.testing import limit, runner
limit.PATIENCE = 0.1
limit._interrupt = lambda: None
test = runner.FileRun._test
async def dies(self, it):
    if it.title == "dies":
        os.write(1, b"last words")
        os._exit(3)
    await test(self, it)
runner.FileRun._test = dies
"""


def test_a_process_that_dies_fails_its_file_only(tmp_path: Path) -> None:
    write(tmp_path, a="test 'dies' { }", b="test 'hangs' { while true { } }", c="test 'fine' { }")
    (tmp_path / "sitecustomize.py").write_text(DYING)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    code, out, _ = run(tmp_path, "--jobs", "1", "--timeout", "0.3", PYTHONPATH=path)
    assert code == 1
    assert "error: the process ended with exit code 3; the rest was not run\n    printed:\n    last words" in out
    assert 'error: test "hangs" could not be stopped after 0.3 s; the rest was not run' in out
    assert "c.hkt  1 passed" in out


def test_the_first_failure_can_be_the_last(tmp_path: Path) -> None:
    write(tmp_path, a="test 'a' { throw 'first' }\ntest 'never' { }", b="test 'b' { }")
    code, out, _ = run(tmp_path, "--fail-fast", "--jobs", "1")
    assert code == 1
    assert "1 failed in 1 file" in out and "1 file not finished" in out and "never" not in out


@pytest.mark.skipif(os.name == "nt", reason="signals are not POSIX's there")
def test_ctrl_c_shows_what_has_been_run(tmp_path: Path) -> None:
    write(tmp_path, a="test 'quick' { }", b="test 'slow' { try { await async_sleep(60000) } finally { print('x') } }")
    process = subprocess.Popen([*COMMAND, "--jobs", "1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "a.hkt  1 passed\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.startswith("1 passed in 1 file (") and "1 file not finished" in out
