"""Syntax errors in the user's terms.

`habits.py` has a table of what people write who come from other languages.  For
everything else the message says what was found and what could have stood there,
which the parser's tables know; terminals never appear in it.
"""

from __future__ import annotations

from typing import NamedTuple

from hocket.errors import Problem, did_you_mean
from hocket.source import Span
from hocket.syntax import tables
from hocket.syntax.expected import LINE_END, accepts, phrases
from hocket.syntax.filter import WORDS
from hocket.syntax.habits import ANY, ESCAPED, HABITS, LAMBDA, NAME, QUOTE, START, TYPES
from hocket.syntax.tables import END
from hocket.syntax.tokens import SPELLINGS, Tokens

BODY = "write `func f(x) { return … }`"
CASE = "the body of a case stands in braces: `case 1 { … }`"
STRINGS = frozenset({"STRING", "FSTRING_START"})
PLAIN = STRINGS | {END}


class Finding(NamedTuple):
    """What is wrong, what to write instead, and the position in the stream if it is not where the parser stopped."""

    message: str
    hint: str | None = None
    position: int | None = None


DECLARING = frozenset({"let", "mut", "const"})
BODY_WORDS = frozenset({"if", "else", "for", "while", "loop", "try", "except", "finally", "func", "struct", "with"})


class Failure(NamedTuple):
    """Where the parser got stuck."""

    tokens: Tokens
    terminals: list[str]
    indices: list[int]
    # Position in the stream of the token that fits nowhere, and of the statement's first.
    at: int
    start: int
    states: list[int]

    def place(self, position: int) -> Span:
        """Return the place of the token at a position of the stream."""
        index, terminal = self.indices[position], self.terminals[position]
        starts, ends = self.tokens.starts, self.tokens.ends
        if terminal == END or (terminal == "_SEP" and self.between(position)):
            end = ends[index - 1] if index else 0
            return Span(end, end)
        if terminal in ("FSTRING_MIDDLE", "FSTRING_END"):
            return Span(starts[index], starts[index] + 1)
        return Span(starts[index], ends[index])

    def between(self, position: int) -> str:
        """Return what separates two statements: a line end, a `;` or nothing."""
        index = self.indices[position]
        text = self.tokens.source.text[self.tokens.ends[index - 1] if index else 0 : self.tokens.starts[index]]
        return LINE_END if "\n" in text else ";" if ";" in text else ""

    def text(self, position: int) -> str:
        """Return the text of the token at a position of the stream; of a string only what kind it is."""
        terminal = self.terminals[position]
        if terminal == END:
            return "end of the text"
        if terminal == "_SEP" and self.between(position):
            return self.between(position)
        if terminal in PLAIN:
            return "string"
        start, end = self.place(position)
        return self.tokens.source.text[start:end]

    def touches(self, position: int) -> bool:
        """Does the next token begin where the one at a position of the stream ends?"""
        return self.tokens.ends[self.indices[position]] == self.tokens.starts[self.indices[position + 1]]

    def find(self, text: str) -> int | None:
        """Return the position of the next token that is `text`, from where the parser got stuck on."""
        following = range(self.at, len(self.terminals) - 1)
        return next((position for position in following if self.text(position) == text), None)

    def texts(self) -> list[str]:
        """Return the texts of the statement up to the token that fits nowhere; of a string only that it is one."""
        found = range(self.start, self.at + 1)
        return [QUOTE if self.terminals[at] in STRINGS else self.text(at) for at in found]


def problem(failure: Failure) -> Problem:
    """Return what to tell the user about a place where the parser got stuck."""
    expected = phrases(failure.states)
    incomplete = failure.terminals[failure.at] == END
    texts = failure.texts()
    finding = _habit(failure, texts) or _special(failure, texts, expected) or _generic(failure, expected)
    place = failure.place(failure.at if finding.position is None else finding.position)
    return Problem(finding.message, failure.tokens.source, place, finding.hint, incomplete)


