"""Functions on arrays of more than a million elements: Stop comes between their steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hocket import errors
from hocket.stdlib.collections import arrays, common

STEP = 10


class Stopped(BaseException):
    """What a Stop raises."""


class Array(list[Any]):
    """An array that is stopped when its second step begins."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice) and key.start:
            raise Stopped
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        yield from self[:STEP]
        raise Stopped


@pytest.fixture
def short_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(arrays, "STEP", STEP)
    monkeypatch.setattr(common, "STEP", STEP)
    monkeypatch.setattr(common, "RUN", STEP)
    yield


@pytest.mark.usefixtures("short_steps")
def test_a_sum_goes_in_steps() -> None:
    with pytest.raises(Stopped):
        arrays.sum_(Array(range(20)))
    with pytest.raises(errors.TypeError):  # what the first step finds wrong is told before the second begins
        arrays.sum_(Array([True] * 20))
    assert arrays.sum_(list(range(95))) == sum(range(95))


@pytest.mark.usefixtures("short_steps")
def test_a_sort_goes_in_steps() -> None:
    with pytest.raises(Stopped):
        arrays.sort(Array(range(20)))
    assert arrays.sort(list(range(95, 0, -1))) == list(range(1, 96))


@pytest.mark.usefixtures("short_steps")
def test_a_sort_in_steps_keeps_the_order_of_equal_elements() -> None:
    numbers = [1 if n % 3 else 1.0 for n in range(64)]
    assert [type(n) for n in arrays.sort(list(numbers))] == [type(n) for n in numbers]
