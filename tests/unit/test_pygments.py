"""The Pygments lexer: what each piece of a program is, in whole programs and in half-typed ones."""

from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Token

from hocket.pygments import HocketLexer
from hocket.source import Source
from hocket.syntax.parser import keywords
from hocket.syntax.tokens import RESERVED, scan
from hocket.testing import programs

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "tests").rglob("*.hkt")), ROOT / "interpreter" / "LANGUAGE.md", ROOT / "README.md"]


def pieces(text: str) -> list[tuple[object, str]]:
    """Return type and text of all pieces but blanks."""
    lexed = list(HocketLexer().get_tokens_unprocessed(text))
    assert "".join(piece for _, _, piece in lexed) == text
    assert [at for at, _, _ in lexed] == [sum(len(p) for _, _, p in lexed[:i]) for i in range(len(lexed))]
    return [(kind, piece) for _, kind, piece in lexed if not piece.isspace()]


def type_of(word: str, text: str) -> object:
    """Return the type of the first piece that is `word`."""
    return next(kind for kind, piece in pieces(text) if piece == word)


def test_no_program_of_the_tests_has_a_piece_that_is_an_error() -> None:
    wrong = []
    for path in FILES:
        for program in programs(path.read_text(encoding="utf-8"), path.name):
            text = Source(program.name, program.text).text
            lexed = [(kind, piece) for _, kind, piece in HocketLexer().get_tokens_unprocessed(text)]
            assert "".join(piece for _, piece in lexed) == text
            if any(kind is Error for kind, _ in lexed) and not scan(Source("t", text)).problems:
                wrong.append(program.name)
    assert wrong == []


@pytest.mark.parametrize("word", sorted(keywords() | RESERVED))
def test_every_keyword_is_one_where_it_means_something(word: str) -> None:
    shapes = {
        "as": "match f(x) { case {a as b} { } }",
        "case": "match x { case 1 { } }",
        "catch": "try { } catch e { }",
        "default": "match x { default { } }",
        "enum": "enum E { A }",
        "export": "export func f() { }",
        "fn": "fn f() { }",
        "from": "from m import x",
        "match": "match x { case 1 { } }",
        "pub": "pub func f() { }",
        "scope": "scope { }",
        "select": "select { }",
        "shield": "shield { }",
        "test": 'test "a" { }',
        "test_group": 'test_group "a" { }',
        "test_setup": "test_setup { }",
        "test_teardown": "test_teardown { }",
        "timeline": "timeline { }",
        "timeout": "timeout 5ms { }",
        "with": "with f(x) as y { }",
    }
    kind = type_of(word, shapes.get(word, f"{word} x"))
    assert kind in Keyword or kind is Operator.Word


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("match", "match := 1"),
        ("match", "s.match(p)"),
        ("scope", "scope + 1"),
        ("timeout", "get(url, timeout = 5)"),
        ("default", "{default: 1}"),
        ("enum", "enum(1)"),
        ("for", "x.for"),
    ],
)
def test_a_soft_word_is_a_name_elsewhere(word: str, text: str) -> None:
    assert type_of(word, text) in Name


def test_a_program_in_pieces() -> None:
    assert pieces("/// adds\nfunc add(a, b: int = 0x1f) {  // sum\n    return a + len(b) /* so */\n}") == [
        (String.Doc, "/// adds"),
        (Keyword.Declaration, "func"),
        (Name.Function, "add"),
        (Punctuation, "("),
        (Name, "a"),
        (Punctuation, ","),
        (Name, "b"),
        (Punctuation, ":"),
        (Name, "int"),
        (Operator, "="),
        (Number.Hex, "0x1f"),
        (Punctuation, ")"),
        (Punctuation, "{"),
        (Comment.Single, "// sum"),
        (Keyword, "return"),
        (Name, "a"),
        (Operator, "+"),
        (Name.Builtin, "len"),
        (Punctuation, "("),
        (Name, "b"),
        (Punctuation, ")"),
        (Comment.Multiline, "/* so */"),
        (Punctuation, "}"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12", Number.Integer),
        ("1_000", Number.Integer),
        ("0b101", Number.Bin),
        ("0o17", Number.Oct),
        ("0XFF", Number.Hex),
        ("1.5", Number.Float),
        ("1e-3", Number.Float),
        ("1.5s", Number),
        ("100ms", Number),
        ("'a'", String),
        ('""', String),
        ('"""a\n"b" c"""', String),
        ("true", Keyword.Constant),
        ("# x", Comment.Single),
        ("//// x", Comment.Single),
        ("??", Operator),
        ("|>", Operator),
        ("..=", Operator),
        ("TimeoutError", Name.Exception),
        ("`", Error),
        (r'"""', String),
        ("/* open", Comment.Multiline),
    ],
)
def test_one_piece(text: str, kind: object) -> None:
    assert pieces(text) == [(kind, text)]


def test_names_that_are_defined_have_their_own_types() -> None:
    assert type_of("f", "func* f() { }") is Name.Function
    assert type_of("Point", "struct Point { x }") is Name.Class
    assert type_of("area", "struct Point { x, func area(self) { } }") is Name.Function
    assert type_of("Shape", "enum Shape { A }") is Name.Class
    assert type_of("len", "xs.len()") is Name.Attribute
    assert type_of("len", "let len := 1") is Name


def test_code_in_strings_is_code_at_any_depth() -> None:
    assert pieces(r'"a\n${f("b${1}", {x: 2}):>5}c"') == [
        (String, '"a'),
        (String.Escape, r"\n"),
        (String.Interpol, "${"),
        (Name, "f"),
        (Punctuation, "("),
        (String, '"b'),
        (String.Interpol, "${"),
        (Number.Integer, "1"),
        (String.Interpol, "}"),
        (String, '"'),
        (Punctuation, ","),
        (Punctuation, "{"),
        (Name, "x"),
        (Punctuation, ":"),
        (Number.Integer, "2"),
        (Punctuation, "}"),
        (Punctuation, ")"),
        (String.Interpol, ":>5"),
        (String.Interpol, "}"),
        (String, 'c"'),
    ]


def test_a_raw_string_has_neither_code_nor_escapes() -> None:
    assert pieces(r'r"\n${a}"') == [(String.Affix, "r"), (String, r'"\n${a}"')]


def test_an_escape_that_means_nothing_is_an_error() -> None:
    assert pieces(r'"\d"') == [(String, '"'), (Error, r"\d"), (String, '"')]


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("func f() {\n    match x {\n        case 1 {", "match", Keyword),
        ("scope { spawn {", "scope", Keyword),
        ('print("a ${f(1', "f", Name),
        ('print("a ${f(1', '"a ', String),
        ('let x := "abc', '"abc', String),
        ("scope {\n/* open", "scope", Keyword),
        ('timeout 5ms { print("""a ${b', "timeout", Keyword),
        ("f(]) ; s.match", "match", Name.Attribute),
        ("}}} while x", "while", Keyword),
    ],
)
def test_what_is_still_being_typed_has_its_colours(text: str, word: str, kind: object) -> None:
    assert type_of(word, text) == kind


def test_line_ends_of_windows_and_marks_stay() -> None:
    text = "\ufefflet a := 1\r\nprint(a)\r\n"
    assert "".join(piece for _, _, piece in HocketLexer().get_tokens_unprocessed(text)) == text
    assert type_of("print", text) is Name.Builtin
    assert Token.Error not in [kind for kind, _ in pieces(text)]


def test_every_beginning_of_a_program_keeps_its_text() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("```hocket\n")[1].split("```")[0]
    for end in range(0, len(text), 7):
        pieces(text[:end])