def _habit(failure: Failure, texts: list[str]) -> Finding | None:
    """Look the statement up in the table."""
    if failure.terminals[failure.at] == END or texts[-1] in (LINE_END, ";"):
        return None
    texts = [START, *texts]
    for pattern, message, hint in HABITS:
        found = texts[-len(pattern) :]
        if len(found) == len(pattern) and all(map(_is_meant, pattern, found)):
            word = next((number for number, want in enumerate(pattern) if want not in (START, ANY, NAME)), 0)
            return Finding(message, hint, failure.at + 1 - len(pattern) + word)
    return None


def _is_meant(want: str, got: str) -> bool:
    return want in (ANY, got) or (want == NAME and got.isidentifier() and got not in _keywords())


# ---- what the language itself has to say


def _special(failure: Failure, texts: list[str], expected: list[str]) -> Finding | None:
    """Return the message of an error that is more than one unexpected token."""
    return (
        _absent_word(failure, texts)
        or _timeout(failure, texts)
        or _word(failure, texts, expected)
        or _type(texts, expected)
        or _function(failure, texts, expected)
        or _assignment(failure, texts, expected)
        or _behind_value(failure, texts)
        or _value(failure, texts, expected)
        or _brackets(texts, expected)
        or _layout(texts, expected)
        or _struct(failure, texts, expected)
        or _annotation(failure, texts)
        or _comparison(failure, expected)
    )


def _keywords() -> frozenset[str]:
    return tables.load().words


def _absent_word(failure: Failure, texts: list[str]) -> Finding | None:
    """A word of the language that the grammar does not have."""
    terminal, found = failure.terminals[failure.at], texts[-1]
    if terminal == END or found in (LINE_END, ";"):
        return None
    absent = WORDS - _keywords()
    absent |= {spelling for spelling, word in SPELLINGS.items() if word in absent}
    if len(texts) > 1 and texts[-2] in absent:
        return Finding(f"there is no `{texts[-2]}` in this version of the language", None, failure.at - 1)
    if texts[0] in absent and found == "{":
        return Finding(f"there is no `{texts[0]}` in this version of the language", None, failure.start)
    return None


def _timeout(failure: Failure, texts: list[str]) -> Finding | None:
    """A `timeout { … }`, which is taken for a struct."""
    for place in range(len(texts) - 2):
        if texts[place : place + 2] == ["timeout", "{"]:
            return Finding("`timeout` needs its time", "write `timeout 200ms { … }`", failure.start + place)
    return None


def _word(failure: Failure, texts: list[str], expected: list[str]) -> Finding | None:
    """A keyword where a name should be, or without the one that it goes on with."""
    found = texts[-1]
    if found in ("else", "except", "finally") and (failure.at == failure.start or "an operator" in expected):
        return Finding(f"`{found}` without `{'if' if found == 'else' else 'try'}`")
    is_keyword = found in _keywords() and failure.terminals[failure.at] != "NAME"
    if texts[0] == "struct" and found in ("let", "mut", "const"):
        return Finding(f"`{found}` does not stand before a field", "write `x: int = 1`")
    if is_keyword and "a name" in expected:
        return Finding(f"`{found}` is a keyword and cannot be a name")
    return None


def _function(failure: Failure, texts: list[str], expected: list[str]) -> Finding | None:
    """Functions as other languages write them."""
    found, previous = texts[-1], texts[-2] if len(texts) > 1 else ""
    if found == "(" and expected == ["`(`"]:
        # Parentheses before `=>` are those of a function without a name.
        return Finding("a function with a name has its body in braces", BODY, failure.find("=>"))
    if found in ("=", ":=") and previous == ")" and texts[0] in ("func", "async"):
        return Finding("a function with a name has its body in braces", BODY)
    if found == ":" and previous == ")" and "func" in texts and failure.find("{") == failure.at + 2:
        hint = f"write `func f(x) -> {failure.text(failure.at + 1)} {{ … }}`"
        return Finding("the type of a result stands behind `->`", hint)
    closing = failure.find(")")
    if found == "," and expected == ["`)`"] and closing is not None and failure.text(closing + 1) == "->":
        return Finding("a function without a name is written with `=>`", "write `(a, b) => e`", closing + 1)
    return None


