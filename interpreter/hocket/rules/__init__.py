"""What is allowed but hardly meant: rules over a resolved program, each with a code.

A rule is a function marked `@rule("its-code")` that yields a warning for each place.
`BLOCKING` applies to everything that is run; `hocket check` applies all.
"""

from hocket.rules import functions, variables  # noqa: F401  importing files their rules
from hocket.rules.core import RULES, Known, Rule, Tree, apply

BLOCKING: tuple[Rule, ...] = (RULES["blocking-call"], RULES["uncalled-task"])
ALL: tuple[Rule, ...] = tuple(RULES.values())
IN_CELLS: tuple[Rule, ...] = tuple(rule for rule in ALL if rule.code != "unused-import")
"""A later cell may use what a cell imports."""

__all__ = ["ALL", "BLOCKING", "IN_CELLS", "RULES", "Known", "Rule", "Tree", "apply"]
