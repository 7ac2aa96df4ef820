"""A notebook as a page, as Markdown, as LaTeX, as a program."""

import json
import subprocess
import sys

import pytest

CELLS = [
    'async func greet(name) {\n    print("Hello ${name}")\n}',
    "await greet('world')\n[1, 2].map(x => x * 2)",
    ("1 / 0", ["raises-exception"]),
]
MARKDOWN = "# Greetings\n\nSaid in `hocket`:\n\n```hocket\nawait greet('all')\n```"
MAGICS = [
    "%env GREETING=hello\nlet greeting := 'hello'",
    "%time let name := 'world'\nprint(greeting, name)\n%who",
    "%%time\nlet n := 2\nprint(n * 2)",
    "%%background\nprint('beside')",
    "%%python\nprint('only in a notebook')\n\nx = 1",
    '"""\n%time is no magic in a string\n"""\n7 % 4',
    "%nonsense",
    "%%nonsense\nat all",
]
SCRIPT = """\
# # Greetings
#
# Said in `hocket`:
#
# ```hocket
# await greet('all')
# ```

# %env GREETING=hello
let greeting := 'hello'

# %time
let name := 'world'
print(greeting, name)
# %who

# %%time
let n := 2
print(n * 2)

# %%background
spawn {
print('beside')
}

# %%python
# print('only in a notebook')
#
# x = 1

\"""
%time is no magic in a string
\"""
7 % 4

# %nonsense

# %%nonsense
# at all
"""


@pytest.fixture(scope="module")
def work(tool, save, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    save(folder / "greeting.ipynb", *CELLS)
    save(folder / "magics.ipynb", *MAGICS)
    for name in ("greeting", "magics"):
        path = folder / f"{name}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"].insert(0, {"cell_type": "markdown", "id": "head", "metadata": {}, "source": MARKDOWN})
        path.write_text(json.dumps(notebook), encoding="utf-8")
    tool("nbconvert", "--execute", "--to", "notebook", "--inplace", "greeting.ipynb", cwd=folder)
    return folder


@pytest.fixture
def convert(tool, work):
    """Return a function that returns a notebook in a format, and the name of its file."""

    def convert(form, name="greeting", *options):
        tool("nbconvert", "--to", form, f"{name}.ipynb", *options, cwd=work)
        (made,) = [path for path in work.glob(f"{name}.*") if path.suffix != ".ipynb"]
        text = made.read_text(encoding="utf-8")
        made.unlink()
        return made.name, text

    return convert


def test_a_page_has_the_colours_of_the_language(convert):
    name, text = convert("html")
    assert name == "greeting.html"
    assert '<span class="kd">async</span>' in text
    assert "hl-hocket" in text
    assert text.count('<span class="k">await</span>') == 2, "in a code cell and in Markdown"
    assert "Hello world" in text and "[2, 4]" in text
    assert '<span class="ansi-red-intense-fg ansi-bold">error' in text and "Division by zero" in text
    assert "\x1b" not in text


def test_markdown_names_the_language(convert):
    name, text = convert("markdown")
    assert name == "greeting.md"
    assert f"```hocket\n{CELLS[0]}\n```" in text
    assert "Hello world" in text and "Division by zero" in text
    assert "\x1b" not in text


def test_latex_has_the_colours_of_the_language(convert):
    # Markdown in LaTeX is written by pandoc, which is no Python package.
    name, text = convert("latex", "greeting", "--TemplateExporter.exclude_markdown=True")
    assert name == "greeting.tex"
    assert r"\PY{k+kd}{async}" in text
    assert "Hello world" in text and "Division by zero" in text
    assert "\x1b" not in text


def test_a_script_is_a_program_and_what_only_a_notebook_understands_is_a_comment(convert, tmp_path):
    name, text = convert("script", "magics")
    assert name == "magics.hkt"
    assert text.strip() == SCRIPT.strip()
    (tmp_path / name).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "hocket", "run", str(tmp_path / name)], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "hello world\n4\nbeside\n")