def _assignment(failure: Failure, texts: list[str], expected: list[str]) -> Finding | None:
    """An assignment where an expression should be, or to what cannot be assigned to."""
    language, found = tables.load(), texts[-1]
    if failure.terminals[failure.at] not in (language.texts["="], language.texts[":="], language.texts["+="]):
        return None
    if "case" in texts and "if" in texts[texts.index("case") :]:
        return Finding(f"`{found}` assigns, which a condition cannot", "write `==` to compare")
    if {"an expression", "a name", "`:`"}.intersection(expected):
        return None
    if texts[0] == "enum":
        return Finding("a variant has no value of its own", "write `A(value)` for one that holds something")
    if _is_inside(texts):
        if texts[-2] in ("]", "}") and not accepts(failure.states, "STAR"):
            hint = "give one to a parameter with a name, and take it apart in the body"
            return Finding("a pattern has no default", hint)
        return Finding("an assignment is a statement and stands alone", "write `==` to compare")
    if texts[0] in ("if", "while"):
        return Finding(f"`{found}` assigns, which a condition cannot", "write `==` to compare")
    if any(text in (":=", "=") for text in texts[:-1]):
        return Finding("assignments cannot be chained", "write one statement for each")
    return Finding("this cannot be assigned to", "a name, a field `a.b` or an element `a[i]` can")


def _value(failure: Failure, texts: list[str], expected: list[str]) -> Finding | None:
    """Values as other languages write them."""
    found, previous = texts[-1], texts[-2] if len(texts) > 1 else ""
    if "an expression" in expected:
        return _operand(failure, found, previous)
    if found == "|":
        return Finding("there is no operator `|`", "write `||`, or `bit_or(a, b)`")
    if found == "if" and accepts(failure.states, "STAR"):
        return Finding("`if` does not stand behind a value", "write `if condition { a } else { b }`")
    if found == "..." and previous not in (",", "(", "["):
        return Finding("there is no operator `...`", "a range is `0..10`, or `0..=10` with its end")
    if found == "==" and "`:=`" in expected:
        return Finding("found `==`, expected `:=`", "`:=` gives a value, `==` compares")
    if found == "{" and previous == ")" and "function" in texts:
        return Finding("there is no `function`", LAMBDA, failure.start + texts.index("function"))
    if found == "," and (LINE_END in expected or (expected == ["`)`"] and "(" in texts)):
        return Finding(f"found `,`, expected {expected[-1]}", "several values stand in brackets: `[1, 2]`")
    if found in ("*", "**") and "a name" in expected and previous in ("(", ","):
        return Finding(f"there is no parameter with `{found}`", "write `...rest` for all further arguments")
    return None


def _behind_value(failure: Failure, texts: list[str]) -> Finding | None:
    """What stands behind a value in other languages."""
    found, opened = texts[-1], _opened(texts)
    if found in (":", "::") and opened and texts[opened] == "[" and _ends_value(texts[opened - 1]):
        return Finding("a slice is written with `..`", "write `xs[1..3]`, `xs[1..]` or `xs[..3]`")
    if len(texts) < 2 or not _ends_value(texts[-2]):
        return None
    if found == "as" and texts[0] not in ("import", "from", "with"):
        return Finding("a value is converted by a function", "write `to_int(x)`, `to_float(x)` or `to_string(x)`")
    if found == "!" and failure.text(failure.at + 1) in ("(", "["):
        return Finding(f"there is no `{texts[-2]}!`", "a call is `f(…)`, an array `[1, 2]`")
    if found == "{" and texts[-2] == ")":
        return _called_head(failure, texts)
    return None


def _called_head(failure: Failure, texts: list[str]) -> Finding | None:
    """The head of another language, with parentheses, which is taken for a call."""
    for place, word in enumerate(texts[:-2]):
        for habit in HABITS:
            written = habit.texts if place else habit.texts[-2:]
            if written == (word, ANY) and texts[place + 1] == "(":
                return Finding(habit.message, habit.hint, failure.start + place)
    return None


def _opened(texts: list[str]) -> int | None:
    """Return the place of the innermost bracket that is open at the end of a statement."""
    opened: list[int] = []
    for place, text in enumerate(texts):
        if text in ("(", "[", "{"):
            opened.append(place)
        elif text in (")", "]", "}") and opened:
            opened.pop()
    return opened[-1] if opened else None


