"""The scanner: text to tokens.

One regular expression finds tokens, a loop keeps what a regular expression cannot: a
stack of open brackets.  The stack also tells which `}` ends the code inside a string,
so strings with `${}` become tokens of text around the tokens of the code.

Words, operators and the patterns of numbers are read off the grammar's tables.  A
token's *kind* is its own text for fixed words, operators and brackets, the terminal's
name for all others; the filter turns kinds into terminals.
"""

from __future__ import annotations

import re
from functools import cache
from typing import ClassVar

from hocket.errors import Problem
from hocket.source import Source, Span
from hocket.syntax import strings, tables
from hocket.syntax.habits import CHARACTERS, ESCAPED, LINES, QUOTES, SIGNS

# Words the language keeps for itself.  Those that the grammar has are keywords.
_RESERVED = """
    let mut const func async await return yield if else for in while loop break continue
    try except finally throw struct import spawn true false null and or not
"""
RESERVED = frozenset(_RESERVED.split())
# Second spellings of keywords.
SPELLINGS = {"catch": "except", "fn": "func", "pub": "export"}
OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = {")": "(", "]": "[", "}": "{"}
# Kind of a token that stands for text with a problem of its own.
BAD = "BAD"


class Tokens:
    """The tokens of a source, as parallel lists, and what was wrong with its text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        # Is the token the first on its line?
        self.first: list[bool] = []
        # Index of the matching bracket, or -1.
        self.partners: list[int] = []
        # What strings mean, by index.
        self.values: dict[int, str] = {}
        # Texts of `///` comments by the start of what they document.
        self.docs: dict[int, str] = {}
        # Where the comments stand, these among them.
        self.comments: list[Span] = []
        self.problems: list[Problem] = []
        # Do the brackets not match?
        self.broken = False
        # Brackets still open at the end.
        self.unclosed: list[int] = []

    def text(self, index: int) -> str:
        """Return the token's text as it stands in the source."""
        return self.source.text[self.starts[index] : self.ends[index]]


def scan(source: Source, words: frozenset[str] | None = None) -> Tokens:
    """Return the tokens of `source`.

    The brackets of the result match unless `problems` says otherwise.  `words` are
    keywords beside the grammar's own.
    """
    scanner = Scanner(source, words)
    scanner.run()
    return scanner.tokens


