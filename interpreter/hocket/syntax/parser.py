"""The parser: text to a tree, or to all that is wrong with the text.

The loop is an ordinary LALR(1) one over the tables of `tables.py`.  It builds the
nodes at once; a node's span reaches from its first token to its last, punctuation
included.  After an error it goes on behind the statement that the error is in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple, cast

from hocket.errors import Problem, StaticErrors
from hocket.source import Source, Span
from hocket.syntax import messages, nodes, tables, tokens
from hocket.syntax.filter import Stream, arrange
from hocket.syntax.nodes import Token
from hocket.syntax.tables import END

# More would help nobody.
MOST_PROBLEMS = 50
# What the parser goes on behind; a rule of the grammar.
STATEMENT = "_stmt"

Build = Callable[[list[Any], Span], Any]


class Parsed(NamedTuple):
    """A program, and what stands beside its tree."""

    program: nodes.Program
    # `///` texts by the start of the statement that they document.
    docs: dict[int, str]
    # Does a `;` follow the last statement?
    silenced: bool


def load() -> None:
    """Load the tables; the first `parse` does it otherwise."""
    tokens.master()
    _productions()


@cache
def keywords() -> frozenset[str]:
    """Return the words that mean something, here or where they stand."""
    words = tables.load().words
    return words | {spelling for spelling, word in tokens.SPELLINGS.items() if word in words}


def parse(source: Source) -> Parsed:
    """Return the tree of `source`.

    Raises StaticErrors with everything that is wrong with it.
    """
    scanned = tokens.scan(source)
    problems = list(scanned.problems)
    if scanned.broken:
        raise StaticErrors(_independent(problems)[:MOST_PROBLEMS])
    stream = arrange(scanned)
    parser = Parser(scanned, stream)
    program = parser.run()
    problems += parser.problems
    if problems or program is None:
        raise StaticErrors(first_problems(problems))
    return Parsed(program, scanned.docs, stream.silenced)


def status(source: Source) -> tuple[str, str]:
    """Return whether `source` is `complete`, `incomplete` or `invalid`, and the next line's indentation."""
    try:
        parse(source)
    except StaticErrors as error:
        if not all(problem.incomplete for problem in error.problems):
            return "invalid", ""
        return "incomplete", " " * 4 * len(tokens.scan(source).unclosed)
    return "complete", ""


def _independent(problems: list[Problem]) -> list[Problem]:
    """Return the problems of a text whose brackets or strings do not match, without those that another one makes.

    What stands behind it on its line may be text that was meant as code, or the reverse.
    """
    broken: set[int] = set()
    found: list[Problem] = []
    for problem in sorted(problems, key=_place):
        line, _ = problem.source.position(problem.span.start)
        if line not in broken:
            found.append(problem)
        if not problem.incomplete:
            broken.add(line)
    return found


def first_problems(problems: list[Problem]) -> list[Problem]:
    """Return the problems in the order of the text, as many as help."""
    return sorted(problems, key=_place)[:MOST_PROBLEMS]


def _place(problem: Problem) -> tuple[int, int]:
    return problem.span


# ---- productions: what a reduction does


class Production(NamedTuple):
    """A rule, ready for the loop."""

    origin: str
    length: int
    # None: the value stays what it is.
    build: Build | None


@cache
def _productions() -> list[Production]:
    return [Production(rule.origin, rule.length, _build(rule)) for rule in tables.load().rules]


def _build(rule: tables.Rule) -> Build | None:
    """Return what makes the value of `rule` of the values of its children."""
    gather = _gather(rule)
    if rule.node is None:
        if rule.origin.startswith("_"):
            return lambda values, span: gather(values)
        return None if rule.length == 1 else lambda values, span: gather(values)[0]
    node = getattr(nodes, class_name(rule.node))
    fields = [name for name in node.__annotations__ if name != "span"]
    if not fields:
        return lambda values, span: node(span)
    if not node.__annotations__[fields[-1]].startswith("tuple["):
        return lambda values, span: node(span, *gather(values))
    fixed = len(fields) - 1

    def variadic(values: list[Any], span: Span) -> Any:
        children = gather(values)
        return node(span, *children[:fixed], tuple(children[fixed:]))

    return variadic


def class_name(rule: str) -> str:
    """Return the name of the node class of `rule`."""
    return "".join(part.capitalize() for part in rule.split("_"))


def _gather(rule: tables.Rule) -> Callable[[list[Any]], Any]:
    """Return what picks the children that a reduction keeps."""
    steps, trailing = rule.steps, rule.absent
    # A rule that is inlined gives a list that its parent may go on with.
    inlined = rule.origin.startswith("_") and len(steps) > 1
    if inlined or trailing or any(step.spread or step.absent for step in steps):
        return lambda values: _spread(values, steps, trailing)
    if len(steps) > 1:
        return itemgetter(*(step.position for step in steps))
    if not steps:
        return lambda values: []
    index = steps[0].position
    return lambda values: [values[index]]


def _spread(values: list[Any], steps: tuple[tables.Step, ...], trailing: int) -> list[Any]:
    children: list[Any] = []
    for index, spread, absent in steps:
        if absent:
            children.extend([None] * absent)
        if not spread:
            children.append(values[index])
        elif children:
            children.extend(values[index])
        else:
            # The list is used once; taking it over keeps long repetitions linear.
            children = values[index]
    if trailing:
        children.extend([None] * trailing)
    return children


