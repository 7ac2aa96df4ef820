"""The syntax tree: one node class per rule of the grammar, and nothing else.

The parser builds `WhileStmt` for the rule (or alias) `while_stmt`.  A node's
fields are the rule's children in order; absent optional children are `None`, and a
last field declared as a tuple takes all the children that are left.  Names and
literals are `Token`s, strings with a span.  Nodes are compared and hashed by
identity, so that the resolver can keep what it finds in tables beside the tree.
"""

from hocket.syntax.nodes.base import *  # noqa: F403  the classes are listed once, where they are defined
from hocket.syntax.nodes.expressions import *  # noqa: F403
from hocket.syntax.nodes.functions import *  # noqa: F403
from hocket.syntax.nodes.matching import *  # noqa: F403
from hocket.syntax.nodes.modules import *  # noqa: F403
from hocket.syntax.nodes.statements import *  # noqa: F403
from hocket.syntax.nodes.structs import *  # noqa: F403
from hocket.syntax.nodes.testing import *  # noqa: F403
