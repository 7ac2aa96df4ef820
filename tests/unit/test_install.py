"""install.py says what is wrong and what to do, and never shows a traceback."""

import ast
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "install.py"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that has install.py and a package that can be built only with an index."""
    shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "hocket"\nversion = "0"\n'
    )
    return tmp_path


def without_environment(**changes: str) -> dict[str, str]:
    """Return variables in which no environment is active, no index can be reached and retries are few."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "CONDA_", "VIRTUAL_ENV"))}
    unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    return {**env, **unreachable, **changes}


def install(
    folder: Path, *arguments: str, preexec_fn: Callable[[], None] | None = None, **changes: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [base_python(), str(folder / "install.py"), *arguments],
        cwd=folder,
        env=without_environment(**changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        preexec_fn=preexec_fn,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def base_python() -> str:
    """Return the Python that this environment was made with."""
    name = "python.exe" if os.name == "nt" else f"bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    return str(Path(sys.base_prefix) / name)


@pytest.fixture
def module() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("install_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    yield loaded


def test_an_old_python_is_told_which_one_is_needed() -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0); runpy.run_path(sys.argv[1], {}, '__main__')"
    )
    done = subprocess.run([sys.executable, "-c", pretend, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("install.py needs Python 3.11 or later; this is 3.8 (")
    assert "install.py" in done.stderr.splitlines()[1]


def test_an_old_python_can_read_it() -> None:
    # What 3.5 does not parse: f-strings, annotated variables, and `:=`.
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match)
    assert [ast.dump(node) for node in ast.walk(tree) if isinstance(node, newer)] == []


def test_no_network_is_said_with_what_to_do(clone: Path) -> None:
    done = install(clone)
    assert done.returncode == 1
    assert "pip could not install Hocket: the package index cannot be reached" in done.stderr
    assert "HTTPS_PROXY" in done.stderr
    # The environment that was made is used by the next try.
    assert (clone / ".venv" / "pyvenv.cfg").exists()
    assert "Using" in install(clone).stdout


def test_something_else_called_venv_is_left_alone(clone: Path) -> None:
    (clone / ".venv").write_text("mine")
    done = install(clone)
    assert done.returncode == 1
    assert "is there, but is not a virtual environment" in done.stderr
    assert (clone / ".venv").read_text() == "mine"


def obey_permissions() -> None:
    """Take from root, in a child about to start, the right to write where permissions forbid it."""
    drop_from_bounding_set, override = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, override, 0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are not POSIX's there")
def test_a_folder_that_cannot_be_written_is_named(clone: Path) -> None:
    clone.chmod(0o555)
    before_start = obey_permissions if sys.platform == "linux" and os.geteuid() == 0 else None
    probe = [base_python(), "-c", "import os; print(os.access('.', os.W_OK))"]
    if subprocess.check_output(probe, cwd=clone, preexec_fn=before_start).strip() == b"True":
        pytest.skip("this user may write anywhere")
    done = install(clone, preexec_fn=before_start)
    assert done.returncode == 1
    assert "the environment could not be made: no permission to write there" in done.stderr


def test_a_python_without_venv_is_told_what_to_install(clone: Path) -> None:
    (clone / "hidden").mkdir()
    (clone / "hidden" / "ensurepip.py").write_text("raise ImportError")
    done = install(clone, PYTHONPATH=str(clone / "hidden"))
    assert done.returncode == 1
    assert "has no ensurepip module" in done.stderr
    assert "apt install python3" in done.stderr


def test_wrong_arguments_are_refused(clone: Path) -> None:
    done = install(clone, "--tset")
    assert done.returncode == 2
    assert "unrecognized arguments: --tset" in done.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.skipif(os.name == "nt", reason="a console event cannot be sent to one process")
def test_ctrl_c_ends_it_with_130(clone: Path) -> None:
    running = subprocess.Popen(
        [base_python(), "-u", str(clone / "install.py")],
        cwd=clone,
        env=without_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests run in the background of a shell, they were started with Ctrl-C ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert running.stdout is not None
    assert running.stdout.readline().startswith("Making")
    time.sleep(0.2)
    os.killpg(running.pid, signal.SIGINT)
    _, complaint = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted; run it again to go on" in complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/usr'", "no permission"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "certificate is not trusted"),
        ("Failed to establish a new connection: [Errno 111]", "the package index cannot be reached"),
        ("something new", ""),
    ],
)
def test_causes_are_read_off_what_pip_says(module: ModuleType, output: str, cause: str) -> None:
    found, todo = module.diagnose(output)
    assert found.startswith(cause) or cause in found
    assert todo


def test_a_full_disk_is_said(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> int:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr(module, "main", full)
    assert module.guarded() == 1
    assert "the disk is full" in capsys.readouterr().err
