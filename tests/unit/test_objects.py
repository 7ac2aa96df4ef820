"""Python's objects in programs: what needs classes or threads of Python to be shown."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import enum
import functools
import gc
import threading
import types
from collections import namedtuple
from typing import Any

import pytest

from hocket import errors
from hocket.runtime.display import show
from hocket.runtime.objects import Handed
from hocket.session import Outcome, Session

LOG: list[Any] = []


class Thing:
    """A thing."""

    limit = 3

    def __init__(self, x: Any = 1) -> None:
        self.x = x
        self._hidden = 2

    @property
    def costly(self) -> int:
        LOG.append("ran")
        return 5

    @property
    def broken(self) -> Any:
        return self.nothing  # type: ignore[attr-defined]

    @classmethod
    def make(cls, n: int) -> None: ...

    @staticmethod
    def plain(n: int) -> None: ...

    def method(self, a: Any, b: Any = 2, *, c: Any = 3) -> Any:
        """Does it."""
        return [a, b, c]

    def fails(self) -> None:
        raise OddError("odd")

    def wrong(self) -> Any:
        return 1 + "a"  # type: ignore[operator]

    def __repr__(self) -> str:
        return f"Thing({self.x})"


class OddError(Exception):
    pass


class Columns:
    """Compares element by element, as arrays of numeric libraries do."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __eq__(self, other: object) -> Any:
        return Columns([value == other for value in self.values])

    def __ne__(self, other: object) -> Any:
        return Columns([value != other for value in self.values])

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    def __getitem__(self, key: Any) -> Any:
        return self.values[key]


class Truth:
    def __init__(self, value: bool) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value


class Slots:
    __slots__ = ("a",)

    @property
    def fixed(self) -> int:
        return 1


class Shy:
    def __repr__(self) -> str:
        raise RuntimeError("not now")


class Color(enum.IntEnum):
    RED = 1


Pair = namedtuple("Pair", "x y")  # noqa: PYI024  what libraries have


def in_thread(function: Any, *args: Any) -> Any:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return asyncio.wrap_future(pool.submit(function, *args))


class Pool:
    """Calls functions in a thread of its own, and remembers them."""

    def __init__(self) -> None:
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.kept: list[Any] = []
        self.on_event: Any = None

    async def call(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.pool, functools.partial(function, *args))

    async def call_kept(self) -> Any:
        return await self.call(self.on_event)

    def keep(self, function: Any) -> None:
        self.kept.append(function)

    def drop(self, function: Any) -> None:
        self.kept.remove(function)

    def thread(self) -> bool:
        return threading.current_thread() is threading.main_thread()


NAMES: dict[str, Any] = {
    "Thing": Thing, "Columns": Columns, "Truth": Truth, "Slots": Slots, "Shy": Shy, "Color": Color, "Pair": Pair,
    "functools": functools, "asyncio": asyncio, "collections": collections, "to_thread": asyncio.to_thread,
}  # fmt: skip


