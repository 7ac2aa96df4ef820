"""Generators: what a program cannot say of them, and how they get on with Python's."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from hocket import errors
from hocket.session import Outcome, Session

LOG: list[str] = []


def run(*texts: str, **variables: Any) -> list[Outcome]:
    """Run cells in one session and return how they ended."""

    async def main() -> list[Outcome]:
        session = Session()
        for name, value in variables.items():
            session.assign(name, value)
        outcomes = [await session.run(text, f"cell {number}") for number, text in enumerate(texts, 1)]
        await session.close()
        return outcomes

    LOG.clear()
    return asyncio.run(main())


async def python_stream() -> AsyncIterator[int]:
    try:
        for number in range(3):
            await asyncio.sleep(0)
            yield number
    finally:
        await asyncio.sleep(0)
        LOG.append("closed")


def python_generator() -> Iterator[int]:
    try:
        yield from range(3)
    finally:
        LOG.append("closed")


def test_a_python_generator_is_one_of_the_language() -> None:
    text = "for x in python() { break }; [type(python()), print_text(python()), python().map(x => x * 2).collect()]"
    (outcome,) = run(text.replace("print_text(python())", '"${python()}"'), python=python_generator)
    assert outcome.value == ["generator", "<generator python_generator>", [0, 2, 4]]
    assert LOG == ["closed"] * 2


def test_a_python_stream_is_waited_for_and_closed() -> None:
    # Before the next statement, though the program still holds it.
    held = "let s := python(); for await x in s { break }; len(log)"
    assert run(held, python=python_stream, log=LOG)[0].value == 1
    text = "let xs := []; for await i, x in python() { xs.push([i, x]) }; for await x in python() { break }; xs"
    outcome, other = run(text, "await collect(python())", python=python_stream)
    assert outcome.value == [[0, 0], [1, 1], [2, 2]]
    assert LOG == ["closed"] * 3
    assert other.value == [0, 1, 2]


def test_a_combinator_takes_a_stream() -> None:
    text = "async func* g() { yield async_sleep(1); yield 2 }\n[await promise_all(g()), await promise_all(python())]"
    (outcome,) = run(text, python=python_stream)
    assert outcome.value == [[None, 2], [0, 1, 2]]


def test_a_dropped_generator_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    text = """
async func* g() { try { yield 1 } finally { await async_sleep(1) } }
g()
func cycle() { let all := []; all.push(all); all.push(g()); all.push(g().map(x => x)) }
cycle()
func dropped() { let unused := g(); return null }
dropped()
let halfway := g()
spawn { for await x in halfway { await async_sleep(60000) } }
await async_sleep(1)
"""
    (outcome,) = run(text)
    gc.collect()
    assert outcome.error is None
    assert capfd.readouterr() == ("", "")


def test_an_error_in_a_generator_shows_its_line_and_the_loop() -> None:
    text = "func* g() {\n  yield 1\n  yield 1 / 0\n}\nfor x in g() { }"
    error = run(text)[0].error
    assert isinstance(error, errors.ZeroDivisionError)
    assert [(place.function, place.line) for site in error.sites if (place := site.resolve())] == [
        (errors.TOP_LEVEL, 5),
        ("g", 3),
    ]


@pytest.mark.parametrize("text", ["for await x in g() { }", "for await x in [1] { await collect(g().map(y => y)) }"])
def test_a_deadlock_names_the_line_of_the_generator_that_waits(text: str) -> None:
    error = run(f"async func* g() {{\n  yield 1\n  await deferred().promise\n}}\n{text}")[0].error
    assert isinstance(error, errors.DeadlockError)
    assert "line 3" in error.message


def test_nothing_of_pythons_protocol_can_be_seen() -> None:
    for name in ("send", "throw", "gi_frame", "aclose", "body", "close"):
        for keyword in ("func*", "async func*"):
            error = run(f"{keyword} g() {{ yield 1 }}\ng().{name}")[0].error
            assert isinstance(error, errors.FieldError), (keyword, name)


@pytest.mark.parametrize("keyword", ["func*", "async func*"])
@pytest.mark.parametrize("parameter", ["n", "n: int"])
def test_inspection_shows_what_it_is(keyword: str, parameter: str) -> None:
    async def main() -> str:
        session = Session()
        await session.run(f"/// Counts.\n{keyword} g({parameter}) {{ yield n }}")
        description = session.inspect("g", 1)
        assert description is not None
        return description.text

    assert asyncio.run(main()) == f"{keyword} g(n)\n\nCounts.\n\ndefined in cell 1, line 2"


@pytest.mark.parametrize("text", ["func* g() {", "for await x in g() {", "func* g() { yield"])
def test_an_open_one_is_incomplete(text: str) -> None:
    assert Session().is_complete(text)[0] == "incomplete"


def test_deep_generators_end_with_an_error_of_the_language() -> None:
    plain = "func* g(n) { for x in g(n + 1) { yield x } }\ncollect(g(0))"
    waiting = "async func* g(n) { for await x in g(n + 1) { yield x } }\nfor await x in g(0) { }"
    for outcome in run(plain, waiting):
        assert isinstance(outcome.error, errors.RecursionError)


class UsedUp:
    """An iterator of a Python library whose end is not the end of who asks it."""

    def take(self) -> int:
        raise StopIteration

    async def take_later(self) -> int:
        raise StopAsyncIteration


def test_the_end_of_a_python_iterator_is_an_error_of_the_language() -> None:
    plain, later = run(
        "used.take()", "async func* g() { yield await used.take_later() }\nfor await x in g() { }", used=UsedUp()
    )
    assert str(plain.error) == "StopIteration: the iterator has no more elements"
    assert str(later.error) == "StopAsyncIteration: the iterator has no more elements"


def test_an_error_of_python_in_a_finally_block_is_raised_as_itself() -> None:
    def fails() -> None:
        raise RuntimeError("from a library")

    (outcome,) = run("func* g() { try { yield 1 } finally { fails() } }; for x in g() { break }", fails=fails)
    assert str(outcome.error) == "RuntimeError: from a library"
