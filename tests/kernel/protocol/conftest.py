"""The protocol, a file for each group of its messages, and each file over every way that messages can take.

One kernel for all tests of a file that go one way.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

TRANSPORTS: dict[str, dict[str, str]] = {"tcp": {}, "tcp-curve": {"encryption": "required"}}
if os.name != "nt":
    TRANSPORTS |= {name.replace("tcp", "ipc"): {**way, "transport": "ipc"} for name, way in TRANSPORTS.items()}


@pytest.fixture(scope="module", params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> dict[str, str]:
    """What a kernel is started with to take its messages one of the ways."""
    return TRANSPORTS[request.param]


@pytest.fixture(scope="module")
def notebook(transport: dict[str, str], start: Callable[..., Any]) -> Iterator[Any]:
    """A kernel that a file's tests share."""
    shared = start(**transport)
    yield shared
    shared.close()


@pytest.fixture
def fresh(transport: dict[str, str], start: Callable[..., Any]) -> Iterator[Any]:
    """A kernel for one test."""
    own = start(**transport)
    yield own
    own.close()
