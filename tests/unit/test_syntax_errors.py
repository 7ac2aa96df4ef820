"""What the parser says about mistakes, and that nothing makes it say less."""

from __future__ import annotations

import random

import pytest

from hocket.errors import Problem, StaticErrors
from hocket.source import Source
from hocket.syntax import expected, tables
from hocket.syntax.filter import WORDS
from hocket.syntax.parser import Parsed, keywords, parse, status
from hocket.syntax.tokens import scan

SAMPLE = '''
/// Fetches.
async func fetch(url: string, retries: int = 3, ...rest) -> dict<string, int>? {
    for i, [k, v] in 0..retries {
        try { let r := await get("${url}/p?x=${i:>3}") ; return r.body }
        except TimeoutError | NetworkError e { print("late", e.message, end = "\\n") }
        finally { d["k"][0] += 1 }
    }
    while not (a in b) { a = -b ** 2 * 3 % 4 ; break }
}
[p, q] := [await fetch(u), spawn fetch(v), r"\\d", 1.5, 100ms, null, ...xs]
h := {name: "x", [key]: 2, "${p}": 3, ...d}
f := async (a, b = 2) => { return {a} }
v := if p { 1 } else if q { 2 } else { 3 } ?? throw "none"
spawn("named") { 2 } ; scope { x } ; timeout 50ms { y }
s := """
    text ${a.b}
    """
'''


def problems(text: str) -> list[Problem]:
    with pytest.raises(StaticErrors) as caught:
        parse(Source("t", text))
    return caught.value.problems


def attempt(text: str) -> Parsed | StaticErrors:
    """Parse; anything but a tree or static errors fails the test."""
    source = Source("t", text)
    try:
        return parse(source)
    except StaticErrors as error:
        assert error.problems
        for problem in error.problems:
            assert 0 <= problem.span.start <= problem.span.end <= len(source.text)
            assert problem.message
            assert not set(problem.message.split()) & (set(tables.load().kept) | {"_SEP", "$END"})
        return error


# ---- messages


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a b", "found `b`, expected an operator or line end", "b"),
        ("f(1 2)", "found `2`, expected `)` or `,`", "2"),
        ("[1 2]", "found `2`, expected `,` or `]`", "2"),
        ("x := {a 1}", "found `1`, expected `,`, `:` or `}`", "1"),
        ("let x 5", "found `5`, expected `:=`, `:` or `=`", "5"),
        ("let 5 := x", "found `5`, expected a name", "5"),
        ("let if := 3", "`if` is a keyword and cannot be a name", "if"),
        ("if x y { }", "found `y`, expected `{`", "y"),
        ("x := * 2", "found `*`, expected an expression", "*"),
        ('x := "a" "b"', "found string, expected an operator or line end", '"b"'),
        ("x := (\n", "`(` not closed", "("),
        ("if x", "found end of the text, expected `{`", ""),
        ("let x\ny", "found line end, expected `:=`, `:` or `=`", ""),
        ("x.5", "found `5`, expected a name", "5"),
        ("func f { }", "found `{`, expected `(`", "{"),
        ("func f(a:) { }", "found `)`, expected a type", ")"),
        ("try { }", "found end of the text, expected `except` or `finally`", ""),
        ("else { }", "`else` without `if`", "else"),
        ("except e { }", "`except` without `try`", "except"),
        ("a ]", "unmatched `]`", "]"),
        ("{ f(1, 2 }", "`}` does not close `(`", "}"),
        ("f() := 2", "this cannot be assigned to", ":="),
        ("a?.b = 2", "this cannot be assigned to", "="),
        ("a = b = c", "assignments cannot be chained", "="),
        ("a := b := c", "assignments cannot be chained", ":="),
        ("f((a = 1))", "an assignment is a statement and stands alone", "="),
        ("if x = 1 { }", "`=` assigns, which a condition cannot", "="),
        ("1 < 2 < 3", "comparisons cannot be chained", "<"),
        ("/* a", "comment not closed", "/*"),
        ("a \\ b", "unexpected character `\\`", "\\"),
        ("a \\", "nothing follows `\\`", "\\"),
    ],
)
def test_found_and_expected(text: str, message: str, place: str) -> None:
    (problem,) = problems(text)
    assert (problem.message, text[slice(*problem.span)]) == (message, place)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("if a { } elif b { }", "there is no `elif`", "write `else if`"),
        ("i++", "there is no operator `++`", "write `i += 1`"),
        ("i--\nx", "there is no operator `--`", "write `i -= 1`"),
        ("a === b", "there is no operator `===`", "write `==`"),
        ("a !== b", "there is no operator `!==`", "write `!=`"),
        ("a & b", "there is no operator `&`", "write `&&`, or `bit_and(a, b)`"),
        ("a | b", "there is no operator `|`", "write `||`, or `bit_or(a, b)`"),
        ("c ? a : b", "there is no `? :`", "write `if condition { a } else { b }`"),
        ("do { x } while y", "there is no `do`", "write `loop { … if !condition { break } }`"),
        (
            "for (let i = 0; i < n; i += 1) { }",
            "this is not how a `for` is written",
            "write `for i in 0..10 { … }`, `for k, v in d { … }`",
        ),
        (
            "for i := 0; i < n; i += 1 { }",
            "this is not how a `for` is written",
            "write `for i in 0..10 { … }`, or `while`",
        ),
        ("var x = 1", "there is no `var`", "write `mut x := 1`, or `let` for what is not reassigned"),
        ("function f() { }", "there is no `function`", "write `func`"),
        ("if x:\n  y", "found `:`, expected `{`", "a body stands in braces: `if c { … }`"),
        ("if x { } else: y", "found `:`, expected `{`", "a body stands in braces: `if c { … }`"),
        ('print "x"', "`print` is a function", "write `print(…)`"),
        ("a, b := 1, 2", "several names to assign to stand in brackets", "write `[a, b] := [1, 2]`"),
        ("{ f(1, 2 }", "`}` does not close `(`", "`(` was opened at line 1, column 4"),
    ],
)
def test_habits_of_other_languages(text: str, message: str, hint: str) -> None:
    (problem,) = problems(text)
    assert (problem.message, problem.hint) == (message, hint)


