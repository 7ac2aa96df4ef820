"""The grammar, the nodes and the parser's own loop agree with each other."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lark import Token, Tree
from lark.lexer import Lexer

from hocket.source import Source, Span
from hocket.syntax import nodes, parser, tables
from hocket.syntax.filter import arrange
from hocket.syntax.parser import class_name, parse
from hocket.syntax.tokens import RESERVED, SPELLINGS, scan

GRAMMAR = tables.GRAMMAR.read_text(encoding="utf-8")

SAMPLE = """
test_setup { opened := [] }
test_group "fetching" {
    test_teardown { close(opened) }
    test "two pages" { assert(true) }
}
/// Fetches a page.
async func fetch(url: string, retries: int = 3, {a, b as c}, [d, ...e], ...rest) -> dict<string, int>? | null {
    let body := ""
    mut [x, {y: [z]}, ...others]: T[] = pairs
    for i, [k, v] in 0..retries {
        try {
            body := await get("${url}/page?x=${i:>3}&y=${k}")
            if r.status == 200 && r.body != null or !r.late { return r.body } else if r.status >= 500 { continue }
        } except TimeoutError | NetworkError e {
            print("late", e.message, ...rest, end = "\\n", sep: ", ")
        } except (e) { throw e } except { break } finally { d["k"][0] += 1 }
    }
    while not (a in b and c not in d) { a = -b ** 2 * 3 % 4 - 5 / 6 ; a.b := 1..=n |> x => x + 1 }
    for await [k, v] in stream { yield k }
    loop { break }
    loop while a?.b { {a, b} = c }
    return
}
[p, q] := [await fetch(u), spawn fetch(v), 'raw', r"\\d", 1.5, 100ms, true, false, null, ...xs]
h := {name: "x", [key]: 2, "${p}": 3, 4: 5, ...d, short}
f := async (a, b = 2) => { return {a} }
g := func(a) -> [int] { a[1..] ; a[..2] ; a[..=2] }
v := if p { 1 } else { 2 } ?? throw "none"
spawn { 1 } ; spawn("named") { 2 }
scope { } ; shield { x } ; timeline { x } ; timeout 50ms { y }
x => () => { }
async func* ticks() { yield } ; func*() { x := yield 1 }
w := x |> y => { }
try { } finally { }
const j: null | A.B := 0 || 1
enum Shape { Circle(r, unit: string), Square(side)
    Empty }
match fetch(u)? {
    case 1 | -2..=3 | -1.5 { Shape::Empty } case int n if n > 2: { }
    case Shape::Circle({a, b as c, "d e": [x, ...y]}, _) | Ok(null): { }
    case limits.most { } case m.Point{x: 0, y as z, ...r} | Shape::Rect{w} { } case m.Point p { }
    case {a, 1: true, ...r} { } case 5ms | "x${y}" | false { }
    default: { }
}
y := select { case [a, ...b] | Ok(a) from c.d() { a } case None from c: { } timeout 5ms + x: { 1 } default { } }
struct Point {
    x: float, y: list<int> = [0], z
    func length(self) { return self.x }
    async func load() { }, func op_add(self, o) { Point { x: 1, y, ...o } }
}
struct Empty { }
m.Empty { }
with lock { } ; with open(p)? as {a, b: [c]} { x }
import a ; import a.b.c as d
from py.json import loads, dumps as write
export struct Open { x, pub func show(self) { }, y }
pub async func load() { } ; export let limit = 3 ; export count := 4 ; export enum Mode { On }
try { } except m.Missing | a.b.Odd e { }
"""


class OurTokens(Lexer):
    """Gives Lark's loop the tokens of our scanner and filter."""

    def __init__(self, configuration: Any) -> None: ...

    def lex(self, text: Any) -> Any:  # type: ignore[override]
        scanned = scan(Source("sample", text))
        stream = arrange(scanned)
        for terminal, index in zip(stream.terminals, stream.indices, strict=True):
            yield Token(terminal, scanned.values.get(index, scanned.text(index)))


