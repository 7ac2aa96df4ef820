"""How the tests of a file are run, in this process."""

from pathlib import Path

import pytest

from hocket.testing.results import Request, Result
from hocket.testing.runner import run_file


@pytest.fixture
def results(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function that runs a text and returns the results of its tests by name."""

    def run(text: str, **options: object) -> dict[str, Result]:
        path = tmp_path / "some.hkt"
        path.write_text(text, encoding="utf-8")
        found: dict[str, Result] = {}

        def send(kind: str, value: object) -> None:
            if isinstance(value, Result):
                found[value.name] = value

        run_file(Request(str(path), **options), send)  # type: ignore[arg-type]
        return found

    return run


ORDER = """
let top := "top level once"
print(top)
test_teardown { print("after") }
test_group "g" {
    test_teardown { await async_sleep(1); print("after in g") }
    test "inner" { print("inner") }
    test_setup { print("before in g") }
}
test "outer" { print("outer") }
test_setup { await async_sleep(1); print("before") }
"""


def test_setups_run_outside_in_and_teardowns_inside_out(results) -> None:  # type: ignore[no-untyped-def]
    found = results(ORDER)
    assert list(found) == ["g > inner", "outer"]
    assert found["g > inner"].output == "before\nbefore in g\ninner\nafter in g\nafter\n"
    assert found["outer"].output == "before\nouter\nafter\n"
    assert all(result.passed for result in found.values())


def test_the_top_level_runs_once_and_tests_share_it(results) -> None:  # type: ignore[no-untyped-def]
    text = "mut n := 0\nn += 1\ntest 'a' { n += 1; print(n) }\ntest 'b' { n += 1; print(n) }"
    assert [result.output for result in results(text).values()] == ["2\n", "3\n"]


def test_a_teardown_runs_after_a_failure_and_the_next_test_runs(results) -> None:  # type: ignore[no-untyped-def]
    found = results("test_teardown { print('after') }\ntest 'a' { throw 'boom' }\ntest 'b' { }")
    assert (found["a"].status, found["a"].message, found["a"].output) == ("error", "boom", "after\n")
    assert found["b"].passed


def test_a_failing_setup_or_teardown_fails_the_test(results) -> None:  # type: ignore[no-untyped-def]
    found = results("test_setup { throw 'no setup' }\ntest 'a' { print('never') }")
    assert (found["a"].message, found["a"].output) == ("no setup", "")
    found = results("test_teardown { throw 'one' }\ntest_teardown { print('other') }\ntest 'a' { 1 / 0 }")
    assert found["a"].message == "ZeroDivisionError: Division by zero"
    assert "error: one" in found["a"].text
    assert found["a"].output == "other\n"


def test_a_test_ends_with_its_tasks_and_fails_with_them(results) -> None:  # type: ignore[no-untyped-def]
    found = results(
        "test 'waits' { spawn { await async_sleep(5); print('done') } }\n"
        "test 'fails' { spawn { await async_sleep(1); throw 'in a task' } }"
    )
    assert found["waits"].output == "done\n"
    assert found["fails"].message == "in a task"


def test_what_a_setup_started_ends_behind_the_teardown(results) -> None:  # type: ignore[no-untyped-def]
    found = results(
        "test_setup { spawn { try { await async_sleep(60000) } finally { print('ended') } }; await async_sleep(1) }\n"
        "test_teardown { print('teardown') }\ntest 'a' { print('a') }"
    )
    assert found["a"].passed
    assert found["a"].output == "a\nteardown\nended\n"


def test_a_task_of_the_top_level_lives_as_long_as_the_file(results) -> None:  # type: ignore[no-untyped-def]
    text = "let ask := channel()\nspawn { for await x in ask { print(x) } }\n"
    text = "mut n := 0\nspawn { loop { await async_sleep(1); n += 1 } }\n"
    found = results(text + "test 'a' { while n < 2 { await async_sleep(1) } }\ntest 'b' { assert(n >= 2) }")
    assert [result.passed for result in found.values()] == [True, True]


@pytest.mark.parametrize("body", ["await async_sleep(60000)", "while true { }", "sleep(60000)"])
def test_a_test_over_its_time_is_stopped_and_cleaned_up(results, body: str) -> None:  # type: ignore[no-untyped-def]
    text = f"test_teardown {{ print('after') }}\ntest 'slow' {{ try {{ {body} }} finally {{ print('finally') }} }}"
    found = results(text + "\ntest 'next' { }", timeout=0.2)
    assert found["slow"].message == 'TimeoutError: test "slow" had not ended after 200ms and was stopped'
    assert "line 2, column" in found["slow"].text
    assert found["slow"].output == "finally\nafter\n"
    assert found["next"].passed


def test_values_that_should_be_equal_are_compared(results) -> None:  # type: ignore[no-untyped-def]
    found = results(
        "test 'short' {\n    assert_equal(1 + 1, 3)\n}\n"
        "test 'text' { assert_equal('a\\nb\\nc', 'a\\nx\\nc') }\n"
        "test 'deep' { assert_equal({a: [1, {b: 2}]}, {a: [1, {b: 3}]}) }\n"
        "test 'length' { assert_equal([1], [1, 2]) }\n"
    )
    assert {result.status for result in found.values()} == {"failed"}
    assert "line 2, column 5" in found["short"].text
    assert found["short"].text.endswith("  expected: 3\n  got:      2")
    assert found["text"].text.endswith("  - expected, + got:\n      a\n    - x\n    + b\n      c")
    assert found["deep"].text.endswith('  first difference at ["a"][1]["b"]: expected 3, got 2')
    assert found["length"].text.endswith("  first difference at [1]: expected 2, got nothing")


def test_an_err_that_is_passed_on_fails_the_test(results) -> None:  # type: ignore[no-untyped-def]
    assert results("test 'a' { Err('no')? }")["a"].message == "no"


def test_return_ends_a_test(results) -> None:  # type: ignore[no-untyped-def]
    found = results("test 'a' { if true { return }\n throw 'not reached' }")
    assert found["a"].passed


def test_a_pattern_selects_by_name_whatever_the_case(results) -> None:  # type: ignore[no-untyped-def]
    text = "print('top')\ntest 'One' { }\ntest_group 'Two' { test 'three' { } }"
    assert list(results(text, pattern="one")) == ["One"]
    assert list(results(text, pattern="two > ")) == ["Two > three"]
    assert results(text, pattern="four") == {}


def test_a_failing_top_level_fails_the_file_and_no_test_runs(results) -> None:  # type: ignore[no-untyped-def]
    found = results("print('printed')\ntest 'a' { }\nthrow 'top'")
    assert [(result.name, result.message, result.output) for result in found.values()] == [("", "top", "printed\n")]


def test_programs_with_comments_are_checked_and_their_tests_run(results) -> None:  # type: ignore[no-untyped-def]
    found = results("print(1)  # expect: 1\ntest 'a' { }\n---\nprint(1)  # expect: 2\n---\nlet x := 1\n")
    assert {name: result.passed for name, result in found.items()} == {
        "program in line 1": True,
        "a": True,
        "program in line 4": False,
        "program in line 6": False,
    }
    assert found["program in line 4"].text == "printed (- expected, + got):\n    - 2\n    + 1"
    assert "expects nothing" in found["program in line 6"].text


def test_a_program_that_says_it_fails_is_only_checked(results) -> None:  # type: ignore[no-untyped-def]
    assert list(results("test 'a' { throw 'never' }\nthrow 'top'  # error: top")) == ["program in line 1"]


def test_a_program_without_tests_is_not_run(results) -> None:  # type: ignore[no-untyped-def]
    assert results("throw 'not run'") == {}


def test_a_program_that_is_not_well_formed_fails(results) -> None:  # type: ignore[no-untyped-def]
    assert results("test 'a' { let = 1 }")[""].status == "syntax"
    assert results("test 'a' { print(conut) }")[""].status == "syntax"


def test_exit_fails_the_test_that_calls_it(results) -> None:  # type: ignore[no-untyped-def]
    found = results("test 'a' { try { exit(3) } finally { print('finally') } }\ntest 'b' { }")
    assert (found["a"].message, found["a"].output) == ('test "a" called exit(3)', "finally\n")
    assert found["b"].passed
    assert results("test 'a' { }\nexit(0)")[""].message == "the top level called exit(0)"
