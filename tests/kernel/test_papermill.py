"""`papermill in.ipynb out.ipynb -p name value`: as its users call it, on an installation."""

import json

import pytest

PARAMETERS = "let n: int = 1  # how often\nname := 'nobody'\nxs := []\nratio := -0.5"
# What is given, as which option, and what the notebook then shows.
VALUES = [
    ("-p", "5", "5"),
    ("-p", "-1.5e-7", "-1.5e-07"),
    ("-p", "True", "true"),
    ("-p", "None", ""),
    ("-p", "-inf", "-inf"),
    ("-p", "nan", "NaN"),
    ("-p", "[1,2]", '"[1,2]"'),
    ("-p", "", '""'),
    ("-r", "5", '"5"'),
    ("-p", 'a "b" \\ ${name} $5 {x} é 🎵', '"a \\"b\\" \\\\ \\${name} $5 {x} é 🎵"'),
    ("-y", r'"two\nlines\t\a\0"', r'"two\nlines\t\u{7}\0"'),
    ("-y", "{a b: [1, 2.5, true, null], c: {}}", '{"a b": [1, 2.5, true, null], "c": {}}'),
    ("-y", "{3: {x: []}}", '{3: {"x": []}}'),
    ("-y", "2020-01-02", '"2020-01-02"'),
]


@pytest.fixture(scope="module")
def work(save, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    save(
        folder / "in.ipynb",
        (PARAMETERS, ["parameters"]),
        "for i in range(n) { print(name, i) }\nawait async_sleep(1)\n[n, name, xs]",
    )
    save(folder / "values.ipynb", *(f"given_{number}" for number in range(len(VALUES))))
    save(folder / "bad.ipynb", ("x := 1", ["parameters"]), "let conut := 1\ncount + 1", "print('after')")
    return folder


@pytest.fixture
def mill(tool, work):
    """Return a function that runs papermill on a notebook and returns its cells, and what papermill said."""

    def mill(name, *options, fails=False):
        ran = tool("papermill", name, "out.ipynb", *options, cwd=work, fails=fails)
        assert (ran.returncode != 0) == fails
        return json.loads((work / "out.ipynb").read_text(encoding="utf-8"))["cells"], ran.stderr

    return mill


def source(cell):
    return "".join(cell["source"])


def text(cell):
    """Return what a cell has printed, and its value."""
    return "".join("".join(out["text"] if "text" in out else out["data"]["text/plain"]) for out in cell["outputs"])


def test_values_of_the_command_line_replace_those_of_the_parameters_cell(mill):
    cells, said = mill("in.ipynb", "-p", "n", "2", "-p", "name", "Ann", "-y", "{xs: [1, 2]}")
    defaults, injected, program = cells
    assert defaults["metadata"]["tags"] == ["parameters"]
    assert injected["metadata"]["tags"] == ["injected-parameters"]
    assert source(injected).splitlines()[0] == "# Parameters"
    assert sorted(source(injected).splitlines()[1:]) == ["n := 2", 'name := "Ann"', "xs := [1, 2]"]
    assert text(program) == 'Ann 0\nAnn 1\n[2, "Ann", [1, 2]]'
    assert [cell["execution_count"] for cell in cells] == [1, 2, 3]
    assert {cell["metadata"]["papermill"]["status"] for cell in cells} == {"completed"}
    assert "Executing: 100%" in said and "3/3" in said
    assert "unknown parameter" not in said


def test_a_value_arrives_as_what_it_is(mill):
    options = []
    for number, (option, value, _) in enumerate(VALUES):
        name = f"given_{number}"
        options += ["-y", f"{name}: {value}"] if option == "-y" else [option, name, value]
    injected, *cells = mill("values.ipynb", *options)[0]
    assert injected["metadata"]["tags"] == ["injected-parameters"]
    assert [text(cell) for cell in cells] == [shown for _, _, shown in VALUES]


def test_the_parameters_of_a_notebook_are_told(tool, work):
    told = tool("papermill", "--help-notebook", "in.ipynb", cwd=work).stdout
    assert "n: int (default 1)" in told and "how often" in told
    assert "name: string (default 'nobody')" in told
    assert "xs: array (default [])" in told
    assert "ratio: float (default -0.5)" in told


def test_an_error_in_a_cell_ends_the_run_and_is_told_as_one_of_the_notebooks(mill):
    cells, said = mill("bad.ipynb", "-p", "y", "1", fails=True)
    assert "Passed unknown parameter: y" in said
    error = said.split("Exception encountered at ")[1]
    assert error.startswith('"In [3]"')
    assert "Undefined variable: count" in error and "line 2, column 1" in error and "^^^^^" in error
    assert 'File "' not in error
    assert [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"] == [1, 2, 3, None]
