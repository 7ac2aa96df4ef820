"""Text, types and equality of values."""

from __future__ import annotations

from typing import Any

import pytest

from hocket import errors
from hocket.runtime.enums import NONE, SOME
from hocket.runtime.queues import Queue, Stack
from hocket.runtime.sets import Set
from hocket.runtime.values import Range, equal, format_value, print_text, show, tabulate, type_name
from hocket.source import Source
from hocket.stdlib import methods
from hocket.stdlib.collections import len_


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (12345678901234567890123, "12345678901234567890123"),
        (2.0, "2"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "NaN"),
        ("bare", "bare"),
        (["a", 1.0, None], "[a, 1, null]"),
        ({"b": 1, "a": "x"}, '{"a": x, "b": 1}'),
        ({10: "b", 9: "a"}, '{"9": a, "10": b}'),
        ({3, 1, 2}, "Set{1, 2, 3}"),
        (set(), "Set{}"),
        (Set(["b", [1.0], "a", "b"]), "Set{b, [1], a}"),
        (Queue([1, 2]), "<queue 2>"),
        (Stack([1]), "<stack 1>"),
        (b"\x01\x02", "bytes[1, 2]"),
        (Range(1, 4), "1..4"),
        (Range(1, 4, True), "1..=4"),
        (errors.TypeError("no", path="p"), "TypeError { line: null, message: no, path: p, stack: [] }"),
        (len_, "<native function: len>"),
        (errors, "<module hocket.errors>"),
    ],
)
def test_print_text(value: Any, text: str) -> None:
    assert print_text(value) == text


def test_a_collection_inside_itself_is_printed_once() -> None:
    a: list[Any] = [1]
    a.append({"a": a})
    assert print_text(a) == '[1, {"a": [...]}]'
    assert show(a) == '[1, {"a": [...]}]'


def test_what_is_shared_but_not_circular_is_printed_in_full() -> None:
    inner = [1]
    assert print_text([inner, inner]) == "[[1], [1]]"


def test_functions_of_a_program_print_with_their_names() -> None:
    source = Source("cell 1", "")
    source.register()
    names: dict[str, Any] = {}
    exec(compile("def add(): pass\nf = lambda: 0", source.filename, "exec"), names)
    assert print_text(names["add"]) == "<func add>"
    assert print_text(names["f"]) == "<func anonymous>"
    source.forget()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('a\n"${b}" \\ \x07', '"a\\n\\"\\${b}\\" \\\\ \\u{7}"'),
        (2.0, "2.0"),
        ({"b": 1, "a": [True, None]}, '{"b": 1, "a": [true, null]}'),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_show_is_source_text(value: Any, text: str) -> None:
    assert show(value) == text


def test_show_shortens_long_collections() -> None:
    text = show(list(range(10_000)))
    assert len(text) < 600
    assert "… 9900 more" in text


def test_show_stays_short_however_wide_the_nesting() -> None:
    wide = [[list(range(100)) for _ in range(100)] for _ in range(100)]
    assert len(show(wide)) < 20_000


def test_show_stops_at_deep_nesting() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep, 1]
    assert "[…]" in show(deep)


def test_show_stops_at_deep_nesting_of_enums() -> None:
    deep = NONE
    for _ in range(100_000):
        deep = SOME(deep)
    assert show(deep) == "Some(" * 9 + "…" + ")" * 9