def test_two_signs_are_no_decrement() -> None:
    parse(Source("t", "x := a --b\ny := a - -b"))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("select", "select { case v from c { } }"),
        ("test", 'test "a" { x }'),
        ("export", "export func f() { }"),
    ],
)
def test_words_that_the_grammar_does_not_have_are_named(word: str, text: str) -> None:
    if word in keywords():
        return
    assert word in WORDS
    found = problems(text)[0]
    assert found.message == f"there is no `{word}` in this version of the language"


def test_every_terminal_has_a_name_for_the_user() -> None:
    language = tables.load()
    names = {terminal: text for text, terminal in language.texts.items()}
    for terminal in {terminal for actions in language.actions for terminal in actions}:
        assert terminal not in expected._phrase(names, terminal)


def test_independent_errors_are_all_reported_in_order() -> None:
    text = (
        'a b\nx := 1\nfunc f() {\n  let 5\n  y := "\\q"\n  if z { c d }\n}\ng(1 2)\nf := () => {\n  return +\n}\nz := 3'
    )
    found = [text[slice(*problem.span)] for problem in problems(text)]
    assert found == ["b", "5", "\\q", "d", "2", "+"]


def test_one_bracket_that_does_not_match_is_one_error() -> None:
    assert len(problems("if a {\n  f(1, 2\n}\nb)\n}}\nx")) == 1


def test_the_number_of_errors_is_limited() -> None:
    assert len(problems("a b\n" * 1000)) == 50


