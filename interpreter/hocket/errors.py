"""Errors of Hocket programs, and where they happened.

    HocketError                   what a user is shown; anything else that escapes is a bug
    ├── InternalError             our own fault, and says so
    ├── StaticErrors              what the lexer, parser, resolver and compiler found, all of it
    │   └── (Problem …)           one of them, with its span
    └── Error                     run time: thrown by the program or by the library
        ├── TypeError             a value of the wrong type
        │   └── ArityError        a call with the wrong number or names of arguments
        ├── ValueError            the right type, a value that does not fit
        │   └── ParseError        text that is not what it should be
        ├── NameError             a variable without a value
        ├── IndexError, KeyError, FieldError, MatchError, ImportError
        ├── ZeroDivisionError, RecursionError, AssertionError
        ├── FileError             a file operation failed; not: the wrong content
        │   ├── FileNotFound
        │   └── PermissionDenied
        ├── NetworkError          no answer from the other side
        │   ├── ConnectError      not even a connection
        │   ├── HttpError         an answer that is not HTTP
        │   └── TooLarge          an answer over the limit
        ├── DatabaseError         a database refused a statement; not: a file that cannot be opened
        ├── TimeoutError          a limit of time passed
        ├── CancelledError        what was awaited was cancelled; not: one's own cancellation
        ├── ChannelClosed, DeadlockError
        ├── AggregateError        several at once, in `errors`
        ├── PythonError           an exception of a Python library that has no better name
        └── Interrupted           a cell that was stopped; no program sees it

A run-time error is a value of the language.  Its `trace` lists the calls that led to
it, outermost first; it is gathered from Python tracebacks (`absorb`) each time the
error crosses an `except` or the end of a task.  Only code and instruction are kept:
a kept traceback would keep every frame's variables alive.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any, NamedTuple

from hocket.source import Source, Span

TOP_LEVEL = "<top level>"
"""The name of the code that is a cell or file, not a function."""

Position = tuple[int | None, int | None, int | None, int | None]


@lru_cache(maxsize=256)
def positions(code: CodeType) -> list[Position]:
    """Return line, end line, column and end column of each instruction of `code`."""
    return list(code.co_positions())


class Site(NamedTuple):
    """A place in compiled code: cheap to take, resolved only to be shown."""

    code: CodeType
    instruction: int

    def resolve(self, at_method: bool = False) -> Place | None:
        """Return where in the program this is, or None if it is not the program's code.

        Of the call of a method only where its name stands, with `at_method`.
        """
        source = Source.of(self.code.co_filename)
        if source is None:
            return None
        line, end_line, column, end_column = positions(self.code)[self.instruction // 2]
        if line is None or column is None or end_line is None or end_column is None:
            return Place(self.code.co_name, source, Span(0, 0))
        name = getattr(source.notes.get((line, end_line, column, end_column)), "name", None) if at_method else None
        whole = Span(source.offset(line, column), source.offset(end_line, end_column))
        span = name if isinstance(name, Span) else whole
        return Place(self.code.co_name, source, span)


class Place(NamedTuple):
    """A function's name and the part of a source it was at."""

    function: str
    source: Source
    span: Span

    @property
    def line(self) -> int:
        """Line of the start, from 1."""
        return self.source.position(self.span.start)[0]


def sites(traceback: TracebackType | None) -> Iterator[Site]:
    """Yield the places of the program's own frames in `traceback`, outermost first."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if Source.of(code.co_filename) is not None:
            yield Site(code, traceback.tb_lasti)
        traceback = traceback.tb_next


def context_of(error: BaseException) -> BaseException | None:
    """Return what was being handled when `error` was raised; a generator's closing is nothing of its own."""
    context = error.__context__
    while isinstance(context, GeneratorExit):
        context = context.__context__
    return context


class HocketError(Exception):
    """Anything wrong with a program."""


class InternalError(HocketError):
    """A failure of Hocket itself: the program is not to blame, and cannot catch it."""


class Problem(NamedTuple):
    """One static error or warning: what is wrong, where, and perhaps what to write instead."""

    message: str
    source: Source
    span: Span
    hint: str | None = None
    # The program could become right by going on: an open bracket, an operator at the end.
    incomplete: bool = False
    # The rule that is broken, of a warning.
    code: str = ""