# ---- the loop


class Parser:
    """One parse: the stacks, and the problems found."""

    def __init__(self, scanned: tokens.Tokens, stream: Stream) -> None:
        self.tokens = scanned
        self.source = scanned.source
        self.terminals = [*stream.terminals, END]
        self.indices = [*stream.indices, len(scanned.starts)]
        # Where the end of the text stands: behind the last token, on its line.
        last = scanned.ends[-1] if scanned.ends else 0
        self.starts = [*scanned.starts, last]
        self.ends = [*scanned.ends, last]
        self.states = [tables.load().start]
        self.values: list[Any] = []
        # Where each value's text begins.
        self.begins: list[int] = []
        self.problems: list[Problem] = []
        self.recovered = -1

    def run(self) -> nodes.Program | None:
        """Return the tree, or None after so many problems that it gave up."""
        language = tables.load()
        actions, gotos, productions, kept = language.actions, language.gotos, _productions(), language.kept
        states, values, begins = self.states, self.values, self.begins
        terminals, indices, starts, ends = self.terminals, self.indices, self.starts, self.ends
        at = end = 0
        while at >= 0:
            terminal = terminals[at]
            action = actions[states[-1]].get(terminal)
            if action is None:
                at = self.recover(at)
            elif action < 0:
                origin, length, build = productions[~action]
                if build is None:
                    states.pop()
                else:
                    self.reduce(length, build, end)
                states.append(gotos[states[-1]][origin])
            elif terminal is END:
                return cast(nodes.Program, values[0])
            else:
                index = indices[at]
                values.append(self.token(terminal, index) if terminal in kept else None)
                # A separator has no text; it counts as part of what it ends.
                begins.append(starts[index] if terminal != "_SEP" else end - 1)
                end = ends[index] if terminal != "_SEP" else end
                states.append(action)
                at += 1
        return None

    def reduce(self, length: int, build: Build, end: int) -> None:
        """Replace the last `length` values by what they make together."""
        values, begins = self.values, self.begins
        if length == 0:
            values.append(build([], Span(end, end)))
            begins.append(end)
            return
        first = len(values) - length
        values[first:] = [build(values[first:], Span(begins[first], end))]
        del begins[first + 1 :], self.states[first + 1 :]

    def token(self, terminal: str, index: int) -> Token:
        """Return the token at `index` for the tree."""
        text = self.tokens.values.get(index)
        span = Span(self.starts[index], self.ends[index])
        return Token(terminal, self.source.text[slice(*span)] if text is None else text, span)

    # ---- errors

    def recover(self, at: int) -> int:
        """Report the error at position `at` of the stream and leave the statement it is in.

        Returns where to go on, or -1.
        """
        if at == self.recovered or len(self.problems) >= MOST_PROBLEMS:
            return -1
        self.recovered = at
        start, depth = self.statement(at)
        if start < 0:
            self.report(at, 0)
            return -1
        stop = self.behind(start, at)
        self.report(at, start)
        del self.states[depth + 1 :], self.values[depth:], self.begins[depth:]
        self.states.append(tables.load().gotos[self.states[-1]][STATEMENT])
        self.values.append([])
        self.begins.append(self.starts[self.indices[start]])
        return stop

    def statement(self, at: int) -> tuple[int, int]:
        """Return where the innermost statement around `at` begins: in the stream and on the stacks; or -1."""
        terminals, indices = self.terminals, self.indices
        gotos = tables.load().gotos
        position = at - 1
        while position >= -1:
            if position >= 0 and terminals[position] in CLOSING:
                position = self.partner(position) - 1
                continue
            if position < 0 or terminals[position] in ("_SEP", "LBRACE"):
                depth = bisect_left(self.begins, self.starts[indices[position + 1]])
                if depth < len(self.states) and STATEMENT in gotos[self.states[depth]]:
                    return position + 1, depth
            position -= 1
        return -1, 0

    def behind(self, start: int, at: int) -> int:
        """Return the position in the stream behind the statement that begins at `start`."""
        terminals = self.terminals
        position = at
        while terminals[position] not in ("_SEP", END):
            partner = self.partner(position)
            if partner > position:
                position = partner
            elif 0 <= partner < start:
                break
            position += 1
        return position

    def partner(self, position: int) -> int:
        """Return the position in the stream of the matching bracket, or -1."""
        index = self.tokens.partners[self.indices[position]] if self.terminals[position] != END else -1
        return bisect_right(self.indices, index) - 1 if index >= 0 else -1

    def report(self, at: int, start: int) -> None:
        """Note the error at `at`, unless the statement's text itself has a problem."""
        begin, end = self.starts[self.indices[start]], self.ends[self.indices[at]]
        if any(begin <= problem.span.start <= end for problem in self.tokens.problems):
            return
        last = self.problems[-1] if self.problems else None
        if last is not None and last.hint and "\n" not in self.source.text[last.span.end : begin]:
            # What another language would write on one line is one mistake.
            return
        error = messages.Failure(self.tokens, self.terminals, self.indices, at, start, self.states)
        self.problems.append(messages.problem(error))


CLOSING = frozenset({"RPAR", "RSQB", "RBRACE", "FSTRING_END"})