# ---- is it complete?


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("complete", "")),
        ("a", ("complete", "")),
        ("if a { b }", ("complete", "")),
        ("a;", ("complete", "")),
        ("# note", ("complete", "")),
        ("if a {", ("incomplete", "    ")),
        ("f(\n  g([", ("incomplete", "            ")),
        ("a +", ("incomplete", "")),
        ("a.", ("incomplete", "")),
        ("a,", ("invalid", "")),
        ("a := ", ("incomplete", "")),
        ("a \\", ("incomplete", "")),
        ("if a", ("incomplete", "")),
        ("func f()", ("incomplete", "")),
        ("try { }", ("incomplete", "")),
        ("x =>", ("incomplete", "")),
        ("await", ("incomplete", "")),
        ("let", ("incomplete", "")),
        ('"""abc', ("incomplete", "")),
        ('f("""abc', ("incomplete", "    ")),
        ("/* abc", ("incomplete", "")),
        ('"abc', ("invalid", "")),
        ('f("abc', ("invalid", "")),
        ("a b", ("invalid", "")),
        ("a b\nf(", ("incomplete", "    ")),
        ("a ]", ("invalid", "")),
        ("a b\nx +", ("invalid", "")),
        ('f("\\q", ', ("invalid", "")),
        ("if a { b } else", ("incomplete", "")),
        ('"${a', ("incomplete", "    ")),
    ],
)
def test_status(text: str, expected: tuple[str, str]) -> None:
    assert status(Source("t", text)) == expected


def test_every_beginning_of_a_program_has_a_status() -> None:
    seen = {status(Source("t", SAMPLE[:end]))[0] for end in range(len(SAMPLE))}
    assert seen == {"complete", "incomplete", "invalid"}


# ---- nothing breaks it


def test_damaged_programs_give_a_tree_or_errors() -> None:
    scanned = scan(Source("t", SAMPLE))
    pieces = [scanned.text(index) for index in range(len(scanned.starts))]
    gaps = [SAMPLE[end:start] for end, start in zip([0, *scanned.ends], [*scanned.starts, len(SAMPLE)], strict=True)]
    extra = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        '"""',
        "'",
        "${",
        ";",
        "=>",
        ":=",
        ":",
        ",",
        "\n",
        "if",
        "struct",
        "\\",
        "/*",
    ]
    choose = random.Random(1)
    for _ in range(3000):
        damaged, at = list(pieces), choose.randrange(len(pieces))
        kind = choose.randrange(4)
        if kind == 0:
            damaged[at] = ""
        elif kind == 1:
            damaged[at] = choose.choice(extra)
        elif kind == 2:
            damaged[at] += " " + choose.choice(pieces + extra)
        else:
            other = choose.randrange(len(pieces))
            damaged[at], damaged[other] = damaged[other], damaged[at]
        attempt("".join(gap + piece for gap, piece in zip(gaps, [*damaged, ""], strict=True)))


def test_garbage_gives_a_tree_or_errors() -> None:
    choose = random.Random(2)
    alphabet = "ab1 \n\t\"'`${}()[]:;,.=<>+-*/%!?&|\\#r_é\0\ud800\U0001f600"
    for _ in range(3000):
        attempt("".join(choose.choice(alphabet) for _ in range(choose.randrange(40))))


@pytest.mark.parametrize(
    "text",
    [
        "x := " + "(" * 20_000 + "1" + ")" * 20_000,
        "x := " + "[" * 20_000 + "1 2" + "]" * 20_000,
        "(" * 20_000,
        ")" * 20_000,
        "{" * 20_000 + "}" * 20_000,
        "-" * 20_000 + "x",
        "x" + ".a" * 20_000,
        "x" + "[0" * 20_000 + "]" * 20_000,
        "if a { " * 5_000 + "b c" + " }" * 5_000,
        '"${' * 5_000 + "1" + '}"' * 5_000,
        "a b ;" * 20_000,
        '"' * 20_001,
        "1 + " * 20_000 + "1",
        "x => " * 20_000 + "1",
        "if a { } else " * 5_000 + "{ }",
        "\\q" * 20_000,
        '"' + "\\q" * 20_000 + '"',
        "@" * 20_000,
        "a @ " * 20_000,
        "/*" * 20_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_extremes_give_a_tree_or_errors(text: str) -> None:
    attempt(text)


def test_a_megabyte_is_parsed() -> None:
    text = SAMPLE * (1_000_000 // len(SAMPLE) + 1)
    assert isinstance(attempt(text), Parsed)
    assert isinstance(attempt('x := "' + "a" * 1_000_000 + '"'), Parsed)
    assert isinstance(attempt("x := [" + "1, " * 20_000 + "]"), Parsed)
    assert isinstance(attempt(text[:100_000] + '"""'), StaticErrors)
