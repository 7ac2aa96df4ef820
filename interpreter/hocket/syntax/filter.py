"""The token filter: what a word, a bracket and a line end mean where they stand.

The grammar is LALR(1) because the questions that need more are answered here: is a
soft word a keyword, does a line end end the statement, is a `{` a body, a dict, a
pattern or a struct's fields, does a `(` begin the parameters of an arrow.  The answers
need the tokens around, the matching bracket, and a stack of *contexts*, one for each
open bracket.

In a *separating* context line ends matter.  A *head* is a word such as `if` that waits
for its body.  The *role* of a body says whether its `}` ends a statement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hocket.syntax import tables
from hocket.syntax.tokens import CLOSERS, RESERVED, SPELLINGS, Tokens

STATEMENT, EXPRESSION, CASE = "statement", "expression", "case"

SEPARATING = frozenset({"block", "struct", "enum"})
LITERALS = frozenset({"INT", "FLOAT", "DURATION", "STRING", "true", "false", "null"})
OPERANDS = LITERALS | {"NAME", "FSTRING_START"}
CAN_END = LITERALS | {"NAME", "FSTRING_END", ")", "]", "}", "?", "break", "continue", "return", "yield"}
# Words that go on with what stands before them.
CONTINUING = frozenset({"else", "except", "finally", "in", "and", "or", "as"})
_SOFT = """
    match case default as from export enum scope select timeout shield timeline with
    test test_group test_setup test_teardown
"""
SOFT = frozenset(_SOFT.split())
WORDS = RESERVED | SOFT
CAN_START = OPERANDS | {"(", "[", "{", "-", "!"} | (WORDS - CONTINUING)
# Words that are never inside an expression.
_STATEMENTS = """
    let mut const return break continue while loop for try struct import export enum from with
    test test_group test_setup test_teardown
"""
ONLY_STATEMENTS = frozenset(_STATEMENTS.split())
# What a statement that begins on the line of the one before may begin with when that ends in a bracket.
CAN_TOUCH = CAN_START - {"(", "[", "{", "-"}
HEADS = frozenset({"if", "while", "for", "match", "func", "struct", "enum", "except"})
HEADS |= {"test", "test_group", "with", "timeout", "select", "case", "from"}
# The context of a head's body; `block` for all others.
BODIES = {"struct": "struct", "enum": "enum", "match": "match", "select": "match"}
# Words whose body follows without anything between.
BARE = frozenset({"else", "try", "finally", "loop", "spawn", "scope", "shield", "timeline", "default"})
BARE |= {"test_setup", "test_teardown"}
# Names, unless the grammar has them, before a `{` that is a body and no struct's.
BODY_NAMES = frozenset({"do", "select", "timeline"})
KEY_CONTEXTS = frozenset({"dict", "literal", "pattern", "struct", "paren", "params"})
NAMED_CONTEXTS = frozenset({"paren", "params", "struct"})
ASSIGNS = frozenset({":=", "="})


class Context:
    """An open bracket, or the whole text."""

    __slots__ = ("first", "heads", "kind", "opener", "role", "semicolon", "separating", "start")

    def __init__(self, kind: str, role: str, opener: int) -> None:
        self.kind = kind
        self.role = role
        self.opener = opener
        self.separating = kind in SEPARATING
        # Has no token of the current statement been seen?
        self.start = True
        self.semicolon = False
        # Index of the current statement's first token.
        self.first = -1
        # Words that wait for their body, with its role.
        self.heads: list[tuple[str, str]] = []


class Stream(NamedTuple):
    """The parser's input: terminals, and for each the index of its token (a `_SEP` has that of the next one)."""

    terminals: list[str]
    indices: list[int]
    # Does a `;` follow the last statement?
    silenced: bool


def arrange(tokens: Tokens) -> Stream:
    """Return what the parser gets for `tokens`, whose brackets match."""
    return Filter(tokens).run()