def run(*texts: str) -> list[Outcome]:
    async def main() -> list[Outcome]:
        session = Session()
        pool = Pool()
        for name, value in (NAMES | {"pool": pool}).items():
            session.assign(name, value)
        outcomes = [await session.run(text, f"cell {number}") for number, text in enumerate(texts, 1)]
        await session.close()
        pool.pool.shutdown()
        return outcomes

    LOG.clear()
    return asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("t := Thing(5); [t.x, t.limit, t._hidden]", "[5, 3, 2]"),
        ("t := Thing(); t.x := 7; t.x += 1; t.new := t.x; t.new", "8"),
        ("Thing().method(1, c: 5)", "[1, 2, 5]"),
        ("Thing().method(...[1, 2])", "[1, 2, 3]"),
        ("m := Thing().method; m(1)", "[1, 2, 3]"),
        ("[Thing(2), type(Thing(2)), Thing]", '[Thing(2), "Thing", <class Thing>]'),
        ('"${Thing(2)}"', '"Thing(2)"'),
        ("Shy()", "<Shy>"),
        ("if Truth(false) { 1 } else { 2 }", "2"),
        ("[!Truth(true), Truth(true) && 1, Truth(false) || 0]", "[false, true, false]"),
        ("(Columns([1, 2]) == 1).values", "[true, false]"),
        ("x := 1; (Columns([1, 2]) != x).values", "[false, true]"),
        ("x := Columns([1, 2]); y := [1]; (y == x).values", "[false, false]"),
        ("Columns([1, 2, 3])[1..]", "[2, 3]"),
        ("Columns([1, 2, 3])[..=1]", "[1, 2]"),
        ("p := Pair(1, 2); [p.x, p[1], len(p), p.map(n => n * 2), 2 in p]", "[1, 2, 2, [2, 4], true]"),
        ("let [a, b] := Pair(1, 2); [b, a]", "[2, 1]"),
        ("[Pair(1, 2), Pair(1, 2) == [1, 2.0], [1, 2] == Pair(1, 2)]", "[[1, 2], true, true]"),
        ("[Pair(1, 2)._replace(x = 5), Pair(1, 2)._fields, type(Pair(1, 2))]", '[[5, 2], ["x", "y"], "array"]'),
        ("match Pair(1, 2) { case [a, b] { a + b } }", "3"),
        ("match Thing(4) { case int n { n } case Thing t { t.x } }", "4"),
        ("match Thing(4) { case functools.partial p { 1 } case _ { 2 } }", "2"),
        ("[Color.RED.name, Color.RED + 1]", '["RED", 2]'),
        ("functools.reduce((a, b) => a + b, [1, 2, 3])", "6"),
        ("t := Thing(); t.f := x => x + 1; [t.f(2), t.f, type(t.f)]", '[3, <func anonymous>, "function"]'),
        ("Thing.twice := x => x.x * 2; y := Thing(3).twice(); Thing.twice := null; y", "6"),
        ("func f() { }; pool.keep(f); pool.drop(f); pool.kept", "[]"),
        ('q := collections.namedtuple("Q", ["x"])(1); [q._replace(x = 2), q.x]', "[[2], 1]"),
        ("asyncio.__name__", '"asyncio"'),
    ],
)
def test_objects_are_used_as_they_are(text: str, shown: str) -> None:
    (outcome,) = run(text)
    assert outcome.error is None
    assert show(outcome.value) == shown


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("Thing().lmit", "Field not found: lmit", "did you mean `limit`?"),
        ("Thing().zzz()", "Field not found: zzz", "Thing has no `zzz`"),
        ("Thing.zzz", "Field not found: zzz", "class Thing has no `zzz`"),
        ("functools.zzz", "Field not found: zzz", "module functools has no `zzz`"),
        ("functools.reduse(1)", "Field not found: reduse", "did you mean `reduce`?"),
        ("Thing().__dict__", "Field not found: __dict__", "Thing has no `__dict__`"),
        ("Thing().__x := 1", "Field not found: __x", "names with `__` are Python's own"),
        ("Thing().broken", "Field not found: nothing", None),
        ("Slots().b := 1", "Field not found: b", "Slots has no `b`"),
        ("Slots().fixed := 1", "`fixed` of Slots cannot be assigned", None),
        ("(x => x).y := 1", "Field not found: y", "the fields of function cannot be assigned"),
        ("Thing().method()", "method expects 1 to 2 arguments, got 0", None),
        ("Thing().method(1, 2, 3)", "method expects 1 to 2 arguments, got 3", None),
        ("Thing().method(1, d = 3)", "method has no parameter `d`", None),
        ("Thing().method(1, a = 3)", "method got two values for `a`", None),
        ("Thing(1, 2)", "Thing expects 0 to 1 argument, got 2", None),
        ("functools.reduce(x => x, [1, 2])", "anonymous expects 1 argument, got 2", None),
        ("Thing().fails()", "OddError: odd", None),
        ("Thing().wrong()", "TypeError: unsupported operand type(s) for +: 'int' and 'str'", None),
        ("if Columns([1]) { }", "ambiguous", None),
        ("Thing() + 1", "Invalid binary operation: Thing + int", None),
        ("true / Thing()", "Invalid binary operation: bool / Thing", None),
        ('"%s" % Thing()', "Invalid binary operation: string % Thing", None),
        ("Thing() < Thing()", "Invalid binary operation: Thing < Thing", None),
        ("-Thing()", "Invalid unary operation: -Thing", None),
        ("Thing()[0]", "Thing has no elements: it cannot be indexed", None),
        ("Thing()[0..1]", "Thing cannot be sliced", "arrays, strings, bytes and ranges can"),
        ("Thing()()", "Thing() is not a function: it is a Thing", None),
        ("for x in Thing() { }", "cannot iterate over Thing", None),
        ("1 in Thing()", "`in` needs a collection on its right, got Thing", None),
    ],
)
def test_mistakes_are_told_in_the_languages_words(text: str, message: str, hint: str | None) -> None:
    (outcome,) = run(text)
    assert isinstance(outcome.error, errors.Error)
    assert (outcome.error.message, outcome.error.hint) == (message, hint)


