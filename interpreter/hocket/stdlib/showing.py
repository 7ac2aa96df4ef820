"""Showing values beside what is printed: in a notebook in the cell's output, elsewhere as text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from hocket.runtime.registry import builtin, method
from hocket.runtime.values import name_type, show


class Screen(Protocol):
    """Where a host shows values."""

    def show(self, value: Any) -> str:
        """Show `value`; return a name for the place."""

    def update(self, place: str, value: Any) -> None:
        """Show `value` at `place` in place of what is there."""

    def clear(self, wait: bool) -> None:
        """Remove what the cell has shown and printed, with `wait` only when something follows."""


screen: Screen | None = None
"""Shows values in place of the standard output, if set."""


class Display:
    """A place where a value is shown."""

    __slots__ = ("place",)

    members: ClassVar[frozenset[str]] = frozenset({"update"})

    def __init__(self, place: str) -> None:
        self.place = place

    def label(self, text: Callable[[Any], str]) -> str:
        """Return what it prints as."""
        return "<display>"


name_type(Display, "display")


@builtin
def display(x: Any) -> Display:
    """Show `x` as a cell's value is shown, between what is printed; return the place.

    In a notebook, a Python object that has a picture or a table of itself shows that. Elsewhere `x` is printed.

    ```
    display([1, "a"])  # expect: [1, "a"]
    ```
    """
    if screen is not None:
        return Display(screen.show(x))
    _print(x)
    return Display("")


@method(Display)
def update(d: Display, x: Any) -> Display:
    """Show `x` in place of what is there; return the place. Outside of notebooks, `x` is printed.

    ```
    let d := display("working")  # expect: "working"
    d.update("done")             # expect: "done"
    ```
    """
    if screen is not None:
        screen.update(d.place, x)
    else:
        _print(x)
    return d


@builtin
def clear_output(wait: bool = False) -> None:
    """Remove what the cell has printed and shown, with `wait` only when something follows.

    Does nothing outside of notebooks.

    ```
    print("stays")  # expect: stays
    clear_output()
    ```
    """
    if screen is not None:
        screen.clear(bool(wait))


def _print(value: Any) -> None:
    sys.stdout.write(f"{show(value)}\n")
