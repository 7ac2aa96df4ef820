"""The extension of JupyterLab: how programs look and how they are typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pygments.token import Keyword, Operator

from hocket.pygments import HocketLexer

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install 'hocket[browser]'")
expect = playwright.expect

pytestmark = pytest.mark.timeout(300)  # the first test may install a browser

TOUR = Path(__file__).parents[2] / "notebooks" / "01-tour.ipynb"
PROGRAM = """async func greet(name) {  # a comment
    let scope := {match: name, n: 1.5}
    scope { await async_sleep(5ms) }
    return "hi ${name + "!"} \\n"
}"""


def type_in(jupyter, cell, *keys):
    """Type text, and press keys that are given as `<Key>`."""
    cell.click()
    for key in keys:
        if key.startswith("<"):
            jupyter.page.keyboard.press(key[1:-1])
        else:
            jupyter.page.keyboard.type(key)


def colours(cell):
    """Return the coloured pieces of a cell's text, each with its colour and weight."""
    return cell.locator(".cm-line span").evaluate_all(
        "spans => spans.map(span => [span, getComputedStyle(span)])"
        ".map(([span, style]) => [span.textContent, `${style.color} ${style.fontWeight}`])"
    )


def test_the_extension_is_enabled(lab):
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlab.labextensions", "list"],
        env=lab.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.split()[:1] == ["hocket"]]
    assert len(lines) == 1 and "enabled" in lines[0] and "OK" in lines[0], done.stdout + done.stderr


def test_words_have_the_colours_of_what_they_are(jupyter):
    notebook = jupyter.open(PROGRAM, "let x := 1")
    notebook.finish(1)  # the kernel has told its language by then
    found = {}
    expect(notebook.editor(0).locator(".cm-line span").first).to_be_visible()
    for text, colour in colours(notebook.editor(0)):
        found.setdefault(text, []).append(colour)
    keyword = found["async"][0]
    assert found["func"] == found["let"] == found["await"] == found["return"] == [keyword]
    # A soft word is one only where it means something: of two here one is a variable's name, which has no colour.
    assert found["scope"] == [keyword]
    assert keyword not in found["match"]
    assert len({keyword, found["greet"][0], found["# a comment"][0], found["1.5"][0], found['"hi '][0]}) == 5
    assert found["1.5"] == found["5ms"]
    assert found['"!"'] == found['"hi ']


def test_the_keywords_are_those_of_the_language(jupyter):
    cells = [cell for cell in json.loads(TOUR.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    notebook = jupyter.open("let", *sources)
    first = notebook.editor(0).locator(".cm-line span")
    expect(first).to_have_count(1)
    ((_, keyword),) = colours(notebook.editor(0))
    for index, source in enumerate(sources, 1):
        shown = [text for text, colour in colours(notebook.editor(index)) if colour == keyword]
        kinds = HocketLexer().get_tokens(source)
        words = [text for kind, text in kinds if kind in Operator.Word or kind in Keyword and kind != Keyword.Constant]
        assert [word for text in shown for word in text.split() if word.isalpha()] == words, source


def test_a_block_is_indented_while_it_is_typed(jupyter):
    notebook = jupyter.open("")
    keys = ["func f(x) {", "<Enter>", "if x {", "<Enter>", "print(x)", "<Enter>", "}", "<Enter>", "}"]
    type_in(jupyter, notebook.editor(0), *keys)
    lines = notebook.editor(0).locator(".cm-line")
    expect(lines).to_have_count(5)
    assert lines.all_text_contents() == ["func f(x) {", "    if x {", "        print(x)", "    }", "}"]


def test_a_line_becomes_a_comment_and_code_again(jupyter):
    notebook = jupyter.open("let a := 1\nlet b := 2")
    type_in(jupyter, notebook.editor(0), "<Control+a>", "<Control+/>")
    expect(notebook.editor(0).locator(".cm-line")).to_have_text(["# let a := 1", "# let b := 2"])
    type_in(jupyter, notebook.editor(0), "<Control+a>", "<Control+/>")
    expect(notebook.editor(0).locator(".cm-line")).to_have_text(["let a := 1", "let b := 2"])
