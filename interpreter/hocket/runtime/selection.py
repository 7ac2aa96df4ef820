"""`select`: waiting for the first of several sources.

A source that is not ready gives the waiting task a place in its line, as a receiver of it
would have; the first that serves the task takes it out of all other lines, so the others
lose nothing.  Which of several that are ready wins goes round: the one after the last
winner of the same `select` in the same task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from hocket import errors
from hocket.runtime import current
from hocket.runtime.channels import Pipe, Receiver, Sender, closed
from hocket.runtime.clock import nanoseconds
from hocket.runtime.combinators import as_promise
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.enums import NONE
from hocket.runtime.lines import GONE, REFUSED, SERVED, WAITING, Line, Ticket
from hocket.runtime.promise import ALONE, AWAITED, PENDING, RESOLVED, Promise
from hocket.runtime.tasks import Operation
from hocket.runtime.timers import Interval
from hocket.runtime.values import type_name

Source = Pipe | Promise | Interval


class Won(NamedTuple):
    """The cases that the winning source has, none after a timeout, and what it gave."""

    cases: tuple[int, ...]
    value: Any


NOTHING = Won((), None)


def source_of(value: Any) -> Source:
    """Return what is waited for; raises TypeError for what nothing comes from."""
    if isinstance(value, Receiver):
        return value.pipe
    if isinstance(value, Promise | Interval):
        return value
    promise = as_promise(value)
    if promise is not None:
        return promise
    hint = None
    if isinstance(value, Sender):
        hint = "values come out of the other end"
    elif hasattr(value, "__aiter__"):
        hint = "send what the stream gives into a channel, and select from that"
    what = "the sending end of a channel" if isinstance(value, Sender) else type_name(value)
    raise errors.TypeError(f"select expects channels, promises and timers, got {what}", hint=hint)


class Selection:
    """One `select`: its sources, case by case, and which cases are for the end of a channel only."""

    __slots__ = ("arms", "chosen", "ends", "sources", "task", "timer")

    def __init__(self, values: Sequence[Any], ends: tuple[int, ...]) -> None:
        self.sources = [source_of(value) for value in values]
        self.ends = ends
        self.task = running_task()
        self.arms: list[Arm | PromiseArm] = []
        # What has served the task; None if that was the timeout.
        self.chosen: Arm | PromiseArm | None = None
        self.timer = 0

    # What is ready

    def poll(self, last: int) -> Won | None:
        """Return what the first source behind the case `last` gives that is ready; raises as `outcome`."""
        count = len(self.sources)
        for at in (*range(last + 1, count), *range(min(last + 1, count))):
            won = self.outcome(self.sources[at], at in self.ends)
            if won is not None:
                return won
        return None

    def outcome(self, source: Source, end_only: bool = False) -> Won | None:
        """Return what `source` gives, None if it is not ready.

        Raises what a promise was rejected with, and ChannelClosed where no case takes the end.
        """
        if isinstance(source, Pipe):
            if source.has_value:
                cases = self.cases(source, False)
                return Won(cases, source.take()) if cases else None
            return self.ended(source, closed("receive")) if source.has_ended else None
        if isinstance(source, Interval):
            if source.is_cancelled:
                return self.ended(source, errors.CancelledError("the interval was cancelled"))
            at = source.due()
            return None if source.until(at) else Won(self.cases(source, False), source.take(at))
        if source.state is PENDING:
            return None
        if source.state is not RESOLVED:
            source.handled = source.handled or AWAITED
            raise source.failure()
        return Won(self.cases(source, None), source.result)

    def cases(self, source: Source, for_end: bool | None) -> tuple[int, ...]:
        """Return the cases of `source`; those for its end only, or for its values, or all."""
        return tuple(
            at
            for at, other in enumerate(self.sources)
            if other is source and (for_end is None or (at in self.ends) is for_end)
        )

    def ended(self, source: Source, error: errors.Error) -> Won:
        """Return what the end of `source` gives; raises `error` where no case is for that."""
        cases = self.cases(source, True)
        if cases:
            return Won(cases, NONE)
        raise error

    # Waiting

    async def wait(self, limit: int | None) -> Won:
        """Wait for the first source, or `limit` nanoseconds.

        A cancelled wait has taken nothing.
        """
        scheduler = current.scheduler
        begun = scheduler.clock.now()
        self.enlist()
        if limit is not None:
            scheduler.timers.push(limit, self)
        self.task.waiting = self
        external = any(isinstance(source, Pipe) and source.is_external for source in self.sources)
        scheduler.external += external
        try:
            await PARKED
        except BaseException:
            if isinstance(self.chosen, Arm):
                self.chosen.undo()
            raise
        finally:
            scheduler.external -= external
        if self.chosen is None:
            return NOTHING
        won = self.chosen.outcome()
        if won is not None:
            return won
        # It was told the end, but a receiver that was stopped has given a value back.
        return await self.wait(None if limit is None else max(0, limit - (scheduler.clock.now() - begun)))

    def enlist(self) -> None:
        """Take a place in the line of every source."""
        self.chosen = None
        self.arms = []
        for source in dict.fromkeys(self.sources):
            if isinstance(source, Promise):
                self.arms.append(PromiseArm(self, source))
            elif isinstance(source, Interval):
                self.arms.append(TickArm(self, source))
            else:
                self.arms.append(Arm(self, source, self.line(source)))

    def line(self, pipe: Pipe) -> Line:
        """Return where to wait: for its values, or for its end alone."""
        if self.cases(pipe, False):
            return pipe.receivers
        pipe.ending = pipe.ending or Line(pipe)
        return pipe.ending

    def win(self, arm: Arm | PromiseArm | None) -> None:
        """Let the task go on with what `arm` has, and nothing else."""
        self.chosen = arm
        for other in self.arms:
            if other is not arm:
                other.lose()
        current.scheduler.timers.withdraw(self)
        self.task.wake()

    def fire(self) -> None:
        """The time is over."""
        self.win(None)

    def withdraw(self, waiter: Any) -> None:
        """Give up."""
        for arm in self.arms:
            if isinstance(arm, PromiseArm):
                arm.promise.withdraw(arm)
            else:
                arm.lose()
        current.scheduler.timers.withdraw(self)

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return f"the first of {', '.join(arm.what() for arm in self.arms)}"


class Arm(Ticket):
    """A place in the line of a channel that ends when another source wins."""

    __slots__ = ("selection", "source")

    def __init__(self, selection: Selection, source: Pipe | Interval, line: Line) -> None:
        super().__init__(line, selection.task)
        self.selection = selection
        self.source = source
        line.append(self)

    def serve(self) -> None:
        """Win with a value, or with the end."""
        self.state = SERVED
        self.selection.win(self)

    def refuse(self) -> None:
        """Win with the end of the source."""
        self.state = REFUSED
        self.selection.win(self)

    def lose(self) -> None:
        """Leave the line."""
        if self.state == WAITING:
            self.state = GONE
            self.line.left()

    def undo(self) -> None:
        """Give back what it was served with."""
        if self.state == SERVED and isinstance(self.source, Pipe) and self.line is self.source.receivers:
            self.source.give_back(self)

    def outcome(self) -> Won | None:
        """Return what it won with; raises ChannelClosed where no case takes the end."""
        if self.state == SERVED and self.line is not getattr(self.source, "ending", None):
            return Won(self.selection.cases(self.source, False), self.value)
        return self.selection.outcome(self.source)

    def what(self) -> str:
        """Return what it waits for, in the words of a message."""
        return self.line.target.wanted(self)


class TickArm(Arm):
    """A wait for a tick."""

    __slots__ = ("at", "timer")

    def __init__(self, selection: Selection, source: Interval) -> None:
        super().__init__(selection, source, source.line)
        self.timer = 0
        self.at = source.due()
        current.scheduler.timers.push(source.until(self.at), self)

    def fire(self) -> None:
        """The time has come; the tick may have been given to another."""
        interval = self.source
        assert isinstance(interval, Interval)
        if self.at > interval.last:
            self.value = interval.take(self.at)
            self.serve()
        else:
            self.at = interval.due()
            current.scheduler.timers.push(interval.until(self.at), self)

    def refuse(self) -> None:
        """The interval was cancelled."""
        current.scheduler.timers.withdraw(self)
        super().refuse()

    def lose(self) -> None:
        """Forget the time."""
        current.scheduler.timers.withdraw(self)
        super().lose()


class PromiseArm:
    """A wait for a promise; a loser withdraws nothing, so the promise goes on."""

    __slots__ = ("promise", "selection")

    passive: ClassVar[bool] = False
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, selection: Selection, promise: Promise) -> None:
        self.selection = selection
        self.promise = promise
        promise.add(self)

    def notify(self, promise: Promise) -> None:
        """Win with what it has settled with."""
        self.selection.win(self)

    def lose(self) -> None:
        """Wait no more; nobody answers for its failure then."""
        promise = self.promise
        if promise.detach(self) and not promise.is_awaited and promise.handled == AWAITED:
            promise.handled = ALONE

    def outcome(self) -> Won | None:
        """Return what it has settled with, or raise it."""
        return self.selection.outcome(self.promise)

    def what(self) -> str:
        """Return what it waits for, in the words of a message."""
        return self.promise.describe()


async def select(
    place: Any,
    values: Sequence[Any],
    ends: tuple[int, ...] = (),
    at_once: bool = False,
    limit: float | None = None,
) -> Won:
    """Wait for the first of `values`, channels and promises, at most `limit` milliseconds.

    `ends` are the cases for the end of a channel; with `at_once` nothing is waited for.
    `place` tells this `select` from others, for its rotation.  Raises TypeError for what
    cannot be waited for, what a promise is rejected with, and ChannelClosed.  A cancelled
    one has taken nothing.
    """
    selection = Selection(values, ends)
    delay = None if limit is None else nanoseconds(limit)
    task = selection.task
    holder: Any = task.cell if isinstance(task, Operation) else task
    if holder.rotations is None:
        holder.rotations = {}
    won = selection.poll(holder.rotations.get(place, -1))
    if won is None:
        won = NOTHING if at_once else await selection.wait(delay)
    if won.cases:
        holder.rotations[place] = won.cases[0]
    return won
