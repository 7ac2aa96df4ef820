"""Packages of which a kernel imports parts: it starts without the rest, and who imports them has everything."""

import importlib
import os
import sys

import pytest

from hocket_kernel.imports import bare, when_imported

WHOLE = """
from whole import one
ran = one.ran = one.ran + 1
from whole.inner import two
def late():
    return "late"
"""


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """A package on the path, with the modules `one`, `inner.two` and `asking`; it counts how often it is run."""
    package = tmp_path / "whole"
    (package / "inner").mkdir(parents=True)
    files = {
        "__init__": WHOLE,
        "one": "ran = 0\nclass Thing: pass\n",
        "inner/__init__": "",
        "inner/two": "from whole.one import Thing\n",
        "asking": "from whole.one import Thing\nfrom whole import late\nsaid = late()\n",
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    finders = list(sys.meta_path)
    yield
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.partition(".")[0] == "whole"]:
        del sys.modules[name]


def load(name):
    return importlib.import_module(name)


def test_a_part_comes_without_the_whole(whole):
    with bare("whole"):
        part = load("whole.inner.two")
        assert load("whole.one").ran == 0
    assert "whole" not in sys.modules
    assert part.Thing is load("whole.one").Thing


def test_who_imports_the_whole_gets_it_with_the_parts_that_are_there(whole):
    with bare("whole"):
        part = load("whole.inner.two")
    package = load("whole")
    assert (package.ran, package.late()) == (1, "late")
    assert package.inner.two is part and package.one.Thing is part.Thing
    assert package.__spec__.loader is package.__loader__
    assert package.__loader__.get_source("whole") == WHOLE


def test_another_part_brings_the_whole(whole):
    with bare("whole"):
        part = load("whole.one")
    assert load("whole.asking").said == "late"
    assert part.ran == 1 and sys.modules["whole"].one is part


def test_a_part_that_asks_for_the_whole_gets_it(whole):
    with bare("whole"):
        part = load("whole.one")
        assert load("whole.asking").said == "late"
        assert sys.modules["whole"].ran == part.ran == 1
    assert sys.modules["whole"].late() == "late"


def test_who_has_kept_the_empty_package_finds_the_real_one_in_it(whole):
    with bare("whole"):
        kept = load("whole")
    assert kept.late() == "late"
    assert kept is not sys.modules["whole"] and kept.one is sys.modules["whole.one"]
    with pytest.raises(AttributeError, match="module 'whole' has no attribute 'nothing'"):
        _ = kept.nothing
    with pytest.raises(AttributeError, match="module 'whole' has no attribute '__nothing__'"):
        _ = kept.__nothing__


def test_what_is_imported_already_is_used(whole):
    package = load("whole")
    with bare("whole", "no_such_package"):
        assert load("whole") is package
    assert load("whole") is package


def test_a_failure_leaves_no_empty_package(whole):
    with pytest.raises(ModuleNotFoundError), bare("whole"):
        load("whole.three")
    assert load("whole").late() == "late"


def test_what_waits_for_a_module_hears_of_it_when_it_has_been_run(whole):
    heard = []
    when_imported("whole.inner.two", lambda module: heard.append(module.Thing))
    assert heard == []
    module = load("whole.inner.two")
    assert heard == [module.Thing]
    when_imported("whole.one", lambda module: heard.append(module.ran))
    assert heard == [module.Thing, 1]


def test_a_program_in_a_kernel_imports_the_whole_of_jupyter(notebook):
    seen = notebook.ok(
        "%%python\n"
        "import sys\n"
        "print({'IPython', 'ipykernel', 'jupyter_client'}.intersection(sys.modules))\n"
        "import IPython, ipykernel, jupyter_client\n"
        "kernel = ipykernel.kernelbase.Kernel.instance()\n"
        "print(isinstance(kernel.session, jupyter_client.session.Session), IPython.get_ipython())\n"
        "manager = jupyter_client.KernelManager()\n"
        "print(type(manager.session) is type(kernel.session), IPython.core.error.UsageError.__name__)\n"
        "print(IPython.display.display == IPython.core.display_functions.display)\n"
        "IPython.display.display(IPython.display.HTML('<b>shown</b>'))"
    )
    assert seen.out == "set()\nTrue None\nTrue UsageError\nTrue\n"
    (shown,) = seen.of("display_data")
    assert shown.content["data"]["text/html"] == "<b>shown</b>"
    of_a_module = notebook.ok("import py.IPython\nimport py.jupyter_client\nIPython.get_ipython() == null")
    assert of_a_module.result == "true"


def test_modules_of_the_folder_that_a_program_goes_to_are_found(notebook):
    notebook.ok('await async_mkdir("sub")\nwrite_file("sub/of_the_folder.py", "found = 1")\nos_chdir("sub")')
    assert notebook.ok("import py.of_the_folder\nof_the_folder.found").result == "1"


def test_a_kernel_starts_also_where_the_packages_have_been_imported_before(start, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import IPython.display, jupyter_client\n", encoding="utf-8")
    notebook = start(PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    try:
        shown = notebook.ok('import py.IPython.display as rich\nrich.display(rich.HTML("<i>shown</i>"));')
        assert [message.content["data"]["text/html"] for message in shown.of("display_data")] == ["<i>shown</i>"]
    finally:
        notebook.close()
