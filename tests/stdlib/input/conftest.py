"""Programs that read lines: two are there."""

import io
import sys
from collections.abc import Generator
from unittest import mock

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with mock.patch.object(sys, "stdin", io.StringIO("Ada  \n  36\n")):
        return (yield)
