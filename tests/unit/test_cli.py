"""The command `hocket`, in processes of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hocket

COMMAND = [sys.executable, "-m", "hocket"]
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and terminals are not POSIX's there")


def run(*arguments: str, text: str | bytes = "", **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=text.encode() if isinstance(text, str) else text,
        env={**os.environ, **env},
        capture_output=True,
        timeout=60,
        check=False,
    )
    out, err = (stream.decode().replace("\r\n", "\n") for stream in (done.stdout, done.stderr))
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def test_a_plain_program_loads_nothing_that_only_some_need() -> None:
    done = run_text('import py.sys as sys\nprint(keys(sys.modules).join(" "))\n')
    some = {"aiohttp", "email", "httpx", "importlib.metadata", "sqlite3", "yaml", "zipfile"}
    assert done.returncode == 0 and some.intersection(done.stdout.split()) == set()


def run_text(text: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run("run", "-", text=text, **env)


def test_a_coroutine_of_python_that_nobody_awaits_is_warned_of_once() -> None:
    done = run_text("import py.asyncio as asyncio\nfor i in 0..3 { asyncio.sleep(i); }\nawait asyncio.sleep(0)\n")
    assert (done.returncode, done.stdout, done.stderr.splitlines()[:2]) == (
        0,
        "",
        ["warning: nobody awaits the coroutine of sleep()", "  --> standard input, line 2, column 17"],
    )
    assert done.stderr.count("warning") == 1


def test_a_program_runs_and_exits_with_0(tmp_path: Path) -> None:
    path = tmp_path / "sum.hkt"
    path.write_text("print(1 + 1)\n", encoding="utf-8")
    done = run("run", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_standard_input_is_a_program() -> None:
    assert run_text("print('é')").stdout == "é\n"


def test_a_program_is_given_its_arguments() -> None:
    done = run("run", "-", "one", "--two", "-3", text="print(args())")
    assert done.stdout == "[one, --two, -3]\n"


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["--", "-a", "b"], "[-a, b]"),
        (["--"], "[]"),
        (["--", "--", "a"], "[--, a]"),
        (["a", "--", "b"], "[a, --, b]"),
        (["--clock", "real"], "[--clock, real]"),
    ],
)
def test_what_follows_two_dashes_is_the_programs(arguments: list[str], given: str) -> None:
    assert run("run", "-", *arguments, text="print(args())").stdout == f"{given}\n"


def test_the_file_may_stand_behind_two_dashes(tmp_path: Path) -> None:
    path = tmp_path / "args.hkt"
    path.write_text("print(args())", encoding="utf-8")
    assert run("run", "--", str(path), "--", "-a").stdout == "[-a]\n"


@pytest.mark.parametrize(
    "text",
    [
        b"print(1)\r\nprint(2)\r\n",
        b"\xef\xbb\xbfprint(1)\nprint(2)",
        b"\tprint(1)\n\t\tprint(2)\t",
        b"print(1)\rprint(2)",
    ],
    ids=["line ends", "mark", "tabs", "old line ends"],
)
def test_any_text_is_a_program(text: bytes) -> None:
    done = run("run", "-", text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n2\n", "")


def test_a_nul_is_marked_and_exits_with_3() -> None:
    done = run("run", "-", text=b"print(1)\nprint(2)\0\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert "unexpected character U+0000\n  --> standard input, line 2, column 9" in done.stderr


def test_standard_input_that_is_not_utf_8_exits_with_5() -> None:
    done = run("run", "-", text=b"\xff\xfep\0")
    assert done.returncode == 5
    assert done.stderr == "error: standard input is not UTF-8: byte 0xff in line 1 (offset 0)\n"


def test_what_is_wrong_with_a_module_exits_with_3_and_shows_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "main.hkt"
    path.write_text("print('first')\nimport part\nprint('never')", encoding="utf-8")
    (tmp_path / "part.hkt").write_text("let = 1\nlet x := 5 5\n", encoding="utf-8")
    done = run("run", str(path))
    assert (done.returncode, done.stdout) == (3, "first\n")
    assert f"  --> {tmp_path / 'part.hkt'}, line 1, column 5" in done.stderr
    assert f"  --> {tmp_path / 'part.hkt'}, line 2, column 12" in done.stderr
    assert done.stderr.endswith(f"\nimported at {path}, line 2\n")


@pytest.mark.parametrize("text", ["import nowhere", "import part"])
def test_a_module_that_is_missing_or_fails_exits_with_4(text: str, tmp_path: Path) -> None:
    path = tmp_path / "main.hkt"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "part.hkt").write_text("throw 'no'", encoding="utf-8")
    assert run("run", str(path)).returncode == 4


def test_ctrl_c_ends_an_import_with_130(tmp_path: Path) -> None:
    (tmp_path / "part.hkt").write_text("import py.signal as s\ns.raise_signal(s.SIGINT)\nloop { }", encoding="utf-8")
    path = tmp_path / "main.hkt"
    path.write_text("import part\nprint('never')", encoding="utf-8")
    done = run("run", str(path))
    assert (done.returncode, done.stdout) == (130, "")


def test_the_value_of_a_program_is_not_shown() -> None:
    assert run_text("1 + 1").stdout == ""


def test_a_program_ends_with_its_last_task() -> None:
    done = run_text("spawn { await async_sleep(20); print('late') }\nprint('early')")
    assert (done.returncode, done.stdout) == (0, "early\nlate\n")


def test_a_syntax_error_exits_with_3_and_nothing_runs() -> None:
    done = run_text("print('never')\nlet = 3")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")
    assert "--> standard input, line 2, column 5" in done.stderr


def test_a_run_time_error_exits_with_4(tmp_path: Path) -> None:
    path = tmp_path / "index.hkt"
    path.write_text("print('first')\nlet xs := [1]\nprint(xs[7])\n", encoding="utf-8")
    done = run("run", str(path))
    assert (done.returncode, done.stdout) == (4, "first\n")
    assert "Index out of bounds: 7" in done.stderr.splitlines()[0]
    assert f"--> {path}, line 3, column " in done.stderr
    assert "\x1b" not in done.stderr


def test_an_error_cancels_what_is_left() -> None:
    started = time.monotonic()
    done = run_text(
        "spawn { try { await async_sleep(60000) } finally { print('undone') } }\nawait async_sleep(20)\n1 / 0"
    )
    assert (done.returncode, done.stdout) == (4, "undone\n")
    assert time.monotonic() - started < 30


def test_a_failure_that_nobody_awaits_exits_with_4() -> None:
    done = run_text("spawn { throw 'in the background' }\nawait async_sleep(10)\nprint('went on')")
    assert (done.returncode, done.stdout) == (4, "went on\n")
    assert "error: in the background" in done.stderr
    assert "line 1" in done.stderr


def test_a_program_that_is_not_there_exits_with_5(tmp_path: Path) -> None:
    done = run("run", str(tmp_path / "missing.hkt"))
    assert done.returncode == 5
    assert done.stderr.startswith("error: Failed to read file '")
    assert "No such file or directory" in done.stderr


def test_a_folder_is_not_a_program(tmp_path: Path) -> None:
    done = run("run", str(tmp_path))
    assert done.returncode == 5
    assert done.stderr.startswith("error: Failed to read file '")


def test_a_program_that_is_not_utf_8_exits_with_5(tmp_path: Path) -> None:
    path = tmp_path / "latin.hkt"
    path.write_bytes(b"let a := 1\nprint('\xe9')\n")
    done = run("run", str(path))
    assert done.returncode == 5
    assert "is not UTF-8: byte 0xe9 in line 2 (offset 18)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "commands:"),
        (
            ["run"],
            "usage: hocket run [OPTIONS] FILE [ARGUMENTS]\n"
            "hocket run: error: the following arguments are required: FILE",
        ),
        (["run", "--wrong", "x.hkt"], "hocket run: error: unrecognized arguments: --wrong"),
        (["repl", "x"], "hocket repl: error: unrecognized arguments: x"),
        (["kernel", "destroy"], "usage: hocket kernel"),
        (["rum"], "error: there is no command `rum`; `hocket --help` lists the commands"),
        (["kernal"], "error: there is no command `kernal`; did you mean `kernel`?"),
        (["run", "tour.ipynb"], "error: tour.ipynb is a notebook: Jupyter runs it"),
        (["ast", "tour.ipynb"], "error: tour.ipynb is a notebook: Jupyter runs it"),
        (["tour.hkt"], "error: there is no command `tour.hkt`; to run a program, write `hocket run tour.hkt`"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(arguments: list[str], told: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_help_is_a_command_as_well() -> None:
    assert run("help").stdout == run("--help").stdout
    assert run("help", "run").stdout == run("run", "--help").stdout
    assert "--ruff-errors" in run("help", "run").stdout


def test_run_time_errors_are_shown_in_ruffs_form_if_wanted() -> None:
    text = "spawn { throw 'first' }\nawait async_sleep(1)\nfunc f() { return conut }\nconut := [1][7]"
    done = run("run", "--ruff-errors", "-", "--ruff-errors", text=text)
    assert done.returncode == 4
    assert done.stderr == (
        "[RUFVM001] [vm] Runtime Error: first\n  --> 0:0\n"
        "[RUFVM001] [vm] Runtime Error: Index out of bounds: 7\n  --> 0:0\n"
    )


def test_static_errors_beside_ruffs_form_have_their_places() -> None:
    done = run("run", "--ruff-errors", "-", text="let = 3\nprint(1)\n  x === 2")
    assert (done.returncode, done.stdout) == (3, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Syntax Error: ") and lines[1] == "  --> 1:5"
    assert lines[2:] == ["Syntax Error: there is no operator `===`", "  --> 3:5"]


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"hocket {hocket.__version__}\n"


def test_commands_of_other_packages_are_found() -> None:
    done = run("kernel", "list")
    assert done.returncode == 0
    assert "hocket" in done.stdout
    assert "Further commands: kernel." in run("--help").stdout


def test_docs_prints_the_reference(tmp_path: Path) -> None:
    printed = run("docs").stdout
    assert "async_sleep" in printed
    path = tmp_path / "BUILTINS.md"
    assert run("docs", "--output", str(path)).returncode == 0
    assert path.read_text(encoding="utf-8") == printed
    assert run("docs", "--output", str(tmp_path / "no" / "where.md")).returncode == 5


def test_a_failure_of_our_own_exits_with_6(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import hocket.session\n"
        "def broken(self, text, name):\n    raise RuntimeError('broken inside')\n"
        "hocket.session.Session.run = broken\n"
    )
    done = run("run", "-", text="1", PYTHONPATH=str(tmp_path))
    assert done.returncode == 6
    assert "internal failure of Hocket, not of your program: RuntimeError: broken inside" in done.stderr
    assert "Please report it" in done.stderr


@POSIX
def test_a_reader_that_goes_away_is_no_failure() -> None:
    done = subprocess.run(
        f"{sys.executable} -m hocket run - | head -1",
        shell=True,
        input=b"mut i := 0\nwhile i < 100000 { print(i); i = i + 1 }",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == (b"0\n", b"")


class Running:
    """A program that prints `ready` and goes on."""

    def __init__(self, text: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "run", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(text)
        self.process.stdin.close()
        self.process.stdin = None
        assert self.process.stdout.readline() == "ready\n"

    def interrupt(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        assert "Traceback" not in out + err
        return self.process.returncode, out, err


@POSIX
@pytest.mark.parametrize("rest", ["await async_sleep(60000)", "while true { }", "spawn { await async_sleep(60000) }"])
def test_ctrl_c_ends_a_program_with_130(rest: str) -> None:
    running = Running(f"print('ready')\n{rest}\n")
    assert running.interrupt()[0] == 130


@POSIX
def test_ctrl_c_lets_tasks_clean_up() -> None:
    clean_up = "spawn { try { await async_sleep(60000) } finally { print('clean') } }"
    running = Running(f"{clean_up}\nasync_sleep(1).then(x => print('ready'))")
    code, out, _ = running.interrupt()
    assert (code, out) == (130, "clean\n")


@POSIX
def test_a_second_ctrl_c_ends_at_once() -> None:
    text = "try { print('ready'); await async_sleep(60000) } finally { print('begun'); while true { } }"
    running = Running(text)
    running.process.send_signal(signal.SIGINT)
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == "begun\n"
    code, _, _ = running.interrupt()
    assert code == 130


@POSIX
def test_ctrl_c_after_the_end_leaves_the_exit_code() -> None:
    running = Running("print('ready')\nthrow 'boom'\n")
    assert running.process.stderr is not None
    assert running.process.stderr.readline() == "error: boom\n"
    code, _, _ = running.interrupt()
    assert code == 4


def test_the_clock_is_chosen_by_flag_or_environment(tmp_path: Path) -> None:
    program = tmp_path / "day.hkt"
    program.write_text("let begun := now()\nawait async_sleep(24h)\nprint(now() - begun)\n")
    for arguments, environment in ((["--clock=virtual"], {}), ([], {"HOCKET_CLOCK": "virtual"})):
        ended = run("run", *arguments, str(program), **environment)
        assert (ended.stdout, ended.returncode) == ("86400\n", 0)
    ended = run("run", str(program), HOCKET_CLOCK="sundial")
    assert (ended.stderr, ended.returncode) == (
        "error: HOCKET_CLOCK: there is no clock 'sundial'; there are: real, virtual\n",
        2,
    )
