"""What people write who come from other languages is answered with what to write here."""

from __future__ import annotations

import pytest

from hocket.errors import Problem, StaticErrors
from hocket.source import Source
from hocket.syntax.habits import CHARACTERS, HABITS, QUOTES, SIGNS
from hocket.syntax.parser import parse


def problems(text: str) -> list[Problem]:
    with pytest.raises(StaticErrors) as caught:
        parse(Source("t", text))
    return caught.value.problems


HABITS_WRITTEN = [
    ("import {a} from 'm'", "names are imported with `from`", "import"),
    ("import a from m", "names are imported with `from`", "import"),
    ("import 'm'", "a module is named without quotes", "import"),
    ("from m import *", "each name is imported by itself", "import"),
    ("from m import (a, b)", "imported names stand without brackets", "import"),
    ("import a, b", "each module has an `import` of its own", "import"),
    ("from .m import a", "no import is relative", "from"),
    ("import .m", "no import is relative", "import"),
    ("import ..m", "no import is relative", "import"),
    ("export default f", "there is no `export default`", "export"),
    ("export import m", "`export` stands before a declaration", "export"),
    ("if a { } elif b { }", "there is no `elif`", "elif"),
    ("if a { } elsif b { }", "there is no `elsif`", "elsif"),
    ("if a { } elseif b { }", "there is no `elseif`", "elseif"),
    ("do { x } while y", "there is no `do`", "do"),
    ("unless x { }", "there is no `unless`", "unless"),
    ("until x { }", "there is no `until`", "until"),
    ("foreach x in xs { }", "there is no `foreach`", "foreach"),
    ("repeat 5 { }", "there is no `repeat`", "repeat"),
    ("switch (x) { case 1: f() }", "there is no `switch`", "switch"),
    ("unless (x) { }", "there is no `unless`", "unless"),
    ("until (x) { }", "there is no `until`", "until"),
    ("foreach (x in xs) { }", "there is no `foreach`", "foreach"),
    ("if a { } elif (b) { }", "there is no `elif`", "elif"),
    ("go f()", "there is no `go`", "go"),
    ("defer f()", "there is no `defer`", "defer"),
    ("local x = 5", "there is no `local`", "local"),
    ('puts "x"', "there is no `puts`", "puts"),
    ("if let Some(x) = f() { }", "there is no `if let`", "if"),
    ("while let Some(x) = f() { }", "there is no `while let`", "while"),
    ("loop { break 5 }", "`break` has neither value nor label", "break"),
    ("loop { continue outer }", "`continue` has no label", "continue"),
    ("export x = 5", "`export` stands before a declaration", "export"),
    ("xs.each { |x| f(x) }", "a function is not written with `|x|`", "{"),
    ("for i in 0..10 do f(i) end", "there is no `do`", "do"),
    ("for i, x := range(3) { }", "this is not how a `for` is written", "for"),
    ("for i, x = range(3) { }", "this is not how a `for` is written", "for"),
    ("switch x { case 1: f() }", "there is no `switch`", "switch"),
    ("for (let i = 0; i < n; i += 1) { }", "this is not how a `for` is written", "for"),
    ("for i := 0; i < n; i += 1 { }", "this is not how a `for` is written", "for"),
    ("for i = 0; i < n; i += 1 { }", "this is not how a `for` is written", "for"),
    ('test "a ${1}" { }', "the name of a test holds no `${…}`", "test"),
    ('test_group "a ${1}" { }', "the name of a test holds no `${…}`", "test_group"),
    ("for let x in xs { }", "the variable of a `for` is declared by it", "for"),
    ("for mut x in xs { }", "the variable of a `for` is declared by it", "for"),
    ("for const x in xs { }", "the variable of a `for` is declared by it", "for"),
    ("for [a, b] of xs { }", "this is not how a `for` is written", "]"),
    ("try { } except (A, B) e { }", "no parentheses where an error has a type", "except"),
    ("try { } catch (A, B) { }", "no parentheses where an error has a type", "catch"),
    ("let a, b := [1, 2]", "several names to declare stand in brackets", "let"),
    ("mut a, b := [1, 2]", "several names to declare stand in brackets", "mut"),
    ("struct Tree<T> { value: T }", "nothing has type parameters", "struct"),
    ("func id<T>(x: T) { }", "nothing has type parameters", "func"),
    ("x := a?.[0]", "`?.` stands before a name", "?."),
    ("f?.(1)", "`?.` stands before a name", "?."),
    ("for x of xs { }", "this is not how a `for` is written", "for"),
    ("var x = 1", "there is no `var`", "var"),
    ("val x = 1", "there is no `val`", "val"),
    ("def f(x):\n    return x", "there is no `def`", "def"),
    ("async def f(x):", "there is no `def`", "async"),
    ("function f() { }", "there is no `function`", "function"),
    ("async function f() { }", "there is no `function`", "async"),
    ("f := function(x) { return x }", "there is no `function`", "function"),
    ("xs.map(function (x) { return x })", "there is no `function`", "function"),
    ("fun f(x) { }", "there is no `fun`", "fun"),
    ("sub f { }", "there is no `sub`", "sub"),
    ("f := lambda x: x", "there is no `lambda`", "lambda"),
    ("x := new Point(1)", "there is no `new`", "new"),
    ("delete d.x", "there is no `delete`", "delete"),
    ("func* g() { yield* [1] }", "there is no `yield*`", "yield"),
    ("class A { }", "there is no `class`", "class"),
    ("if typeof x == 1 { }", "there is no `typeof`", "typeof"),
    ('print(f"{x}")', "a string needs no `f`", "f"),
    ("xs := [x * 2 for x in ys]", "`for` is a statement", "for"),
    ("pass x", "there is no `pass`", "pass"),
    ('raise Error("x")', "there is no `raise`", "raise"),
    ('print "x"', "`print` is a function", "print"),
    ("echo x", "there is no `echo`", "echo"),
    ("c ? a : b", "there is no `? :`", "?"),
    ("if x is null { }", "there is no `is`", "is"),
    ("if x instanceof Point { }", "there is no `instanceof`", "instanceof"),
    ("f := (x) -> x", "a function without a name is written with `=>`", "->"),
    ("a, b := 1, 2", "several names to assign to stand in brackets", ","),
    ("let mut x = 1", "there is no `let mut`", "let"),
    ("type X = int", "there is no `type` declaration", "type"),
    ("interface A { }", "there is no `interface`", "interface"),
    ("trait A { }", "there is no `trait`", "trait"),
    ("impl A { }", "there is no `impl`", "impl"),
    ("public func f() { }", "there is no `public`", "public"),
    ("private x := 1", "there is no `private`", "private"),
    ("static x := 1", "there is no `static`", "static"),
    ("global x", "there is no `global`", "global"),
    ("nonlocal x", "there is no `nonlocal`", "nonlocal"),
    ("del x", "there is no `del`", "del"),
    ("assert x == 1", "`assert` is a function", "assert"),
    ("goto x", "there is no `goto`", "goto"),
    ("package main", "there is no `package`", "package"),
    ("use m", "there is no `use`", "use"),
    ("using m", "there is no `using`", "using"),
    ('include "m"', "there is no `include`", "include"),
    ("if x then { }", "there is no `then`", "then"),
    ('println!("x")', "there is no `println!`", "println"),
    ("try { } except ValueError as e { }", "the name stands right behind the type", "except"),
    ("try { } catch (Exception e) { }", "no parentheses where an error has a type", "catch"),
    ("try { } except (ValueError e) { }", "no parentheses where an error has a type", "except"),
    ("try { } catch Error as e { }", "the name stands right behind the type", "catch"),
    ("catch e { }", "`catch` without `try`", "catch"),
    ("catch (e) { }", "`catch` without `try`", "catch"),
    ("for i in 1 to 5 { }", "there is no `to`", "to"),
    ("for (k, v) in d { }", "this is not how a `for` is written", "for"),
    ("match x { case 1 -> 2 }", "there is no `->` in a case", "case"),
    ("f := (a, b) -> a", "a function without a name is written with `=>`", "->"),
    ("func f(x) => x", "a function with a name has its body in braces", "=>"),
    ("async func f() => g(() => 1)", "a function with a name has its body in braces", "=>"),
    ("struct A { func f(self) => 1 }", "a function with a name has its body in braces", "=>"),
    ("func f(x) = x", "a function with a name has its body in braces", "="),
    ("func f(x): int { }", "the type of a result stands behind `->`", ":"),
    ("async for x in xs { }", "there is no `async for`", "async"),
    ("await for x in xs { }", "there is no `await for`", "await"),
    ("async { f() }", "there is no `async` block", "async"),
    ("case 1 { }", "`case` without `match`", "case"),
    ("int x = 5", "a type stands behind its name", "int"),
    ("func f(float x) { }", "a type stands behind its name", "float"),
    ("double x = 5", "a type stands behind its name", "double"),
    ("string x = y", "a type stands behind its name", "string"),
    ("String x = y", "a type stands behind its name", "String"),
    ("func f(a, bool b) { }", "a type stands behind its name", "bool"),
    ("auto x = 1", "there is no `auto`", "auto"),
    ("x: int = 5", "an annotation needs `let` or `mut`", ":"),
    ("x := 1 << 2", "there is no operator `<<`", "<"),
    ("x := 1 >> 2", "there is no operator `>>`", ">"),
]