class Filter:
    """One pass over the tokens; their kinds are replaced by what they mean."""

    def __init__(self, tokens: Tokens) -> None:
        self.kinds = tokens.kinds
        self.partners = tokens.partners
        self.first = tokens.first
        self.source = tokens.source
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.end = len(self.kinds)
        # So that looking one or two tokens further needs no test.
        self.kinds.extend(["$END", "$END", "$END"])
        self.first.extend([True, True, True])
        self.context = Context("block", STATEMENT, -1)
        self.contexts: list[Context] = []
        # Role of the brace that closed last.
        self.closed_role = EXPRESSION
        self.previous = ""

    def run(self) -> Stream:
        """Decide about every token."""
        kinds, brackets = self.kinds, BRACKETS
        terminal_of = tables.load().texts
        terminals: list[str] = []
        indices: list[int] = []
        for index in range(self.end):
            kind = kinds[index]
            if kind in WORDS or kind in SPELLINGS:
                kind = kinds[index] = self.word(index, kind)
            context = self.context
            if kind == ";" and context.separating:
                self.end_statement(context, semicolon=not context.start or context.semicolon)
                self.previous = kind
                continue
            if context.separating and kind not in CLOSERS and self.is_separated(index, kind):
                terminals.append("_SEP")
                indices.append(index)
                self.end_statement(context, semicolon=False)
            if context.start:
                context.first = index
                context.semicolon = False
            if kind in brackets:
                kinds[index] = brackets[kind](self, index)
            elif kind in HEADS:
                self.open_head(kind, self.head_role(index, kind))
            if context.start:
                context.start = self.keeps_start(index, kind)
            terminals.append(terminal_of.get(kinds[index], kinds[index]))
            indices.append(index)
            self.previous = kind
        return Stream(terminals, indices, self.context.semicolon)

    def end_statement(self, context: Context, semicolon: bool) -> None:
        """Begin a statement with the next token."""
        context.heads.clear()
        context.start = True
        context.semicolon = semicolon

    def keeps_start(self, index: int, kind: str) -> bool:
        """May the statement's own first word still come?"""
        return kind == "export" or (kind == "async" and self.kinds[index + 1] in ("func", "fn"))

    # ---- separators

    def is_separated(self, index: int, kind: str) -> bool:
        """Does the statement before end before this token?"""
        context, previous = self.context, self.previous
        if context.start:
            return context.semicolon
        if previous == "}" and self.closed_role == STATEMENT:
            return kind not in ("else", "except", "finally", ",")
        if self.first[index]:
            ends = previous in CAN_END or (previous == ">" and context.kind == "struct")
            return ends and kind in CAN_START and not self.goes_on(index, kind)
        if context.heads:
            return False
        if previous in CLOSERS and kind in CAN_TOUCH:
            return not (kind == "not" and self.kinds[index + 1] == "in")
        if kind in ONLY_STATEMENTS and previous in CAN_END:
            return not (kind == "import" and self.kinds[context.first] == "from")
        return False

    def goes_on(self, index: int, kind: str) -> bool:
        """Does a line that begins with this token go on with the one before?"""
        if kind == "{":
            return bool(self.context.heads)
        if kind == "-":
            return self.ends[index] != self.starts[index + 1] if index + 1 < self.end else True
        return kind == "not" and self.kinds[index + 1] == "in"

    # ---- words

    def begins(self, index: int) -> bool:
        """Would a word here begin a statement?"""
        context = self.context
        return context.separating and (context.start or self.is_separated(index, "NAME"))

    def word(self, index: int, kind: str) -> str:
        """Return what the word means here: itself, what it is a spelling of, or NAME."""
        previous, following = self.previous, self.kinds[index + 1]
        if previous in (".", "?."):
            return "NAME"
        if following in (":", "=", ":="):
            context = self.context
            contexts = KEY_CONTEXTS if following == ":" else NAMED_CONTEXTS
            if context.kind in contexts and (context.opener == index - 1 or previous == "," or context.separating):
                return "NAME"
        test = SHAPES.get(kind)
        if test is not None and not test(self, index):
            return "NAME"
        return SPELLINGS.get(kind, kind)

    def follows_on_line(self, index: int, kinds: frozenset[str] | set[str]) -> bool:
        """Is the next token one of these, on the same line?"""
        return self.kinds[index + 1] in kinds and not self.first[index + 1]

    def after_group(self, index: int) -> str:
        """Return the kind after the bracket group that begins behind `index`, or nothing."""
        partner = self.partners[index + 1] if index + 1 < self.end else -1
        return self.kinds[partner + 1] if partner > index else ""

    def is_block_word(self, index: int) -> bool:
        """`scope {`, where no head waits for the `{`."""
        return self.kinds[index + 1] == "{" and not self.context.heads

    def is_timeout(self, index: int) -> bool:
        """`timeout 50ms {`, `timeout (e) {`; in a `select` anything behind its cases."""
        if self.context.heads or self.context.kind == "match":
            return not self.context.heads
        if self.kinds[index + 1] == "(":
            return self.after_group(index) == "{"
        return self.follows_on_line(index, {"INT", "FLOAT", "DURATION", "NAME"})

    def is_with(self, index: int) -> bool:
        """`with e`, not a call of a function of that name."""
        if not self.begins(index):
            return False
        if self.kinds[index + 1] == "(":
            return self.after_group(index) in ("{", "as")
        return self.follows_on_line(index, OPERANDS | {"await"})

    def is_fn(self, index: int) -> bool:
        """`fn name(`, `fn* name(`, or `fn(` before a body."""
        if self.kinds[index + 1] == "*" and (self.begins(index) or self.previous == "async"):
            return self.kinds[index + 2] == "NAME" and self.kinds[index + 3] == "("
        if self.kinds[index + 1] == "NAME":
            return self.kinds[index + 2] == "(" and not self.first[index + 1]
        return self.kinds[index + 1] == "(" and not self.context.heads and self.after_group(index) in ("{", "->")

    def is_catch(self, index: int) -> bool:
        """`} catch`."""
        return self.previous == "}"

    def is_from(self, index: int) -> bool:
        """`from m import`, or in the head of a `case`."""
        if any(word == "case" for word, _ in self.context.heads):
            return True
        # A relative path is a mistake of its own.
        first = index + 2 if self.kinds[index + 1] == "." else index + 1
        named = self.kinds[first] == "NAME" or self.kinds[first] in SOFT
        return self.begins(index) and named and self.kinds[first + 1] in (".", "import")

    def is_as(self, index: int) -> bool:
        """Between a value's end and a name or pattern, on one line."""
        before = self.previous in CAN_END and not self.first[index]
        return before and self.follows_on_line(index, {"NAME", "{", "["})

    def is_export(self, index: int) -> bool:
        """At the start of a statement or of a struct's member, before what can start one."""
        begins = self.begins(index) or (self.context.kind == "struct" and self.previous == ",")
        return begins and self.follows_on_line(index, CAN_TOUCH | set(SPELLINGS))

    def is_match(self, index: int) -> bool:
        """Before what is matched."""
        if self.follows_on_line(index, OPERANDS | {"{", "await", "!"}):
            return True
        if self.kinds[index + 1] == "-":
            return self.ends[index] < self.starts[index + 1] and self.ends[index + 1] == self.starts[index + 2]
        if self.previous == "func":
            return False
        return self.kinds[index + 1] in ("(", "[") and self.after_group(index) in ("{", ".", "(", "[")

    def is_case(self, index: int) -> bool:
        """Directly in a match."""
        return self.context.kind == "match"

    def is_default(self, index: int) -> bool:
        """Directly in a match, before its body."""
        return self.context.kind == "match" and self.kinds[index + 1] in (":", "{")

    def is_enum(self, index: int) -> bool:
        """`enum Name {`."""
        return self.follows_on_line(index, {"NAME"}) and self.kinds[index + 2] == "{"

    def is_test(self, index: int) -> bool:
        """`test "…"` at a statement's start."""
        return self.begins(index) and self.follows_on_line(index, {"STRING"})

    def is_test_setup(self, index: int) -> bool:
        """`test_setup {` at a statement's start."""
        return self.begins(index) and self.kinds[index + 1] == "{"

    # ---- heads

    def head_role(self, index: int, kind: str) -> str:
        """Return the role that the body of this head will have."""
        context = self.context
        if kind == "except" or (kind == "if" and self.previous == "else"):
            return self.closed_role
        if kind == "while" and self.previous == "loop":
            return STATEMENT
        if kind == "case":
            return CASE
        if not (context.separating and context.start):
            return EXPRESSION
        following = self.kinds[index + 1]
        named = following == "NAME" or (following == "*" and self.kinds[index + 2] == "NAME")
        return STATEMENT if named or kind != "func" or context.kind == "struct" else EXPRESSION

    def open_head(self, kind: str, role: str) -> None:
        """Wait for the body of this word."""
        heads = self.context.heads
        if kind in ("if", "from") and heads and heads[-1][0] == "case":
            # After its pattern a `case` is plain: the next `{` is the body.
            heads[-1] = ("guard", CASE)
        elif kind != "from":
            heads.append((kind, role))

    # ---- brackets

    def push(self, kind: str, role: str, opener: int) -> None:
        """Enter a bracket."""
        self.contexts.append(self.context)
        self.context = Context(kind, role, opener)

    def close(self, index: int) -> str:
        """Leave a bracket."""
        if self.kinds[index] == "}":
            self.closed_role = self.context.role
        if self.contexts:
            self.context = self.contexts.pop()
        return self.kinds[index]

    def text(self, index: int) -> str:
        """Enter, stay in or leave the code inside a string."""
        kind = self.kinds[index]
        if kind != "FSTRING_START":
            self.context = self.contexts.pop()
        if kind != "FSTRING_END":
            self.push("interp", EXPRESSION, index)
        return kind

    def parenthesis(self, index: int) -> str:
        """Enter a `(`."""
        following = self.kinds[self.partners[index] + 1]
        if following == "=>":
            self.push("params", EXPRESSION, index)
            return "_LPAR_ARROW"
        if self.previous == "spawn" and following == "{":
            self.push("paren", EXPRESSION, index)
            return "_LPAR_NAME"
        at = index - 1
        if self.previous == "NAME":
            at -= 1
        if at > 0 and self.kinds[at] == "*":
            at -= 1
        is_function = at >= 0 and self.kinds[at] == "func"
        kind = "params" if is_function else "pattern" if self.is_pattern(index) else "paren"
        self.push(kind, EXPRESSION, index)
        return "("

    def square(self, index: int) -> str:
        """Enter a `[`."""
        context = self.context
        if context.separating and context.start and self.kinds[self.partners[index] + 1] in ASSIGNS:
            self.push("pattern", EXPRESSION, index)
            return "_LSQB_PATTERN"
        self.push("pattern" if self.is_pattern(index) else "bracket", EXPRESSION, index)
        return "["

    def is_pattern(self, index: int) -> bool:
        """Does a bracket here begin a pattern?"""
        context, previous = self.context, self.previous
        if previous in ("let", "mut", "const") or context.kind == "pattern":
            return True
        if context.kind == "params":
            return previous == "," or context.opener == index - 1
        head = context.heads[-1][0] if context.heads else ""
        if head == "case":
            return True
        if head == "for":
            return previous in ("for", "await", ",")
        return head == "with" and previous == "as"

    def brace(self, index: int) -> str:
        """Enter a `{`."""
        context = self.context
        previous = self.previous
        if previous in BARE or (previous == ":" and context.kind == "match" and not context.heads):
            terminal, kind, role = "{", "block", self.bare_role(index)
        elif previous == "=>":
            terminal, kind, role = _DICT if self.looks_like_dict(index) else ("{", "block", EXPRESSION)
        elif previous == ")" and self.kinds[self.partners[index - 1]] == "_LPAR_NAME":
            terminal, kind, role = "{", "block", EXPRESSION
        elif context.heads:
            terminal, kind, role = self.brace_in_head(index)
        else:
            terminal, kind, role = self.plain_brace(index)
        self.push(kind, role, index)
        return terminal

    def brace_in_head(self, index: int) -> tuple[str, str, str]:
        """Decide about a `{` where a head waits for its body."""
        context, previous = self.context, self.previous
        word, role = context.heads[-1]
        if word == "case":
            named = previous == "NAME" and self.kinds[self.partners[index] + 1] in ("{", ":", "if", "|", "from")
            if named or previous in ("case", ",", "|"):
                return "_LBRACE_PATTERN", "pattern", EXPRESSION
            context.heads.pop()
            return "{", "block", CASE
        if self.is_pattern(index):
            return "_LBRACE_PATTERN", "pattern", EXPRESSION
        ended = previous in CAN_END or previous in ("except", "select", ":", ">")
        if ended or word in ("struct", "enum"):
            context.heads.pop()
            return "{", BODIES.get(word, "block"), role
        return "_LBRACE_DICT", "dict", EXPRESSION

    def bare_role(self, index: int) -> str:
        """Return the role of a body that stands right behind its word."""
        word = self.previous
        if word in ("else", "finally"):
            return self.closed_role
        if word in ("try", "loop", "test_setup", "test_teardown"):
            return STATEMENT
        if word in ("scope", "shield", "timeline"):
            return STATEMENT if self.context.separating and self.context.first == index - 1 else EXPRESSION
        return CASE if self.context.kind == "match" else EXPRESSION

    def plain_brace(self, index: int) -> tuple[str, str, str]:
        """Decide about a `{` that no word before it claims."""
        context = self.context
        following = self.kinds[self.partners[index] + 1]
        if context.separating and context.start:
            if following in ASSIGNS:
                return _PATTERN
            empty = self.partners[index] == index + 1
            return _DICT if empty or self.looks_like_dict(index) else ("{", "block", STATEMENT)
        if self.is_pattern(index):
            return _PATTERN
        if self.previous == "NAME":
            return ("{", "block", STATEMENT) if self.text_before(index) in BODY_NAMES else _STRUCT
        return _DICT

    def text_before(self, index: int) -> str:
        """Return the text of the token before."""
        return self.source.text[self.starts[index - 1] : self.ends[index - 1]]

    def looks_like_dict(self, index: int) -> bool:
        """Does a key or `...` follow the `{`?"""
        following = self.kinds[index + 1]
        if following == "...":
            return True
        if following in ("[", "FSTRING_START"):
            return self.after_group(index) == ":"
        return self.kinds[index + 2] == ":"


