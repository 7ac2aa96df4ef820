"""The registry, and what the library makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hocket.runtime.ranges import Range
from hocket.runtime.registry import STDLIB, Builtin, Registry
from hocket.runtime.tasks import AsyncFunction, Suspending
from hocket.stdlib import files, methods, namespace


def test_a_builtin_without_documentation_is_refused() -> None:
    def silent() -> None:
        pass

    with pytest.raises(ValueError, match="silent has no documentation"):
        Registry().add(Builtin("silent", silent))


def test_a_name_is_declared_once() -> None:
    def twice() -> None:
        """Do nothing."""

    registry = Registry()
    registry.add(Builtin("twice", twice))
    with pytest.raises(ValueError, match="twice is declared twice"):
        registry.add(Builtin("twice", twice))


def test_every_builtin_has_a_signature_that_can_be_read() -> None:
    for builtin in STDLIB:
        assert builtin.usage.startswith(f"{builtin.name}(")
        for parameter in builtin.parameters:
            assert parameter.annotation is not parameter.empty, builtin.name


def test_every_suspending_form_takes_what_its_plain_form_takes() -> None:
    for builtin in STDLIB:
        if builtin.suspending is not None:
            assert asyncio.iscoroutinefunction(builtin.suspending)
            suspending = Builtin(builtin.name, builtin.suspending, builtin.owner)
            assert suspending.usage == builtin.usage, builtin.name


def test_the_namespace_wraps_what_can_wait() -> None:
    names = namespace()
    assert names["len"]([1, 2]) == 2
    assert isinstance(names["async_read_file"], AsyncFunction)
    assert names["async_read_file"].direct is files.async_read_file
    assert isinstance(names["read_file"], Suspending)
    assert isinstance(names["PI"], float)
    assert not [name for name in names if name.endswith("_")]


def test_names_of_one_function_are_one_value() -> None:
    names = namespace()
    assert names["upper"] is names["to_upper"]
    assert names["async_read_file"] is namespace()["async_read_file"]
    assert names["Promise"].all is names["promise_all"]
    assert names["Promise"].allSettled is names["Promise"].all_settled is names["promise_all_settled"]


@pytest.mark.parametrize(
    ("cls", "has", "lacks"),
    [
        (str, {"upper", "len", "split", "contains", "parse_json", "to_string"}, {"push", "keys", "abs", "print"}),
        (list, {"push", "append", "pop", "map", "filter", "sort", "to_json", "len"}, {"upper", "keys", "floor"}),
        (dict, {"keys", "get", "update", "remove", "len", "has"}, {"push", "upper"}),
        (int, {"abs", "floor", "to_string", "bit_and"}, {"upper", "push"}),
        (float, {"abs", "floor", "round"}, {"bit_and"}),
        (bool, {"to_string", "to_int"}, {"abs", "floor", "bit_and"}),
        (Range, {"map", "filter", "len", "contains", "sum"}, {"upper", "abs"}),
        (set, {"add", "remove", "contains", "len", "map"}, {"keys"}),
        (type(None), set(), {"print", "abs"}),
    ],
)
def test_methods_are_the_functions_that_admit_the_class(cls: type, has: set[str], lacks: set[str]) -> None:
    found = methods(cls).keys()
    assert has <= found
    assert not lacks & found


def test_functions_leave_their_arguments_alone() -> None:
    names = namespace()
    array: list[Any] = [3, 1, 2]
    for call in (
        lambda: names["push"](array, 4),
        lambda: names["pop"](array),
        lambda: names["insert"](array, 0, 9),
        lambda: names["remove"](array, 1),
        lambda: names["remove_at"](array, 0),
        lambda: names["clear"](array),
        lambda: names["sort"](array),
        lambda: names["reverse"](array),
        lambda: names["concat"](array, [1]),
    ):
        assert call() is not array
        assert array == [3, 1, 2]


def test_methods_change_their_array_and_give_it_back() -> None:
    table = methods(list)
    array: list[Any] = [3, 1]
    for name, arguments in (("push", (2,)), ("sort", ()), ("reverse", ()), ("insert", (0, 5)), ("remove", (5,))):
        assert table[name](array, *arguments) is array
    assert array == [3, 2, 1]
    assert table["pop"](array) == 1
    assert table["remove_at"](array, 0) == 3
    assert table["clear"](array) == []
    assert array == []


def test_what_is_called_with_the_wrong_type_fails() -> None:
    names = namespace()
    wrong: dict[str, tuple[Any, ...]] = {
        "upper": (5,),
        "len": (5,),
        "map": ("abc", len),
        "join": ("abc", ","),
        "repeat": (5, 3),
        "floor": ("2",),
        "abs": (True,),
        "bit_and": ({1}, {2}),
        "merge": ([1], {}),
        "parse_json": (b"1",),
        "bytes": (3,),
        "read_file": (0,),
        "starts_with": ("a", 1),
    }
    for name, arguments in wrong.items():
        with pytest.raises((TypeError, AttributeError)):
            names[name](*arguments)
