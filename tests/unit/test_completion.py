"""What is offered at a cursor, and what is known there, whatever stands before it."""

import asyncio
from pathlib import Path

import pytest

from hocket.completion import Completions
from hocket.cursor import Index, look
from hocket.session import Session

PROGRAM = """
struct Point { x: float, y = 0.0, func length(self) { return 1 } }
let p := Point { x: 1.0 }
let rows := [{name: "a", inner: {deep: 1}}]
let conf := {server: {host: "h", "a b": 2}}
func outer(alpha, beta = 2) { return alpha }
func inner(gamma) { return gamma }
"""


def after(program: str, *questions: str, permissions: str | None = None) -> list[Completions]:
    """Run a program; return what is offered at the end of each of the texts."""

    async def main() -> list[Completions]:
        session = Session(permissions=permissions)
        outcome = await session.run(program)
        assert outcome.error is None, outcome.error
        found = [session.complete(text, len(text)) for text in questions]
        await session.close()
        return found

    return asyncio.run(main())


def offered(program: str, *questions: str) -> list[list[str]]:
    return [[item.text for item in found.items] for found in after(program, *questions)]


def test_elements_of_collections_are_followed() -> None:
    found = offered(
        PROGRAM, "rows[0].na", "rows[-1].inner.de", 'conf["server"].ho', 'conf["server"]["', "rows[7].", "rows[i]."
    )
    assert found == [["name"], ["deep", "deep_copy"], ["host"], ["a b", "host"], [], []]
    assert offered(PROGRAM, "x := rows[0]\n[1].pus", "[conf.server.ho", "{a: conf.server.ho") == [
        ["push"],
        ["host"],
        ["host"],
    ]


def test_arguments_are_named_in_the_innermost_call() -> None:
    texts = [
        "outer(al",
        "outer(inner(1), be",
        'outer(")", al',
        "outer(inner(ga",
        "outer(\n  1,\n  be",
        "outer([1, 2], be",
    ]
    assert [found[0] for found in offered(PROGRAM, *texts)] == [
        *("alpha=", "beta=", "alpha=", "gamma=", "beta=", "beta="),
    ]
    # One that is there is not offered again, nor any where a value is being typed.
    given, value, after_it = offered(PROGRAM, "outer(beta=1, ", "outer(beta=", "outer(inner(1)")
    assert "alpha=" in given and "beta=" not in given
    assert "alpha=" not in value and "alpha=" not in after_it


def test_fields_are_offered_where_a_struct_is_made() -> None:
    first, second, value = offered(PROGRAM, "Point { ", "Point {x: 1.0, ", "Point {x: ")
    assert {"x:", "y:"} <= set(first) & set(second)
    assert "y:" not in value


def test_broken_code_before_the_cursor_is_no_obstacle() -> None:
    texts = ["if x { \n )) conf.server.ho", "let := = (\nconf.server.ho", '"open\nconf.server.ho', "# conf.server.ho"]
    assert offered(PROGRAM, *texts) == [["host"]] * 4


def test_code_within_a_string_is_code_and_the_rest_is_not() -> None:
    inside, behind, triple = offered(PROGRAM, '"a ${conf.server.ho', '"a ${1} conf.server.ho', '"""\nconf.server.ho')
    assert (inside, behind, triple) == (["host"], [], [])


def test_offsets_count_characters_beyond_the_basic_plane() -> None:
    (found,) = after(PROGRAM, '"🎵🎶" + conf.server.ho')
    assert (found.start, found.end) == (19, 21)


def test_files_are_offered_within_strings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for name in ("data/one.csv", "data/only.txt", ".hidden", 'odd".txt', "über.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    texts = [
        'read_file("',
        'read_file("data/on',
        f"x := '{tmp_path.as_posix()}/da",
        'f("data/',
        'f(".hi',
        '"nowhere/',
        '"a\0',
    ]
    found = after("", *texts)
    assert [[item.text for item in one.items] for one in found] == [
        *(
            ["data/", "über.txt"],
            ["one.csv", "only.txt"],
            ["data/"],
            ["deep/", "one.csv", "only.txt"],
            [".hidden"],
            [],
            [],
        ),
    ]
    assert {item.type for item in found[1].items} == {"path"}
    assert (found[1].start, found[1].end) == (len('read_file("data/'), len('read_file("data/on'))


def test_files_that_may_not_be_read_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    (found,) = after("", f'"{tmp_path.as_posix()}/', permissions="--untrusted")
    assert found.items == []


def test_nothing_of_pythons_objects_is_run() -> None:
    python = "\n".join(
        [
            "class Spy:",
            "    @property",
            "    def danger(self): seen.append('property')",
            "    def __getattr__(self, name): seen.append(name)",
            "    def __dir__(self): seen.append('dir'); return []",
            "    def method(self, first, second=2): pass",
        ]
    )

    async def main() -> None:
        seen: list[str] = []
        namespace: dict[str, object] = {"seen": seen}
        exec(python, namespace)
        session = Session()
        session.assign("spy", namespace["Spy"]())  # type: ignore[operator]
        for text in ("spy.", "spy.danger.", "spy.danger(", "spy.missing.", "spy.method("):
            session.complete(text, len(text))
        items = {item.text: item for item in session.complete("spy.", 4).items}
        assert items["danger"].type == "property"
        assert items["method"].signature == "method(first, second=2)"
        assert session.inspect("spy.danger", 10) is None
        assert seen == []
        await session.close()

    asyncio.run(main())


def test_pythons_functions_have_signatures() -> None:
    (found,) = after("import py.datetime as dt", "dt.datetime.no")
    assert [tuple(item) for item in found.items] == [("now", "function", "now(tz=None)")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rows[0].name", 'rows[0].name: string = "a"'),
        ('conf["server"].host', 'conf["server"].host: string = "h"'),
        ('outer(inner(1), "', "func outer(alpha, beta = 2)"),
        ("outer(1, ", "func outer(alpha, beta = 2)"),
        ("foo().push", "push(x)"),
        ("p.length", "func p.length()"),
    ],
)
def test_inspection_follows_what_completion_follows(text: str, shown: str) -> None:
    async def main() -> None:
        session = Session()
        await session.run(PROGRAM)
        found = session.inspect(text, len(text))
        assert found is not None and found.text.startswith(shown)
        await session.close()

    asyncio.run(main())


def test_a_builtin_is_inspected_with_an_example_in_markdown() -> None:
    found = Session().inspect("xs.push", 7)
    assert found is not None
    assert found.markdown.startswith("```hocket\npush(x)\n```") and "a.push(2)" in found.markdown


def test_a_place_says_what_stands_before() -> None:
    place = look('f(a=1, rows[-1]["k"].wo')
    assert (place.word, place.is_member, place.is_argument, place.given) == ("wo", True, False, frozenset({"a"}))
    assert place.owner is not None and place.callee is not None
    assert (place.owner.text, place.owner.name, place.owner.steps) == ('rows[-1]["k"]', "rows", (Index(-1), Index("k")))
    assert place.callee.text == "f"
    assert look('x["ke').string == "ke" and look('x["ke').is_member
    assert look("").word == ""
