"""Which variable each name means.

The resolver walks a program once, in the order of its text, and settles for every
name where its value lives: in the session (the top level of a cell), in a local of
a function, in a box (a local made anew in every turn of a loop that a closure keeps),
or in the library.  The body of a function is walked after the function around it, so
that it sees what is declared below it, and its place does not change what it means.

It also refuses what has no meaning where it stands: `await` in a plain function,
`break` outside a loop, assigning to a `let`, a name that nothing can define.
What it finds lies in tables beside the tree (`Resolution`), keyed by node.
"""

from hocket.resolver import matching, modules, structs, testing  # noqa: F401  importing files their functions
from hocket.resolver.core import Resolver
from hocket.resolver.scopes import Binding, Environment, Function, Resolution, did_you_mean, mangle, unmangle
from hocket.resolver.visits import has_optional, is_direct_call, plain_function, without_parentheses

__all__ = [
    "Binding",
    "Environment",
    "Function",
    "Resolution",
    "Resolver",
    "did_you_mean",
    "has_optional",
    "is_direct_call",
    "mangle",
    "plain_function",
    "unmangle",
    "without_parentheses",
]
