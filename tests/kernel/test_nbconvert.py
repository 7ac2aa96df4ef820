"""A notebook as a page, as Markdown, as LaTeX, as a program."""

import subprocess
import sys

import pytest

CELLS = ['async func greet(name) {\n    print("Hello ${name}")\n}', "await greet('world')\n[1, 2].map(x => x * 2)"]


@pytest.fixture(scope="module")
def convert(tool, save, tmp_path_factory):
    """Return a function that executes the notebook and returns it in a format, with the name of the file."""
    home = tmp_path_factory.mktemp("work")
    save(home / "greeting.ipynb", *CELLS)

    def convert(form):
        tool("nbconvert", "--execute", "--to", form, "greeting.ipynb", cwd=home)
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