_DICT = ("_LBRACE_DICT", "dict", EXPRESSION)
_STRUCT = ("_LBRACE_STRUCT", "literal", EXPRESSION)
_PATTERN = ("_LBRACE_PATTERN", "pattern", EXPRESSION)

# When a word is a keyword, for those that are names otherwise.
SHAPES: dict[str, Callable[[Filter, int], bool]] = {
    "test": Filter.is_test,
    "test_group": Filter.is_test,
    "test_setup": Filter.is_test_setup,
    "test_teardown": Filter.is_test_setup,
    "scope": Filter.is_block_word,
    "shield": Filter.is_block_word,
    "timeline": Filter.is_block_word,
    "select": Filter.is_block_word,
    "timeout": Filter.is_timeout,
    "with": Filter.is_with,
    "fn": Filter.is_fn,
    "catch": Filter.is_catch,
    "from": Filter.is_from,
    "as": Filter.is_as,
    "export": Filter.is_export,
    "pub": Filter.is_export,
    "match": Filter.is_match,
    "case": Filter.is_case,
    "default": Filter.is_default,
    "enum": Filter.is_enum,
}

BRACKETS: dict[str, Callable[[Filter, int], str]] = {
    "(": Filter.parenthesis,
    "[": Filter.square,
    "{": Filter.brace,
    ")": Filter.close,
    "]": Filter.close,
    "}": Filter.close,
    "FSTRING_START": Filter.text,
    "FSTRING_MIDDLE": Filter.text,
    "FSTRING_END": Filter.text,
}
