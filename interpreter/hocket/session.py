"""A session: one global scope over many cells, on one asyncio loop.

`Session.run` takes the text of a cell or file from characters to its value: parse,
resolve, compile, run on the session's scheduler.  Nothing a program does is raised
from it; an `Outcome` tells.  A program writes to the `sys.stdout` and `sys.stderr` of
the context in which `run` was called, and so do the tasks it leaves behind.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Self

from hocket import errors, stdlib
from hocket.compiler import Unit, compile_program
from hocket.completion import Completions, complete
from hocket.inspection import Description, describe
from hocket.modules import Importer, Modules
from hocket.permissions import Permissions, granted
from hocket.render import render
from hocket.resolver import Environment, Resolver, mangle, unmangle
from hocket.rules import BLOCKING, Known, Rule, Tree, apply
from hocket.runtime import fields
from hocket.runtime.chaining import Callback
from hocket.runtime.clock import chosen
from hocket.runtime.foreign import translate
from hocket.runtime.interrupt import CellInterrupt, Interrupts
from hocket.runtime.loop import Cell, Scheduler
from hocket.runtime.owners import is_dropped
from hocket.runtime.process import prepare_process
from hocket.runtime.promise import CANCELLED, Promise
from hocket.runtime.tasks import Operation, Routine
from hocket.source import Source, Span
from hocket.stdlib.showing import Display
from hocket.support import support, waiting
from hocket.syntax.parser import first_problems, parse, status

Report = Callable[[errors.HocketError, str], None]

__all__ = ["Outcome", "Session", "prepare_process"]


@dataclass(slots=True)
class Outcome:
    """How a cell ended: with a value, an error, stopped, or by `exit`.

    `has_value` is false for null, what `display` returns, after a trailing `;`, and for errors.
    """

    value: Any = None
    error: errors.HocketError | None = None
    interrupted: bool = False
    has_value: bool = False
    cell: Cell | None = field(default=None, repr=False)

    @property
    def exit_code(self) -> int | None:
        """What the program gave to `exit`, perhaps in a task that is left; None if it did not call it."""
        return None if self.cell is None else self.cell.exit_code


@dataclass(slots=True)
class Compiled:
    """A cell ready to run: its code, the variables its top level declares, with their kinds, and warnings.

    `exports` are the variables that it marks with `export`.
    """

    unit: Unit
    declared: dict[str, str]
    is_shown: bool
    warnings: list[errors.Problem]
    exports: frozenset[str]


class Session:
    """Variables that live from cell to cell, and the tasks that work on them.

    To be used on one running asyncio loop, best in an `async with`, which closes it.
    `report` is called with each error of a task that nobody awaited, and its text, in the
    context of the cell that spawned it; without it the text goes to that cell's `sys.stderr`.  `folder` is where the
    modules lie that it imports, by default the current one.  `tests` is told of the
    tests in what is run, those of modules excepted; without it they are passed over.
    `clock` is `real` or `virtual`, by default what the environment variable
    `HOCKET_CLOCK` says.  `warn` is called with each warning; without it that goes to
    `sys.stderr`.  `permissions` are what its programs may do outside, as words such as
    `"allow-read=data"` or as `Permissions`, by default what the environment variable
    `HOCKET_PERMISSIONS` says, else everything.
    """

    def __init__(
        self,
        report: Report | None = None,
        folder: Path | None = None,
        tests: Any = None,
        clock: str | None = None,
        warn: Callable[[errors.HocketError], None] | None = None,
        permissions: Permissions | str | None = None,
    ) -> None:
        self.report = report or print_report
        self.warn = warn or print_warning
        self.scheduler = Scheduler(self._report, chosen(clock))
        self.scheduler.warn = self.warn
        self.scheduler.permissions = granted(permissions)
        self.scheduler.translate = translate
        self.interrupts = Interrupts(self.scheduler)
        self.library = stdlib.namespace()
        self.known = Known(frozenset(self.library), stdlib.suspending(), stdlib.promising())
        self.suspending = self.known.suspending, stdlib.suspending_methods()
        self.kinds: dict[str, str] = {}
        self._builtins: dict[str, Any] = {mangle(name): value for name, value in self.library.items()}
        self._builtins |= support()
        self.modules = Modules(self._compile_module, self._namespace, folder)
        self._globals = self._namespace(Importer(self.modules))
        if tests is not None:
            self._globals["__tests"] = tests

    # Running

    async def run(self, text: str, name: str = "cell 1", is_background: bool = False) -> Outcome:
        """Run a cell or a file; returns when its top level is done, whatever happened.

        A Stop means cells in the background only when no other runs.
        """
        try:
            compiled = self.compile(text, name)
        except errors.HocketError as error:
            return Outcome(error=error)
        except CellInterrupt as stop:
            return Outcome(error=stopped(stop), interrupted=True)
        self._warn(compiled)
        return await self.execute(compiled, name, is_background)

    async def execute(self, compiled: Compiled, name: str, is_background: bool = False) -> Outcome:
        """Run what was compiled for this session, as `run`; again is fine."""
        self.kinds |= compiled.declared
        function = FunctionType(compiled.unit.code, self._globals)
        outcome = await self.call(function(), name, is_background)
        is_seen = outcome.value is None or isinstance(outcome.value, Display)
        outcome.has_value = compiled.is_shown and not is_seen
        return outcome

    async def call(self, coroutine: Coroutine[Any, Any, Any], name: str, is_background: bool = False) -> Outcome:
        """Run `coroutine`, a program's own, as a cell."""
        cell = self.scheduler.start(coroutine, name)
        cell.is_background = is_background
        self.interrupts.begin(cell)
        try:
            value = await self.scheduler.finish(cell)
        except CellInterrupt as stop:
            return Outcome(error=stopped(stop), interrupted=True, cell=cell)
        except errors.Error as error:
            has_exited = cell.exit_code is not None and cell.task.state is CANCELLED
            for other in error.others if has_exited else ():
                cell.context.run(self._report, other, None)
            return Outcome(error=None if has_exited else error.absorb(), cell=cell)
        except Exception as error:
            return Outcome(error=translate(error), cell=cell)
        if cell.stops:  # during one long call at its very end
            return Outcome(error=stopped(CellInterrupt(cell)), interrupted=True, cell=cell)
        return Outcome(value=value, cell=cell)

    def _namespace(self, importer: Importer) -> dict[str, Any]:
        """Return the globals of the cells, or of a module, before anything has run."""
        return {"__builtins__": self._builtins, "__name__": "hocket program", "__modules": importer}

    def _compile_module(self, text: str, name: str) -> Compiled:
        """Compile a module, which sees the library alone; as `compile`."""
        compiled = self.compile(text, name, kinds={})
        self._warn(compiled)
        return compiled

    def _warn(self, compiled: Compiled) -> None:
        for warning in compiled.warnings:
            self.warn(errors.StaticErrors([warning]))

    def compile(
        self, text: str, name: str, rules: Iterable[Rule] = BLOCKING, kinds: Mapping[str, str] | None = None
    ) -> Compiled:
        """Compile a program against the session, and apply `rules` to it.

        `kinds` are the variables that it finds, with their kinds; by default the session's.
        Raises StaticErrors, or InternalError for a bug of ours.
        """
        source = Source(name, text)
        try:
            with uncollected():
                return self._compile(source, rules, self.kinds if kinds is None else kinds)
        except errors.HocketError:
            raise
        except RecursionError:
            span = Span(0, len(source.text))
            hint = "split it into several statements"
            raise errors.StaticErrors([errors.Problem("nested too deeply", source, span, hint)]) from None
        except Exception as error:
            what = f"internal error in Hocket while compiling {name}: {type(error).__name__}: {error}"
            raise errors.InternalError(f"{what}; please report it, with this program") from error

    def _compile(self, source: Source, rules: Iterable[Rule], kinds: Mapping[str, str]) -> Compiled:
        parsed = parse(source)
        environment = Environment(kinds, self.library, errors.TYPES)
        resolution = Resolver(source, environment).resolve(parsed.program)
        if resolution.problems:
            raise errors.StaticErrors(first_problems(resolution.problems))
        unit = compile_program(source, parsed.program, resolution, self.suspending, parsed.docs)
        for method in unit.methods:
            table = self._builtins.setdefault(f"__method_{method}", fields.MethodTable(method, stdlib.methods))
            self._builtins.setdefault(f"__awaited_{method}", fields.AwaitedTable(table, waiting))
        declared = {name: binding.kind for name, binding in resolution.top.items()}
        warnings = apply(Tree(source, parsed.program, resolution, self.known), rules)
        return Compiled(unit, declared, not parsed.silenced, warnings, frozenset(resolution.exports))

    def is_complete(self, text: str) -> tuple[str, str]:
        """Return `complete`, `incomplete` or `invalid`, and the indent of the next line."""
        return status(Source("input", text))

    def complete(self, text: str, cursor: int) -> Completions:
        """Return what could be typed at `cursor`, in characters; runs nothing of the user's."""
        return complete(self, text, cursor)

    def inspect(self, text: str, cursor: int) -> Description | None:
        """Describe what stands at `cursor`, None if nothing is known of it."""
        return describe(self, text, cursor)

    # Variables

    @property
    def variables(self) -> dict[str, Any]:
        """The session's variables by name."""
        return {unmangle(name): value for name, value in self._globals.items() if not name.startswith("__")}

    def assign(self, name: str, value: Any) -> None:
        """Make or set a session variable."""
        self.kinds.setdefault(name, "mut")
        self._globals[mangle(name)] = value

    def value(self, name: str) -> Any:
        """Return the value of a session variable; raises KeyError if there is none."""
        if name.startswith("__"):
            raise KeyError(name)
        return self._globals[mangle(name)]

    def provide(self, name: str, value: Any) -> None:
        """Let generated code reach `value` as `name`, which no program can spell."""
        self._builtins[name] = value

    def forget(self, names: Iterable[str]) -> None:
        """Remove session variables."""
        for name in names:
            self.kinds.pop(name, None)
            self._globals.pop(mangle(name), None)

    # Time

    def use_clock(self, name: str) -> None:
        """Let all time be that of the clock called `name`.

        Raises ValueError if there is no such clock, Error while tasks or timers have times of the one in use.
        """
        clock, scheduler = chosen(name), self.scheduler
        if clock.name == scheduler.clock.name:
            return
        waiting = len(scheduler.tasks())
        if waiting or scheduler.timers.next() is not None:
            what = "timers are set" if not waiting else "a task runs" if waiting == 1 else f"{waiting} tasks run"
            raise errors.Error(f"cannot change the clock while {what}", hint="await or cancel them first")
        scheduler.clock = scheduler.timers.clock = clock

    # Permissions

    @property
    def permissions(self) -> Permissions:
        """What the session's programs may do outside."""
        return self.scheduler.permissions

    def narrow(self, words: str, origin: str = "") -> None:
        """Allow from now on only what is allowed already and by `words`; also what runs is held by it.

        Raises ValueError for what is no word.
        """
        self.scheduler.permissions = self.permissions.narrowed(words, origin)

    # The end

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Stop the running cell; to be installed with `signal.signal` in the main thread."""
        # What a running cell imports is compiled by the cell.
        if self.scheduler.current is None and is_within(frame, Session._compile.__code__):
            raise CellInterrupt(None)
        self.interrupts.on_sigint(signum, frame)

    async def drain(self) -> None:
        """Wait until every task has ended.

        Tasks that all wait for each other are cancelled, and that is reported.
        """
        try:
            await self.scheduler.drain()
        except errors.DeadlockError as error:
            self._report(error, None)

    async def close(self, grace: float = 5.0) -> None:
        """Cancel every task, give clean-up `grace` seconds, close what is open."""
        await self.scheduler.close(grace)
        self.interrupts.rest()

    def _report(self, error: BaseException, promise: Promise | None) -> None:
        shown = stopped(error) if isinstance(error, CellInterrupt) else translate(error)
        site = None if promise is None or shown.spawned else promise.spawn_site
        sites = [] if site is None or site in shown.trace else [site]
        is_run = isinstance(promise, Routine) or not shown.trace
        shown.called, shown.made = (sites, []) if is_run else ([], sites)
        shown.in_callback = isinstance(promise, Callback)
        if shown.hint is None and isinstance(promise, Operation) and is_dropped(promise):
            shown.hint = "nobody awaits it: write `await` before it"
        self.report(shown, render(shown))


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the cyclic collector off: a large program is all new objects and no garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def is_within(frame: FrameType | None, code: CodeType) -> bool:
    """Whether `frame` was called, at whatever distance, from `code`."""
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def print_report(error: errors.HocketError, text: str) -> None:
    """Write the error of a task that nobody awaited to the error stream of its cell."""
    sys.stderr.write(f"{text}\n")


def print_warning(warning: errors.HocketError) -> None:
    """Write what a program should know to the error stream of its cell."""
    sys.stderr.write(f"{render(warning, word='warning')}\n")


def stopped(stop: CellInterrupt) -> errors.Interrupted:
    """Return the error that shows where a cell was stopped."""
    error = errors.Interrupted("stopped")
    error.trace = list(stop.trace)
    error.others = stop.others
    return error
