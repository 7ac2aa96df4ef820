"""The form in which errors are shown."""

import asyncio
import io

import pytest

from hocket import errors
from hocket.errors import Problem, StaticErrors
from hocket.render import WIDTH, is_color_wanted, render
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
        ("'e\u0301\u0301', yy", "yy", "   |      ^^"),
        ("'\U0001f600' + yy", "yy", "   |        ^^"),
        ("漢 + 字字", "字字", "   |      ^^^^"),
        ("a\t\tyy", "yy", "   |  \t\t^^"),
        ("x := (1 +\n2", "(1 +\n2", "   |      ^^^^"),
        ("x :=", "", "   | ^"),
    ],
    ids=["tab", "wide", "accents", "emoji", "wide marks", "inner tabs", "two lines", "nothing"],
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


@pytest.mark.parametrize(
    ("environment", "is_terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_wanted_on_a_terminal_or_when_asked_for(
    environment: dict[str, str], is_terminal: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return is_terminal

    assert is_color_wanted(Stream()) is wanted


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


def test_causes_are_shown_to_the_first() -> None:
    text = (
        "func a() { throw 'one' }\n"
        "func b() { try { a() } except e { throw 'two' } }\n"
        "func c() { try { b() } except e { throw 'three' } }\n"
        "c()"
    )
    assert render(failure(text)).splitlines()[-3:] == [
        "called from cell 1, line 4",
        "caused by two (cell 1, line 2)",
        "caused by one (cell 1, line 1)",
    ]


def test_where_a_failed_promise_was_made_is_no_call() -> None:
    async def main() -> list[str]:
        told: list[str] = []
        session = Session(lambda error, text: told.append(text))
        await session.run('let d := deferred()\nd.reject("by hand")\nfunc f() { promise_reject("at once") }\nf()')
        await session.close()
        return told

    at_once, by_hand = asyncio.run(main())
    assert by_hand.splitlines()[1] == "  --> cell 1, line 2, column 1"
    assert by_hand.splitlines()[5:] == ["promise made at cell 1, line 1"]
    assert at_once.splitlines()[5:] == []


def test_the_middle_of_a_long_list_of_calls_is_counted() -> None:
    text = "func a(n) { if n == 0 { throw 'end' }; return b(n) }\nfunc b(n) { return a(n - 1) }\na(20)"
    lines = render(failure(text)).splitlines()
    assert "… 31 more calls" in lines
    assert lines[-1] == "called from cell 1, line 3"


@pytest.mark.parametrize(
    ("text", "line", "marked"),
    [
        ('x := "a${1}b${zz}c"', 1, "zz"),
        ('x := """\n  one\n   ${ "in ${nope}" }\n"""', 3, "nope"),
        ("f := x => {\n  y := x +\n    * 2\n}", 3, "*"),
        ("print(1,\n  2,\n  thre)", 3, "thre"),
        ("\r\n\r\nprint(nope)\r\n", 3, "nope"),
        ("\ufeff\tprint(nope)", 1, "nope"),
    ],
)
def test_the_place_is_right_in_texts_and_over_lines(text: str, line: int, marked: str) -> None:
    error = failure(text)
    assert isinstance(error, StaticErrors)
    found = error.problems[0]
    assert found.source.position(found.span.start)[0] == line
    assert found.source.text[slice(*found.span)] == marked


@pytest.mark.parametrize(
    "text",
    [
        "[1][9]",
        "{}['k']",
        "1 / 0",
        "null.x",
        "5()",
        "len()",
        "[1].map((a, b) => a)",
        "let [a, b] := [1]",
        "for x in null { }",
        "throw 'x'",
        "parse_int('x')",
        "'${1:zz}'",
        "await promise_reject('no')",
        "await spawn { throw 'x' }",
        "await promise_all([promise_reject('x')])",
        "await async_timeout(async_sleep(1000), 1)",
        "timeout 1ms { await async_sleep(1000) }",
        "scope { spawn { throw 'x' } }",
        "x := match 5 { case 4 { 1 } }",
        "struct P { x }\nP()",
        "struct P { x, func op_str(self) { throw 'x' } }\nprint(P(1))",
        "func f() { f() }\nf()",
        "read_file('/no/such/file')",
        "await deferred().promise",
        "func* g() { throw 'x'; yield 1 }\ng().collect()",
        "Err('x')?",
    ],
)
def test_every_failure_of_a_program_has_a_place(text: str) -> None:
    assert "--> cell 1, line " in render(failure(text))
