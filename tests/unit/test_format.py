"""The formatter: one layout, comments kept, meaning kept."""

import inspect
import random
import re
import textwrap
from pathlib import Path

import pytest

from hocket.errors import StaticErrors
from hocket.format import WIDTH, checked, format_text, remarks
from hocket.format.core import FORMATS
from hocket.format.doc import Choice, Concat, Fresh, Group, Indent, Line, Suffix, render
from hocket.source import Source
from hocket.syntax import nodes
from hocket.syntax.parser import parse
from hocket.testing import Program, fenced, programs

ROOT = Path(__file__).parents[2]


def corpus() -> list[Program]:
    """Return every program of the tests and the reference."""
    found = []
    for path in sorted(ROOT.glob("tests/**/*.hkt")):
        found += programs(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    for path in [*sorted(ROOT.glob("interpreter/*.md")), ROOT / "README.md"]:
        found += fenced(path.read_text(encoding="utf-8"), path.name)
    return found


def dedented(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n")


def test_every_node_has_a_formatter() -> None:
    found = inspect.getmembers(nodes, inspect.isclass)
    classes = {cls for _, cls in found if issubclass(cls, nodes.Node) and cls is not nodes.Node}
    assert {cls.__name__ for cls in classes - set(FORMATS)} == set()


def test_the_programs_of_the_tests_and_the_reference_stay_what_they_are() -> None:
    count = 0
    for program in corpus():
        try:
            laid_out = format_text(program.text, program.name)
        except StaticErrors:
            continue
        source = Source(program.name, program.text)
        checked(source, parse(source), Source(program.name, laid_out))
        assert remarks(source) == remarks(Source(program.name, laid_out))
        assert format_text(laid_out) == laid_out
        count += 1
    assert count > 500


def test_narrow_lines_change_no_program_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hocket.format.WIDTH", 12)
    for program in corpus()[::5]:
        try:
            laid_out = format_text(program.text, program.name)
        except StaticErrors:
            continue
        assert format_text(laid_out) == laid_out


def test_a_comment_may_stand_between_any_two_tokens() -> None:
    # `format_text` itself refuses to lose one, or to change what the program means.
    chosen = random.Random(7)
    count = 0
    for program in corpus()[::3]:
        pieces = re.split(r"(\s+|(?<=[(,\[])|(?=[)\].]))", program.text)
        for comment in (" /* one */ ", " # two\n", "\n// three\n", "\n/* four\n */\n", "\n\n/// five\n"):
            at = chosen.randrange(len(pieces) + 1)
            text = "".join([*pieces[:at], comment, *pieces[at:]])
            try:
                parse(Source("commented", text))
            except StaticErrors:
                continue
            laid_out = format_text(text)
            assert format_text(laid_out) == laid_out
            count += 1
    assert count > 300


LAYOUTS = {
    "blanks": ("let  x:int=1+2*-3 ; y:=x|>f", "let x: int = 1 + 2 * -3\ny := x |> f\n"),
    "spellings": ("fn f(){} ; try{a()}catch(e){b()}", "func f() { }\ntry { a() } except e { b() }\n"),
    "imports": (
        "import  a . b as  c\nfrom m  import x,y   as z ; pub   fn f(){}",
        "import a.b as c\nfrom m import x, y as z\nexport func f() { }\n",
    ),
    "methods that are exported": ("struct A{pub fn f(){}}", "struct A {\n    export func f() { }\n}\n"),
    "loop while": ("loop while a{b()}", "while a { b() }\n"),
    "words are kept": ("a = b and not c || !d", "a = b and not c || !d\n"),
    "quotes are kept": ("""a("x", 'y', r"z", "${ 1+1 :>3}")""", """a("x", 'y', r"z", "${ 1+1 :>3}")\n"""),
    "parentheses are kept": ("a := ((1)) + (2*3)", "a := ((1)) + (2 * 3)\n"),
    "silenced": ("a; b;  # no value\n", "a\nb;  # no value\n"),
    "empty lines": ("\n\na\n\n\n\nb\nc\n\n\n", "a\n\nb\nc\n"),
    "nothing": ("\n  \n", ""),
    "only a comment": ("\n\n# nothing else", "# nothing else\n"),
    "types": ("let a:[int]=b", "let a: [int] = b\n"),
    "more types": ("let c:map<string,int>?|null[]=d", "let c: map<string, int>? | null[] = d\n"),
    "crlf": ("\ufeffa:=1\r\nb:=2\r\n", "a := 1\nb := 2\n"),
    "signs": ("a\n-b\na - -b\n- c", "a\n-b\na - -b - c\n"),
    "continued": ("a := 1 \\\n + 2", "a := 1 + 2\n"),
    "a select": (
        "select{case [a,b]  from c:{d} timeout 5ms:{e}}",
        "select {\n    case [a, b] from c { d }\n    timeout 5ms { e }\n}\n",
    ),
    "a case": ("match a { case 1|2 if b : {c} }", "match a { case 1 | 2 if b { c } }\n"),
    "rows of numbers": ("a := [\n1,0,\n 0,1,]", "a := [\n    1, 0,\n    0, 1,\n]\n"),
    "numbers that begin on the first line": ("a := [1,0,\n 0,1]", "a := [1, 0, 0, 1]\n"),
    "rows with comments": (
        "a := [\n1, 2, # first\n3, 4 # second\n]",
        "a := [\n    1, 2,  # first\n    3, 4,  # second\n]\n",
    ),
    "numbers with a comment": ("a := [1, # one\n2]", "a := [\n    1,  # one\n    2,\n]\n"),
    "a body on one line": ("if a {b} else {c}", "if a { b } else { c }\n"),
    "a body on two": ("if a {\n b } else { c }", "if a {\n    b\n} else {\n    c\n}\n"),
    "struct": (
        "struct P{x,y:int=1 ; func f(self){x}}\nstruct Q{a;b}",
        "struct P {\n    x\n    y: int = 1\n    func f(self) { x }\n}\nstruct Q { a, b }\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_layout(name: str) -> None:
    text, wanted = LAYOUTS[name]
    assert format_text(text) == wanted


def test_a_question_mark_stays_apart_from_what_it_would_be_one_operator_with() -> None:
    assert format_text("a? .b ; a? ?? b ; a? ?.c ; a? ?") == "a? .b\na? ?? b\na? ?.c\na? ?\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            f"result := some_function({', '.join(f'argument_{n}' for n in range(9))})",
            "result := some_function(\n" + "".join(f"    argument_{n},\n" for n in range(9)) + ")\n",
        ),
        (
            f"result := {' + '.join(f'operand_{n}' for n in range(9))}",
            "result := operand_0\n" + "".join(f"    + operand_{n}\n" for n in range(1, 9)),
        ),
        (
            f"values{''.join(f'.map(x => x + {n})' for n in range(8))}",
            "values\n" + "".join(f"    .map(x => x + {n})\n" for n in range(8)),
        ),
        (
            f"[1, 2]{''.join(f'.map(x => x + {n})' for n in range(8))}",
            "[1, 2]\n" + "".join(f"    .map(x => x + {n})\n" for n in range(8)),
        ),
        (
            f"value{''.join(f' |> step_number_{n}' for n in range(7))}",
            "value\n" + "".join(f"    |> step_number_{n}\n" for n in range(7)),
        ),
        (
            f"func name({', '.join(f'parameter_{n} = {n}' for n in range(7))}) {{ return 1 }}",
            "func name(\n" + "".join(f"    parameter_{n} = {n},\n" for n in range(7)) + ") {\n    return 1\n}\n",
        ),
        (
            f"[{', '.join(str(n) for n in range(1000, 1040))}]",
            f"[\n    {', '.join(str(n) for n in range(1000, 1016))},\n"
            f"    {', '.join(str(n) for n in range(1016, 1032))},\n"
            f"    {', '.join(str(n) for n in range(1032, 1040))},\n]\n",
        ),
        (
            "each(items, item => { first(item); second(item) })",
            "each(items, item => {\n    first(item)\n    second(item)\n})\n",
        ),
    ],
    ids=["arguments", "operators", "methods", "methods of a literal", "pipes", "parameters", "numbers", "hanging"],
)
def test_what_is_too_long_is_broken(text: str, wanted: str) -> None:
    assert format_text(text) == wanted
    assert max(map(len, wanted.splitlines())) <= WIDTH


def test_comments_stay_where_they_are() -> None:
    text = dedented("""
        #!/usr/bin/env hocket
        # head

        /// What it is for.
        func f(a /* first */, b) {  # opening
            // alone

            # and another
        }
        d := {
            a: 1,  # one
            /* before b */ b: 2,

            # about c
            c: [
                # empty
            ],
            # last
        }
        shown := values
            // sorted, because
            .sort()
            .map(f)  # why
        if a {  # then
            # nothing
        }
        /* several
           lines */
        x := 1;  # silent
        # end
        """)
    assert format_text(text) == text


def test_comments_in_odd_places_move_to_the_end_of_their_line() -> None:
    assert format_text("x := await # a\n f( # b\n )") == "x := await f()  # a\n# b\n"
    assert format_text("if a { b } # c\nelse { d }") == "if a {\n    b\n} else {  # c\n    d\n}\n"


def test_nothing_is_returned_for_what_is_no_program() -> None:
    with pytest.raises(StaticErrors):
        format_text("let = 3")


def test_programs_of_any_size_are_formatted_or_nested_too_deeply() -> None:
    assert len(format_text("x := " + " + ".join(["1"] * 5000)).splitlines()) == 5000
    assert len(format_text("x := [" + ", ".join(["a"] * 5000) + "]").splitlines()) == 5002
    assert format_text("x := " + "if a { b } else " * 500 + "{ c }").count("else") == 500
    with pytest.raises(StaticErrors, match="nested too deeply"):
        format_text("[" * 20_000 + "]" * 20_000)


# ---- the printer


def test_a_group_is_broken_when_it_does_not_fit() -> None:
    doc = Group("(", Indent(Line(""), "one,", Line(), "two"), Line(""), ")")
    assert render(doc, 10) == "(one, two)"
    assert render(doc, 9) == "(\n    one,\n    two\n)"


def test_a_choice_takes_what_fits_on_its_first_line() -> None:
    doc = Choice(Concat(["f(", Group("[", Indent(Line(""), "x"), Line(""), "]"), ")"]), "loose")
    assert render(doc, 6) == "f([x])"
    assert render(doc, 4) == "f([\n    x\n])"
    assert render(doc, 2) == "loose"


def test_suffixes_are_held_back_until_the_line_ends() -> None:
    doc = Concat(["a", Suffix("# 1"), " b", Suffix("# 2"), Line(hard=True), Fresh(), "c"])
    assert render(doc, 20) == "a b  # 1\n# 2\nc"
