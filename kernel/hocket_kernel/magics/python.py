"""Cells of Python, on the loop of the session and with its variables."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Coroutine
from inspect import CO_COROUTINE
from types import CodeType
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.source import Source, Span
from hocket_kernel.magics.registry import Call, magic

if TYPE_CHECKING:
    from hocket.session import Outcome, Session


class Shared(dict[str, Any]):
    """The globals of Python's cells: the session's variables.

    What Python does not let a dict's subclass do, a `global` statement's assignment, is
    noted here until `share` is called.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(__builtins__=builtins, __name__="__main__")
        self._session = session

    def __getitem__(self, name: str) -> Any:
        if name in self:
            return super().__getitem__(name)
        return self._session.value(name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setitem__(name, value)
        else:
            self._session.assign(name, value)

    def __delitem__(self, name: str) -> None:
        if name in self:
            super().__delitem__(name)
        else:
            self._session.value(name)
            self._session.forget([name])

    def share(self) -> None:
        """Give the session what Python has put here by itself."""
        for name in [name for name in self if not name.startswith("__")]:
            self._session.assign(name, self.pop(name))


@magic(line=False, cell=True)
async def python(call: Call) -> Outcome:
    """Run the cell as Python, with `await` at its top level.

    The session's variables are its global ones, and the other way round: what either side
    assigns, the other sees. Promises can be awaited in Python, coroutines in Hocket.
    """
    from hocket.runtime.guests import python as guest
    from hocket.session import Outcome

    call.session.permissions.module()
    source = Source(call.name, call.program)
    source.is_python = True
    try:
        codes = compiled(source)
    except SyntaxError as error:
        return Outcome(error=static(source, error))
    except (ValueError, RecursionError, MemoryError) as error:
        return Outcome(error=static(source, SyntaxError(str(error))))
    source.register()
    shared = call.cells.python_variables(call.session)

    async def main() -> Any:
        return await guest(steps(codes, shared))

    outcome = await call.session.call(main(), call.name)
    outcome.has_value = outcome.value is not None
    return outcome


def compiled(source: Source) -> list[CodeType]:
    """Return the code of a cell, and of the expression at its end, whose value is the cell's; raises SyntaxError."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree: Any = compile(source.text, source.filename, "exec", flags | ast.PyCF_ONLY_AST)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    codes = [compile(tree, source.filename, "exec", flags)]
    if last is not None:
        codes.append(compile(ast.Expression(last.value), source.filename, "eval", flags))
    return codes


async def steps(codes: list[CodeType], shared: Shared) -> Any:
    """Run the codes one after the other; return the value of the last."""
    value: Any = None
    for code in codes:
        value = eval(code, shared, shared)
        if code.co_flags & CO_COROUTINE:
            waiting: Coroutine[Any, Any, Any] = value
            value = await waiting
    return value


def static(source: Source, error: SyntaxError) -> errors.StaticErrors:
    """Return Python's syntax error as one of the cell."""
    line = min(error.lineno or 1, len(source.starts))
    start = min(source.starts[line - 1] + max(0, (error.offset or 1) - 1), len(source.text))
    problem = errors.Problem(f"Python: {error.msg}", source, Span(start, start + 1))
    return errors.StaticErrors([problem])