@cache
def master(words: frozenset[str] | None = None) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return the pattern of all tokens, and the kinds of words and operators by text."""
    language = tables.load()
    kinds = {word: word for word in RESERVED}
    for text, terminal in language.texts.items():
        several = sum(other == terminal for other in language.texts.values()) > 1
        kinds[text] = terminal if several else text
    kinds.update((word, word) for word in words or ())
    kinds.update((word, word) for word, meant in SPELLINGS.items() if meant in kinds)
    operators = [text for text in kinds if not text[0].isalpha() and text not in OPENERS and text not in CLOSERS]
    operators.append(";")
    kinds[";"] = ";"
    pattern = _PATTERN % {
        "NUMBER": "|".join(f"(?P<{name}>{language.patterns[name]})" for name in ("DURATION", "FLOAT", "INT")),
        "NAME": language.patterns["NAME"],
        "OPERATOR": "|".join(re.escape(text) for text in sorted(operators, key=len, reverse=True)),
        "FOREIGN": "|".join(re.escape(text) for text in SIGNS if text not in ("--", "&")),
    }
    return re.compile(pattern, re.VERBOSE), kinds


# A `--` with an operand behind it is two signs: `a --b`; `&&` is an operator.
_PATTERN = r"""[ \t\f\v]*+(?:
    (?P<LINE>\n[ \t\f\v\n]*+)
  | (?P<RAW>r(?:\"\"\"(?:[^"]|"(?!""))*+\"\"\"|"(?!"")[^"\n]*+"|""(?!")|'[^'\n]*+'))
  | (?P<HIDDEN>__\w*)
  | (?P<NAME>%(NAME)s)
  | (?P<COMMENT>(?:\#|//)[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
  | (?P<COMMENT_OPEN>/\*)
  | (?P<BLOCK>\"\"\"(?:[^"\\$]|\\[\s\S]|\$(?!\{)|"(?!""))*+\"\"\")
  | (?P<STRING>"(?!"")(?:[^"\\\n$]|\\.|\$(?!\{))*+"|""(?!")|'(?:[^'\\\n$]|\\.|\$(?!\{))*+')
  | (?P<QUOTE>\"\"\"|"|')
  | (?P<OPEN>[(\[{])
  | (?P<CLOSE>[)\]}])
  | %(NUMBER)s
  | (?P<NUMBER>[0-9]\w*)
  | (?P<FOREIGN>%(FOREIGN)s|--(?=[ \t]*(?:[\n;,)\]}\#]|//|\Z))|&(?!&))
  | (?P<OPERATOR>%(OPERATOR)s)
  | (?P<CONTINUE>\\[ \t]*(?:\n|\Z))
  | (?P<END>\Z)
  | (?P<OTHER>[^\w\s]|[\s\S])
)"""


class Scanner:
    """One scan: the position, and the brackets and strings that are open."""

    ENDS: ClassVar[dict[str, re.Pattern[str]]] = {
        '"': re.compile(r'(?:[^"\\\n$]|\\.|\$(?!\{))*+(?P<end>"|\$\{)?'),
        "'": re.compile(r"(?:[^'\\\n$]|\\.|\$(?!\{))*+(?P<end>'|\$\{)?"),
        '"""': re.compile(r'(?:[^"\\$]|\\[\s\S]|\$(?!\{)|"(?!""))*+(?P<end>"""|\$\{)?'),
    }
    SPEC = re.compile(r"[^{}\n]*+")

    def __init__(self, source: Source, words: frozenset[str] | None) -> None:
        self.source = source
        self.text = source.text
        self.tokens = Tokens(source)
        self.pattern, self.kinds = master(words)
        self.handlers = {name[3:].upper(): getattr(self, name) for name in dir(Scanner) if name.startswith("on_")}
        self.fresh = True
        # Indices of the open brackets, `${` among them as the text token before it.
        self.brackets: list[int] = []
        # Of each open string: its quotes, and its text tokens so far.
        self.open_strings: list[tuple[str, list[int]]] = []
        self.doc: list[str] = []
        self.doc_end = 0

    def run(self) -> None:
        """Scan the whole text."""
        match, text, kinds, add = self.pattern.match, self.text, self.kinds, self.add
        at, end = 0, len(text)
        while at < end:
            found = match(text, at)
            assert found is not None  # OTHER and END take whatever is left
            group = found.lastgroup or ""
            start, at = found.span(group)
            if group == "NAME":
                add(kinds.get(text[start:at], "NAME"), start, at)
            elif group == "LINE":
                self.fresh = True
            elif group == "OPERATOR":
                if text[start] == ":" and self.brackets and self.is_spec(start):
                    at = self.spec(start)
                else:
                    add(kinds[text[start:at]], start, at)
            elif group in tables.CLASSES:
                add(group, start, at)
            else:
                at = self.handlers[group](start, at)
        self.close()

    def add(self, kind: str, start: int, end: int) -> None:
        """Append a token."""
        tokens = self.tokens
        if self.doc:
            self.document(start)
        tokens.kinds.append(kind)
        tokens.starts.append(start)
        tokens.ends.append(end)
        tokens.first.append(self.fresh)
        tokens.partners.append(-1)
        self.fresh = False

    def problem(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        """Note what is wrong with the text between `start` and `end`."""
        self.tokens.problems.append(Problem(message, self.source, Span(start, end), hint))

    def unbalanced(self, message: str, start: int, end: int, hint: str | None = None, incomplete: bool = False) -> None:
        """Note a problem after which brackets cannot be expected to match."""
        self.tokens.broken = True
        self.tokens.problems.append(Problem(message, self.source, Span(start, end), hint, incomplete))

    def mismatch(self, message: str, start: int, end: int, hint: str) -> None:
        """Note brackets that do not match; one such problem makes others that are none."""
        if not self.tokens.broken:
            self.unbalanced(message, start, end, hint)

    # ---- comments and layout

    def on_end(self, start: int, end: int) -> int:
        """Stop: only blanks were left."""
        return end

    def on_continue(self, start: int, end: int) -> int:
        """Join the next line."""
        if end == len(self.text):
            self.unbalanced("nothing follows `\\`", start, start + 1, incomplete=True)
        return end

    def on_comment(self, start: int, end: int) -> int:
        """Skip a comment; keep it if it documents what follows."""
        text = self.text[start:end]
        self.tokens.comments.append(Span(start, end))
        if text.startswith("///") and not text.startswith("////") and self.fresh:
            if self.doc and self.text.count("\n", self.doc_end, start) != 1:
                self.doc = []
            self.doc.append(text[3:].removeprefix(" ").rstrip())
            self.doc_end = end
        elif "\n" in text:
            self.fresh = True
        return end

    def document(self, start: int) -> None:
        """Give the pending `///` lines to the token at `start` if it is on the next line."""
        if self.text.count("\n", self.doc_end, start) == 1:
            self.tokens.docs[start] = "\n".join(self.doc)
        self.doc = []

    def on_comment_open(self, start: int, end: int) -> int:
        """Report a comment without an end."""
        self.unbalanced("comment not closed", start, end, "write `*/` where it ends", incomplete=True)
        return len(self.text)

    # ---- brackets

    def on_open(self, start: int, end: int) -> int:
        """Open a bracket."""
        self.brackets.append(len(self.tokens.kinds))
        self.add(self.text[start], start, end)
        return end

    def on_close(self, start: int, end: int) -> int:
        """Close a bracket, or the code inside a string."""
        tokens, index, kind = self.tokens, len(self.tokens.kinds), self.text[start]
        if not self.brackets:
            self.mismatch(f"unmatched `{kind}`", start, end, f"there is no open `{CLOSERS[kind]}`")
            self.add(BAD, start, end)
            return end
        opener = self.brackets[-1]
        opened = tokens.kinds[opener]
        in_string = opened not in OPENERS
        if kind == "}" and in_string:
            return self.piece(start, end)
        self.brackets.pop()
        if in_string or OPENERS[opened] != kind:
            shown = "${" if in_string else opened
            line, column = self.source.position(tokens.ends[opener] - 2 if in_string else tokens.starts[opener])
            hint = f"`{shown}` was opened at line {line}, column {column}"
            self.mismatch(f"`{kind}` does not close `{shown}`", start, end, hint)
            if in_string:
                self.open_strings.pop()
        tokens.partners[opener] = index
        self.add(kind, start, end)
        tokens.partners[index] = opener
        return end

    def close(self) -> None:
        """Report the brackets that are open at the end of the text."""
        tokens = self.tokens
        tokens.unclosed = self.brackets
        # An open string may have swallowed the closing bracket, a wrong one hides what it should be.
        if self.brackets and not tokens.broken:
            index = self.brackets[-1]
            if tokens.kinds[index] in OPENERS:
                start, end = tokens.starts[index], tokens.ends[index]
            else:
                start, end = tokens.ends[index] - 2, tokens.ends[index]
            self.unbalanced(f"`{self.text[start:end]}` not closed", start, end, self.suspect(start), incomplete=True)

    def suspect(self, start: int) -> str | None:
        """Return what may have gone wrong behind the open bracket at `start`: judged by words and indentation."""
        tokens, position = self.tokens, self.source.position
        closer, line_end = OPENERS.get(self.text[start], "}"), self.text.find("\n", start)
        for comment in tokens.comments:
            text = self.text[comment.start : comment.end]
            is_on_line = start < comment.start and comment.end == (len(self.text) if line_end < 0 else line_end)
            if is_on_line and closer in text:
                return f"`{text[0] if text[0] == '#' else text[:2]}` begins a comment, which holds a `{closer}`"
        for index, kind in enumerate(tokens.kinds):
            if tokens.starts[index] <= start or not tokens.first[index]:
                continue
            line, column = position(tokens.starts[index])
            if kind == "NAME" and tokens.text(index) == "end":
                return f"`end` at line {line} closes nothing: a block ends with `}}`"
            opener = tokens.partners[index]
            if kind == "}" and opener >= 0:
                opened, _ = position(tokens.starts[opener])
                text = self.source.line(opened)
                if len(text) - len(text.lstrip()) > column - 1:
                    return f"the `}}` at line {line} closes the `{{` at line {opened}; is one missing between them?"
        return None

    # ---- strings

    def on_string(self, start: int, end: int) -> int:
        """Add a string without `${}` on one line."""
        self.add_text("STRING", start, end, self.text[start + 1 : end - 1], start + 1)
        return end

    def on_raw(self, start: int, end: int) -> int:
        """Add a raw string."""
        self.add("STRING", start, end)
        quotes = 3 if self.text.startswith('"""', start + 1) and end - start > 3 else 1
        value = self.text[start + 1 + quotes : end - quotes]
        self.tokens.values[len(self.tokens.kinds) - 1] = strings.dedent([value])[0] if quotes == 3 else value
        return end

    def on_block(self, start: int, end: int) -> int:
        """Add a string between triple quotes, without `${}`."""
        raw = self.text[start + 3 : end - 3]
        self.add_text("STRING", start, end, raw, start + 3)
        self.tokens.values[len(self.tokens.kinds) - 1] = strings.unescape(strings.dedent([raw])[0])
        return end

    def add_text(self, kind: str, start: int, end: int, raw: str, raw_start: int) -> None:
        """Add a token of a string whose text is `raw`, and report its bad escapes."""
        for bad_start, bad_end, message, hint in strings.bad_escapes(raw):
            self.problem(message, raw_start + bad_start, raw_start + bad_end, hint)
        self.add(kind, start, end)
        self.tokens.values[len(self.tokens.kinds) - 1] = strings.unescape(raw)

    def on_quote(self, start: int, end: int) -> int:
        """Begin a string that holds `${}` or has no end."""
        quotes = self.text[start:end]
        match = self.ENDS[quotes].match(self.text, end)
        if self.text.startswith("'''", start - 2) and self.tokens.ends and self.tokens.ends[-1] == start:
            return self.three_quotes(start - 2, start + 1)
        if match is None or match["end"] != "${":
            return self.unterminated(start, end, match.end() if match else end)
        self.open_strings.append((quotes, [len(self.tokens.kinds)]))
        self.brackets.append(len(self.tokens.kinds))
        self.add_text("FSTRING_START", start, match.end(), self.text[end : match.end() - 2], end)
        return match.end()

    def three_quotes(self, start: int, end: int) -> int:
        """Report a string between triple single quotes, whose first two are a string to the scanner."""
        closing = self.text.find("'''", end)
        end = len(self.text) if closing < 0 else closing + 3
        self.problem("a string does not begin with three single quotes", start, end, LINES)
        self.tokens.ends[-1] = end
        return end

    def piece(self, start: int, end: int) -> int:
        """Go on with the text of a string after the `}` of its code."""
        tokens, (quotes, texts) = self.tokens, self.open_strings[-1]
        match = self.ENDS[quotes].match(self.text, end)
        index = len(tokens.kinds)
        texts.append(index)
        if match is None or match["end"] is None:
            self.brackets.pop()
            self.open_strings.pop()
            begin = tokens.starts[texts[0]]
            return self.unterminated(begin, begin + len(quotes), match.end() if match else end)
        last = match["end"] != "${"
        raw = self.text[end : match.start("end")]
        self.add_text("FSTRING_END" if last else "FSTRING_MIDDLE", start, match.end(), raw, end)
        if last:
            tokens.partners[texts[0]], tokens.partners[index] = index, texts[0]
            self.brackets.pop()
            self.open_strings.pop()
            if quotes == '"""':
                self.dedent(texts)
        else:
            tokens.partners[index] = texts[0]
        return match.end()

    def dedent(self, texts: list[int]) -> None:
        """Give the texts of a string between triple quotes what they mean together."""
        tokens, raws = self.tokens, []
        for index in texts:
            start = tokens.starts[index] + (3 if index == texts[0] else 1)
            end = tokens.ends[index] - (3 if index == texts[-1] else 2)
            raws.append(self.text[start:end])
        for index, raw in zip(texts, strings.dedent(raws), strict=True):
            tokens.values[index] = strings.unescape(raw)

    def unterminated(self, start: int, end: int, stop: int) -> int:
        """Report a string without an end, and go on behind it."""
        quotes = self.text[start:end]
        # `"a ${b"` opens a second string where the first should end; the `${` is to blame.
        line = self.text.rfind("\n", 0, start) + 1
        codes = [i for i in self.brackets if self.tokens.starts[i] >= line and self.tokens.kinds[i] not in OPENERS]
        if codes and quotes == self.open_strings[-1][0] != '"""':
            index = codes[-1]
            begin = self.tokens.ends[index] - 2
            self.unbalanced("`${` not closed", begin, begin + 2, "write `}` where the code inside the string ends")
            del self.brackets[self.brackets.index(index) :]
            self.open_strings.pop()
        elif quotes == '"""':
            self.unbalanced("string not closed", start, end, 'write `"""` where it ends', incomplete=True)
        else:
            hint = ESCAPED if self.is_quoted(quotes, line) else LINES if stop < len(self.text) else None
            self.unbalanced("string not closed", start, max(stop, end), hint)
        self.add(BAD, max(start, self.tokens.ends[-1] if self.tokens.ends else 0), max(stop, end))
        return max(stop, end)

    def is_quoted(self, quotes: str, line: int) -> bool:
        """Has a string of the line from `line` ended at a quote that was meant to be in it, as in `'don't'`?"""
        tokens = self.tokens
        for index in range(len(tokens.kinds) - 2, -1, -1):
            if tokens.starts[index] < line:
                break
            touching = tokens.kinds[index + 1] == "NAME" and tokens.ends[index] == tokens.starts[index + 1]
            if touching and tokens.kinds[index] == "STRING" and self.text[tokens.starts[index]] == quotes:
                return True
        return False

    # ---- format specs

    def is_spec(self, start: int) -> bool:
        """Does the `:` at `start` begin the format spec of a `${}`?"""
        opener = self.tokens.kinds[self.brackets[-1]]
        return opener not in OPENERS and not self.text.startswith("::", start)

    def spec(self, start: int) -> int:
        """Add the format spec that begins at `start`."""
        match = self.SPEC.match(self.text, start)
        end = match.end() if match else start + 1
        if not self.text.startswith("}", end):
            self.problem("format spec not closed", start, end, "it ends at `}` and holds no `{`")
        self.add("FSTRING_SPEC", start, end)
        self.tokens.values[len(self.tokens.kinds) - 1] = self.text[start + 1 : end]
        return end

    # ---- what is nothing

    def on_number(self, start: int, end: int) -> int:
        """Report digits that are no number."""
        text = self.text[start:end]
        hint = "a name cannot begin with a digit"
        if re.fullmatch(r"[0-9][\w]*", text) and "_" in text and text.replace("_", "").isdecimal():
            hint = "`_` stands between two digits"
        elif re.fullmatch(r"[0-9_]+[eE]", text):
            hint = "an exponent needs digits: 1e3"
        elif re.match(r"0[xXbBoO]", text):
            hint = "0x takes hexadecimal digits, 0o takes 0 to 7, 0b takes 0 and 1"
        self.problem(f"invalid number: {text}", start, end, hint)
        self.add("INT", start, end)
        return end

    def on_hidden(self, start: int, end: int) -> int:
        """Report a name that the language keeps for itself; as a field it is not one."""
        if not self.tokens.kinds or self.tokens.kinds[-1] not in (".", "?."):
            text = self.text[start:end]
            self.problem("names that begin with `__` are reserved", start, end, f"write `{text.lstrip('_') or '_'}`")
        self.add("NAME", start, end)
        return end

    def on_foreign(self, start: int, end: int) -> int:
        """Report an operator of other languages."""
        text = self.text[start:end]
        self.problem(f"there is no operator `{text}`", start, end, SIGNS[text])
        self.add({"&": "&&", "===": "EQUALITY", "!==": "EQUALITY", "<>": "EQUALITY"}.get(text, BAD), start, end)
        return end

    def on_other(self, start: int, end: int) -> int:
        """Report a character that begins no token; one problem for several in a row."""
        problems, character = self.tokens.problems, self.text[start]
        if problems and problems[-1].span.end == start and problems[-1].message.startswith("unexpected character"):
            problems[-1] = problems[-1]._replace(span=Span(problems[-1].span.start, end))
            return end
        quoted = "'`'" if character == "`" else f"`{character}`"
        shown = quoted if character.isprintable() else f"U+{ord(character):04X}"
        if character in QUOTES:
            # The text up to the other quote is no code.
            closing = self.text.find(QUOTES[character], end)
            line_end = self.text.find("\n", end)
            if closing >= 0 and (closing < line_end or line_end < 0 or character == "`"):
                end = closing + 1
        self.problem(f"unexpected character {shown}", start, end, CHARACTERS.get(character))
        self.add("STRING" if end > start + 1 else BAD, start, end)
        self.tokens.values[len(self.tokens.kinds) - 1] = ""
        return end
