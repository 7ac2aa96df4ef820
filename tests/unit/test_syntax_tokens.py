"""Strings, numbers, comments, names, and where nodes stand."""

from __future__ import annotations

from typing import Any

import pytest

from hocket.errors import StaticErrors
from hocket.source import Source
from hocket.syntax import nodes
from hocket.syntax.parser import parse


def expression(text: str) -> Any:
    statement = parse(Source("t", text)).program.body[0]
    assert isinstance(statement, nodes.ExprStmt)
    return statement.value


def parts(text: str) -> list[Any]:
    """Return the texts of a string with `${}`, and the source of the code between them."""
    node = expression(text)
    assert isinstance(node, nodes.FormatExpr)
    return [str(p) if isinstance(p, nodes.Token) or p is None else text[slice(*p.span)] for p in node.parts]


def messages(text: str) -> list[str]:
    with pytest.raises(StaticErrors) as caught:
        parse(Source("t", text))
    return [problem.message for problem in caught.value.problems]


def problems(text: str) -> list[tuple[str, str, str | None]]:
    """Return message, text and hint of what is wrong."""
    with pytest.raises(StaticErrors) as caught:
        parse(Source("t", text))
    return [(p.message, p.source.text[slice(*p.span)], p.hint) for p in caught.value.problems]


# ---- strings


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('""', ""),
        ("''", ""),
        ('"a\'b"', "a'b"),
        ("'a\"b'", 'a"b'),
        (r'"\n\t\r\0\\\"\'\$"', "\n\t\r\0\\\"'$"),
        (r'"\x41\u{e9}\u{1F600}"', "Aé\U0001f600"),
        (r'"\${a}"', "${a}"),
        ('"$a $ {b} $"', "$a $ {b} $"),
        ('"a{b}"', "a{b}"),
        (r'r"\n${a}"', r"\n${a}"),
        (r"r'\d'", r"\d"),
        ('r""', ""),
        ('r"""a\n  \\b"""', "a\n\\b"),
        ('""""""', ""),
        ('"""a"""', "a"),
        ('"""a"b""c"""', 'a"b""c'),
        ('"""\na\n"""', "a"),
        ('"""\n    a\n      b\n\n    c\n    """', "a\n  b\n\nc"),
        ('"""\n\ta\n\tb"""', "a\nb"),
        ('"""a\n   b\n  c"""', "a\n b\nc"),
        ('"""\n  a\\n  b\n"""', "a\n  b"),
        ('"""  a  """', "  a  "),
        ('"""\n"""', ""),
        ('"""\n\n\n"""', "\n"),
        ('"é\u4e2d\U0001f600"', "é中😀"),
    ],
)
def test_what_a_string_means(text: str, meant: str) -> None:
    node = expression(text)
    assert isinstance(node, nodes.StringExpr)
    assert node.text == meant
    assert node.text.span == (0, len(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"${a}"', ["", "a", "None", ""]),
        ('"x${a}y${b}z"', ["x", "a", "None", "y", "b", "None", "z"]),
        ("'${\"b\"}'", ["", '"b"', "None", ""]),
        ('"${"${"c"}"}"', ["", '"${"c"}"', "None", ""]),
        ('"${f({a: 1})}"', ["", "f({a: 1})", "None", ""]),
        ('"${({a: 1})}"', ["", "({a: 1})", "None", ""]),
        ('"${d["k"]}"', ["", 'd["k"]', "None", ""]),
        ('"${x:.2f}"', ["", "x", ".2f", ""]),
        ('"${x:>10}|${y:05d}!"', ["", "x", ">10", "|", "y", "05d", "!"]),
        ('"${x:=10}"', ["", "x", "=10", ""]),
        ('"${x: }"', ["", "x", " ", ""]),
        ('"${f(a: 1):x}"', ["", "f(a: 1)", "x", ""]),
        ('"${a:1}${b:2}${c:3}"', ["", "a", "1", "", "b", "2", "", "c", "3", ""]),
        ('"\\t${a}\\u{e9}"', ["\t", "a", "None", "é"]),
        ('"""\n  a ${b}\n  c\n  """', ["a ", "b", "None", "\nc"]),
        ('"""\n    ${a}\n  ${b}\n"""', ["  ", "a", "None", "\n", "b", "None", ""]),
        ('"""${a} "q" ${b}"""', ["", "a", "None", ' "q" ', "b", "None", ""]),
        ('"${x => { y }}"', ["", "x => { y }", "None", ""]),
        ('"${\n  a\n}"', ["", "a", "None", ""]),
        ('"${a}#${b} // c"', ["", "a", "None", "#", "b", "None", " // c"]),
    ],
)
def test_strings_with_code(text: str, expected: list[str]) -> None:
    assert ["None" if part is None else part for part in parts(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\q"', ("unknown escape \\q", r"\q", r'write \\q for a backslash, or a raw string: r"…"')),
        (r'"\x4"', ("unknown escape \\x", r"\x", r"\x takes two hexadecimal digits: \x41")),
        (r'"\u00e9"', ("unknown escape \\u", r"\u", r"write \u{e9}")),
        (r'"\u{110000}"', ("there is no character \\u{110000}", r"\u{110000}", r"the last one is \u{10ffff}")),
        (r'"\u{d800}"', ("there is no character \\u{d800}", r"\u{d800}", r"the last one is \u{10ffff}")),
        (r'"\e[1m"', ("unknown escape \\e", r"\e", r"write \x1b")),
        (
            '"""a\\\nb"""',
            ("unknown escape at a line end", "\\\n", r'write \\ for a backslash; """ … """ holds line ends'),
        ),
        (r'"a ${b} \d"', ("unknown escape \\d", r"\d", r'write \\d for a backslash, or a raw string: r"…"')),
        ('"a\nb', ("string not closed", '"a', 'a string over several lines stands between """ and """')),
        ("'a", ("string not closed", "'a", None)),
        ('"a ${b"\n', ("`${` not closed", "${", "write `}` where the code inside the string ends")),
        ('"a ${b} c\n', ("string not closed", '"a ${b} c', 'a string over several lines stands between """ and """')),
        ('"${x:{y}}"', ("format spec not closed", ":", "it ends at `}` and holds no `{`")),
        ('"${}"', ("found `}`, expected an expression", "}", None)),
        ('"${a b}"', ("found `b`, expected `}`", "b", None)),
    ],
)
def test_bad_strings(text: str, expected: tuple[str, str, str | None]) -> None:
    found = problems(text)
    assert found[0] == expected


