"""Execute requests: a cell goes to the interpreter, what comes of it to the clients.

Each request runs in a task with a context of its own, which the cell's tasks inherit:
whatever they print, show or ask later belongs to this request.
"""

from __future__ import annotations

import asyncio
import re
import sys
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hocket_kernel import output, stdin
from hocket_kernel.display import NotebookScreen, bundle
from hocket_kernel.history import History
from hocket_kernel.output import MUTED

if TYPE_CHECKING:
    from hocket.errors import HocketError
    from hocket.runtime.promises import Promise
    from hocket.session import Outcome, Session
    from hocket_kernel.kernel import HocketKernel
    from hocket_kernel.magics.python import Shared

# `name?` asks what `name` is, as in every notebook.
_QUESTION = re.compile(r"\s*((?:%%?)?[^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*\?{1,2}\s*", re.ASCII)


CELL: ContextVar[tuple[str, str]] = ContextVar("cell", default=("", ""))
"""Name and text of the cell that runs; what a magic compiles is a part of it."""


@dataclass(frozen=True)
class Request:
    """What a client sent: the text of a cell, and how to treat it."""

    code: str
    silent: bool
    store_history: bool
    user_expressions: dict[str, str]
    allow_stdin: bool


class Cells:
    """Runs the cells of one kernel, numbers them, and publishes what they come to."""

    def __init__(self, kernel: HocketKernel) -> None:
        self.count = 0
        self._unstored = 0
        self._kernel = kernel
        self.history = History(lambda text: kernel.log.error(text))
        self.screen = NotebookScreen(kernel)
        # For the first cell that can show them.
        self.warnings: list[str] = []
        self._python: Shared | None = None
        self._besides: set[asyncio.Task[None]] = set()

    async def execute(self, session: Session, request: Request) -> dict[str, Any]:
        """Run one cell and return the content of its reply."""
        loop = asyncio.get_running_loop()
        with session.interrupts.expecting():
            return await loop.create_task(self._execute(session, request), context=copy_context())

    async def _execute(self, session: Session, request: Request) -> dict[str, Any]:
        MUTED.set(request.silent)
        stdin.ALLOWED.set(request.allow_stdin)
        name = self._number(request)
        CELL.set((name, request.code))
        count = self.count
        if not request.silent:
            self._publish("execute_input", {"code": request.code, "execution_count": count})
            while self.warnings:
                sys.stderr.write(f"warning: {self.warnings.pop(0)}\n")
        if request.store_history and not request.silent:
            self.history.add(count, request.code)
        question = _QUESTION.fullmatch(request.code)
        if question is not None:
            return {**_ok(count), "payload": [_page(session, question[1])]}
        payload: list[dict[str, Any]] = []
        with self._kernel.debugger.cell():
            outcome = await self._run(session, request.code, name, payload)
        self._finish()
        if outcome.error is not None:
            content = error_content(outcome.error)
            self._publish("error", content, request.silent, is_last=True)
            return {"status": "error", "execution_count": count, "user_expressions": {}, "payload": [], **content}
        self._show(outcome, count, request)
        values = {key: await self._expression(session, text) for key, text in request.user_expressions.items()}
        return {**_ok(count), "user_expressions": values, "payload": payload}

    async def _run(self, session: Session, code: str, name: str, payload: list[dict[str, Any]]) -> Outcome:
        """Run the text of a cell, in the language or with magics."""
        if "%" not in code:
            return await session.run(code, name)
        from hocket_kernel import magics

        return await magics.run(self, session, code, name, payload)

    def python_variables(self, session: Session) -> Shared:
        """Return the globals of Python's cells."""
        from hocket_kernel.magics.python import Shared

        if self._python is None:
            self._python = Shared(session)
        return self._python

    def run_beside(self, run: Callable[[], Awaitable[Outcome]]) -> None:
        """Run the rest of a cell in a task; it shows what it comes to, and the cell has been answered by then."""
        beside = asyncio.get_running_loop().create_task(self._beside(run), context=copy_context())
        self._besides.add(beside)
        beside.add_done_callback(self._besides.discard)

    async def _beside(self, run: Callable[[], Awaitable[Outcome]]) -> None:
        outcome = await run()
        self._finish()
        if outcome.error is not None:
            self._publish("error", error_content(outcome.error), MUTED.get())
        elif outcome.has_value:
            self.screen.show(outcome.value)

    def _finish(self) -> None:
        """Send what the cell has shown and printed until now, and share what Python has set.

        A stream that it has replaced, and perhaps closed, is not the next cell's.
        """
        output.restore()
        if self._python is not None:
            self._python.share()
        parent = self._kernel.get_parent("shell")
        self.screen.finish(parent)
        output.finish(parent)

    def _number(self, request: Request) -> str:
        """Count the request; return what the interpreter calls the cell.

        A client that never stores history (nbval) gets the names that one that always does gets.
        """
        if request.silent:
            return "silent cell"
        if request.store_history:
            self.count += 1
            self._unstored = 0
        else:
            self._unstored += 1
        return f"cell {self.count + self._unstored}"

    def _show(self, outcome: Outcome, count: int, request: Request) -> None:
        """Publish the value of the cell, if it has one."""
        if not outcome.has_value or request.silent:
            return
        from hocket.runtime.promises import PENDING, Promise

        value = outcome.value
        if isinstance(value, Promise) and value.state is PENDING:
            self._show_pending(value)
            return
        shown = bundle(value)
        output.flush()  # what the value has printed in showing itself
        is_last = not request.user_expressions
        self._publish("execute_result", {"execution_count": count, **shown._asdict()}, is_last=is_last)
        if request.store_history:
            self.history.answer(count, shown.data["text/plain"])

    def _show_pending(self, promise: Promise) -> None:
        """Show a promise that has not settled; show it again, in place, when it has."""
        from hocket.runtime.promises import Promise
        from hocket.runtime.values import show

        # Clients update only what came as display data, not an execute_result.
        display = {"metadata": {}, "transient": {"display_id": uuid.uuid4().hex}}

        def publish(kind: str) -> None:
            # Also of a task: what it comes to is of more interest than its number.
            self._publish(kind, {"data": {"text/plain": Promise.label(promise, show)}, **display})

        def settled() -> None:
            output.flush()
            publish("update_display_data")

        publish("display_data")
        promise.when_settled(settled)

    async def _expression(self, session: Session, text: str) -> dict[str, Any]:
        """Return what the protocol wants of one user expression: its value, or its error."""
        outcome = await session.run(text, name="user expression")
        if outcome.error is not None:
            return {"status": "error", **error_content(outcome.error)}
        return {"status": "ok", **bundle(outcome.value)._asdict()}

    def _publish(self, kind: str, content: dict[str, Any], silent: bool = False, is_last: bool = False) -> None:
        """Send a message; if it is the cell's last, together with `idle`."""
        if not silent:
            socket = self._kernel.companion if is_last else self._kernel.iopub_socket
            self._kernel.send_response(socket, kind, content, channel="shell")


def error_content(error: HocketError) -> dict[str, Any]:
    """Return an error as the protocol has it; its traceback is the language's own form, in colour."""
    from hocket.errors import StaticErrors
    from hocket.render import render

    # What is found before the cell runs has no type of the language's: no `except` can name it.
    kind = "SyntaxError" if isinstance(error, StaticErrors) else getattr(error, "type", type(error).__name__)
    return {"ename": kind, "evalue": str(error), "traceback": render(error, color=True).split("\n")}


def _ok(count: int) -> dict[str, Any]:
    return {"status": "ok", "execution_count": count, "user_expressions": {}, "payload": []}


def _page(session: Session, name: str) -> dict[str, Any]:
    """Return the payload that makes a client show what is known about `name`."""
    if name.startswith("%"):
        from hocket_kernel import magics

        description = magics.describe(name, len(name))
    else:
        description = session.inspect(name, len(name))
    if description is None:
        data = {"text/plain": f"nothing is called {name}"}
    else:
        data = {"text/plain": description.text, "text/markdown": description.markdown}
    return {"source": "page", "data": data, "start": 0}
