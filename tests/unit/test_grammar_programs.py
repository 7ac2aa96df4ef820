"""What holds for every program, tried on programs that hypothesis makes from the grammar."""

import inspect
from collections import Counter
from collections.abc import Callable
from functools import cache
from heapq import heappop, heappush
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hocket.errors import StaticErrors
from hocket.format import format_text, is_same, pairs
from hocket.source import Source
from hocket.syntax import nodes, tables
from hocket.syntax.parser import parse

EXAMPLES = 300
# What the grammar says is a program, but the token filter makes another of.
SHARE = 0.75
# Terminals that have no text of their own in the grammar.
SAMPLES = {
    "NAME": ["a", "b", "x", "y1", "Größe", "some_name"],
    "INT": ["0", "12", "1_000", "0xff"],
    "FLOAT": ["1.5", "2e3"],
    "DURATION": ["100ms", "1.5h"],
    "STRING": ['"text"', "'it'", 'r"\\d"', '"# no comment"', '"""\n    lines\n      more\n    """', '""'],
    "FSTRING_START": ['"a${', '"${'],
    "FSTRING_MIDDLE": ["} and ${"],
    "FSTRING_END": ['}"', '} b"'],
    "FSTRING_SPEC": [":>3", ":.2f"],
    "_SEP": ["\n", "\n", " ;", "\n\n\n", " # a comment\n", "\n/* one */ ", "\n/// documentation\n"],
    "_LBRACE_DICT": ["{"],
    "_LBRACE_PATTERN": ["{"],
    "_LBRACE_STRUCT": ["{"],
    "_LSQB_PATTERN": ["["],
    "_LPAR_ARROW": ["("],
    "_LPAR_NAME": ["("],
}
# Behind these a line may end, or a comment stand, whatever is around.
BREAKABLE = frozenset({"(", "[", ",", "+", "*", "&&", "??", ":=", "=>", "|>"})
GAPS = [" "] * 12 + ["\n", "\n\n", " # why\n", " /* what */ ", "\n// alone\n"]
# Words that are names unless something simple follows.
SHY = frozenset({"MATCH", "WITH", "TIMEOUT"})
Alternative = tuple[tuple[str, bool], ...]


class Grammar:
    """The productions of the grammar, and of each how few tokens it can have."""

    def __init__(self) -> None:
        self.distances = cache(self.distances_to)
        lark = tables.lark_parser(tables.GRAMMAR.read_text(encoding="utf-8"))
        self.texts = {name: list(samples) for name, samples in SAMPLES.items()}
        for text, terminal in tables.load().texts.items():
            self.texts.setdefault(terminal, []).append(text)
        self.rules: dict[str, list[Alternative]] = {}
        for rule in lark.rules:
            symbols = tuple((str(symbol.name), bool(symbol.is_term)) for symbol in rule.expansion)
            self.rules.setdefault(str(rule.origin.name), []).append(symbols)
        self.least = dict.fromkeys(self.rules, 1_000)
        while self.relax():
            pass

    def relax(self) -> bool:
        """Improve what is known of the shortest texts; return whether anything changed."""
        changed = False
        for name, alternatives in self.rules.items():
            least = min(map(self.size, alternatives))
            if least < self.least[name]:
                self.least[name] = least
                changed = True
        return changed

    def distances_to(self, target: str) -> dict[str, int]:
        """Return how far `target` is from the rules that lead to it; operands are farther than what stands alone."""
        found: dict[str, int] = {}
        waiting = [(0, target)]
        while waiting:
            distance, reached = heappop(waiting)
            if reached in found:
                continue
            found[reached] = distance
            for name, alternatives in self.rules.items():
                for alternative in alternatives:
                    if (reached, False) in alternative:
                        heappush(waiting, (distance + (1 if len(alternative) == 1 else 100), name))
        return found

    def size(self, alternative: Alternative) -> int:
        """Return how many tokens an alternative has at least."""
        return sum(1 if is_terminal else self.least[name] for name, is_terminal in alternative)


@cache
def up_to(count: int) -> st.SearchStrategy[int]:
    """Return a strategy for the ints below `count`; making one takes longer than drawing from it."""
    return st.integers(0, count - 1)


