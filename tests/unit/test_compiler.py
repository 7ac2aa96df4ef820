"""What a program cannot say about its own compilation: completeness, positions, order, limits."""

import asyncio
import dis
import inspect
from types import CodeType

import pytest

from hocket import errors
from hocket.compiler import COMPILES
from hocket.render import render
from hocket.session import Outcome, Session
from hocket.syntax import nodes

PARTS = {
    # Compiled by the node around them.
    "AlternativesPattern",
    "Args",
    "ArrayType",
    "ArrowParams",
    "CaseClause",
    "DefaultClause",
    "DictPattern",
    "ErrorTypes",
    "ExceptAll",
    "ExceptClauses",
    "ExceptName",
    "ExceptTypes",
    "FieldValue",
    "FinallyClause",
    "ForTargets",
    "ImportedName",
    "KeyPattern",
    "ListPattern",
    "LiteralPattern",
    "ModulePath",
    "NamePattern",
    "NamedArg",
    "NamedType",
    "NestedKeyPattern",
    "NullType",
    "OptionalType",
    "Pair",
    "Param",
    "Params",
    "PathPattern",
    "PatternParam",
    "RangePattern",
    "RestParam",
    "RestPattern",
    "SelectCase",
    "SelectTimeout",
    "SingleParam",
    "StructField",
    "StructPattern",
    "TypeArgs",
    "TypePattern",
    "UnionType",
    "VariantDef",
    "VariantField",
    "VariantPattern",
}


def run(text: str) -> Outcome:
    async def main() -> Outcome:
        session = Session()
        outcome = await session.run(text)
        await session.close()
        return outcome

    return asyncio.run(main())


def test_every_node_is_compiled() -> None:
    classes = {name for name, cls in vars(nodes).items() if isinstance(cls, type) and issubclass(cls, nodes.Node)}
    compiled = {cls.__name__ for cls in COMPILES}
    assert classes - {"Node"} == compiled | PARTS
    assert not compiled & PARTS


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("x := 1\nprint(x, [1][3])", "[1][3]"),
        ("print((1 * 2) + (3 - 'a'))", "3 - 'a'"),
        ("é := 'ü'; print(len(é), 1 < é)", "1 < é"),
        ('d := {a: 1}\n"${d["b"]}"', 'd["b"]'),
        ("f := x => x.y.z.w(1)\nf({y: {z: 5}})", "w"),
        ("xs := [1]\n  .map(x => x.len)\n  .len()", "len"),
        ("[[1]]\n  .map(x => x)\n  .zzz(2)\n  .sum()", "zzz"),
        ("struct P { x }\nlet p := P(1)\np.x + p?.yy", "yy"),
        ("async func f() { throw 'no' }\nawait f()", "throw 'no'"),
    ],
)
def test_an_error_points_at_the_expression(text: str, marked: str) -> None:
    error = run(text).error
    assert isinstance(error, errors.Error)
    assert error.place is not None
    assert error.place.source.text[slice(*error.place.span)] == marked


def test_the_calls_that_led_to_an_error_are_shown() -> None:
    text = "async func inner() { throw 'deep' }\nasync func outer() {\n  await inner()\n}\nawait outer()"
    error = run(text).error
    assert error is not None
    assert render(error).splitlines() == [
        "error: deep",
        "  --> cell 1, line 1, column 22",
        "   |",
        " 1 | async func inner() { throw 'deep' }",
        "   |                      ^^^^^^^^^^^^",
        "called from outer (cell 1, line 3)",
        "called from cell 1, line 5",
    ]


def test_an_error_of_a_spawned_task_says_where_it_was_spawned() -> None:
    error = run("async func f() { throw 'x' }\nt := spawn f()\nawait t").error
    assert error is not None
    assert "spawned at cell 1, line 2" in render(error)


@pytest.mark.parametrize(
    "text",
    [
        "x := " + " + ".join(["1"] * 30_000) + "\nx",
        "x := " + " + ".join(['"a"'] * 5_000) + "\nlen(x)",
        "x := " + " && ".join(["true"] * 30_000) + "\nif x { 30000 }",
        "x := [" + ", ".join(["1"] * 30_000) + "]\nlen(x)",
        "\n".join(f"v{i} := {i}" for i in range(3_000)) + "\nv2999",
    ],
    ids=["sum", "text", "and", "array", "variables"],
)
def test_long_programs_run(text: str) -> None:
    outcome = run(text)
    assert outcome.error is None


