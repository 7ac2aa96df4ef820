"""What the parser would accept next, in the user's terms."""

from __future__ import annotations

from functools import cache

from hocket.syntax import tables
from hocket.syntax.tables import END

LINE_END = "line end"


def phrases(states: list[int]) -> list[str]:
    """Return what could stand in this state, in the user's terms."""
    language = tables.load()
    accepted = {terminal for terminal in language.actions[states[-1]] if accepts(states, terminal)}
    phrases: list[str] = []
    for phrase, least, most in _groups():
        if least <= accepted:
            phrases.append(phrase)
            accepted -= most
    if "_SEP" in accepted:
        accepted -= {"_SEP", END, "RBRACE"}
        phrases.append(LINE_END)
    if phrases:
        accepted.discard(END)
    names = {terminal: text for text, terminal in reversed(language.texts.items())}
    singles = sorted({_phrase(names, terminal) for terminal in accepted})
    if singles and "an operator" in phrases:
        # `f(1 2`: nobody means an operator.
        phrases.remove("an operator")
    return phrases + singles[:4]


def _phrase(names: dict[str, str], terminal: str) -> str:
    if terminal in ("FSTRING_MIDDLE", "FSTRING_END"):
        return "`}`"
    if terminal.startswith("_L"):
        return "`{`" if "LBRACE" in terminal else "`[`" if "LSQB" in terminal else "`(`"
    return _PHRASES.get(terminal) or f"`{names[terminal]}`"


_PHRASES = {
    "NAME": "a name",
    "STRING": "a string",
    "FSTRING_START": "a string",
    "FSTRING_SPEC": "a format spec",
    "INT": "a number",
    "FLOAT": "a number",
    "DURATION": "a duration",
    "_SEP": LINE_END,
    END: "the end",
}


@cache
def _groups() -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    """Return terminals that have one name together, found by asking the tables.

    If the first set is accepted, the name stands for the second one.
    """
    texts = tables.load().texts
    statement, expression, operand = _accepted([]), _accepted(["THROW"]), _accepted(["INT", "STAR"])
    pattern, type_ = _accepted(["LET"]), _accepted(["LET", "NAME", texts[":"]])
    fitting = _accepted([texts["match"], "INT", texts["{"], texts["case"]])
    operator = _accepted(["THROW", "INT"]) - {"_SEP", END}
    assigning = {texts[text] for text in (":=", "=", "+=", "=>")}
    return (
        ("a statement", statement - {END}, statement),
        ("an expression", operand, expression | {texts["..."], "_LBRACE_PATTERN", "_LSQB_PATTERN"}),
        ("a pattern", fitting, fitting | {texts["..."]}),
        ("a name", pattern, pattern | {texts["..."]}),
        ("a type", type_, type_),
        ("an operator", operator, operator | assigning | {"FSTRING_SPEC"}),
    )


def _accepted(terminals: list[str]) -> frozenset[str]:
    """Return the terminals that may follow these."""
    language = tables.load()
    states = [language.start]
    for terminal in terminals:
        advance(states, terminal)
    return frozenset(terminal for terminal in language.actions[states[-1]] if accepts(states, terminal))


def advance(states: list[int], terminal: str) -> None:
    """Move the stack of states over one terminal that is accepted."""
    language = tables.load()
    while True:
        action = language.actions[states[-1]][terminal]
        if action >= 0:
            states.append(action)
            return
        rule = language.rules[~action]
        del states[len(states) - rule.length :]
        states.append(language.gotos[states[-1]][rule.origin])


def accepts(states: list[int], terminal: str) -> bool:
    """Can `terminal` come next?  The stack stays as it is."""
    language = tables.load()
    # What the reductions put upon the first `depth` states.
    depth, above = len(states), list[int]()
    while True:
        action = language.actions[above[-1] if above else states[depth - 1]].get(terminal)
        if action is None:
            return False
        if action >= 0:
            return True
        rule = language.rules[~action]
        depth -= max(0, rule.length - len(above))
        del above[max(0, len(above) - rule.length) :]
        above.append(language.gotos[above[-1] if above else states[depth - 1]][rule.origin])
