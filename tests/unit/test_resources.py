"""`with` over context managers of Python and of the library."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from hocket import errors
from hocket.runtime.clock import yield_now
from hocket.session import Outcome, Session

LOG: list[Any] = []


@contextlib.contextmanager
def plain(name: str) -> Iterator[str]:
    LOG.append(f"enter {name}")
    try:
        yield name
    except BaseException as error:
        LOG.append(type(error).__name__)
        raise
    finally:
        LOG.append(f"leave {name}")


@contextlib.asynccontextmanager
async def waiting(name: str) -> AsyncIterator[str]:
    await asyncio.sleep(0)
    LOG.append(f"enter {name}")
    try:
        yield name
    except BaseException as error:
        LOG.append(type(error).__name__)
        raise
    finally:
        await asyncio.sleep(0)
        LOG.append(f"leave {name}")


class Swallowing:
    def __enter__(self) -> int:
        return 1

    def __exit__(self, *_: object) -> bool:
        return True


class SwallowingLater:
    async def __aenter__(self) -> int:
        return 1

    async def __aexit__(self, *_: object) -> bool:
        return True


@contextlib.contextmanager
def failing(error: BaseException) -> Iterator[None]:
    try:
        yield
    finally:
        raise error


@contextlib.asynccontextmanager
async def failing_later(error: BaseException) -> AsyncIterator[None]:
    try:
        yield
    finally:
        raise error


class Lock:
    """As the library's are: it waits by the language's own means."""

    async def __aenter__(self) -> str:
        await yield_now()
        return "held"

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await yield_now()
        LOG.append(kind and kind.__name__)


Lock.__module__ = "hocket.stdlib.locks"

NAMES: dict[str, Any] = {
    "plain": plain,
    "waiting": waiting,
    "swallowing": Swallowing(),
    "swallowing_later": SwallowingLater(),
    "failing": failing,
    "failing_later": failing_later,
    "broken": LookupError("broken"),
    "passed_on": asyncio.CancelledError(),
    "log": LOG,
    "lock": Lock(),
    "limit": asyncio.timeout,
    "suppress": contextlib.suppress(OSError),
    "fail": lambda: open("/nowhere/at all"),  # noqa: SIM115
    "file": io.StringIO("text"),
    "never": asyncio.Event,
}


def run(text: str) -> Outcome:
    async def main() -> Outcome:
        session = Session()
        for name, value in NAMES.items():
            session.assign(name, value)
        outcome = await session.run(text)
        await session.close()
        return outcome

    LOG.clear()
    return asyncio.run(main())


@pytest.mark.parametrize("name", ["plain", "waiting"])
def test_a_context_manager_is_entered_and_left(name: str) -> None:
    outcome = run(f"with {name}(1) as a {{ with {name}(2) as b {{ [a, b] }} }}\nfunc f() {{ return 5 }}; f()")
    assert outcome.value == 5
    assert LOG == ["enter 1", "enter 2", "leave 2", "leave 1"]


@pytest.mark.parametrize("name", ["plain", "waiting"])
def test_a_context_manager_sees_the_error_and_lets_it_go_on(name: str) -> None:
    outcome = run(f'with {name}("a") {{ throw "boom" }}')
    assert str(outcome.error) == "boom"
    assert LOG == ["enter a", "Error", "leave a"]


@pytest.mark.parametrize("name", ["plain", "waiting"])
def test_a_stop_is_pythons_cancellation_to_a_context_manager(name: str) -> None:
    text = f'let t := spawn {{ with {name}("a") {{ await async_sleep(1m) }} }}\nawait yield_now(); await async_sleep(1)'
    outcome = run(f"{text}\nt.cancel()\ntry {{ await t }} except CancelledError e {{ }}\nt.status")
    assert outcome.value == "cancelled"
    assert LOG == ["enter a", "CancelledError", "leave a"]


def stopped(block: str) -> Any:
    """Stop a task in a `with` of `block`; return the messages of what failed on the way."""
    text = f'let t := spawn {{ with {block} {{ await async_sleep(1m) }}; log.push("goes on") }}\nawait yield_now()'
    text += "\nawait async_sleep(1)\nt.cancel()\nmut others := null"
    text += "\ntry { await t } except CancelledError e { others = e.others.map(o => o.message) }\nothers"
    return run(text).value


def test_a_context_manager_may_swallow_an_error() -> None:
    assert run('with swallowing as n { throw "gone" }\n"after"').value == "after"
    assert run('with swallowing_later as n { throw "gone" }\n"after"').value == "after"
    assert run('with suppress { fail() }\n"after"').value == "after"


@pytest.mark.parametrize("block", ["swallowing", "swallowing_later", "failing(passed_on)", "failing_later(passed_on)"])
def test_a_stop_goes_on_whatever_a_context_manager_makes_of_it(block: str) -> None:
    assert stopped(block) == []
    assert LOG == []


@pytest.mark.parametrize("block", ["failing(broken)", "failing_later(broken)"])
def test_a_stop_keeps_what_a_context_manager_fails_with(block: str) -> None:
    assert stopped(block) == ["LookupError: broken"]
    assert LOG == []


def test_a_plain_function_holds_what_does_not_wait() -> None:
    outcome = run('func f() { with plain("a") as x { return x } }\nf()')
    assert outcome.value == "a"
    assert LOG == ["enter a", "leave a"]
    assert run("func f() { with file as f { return f.read() } }\n[f(), file.closed]").value == ["text", True]


def test_a_plain_function_cannot_hold_what_waits() -> None:
    for name, kind in (("waiting(1)", "_AsyncGeneratorContextManager"), ("lock", "Lock")):
        error = run(f"func f() {{ with {name} {{ }} }}\nf()").error
        assert isinstance(error, errors.TypeError)
        assert str(error) == f"`with` of {kind} waits, which a plain function cannot"
    assert LOG == []


def test_a_limit_of_asyncio_works() -> None:
    outcome = run("with limit(0.001) { await never().wait() }")
    assert isinstance(outcome.error, errors.TimeoutError)


def test_a_lock_of_the_library_waits_as_the_language_does() -> None:
    assert (
        run('mut got := ""\nwith lock as l { got = l }\ntry { with lock { throw "x" } } except e { }\ngot').value
        == "held"
    )
    assert LOG == [None, "Error"]


def test_the_end_of_a_generator_leaves_what_it_holds() -> None:
    run('func* g() { with plain("a") { yield 1; yield 2 } }\nfor x in g() { break }')
    assert LOG == ["enter a", "GeneratorExit", "leave a"]
