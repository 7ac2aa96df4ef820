"""nbclient, which runs notebooks for nbconvert, papermill and books."""

import nbformat
import pytest

OUTPUTS = [
    "print('one')\neprint('two')\nlet d := display('first')\n7",
    "d.update('second')",
    "print('gone')\nclear_output()\nprint('kept')",
]
# With nbclient's own limit of ten seconds a cell.
TROUBLE = ["1 / 0", "input('Who? ')", "let kept := 42", "await async_sleep(600000)", "kept"]
LIMITED = ["--allow-errors", "--ExecutePreprocessor.timeout=10", "--ExecutePreprocessor.interrupt_on_timeout=True"]


@pytest.fixture
def execute(tool, save, tmp_path):
    """Return a function that runs cells with a command, and returns the notebook and what the command said."""

    def execute(cells, *command, fails=False):
        path = save(tmp_path / "run.ipynb", *cells)
        ran = tool(*command, path.name, cwd=tmp_path, fails=fails)
        assert (ran.returncode != 0) == fails
        return nbformat.read(path, 4), ran.stderr

    return execute


def test_every_kind_of_output_is_saved_where_it_belongs(execute):
    notebook, _ = execute(OUTPUTS, "jupyter", "execute", "--inplace")
    assert notebook.metadata.language_info.name == "hocket"
    first, second, third = notebook.cells
    assert [(out.output_type, out.get("name"), out.get("text")) for out in first.outputs[:2]] == [
        ("stream", "stdout", "one\n"),
        ("stream", "stderr", "two\n"),
    ]
    assert first.outputs[2].output_type == "display_data"
    assert first.outputs[2].data == {"text/plain": '"second"'}, "the next cell has updated it"
    assert (first.outputs[3].output_type, first.outputs[3].execution_count) == ("execute_result", 1)
    assert first.outputs[3].data == {"text/plain": "7"}
    assert second.outputs == []
    assert [out.text for out in third.outputs] == ["kept\n"]
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3]
    times = first.metadata.execution
    assert times["iopub.status.busy"] <= times["iopub.execute_input"] <= times["iopub.status.idle"]
    nbformat.validate(notebook)


def test_an_error_ends_the_run_and_is_told_in_full(execute):
    notebook, said = execute(["let x := 1\n\nx.nothing()", "print('never')"], "jupyter", "execute", fails=True)
    assert "x.nothing()" in said and "line 3, column" in said and "^^^" in said
    assert not notebook.cells[1].outputs


def test_expected_errors_are_saved_and_what_takes_too_long_is_stopped(execute):
    notebook, _ = execute(TROUBLE, "nbconvert", "--execute", "--to", "notebook", "--inplace", *LIMITED)
    (divided,), (asked,), _, (stopped,), (after,) = [cell.outputs for cell in notebook.cells]
    assert (divided.output_type, divided.ename, divided.evalue) == ("error", "ZeroDivisionError", "Division by zero")
    assert asked.output_type == "error" and "input" in asked.evalue
    assert (stopped.output_type, stopped.ename) == ("error", "KeyboardInterrupt")
    assert after.data == {"text/plain": "42"}