@cache
def grammar() -> Grammar:
    """Return the grammar, read once."""
    return Grammar()


class Writer:
    """One program: the tokens so far, and how many more it may have."""

    def __init__(self, draw: Callable[[Any], Any], budget: int, target: str) -> None:
        self.draw = draw
        self.budget = budget
        # How far each rule is from the one that the program is to have.
        self.distances = dict(grammar().distances(target))
        self.pieces: list[str] = []
        # Is the next token to follow without a blank?
        self.joined = True

    def write(self, name: str) -> None:
        """Write a text of the rule `name`."""
        alternative = self.choose(name)
        distance = self.distances.pop(name, -1)
        if distance == 0:
            self.distances = {}
        # The first that leads to the rule that the program is to have is the one to do so.
        leads = [
            number for number, (symbol, _) in enumerate(alternative) if self.distances.get(symbol, distance) < distance
        ]
        distances = self.distances
        for number, (symbol, is_terminal) in enumerate(alternative):
            self.distances = distances if leads[:1] == [number] else {}
            if is_terminal:
                self.token(symbol, is_sign=len(alternative) == 2 and symbol == "MINUS")
            elif alternative[number + 1 : number + 2] == (("_LBRACE_STRUCT", True),):
                # The token filter takes `{` for a struct's only behind a name.
                self.token("NAME", is_sign=False)
            elif symbol == "expr" and number and alternative[number - 1][0] in SHY:
                self.token("NAME", is_sign=False)
            else:
                self.write(symbol)

    def choose(self, name: str) -> Alternative:
        """Return what `name` is written as."""
        rules = grammar()
        fitting = rules.rules[name]
        distance = self.distances.get(name, 0)
        if distance:
            nearer = [
                each for each in fitting if any(self.distances.get(symbol, distance) < distance for symbol, _ in each)
            ]
            return self.pick(nearer)
        least = min(map(rules.size, fitting))
        limit = max(least, self.budget) if self.budget > 0 else least
        fitting = [alternative for alternative in fitting if rules.size(alternative) <= limit]
        plain = [alternative for alternative in fitting if len(alternative) == 1]
        if plain and len(plain) < len(fitting) and self.draw(up_to(2)):
            fitting = plain
        return self.pick(fitting)

    def pick(self, choices: list[Any]) -> Any:
        """Return one of `choices`."""
        return choices[0] if len(choices) == 1 else choices[self.draw(up_to(len(choices)))]

    def token(self, terminal: str, is_sign: bool) -> None:
        """Write a token, and what sets it apart from the one before."""
        text = self.pick(grammar().texts[terminal])
        self.budget -= 1
        if terminal == "_SEP":
            self.pieces.append(text)
            self.joined = True
            return
        if not self.joined and not terminal.startswith("FSTRING_") or terminal == "FSTRING_START":
            before = self.pieces[-1] if self.pieces else ""
            self.pieces.append(self.pick(GAPS) if before in BREAKABLE else " ")
        self.pieces.append(text)
        # A sign with a blank behind it goes on with the line before.
        self.joined = is_sign


@st.composite
def programs(draw: Any) -> str:
    """Make the text of a program; one in several is none, since the token filter sees it otherwise."""
    writer = Writer(draw, draw(st.integers(5, 40)), draw(st.sampled_from(sorted(grammar().rules))))
    writer.write("start")
    return "".join(writer.pieces)


def test_formatting_keeps_the_tree_and_is_done_once() -> None:
    counts: Counter[str] = Counter()
    seen: set[str] = set()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def check(text: str) -> None:
        counts["made"] += 1
        try:
            before = parse(Source("made", text))
        except StaticErrors:
            return
        counts["parsed"] += 1
        laid_out = format_text(text)
        after = parse(Source("laid out", laid_out))
        for first, second in pairs(before.program, after.program):
            assert is_same(first, second)
            seen.add(type(first).__name__)
        assert before.silenced == after.silenced
        assert format_text(laid_out) == laid_out

    check()
    assert counts["parsed"] > SHARE * counts["made"]
    classes = {name for name, cls in inspect.getmembers(nodes, inspect.isclass) if issubclass(cls, nodes.Node)}
    assert len(classes & seen) > 0.85 * len(classes)
