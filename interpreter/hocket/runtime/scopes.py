"""The blocks that own tasks or hold stops back: `scope`, `timeout`, `shield`.

    async with Scope():        ends when every task that it owns has
    async with Timeout(50):    the same, and stops after 50 ms with a TimeoutError
    async with Shield():       a cancellation that comes meanwhile takes effect at its end

The first failure, of a member or of the body, ends a scope: it cancels the members and
stops the body, waits for their clean-up, and is raised as itself, with the failures of
the rest in its `others`.  A failure that somebody waits for is that one's, not the
scope's.  When the task itself is stopped from outside, that wins.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime import current
from hocket.runtime.clock import nanoseconds
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.owners import Owner
from hocket.runtime.promise import CANCELLED, Promise
from hocket.runtime.stops import Cancelled, ScopeStop
from hocket.runtime.tasks import Routine

if TYPE_CHECKING:
    from hocket.runtime.owners import Running

_UNITS = ((3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms"))


def format_ms(ms: float) -> str:
    """Return a length of time in the largest unit in which it is whole or has one decimal.

    Such as `50ms`, `1.5s`, `2m`.
    """
    for size, unit in _UNITS:
        if ms >= size and (tenths := ms * 10 / size) == int(tenths):
            whole, tenth = divmod(int(tenths), 10)
            return f"{whole}.{tenth}{unit}" if tenth else f"{whole}{unit}"
    return f"{ms:g}ms"


def timed_out(ms: float) -> errors.TimeoutError:
    """Return the error of a limit of time that has passed."""
    return errors.TimeoutError(f"Timeout after {format_ms(ms)}", limit=ms)


class Scope(Owner):
    """The owner of what its body starts; entered and left in one task."""

    __slots__ = ("base", "delivered", "failure", "leaving", "others", "outer", "stop_asked", "task")

    task: Routine
    outer: Owner

    def __init__(self) -> None:
        scheduler = current.scheduler
        super().__init__(scheduler, None)
        self.failure: errors.Error | None = None
        self.others: list[errors.Error] = []
        # `stop_asked`: the body is to end; `delivered`: a stop of ours is on its way.
        self.stop_asked = self.delivered = self.leaving = False

    async def __aenter__(self) -> Scope:
        self.task = task = running_task()
        self.cell = task.cell
        self.outer = task.scope
        self.base = task.mask
        task.scope = self
        self.scheduler.owners[self] = None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.leaving = True
        task = self.task
        if isinstance(task.error_in, ScopeStop) and task.error_in.scope is self:
            task.error_in = None
        stop = self._note(error)
        self.end_ahead()
        while self.members:
            task.waiting = self
            try:
                await PARKED
            except BaseException as why:  # noqa: BLE001  noted, and raised below
                stop = self._note(why) or stop
        self.leave()
        if self.delivered:
            task.mask -= 1
        return self._outcome(stop or task.pending_stop(), error)

    def leave(self) -> None:
        """Own nothing any more; every member has ended."""
        self.task.scope = self.outer
        self.end()

    def _note(self, error: BaseException | None) -> BaseException | None:
        """Take note of what was raised in the body or at its end; return it if it wins over all."""
        if error is None:
            return None
        if isinstance(error, ScopeStop) and error.scope is self:
            self.others += error.others  # what failed while the body was ended
            return None
        if isinstance(error, Exception):
            self.fail(self.scheduler.as_error(error))
            return None
        self.cancel_members()
        return error

    def _outcome(self, stop: BaseException | None, error: BaseException | None) -> bool:
        """Raise what the scope ends with; true if it ends well."""
        if stop is not None:
            failures = self.others if self.failure is None else [self.failure, *self.others]
            if isinstance(stop, Cancelled):
                stop.others += failures
            if stop is error:
                return False
            raise stop.with_traceback(None)
        if self.failure is None:
            return True
        self.failure.others += self.others
        if self.failure is error:
            return False
        raise self.failure.with_traceback(None)

    # Stopping

    def fail(self, failure: errors.Error) -> None:
        """End with `failure`, or attach it to the one that came first."""
        if self.failure is not None:
            if failure is not self.failure:
                self.others.append(failure)
            return
        self.failure = failure
        self.cancel_members()
        self.stop_body()

    def cancel_members(self) -> None:
        """Cancel every task that it owns."""
        for member in list(self.members):
            member.cancel()

    def stop_body(self) -> None:
        """Have the body end, now or as soon as nothing shields it."""
        if not self.leaving:
            self.stop_asked = True
            if self.task.mask == self.base:
                self.task.throw_in(self.deliver())

    def is_stop_due(self, mask: int) -> bool:
        """Whether the body is still to be stopped, and may be at `mask`."""
        return self.stop_asked and not self.delivered and not self.leaving and mask == self.base

    def deliver(self) -> ScopeStop:
        """Return the stop of the body, to be raised now."""
        self.delivered = True
        self.task.mask += 1
        return ScopeStop(self)

    # Members

    def failed(self, promise: Promise) -> None:
        """Fail with what a member failed with, or what it owned; a promise made by hand is reported at the end."""
        if isinstance(promise, Routine) and not self.ended:
            failure = promise.failure()
            for each in failure.others if promise.state is CANCELLED else [failure]:
                self.fail(each)
        else:
            super().failed(promise)

    def left(self, task: Running) -> None:
        """Go on to the end when the last member has."""
        super().left(task)
        if not self.leaving:
            return
        self.end_ahead()
        if not self.members and self.task.waiting is self:
            self.task.wake()

    def end_ahead(self) -> None:
        """Cancel those that run ahead of somebody who is not there any more, if no others are left."""
        if all(member.is_ahead for member in self.members):
            self.cancel_members()

    def withdraw(self, waiter: Any) -> None:
        """Nothing to forget: a scope goes on waiting whatever is raised at its end."""

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return f"{len(self.members)} tasks of its scope" if len(self.members) != 1 else "a task of its scope"


class Timeout(Scope):
    """A scope that ends with a TimeoutError when it has not ended after `ms` milliseconds."""

    __slots__ = ("ms", "timer")

    def __init__(self, ms: float) -> None:
        super().__init__()
        self.ms = ms
        self.timer = 0

    async def __aenter__(self) -> Timeout:
        delay = nanoseconds(self.ms)  # raises for what is no length of time, before anything is entered
        await super().__aenter__()
        self.scheduler.timers.push(delay, self)
        return self

    def fire(self) -> None:
        """The time is over."""
        self.fail(timed_out(self.ms))

    def leave(self) -> None:
        """Forget the timer."""
        self.scheduler.timers.withdraw(self)
        super().leave()


class Shield:
    """Holds stops of the task back until the block has ended."""

    __slots__ = ("task",)

    async def __aenter__(self) -> None:
        self.task = running_task()
        self.task.mask += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.task.mask -= 1
        if error is None or isinstance(error, Exception):
            stop = self.task.pending_stop()
            if stop is not None:
                if error is not None:
                    stop.others.append(self.task.cell.scheduler.as_error(error))
                raise stop
        return False
