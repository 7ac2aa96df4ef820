"""Programs that work with files run in a folder of their own."""

import contextlib
import os
import tempfile
from collections.abc import Generator

import pytest

# Named pipes are POSIX's.
collect_ignore = ["pipes.hkt"] if os.name == "nt" else []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return (yield)
