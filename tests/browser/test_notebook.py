"""A notebook in JupyterLab, as its user sees it."""

import json
import re
from pathlib import Path

import psutil
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install 'hocket[browser]'")
expect = playwright.expect

pytestmark = pytest.mark.timeout(300)  # the first test may install a browser

TOUR = Path(__file__).parents[2] / "notebooks" / "01-tour.ipynb"
FOREVER = "await async_sleep(1h)"


def error(notebook, index):
    """Return where a cell shows its error."""
    return notebook.output(index).locator('[data-mime-type="application/vnd.jupyter.stderr"]')


def kinds(cell):
    """Return the kinds of outputs that the file has of a cell."""
    return [output["output_type"] for output in cell["outputs"]]


def test_the_tour_runs_from_top_to_bottom(jupyter):
    tour = json.loads(TOUR.read_text(encoding="utf-8"))
    for cell in tour["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    path = jupyter.lab.folder / "tour.ipynb"
    path.write_text(json.dumps(tour), encoding="utf-8")
    notebook = jupyter.open(path=path)
    notebook.menu("Run", "Run All Cells")
    code = [index for index, cell in enumerate(tour["cells"]) if cell["cell_type"] == "code"]
    notebook.is_done(code[-1])
    for cell in notebook.saved()["cells"]:
        if cell["cell_type"] == "code":
            assert cell["execution_count"], cell["source"]
            fails = "raises-exception" in cell["metadata"].get("tags", [])
            assert ("error" in kinds(cell)) == fails, cell["source"]
            assert "stderr" not in [output.get("name") for output in cell["outputs"]], cell["source"]


def test_late_output_goes_to_its_own_cell_and_into_the_file(jupyter):
    notebook = jupyter.open(
        'let go := channel()\nspawn { await go.receive(); print("late") };', f"await go.send(1)\n{FOREVER}"
    )
    notebook.finish(0)
    notebook.run(1)
    expect(notebook.output(0)).to_have_text("late")
    notebook.runs(1)
    notebook.stop(1)
    first, second = notebook.saved()["cells"][:2]
    assert [output["text"] for output in first["outputs"]] == [["late\n"]]
    assert kinds(second) == ["error"]


def test_a_pending_promise_is_replaced_by_its_value(jupyter):
    answer = "let go := channel()\nasync func answer() { await go.receive(); return 42 }\nanswer()"
    notebook = jupyter.open(answer, "await go.send(1)")
    notebook.finish(0)
    expect(notebook.output(0)).to_have_text("<promise pending>")
    notebook.finish(1)
    expect(notebook.output(0)).to_have_text("<promise resolved 42>")
    expect(notebook.output(0).locator(".jp-OutputArea-output")).to_have_count(1)


def test_a_display_is_updated_where_it_stands(jupyter):
    notebook = jupyter.open('let shown := display("first")\nprint("below")', 'shown.update("second")')
    notebook.finish(0)
    expect(notebook.output(0)).to_have_text(re.compile(r'"first"\s*below'))
    notebook.finish(1)
    expect(notebook.output(0)).to_have_text(re.compile(r'"second"\s*below'))
    expect(notebook.output(1)).to_have_text("")


@pytest.mark.parametrize("endless", [FOREVER, "while true { }"])
def test_the_stop_button_ends_a_cell_and_nothing_else(jupyter, endless):
    notebook = jupyter.open("x := 41", endless, "x + 1")
    notebook.finish(0)
    notebook.run(1)
    notebook.runs(1)
    notebook.stop(1)
    expect(error(notebook, 1)).to_contain_text("KeyboardInterrupt")
    notebook.finish(2)
    expect(notebook.output(2)).to_contain_text("42")


def test_names_are_completed_while_a_cell_waits(jupyter):
    notebook = jupyter.open("let conspicuous_one := 1\nlet conspicuous_two := 2", FOREVER, "")
    notebook.finish(0)
    notebook.run(1)
    notebook.runs(1)
    notebook.editor(2).click()
    jupyter.page.keyboard.type("conspic")
    jupyter.page.keyboard.press("Tab")
    items = jupyter.page.locator(".jp-Completer-item .jp-Completer-match")
    expect(items).to_have_text(["conspicuous_one", "conspicuous_two"])
    jupyter.page.keyboard.press("ArrowDown")
    jupyter.page.keyboard.press("Enter")
    expect(notebook.editor(2)).to_have_text("conspicuous_two")
    notebook.stop(1)


def test_a_tooltip_tells_signature_and_documentation(jupyter):
    notebook = jupyter.open("async_sleep")
    notebook.editor(0).click()
    jupyter.page.keyboard.press("End")
    jupyter.page.keyboard.press("Shift+Tab")
    tooltip = jupyter.page.locator(".jp-Tooltip")
    expect(tooltip).to_contain_text("async_sleep(ms")
    expect(tooltip).to_contain_text("milliseconds")
    jupyter.page.keyboard.press("Escape")


def test_a_cell_asks_for_input(jupyter):
    notebook = jupyter.open('let name := input("your name? ")\nprint("hello ${name}")')
    notebook.run(0)
    expect(notebook.output(0)).to_contain_text("your name?")
    box = notebook.output(0).locator("input.jp-Stdin-input")
    box.fill("Ada")
    box.press("Enter")
    expect(notebook.output(0)).to_contain_text("hello Ada")
    notebook.is_done(0)


def test_a_restart_clears_the_variables_and_leaves_no_process(jupyter):
    notebook = jupyter.open("x := 1\nspawn { while true { await async_sleep(1) } };", "x")
    notebook.finish(0)
    (old,) = jupyter.lab.kernels()
    notebook.click("restart")
    jupyter.page.locator(".jp-Dialog").locator("button.jp-mod-accept").click()
    notebook.run(1)
    expect(error(notebook, 1)).to_contain_text("Undefined variable: x")
    assert not psutil.pid_exists(old)
    assert len(jupyter.lab.kernels()) == 1


def test_an_error_points_at_its_place_in_colour(jupyter):
    notebook = jupyter.open("let list := [1, 2, 3]\nlist[7] + 1")
    notebook.finish(0)
    shown = error(notebook, 0)
    expect(shown).to_contain_text("error: IndexError: Index out of bounds: 7")
    expect(shown).to_contain_text(re.compile(r"2 \| list\[7\] \+ 1\n +\| \^+\n?"))
    expect(shown.locator(".ansi-red-fg, .ansi-red-intense-fg").first).to_be_visible()


def test_the_cells_after_an_error_are_not_run(jupyter):
    notebook = jupyter.open('print("before")', 'await async_sleep(1000)\nthrow "broken"', 'print("after")')
    notebook.menu("Run", "Run All Cells")
    expect(error(notebook, 1)).to_contain_text("broken")
    expect(notebook.panel.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    expect(notebook.prompt(2)).to_have_text("[ ]:")
    expect(notebook.output(0)).to_have_text("before")
    expect(notebook.output(2)).to_have_text("")


def test_rich_values_are_drawn(jupyter):
    made = """import py.IPython.display as rich
display(rich.Markdown("a **bold** word"))
display(rich.HTML("<table><tr><td>in a table</td></tr></table><progress value='3' max='4'></progress>"))
display(rich.SVG("<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><circle r='8'/></svg>"))"""
    notebook = jupyter.open(made)
    notebook.finish(0)
    shown = notebook.output(0)
    expect(shown.locator(".jp-RenderedMarkdown strong")).to_have_text("bold")
    expect(shown.locator(".jp-RenderedHTML td")).to_have_text("in a table")
    expect(shown.locator("progress")).to_have_attribute("value", "3")
    expect(shown.locator(".jp-RenderedSVG")).to_be_visible()


def test_a_slider_is_heard_while_a_cell_waits(jupyter):
    made = """import py.ipywidgets as widgets
let moved := channel()
let slider := widgets.IntSlider(value = 3)
async func heard(change) { print("moved to", change.new); if change.new == 5 { await moved.send("five") } }
slider.observe(heard, "value")
slider"""
    notebook = jupyter.open(made, "await moved.receive()")
    notebook.finish(0)
    notebook.run(1)
    notebook.runs(1)
    handle = notebook.output(0).locator(".noUi-handle")
    handle.focus()
    for _ in range(2):
        handle.press("ArrowRight")
    expect(notebook.output(1)).to_contain_text('"five"')
    expect(notebook.output(0)).to_contain_text("moved to 5")
    expect(notebook.output(0)).to_contain_text("moved to 4")


def test_interact_shows_the_newest_value_only(jupyter):
    made = """import py.ipywidgets as widgets
widgets.interact((n) => { print("n is", n); return {square: n * n} }, n = 3);"""
    notebook = jupyter.open(made)
    notebook.finish(0)
    shown = notebook.output(0).locator(".jupyter-widgets.widget-output")
    expect(shown).to_contain_text('{"square": 9}')
    handle = notebook.output(0).locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowRight")
    expect(shown).to_contain_text('{"square": 16}')
    expect(shown).to_have_text(re.compile(r'n is 4\s*{"square": 16}'))


def test_the_debugger_stops_at_a_breakpoint_steps_and_goes_on(jupyter):
    code = "func double(n) {\n  let twice := n * 2\n  return twice\n}\nlet answer := double(21)\nanswer"
    notebook = jupyter.open(code)
    bug = notebook.panel.locator("[data-jp-item-name=debugger-icon] jp-button")
    expect(bug).to_have_attribute("aria-disabled", "false")
    bug.click()
    expect(bug).to_have_attribute("aria-pressed", "true")
    side = jupyter.page.locator(".jp-DebuggerSidebar")
    # The first element stands for the gutter's width.
    line = notebook.cell(0).locator(".cm-breakpoint-gutter .cm-gutterElement").nth(2)
    line.click()
    expect(line.locator(".cm-breakpoint-icon")).to_be_visible()
    expect(side.locator(".jp-DebuggerBreakpoint")).to_have_count(1)  # the kernel has it
    notebook.run(0)
    functions, places = (side.locator(f".jp-DebuggerCallstackFrame-{part}") for part in ("name", "location"))
    names, values = (side.locator(f".jp-DebuggerVariables-{part}") for part in ("name", "detail"))
    expect(functions).to_have_text(["double", "<top level>"])
    expect(places).to_have_text([re.compile(r":2$"), re.compile(r":5$")])
    expect(notebook.cell(0).locator(".jp-DebuggerEditor-highlight")).to_have_text("  let twice := n * 2")
    expect(names).to_have_text(["n"])
    expect(values).to_have_text(["21"])
    notebook.runs(0)
    side.locator("[data-jp-item-name=step-over] jp-button").click()
    expect(places).to_have_text([re.compile(r":3$"), re.compile(r":5$")])
    expect(names).to_have_text(["n", "twice"])
    expect(values).to_have_text(["21", "42"])
    side.locator("[data-jp-item-name=continue] jp-button").click()
    notebook.is_done(0)
    expect(notebook.output(0)).to_contain_text("42")
    expect(functions).to_have_count(0)
    bug.click()
    expect(bug).to_have_attribute("aria-pressed", "false")
