"""Display for Python's libraries, which call IPython: its functions show in the cell, without its shell.

There is no IPython shell in this kernel, and a library that asks for one is told so.  ipywidgets alone gets
something in its place: it would write what a callback or `interact` raises to a log that nobody reads.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Collection
from typing import Any

from hocket_kernel.display.bundles import Bundle, bundle
from hocket_kernel.display.screen import NotebookScreen
from hocket_kernel.imports import when_imported

WIDGET_MODULES = ("widget", "widget_output", "interaction")
"""The modules of ipywidgets that ask for the shell."""


class Libraries:
    """What IPython's functions of the same names do, on a screen; `report` shows an exception in the cell."""

    def __init__(self, screen: NotebookScreen, kernel: Any, report: Callable[[BaseException], None]) -> None:
        self._screen = screen
        self.kernel = kernel
        self._report = report

    def install(self) -> None:
        """Take the place of IPython's functions, as soon as a library imports them."""
        for module in ("IPython.core.display_functions", "IPython.display"):
            when_imported(module, self._replace)

    def _replace(self, module: Any) -> None:
        for name in ("display", "update_display", "clear_output", "publish_display_data"):
            setattr(module, name, getattr(self, name))

    def adapt_widgets(self) -> None:
        """Be the shell that ipywidgets finds."""
        for name in WIDGET_MODULES:
            module: Any = sys.modules.get(f"ipywidgets.widgets.{name}")
            if module is not None:
                module.get_ipython = lambda: self

    def showtraceback(self, raised: tuple[Any, ...] | None = None, **_: Any) -> None:
        """Show what was raised, by default what is being handled."""
        error = raised[1] if raised else sys.exc_info()[1]
        if error is not None:
            self._report(error)

    def display(
        self,
        *values: Any,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        metadata: dict[str, Any] | None = None,
        display_id: str | bool | None = None,
        raw: bool = False,
        clear: bool = False,
        update: bool = False,
        **_: Any,
    ) -> Any:
        """Show values; return the handle of the place if it was given a name or is to get one."""
        from IPython.display import DisplayHandle

        place = uuid.uuid4().hex if display_id is True else display_id or None
        if clear:
            self.clear_output(wait=True)
        for value in values:
            if hasattr(type(value), "_ipython_display_"):
                value._ipython_display_()
                continue
            shown = Bundle(value, {}) if raw else bundle(value)
            data = {
                kind: content
                for kind, content in shown.data.items()
                if kind not in (exclude or ()) and (not include or kind in include)
            }
            self._send(data, {**shown.metadata, **(metadata or {})}, place, update)
        return DisplayHandle(place) if place else None

    def update_display(self, value: Any, *, display_id: str, **options: Any) -> None:
        """Show a value in the place of another."""
        self.display(value, display_id=display_id, update=True, **options)

    def publish_display_data(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Show data of several kinds."""
        self._send(data, metadata or {}, (transient or {}).get("display_id"), update)

    def clear_output(self, wait: bool = False) -> None:
        """Remove what the cell shows."""
        self._screen.clear(wait)

    def _send(self, data: dict[str, Any], metadata: dict[str, Any], place: str | None, update: bool) -> None:
        kind = "update_display_data" if update else "display_data"
        self._screen.put(kind, place or uuid.uuid4().hex, Bundle(data, metadata))
