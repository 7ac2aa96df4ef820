"""The tool that checks programs: what it lets pass, and how it says no."""

import time

import pytest

from hocket.testing import Mismatch, Program, check, fenced, programs


def complaint(text: str, limit: float = 10) -> str:
    with pytest.raises(Mismatch) as caught:
        for program in programs(text, "test.hkt"):
            check(program, limit)
    return str(caught.value)


def passes(text: str) -> None:
    for program in programs(text, "test.hkt"):
        check(program)


def test_printed_lines_are_compared_in_order() -> None:
    passes("print(1)  # expect: 1\nprint('')  # expect:\nprint('a\\nb')\n# expect: a\n# expect: b\n")


def test_a_difference_shows_both_sides() -> None:
    assert complaint("print(1)  # expect: 2") == "test.hkt\nprinted (- expected, + got):\n    - 2\n    + 1"


def test_a_line_too_many_is_a_difference() -> None:
    assert "    + 2" in complaint("print(1)  # expect: 1\nprint(2)")


def test_a_program_that_expects_nothing_is_refused() -> None:
    assert complaint("print(1)").startswith("test.hkt expects nothing")
    assert complaint("print(1)  # expect: 1\n---\nlet x := 1\n").startswith("test.hkt:3 expects nothing")


def test_errors_are_matched_by_line_and_text() -> None:
    passes("let xs := [1]\nxs[3]  # error: Index out of bounds: 3")
    passes("let a = = 1  # error: ")
    passes("func f() {\n    throw 'inside'  # error: inside\n}\nf()")
    passes("spawn { throw 'behind' }  # error: behind\nawait async_sleep(5)")


def test_an_error_on_another_line_is_not_the_expected_one() -> None:
    found = complaint("let xs := [1]  # error: Index out of bounds\nxs[3]")
    assert "line 1: expected error: Index out of bounds" in found
    assert "unexpected error:\nerror: " in found
    assert "--> test.hkt, line 2, column" in found


def test_an_error_that_does_not_come_is_missed() -> None:
    assert "line 1: expected error: boom" in complaint("1 + 1  # error: boom")


def test_where_a_warning_is_expected_all_are() -> None:
    two = "func f() { let x := 1 }  # warning: `x` is never used\nfunc g() { let y := 1 }"
    assert complaint(two) == "test.hkt\nline 2: unexpected warning: `y` is never used"
    passes(two + "  # warning: never used")
    assert complaint("1 + 1  # warning: odd") == "test.hkt\nline 1: expected warning: odd"
    passes("func g() { let y := 1 }\nprint(1)  # expect: 1")


def test_programs_of_a_file_share_nothing_and_keep_their_lines() -> None:
    passes("let x := 1\nprint(x)  # expect: 1\n---\nprint(x)  # error: Undefined variable: x")
    assert "line 4" in complaint("print(1)  # expect: 1\n---\n\nthrow 'here'  # error: there")


@pytest.mark.parametrize(
    "text",
    [
        "print('a')  # expect: a\nwhile true { }",
        "print('a')  # expect: a\nawait async_sleep(60000)",
        "print('a')  # expect: a\nspawn { while true { await async_sleep(1) } }",
        "print('a')  # expect: a\ntry { while true { } } finally { await async_sleep(60000) }",
    ],
)
def test_a_program_that_does_not_end_is_stopped(text: str) -> None:
    started = time.monotonic()
    assert "had not ended after 0.2 s and was stopped" in complaint(text, limit=0.2)
    assert time.monotonic() - started < 8


def test_the_programs_in_a_manual_are_its_marked_blocks() -> None:
    text = "# Title\n\n```hocket\nprint(1)\n---\nprint(2)\n```\n\n```sh\nls\n```\n\n```python\n    ```\n```\n"
    assert fenced(text, "manual.md") == [
        Program("manual.md:4", "print(1)", 3),
        Program("manual.md:6", "print(2)", 5),
    ]


def test_a_comment_chooses_the_clock() -> None:
    program = (
        "# clock: virtual\nlet begun := now_unix()\nawait async_sleep(24h)\nprint(now_unix() - begun, begun < 100)\n"
    )
    passes(program + "# expect: 86400 true")
    passes("# clock: real\nprint(now_unix() < 100)  # expect: false")
