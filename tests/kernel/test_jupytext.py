"""jupytext: notebooks as text, there and back."""

import json
import subprocess
import sys

import pytest

CELLS = [
    ("let n := 3", ["parameters"]),
    "# A comment\n\nfunc twice(x) {\n\n    return x * 2\n}",
    '## heading of a comment\nprint("${twice(n)} ```")',
    'let text := """\n% no magic\n"""\n%time twice(n)',
    "%%python\nx = 1\nprint(x)",
    "await async_sleep(1)\ntwice(n)",
    "",
]
MARKDOWN = "# A title\n\nand a block:\n\n```hocket\nawait f()\n```"


def content(path):
    """Return what must not get lost of a notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)  # when it was run
    cells = [(cell["cell_type"], "".join(cell["source"]), cell["metadata"]) for cell in notebook["cells"]]
    return cells, notebook["metadata"]["kernelspec"]


def outputs(path):
    """Return what each cell of a notebook has printed and shown."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [[out.get("text") or out["data"]["text/plain"] for out in cell.get("outputs", [])] for cell in cells]
    return ["".join("".join(text) for text in texts) for texts in found]


@pytest.fixture(scope="module")
def notebook(save, tmp_path_factory):
    path = save(tmp_path_factory.mktemp("work") / "notes.ipynb", *CELLS)
    read = json.loads(path.read_text(encoding="utf-8"))
    read["cells"].insert(0, {"cell_type": "markdown", "id": "head", "metadata": {"tags": ["x"]}, "source": MARKDOWN})
    path.write_text(json.dumps(read), encoding="utf-8")
    return path


@pytest.mark.parametrize(("form", "text"), [("md:myst", "text.md"), ("py:percent", "text.py")])
def test_a_notebook_as_text_comes_back_as_it_was_and_can_be_run(tool, notebook, form, text):
    folder = notebook.parent
    tool("jupytext", "--to", form, "notes.ipynb", "-o", text, cwd=folder)
    back = f"{form[:2]}.ipynb"
    tool("jupytext", "--to", "ipynb", "--execute", text, "-o", back, cwd=folder)
    assert content(folder / back) == content(notebook)
    _, _, _, printed, timed, python, value, _ = outputs(folder / back)
    assert (printed, python, value) == ("6 ```\n", "1\n", "6")
    assert timed.startswith("took ") and timed.endswith("6")


def test_a_percent_script_is_a_program(tool, save, tmp_path):
    save(tmp_path / "hello.ipynb", "let name := 'world'", "await async_sleep(1)\nprint('hello', name)")
    tool("jupytext", "--to", "py:percent", "hello.ipynb", cwd=tmp_path)
    script = (tmp_path / "hello.py").read_text(encoding="utf-8")
    assert "# %%\nlet name := 'world'\n" in script
    ran = subprocess.run(
        [sys.executable, "-m", "hocket", "run", str(tmp_path / "hello.py")], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "hello world\n")


def test_a_notebook_and_its_text_are_kept_equal(tool, save, tmp_path):
    path = save(tmp_path / "pair.ipynb", "let n := 1", "n")
    shown = {"output_type": "execute_result", "execution_count": 2, "metadata": {}, "data": {"text/plain": "1"}}
    read = json.loads(path.read_text(encoding="utf-8"))
    read["cells"][1] |= {"execution_count": 2, "outputs": [shown]}
    path.write_text(json.dumps(read), encoding="utf-8")
    tool("jupytext", "--set-formats", "ipynb,md:myst", "--sync", "pair.ipynb", cwd=tmp_path)
    text = tmp_path / "pair.md"
    text.write_text(text.read_text(encoding="utf-8").replace("let n := 1", "let n := 2"), encoding="utf-8")
    tool("jupytext", "--sync", "pair.md", cwd=tmp_path)
    assert [source for _, source, _ in content(path)[0]] == ["let n := 2", "n"]
    assert outputs(path)[1] == "1", "what the unchanged cell has shown stays"
