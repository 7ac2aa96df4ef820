"""Builtins are declared once: `@builtin` on a Python function is all there is.

Name, parameters, documentation and examples are read off the function; the
namespace, the methods, argument errors, completion, inspection and the manual are
views of what is filed here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


class Documented:
    """What is declared by a function, whose documentation it has."""

    function: Callable[..., Any]

    @property
    def doc(self) -> str:
        """The documentation, Markdown."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """First paragraph of the documentation."""
        return self.doc.split("\n\n")[0].replace("\n", " ")


@dataclass(frozen=True)
class Builtin(Documented):
    """One function of the library.

    `suspending` is the form that a direct call takes in an async context, for
    functions that block elsewhere.  `promise` makes the promise of a call that is not
    awaited at once, where that needs no coroutine.  `check` raises what is wrong with the arguments
    of an async function, where its annotations do not tell.  `owner` is the Python class whose method it is,
    None for a function.
    """

    name: str
    function: Callable[..., Any]
    owner: type | None = None
    suspending: Callable[..., Awaitable[Any]] | None = None
    promise: Callable[..., Any] | None = None
    check: Callable[..., object] | None = None

    @cached_property
    def signature(self) -> inspect.Signature:
        """The parameters, with annotations as types."""
        return inspect.signature(self.function, eval_str=True)

    @property
    def forms(self) -> list[Callable[..., Any]]:
        """The Python functions that a call may come to."""
        return [form for form in (self.function, self.suspending, self.promise) if form is not None]

    @property
    def is_async(self) -> bool:
        """Whether a call gives a promise."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def examples(self) -> list[str]:
        """The fenced programs of the documentation."""
        return re.findall(r"^```\n(.*?)^```", self.doc, re.MULTILINE | re.DOTALL)

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """The parameters a caller writes; of a method, without the object."""
        parameters = list(self.signature.parameters.values())
        return parameters[1:] if self.owner is not None else parameters

    @property
    def usage(self) -> str:
        """How it is called: `async_sleep(ms)`."""
        return usage_of(self.name, self.parameters)


def usage_of(name: str, parameters: list[inspect.Parameter]) -> str:
    """Return how a function is called: a `?` marks what may be left out."""
    words = []
    for parameter in parameters:
        word = parameter.name.rstrip("_")
        if parameter.kind is parameter.VAR_POSITIONAL:
            word = f"...{word}"
        elif parameter.default is not parameter.empty:
            word = f"{word}?"
        words.append(word)
    return f"{name}({', '.join(words)})"


class Registry:
    """The builtins by name, and the methods by class and name."""

    def __init__(self) -> None:
        self.functions: dict[str, Builtin] = {}
        self.methods: dict[type, dict[str, Builtin]] = {}
        self.values: dict[str, Any] = {}
        self._by_code: dict[Any, Builtin] = {}

    def add(self, builtin: Builtin) -> None:
        """File `builtin`; refuse one without documentation or of a taken name."""
        table = self.functions if builtin.owner is None else self.methods.setdefault(builtin.owner, {})
        if not builtin.doc:
            raise ValueError(f"builtin {builtin.name} has no documentation")
        if builtin.name in table:
            raise ValueError(f"builtin {builtin.name} is declared twice")
        table[builtin.name] = builtin
        for form in builtin.forms:
            self._by_code.setdefault(form.__code__, builtin)

    def of_code(self, code: Any) -> Builtin | None:
        """Return the builtin whose Python function has this code object."""
        return self._by_code.get(code)

    def __iter__(self) -> Iterator[Builtin]:
        yield from self.functions.values()
        for table in self.methods.values():
            yield from table.values()


STDLIB = Registry()
"""The library, filled by importing `hocket.stdlib`."""


@overload
def builtin(function: F, /) -> F: ...


@overload
def builtin(
    *,
    aliases: tuple[str, ...] = (),
    suspending: Callable[..., Awaitable[Any]] | None = None,
    promise: Callable[..., Any] | None = None,
    check: Callable[..., object] | None = None,
) -> Callable[[F], F]: ...


def builtin(
    function: F | None = None,
    *,
    aliases: tuple[str, ...] = (),
    suspending: Callable[..., Awaitable[Any]] | None = None,
    promise: Callable[..., Any] | None = None,
    check: Callable[..., object] | None = None,
) -> Any:
    """Declare a function of the library; its name may end in `_` to avoid a Python builtin."""

    def declare(function: F) -> F:
        for name in (function.__name__.rstrip("_"), *aliases):
            STDLIB.add(Builtin(name, function, suspending=suspending, promise=promise, check=check))
        return function

    return declare if function is None else declare(function)


def method(
    *owners: type, aliases: tuple[str, ...] = (), suspending: Callable[..., Awaitable[Any]] | None = None
) -> Callable[[F], F]:
    """Declare a method of values of the classes `owners`; the first parameter is the value."""

    def declare(function: F) -> F:
        for owner in owners:
            for name in (function.__name__.rstrip("_"), *aliases):
                STDLIB.add(Builtin(name, function, owner=owner, suspending=suspending))
        return function

    return declare


def constant(name: str, value: Any) -> None:
    """Declare a name of the library that is not a function."""
    STDLIB.values[name] = value
