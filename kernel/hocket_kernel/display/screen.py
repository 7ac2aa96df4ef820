"""The output of cells as a screen: values are shown, shown anew, and cleared.

A place that is updated more often than anybody can see is updated less often; its last
state is always sent, before the cell's answer if the cell does it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from hocket_kernel import output
from hocket_kernel.display.bundles import Bundle, bundle
from hocket_kernel.output import MUTED

if TYPE_CHECKING:
    from hocket_kernel.base import AsyncKernel

INTERVAL = 0.05
"""Seconds from one update of a place to the next."""

Parent = dict[str, Any]


class NotebookScreen:
    """Shows values to the clients of one kernel, in the cell of the task or thread that asks."""

    def __init__(self, kernel: AsyncKernel) -> None:
        self._kernel = kernel
        self._lock = Lock()
        self._waiting: dict[str, tuple[Parent, Bundle]] = {}
        self._sent: dict[str, float] = {}
        self._is_scheduled = False

    def show(self, value: Any) -> str:
        """Show `value` after what was printed until now; return the place's name."""
        place = uuid.uuid4().hex
        self.put("display_data", place, bundle(value))
        return place

    def put(self, kind: str, place: str, shown: Bundle) -> None:
        """Show what has its form already; `kind` is that of the message."""
        if not MUTED.get():
            self.send(self._parent(), kind, place, shown)

    def update(self, place: str, value: Any) -> None:
        """Show `value`, as it is now, at `place`."""
        if MUTED.get():
            return
        shown = bundle(value)
        with self._lock:
            is_due = time.monotonic() - self._sent.get(place, 0.0) >= INTERVAL
            self._waiting[place] = self._parent(), shown
            if not is_due and not self._is_scheduled:
                self._is_scheduled = True
                self._in_thread(INTERVAL, self._on_time)
        if is_due:
            self.settle()

    def clear(self, wait: bool) -> None:
        """Remove what the cell shows."""
        if not MUTED.get():
            output.finish(self._parent())
            self._publish(self._parent(), "clear_output", {"wait": wait})

    def settle(self) -> None:
        """Send the last state of every place."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            now = time.monotonic()
            self._sent = {place: sent for place, sent in self._sent.items() if now - sent < INTERVAL}
            for place, (parent, shown) in waiting.items():
                self._sent[place] = now
                self.send(parent, "update_display_data", place, shown)

    def send(self, parent: Parent, kind: str, place: str, shown: Bundle) -> None:
        """Send a display message, after what was printed until now."""
        if kind == "display_data":
            output.flush()
        content = {"data": shown.data, "metadata": shown.metadata, "transient": {"display_id": place}}
        self._publish(parent, kind, content)

    def _on_time(self) -> None:
        with self._lock:
            self._is_scheduled = False
        self.settle()

    def _in_thread(self, delay: float, call: Callable[[], None]) -> None:
        """Have `call` called in the thread of the iopub channel: the main one may compute for long."""
        thread = self._kernel.iopub_thread
        thread.schedule(lambda: thread.io_loop.call_later(delay, call))

    def _parent(self) -> Parent:
        parent: Parent = self._kernel.get_parent("shell")
        return parent

    def _publish(self, parent: Parent, kind: str, content: dict[str, Any]) -> None:
        kernel = self._kernel
        kernel.wire.send(kernel.iopub_socket, kind, content, parent=parent, ident=kernel._topic(kind))