def _ends_value(text: str) -> bool:
    return text in (")", "]", QUOTE) or _is_meant(NAME, text)


def _operand(failure: Failure, found: str, previous: str) -> Finding | None:
    """What stands where a value begins."""
    following = failure.terminals[failure.at + 1] if failure.terminals[failure.at] != END else END
    if found == "|":
        return Finding("a function is not written with `|x|`", "write `x => e`")
    if found == "." and following == "INT":
        return Finding("a number does not begin with a point", "write `0.5`")
    if found == "]" and previous in ("..", "..="):
        return Finding("a slice has an end or a beginning", "write `xs[0..]`, or `copy(xs)` for all of it")
    if found == "/" and previous == "*":
        return Finding("`*/` closes no comment", "comments do not nest: the first `*/` ends one")
    if found == "/" and previous in ("(", "[", ",", ":", ":=", "=", "=>"):
        return Finding("a pattern is a string", 'write `s.regex_match(r"…")`')
    if found == "<" and following == "MINUS":
        return Finding("there is no operator `<-`", "write `await ch.receive()`")
    if found in ("*", "**") and following in ("NAME", "LSQB") and previous in ("(", ",", "["):
        return Finding(f"`{found}` does not spread a collection", "write `...xs`")
    return None


def _brackets(texts: list[str], expected: list[str]) -> Finding | None:
    """What brackets and braces do not hold."""
    if texts[-1] in ("[", ".") and expected == ["`,`", "`]`"]:
        hint = "assign elements and fields one by one: `t := a[i]`, `a[i] = a[j]`, `a[j] = t`"
        return Finding("names stand between the brackets", hint)
    if texts[-2:-1] == ["..."] and expected == ["a name"]:
        return Finding(f"found `{texts[-1]}`, expected a name", "write `..._` for a rest that is not needed")
    if texts[-1] == "," and expected == ["`:`"]:
        return Finding("found `,`, expected `:`", "a set is made by `Set([1, 2])`")
    return None


def _is_inside(texts: list[str]) -> bool:
    """Whether the statement has an open bracket at its end."""
    return sum(text in ("(", "[", "{") for text in texts) > sum(text in (")", "]", "}") for text in texts)


def _shown(text: str) -> str:
    """Return the text of a token as messages name it."""
    return "string" if text == QUOTE else text if text == LINE_END else f"`{text}`"


def _layout(texts: list[str], expected: list[str]) -> Finding | None:
    """Python's and C's ways to set off a body."""
    if texts[-1] == ":" and not _is_inside(texts) and (texts[0] in BODY_WORDS or "else" in texts[-2:]):
        return Finding("found `:`, expected `{`", "a body stands in braces: `if c { … }`")
    if texts[-1] == ":" and "?" in texts:
        return Finding("there is no `? :`", "write `if condition { a } else { b }`")
    if "case" in texts and (texts[-1] == "=>" or (texts[-2] == ":" and expected == ["`{`"])):
        return Finding(f"found {_shown(texts[-1])}, expected `{{`", CASE)
    if "case" in texts and {"`:`", "`if`"} <= set(expected):
        hint = "write `case 1 | 2 { … }`" if texts[-1] == "," else CASE
        return Finding(f"found {_shown(texts[-1])}, expected `{{`", hint)
    if texts[-2:-1] == ["else"] and expected == ["`if`", "`{`"]:
        hint = "a body stands in braces: `if c { … } else { … }`"
        return Finding(f"found {_shown(texts[-1])}, expected `if` or `{{`", hint)
    if texts[-1] == ";" and texts[0] == "for":
        return Finding("this is not how a `for` is written", "write `for i in 0..10 { … }`, or `while`")
    return None


