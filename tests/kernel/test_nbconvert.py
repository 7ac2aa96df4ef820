"""A notebook as a page, as Markdown, as LaTeX, as a program."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hocket_kernel.kernel import HocketKernel

CELLS = ['async func greet(name) {\n    print("Hello ${name}")\n}', "await greet('world')\n[1, 2].map(x => x * 2)"]


def installed(folder):
    """Make what an installation of this tree has for Pygments; return the folder for the path."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"{name} = {place}" for name, place in project["entry-points"]["pygments.lexers"].items()]
    info = folder / "path/hocket-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hocket\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("\n".join(["[pygments.lexers]", *lines]), encoding="utf-8")
    return info.parent


@pytest.fixture(scope="module")
def convert(specs, tables, tmp_path_factory):
    """Return a function that executes the notebook and returns it in a format, with the name of the file."""
    home = tmp_path_factory.mktemp("home")
    cells = [
        {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for n, text in enumerate(CELLS)
    ]
    spec = {"name": "hocket", "display_name": "Hocket", "language": "hocket"}
    metadata = {"kernelspec": spec, "language_info": HocketKernel.language_info}  # as clients save it
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (home / "greeting.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "IPYTHON", "PYTEST"))},
        "HOME": str(home),
        "JUPYTER_PATH": str(specs / "share/jupyter"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "XDG_CACHE_HOME": str(tables),
        "PYTHONPATH": os.pathsep.join([str(installed(home)), *sys.path]),
    }

    def convert(form):
        command = [sys.executable, "-m", "nbconvert", "--execute", "--to", form, "greeting.ipynb"]
        ran = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=100)
        assert ran.returncode == 0, ran.stderr
        (made,) = [path for path in home.glob("greeting.*") if path.suffix != ".ipynb"]
        text = made.read_text(encoding="utf-8")
        made.unlink()
        return made.name, text

    return convert


def test_a_page_has_the_colours_of_the_language(convert):
    name, text = convert("html")
    assert name == "greeting.html"
    assert '<span class="kd">async</span>' in text
    assert "hl-hocket" in text
    assert "Hello world" in text and "[2, 4]" in text


def test_markdown_names_the_language(convert):
    name, text = convert("markdown")
    assert name == "greeting.md"
    assert f"```hocket\n{CELLS[0]}\n```" in text
    assert "Hello world" in text


def test_a_script_is_a_program(convert, tmp_path):
    name, text = convert("script")
    assert name == "greeting.hkt"
    (tmp_path / name).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "hocket", "run", str(tmp_path / name)], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "Hello world\n")


def test_latex_has_the_colours_of_the_language(convert):
    name, text = convert("latex")
    assert name == "greeting.tex"
    assert r"\PY{k+kd}{async}" in text
    assert "Hello world" in text
