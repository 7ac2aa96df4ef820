"""Programs of any depth and length run, or are refused with an error of the language."""

import asyncio
from typing import Any

import pytest

from hocket import errors
from hocket.format import format_text
from hocket.render import render
from hocket.session import Outcome, Session
from hocket.syntax.parser import MOST_PROBLEMS

DEPTH = 10_000
# What stands DEPTH times before and behind the innermost.
NESTED = {
    "parentheses": ("x := ", "(", "1", ")"),
    "arrays": ("x := ", "[", "", "]"),
    "dicts": ("x := ", "{a: ", "1", "}"),
    "structs": ("struct P { x }\nx := ", "P { x: ", "1", "}"),
    "indices": ("let x = [0]\n", "x[", "0", "]"),
    "calls": ("", "print(", "", ")"),
    "strings": ("x := ", '"${', "1", '}"'),
    "blocks": ("", "{ ", "a := 1", " }"),
    "arrows": ("x := ", "a => { ", "1", " }"),
    "functions": ("", "func f() { ", "1", " }"),
    "tasks": ("", "spawn { ", "1", " }"),
    "scopes": ("", "scope { ", "1", " }"),
    "tries": ("", "try { ", "1", " } finally { }"),
    "matches": ("", "match 1 { case 1 { ", "1", " } }"),
    "loops": ("", "while false { ", "1", " }"),
    "ifs": ("", "if true { ", "1", " }"),
    "elses": ("x := ", "if false { 1 } else { ", "2", " }"),
    "else ifs": ("x := ", "if false { 1 } else ", "{ 2 }", ""),
    "patterns": ("let ", "[", "a", "] "),
    "types": ("func f(a: ", "list<", "int", ">"),
    "signs": ("x := ", "-", "1", ""),
    "nots": ("x := ", "not ", "1", ""),
    "exclamations": ("x := ", "!", "1", ""),
    "awaits": ("x := ", "await ", "1", ""),
    "spawns": ("x := ", "spawn ", "1", ""),
    "throws": ("x := ", "throw ", "1", ""),
    "powers": ("x := ", "1 ** ", "1", ""),
    "fields": ("x := {}\n", "", "x", ".a"),
    "alternatives": ("x := ", "", "null", " ?? null"),
}
CLOSINGS = {"patterns": " = 1", "types": ") { }"}


def run(text: str) -> Outcome:
    async def main() -> Outcome:
        session = Session()
        outcome = await session.run(text)
        await session.close()
        return outcome

    return asyncio.run(main())


@pytest.mark.parametrize("name", list(NESTED))
def test_deep_programs_end_in_a_value_or_an_error_of_the_language(name: str) -> None:
    before, opening, innermost, closing = NESTED[name]
    text = before + opening * DEPTH + innermost + closing * DEPTH + CLOSINGS.get(name, "")
    error = run(text).error
    assert error is None or isinstance(error, errors.StaticErrors)
    if error is not None:
        assert [problem.message for problem in error.problems] == ["nested too deeply"]
        assert render(error)
    try:
        laid_out = format_text(text)
    except errors.StaticErrors as refused:
        assert str(refused) == "nested too deeply"
    else:
        assert laid_out


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\n".join(f"x{number % 100} := {number}" for number in range(30_000)) + "\nx99", 29_999),
        ('x := "' + "a" * 1_000_000 + '"\nlen(x)', 1_000_000),
        ('x := """' + "a\n" * 500_000 + '"""\nlen(x)', 999_999),
        ("/*" + "a" * 1_000_000 + "*/ 1", 1),
        ("x := [" + "1, " * 50_000 + "]\nlen(x)", 50_000),
        ("a" * 1_000_000 + " := 1\n2", 2),
        (" " * 1_000_000 + "3", 3),
        ("x := 1" + "0" * 999_998 + "7\nx % 1000", 7),
        ("0x" + "f" * 1_000_000 + " % 16", 15),
    ],
    ids=["lines", "string", "text", "comment", "array", "name", "blanks", "digits", "hexadecimal digits"],
)
def test_long_programs_run(text: str, value: Any) -> None:
    outcome = run(text)
    assert outcome.error is None
    assert outcome.value == value


@pytest.mark.parametrize(
    "text",
    ["let = 1\n", "foo\n", "@ ", "\0", '"\n', "1 ", ",", "(", ")", '"${', 'x := "\\q"\n'],
    ids=[
        "statements",
        "names",
        "characters",
        "NUL",
        "quotes",
        "numbers",
        "commas",
        "open",
        "closed",
        "code",
        "escapes",
    ],
)
def test_however_much_is_wrong_only_so_much_is_told(text: str) -> None:
    error = run(text * 20_000).error
    assert isinstance(error, errors.StaticErrors)
    assert 1 <= len(error.problems) <= MOST_PROBLEMS
    assert render(error)
