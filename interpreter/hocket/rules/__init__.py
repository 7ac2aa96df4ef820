"""What is allowed but hardly meant: rules over a resolved program, each with a code.

A rule is a function marked `@rule("its-code")` that yields a warning for each place.
`BLOCKING` applies to everything that is run; `hocket check` applies all.
"""

from hocket.rules import functions, variables  # noqa: F401  importing files their rules
from hocket.rules.core import RULES, Known, Rule, Tree, apply

BLOCKING: tuple[Rule, ...] = (RULES["blocking-call"],)
ALL: tuple[Rule, ...] = tuple(RULES.values())

__all__ = ["ALL", "BLOCKING", "RULES", "Known", "Rule", "Tree", "apply"]
