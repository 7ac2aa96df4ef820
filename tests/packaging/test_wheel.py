"""What an installation gets: the wheel, built through the sdist as pip does it."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

import hocket

ROOT = Path(__file__).parents[2]


def build(folder: Path, hook: str, out: Path) -> Path:
    """Call a hook of the build backend, in a process of its own; return the file that it makes."""
    code = f"from hatchling.build import {hook}; print({hook}({str(out)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "build_sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    return build(source, "build_wheel", tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_only_our_packages_become_importable(wheel: Path) -> None:
    version = hocket.__version__
    tops = {name.split("/")[0] for name in names(wheel)}
    assert tops == {"hocket", "hocket_kernel", f"hocket-{version}.dist-info", f"hocket-{version}.data"}


def test_the_data_files_are_in_it(wheel: Path) -> None:
    wanted = {
        "hocket/syntax/grammar.lark",
        "hocket/py.typed",
        "hocket_kernel/py.typed",
        "hocket_kernel/spec/kernel.json",
        f"hocket-{hocket.__version__}.data/data/share/jupyter/kernels/hocket/kernel.json",
        f"hocket-{hocket.__version__}.data/data/share/jupyter/labextensions/hocket/package.json",
        f"hocket-{hocket.__version__}.data/data/share/jupyter/labextensions/hocket/static/words.js",
        f"hocket-{hocket.__version__}.dist-info/licenses/LICENSE",
    }
    assert wanted <= names(wheel)


def test_every_module_of_the_checkout_is_in_it(wheel: Path) -> None:
    roots = [ROOT / "interpreter", ROOT / "kernel"]
    modules = {path.relative_to(root).as_posix() for root in roots for path in root.rglob("*.py")}
    assert modules == {name for name in names(wheel) if name.endswith(".py")}


def test_the_commands_are_declared(wheel: Path) -> None:
    entries = ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        entries.read_string(archive.read(f"hocket-{hocket.__version__}.dist-info/entry_points.txt").decode())
    assert dict(entries["console_scripts"]) == {"hocket": "hocket.cli:main"}
    assert dict(entries["hocket.commands"]) == {"kernel": "hocket_kernel.kernelspec:command"}
    assert dict(entries["pygments.lexers"]) == {"hocket": "hocket.pygments:HocketLexer"}
    assert dict(entries["nbconvert.exporters.script"]) == {"hocket": "hocket_kernel.script:ScriptExporter"}
    assert dict(entries["papermill.engine"]) == {"hocket": "hocket_kernel.papermill:Engine"}


def test_the_changelog_knows_the_version() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert any(line.split()[:2] == ["##", hocket.__version__] for line in lines)


def test_it_installs_and_runs_elsewhere(wheel: Path, tmp_path: Path) -> None:
    # The dependencies are this environment's, the package is the wheel's: it comes first.
    venv.create(tmp_path / "env", with_pip=False, symlinks=os.name != "nt")
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*pip, str(wheel)], check=True, stdin=subprocess.DEVNULL)
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    dependencies = {str(Path(module.__file__ or "").parents[1]) for module in (pytest, __import__("lark"))}
    path = os.pathsep.join([str(target), *sorted(dependencies)])
    code = "import hocket, hocket_kernel; print(hocket.__file__); print(hocket.run('1 + 1'))"
    done = subprocess.run(
        [str(python), "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(target / "hocket" / "__init__.py"), "2"]
    # Below a prefix of an environment this is where Jupyter looks.
    placed = {file.name for file in (target / "share/jupyter/kernels/hocket").iterdir()}
    assert placed == {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}
    missing = [str(python), "-c", "import interpreter"]
    assert subprocess.run(missing, cwd=tmp_path, capture_output=True, check=False).returncode == 1