def test_all_bad_escapes_are_reported() -> None:
    assert len(messages(r'f("\q", "\w") + "\z${"\y"}"')) == 4


def test_open_strings_on_several_lines_are_all_reported() -> None:
    assert messages('print("abc)\nprint("def)\n') == ["string not closed"] * 2


# ---- numbers and names


@pytest.mark.parametrize("text", ["0", "12", "1_000_000", "0xff", "0XF_F", "0b1", "0o7", "007"])
def test_ints(text: str) -> None:
    node = expression(text)
    assert isinstance(node, nodes.IntExpr)
    assert node.text == text


@pytest.mark.parametrize("text", ["1.5", "1_0.2_5", "1e3", "1E-3", "1.5e+10"])
def test_floats(text: str) -> None:
    assert isinstance(expression(text), nodes.FloatExpr)


@pytest.mark.parametrize("text", ["100ms", "1.5s", "2m", "1h"])
def test_durations(text: str) -> None:
    assert isinstance(expression(text), nodes.DurationExpr)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("12abc", "a name cannot begin with a digit"),
        ("1e", "an exponent needs digits: 1e3"),
        ("1_000_", "`_` stands between two digits"),
        ("1__0", "`_` stands between two digits"),
        ("0xg", "0x takes hexadecimal digits, 0o takes 0 to 7, 0b takes 0 and 1"),
        ("0b2", "0x takes hexadecimal digits, 0o takes 0 to 7, 0b takes 0 and 1"),
        ("5msx", "a name cannot begin with a digit"),
    ],
)
def test_bad_numbers(text: str, hint: str) -> None:
    assert problems(f"x := {text}") == [(f"invalid number: {text}", text, hint)]


@pytest.mark.parametrize("name", ["a", "_", "_a1", "größe", "名前", "r", "π"])
def test_names(name: str) -> None:
    assert str(expression(name).name) == name


def test_names_of_the_language_itself_are_refused_except_as_fields() -> None:
    assert problems("__x := 1") == [("names that begin with `__` are reserved", "__x", "write `x`")]
    parse(Source("t", "a.__class__ + a?.__x"))


# ---- what surrounds tokens


@pytest.mark.parametrize(
    "text", ["a # b", "a // b", "a /* b */", "/* a\n* b **/ a", "#!/usr/bin/env hocket\na", "a //= b", "a /* /* */"]
)
def test_comments(text: str) -> None:
    (statement,) = parse(Source("t", text)).program.body
    assert text[slice(*statement.span)] == "a"


def test_block_comments_do_not_nest() -> None:
    assert problems("a /* /* */ */")[0][:2] == ("`*/` closes no comment", "/")