def test_show_makes_a_table_of_flat_dicts() -> None:
    rows = [{"name": "Ada", "age": 36}, {"name": "Bo", "city": "X"}]
    assert show(rows) == "name │ age │ city\n─────┼─────┼─────\nAda  │  36 │\nBo   │     │ X"
    assert tabulate(rows) == (["name", "age", "city"], [["Ada", 36, None], ["Bo", None, "X"]])
    assert tabulate([{"a": [1]}, {"a": 2}]) is None


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (3.14159, ".2f", "3.14"),
        (2.0, ">5", "    2"),
        (2.0, "5", "    2"),
        (42, "05d", "00042"),
        (3.0, "d", "3"),
        (1234567, ",", "1,234,567"),
        (0.25, ".0%", "25%"),
        (255, "x", "ff"),
        ("ab", ">4", "  ab"),
        ("abc", ".2", "ab"),
        (None, "5", "null "),
        ([1, 2.0], "^10", "  [1, 2]  "),
    ],
)
def test_format_value(value: Any, spec: str, text: str) -> None:
    assert format_value(value, spec) == text


@pytest.mark.parametrize(("value", "spec"), [("a", ".2f"), (1, "?"), (True, "d"), (2.5, "d")])
def test_a_spec_that_does_not_fit_is_an_error(value: Any, spec: str) -> None:
    with pytest.raises(errors.ValueError, match="format"):
        format_value(value, spec)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        ([1, [2.0]], [1.0, [2]]),
        ({"a": 1, "b": [0.3]}, {"b": [0.1 + 0.2], "a": 1.0}),
        (Range(1, 4), Range(1, 3, True)),
        (Range(5, 1), Range(0, 0)),
        (None, None),
    ],
)
def test_equal(left: Any, right: Any) -> None:
    assert equal(left, right)
    assert equal(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (0, False),
        ([True], [1]),
        (float("nan"), float("nan")),
        (10**400, 1.0),
        ("1", 1),
        (None, False),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1], [1, 2]),
    ],
)
def test_unequal(left: Any, right: Any) -> None:
    assert not equal(left, right)
    assert not equal(right, left)


def test_type_names() -> None:
    values = [1, 1.0, "", True, None, [], {}, set(), b"", Range(0, 1), len_, errors.Error("x"), errors]
    assert [type_name(value) for value in values] == [
        *["int", "float", "string", "bool", "null", "array", "dict", "set", "bytes", "range", "function", "error"],
        "module",
    ]
    assert type_name(Source("x", "")) == "Source"


def test_a_range_is_lazy_and_hashable() -> None:
    wide = Range(0, 10**15)
    assert len(wide) == 10**15
    assert 10**14 in wide
    assert True not in wide
    assert wide[-1] == 10**15 - 1
    assert wide[2:5] == Range(2, 5)
    assert {Range(0, 3): "x"}[Range(0, 2, True)] == "x"
    with pytest.raises(errors.TypeError, match="from int to int"):
        Range(0.5, 2)  # type: ignore[arg-type]


def test_a_set_works_with_pythons_sets() -> None:
    ours = Set([3, 1])
    assert equal(ours, {1, 3})
    assert equal(frozenset({1, 3}), ours)
    assert not equal(ours, {1})
    assert list(ours | {2}) == [3, 1, 2]
    assert list(ours & {1, 9}) == list({1, 9} & ours) == [1]
    assert list(ours - {1}) == [3]
    assert list({1, 9} - ours) == [9]
    assert sorted({9} | ours) == [1, 3, 9]
    assert ours <= {1, 2, 3}
    assert ours < {1, 2, 3}
    assert ours >= {1}
    assert ours > {1}
    assert {1} < ours
    with pytest.raises(TypeError):
        ours | [1]  # type: ignore[operator]  # noqa: B018


def test_a_bool_is_no_number_in_a_set() -> None:
    members = Set([1, True, 1.0, 0, False, [1], [True]])
    assert list(members) == [1, True, 0, False, [1], [True]]
    assert True in Set([True])
    assert True not in Set([1])
    assert bytearray() not in members


def test_pythons_sets_have_the_methods_of_sets() -> None:
    library = methods(set)
    assert library["union"]({1}, Set([[2]])) == Set([1, [2]])
    assert library["to_array"]({1}) == [1]
    assert library["add"]({1}, 2) == {1, 2}
    assert library.keys() == methods(Set).keys()
