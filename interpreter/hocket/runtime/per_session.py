"""What each session has one of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from hocket.runtime.current import current_scheduler

if TYPE_CHECKING:
    from hocket.runtime.loop import Scheduler

T = TypeVar("T")


class PerSession(Generic[T]):
    """Something that `make` makes for a session when it is first asked for, and `close` closes at the session's end.

    `close` may be async.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Any]) -> None:
        self._make = make
        self._close = close
        self._made: WeakKeyDictionary[Scheduler, T] = WeakKeyDictionary()

    def __call__(self) -> T:
        """Return that of the current session."""
        scheduler = current_scheduler()
        found = self._made.get(scheduler)
        if found is None:
            found = self._made[scheduler] = self._make()
            scheduler.on_close(lambda: self._close(found))
        return found
