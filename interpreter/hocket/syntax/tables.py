"""The parser's tables: computed from `grammar.lark` by Lark, kept between runs.

What is kept are plain lists, dicts, strings and numbers, so that a run that finds
them in the cache neither imports Lark nor computes anything.  The cache is keyed by
the grammar's text and the Python version; the tables say what the grammar says,
whichever Lark computed them.  A cache that cannot be read or written costs time,
nothing else.
"""

from __future__ import annotations

import marshal
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = Path(__file__).with_name("grammar.lark")
# Raised whenever what is kept changes its form.
FORMAT = 1
END = "$END"

# Terminals that are a class of texts described by a pattern; all others are fixed texts.
CLASSES = ("NAME", "DURATION", "FLOAT", "INT")


class Step(NamedTuple):
    """A child that a reduction keeps."""

    position: int
    # Its rule begins with `_`: what it holds becomes children of the parent.
    spread: bool
    # How many absent optional children stand before it.
    absent: int


class Rule(NamedTuple):
    """A production, and what a reduction by it makes of its children."""

    origin: str
    length: int
    # Rule name of the node that it makes; None when the rule is inlined or passes its only child on.
    node: str | None
    steps: tuple[Step, ...]
    absent: int


class Tables(NamedTuple):
    """What the scanner, the filter and the parser know of the language."""

    # Per state: terminal -> next state, or ~rule to reduce by.
    actions: list[dict[str, int]]
    # Per state: rule name -> next state.
    gotos: list[dict[str, int]]
    rules: list[Rule]
    start: int
    # Text of each keyword and operator -> its terminal.
    texts: dict[str, str]
    patterns: dict[str, str]
    # Terminals that reach the tree.
    kept: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        """The keywords that the grammar names."""
        return frozenset(text for text in self.texts if text[0].isalpha())


@cache
def load() -> Tables:
    """Return the tables of the grammar, from the cache when it has them."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    tables = _read(grammar)
    if tables is None:
        tables = build(grammar)
        _write(grammar, tables)
    return tables


# ---- the cache


def _cache_file(grammar: str) -> Path:
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or str(Path.home())
    elif sys.platform == "darwin":
        folder = str(Path.home() / "Library" / "Caches")
    else:
        folder = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    name = f"grammar-{FORMAT}-{crc32(grammar.encode()):08x}-{sys.implementation.cache_tag}.tables"
    return Path(folder) / "hocket" / name


def _read(grammar: str) -> Tables | None:
    try:
        content = _cache_file(grammar).read_bytes()
        # `marshal` trusts its input, so damage must be noticed before it.
        if int.from_bytes(content[:4], "big") != crc32(content[4:]):
            return None
        text, actions, gotos, rules, start, texts, patterns, kept = marshal.loads(content[4:])
    except (OSError, RuntimeError, ValueError, EOFError, TypeError):
        return None
    if text != grammar:
        return None
    built = [Rule(o, length, node, tuple(map(Step._make, steps)), absent) for o, length, node, steps, absent in rules]
    return Tables(actions, gotos, built, start, texts, patterns, kept)


def _write(grammar: str, tables: Tables) -> None:
    plain = [
        (rule.origin, rule.length, rule.node, tuple(tuple(step) for step in rule.steps), rule.absent)
        for rule in tables.rules
    ]
    content = marshal.dumps((grammar, tables.actions, tables.gotos, plain, *tables[3:]))
    with suppress(OSError, RuntimeError):
        file = _cache_file(grammar)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
        try:
            partial.write_bytes(crc32(content).to_bytes(4, "big") + content)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)


# ---- from Lark's objects to plain ones


def build(grammar: str) -> Tables:
    """Compute the tables of `grammar`."""
    lark = lark_parser(grammar)
    # Lark keys its tables with str subclasses whose comparison is a Python call;
    # that and the trees in between are why the parser has its own loop.
    table = lark.parser.parser._parse_table
    numbers = {rule: number for number, rule in enumerate(lark.rules)}
    terminals = {terminal.name for terminal in lark.terminals} | {END} | set(lark.ignore_tokens)
    rules = [_rule(rule) for rule in lark.rules]
    produced = {rule.origin for rule in rules}
    actions: list[dict[str, int]] = [{} for _ in range(len(table.states))]
    gotos: list[dict[str, int]] = [{} for _ in range(len(table.states))]
    for state, moves in table.states.items():
        for symbol, (action, target) in moves.items():
            name = sys.intern(str(symbol))
            if name in produced and name not in terminals:
                gotos[state][name] = target
            else:
                actions[state][name] = target if action.name == "Shift" else ~numbers[target]
    end_state = table.end_states["start"]
    actions[end_state][END] = 0
    texts = {text: terminal.name for terminal in lark.terminals for text in _texts(terminal)}
    patterns = {terminal.name: terminal.pattern.value for terminal in lark.terminals if terminal.name in CLASSES}
    kept = frozenset(str(symbol.name) for rule in lark.rules for symbol in rule.expansion if _is_kept(symbol))
    return Tables(actions, gotos, rules, table.start_states["start"], texts, patterns, kept)


def lark_parser(grammar: str, **options: Any) -> Lark:
    """Return Lark's own parser of `grammar`, for its tables; without a lexer unless one is given."""
    from lark import Lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        def __init__(self, configuration: Any) -> None: ...

        def lex(self, *_: Any) -> Iterable[Any]:  # type: ignore[override]
            return ()

    return Lark(grammar, **{"parser": "lalr", "lexer": NoLexer, "maybe_placeholders": True, **options})


def _texts(terminal: Any) -> list[str]:
    """Return the texts of a terminal that is a word, an operator or a choice of operators."""
    if terminal.name in CLASSES:
        return []
    pattern: str = terminal.pattern.value
    if terminal.pattern.type == "str":
        return [pattern]
    choices = pattern.removeprefix("(?:").removesuffix(")")
    return [re.sub(r"\\(.)", r"\1", choice) for choice in re.split(r"(?<!\\)\|", choices)]


def _is_kept(symbol: Any) -> bool:
    """Is this a terminal that reaches the tree?"""
    return bool(symbol.is_term and not symbol.filter_out)


def _rule(rule: Any) -> Rule:
    """Return what Lark's tree builder would do with `rule`, as data."""
    origin, length = sys.intern(str(rule.origin.name)), len(rule.expansion)
    gaps = [0] * (length + 1)
    if rule.options.empty_indices:
        bits = "".join(str(int(absent)) for absent in rule.options.empty_indices)
        gaps = [len(ones) for ones in bits.split("0")]
    steps, absent = [], 0
    for index, symbol in enumerate(rule.expansion):
        absent += gaps[index]
        if not symbol.is_term or _is_kept(symbol):
            steps.append(Step(index, not symbol.is_term and symbol.name.startswith("_"), absent))
            absent = 0
    absent += gaps[length]
    alone = len(steps) == 1 and not (steps[0].spread or steps[0].absent or absent)
    node = rule.alias or origin
    if origin.startswith("_") or (rule.options.expand1 and not rule.alias and alone):
        node = None
    return Rule(origin, length, node, tuple(steps), absent)
