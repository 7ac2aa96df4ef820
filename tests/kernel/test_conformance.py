"""Jupyter's own suite for kernels."""

import os

import pytest

jupyter_kernel_test = pytest.importorskip("jupyter_kernel_test")


@pytest.fixture(autouse=True, scope="module")
def place(specs, tmp_path_factory):
    """Let the suite's own manager find the kernelspec, and nothing of the user's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("JUPYTER_DATA_DIR", str(specs / "share/jupyter"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        patch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
        for name in [name for name in os.environ if name.startswith("IPYTHON")]:
            patch.delenv(name)
        # What the suite would leave out for want of a sample fails.
        patch.setattr(jupyter_kernel_test, "SkipTest", AssertionError)
        yield


PICTURE = "class Picture:\n    def _repr_png_(self): return b'png'"
MAKE_PICTURE = f"import py.builtins as py\nlet names := {{}}\npy.exec({PICTURE!r}, names)\n"


class TestKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "hocket"
    language_name = "hocket"
    file_extension = ".hkt"
    code_hello_world = 'print("hello, world")'
    code_stderr = 'eprint("oops")'
    completion_samples = [
        {"text": "async_slee", "matches": {"async_sleep"}},
        {"text": "promise_all_sett", "matches": {"promise_all_settled"}},
    ]
    complete_code_samples = ["1", "print('hello')", "func f(x) {\n  return x\n}", "x := [1,\n2]", "# comment"]
    incomplete_code_samples = ["func f(x) {", "print('hello'", "x := [1, 2,", 's := """text', "1 +", "/* open"]
    invalid_code_samples = ["x := := 1", "1 2", ")", "import = 7"]
    code_page_something = "print?"
    code_generate_error = "1 / 0"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "'a' + 'b'", "result": '"ab"'},
        {"code": "[1, 2].map(x => x * 2)", "result": "[2, 4]"},
        {"code": "await promise_all([1, 2])", "result": "[1, 2]"},
    ]
    code_display_data = [
        {"code": "display([1, 2])", "mime": "text/plain"},
        {"code": MAKE_PICTURE + "display(names.Picture())", "mime": "image/png"},
    ]
    code_clear_output = "clear_output()"
    code_history_pattern = "6 *[*] 7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "async_sleep"


class TestWelcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "hocket"
    support_iopub_welcome = True
