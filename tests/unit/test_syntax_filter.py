"""What words, brackets and line ends mean where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from hocket.errors import StaticErrors
from hocket.source import Source
from hocket.syntax import nodes
from hocket.syntax.filter import WORDS, arrange
from hocket.syntax.parser import parse
from hocket.syntax.tokens import scan


def show(node: Any) -> str:
    """Return a node as nested calls, without the layers that say nothing."""
    if isinstance(node, nodes.Token):
        return str(node)
    if node is None:
        return "-"
    children = [show(child) for child in node.children]
    if isinstance(node, (nodes.ExprStmt, nodes.NameExpr, nodes.IntExpr, nodes.NamePattern, nodes.PatternParam)):
        return children[0]
    if isinstance(node, nodes.KeyPattern) and node.name is None:
        return children[0]
    name = type(node).__name__.removesuffix("Expr").removesuffix("Stmt")
    return f"{name}({', '.join(children)})"


def tree(text: str) -> str:
    return "; ".join(show(statement) for statement in parse(Source("t", text)).program.body)


def stream(text: str) -> list[str]:
    """Return the terminals that the filter gives when every word of the language is one."""
    return arrange(scan(Source("t", text), WORDS)).terminals


# ---- line ends


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a; b"),
        ("a; b", "a; b"),
        (";;a;;\n;b;", "a; b"),
        ("a +\nb", "Binary(a, +, b)"),
        ("a\n+ b", "Binary(a, +, b)"),
        ("a\n- b", "Binary(a, -, b)"),
        ("a\n-b", "a; Neg(b)"),
        ("a\n  .b\n  // note\n\n  .c", "Field(Field(a, b), c)"),
        ("a\n?.b", "OptionalField(a, b)"),
        ("a.\nb", "Field(a, b)"),
        ("a\n(b)", "a; Paren(b)"),
        ("a\n[b]", "a; List(b)"),
        ("f(a,\nb\n)", "Call(f, Args(a, b))"),
        ("f(a\n)(b)[1]", "Index(Call(Call(f, Args(a)), Args(b)), 1)"),
        ("a := \\\n b", "Define(a, b)"),
        ("a\n:= b", "Define(a, b)"),
        ("a\n= b", "Assign(a, b)"),
        ("a\nand b", "And(a, b)"),
        ("a\nor b", "Or(a, b)"),
        ("a\nin b", "In(a, b)"),
        ("a\nnot in b", "NotIn(a, b)"),
        ("a\nnot b", "a; Not(b)"),
        ("a\n!b", "a; Not(b)"),
        ("a\n|> b", "Pipe(a, b)"),
        ("a\n/* x\n */ b", "a; b"),
        ("a /* x\n */ b", "a; b"),
        ("if a\n{ b }\nelse\n{ c }", "If(a, Block(b), Block(c))"),
        ("if a { b }\n\n# note\nelse if c { d }", "If(a, Block(b), If(c, Block(d), -))"),
        (
            "try { a }\nexcept e { b }\nfinally { c }",
            "Try(Block(a), ExceptClauses(ExceptName(e, Block(b))), FinallyClause(Block(c)))",
        ),
        ("func f()\n{ a }", "FuncDef(-, -, f, Params(), -, Block(a))"),
        ("while a\n\n{ b }", "While(a, Block(b))"),
        ("return\na", "Return(-); a"),
        ("return a", "Return(a)"),
        ("break\ncontinue", "Break(); Continue()"),
        ("x := [\n1,\n2,\n]", "Define(x, List(1, 2))"),
        ("if a { b } c", "If(a, Block(b), -); c"),
        ("if a { b }\n-c", "If(a, Block(b), -); Neg(c)"),
        ("if a { b } [c]", "If(a, Block(b), -); List(c)"),
        ("x := if a { b } else { c }\n(d)", "Define(x, If(a, Block(b), Block(c))); Paren(d)"),
        ("f(a) b", "Call(f, Args(a)); b"),
        ("f(a) let b := c", "Call(f, Args(a)); Let(let, b, -, c)"),
        ("a return b", "a; Return(b)"),
        ("a let b := 1", "a; Let(let, b, -, 1)"),
        ("func f() { } func g() { }", "FuncDef(-, -, f, Params(), -, Block()); FuncDef(-, -, g, Params(), -, Block())"),
        ("x := {a: 1} y", "Define(x, Dict(Pair(NameKey(a), 1))); y"),
        ("{ a; b }", "Block(a, b)"),
        ("", ""),
        ("\n\n# nothing\n", ""),
    ],
)
def test_line_ends(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize("text", ["a b", "1 2", "a \\\nb", 'a "b"', "a if b { }", "a func() { }", "a - - b c"])
def test_statements_do_not_touch_otherwise(text: str) -> None:
    with pytest.raises(StaticErrors):
        parse(Source("t", text))


def test_a_semicolon_at_the_end_is_known() -> None:
    assert parse(Source("t", "a; # note\n")).silenced
    assert parse(Source("t", "a;\n;")).silenced
    assert not parse(Source("t", "a; b")).silenced
    assert not parse(Source("t", "a;\nb")).silenced
    assert not parse(Source("t", "f(() => { a; })")).silenced
    assert not parse(Source("t", "")).silenced


# ---- braces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the body of a head
        ("if a { b }", "If(a, Block(b), -)"),
        ("if f({}) { }", "If(Call(f, Args(Dict())), Block(), -)"),
        ("if a == {b: 1} { }", "If(Binary(a, ==, Dict(Pair(NameKey(b), 1))), Block(), -)"),
        ("if {} == a { }", "If(Binary(Dict(), ==, a), Block(), -)"),
        ("if if a { b } else { c } { d }", "If(If(a, Block(b), Block(c)), Block(d), -)"),
        ("while a { }", "While(a, Block())"),
        ("loop while a { }", "While(a, Block())"),
        ("for x in a { }", "For(ForTargets(x), a, Block())"),
        ("for x in {} { }", "For(ForTargets(x), Dict(), Block())"),
        (
            "for {a}, [{b}] in c { }",
            "For(ForTargets(DictPattern(a), ListPattern(DictPattern(b))), c, Block())",
        ),
        ("func f() -> A<B> { }", "FuncDef(-, -, f, Params(), NamedType(A, TypeArgs(<, NamedType(B, -), >)), Block())"),
        ("func f() -> A? { }", "FuncDef(-, -, f, Params(), OptionalType(NamedType(A, -)), Block())"),
        ("func f() -> null { }", "FuncDef(-, -, f, Params(), NullType(), Block())"),
        ("func f() -> [A] { }", "FuncDef(-, -, f, Params(), ArrayType(NamedType(A, -)), Block())"),
        ("timeout 5ms { a }", "Timeout(Duration(5ms), Block(a))"),
        ("timeout (a) { b }", "Timeout(Paren(a), Block(b))"),
        ("try { } except { }", "Try(Block(), ExceptClauses(ExceptAll(Block())), -)"),
        ("try { } except e { }", "Try(Block(), ExceptClauses(ExceptName(e, Block())), -)"),
        ("try { } except (e) { }", "Try(Block(), ExceptClauses(ExceptName(e, Block())), -)"),
        ("try { } except A | B e { }", "Try(Block(), ExceptClauses(ExceptTypes(ErrorTypes(A, B), e, Block())), -)"),
        # behind a word
        ("loop { a }", "Loop(Block(a))"),
        ("spawn { a }", "SpawnBlock(Block(a))"),
        ('spawn("n") { a }', "SpawnBlock(String(n), Block(a))"),
        ("spawn (a)", "Spawn(Paren(a))"),
        ("scope { a }", "Scope(Block(a))"),
        ("x := shield { a }", "Define(x, Shield(Block(a)))"),
        ("if await spawn { a } { b }", "If(Await(SpawnBlock(Block(a))), Block(b), -)"),
        # behind an arrow
        ("x => { }", "Arrow(-, SingleParam(x), Block())"),
        ("x => { a }", "Arrow(-, SingleParam(x), Block(a))"),
        ("x => {a: 1}", "Arrow(-, SingleParam(x), Dict(Pair(NameKey(a), 1)))"),
        ("x => {...a}", "Arrow(-, SingleParam(x), Dict(Spread(a)))"),
        ("x => {[a]: 1}", "Arrow(-, SingleParam(x), Dict(Pair(ComputedKey(a), 1)))"),
        ("x => { [a] }", "Arrow(-, SingleParam(x), Block(List(a)))"),
        ("if a |> x => { b } { c }", "If(Pipe(a, Arrow(-, SingleParam(x), Block(b))), Block(c), -)"),
        # a statement's start
        ("{}", "Dict()"),
        ("{ a }", "Block(a)"),
        ("{a: 1}", "Dict(Pair(NameKey(a), 1))"),
        ('{"a": 1}', "Dict(Pair(String(a), 1))"),
        ('{"${a}": 1}', "Dict(Pair(Format(, a, -, ), 1))"),
        ("{1: 2}", "Dict(Pair(NumberKey(1), 2))"),
        ("{...a}", "Dict(Spread(a))"),
        ("{a} := b", "DefineUnpack(DictPattern(a), b)"),
        (
            "{a, b as c, d: [e]} = f",
            "AssignUnpack(DictPattern(a, KeyPattern(b, c), NestedKeyPattern(d, ListPattern(e))), f)",
        ),
        ("{ {a} := b }", "Block(DefineUnpack(DictPattern(a), b))"),
        # patterns
        ("let {a} := b", "Let(let, DictPattern(a), -, b)"),
        ("mut [{a}] := b", "Let(mut, ListPattern(DictPattern(a)), -, b)"),
        ("const {a: {b}} := c", "Let(const, DictPattern(NestedKeyPattern(a, DictPattern(b))), -, c)"),
        ("[a, b] := c", "DefineUnpack(ListPattern(a, b), c)"),
        ("[a, b]", "List(a, b)"),
        ("[a][0] := b", "Define(Index(List(a), 0), b)"),
        (
            "func f({a}, [b]) { }",
            "FuncDef(-, -, f, Params(DictPattern(a), ListPattern(b)), -, Block())",
        ),
        (
            "({a}, {b}) => c",
            "Arrow(-, ArrowParams(Params(DictPattern(a), DictPattern(b))), c)",
        ),
        ("(a = {b: 1}) => c", "Arrow(-, ArrowParams(Params(Param(a, -, Dict(Pair(NameKey(b), 1))))), c)"),
        # anywhere else
        ("x := {}", "Define(x, Dict())"),
        ("x := {a, b}", "Define(x, Dict(Shorthand(a), Shorthand(b)))"),
        ("return {a}", "Return(Dict(Shorthand(a)))"),
        ("f({a})", "Call(f, Args(Dict(Shorthand(a))))"),
        ("[{a}]", "List(Dict(Shorthand(a)))"),
        ("a ?? {}", "Coalesce(a, Dict())"),
    ],
)
def test_braces(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize("text", ["if a { b: c }", "scope { a: 1 }", "x => { a, b }", "let [a: b] := c", "{a, b}"])
def test_a_body_is_no_dict(text: str) -> None:
    with pytest.raises(StaticErrors):
        parse(Source("t", text))


@pytest.mark.parametrize(
    ("text", "terminal", "times"),
    [
        ("match a { case {b}: { c } case d { e } }", "_LBRACE_PATTERN", 1),
        ("match a { case P {b} { c } }", "_LBRACE_PATTERN", 1),
        ("match a { case P {b} | {c}: { d } default: { {e: 1} } }", "_LBRACE_PATTERN", 2),
        ("match a { case b if c { d } }", "_LBRACE_PATTERN", 0),
        ("select { case {a} from b { c } timeout 5ms { d } }", "_LBRACE_PATTERN", 1),
        ("with f(a) as {b} { c }", "_LBRACE_PATTERN", 1),
        ("for await {a} in b { c }", "_LBRACE_PATTERN", 1),
        ("match {a: 1} { case b { } }", "_LBRACE_DICT", 1),
        ("match a { case Ok({b}) | [{c}, ...d] if f({e: 1}) { g } }", "_LBRACE_PATTERN", 2),
        ("match a { case Ok({b}) | [{c}, ...d] if f({e: 1}) { g } }", "_LBRACE_DICT", 1),
        ("struct P { x: int\n y = {a: 1}\n func m() { } }", "_LBRACE_DICT", 1),
        ("enum E { A(x)\n B }", "_LBRACE_DICT", 0),
        ("p := P {x: 1}", "_LBRACE_STRUCT", 1),
        ("if (P {x: 1}) == p { }", "_LBRACE_STRUCT", 1),
        ("p := P\n{x: 1}", "_LBRACE_DICT", 1),
        ("timeline { a: 1 }", "_LBRACE_DICT", 0),
        ('test "a" { b }', "_LBRACE_DICT", 0),
        ("test_setup { b }", "_LBRACE_DICT", 0),
    ],
)
def test_braces_of_words_that_any_grammar_may_have(text: str, terminal: str, times: int) -> None:
    assert stream(text).count(terminal) == times


@pytest.mark.parametrize(
    ("text", "separators"),
    [
        ("struct P { x: int\n y: list<int>\n z = 1, w }", 2),
        ("struct P { func a() { } func b() { } }", 1),
        ("enum E { A\n B, C }", 1),
        ("match a { case b { c } case d { e }\n default { f } }", 0),
        ("from a import b", 0),
        ("import a\nimport b", 1),
        ("export func f() { } pub let x := 1", 1),
        ("async func f() { }\nasync func g() { }", 1),
        ('x := 1\ntest "a" { }\ntest_setup { }', 2),
        ("x := f(a)\nwith f(a) as g { h }", 1),
        ("yield\nx", 1),
    ],
)
def test_separators_of_words_that_any_grammar_may_have(text: str, separators: int) -> None:
    assert stream(text).count("_SEP") == separators


# ---- words


@pytest.mark.parametrize(
    ("text", "word", "keyword"),
    [
        ("match x { }", "match", True),
        ("match { }", "match", True),
        ("match (x) { }", "match", True),
        ("match -x { }", "match", True),
        ("match - x", "match", False),
        ("match-x", "match", False),
        ("match !x { }", "match", True),
        ("func match(x) { }", "match", False),
        ("match(x)", "match", False),
        ("x := match", "match", False),
        ("match x { case 1 { } }", "case", True),
        ("case := 1", "case", False),
        ("match x { default: { } }", "default", True),
        ("default := 1", "default", False),
        ("scope { }", "scope", True),
        ("if scope { }", "scope", False),
        ("scope := 1", "scope", False),
        ("select { }", "select", True),
        ("select(x)", "select", False),
        ("timeout 5ms { }", "timeout", True),
        ("timeout x { }", "timeout", True),
        ("timeout (x) { }", "timeout", True),
        ("timeout(x)", "timeout", False),
        ("timeout\n5", "timeout", False),
        ("timeout + 5", "timeout", False),
        ("with x { }", "with", True),
        ("with (x) as y { }", "with", True),
        ("with(x)", "with", False),
        ("x := with", "with", False),
        ("fn f() { }", "func", True),
        ("fn(x) { }", "func", True),
        ("fn(x) -> T { }", "func", True),
        ("fn(x)", "fn", False),
        ("try { } catch e { }", "except", True),
        ("catch(x)", "catch", False),
        ("from a import b", "from", True),
        ("from a.b import c", "from", True),
        ("from := 1", "from", False),
        ("let {a as b} := c", "as", True),
        ("as := 1", "as", False),
        ("f(as)", "as", False),
        ("export func f() { }", "export", True),
        ("export(x)", "export", False),
        ("pub let x := 1", "export", True),
        ("enum E { }", "enum", True),
        ("enum(x)", "enum", False),
        ('test "a" { }', "test", True),
        ("test(a)", "test", False),
        ('test\n"a"', "test", False),
        ("test_teardown { }", "test_teardown", True),
        ("test_teardown()", "test_teardown", False),
        ("a.if", "if", False),
        ("a?.for", "for", False),
        ("a\n.match", "match", False),
        ("f(in = 1)", "in", False),
        ("f(x, if: 1)", "if", False),
        ("func f(for = 1) { }", "for", False),
        ("x := {if: 1, while: 2}", "while", False),
        ("let {in: a} := b", "in", False),
        ("f(if x { 1 })", "if", True),
    ],
)
def test_when_a_word_is_a_keyword(text: str, word: str, keyword: bool) -> None:
    scanned = scan(Source("t", text), WORDS)
    arrange(scanned)
    assert (word in scanned.kinds) is keyword


@pytest.mark.parametrize("word", sorted(WORDS))
def test_any_word_is_a_field_a_key_and_an_argument(word: str) -> None:
    parse(
        Source("t", f"x := a.{word} + a?.{word}\ny := {{{word}: 1}}\nf({word} = 1, {word}: 2)\nlet {{{word}: z}} := d")
    )


@pytest.mark.parametrize(
    "word", ["match", "case", "scope", "timeout", "test", "as", "from", "enum", "fn", "catch", "self"]
)
def test_soft_words_are_names(word: str) -> None:
    parse(
        Source(
            "t", f"{word} := 1\n{word} += {word}\nf({word})\nlet {word} := [{word}, {word}(2)]\nfunc {word}(a) {{ }}"
        )
    )


# ---- precedence and binding


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("await p == 3", "Binary(Await(p), ==, 3)"),
        ("await a.b(c)[0]", "Await(Index(Call(Field(a, b), Args(c)), 0))"),
        ("await p ** 2", "Await(Power(p, 2))"),
        ("-a ** -b", "Neg(Power(a, Neg(b)))"),
        ("a ** b ** c", "Power(a, Power(b, c))"),
        ("a - b - c", "Binary(Binary(a, -, b), -, c)"),
        ("a + b * c", "Binary(a, +, Binary(b, *, c))"),
        ("a .. b + 1", "Range(a, .., Binary(b, +, 1))"),
        ("a < b == c < d", "Binary(Compare(a, <, b), ==, Compare(c, <, d))"),
        ("not a == b and c", "And(Not(Binary(a, ==, b)), c)"),
        ("!a == b", "Binary(Not(a), ==, b)"),
        ("a or b && c || d", "Or(Or(a, And(b, c)), d)"),
        ("a ?? b || c", "Coalesce(a, Or(b, c))"),
        ("a |> b ?? c |> d", "Pipe(Pipe(a, Coalesce(b, c)), d)"),
        ("a in b == c", "Binary(In(a, b), ==, c)"),
        ("x => y => x + y", "Arrow(-, SingleParam(x), Arrow(-, SingleParam(y), Binary(x, +, y)))"),
        ("spawn f(a).b", "Spawn(Field(Call(f, Args(a)), b))"),
        ("throw a ?? b", "Throw(Coalesce(a, b))"),
        ("a ?? throw b", "Coalesce(a, Throw(b))"),
        ("1.abs()", "Call(Field(1, abs), Args())"),
        ("1..10", "Range(1, .., 10)"),
        ("xs[1..]", "SliceFrom(xs, 1, ..)"),
        ("xs[..=2]", "SliceTo(xs, ..=, 2)"),
        (
            "f(a, b = 1, c: 2, d := 3, ...e)",
            "Call(f, Args(a, NamedArg(b, 1), NamedArg(c, 2), NamedArg(d, 3), Spread(e)))",
        ),
    ],
)
def test_precedence(text: str, expected: str) -> None:
    assert tree(text) == expected