def names() -> set[str]:
    """Return the names that reach the tree."""
    return {rule.node for rule in tables.load().rules if rule.node}


def classes() -> dict[str, type[nodes.Node]]:
    found = inspect.getmembers(nodes, inspect.isclass)
    return {name: cls for name, cls in found if issubclass(cls, nodes.Node) and cls is not nodes.Node}


def shape(node: Any) -> Any:
    if isinstance(node, nodes.Node):
        return (type(node).__name__, [shape(child) for child in node.children])
    return None if node is None else str(node)


def lark_shape(tree: Any) -> Any:
    if isinstance(tree, Tree):
        return (class_name(tree.data), [lark_shape(child) for child in tree.children])
    return None if tree is None else str(tree)


def test_the_grammar_has_no_conflict() -> None:
    tables.lark_parser(GRAMMAR, strict=True)


def test_every_name_that_reaches_the_tree_has_a_node_and_the_other_way_round() -> None:
    assert {class_name(name) for name in names()} == set(classes())


def test_our_loop_builds_what_larks_own_does() -> None:
    lark = tables.lark_parser(GRAMMAR, lexer=OurTokens)
    assert shape(parse(Source("sample", SAMPLE)).program) == lark_shape(lark.parse(SAMPLE))


def test_the_sample_of_these_tests_has_every_node() -> None:
    seen: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, nodes.Node):
            seen.add(type(node).__name__)
            for child in node.children:
                visit(child)

    visit(parse(Source("sample", SAMPLE)).program)
    assert seen == set(classes())


def test_every_alternative_that_begins_with_a_dropped_token_has_an_alias() -> None:
    # Lark inlines a `?rule` with one kept child: without an alias `"not" x` is just `x`.
    for rule in tables.load().rules:
        if rule.node is None and not rule.origin.startswith("_"):
            assert rule.length == 1, rule


def test_the_alternatives_of_a_rule_that_is_passed_through_all_give_nodes() -> None:
    precedence = re.findall(r"^\?(\w+):", GRAMMAR, re.MULTILINE)
    assert {class_name(name) for name in precedence}.isdisjoint(classes())


def test_keywords_are_read_off_the_grammar() -> None:
    words = set(re.findall(r'"([a-z_]+)"', re.sub(r"//.*", "", GRAMMAR)))
    spellings = {spelling for spelling, word in SPELLINGS.items() if word in words}
    assert parser.keywords() == words | spellings
    assert {"if", "scope", "timeout", "catch", "fn"} <= parser.keywords()
    assert "struct" in RESERVED


def test_a_node_knows_its_children_and_its_place() -> None:
    statement = parse(Source("t", "a + b")).program.body[0]
    assert isinstance(statement, nodes.ExprStmt)
    assert isinstance(statement.value, nodes.BinaryExpr)
    assert statement.value.children[1] == "+"
    assert statement.span == Span(0, 5)
    assert nodes.TrueExpr(Span(0, 4)).children == ()
    with pytest.raises(AttributeError):
        statement.other = 1  # type: ignore[attr-defined]


# ---- the cache


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    return tmp_path


# Not what this process has loaded: states are numbered anew with each computation.
load = tables.load.__wrapped__


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_tables_from_the_cache_are_those_that_were_computed(cache_folder: Path) -> None:
    computed = load()
    assert len(stored(cache_folder)) == 1
    assert load() == computed


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"garbage" * 1000], ids=["empty", "zeros", "garbage"])
def test_a_damaged_cache_is_computed_anew(cache_folder: Path, damage: bytes) -> None:
    load()
    (file,) = stored(cache_folder)
    file.write_bytes(damage)
    again = load()
    assert len(again.actions) == len(tables.load().actions)
    assert load() == again


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(blocked))
    assert load().texts == tables.load().texts


def test_a_run_that_finds_the_cache_does_not_import_lark(cache_folder: Path) -> None:
    load()
    program = "import sys; from hocket.syntax import parser; parser.load(); sys.exit('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