def _struct(failure: Failure, texts: list[str], expected: list[str]) -> Finding | None:
    """The fields of a struct that are taken for a body, or are written as arguments."""
    if texts[-1] in ("=", ":=") and len(texts) > 1 and "`:`" in expected:
        return Finding(f"found `{texts[-1]}`, expected `:`", f"write `{texts[-2]}: …`")
    before = failure.start - 2
    if texts[-1] == ":" and len(texts) == 2 and before >= 0 and failure.terminals[before] == "NAME":
        name = failure.text(before)
        if failure.terminals[before + 1] == "LBRACE" and name[0].isupper():
            message = "a struct stands in parentheses where a body follows"
            return Finding(message, f"write `({name} {{ {texts[0]}: … }})`", before)
    return None


def _type(texts: list[str], expected: list[str]) -> Finding | None:
    """Types that a parameter does not have."""
    if texts[-1] == ":" and texts[-3:-2] == ["..."]:
        return Finding(f"`...{texts[-2]}` has no annotation", "it is always an array")
    if texts[-1] == "func" and "a type" in expected:
        return Finding("found `func`, expected a type", "the type of a function is `function`")
    return None


def _annotation(failure: Failure, texts: list[str]) -> Finding | None:
    """Types as other languages write them."""
    found, previous = texts[-1], texts[-2] if len(texts) > 1 else ""
    if previous in TYPES and _is_meant(NAME, found) and texts[-3:-2] not in ([":"], ["->"]):
        hint = f"write `{found}: {TYPES[previous]}`; a variable is made by `{found} := …`"
        return Finding("a type stands behind its name", hint, failure.at - 1)
    is_type = found in TYPES or (_is_meant(NAME, found) and found[0].isupper())
    if is_type and "func" in texts and _is_meant(NAME, previous) and texts[-3] in ("(", ","):
        return Finding("a type stands behind a `:`", f"write `{previous}: {TYPES.get(found, found)}`", failure.at - 1)
    if found == ":" and len(texts) == 2 and _is_meant(NAME, previous):
        return Finding("an annotation needs `let` or `mut`", f"write `let {previous}: int := …`")
    return None


def _comparison(failure: Failure, expected: list[str]) -> Finding | None:
    if failure.terminals[failure.at] in ("LESS", "GREATER", "COMPARE") and "an expression" not in expected:
        return Finding("comparisons cannot be chained", "write `a < b && b < c`")
    return None


# ---- found and expected


def _generic(failure: Failure, expected: list[str]) -> Finding:
    found = failure.text(failure.at)
    text = found if failure.terminals[failure.at] in PLAIN or found == LINE_END else f"`{found}`"
    if not expected:
        return Finding(f"unexpected {text}")
    *others, last = expected
    wanted = f"{', '.join(others)} or {last}" if others else last
    return Finding(f"found {text}, expected {wanted}", _hint(failure, expected))


def _hint(failure: Failure, expected: list[str]) -> str | None:
    """Return how what was expected is written, where that alone does not say it."""
    if "`case`" in expected:
        return "write `case 1 { … }`"
    if failure.text(failure.start) == "struct" and expected == ["`{`"]:
        return "write `struct Point { x, y }`"
    if failure.text(failure.at - 1) in DECLARING and failure.text(failure.at) == "(":
        return "write `let [a, b] := …`"
    if "`:=`" in expected and failure.text(failure.start) in DECLARING:
        return "a variable has a value, `null` at least: `mut x := null`"
    if set(expected) <= {"`{`", "`->`"} and failure.text(failure.start) in BODY_WORDS:
        return "a body stands in braces: `if c { … }`"
    if failure.text(failure.at) == "-" and {"`...`", "`[`", "`}`"} <= set(expected):
        return "a key that is computed stands in brackets: `[-1]: …`"
    if "`:`" in expected and failure.text(failure.at) in ("(", "=>"):
        return f"write `key: {'x => e' if failure.text(failure.at) == '(' else 'value'}`"
    before = failure.at - 1
    if failure.terminals[failure.at] == "NAME" and failure.terminals[before] in STRINGS and failure.touches(before):
        return ESCAPED
    is_operand = failure.terminals[failure.at] in STRINGS | {"NAME", "INT", "FLOAT"}
    if "an operator" in expected and is_operand and before >= failure.start and failure.terminals[before] == "NAME":
        name = failure.text(before)
        return did_you_mean(name, _keywords() - {name}) or f"a call has parentheses: `{name}(…)`"
    return None
