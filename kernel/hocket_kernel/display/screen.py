"""The output of cells as a screen: values are shown, shown anew, and cleared.

A place that is updated more often than anybody can see is updated less often; its last
state is always sent, before the cell's answer if the cell does it.  A flood of values is
cut; `flood.py` says how.
"""

from __future__ import annotations

import time
import uuid
from threading import RLock
from typing import TYPE_CHECKING, Any

from hocket_kernel import flood, output
from hocket_kernel.display.bundles import Bundle, bundle
from hocket_kernel.output import MUTED

if TYPE_CHECKING:
    from hocket_kernel.base import AsyncKernel

INTERVAL = 0.05
"""Seconds from one update of a place to the next."""

REMEMBERED = 10_000
"""Places of values that were left out whose updates are left out as well."""

Parent = dict[str, Any]


class NotebookScreen:
    """Shows values to the clients of one kernel, in the cell of the task or thread that asks."""

    def __init__(self, kernel: AsyncKernel) -> None:
        self._kernel = kernel
        self._lock = RLock()  # a program may show a value where its own stream is flushed
        self._waiting: dict[str, tuple[Parent, Bundle]] = {}
        self._sent: dict[str, float] = {}
        self._shows = flood.Requests(flood.Shows)
        self._holding: dict[str, Parent] = {}
        self._gone: dict[str, None] = {}
        self._is_scheduled = False

    def show(self, value: Any) -> str:
        """Show `value` after what was printed until now; return the place's name."""
        place = uuid.uuid4().hex
        self.put("display_data", place, bundle(value))
        return place

    def update(self, place: str, value: Any) -> None:
        """Show `value`, as it is now, at `place`."""
        if not MUTED.get():
            self.put("update_display_data", place, bundle(value))

    def put(self, kind: str, place: str, shown: Bundle) -> None:
        """Show what has its form already; `kind` is that of the message."""
        if MUTED.get():
            return
        parent, now = self._parent(), time.monotonic()
        with self._lock:
            if kind == "display_data":
                self._add(parent, place, shown, now)
            else:
                self._replace(parent, place, shown, now)

    def clear(self, wait: bool) -> None:
        """Remove what the cell shows."""
        if MUTED.get():
            return
        parent, now = self._parent(), time.monotonic()
        output.finish(parent)
        with self._lock:
            if self._of(parent, now).clear(wait, now):
                self._holding.pop(_id(parent), None)
                self._publish(parent, "clear_output", {"wait": wait})
            else:
                self._hold(parent)

    def finish(self, parent: Parent) -> None:
        """Send all that the request `parent` shows: what is held back of a flood, and the last state of each place."""
        now = time.monotonic()
        with self._lock:
            if self._holding.pop(_id(parent), None) is not None:
                self._release(parent, now)
            for place, (own, shown) in list(self._waiting.items()):
                if _id(own) == _id(parent):
                    self._renew(own, place, shown, now)

    def _add(self, parent: Parent, place: str, shown: Bundle, now: float) -> None:
        shows = self._of(parent, now)
        if shows.take(place, shown, _size(shown), now):
            self._send(parent, "display_data", place, shown)
            return
        for gone in shows.excess():
            self._gone[gone] = None
            if len(self._gone) > REMEMBERED:
                del self._gone[next(iter(self._gone))]
        self._hold(parent)

    def _replace(self, parent: Parent, place: str, shown: Bundle, now: float) -> None:
        if place in self._gone:
            return
        for request in self._holding:
            if self._shows.of(request, now).replace(place, shown, _size(shown)):
                return
        self._waiting[place] = parent, shown
        if not self._renew_if_due(place, now):
            self._schedule()

    def _renew_if_due(self, place: str, now: float) -> bool:
        """Whether the last state of a place is sent now."""
        parent, shown = self._waiting[place]
        is_due = now - self._sent.get(place, 0.0) >= INTERVAL and self._of(parent, now).allows(_size(shown), now)
        if is_due:
            self._renew(parent, place, shown, now)
        return is_due

    def _renew(self, parent: Parent, place: str, shown: Bundle, now: float) -> None:
        del self._waiting[place]
        self._sent[place] = now
        self._send(parent, "update_display_data", place, shown)

    def _release(self, parent: Parent, now: float) -> None:
        """Send what is held back of a request, after a notice of what was left out."""
        clears, left_out, held = self._of(parent, now).release()
        if clears is not None:
            self._publish(parent, "clear_output", {"wait": clears})
        if left_out:
            output.say(parent, flood.notice(f"{left_out:,} display{'s' * (left_out != 1)}"))
        for place, shown in held:
            self._send(parent, "display_data", place, shown)

    def _hold(self, parent: Parent) -> None:
        self._holding[_id(parent)] = parent
        self._schedule()

    def _schedule(self) -> None:
        """Have what waits be looked at, in the thread of the iopub channel: the main one may compute for long."""
        if not self._is_scheduled:
            self._is_scheduled = True
            try:
                self._kernel.iopub_thread.schedule(self._arm)
            except BaseException:  # a Stop
                self._is_scheduled = False
                raise

    def _arm(self) -> None:
        self._kernel.iopub_thread.io_loop.call_later(INTERVAL, self._on_time)

    def _on_time(self) -> None:
        with self._lock:
            now = time.monotonic()
            for place in list(self._waiting):
                self._renew_if_due(place, now)
            for request, parent in list(self._holding.items()):
                if self._of(parent, now).is_due(now):
                    del self._holding[request]
                    self._release(parent, now)
            self._sent = {place: sent for place, sent in self._sent.items() if now - sent < INTERVAL}
            self._is_scheduled = bool(self._waiting or self._holding)
        if self._is_scheduled:
            self._arm()

    def _of(self, parent: Parent, now: float) -> flood.Shows:
        return self._shows.of(_id(parent), now)

    def _parent(self) -> Parent:
        parent: Parent = self._kernel.get_parent("shell")
        return parent

    def _send(self, parent: Parent, kind: str, place: str, shown: Bundle) -> None:
        """Send a display message, after what was printed until now."""
        if kind == "display_data":
            output.flush()
        content = {"data": shown.data, "metadata": shown.metadata, "transient": {"display_id": place}}
        self._publish(parent, kind, content)

    def _publish(self, parent: Parent, kind: str, content: dict[str, Any]) -> None:
        kernel = self._kernel
        kernel.wire.send(kernel.iopub_socket, kind, content, parent=parent, ident=kernel._topic(kind))


def _id(parent: Parent) -> str:
    return str(parent.get("msg_id", ""))


def _size(shown: Bundle) -> int:
    return sum(len(data if isinstance(data, str) else repr(data)) for data in shown.data.values())