class StaticErrors(HocketError):
    """The problems found before anything of a cell or file has run."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Error(HocketError):
    """A run-time error; the base of all the types that `except` can name.

    `value` is what was thrown if that was not an error itself.  Keyword arguments
    become fields of the error (`path`, `reason`, `limit`, …).
    """

    blames_caller = False
    """Whether the place is the call of the function that raised it."""

    struct: str | None = None
    """The name of the struct that was thrown, if it was one."""

    in_callback = False
    """Whether a callback failed with it, which changes nothing for the program."""

    called: Sequence[Site] = ()
    """Where the task was called that failed, when nobody awaited it."""

    made: Sequence[Site] = ()
    """Where the promise was made that failed, if that is no task, when nobody awaited it."""

    cause: Error | None = None

    def __init__(self, message: str = "", value: Any = None, hint: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.value = message if value is None else value
        self.hint = hint
        self.fields: dict[str, Any] = fields
        self.trace: list[Site] = []
        self.spawned: list[Site] = []
        self.others: list[Error] = []

    @property
    def type(self) -> str:
        """Name of the error's type, as `except` writes it."""
        return self.struct or type(self).__name__

    def absorb(self) -> Error:
        """Move what the Python traceback tells into `trace`, and drop the traceback."""
        fresh = list(sites(self.__traceback__))
        if self.blames_caller and not self.trace and len(fresh) > 1:
            fresh.pop()
        if fresh and self.trace and fresh[-1].code is self.trace[0].code:
            fresh.pop()  # thrown again where it was caught: the original place tells more
        if fresh:
            self.called = ()
        self.trace[:0] = fresh
        context = context_of(self)
        context = context if isinstance(context, Error) else getattr(context, "hocket", None)
        if self.cause is None and isinstance(context, Error) and context is not self and not self.__suppress_context__:
            self.cause = context.absorb()
        self.__traceback__ = None
        self.__context__ = None
        return self

    @property
    def stack(self) -> list[str]:
        """Names of the functions that were running, innermost first."""
        names = (site.code.co_name for site in reversed(self.trace))
        return [name for name in names if name != TOP_LEVEL]

    @property
    def sites(self) -> list[Site]:
        """The calls that led to the error, outermost first; where the task was spawned if that is all."""
        return [*self.called, *self.trace] or self.spawned[:1]

    @property
    def place(self) -> Place | None:
        """Where the error was raised."""
        sites = self.sites
        return sites[-1].resolve(at_method=isinstance(self, FieldError)) if sites else None

    @property
    def line(self) -> int | None:
        """Line of the place where the error was raised."""
        place = self.place
        return place.line if place is not None else None


class TypeError(Error):  # noqa: A001  the language's names are Python's, seen as errors.TypeError
    """A value of the wrong type."""


class ArityError(TypeError):
    """A call with the wrong number or names of arguments."""


class ValueError(Error):  # noqa: A001
    """A value of the right type that does not fit."""


class ParseError(ValueError):
    """Text that is not what it should be."""


class NameError(Error):  # noqa: A001
    """A variable that has no value yet or does not exist."""


class IndexError(Error):  # noqa: A001
    """An index outside an array or string."""


class KeyError(Error):  # noqa: A001
    """A key that a dict does not have."""


class FieldError(Error):
    """A field or method that a value does not have."""


class MatchError(Error):
    """A `match` expression that nothing fits, or a pattern that does not fit."""


class ImportError(Error):  # noqa: A001
    """A module that cannot be imported; `problems` are those of its text, if it has any."""

    problems: Sequence[Problem] = ()


class ZeroDivisionError(Error):  # noqa: A001
    """Division or remainder by zero."""


class RecursionError(Error):  # noqa: A001
    """Calls nested beyond the limit."""


class AssertionError(Error):  # noqa: A001
    """A failed assertion; `compared` are the value and what it should have been equal to."""

    compared: tuple[Any, Any] | None = None


class FileError(Error):
    """A file operation failed; `path` and `reason` say which and why."""


class FileNotFound(FileError):
    """There is no such file or folder."""


class PermissionDenied(FileError):
    """The system or the session's permissions forbid it."""


class NetworkError(Error):
    """No usable answer; `method`, `url` and, if there was one, `status` say of what, of a socket `host` and `port`."""


class ConnectError(NetworkError):
    """No connection: refused, unknown host, unreachable."""


class HttpError(NetworkError):
    """The other side answered, but not in HTTP."""


class TooLarge(NetworkError):
    """An answer over the limit."""


class DatabaseError(Error):
    """A database refused a statement; `sql`, `reason` and, of SQLite, `code` say which and why."""


class TimeoutError(Error):  # noqa: A001
    """A limit of time passed; `limit` is in milliseconds."""


class CancelledError(Error):
    """What was awaited was cancelled.  One's own cancellation is not this."""


class ChannelClosed(Error):
    """Send or receive on a closed channel."""


class DeadlockError(Error):
    """Every task waits for another one."""


class AggregateError(Error):
    """Several errors at once; `errors` lists them."""


class PythonError(Error):
    """An exception of a Python library that has no better name here."""


class Interrupted(Error):
    """A cell that was stopped.  No program sees it; notebook tools know it by its type."""

    @property
    def type(self) -> str:
        """The name that Jupyter's tools expect."""
        return "KeyboardInterrupt"


NEAR = 0.78
"""How alike two names must be, from 0 to 1, for one to be meant by the other."""


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a hint with the nearest of the `known` names, if one is near."""
    near = get_close_matches(name, list(known), 1, NEAR)
    return f"did you mean `{near[0]}`?" if near else None


TYPES: dict[str, builtins.type[Error]] = {
    cls.__name__: cls
    for cls in list(globals().values())
    if isinstance(cls, type) and issubclass(cls, Error) and cls is not Interrupted
}
"""Every run-time error type by name: what `except NAME` can select by."""
