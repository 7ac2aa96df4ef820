"""Runs the tests of one file, in this process.

The top level runs once, then each test that was asked for: the setups, the test in a
scope of its own, and in a second cell, whatever has happened, the teardowns.  What a
setup started ends with the teardowns, what the top level started with the file.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

from hocket import errors, host
from hocket.errors import HocketError, StaticErrors
from hocket.runtime.loop import Cell
from hocket.runtime.scopes import Scope, format_ms
from hocket.session import Outcome, Session
from hocket.source import Source
from hocket.syntax import nodes
from hocket.syntax.parser import parse
from hocket.testing.comments import Mismatch, Program, check, expected, expects, permitted, programs
from hocket.testing.failures import explain
from hocket.testing.limit import time_limit
from hocket.testing.results import FAILED, SYNTAX, UNREADABLE, Request, Result
from hocket.testing.suite import Suite, Test, full_name

UNSTOPPABLE = 86
"""Exit code of a process whose test could not be stopped."""

Send = Callable[[str, Any], None]


class Stop(Exception):
    """No further test is to run."""


def run_file(request: Request, send: Send) -> None:
    """Run what `request` asks for; `send` is told `begin` with a name and `result` with a Result."""
    try:
        text = Path(request.path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        send("result", Result("", 0, UNREADABLE, message=f"cannot be read: {why}"))
        return
    parts = programs(text, request.path, Path(request.path).parent)
    checked = [expects(part.text) for part in parts]
    try:
        for part, is_checked in zip(parts, checked, strict=True):
            if is_checked:
                check_program(part, request, send)
                if expected(part).errors:
                    continue  # it says itself that it does not get through
            run_tests(part, request, send, is_checked, any(checked))
    except Stop:
        return


def check_program(part: Program, request: Request, send: Send) -> None:
    """Check a program against its comments, as a test of its own."""
    name = f"program in line {part.before + 1}"
    if not request.wants(name):
        return
    send("begin", name)
    started = time.monotonic()
    result = Result(name, part.before + 1)
    try:
        check(part, request.timeout, permissions=request.permissions)
    except Mismatch as mismatch:
        result.status = FAILED
        result.message = str(mismatch).partition("\n")[2] or str(mismatch)
        result.text = result.colored = result.message
    finish(result, started, request, send)


def finish(result: Result, started: float, request: Request, send: Send) -> None:
    """Send a result; raises Stop if it is to be the last."""
    result.seconds = time.monotonic() - started
    send("result", result)
    if request.fail_fast and not result.passed:
        raise Stop


def run_tests(part: Program, request: Request, send: Send, is_checked: bool, others: bool) -> None:
    """Run the tests of a program, if it has any that are wanted."""
    text = "\n" * part.before + part.text
    try:
        names = list(test_names(parse(Source(request.path, text)).program.body, []))
    except StaticErrors as error:
        if not is_checked:
            result = Result("", 0, SYNTAX)
            explain(result, error)
            send("result", result)
        return
    if not names and not is_checked and others:
        check_program(part, request, send)  # says what is missing
    if any(request.wants(name) for name in names):
        try:
            run = FileRun(text, request, send)
        except errors.ValueError as error:  # a comment that permits what nobody knows
            send("result", Result("", 0, FAILED, message=str(error), text=str(error), colored=str(error)))
            return
        run.run()


def test_names(body: tuple[Any, ...], groups: list[str]) -> Iterator[str]:
    """Yield the names of the tests of a program."""
    for statement in body:
        if isinstance(statement, nodes.TestStmt):
            yield full_name(groups, str(statement.name))
        elif isinstance(statement, nodes.TestGroupStmt):
            yield from test_names(statement.body.body, [*groups, str(statement.name)])


class FileRun:
    """One run of a program for the sake of its tests."""

    def __init__(self, text: str, request: Request, send: Send) -> None:
        self.text = text
        self.request = request
        self.send = send
        self.suite = Suite()
        self.session = Session(
            lambda error, _: self.failures.append(error),
            Path(request.path).parent,
            self.suite,
            permissions=permitted(text, request.permissions),
        )
        self.failures: list[HocketError] = []
        self.interrupted = False

    def run(self) -> None:
        """Run the top level and the tests; raises Stop as `finish`."""
        host.run_alone(self._run())

    async def _run(self) -> None:
        try:
            if await self._top_level():
                for test in self.suite.tests:
                    if self.request.wants(test.name):
                        await self._test(test)
        finally:
            await self.session.close()

    async def _top_level(self) -> bool:
        """Run the top level; return whether its tests can run."""
        result, started = Result("", 1), time.monotonic()
        with self._captured(result):
            outcome = await self._limited("the top level", lambda: self.session.run(self.text, self.request.path))
        self._settle(result, [outcome])
        if isinstance(outcome.error, StaticErrors):
            result.status = SYNTAX
        if not result.passed:
            finish(result, started, self.request, self.send)
        return outcome.error is None

    async def _test(self, test: Test) -> None:
        result, started = Result(test.name, test.line), time.monotonic()
        self.send("begin", test.name)
        what = f'test "{test.name}"'
        with self._captured(result):
            ran = await self._limited(what, lambda: self.session.call(body(test), what))
            cells = [ran.cell] if ran.cell is not None else []
            ending = f"the teardown of {what}"
            ended = await self._limited(ending, lambda: self.session.call(teardown(self.session, test, cells), ending))
        self._settle(result, [ran, ended])
        finish(result, started, self.request, self.send)

    async def _limited(self, what: str, run: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Run a cell within the limit of time; raises Stop when the user has ended everything."""
        limit = self.request.timeout
        with time_limit(self, limit, self._on_interrupt, lambda: os._exit(UNSTOPPABLE)) as is_over:
            outcome = await run()
        if is_over():
            shown = format_ms(limit * 1000)
            late = errors.TimeoutError(f"{what} had not ended after {shown} and was stopped", limit=limit * 1000)
            late.trace = list(getattr(outcome.error, "trace", []))
            outcome.error = late
        elif self.interrupted and outcome.interrupted and not what.startswith("the teardown"):
            outcome.error = errors.Interrupted("interrupted")
        elif outcome.exit_code is not None and outcome.error is None:
            outcome.error = errors.Error(f"{what} called exit({outcome.exit_code})")
        return outcome

    @contextmanager
    def _captured(self, result: Result) -> Iterator[None]:
        out = io.StringIO()
        self.failures.clear()
        with redirect_stdout(out), redirect_stderr(out):
            yield
        result.output = out.getvalue()

    def _settle(self, result: Result, outcomes: list[Outcome]) -> None:
        """Note the first failure in `result`, and the others behind it."""
        for error in [*(outcome.error for outcome in outcomes), *self.failures]:
            if error is not None:
                explain(result, error)
        if self.interrupted:
            raise Stop

    # Ending

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Stop what runs, as Ctrl-C does a program."""
        self.session.on_sigint(signum, frame)

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        self.interrupted = True
        self.session.on_sigint(signum, frame)


async def body(test: Test) -> None:
    """What comes before a test, and the test; it has ended when all its tasks have."""
    for block in test.setups:
        await block()
    async with Scope():
        await test.run()


async def teardown(session: Session, test: Test, cells: list[Cell]) -> None:
    """What comes after a test; then the tasks of `cells` and its own end."""
    failure: Exception | None = None
    for block in test.teardowns:
        try:
            await block()
        except Exception as error:
            failure = failure or error
    current = session.scheduler.current
    for task in [task for task in session.scheduler.tasks() if task.cell in [*cells, getattr(current, "cell", None)]]:
        task.cancel()
        try:
            await task
        except Exception as error:
            if not isinstance(error, errors.CancelledError):
                failure = failure or error
    if failure is not None:
        raise failure
