"""Texts that are hard to read: each ends in a value or in an error with its place, and soon."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from hocket import errors
from hocket.errors import StaticErrors
from hocket.render import render
from hocket.runtime.foreign import unexpected
from hocket.runtime.registry import STDLIB
from hocket.session import Outcome, Session
from hocket.stdlib import json


def run(text: str) -> Outcome:
    async def main() -> Outcome:
        session = Session()
        outcome = await session.run(text, "cell 1")
        await session.close()
        return outcome

    return asyncio.run(main())


def test_an_int_of_a_million_digits_is_read() -> None:
    begin = time.perf_counter()
    assert run("x := 1" + "0" * 999_998 + "7\nx % 1000").value == 7
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_of_all_systems(end: str) -> None:
    outcome = run(
        end.join(["a := 1", "b := [a,", "  2]", "c := ${", 'd := """x', 'y"""', "e := b"]).replace("c := ${", "c := 3")
    )
    assert outcome.error is None
    assert run(end.join(["a := 1", "", "b := a + null"])).error.line == 3  # type: ignore[union-attr]


def test_a_byte_order_mark_is_not_there() -> None:
    assert run("\ufeffx := 5\nx").value == 5


def test_tabs_and_blanks_indent_alike() -> None:
    assert run("if true {\n\tx := 1\n  \t if x {\n\t\tx := 2 }\n\tx\n}\n7").value == 7


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("x := 1\0", "unexpected character U+0000", 7),
        ("x\x1b := 1", "unexpected character U+001B", 2),
        ("x := \ud800", "unexpected character U+D800", 6),
        ("x := 1 \u2028 2", "unexpected character U+2028", 8),
    ],
)
def test_a_character_that_means_nothing_has_its_place(text: str, message: str, column: int) -> None:
    error = run(text).error
    assert isinstance(error, StaticErrors)
    assert error.problems[0].message == message
    assert error.problems[0].source.position(error.problems[0].span.start) == (1, column)
    render(error).encode("utf-8")


def test_what_is_not_unicode_in_a_string_can_be_shown() -> None:
    outcome = run('x := "a\ud800b"\nx + null - 1')
    assert outcome.error is not None
    render(outcome.error).encode("utf-8")


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("[", "]"), ("{a: ", "}"), ("f(", ")"), ("-", ""), ("!", "")]
)
def test_ten_thousand_brackets(opening: str, closing: str) -> None:
    begin = time.perf_counter()
    for text in (opening * 10_000 + "1" + closing * 10_000, opening * 10_000, closing * 10_000):
        error = run("x := " + text).error
        assert error is None or isinstance(error, StaticErrors)
    assert time.perf_counter() - begin < 10


def test_ten_thousand_blocks() -> None:
    error = run("if true { " * 10_000 + "}" * 10_000).error
    assert isinstance(error, StaticErrors)
    assert "nested too deeply" in error.problems[0].message


def test_a_long_chain_of_operators_is_no_nesting() -> None:
    assert run(" + ".join(["1"] * 10_000)).value == 10_000


def test_json_nested_too_deeply_is_an_error_of_the_text() -> None:
    with pytest.raises(errors.ParseError, match="JSON parse error: nested too deeply"):
        json.decode("[" * 100_000)


def test_a_failure_inside_a_builtin_names_what_it_was_given() -> None:
    s = [1]
    error = unexpected(STDLIB.functions["trim"], sys._getframe(), TypeError("something of Python's"))
    assert error is not None
    assert (error.message, s) == ("trim() cannot use these arguments: array", [1])