@pytest.mark.parametrize(("text", "message", "place"), HABITS_WRITTEN)
def test_a_habit_is_named_where_it_stands(text: str, message: str, place: str) -> None:
    problem = problems(text)[0]
    assert (problem.message, text[slice(*problem.span)]) == (message, place)
    assert problem.hint


def test_every_habit_of_the_table_is_written_above() -> None:
    hints = {problem.hint for text, _, _ in HABITS_WRITTEN for problem in problems(text)}
    assert {habit.hint for habit in HABITS} <= hints


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("f := |x| x + 1", "a function is not written with `|x|`", "write `x => e`"),
        ("a | b", "there is no operator `|`", "write `||`, or `bit_or(a, b)`"),
        ("x := 1 if a else 2", "`if` does not stand behind a value", "write `if condition { a } else { b }`"),
        ("f([1 if x else 2])", "`if` does not stand behind a value", "write `if condition { a } else { b }`"),
        ("x := .5", "a number does not begin with a point", "write `0.5`"),
        ("f(*xs)", "`*` does not spread a collection", "write `...xs`"),
        ("f(*[1, 2])", "`*` does not spread a collection", "write `...xs`"),
        ("x := xs[0:2]", "a slice is written with `..`", "write `xs[1..3]`, `xs[1..]` or `xs[..3]`"),
        ("x := xs[1:]", "a slice is written with `..`", "write `xs[1..3]`, `xs[1..]` or `xs[..3]`"),
        ("x := xs[:2]", "a slice is written with `..`", "write `xs[1..3]`, `xs[1..]` or `xs[..3]`"),
        ("x := f()[::2]", "a slice is written with `..`", "write `xs[1..3]`, `xs[1..]` or `xs[..3]`"),
        ('f("abc"[1:], 2)', "a slice is written with `..`", "write `xs[1..3]`, `xs[1..]` or `xs[..3]`"),
        ("y := x as i32", "a value is converted by a function", "write `to_int(x)`, `to_float(x)` or `to_string(x)`"),
        ("v := vec![1, 2]", "there is no `vec!`", "a call is `f(…)`, an array `[1, 2]`"),
        ("panic!(1)", "there is no `panic!`", "a call is `f(…)`, an array `[1, 2]`"),
        ("s.match(/b/)", "a pattern is a string", 'write `s.regex_match(r"…")`'),
        ("x := <-ch", "there is no operator `<-`", "write `await ch.receive()`"),
        ("func add(a int, b int) { }", "a type stands behind a `:`", "write `a: int`"),
        ("func f(a, p Point) { }", "a type stands behind a `:`", "write `p: Point`"),
        ("func f(a b) { }", "found `b`, expected `)`, `,`, `:` or `=`", None),
        ("x := {f() { return 1 }}", "found `(`, expected `,`, `:` or `}`", "write `key: x => e`"),
        ("x := [a: 1]", "found `:`, expected `,` or `]`", None),
        ('with f("x") as y:\n  z', "found `:`, expected `{`", "a body stands in braces: `if c { … }`"),
        ("f(a, **d)", "`**` does not spread a collection", "write `...xs`"),
        ("func f(*args) { }", "there is no parameter with `*`", "write `...rest` for all further arguments"),
        ("for i in 0...9 { }", "there is no operator `...`", "a range is `0..10`, or `0..=10` with its end"),
        ("let x == 1", "found `==`, expected `:=`", "`:=` gives a value, `==` compares"),
        ("x := (1, 2)", "found `,`, expected `)`", "several values stand in brackets: `[1, 2]`"),
        ("x := 1, 2", "found `,`, expected line end", "several values stand in brackets: `[1, 2]`"),
        ("match 1 { case n if n = 1 { } }", "`=` assigns, which a condition cannot", "write `==` to compare"),
        ("func f(a: m.T?, ...b: int) { }", "`...b` has no annotation", "it is always an array"),
        ("func f(a: func) { }", "found `func`, expected a type", "the type of a function is `function`"),
        (
            "x := {1: 2, -1: 3}",
            "found `-`, expected `...`, `[`, `}` or a name",
            "a key that is computed stands in brackets: `[-1]: …`",
        ),
        (
            "[a[0], a[1]] := [a[1], a[0]]",
            "names stand between the brackets",
            "assign elements and fields one by one: `t := a[i]`, `a[i] = a[j]`, `a[j] = t`",
        ),
        (
            "[x, p.y] = [1, 2]",
            "names stand between the brackets",
            "assign elements and fields one by one: `t := a[i]`, `a[i] = a[j]`, `a[j] = t`",
        ),
        (
            "func f([a, b] = [0, 0]) { }",
            "a pattern has no default",
            "give one to a parameter with a name, and take it apart in the body",
        ),
        ("x := xs[..]", "a slice has an end or a beginning", "write `xs[0..]`, or `copy(xs)` for all of it"),
        ("match 1 { case [x, ...] { } }", "found `]`, expected a name", "write `..._` for a rest that is not needed"),
        (
            "match 1 { case 1 print(2) }",
            "found `print`, expected `{`",
            "the body of a case stands in braces: `case 1 { … }`",
        ),
        ("match 1 { case 1, 2 { } }", "found `,`, expected `{`", "write `case 1 | 2 { … }`"),
        (
            "x := if a { 1 } else 2",
            "found `2`, expected `if` or `{`",
            "a body stands in braces: `if c { … } else { … }`",
        ),
        ("timeout { print(1) }", "`timeout` needs its time", "write `timeout 200ms { … }`"),
        ("x := timeout { await f() }", "`timeout` needs its time", "write `timeout 200ms { … }`"),
        ("x := {1, 2}", "found `,`, expected `:`", "a set is made by `Set([1, 2])`"),
        (
            "let x",
            "found end of the text, expected `:=`, `:` or `=`",
            "a variable has a value, `null` at least: `mut x := null`",
        ),
        (
            "mut x\ny",
            "found line end, expected `:=`, `:` or `=`",
            "a variable has a value, `null` at least: `mut x := null`",
        ),
        ("let (a, b) := [1, 2]", "found `(`, expected a name", "write `let [a, b] := …`"),
        ("struct P(x, y)", "found `(`, expected `{`", "write `struct Point { x, y }`"),
        ("print('don't')", "string not closed", "a quote inside of a string has a `\\` before it"),
        ("print('don't say so', 'b')\nc", "string not closed", "a quote inside of a string has a `\\` before it"),
        (
            'print("say "yes" now")',
            "found `yes`, expected `)` or `,`",
            "a quote inside of a string has a `\\` before it",
        ),
        ("if x f()", "found `f`, expected `{`", "a body stands in braces: `if c { … }`"),
        ("match x { 1 => 2 }", "found `1`, expected `case`, `default` or `}`", "write `case 1 { … }`"),
        ('d := {"a" => 1}', "found `=>`, expected `:`", "write `key: value`"),
        ("len xs", "found `xs`, expected an operator or line end", "a call has parentheses: `len(…)`"),
        ("retrun x", "found `x`, expected an operator or line end", "did you mean `return`?"),
        ("func f(a) return a", "found `return`, expected `->` or `{`", "a body stands in braces: `if c { … }`"),
        (
            'func f() {\n  print("a ${x")\n}\nf("y")',
            "`${` not closed",
            "write `}` where the code inside the string ends",
        ),
        ("enum E { A = 1 }", "a variant has no value of its own", "write `A(value)` for one that holds something"),
        (
            "struct P { let x = 1 }",
            "`let` does not stand before a field",
            "write `x: int = 1`",
        ),
        ("if a { } else { } else { }", "`else` without `if`", None),
        (
            "s := '''a\nb'''",
            "a string does not begin with three single quotes",
            'a string over several lines stands between """ and """',
        ),
        ("if a {\n  b\nend\n", "`{` not closed", "`end` at line 3 closes nothing: a block ends with `}`"),
        ("print(7 // 2)\nx", "`(` not closed", "`//` begins a comment, which holds a `)`"),
        ("xs := [1 # one]", "`[` not closed", "`#` begins a comment, which holds a `]`"),
        ("print(7\n// 2)", "`(` not closed", None),
        (
            "func f() {\n    if a {\n        b\n}\nc",
            "`{` not closed",
            "the `}` at line 4 closes the `{` at line 2; is one missing between them?",
        ),
    ],
)
def test_what_was_meant(text: str, message: str, hint: str | None) -> None:
    (problem,) = problems(text)
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize("operator", sorted(SIGNS))
def test_an_operator_of_other_languages(operator: str) -> None:
    text = f"{operator}i" if operator in ("++", "~") else "i--\nx" if operator == "--" else f"a {operator} b"
    problem = problems(text)[0]
    assert (problem.message, problem.hint) == (f"there is no operator `{operator}`", SIGNS[operator])


@pytest.mark.parametrize("character", sorted(CHARACTERS))
def test_a_character_that_means_nothing(character: str) -> None:
    (problem,) = problems(f"x := a {character} b")
    assert problem.message.startswith("unexpected character ")
    assert problem.hint == CHARACTERS[character]


@pytest.mark.parametrize("opening", sorted(QUOTES))
def test_a_text_between_foreign_quotes_is_one_mistake(opening: str) -> None:
    text = f"print({opening}not code ) ${{ {QUOTES[opening]})"
    (problem,) = problems(text)
    assert problem.span == (6, len(text) - 1)


def test_shifts_do_not_touch_types() -> None:
    parse(Source("t", "func f(x: dict<string, array<int>>) { }"))
