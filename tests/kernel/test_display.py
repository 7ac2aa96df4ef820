"""Values that are shown: where, as what, how often."""

import base64
import json

import pytest

PYTHON = """
def rich(**methods):
    def of(result):
        def method(self, **options):
            if isinstance(result, str) and result.startswith("raise "):
                raise ValueError(result[6:])
            return result
        return method
    own = {"__module__": "rich", "__repr__": lambda self: "a rich object"}
    return type("Rich", (), own | {name: of(result) for name, result in methods.items()})()
"""


@pytest.fixture(scope="module", autouse=True)
def rich(notebook):
    """Let programs make Python objects with methods of a notebook's."""
    notebook.ok(f"import py.builtins as py\nlet made := {{}}\npy.exec({PYTHON!r}, made)\nlet rich := made.rich;")


def data(cell, kind="display_data"):
    return [message.content["data"] for message in cell.of(kind)]


def test_values_stand_between_what_is_printed(notebook):
    cell = notebook.ok("print('a')\ndisplay([1, 'x'])\neprint('b')\ndisplay('text')\nprint('c')")
    assert cell.kinds[2:-1] == ["stream", "display_data", "stream", "display_data", "stream"]
    assert data(cell) == [{"text/plain": '[1, "x"]'}, {"text/plain": '"text"'}]
    assert not cell.of("execute_result")


def test_a_place_is_shown_anew_also_from_another_cell(notebook):
    first = notebook.ok("d := display('working')")
    second = notebook.ok("d.update('done')")
    (shown,) = first.of("display_data")
    (updated,) = second.of("update_display_data")
    assert updated.content["data"] == {"text/plain": '"done"'}
    assert updated.content["transient"] == shown.content["transient"]


def test_a_task_shows_in_the_cell_that_spawned_it(notebook):
    cell = notebook.ok(
        "async func late() { await async_sleep(50); let d := display('one'); await async_sleep(50); d.update('two') }\n"
        "t := late()"
    )
    other = notebook.ok("await t;")
    notebook.until(lambda: bool(cell.of("update_display_data")))
    assert not other.of("display_data") and not other.of("update_display_data")


def test_updates_in_quick_succession_are_few_and_the_last_is_sent(notebook):
    cell = notebook.ok("let d := display(0)\nfor i in range(20001) { d.update(i) }\nprint('end')")
    updates = data(cell, "update_display_data")
    assert updates[-1] == {"text/plain": "20000"}
    assert len(updates) < 20 * cell.seconds + 5
    assert cell.kinds[-1] == "idle"


def test_updates_go_on_while_the_cell_computes(notebook):
    cell = notebook.send("let d := display(0)\nd.update(1)\nd.update(2)\nmut n := 0\nwhile n < 5000000 { n += 1 }")
    notebook.wait(cell)
    (*_, last) = cell.of("update_display_data")
    assert last.content["data"] == {"text/plain": "2"}
    assert cell.replied - last.time > 0.05


def test_an_update_shows_the_value_as_it_was(notebook):
    cell = notebook.ok("let a := [1]\nlet d := display(a)\nd.update(a)\na.push(2)\nd.update(a)\na.push(3)")
    assert data(cell, "update_display_data")[-1] == {"text/plain": "[1, 2]"}


def test_clearing_sends_what_clients_ask_for(notebook):
    cell = notebook.ok("print('a')\nclear_output()\nprint('b')\nclear_output(true)\nprint('c')")
    assert cell.kinds[2:-1] == ["stream", "clear_output", "stream", "clear_output", "stream"]
    assert [message.content for message in cell.of("clear_output")] == [{"wait": False}, {"wait": True}]


def test_a_silent_cell_shows_nothing(notebook):
    cell = notebook.ok("let q := display(1)\nq.update(2)\nclear_output()", silent=True)
    assert cell.kinds == ["busy", "idle"]


@pytest.mark.parametrize(
    ("method", "result", "kind", "shown"),
    [
        ("_repr_html_", "<b>x</b>", "text/html", "<b>x</b>"),
        ("_repr_svg_", "<svg/>", "image/svg+xml", "<svg/>"),
        ("_repr_markdown_", "*x*", "text/markdown", "*x*"),
        ("_repr_latex_", "$x$", "text/latex", "$x$"),
        ("_repr_json_", {"a": [1]}, "application/json", {"a": [1]}),
    ],
)
def test_python_objects_say_how_they_look(notebook, method, result, kind, shown):
    cell = notebook.ok(f"let x := rich({method} = {json.dumps(result)})\ndisplay(x)\nx", user_expressions={"x": "x"})
    wanted = {"text/plain": "a rich object", kind: shown}
    assert data(cell) == data(cell, "execute_result") == [wanted]
    assert cell.reply["user_expressions"]["x"]["data"] == wanted


def test_pictures_are_base64(notebook):
    (shown,) = data(notebook.ok("display(rich(_repr_png_ = bytes([1, 2, 3])))"))
    assert base64.b64decode(shown["image/png"]) == b"\x01\x02\x03"


def test_a_bundle_comes_with_metadata_and_before_the_other_methods(notebook):
    code = (
        "let own := [{'text/html': 'bundle', 'text/plain': 'own'}, {'text/html': {a: 1}}]\n"
        "display(rich(_repr_mimebundle_ = py.tuple(own), _repr_html_ = 'single', _repr_latex_ = '$x$'))"
    )
    (message,) = notebook.ok(code).of("display_data")
    assert message.content["data"] == {"text/plain": "own", "text/html": "bundle", "text/latex": "$x$"}
    assert message.content["metadata"] == {"text/html": {"a": 1}}


def test_a_method_that_fails_leaves_the_rest(notebook):
    cell = notebook.ok("display(rich(_repr_html_ = 'raise no', _repr_svg_ = '<svg/>', _repr_latex_ = null))")
    assert data(cell) == [{"text/plain": "a rich object", "image/svg+xml": "<svg/>"}]
    assert cell.err == "_repr_html_ of a Rich failed: ValueError: no\n"


def test_what_is_no_json_is_not_sent(notebook):
    cell = notebook.ok("display(rich(_repr_json_ = rich))")
    assert data(cell) == [{"text/plain": "a rich object"}]
    assert cell.err.startswith("application/json cannot be sent: ")


def test_classes_are_text(notebook):
    assert data(notebook.ok("display(py.type(rich(_repr_html_ = 'x')))")) == [{"text/plain": "<class Rich>"}]


def test_a_figure_is_a_picture(fresh):
    modules = """
import sys, types
class Figure:
    def savefig(self, file, format, bbox_inches):
        file.write(f"{format} {bbox_inches}".encode())
module = types.ModuleType("matplotlib.figure")
module.Figure = Figure
sys.modules["matplotlib.figure"] = module
"""
    fresh.ok(f"import py.builtins as py\nlet made := {{}}\npy.exec({modules!r}, made)")
    (shown,) = data(fresh.ok("display(made.Figure())"))
    assert base64.b64decode(shown["image/png"]) == b"png tight"
