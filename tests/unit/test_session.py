"""Cells of one session: variables, redeclaration, output, completion, inspection."""

import asyncio
import signal
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from hocket import errors
from hocket.session import Session

T = TypeVar("T")


def on_loop(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(main)


async def cells(*texts: str) -> tuple[Session, list[Any]]:
    session = Session()
    results = []
    for number, text in enumerate(texts, 1):
        outcome = await session.run(text, f"cell {number}")
        results.append(outcome.error if outcome.error is not None else outcome.value)
    return session, results


def values(*texts: str) -> list[Any]:
    async def main() -> list[Any]:
        session, results = await cells(*texts)
        await session.close()
        return results

    return on_loop(main())


def test_variables_live_from_cell_to_cell() -> None:
    assert values("let x := 1", "func f() { return x + 1 }", "f()", "let x := 10", "f()")[2:] == [2, None, 11]


def test_variables_survive_an_error() -> None:
    results = values("x := 1\ny := [][0]\nz := 2", "x", "z")
    assert isinstance(results[0], errors.IndexError)
    assert results[1] == 1
    assert isinstance(results[2], errors.NameError)


def test_a_let_of_an_earlier_cell_cannot_be_reassigned_but_redeclared() -> None:
    results = values("let x := 1", "x = 2", "x := 3", "x")
    assert isinstance(results[1], errors.StaticErrors)
    assert results[3] == 3


def test_define_in_a_function_never_reaches_another_cell() -> None:
    assert values("n := 1", "func f() { n := 5; return n }\n[f(), n]", "func g() { n = 7 }\ng()\nn") == [
        None,
        [5, 1],
        7,
    ]


def test_a_builtin_may_be_shadowed_and_functions_keep_their_meaning() -> None:
    assert values("len([1])", "len := x => 'mine'", "len([1])")[::2] == [1, "mine"]


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("5", True),
        ("5;", False),
        ("5; # note", False),
        ("null", False),
        ("x := 5", False),
        ("if true { 1 } else { 2 }", True),
    ],
)
def test_what_a_cell_shows(text: str, is_shown: bool) -> None:
    async def main() -> bool:
        session = Session()
        outcome = await session.run(text)
        await session.close()
        return outcome.has_value

    assert on_loop(main()) is is_shown


def test_inspection_shows_how_an_enum_is_declared_and_a_variant_is_written() -> None:
    async def main() -> None:
        session, _ = await cells("enum Shape { Circle(r), Empty }")
        described = [session.inspect(name, 1) for name in ("Shape", "Ok", "None")]
        assert [found and found.text for found in described] == [
            "enum Shape { Circle(r), Empty }",
            "Ok(value)",
            "None: option = None",
        ]
        await session.close()

    on_loop(main())


def test_an_enum_that_is_declared_again_is_the_same() -> None:
    declared = "enum Shape { Circle(r), Empty }"
    found = values(
        declared, "s := Shape::Circle(1)", declared, "s == Shape::Circle(1)", "match s { case Shape x { x.r } }"
    )
    assert found[3:] == [True, 1]


def test_completion_knows_the_session_and_runs_nothing() -> None:
    async def main() -> None:
        session, _ = await cells("counter := {alpha: 1, nested: {beta: 2}}\nasync func fetch_all(urls, limit = 3) { }")

        def offered(text: str) -> list[str]:
            return [item.text for item in session.complete(text, len(text)).items]

        assert offered("counte") == ["counter"]
        assert "fetch_all" in offered("await fet")
        assert "alpha" in offered("counter.al")
        assert "beta" in offered("counter.nested.b")
        assert offered('counter["al') == ["alpha"]
        assert "limit=" in offered("fetch_all(li")
        assert "while" in offered("whi")
        await session.run("enum Shape { Circle(r), Empty }\nlet round := Shape::Circle(1)")
        assert offered("Shape::") == offered("Shape.") == ["Circle", "Empty"]
        assert offered("round.") == ["r"]
        assert "unwrap" in offered("nothing := Ok(1)\nNone.unwr")
        assert offered("nothing.here.") == offered("foo().") == offered('x["a"]["') == []
        assert offered('"text".upp') == ["upper"]
        assert offered("func f(param) { par")[0] == "param"
        assert offered("Promise.all_s") == ["all_settled"]
        await session.close()

    on_loop(main())


def test_inspection_shows_signature_documentation_and_value() -> None:
    async def main() -> None:
        session, _ = await cells(
            "/// Fetch it.\n/// Slowly.\nasync func fetch(url) { }\nx := [1, 2]", "func half(n, by = 2, more = n) { }"
        )

        def shown(text: str) -> str:
            found = session.inspect(text, len(text))
            return "" if found is None else found.text

        assert shown("fetch") == "async func fetch(url)\n\nFetch it.\nSlowly.\n\ndefined in cell 1, line 3"
        assert shown("fetch(") == shown("fetch")
        assert "x: array = [1, 2]" in shown("x")
        assert shown("half(").startswith("func half(n, by = 2, more = …)")
        assert shown("Promise.all").startswith("promise_all(")
        assert shown("async_sleep").startswith("await async_sleep(")
        assert shown("nothing") == ""
        await session.close()

    on_loop(main())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x := 1", "complete"), ("f(", "incomplete"), ("if x {", "incomplete"), ("1 +", "incomplete"), (")", "invalid")],
)
def test_is_complete(text: str, expected: str) -> None:
    async def main() -> str:
        return Session().is_complete(text)[0]

    assert on_loop(main()) == expected


def test_stop_ends_the_compilation_of_a_large_cell() -> None:
    async def main() -> None:
        session = Session()
        await session.run("kept := 1")
        before = signal.signal(signal.SIGALRM, session.on_sigint)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            outcome = await session.run("x := [1, 2] + [3]\n" * 50_000)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)  # one that comes after its handler is taken away ends the process
            signal.signal(signal.SIGALRM, before)
        assert outcome.interrupted
        assert (await session.run("kept")).value == 1
        await session.close()

    on_loop(main())


def test_completion_and_inspection_do_not_take_longer_for_a_long_line() -> None:
    async def main() -> None:
        session = Session()
        for text in ("d" * 200_000, "d." * 100_000, "[" * 200_000, '"' * 200_000):
            session.complete(text, len(text))
            session.inspect(text, len(text) // 2)
        await session.close()

    begun = time.monotonic()
    on_loop(main())
    assert time.monotonic() - begun < 10


def test_a_call_of_the_library_that_is_only_made_is_told_to_be_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    async def shown(text: str) -> str:
        session = Session()
        await session.run(text, "cell 1")
        await session.drain()
        await session.close()
        return capsys.readouterr().err

    hint = "nobody awaits it: write `await` before it"
    assert hint in on_loop(shown("let ch := channel()\nch.send(1)\nch.close()"))
    assert hint in on_loop(shown("async_write_file('none/x', 'a')\n1"))
    written = on_loop(shown("let ch := channel()\nlet p := ch.send(1)\nch.close()"))
    assert "send on a closed channel" in written
    assert hint not in written
    assert hint not in on_loop(shown("async func f() { throw 'no' }\nf()"))