@pytest.mark.parametrize(
    "text",
    [
        "x := " + "[" * 5000 + "]" * 5000,
        "x := " + "-" * 50_000 + "1",
        "{" * 3000 + "}" * 3000,
        "f(" * 4000 + ")" * 4000,
    ],
    ids=["brackets", "signs", "blocks", "calls"],
)
def test_deep_programs_are_an_error_of_the_language_at_worst(text: str) -> None:
    error = run(text).error
    assert error is None or isinstance(error, errors.StaticErrors | errors.NameError)


def test_more_blocks_than_python_nests_are_an_error_with_a_hint() -> None:
    text = "let xs := []\n" + "".join(f"for i{n} in xs {{\n" for n in range(25)) + "}\n" * 25
    error = run(text).error
    assert isinstance(error, errors.StaticErrors)
    assert "more loops" in error.problems[0].message
    assert error.problems[0].hint == "move the inner ones to a function"


def test_however_many_cases_there_are_they_do_not_nest() -> None:
    cases = "\n".join(f"case {number} {{ {number} }}" for number in range(2000))
    either = " | ".join(map(str, range(2000)))
    text = f"func f(x) {{ return match x {{ {cases} case [{either}] {{ 'in' }} case _ {{ 'none' }} }} }}\n"
    assert run(f"{text}[f(1999), f([1998]), f(2000)]").value == [1999, "in", "none"]


def test_all_problems_are_told_and_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    error = run("print(1)\nlet a := nope\nbreak\nlet a := 2").error
    assert isinstance(error, errors.StaticErrors)
    assert [problem.message for problem in error.problems] == [
        "Undefined variable: nope",
        "`break` outside of a loop",
        "Duplicate declaration in the same scope: a",
    ]
    assert capsys.readouterr().out == ""


def test_arrays_are_pushed_to_in_place_only_when_nobody_else_holds_them() -> None:
    text = "a := []\nb := a\nfor i in 0..5 { a := push(a, i) }\nb.push(9)\nc := a\na := push(a, 5)\n[a, b, c]"
    assert run(text).value == [[0, 1, 2, 3, 4, 5], [9], [0, 1, 2, 3, 4]]


def test_generated_code_keeps_names_that_python_reserves() -> None:
    assert run("class := 1\nfunc lambda(def, None = 2) { return def + None + class }\nlambda(3)").value == 6


def code_of(text: str, name: str) -> CodeType:
    """Return the Python code of the function `name` of a program."""
    work = [Session().compile(text, "cell 1").unit.code]
    while work:
        code = work.pop()
        if code.co_name == name:
            return code
        work += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    raise AssertionError(f"no function {name}")


def instructions(code: CodeType) -> list[tuple[str, int | None]]:
    return [(instruction.opname, instruction.arg) for instruction in dis.get_instructions(code)]


def test_what_does_not_wait_pays_nothing_for_what_does() -> None:
    fib = code_of("func fib(n) { return if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }", "fib")
    assert not fib.co_flags & (inspect.CO_COROUTINE | inspect.CO_GENERATOR)
    # `+` is not Python's own: a text joins anything.
    assert set(fib.co_names) <= {"fib", "__add", "__class__"}


def test_an_await_suspends_at_one_place_of_its_own() -> None:
    text = "async func twice(x) { let a := await async_sleep(x); let b := await async_sleep(a); return [a, b, x] }"
    twice = code_of(text, "twice")
    assert twice.co_flags & inspect.CO_COROUTINE
    waits = [found for found in dis.get_instructions(twice) if found.opname == "SEND"]
    assert len({found.positions for found in waits}) == 2
    # What lives across a wait is a local of the frame that is kept.
    assert {"a", "b", "x"} <= {name.strip("'0123456789") for name in twice.co_varnames}


def test_the_same_text_gives_the_same_code() -> None:
    text = "async func f(xs) { for x in xs { try { await x } except e { print(e) } }; return xs.map(y => y + 1) }"
    assert instructions(code_of(text, "f")) == instructions(code_of(text, "f"))
