"""The form in which errors are shown."""

import asyncio

import pytest

from hocket import errors
from hocket.errors import Problem, StaticErrors
from hocket.render import WIDTH, render
from hocket.session import Session
from hocket.source import Source, Span


def problem(text: str, marked: str, hint: str | None = None, message: str = "wrong") -> StaticErrors:
    source = Source("cell 3", text)
    start = source.text.index(marked)
    return StaticErrors([Problem(message, source, Span(start, start + len(marked)), hint)])


def failure(text: str) -> errors.HocketError:
    async def main() -> errors.HocketError:
        session = Session()
        outcome = await session.run(text)
        await session.close()
        assert outcome.error is not None
        return outcome.error

    return asyncio.run(main())


def test_the_line_is_shown_with_marks_and_hint() -> None:
    assert render(problem("a\nb\nc\nprint(conut)", "conut", "did you mean `count`?", "Undefined variable: conut")) == (
        "error: Undefined variable: conut\n"
        "  --> cell 3, line 4, column 7\n"
        "   |\n"
        " 4 | print(conut)\n"
        "   |       ^^^^^  did you mean `count`?"
    )


@pytest.mark.parametrize(
    ("text", "marked", "expected"),
    [
        ("\tx := yy", "yy", "   | \t     ^^"),
        ("f('漢字', yy)", "yy", "   |           ^^"),
        ("x := (1 +\n2", "(1 +\n2", "   |      ^^^^"),
        ("x :=", "", "   | ^"),
    ],
    ids=["tab", "wide", "two lines", "nothing"],
)
def test_the_marks_stand_under_what_is_wrong(text: str, marked: str, expected: str) -> None:
    assert render(problem(text, marked)).splitlines()[-1] == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    lines = render(problem("x" * 5000 + "HERE" + "y" * 5000, "HERE")).splitlines()
    shown, marks = lines[-2], lines[-1]
    assert len(shown) <= WIDTH + 20
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "HERE"


def test_control_characters_are_not_written_to_the_terminal() -> None:
    assert "\x1b" not in render(problem("x\x1b[2J := HERE", "HERE"))


def test_colours_are_added_only_when_wanted() -> None:
    assert "\x1b[1;31merror" in render(problem("x", "x"), color=True)
    assert "\x1b" not in render(problem("x", "x"))


def test_repeated_calls_are_counted() -> None:
    text = render(failure("func f(n) { if n == 0 { throw 'end' }\n  f(n - 1) }\nf(5)"))
    assert text.splitlines()[-2:] == ["called from f (cell 1, line 2), 5 times", "called from cell 1, line 3"]


def test_cause_and_companions_are_shown() -> None:
    text = render(failure("try { [][0] } except e {\n  throw 'second' }"))
    assert text.splitlines()[-1] == "caused by IndexError: Index out of bounds: 0 (cell 1, line 1)"
    others = (
        "scope {\n spawn { try { await async_sleep(9999) } finally { throw 'late' } }\n"
        " spawn { await async_sleep(1); throw 'first' } }"
    )
    assert "also failed: late (cell 1, line 2)" in render(failure(others))


def test_a_failure_of_our_own_says_so() -> None:
    text = render(KeyError("oops"))
    assert text.startswith("error: internal error in Hocket: KeyError: 'oops'")
    assert "report" in text