def test_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    text = 'if a {\n  b := """\n  c\n  d"""\n}\nx\n'
    plain = parse(Source("t", text)).program
    for other in (text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text):
        again = parse(Source("t", other)).program
        assert [node.span for node in again.body] == [node.span for node in plain.body]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\0b", "unexpected character U+0000"),
        ("\ud800", "unexpected character U+D800"),
        ("a @ b", "unexpected character `@`"),
        ("a\u00a0b", "unexpected character U+00A0"),
        ("a @@@ b", "unexpected character `@`"),
    ],
)
def test_characters_that_begin_nothing(text: str, message: str) -> None:
    assert messages(text)[0] == message


def test_docs_belong_to_the_declaration_on_the_next_line() -> None:
    text = (
        "/// Adds.\n///  Twice.\nfunc f() { }\n"
        "/// lost\n\nfunc g() { }\n"
        "//// no doc\nfunc h() { }\n"
        "x := 1 /// no doc\nfunc i() {\n    /// inner\n    async func j() { }\n}\n"
        "/// a\n\n/// b\nk := 1\n/// at the end"
    )
    docs = parse(Source("t", text)).docs
    found = {text[start:].split("\n")[0].strip(): doc for start, doc in docs.items()}
    assert found == {"func f() { }": "Adds.\n Twice.", "async func j() { }": "inner", "k := 1": "b"}


def test_a_documented_function_is_found_by_its_start() -> None:
    parsed = parse(Source("t", "x\n  /// Doc.\n  async func f() { }"))
    assert parsed.docs[parsed.program.body[1].span.start] == "Doc."


# ---- positions


def spans(text: str) -> dict[str, set[str]]:
    """Return the texts that nodes span, by class."""
    found: dict[str, set[str]] = {}

    def visit(node: Any) -> None:
        if isinstance(node, (nodes.Node, nodes.Token)):
            name = type(node).__name__ if isinstance(node, nodes.Node) else node.type
            found.setdefault(name, set()).add(text[slice(*node.span)])
        if isinstance(node, nodes.Node):
            for child in node.children:
                visit(child)

    visit(parse(Source("t", text)).program)
    return found


def test_nodes_span_their_text() -> None:
    text = (
        "  # é comment\n  async func f(a: T?, b = (1)) -> R {\n    return {k: [a , b ], ...c}\n  } ;\n"
        'x := f( 1, n = 2 ) . y [ 0 ] + -"é${ z :>4 }ü"\nif a { b } else if c { }\n'
    )
    found = spans(text)
    assert found["FuncDef"] == {text[text.index("async") : text.index("} ;") + 1]}
    assert found["Param"] == {"a: T?", "b = (1)"}
    assert found["OptionalType"] == {"T?"}
    assert found["ParenExpr"] == {"(1)"}
    assert found["Block"] == {"{\n    return {k: [a , b ], ...c}\n  }", "{ b }", "{ }"}
    assert found["DictExpr"] == {"{k: [a , b ], ...c}"}
    assert found["ListExpr"] == {"[a , b ]"}
    assert found["Spread"] == {"...c"}
    assert found["CallExpr"] == {"f( 1, n = 2 )"}
    assert found["Args"] == {"1, n = 2"}
    assert found["NamedArg"] == {"n = 2"}
    assert found["FieldExpr"] == {"f( 1, n = 2 ) . y"}
    assert found["IndexExpr"] == {"f( 1, n = 2 ) . y [ 0 ]"}
    assert found["BinaryExpr"] == {'f( 1, n = 2 ) . y [ 0 ] + -"é${ z :>4 }ü"'}
    assert found["NegExpr"] == {'-"é${ z :>4 }ü"'}
    assert found["FSTRING_START"] == {'"é${'}
    assert found["FSTRING_SPEC"] == {":>4 "}
    assert found["FSTRING_END"] == {'}ü"'}
    assert found["IfExpr"] == {"if a { b } else if c { }", "if c { }"}
    assert found["ExprStmt"] >= {"if a { b } else if c { }", "b"}
    assert found["Program"] == {text[text.index("async") :].rstrip()}


def test_an_empty_part_stands_where_it_would_be() -> None:
    call = expression("f( )")
    assert isinstance(call, nodes.CallExpr)
    assert call.args.span == (2, 2)


def test_every_child_stands_within_its_parent() -> None:
    text = 'a := b.c(d, [e, {f: 1}], x => { y }) ?? "${z:1} ${w}"\nfor i, j in k { try { l } except m { } }\n' * 3

    def visit(node: nodes.Node) -> None:
        last = node.span.start
        for child in node.children:
            if isinstance(child, (nodes.Node, nodes.Token)):
                assert last <= child.span.start <= child.span.end <= node.span.end
                last = child.span.end
            if isinstance(child, nodes.Node):
                visit(child)

    visit(parse(Source("t", text)).program)
