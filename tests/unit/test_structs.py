"""What a program cannot say about its structs: later cells, results, completion, inspection."""

import asyncio
from typing import Any

import pytest

from hocket import errors
from hocket.render import render
from hocket.runtime.values import show
from hocket.session import Session

POINT = """/// A place.
struct Point {
    x: float, y: float = 0.0
    /// How far it is.
    func length(self, scale = 1) { return self.x * scale }
    async func fetch() { return x }
}
p := Point(1)
d := {at: p}"""


async def value(session: Session, text: str) -> Any:
    outcome = await session.run(text)
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def in_session(*cells: str) -> Any:
    """Run cells one after the other; return the value of the last."""

    async def main() -> Any:
        session = Session()
        result = None
        for cell in cells:
            result = await value(session, cell)
        await session.close()
        return result

    return asyncio.run(main())


def test_a_later_cell_makes_a_new_struct() -> None:
    cells = [
        POINT,
        "old := p",
        "struct Point { z }",
        "[old.x, Point(1).z, type(old) == type(Point(1)), old == Point(1)]",
    ]
    assert in_session(*cells) == [1, 1, True, False]


def test_a_function_of_an_earlier_cell_sees_the_new_struct() -> None:
    cell = "struct E { a }\nfunc f() { try { throw E(5) } except E e { return e.value } }\nlet old := E"
    assert in_session(cell, "struct E { b }", "[f().b, old(1).a]") == [5, 1]
    caught = "mut caught := null\ntry { throw old(1) } except E { caught := 1 } except e { caught := e.type }\ncaught"
    assert in_session(cell, "struct E { b }", caught) == "E"


def test_a_struct_of_another_cell_is_known_to_except_and_is_not_assigned() -> None:
    cells = ["struct E { a }", "got := 0", "try { throw E(5) } except TimeoutError | E e { got = e.a }", "got"]
    assert in_session(*cells) == 5
    with pytest.raises(errors.StaticErrors, match="immutable struct binding: E"):
        in_session("struct E { a }", "E = 5")
    assert in_session("struct E { a }", "let E := 5", "E") == 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("struct P { y, x = 2.0 }\nP('a')", 'P { y: "a", x: 2.0 }'),
        ("struct P { }\nP()", "P {}"),
        ("struct P { x, func op_str(self) { return 'own' } }\n[P(1)]", "[P { x: 1 }]"),
        ("struct P { x }\np := P(1)\np.x := p\np", "P { x: [...] }"),
        (f"struct P {{ x, y }}\nP('{'a' * 60}', '{'b' * 60}')", f'P {{\n  x: "{"a" * 60}",\n  y: "{"b" * 60}"\n}}'),
    ],
)
def test_a_result_is_shown_as_source_text(text: str, shown: str) -> None:
    assert show(in_session(text)) == shown


def test_deep_structs_are_cut() -> None:
    shown = show(in_session("struct P { x }\np := P(1)\nfor i in 50 { p := P(p) }\np"))
    assert "…" in shown
    assert len(shown) < 500


def test_an_error_in_making_one_points_at_the_call() -> None:
    with pytest.raises(errors.FieldError) as caught:
        in_session(POINT + "\nfunc f() {\n  return Point { x: 1, yy: 2 }\n}\nf()")
    lines = render(caught.value).splitlines()
    assert lines[0] == "error: FieldError: Point has no field yy"
    assert lines[3].endswith("return Point { x: 1, yy: 2 }")
    assert lines[4].endswith("^  the fields of Point are x, y")
    assert lines[5] == "called from cell 1, line 13"


@pytest.fixture
def session() -> Any:
    async def main() -> Session:
        session = Session()
        await value(session, POINT)
        return session

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("p.", ["copy", "deep_copy", "fetch", "length", "x", "y"]),
        ("d.at.le", ["length"]),
        ("Point(x", ["x="]),
        ("Point { x: 1, y", ["y:"]),
        ("p.length(sc", ["scale="]),
        ("Poi", ["Point"]),
    ],
)
def test_fields_and_methods_are_proposed(session: Session, text: str, first: list[str]) -> None:
    assert [item.text for item in session.complete(text, len(text)).items][: len(first)] == first


def test_signatures_are_proposed(session: Session) -> None:
    def signature(text: str) -> tuple[str, str]:
        (item,) = session.complete(text, len(text)).items
        return item.type, item.signature

    assert signature("Poin") == ("class", "Point(x: float, y: float = 0.0)")
    assert signature("p.len") == ("function", "length(scale = 1)")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Point", ["struct Point {", "x: float", "func length(scale = 1)", "async func fetch()", "A place.", "line 2"]),
        ("Point(", ["struct Point {"]),
        ("p.length", ["func p.length(scale = 1)", "How far it is.", "line 5"]),
        ("p.fetch(", ["async func p.fetch()"]),
        ("p.x", ["p.x: int = 1"]),
        ("p", ["p: struct = Point { x: 1, y: 0.0 }"]),
    ],
)
def test_structs_and_methods_are_described(session: Session, text: str, parts: list[str]) -> None:
    described = session.inspect(text, len(text))
    assert described is not None
    for part in parts:
        assert part in described.text