def test_a_property_runs_once_and_not_for_a_hint() -> None:
    (outcome, _) = run("Thing().costly", "Thing().costli")
    assert outcome.value == 5
    assert LOG == ["ran"]


def test_an_exception_is_the_value_of_its_error() -> None:
    (outcome,) = run("try { Thing().fails() } except PythonError e { return [e.type, e.message, e.value] }")
    assert outcome.value[:2] == ["PythonError", "OddError: odd"]
    assert isinstance(outcome.value[2], OddError)


@pytest.mark.parametrize("call", ["pool.call(f)", "asyncio.to_thread(f)", "to_thread(f)", "pool.call_kept()"])
def test_a_function_called_in_another_thread_runs_in_the_loops(call: str) -> None:
    text = f"func f() {{ return pool.thread() }}\npool.on_event := f\nawait {call}"
    assert run(text)[0].value is True


def test_a_function_called_in_another_thread_may_be_async_and_fail() -> None:
    text = "async func f(x) { await async_sleep(1); if x < 0 { throw 'negative' }; return x * 2 }"
    plain = "func g(x) { throw 'thrown ${x}' }"
    value, failed, thrown, misfit = run(
        f"{text}\nawait pool.call(f, 2)",
        f"{text}\nawait pool.call(f, -1)",
        f"{plain}\nawait pool.call(g, 5)",
        f"{plain}\nawait pool.call(g)",
    )
    assert value.value == 4
    assert str(failed.error) == "negative"
    assert str(thrown.error) == "thrown 5"
    assert str(misfit.error) == "g expects 1 argument, got 0"


def test_a_function_that_a_thread_waits_for_keeps_turns_whole() -> None:
    text = """
let log := []
func f(n) { log.push("in ${n}"); log.push("out ${n}"); return n }
let values := await promise_all([1, 2, 3, 4].map(n => asyncio.to_thread(f, n)))
[values, log.chunk(2).all(([a, b]) => a.replace("in", "out") == b), log.len()]
"""
    assert run(text)[0].value == [[1, 2, 3, 4], True, 8]


def test_a_thread_that_waits_when_the_session_ends_is_let_go() -> None:
    text = "let held := pool.call(() => async_sleep(1m))\nspawn { await held }\nawait async_sleep(5)"
    (outcome,) = run(text)
    assert outcome.error is None


def test_a_function_called_after_the_session_is_refused() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(errors.CancelledError, match="the session has ended"):
        Handed.over(types.SimpleNamespace(loop=loop, asked=set(), is_closed=False), None, len, (), {})


def test_what_python_does_not_hold_any_more_is_nothing_to_wait_for() -> None:
    text = "functools.reduce((a, b) => a + b, [1, 2]); f := functools.partial(x => x); f := null"
    outcome, deadlock = run(text, "await promise((resolve, reject) => 1)")
    gc.collect()
    assert outcome.error is None
    assert isinstance(deadlock.error, errors.DeadlockError)


def test_completion_and_inspection_run_nothing_of_an_object() -> None:
    async def main() -> tuple[dict[str, list[tuple[str, str, str]]], dict[str, str | None]]:
        session = Session()
        session.assign("t", Thing())
        found = {text: [tuple(item) for item in session.complete(text, len(text)).items] for text in COMPLETED}
        shown = {text: session.inspect(text, len(text)) for text in INSPECTED}
        await session.close()
        return found, {text: each and each.text for text, each in shown.items()}  # type: ignore[return-value]

    LOG.clear()
    assert asyncio.run(main()) == (COMPLETED, INSPECTED)
    assert LOG == []


COMPLETED = {
    "t.co": [("costly", "property", "")],
    "t.m": [("make", "function", "make(n)"), ("method", "function", "method(a, b=2, *, c=3)")],
    "t.costly.": [],
    "t.pl": [("plain", "function", "plain(n)")],
}
INSPECTED: dict[str, str | None] = {
    "t.method": "t.method(a, b=2, *, c=3)\n\nDoes it.",
    "t.costly": None,
    "t": "t: Thing = Thing(1)",
    "t.make": "t.make(n)",
}


def test_structs_and_promises_have_a_text_in_python() -> None:
    (outcome,) = run("struct S { x }\nenum E { A(x) }\n[S(1), E::A(S(2)), promise_resolve(3)]")
    assert repr(outcome.value) == "[S { x: 1 }, E::A(S { x: 2 }), <promise resolved 3>]"
