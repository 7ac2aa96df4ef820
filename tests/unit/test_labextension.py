"""The JupyterLab extension says what the language and the package say."""

import json

import hocket
from hocket_kernel import words

FOLDER = words.WORDS.parents[1]


def test_its_version_is_the_packages() -> None:
    about = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    assert about["version"] == hocket.__version__
    assert (FOLDER / about["jupyterlab"]["_build"]["load"]).is_file()
