"""Python awaitables inside language tasks.

The language task drives the awaitable itself and is asyncio's current task while it
steps, as a `GuestTask`: an object with the interface of `asyncio.Task`.  So a Python
context manager may be entered in one `await` and left in another, and libraries that
count cancellations of their task (asyncio.timeout, anyio) work.

Two kinds of cancellation meet here.  A library's (`GuestTask.cancel`) is Python's: it is
raised as `asyncio.CancelledError`, as often as the library asks.  The language's stop
comes once; the awaitable is cancelled in Python's way, and when it has ended the stop
goes on, whatever the awaitable made of it.
"""

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, copy_context
from types import CoroutineType, coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from hocket import errors
from hocket.runtime import current
from hocket.runtime.awaiting import discard
from hocket.runtime.current import PARK
from hocket.runtime.holds import Limit, hold, release
from hocket.runtime.promise import CANCELLED, CANCELLED_TEXT, REJECTED
from hocket.runtime.stops import Cancelled
from hocket.source import Source

if TYPE_CHECKING:
    from hocket.runtime.tasks import Routine


class GuestTask:
    """A language task as asyncio and its libraries see it; also what it is parked on while a future is awaited."""

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_cancels",
        "_context",
        "_coro",
        "_fut_waiter",
        "_handle",
        "_outcome",
        "is_inside",
        "limit",
        "task",
    )

    # Not a future of asyncio's, although it has the interface of one.
    _asyncio_future_blocking: ClassVar[None] = None

    def __init__(self, task: Routine) -> None:
        self.task = task
        self._coro = task.coroutine
        self._context = task.cell.context
        self._fut_waiter: asyncio.Future[Any] | None = None
        self._handle: asyncio.Handle | None = None
        self._callbacks: list[tuple[Callable[[Any], object], Context]] = []
        self._cancels = 0
        self._outcome: Callable[[], Any] | None = None
        # The alarm of a wait that the virtual clock stands still for.
        self.limit: Limit | None = None
        # Whether it steps just now: then what is awaited inside needs no other guest.
        self.is_inside = False

    # asyncio.Task's interface

    @property
    def _must_cancel(self) -> bool:
        return isinstance(self.task.error_in, asyncio.CancelledError)

    def cancel(self, msg: Any = None) -> bool:
        """Cancel in Python's way: any number of times, no matter what the language asked for."""
        if self.done():
            return False
        self._cancels += 1
        is_passed_on = self._fut_waiter is not None and self._fut_waiter.cancel(msg=msg)
        if not is_passed_on and self.task.error_in is None:
            self.task.throw_in(asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg))
        return True

    def cancelling(self) -> int:
        """Return how often a library has cancelled it and not taken that back."""
        return self._cancels

    def uncancel(self) -> int:
        """Take one cancellation back."""
        self._cancels = max(0, self._cancels - 1)
        return self._cancels

    def done(self) -> bool:
        """Whether the language task has ended."""
        return self._outcome is not None

    def cancelled(self) -> bool:
        """Whether the language task was cancelled."""
        return self.task.state is CANCELLED

    def result(self) -> Any:
        """Return the value, or raise the error; raises InvalidStateError before the end."""
        if self._outcome is None:
            raise asyncio.InvalidStateError("the task has not ended")
        if self.cancelled():
            raise asyncio.CancelledError
        return self._outcome()

    def exception(self) -> BaseException | None:
        """Return the error; raises as `result` does where there is no outcome."""
        if self._outcome is None or self.cancelled():
            self.result()
        return self.task.result if self.task.state is REJECTED else None

    def get_coro(self) -> Coroutine[Any, Any, Any] | None:
        """Return the coroutine of the language task."""
        return self._coro

    def get_context(self) -> Context:
        """Return the context of the cell."""
        return self._context

    def get_name(self) -> str:
        """Return the name of the language task."""
        return self.task.name

    def set_name(self, value: object) -> None:
        """Do nothing: the name is the language's."""

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the scheduler."""
        return self.task.cell.scheduler.loop

    def get_stack(self, *, limit: int | None = None) -> list[Any]:
        """Return no frames: the program's are shown by the language."""
        return []

    def add_done_callback(self, function: Callable[[Any], object], *, context: Context | None = None) -> None:
        """Have the loop call `function(self)` at the end."""
        context = copy_context() if context is None else context
        if self.done():
            self.get_loop().call_soon(function, self, context=context)
        else:
            self._callbacks.append((function, context))

    def remove_done_callback(self, function: Callable[[Any], object]) -> int:
        """Forget `function`; return how often it was there."""
        kept = [entry for entry in self._callbacks if entry[0] != function]
        removed = len(self._callbacks) - len(kept)
        self._callbacks = kept
        return removed

    def settled(self) -> None:
        """The language task has ended."""
        task = self.task
        self._outcome = lambda: _result(task)
        callbacks, self._callbacks = self._callbacks, []
        loop = self.get_loop()
        if not loop.is_closed():
            for function, context in callbacks:
                loop.call_soon(function, self, context=context)

    # Waiting

    def park(self, future: asyncio.Future[Any] | None) -> None:
        """Park the task until `future` is done, or the loop has turned."""
        scheduler = self.task.cell.scheduler
        if future is None:
            self._handle = scheduler.loop.call_soon(self._wake, None)
        else:
            self._fut_waiter = future
            future.add_done_callback(self._wake)
        self.task.waiting = self
        self.limit = hold(scheduler, self.task)

    def _wake(self, future: asyncio.Future[Any] | None) -> None:
        if self.task.waiting is self and self._fut_waiter is future:
            self._unpark()
            self.task.wake()

    def _unpark(self) -> None:
        self._fut_waiter = self._handle = None
        release(self.task.cell.scheduler, self.limit)

    def withdraw(self, waiter: Any) -> None:
        """Forget the future that the task waits for."""
        if self._fut_waiter is not None:
            self._fut_waiter.remove_done_callback(self._wake)
        if self._handle is not None:
            self._handle.cancel()
        self._unpark()

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return getattr(self._fut_waiter, "described", "a Python awaitable")


def _result(task: Routine) -> Any:
    if task.state is REJECTED:
        raise task.failure()
    return task.result


@coroutine
def python(awaitable: Awaitable[Any]) -> Generator[Any, Any, Any]:
    """Await a Python awaitable in the current language task.

    Raises CancelledError, the language's, if what it waited for was cancelled.
    """
    task = current.current_scheduler().current
    guest = None if task is None else task.guest
    if task is None or guest is not None and guest.is_inside or is_program(awaitable):
        return (yield from awaitable.__await__())
    if guest is None:
        guest = task.guest = GuestTask(task)
    steps = awaitable if type(awaitable) is CoroutineType else _await(awaitable)
    stop: Cancelled | None = None
    error: BaseException | None = None
    try:
        while True:
            out = step(guest, steps, error)
            error, why = yield from wait(guest, out)
            stop = why or stop
    except GeneratorExit:
        discard(steps)
        raise
    except StopIteration as end:
        if stop is None:
            return end.value
    except (Exception, asyncio.CancelledError) as failure:
        if stop is None:
            raise as_seen(failure, guest) from failure.__cause__
    raise stop.with_traceback(None) from None


def as_seen(failure: BaseException, guest: GuestTask) -> BaseException:
    """Return what an awaitable's exception means to the task that awaits it."""
    if isinstance(failure, asyncio.CancelledError) and not guest.cancelling():
        return errors.CancelledError(CANCELLED_TEXT)  # what it waited for was cancelled
    return failure  # also a library's cancellation, on its way to the block that asked for it


def is_program(awaitable: Awaitable[Any]) -> bool:
    """Whether it is a coroutine of the language, which needs no guest."""
    if type(awaitable) is not CoroutineType:
        return False
    source = Source.of(awaitable.cr_code.co_filename)
    return source is not None and not source.is_python


def step(guest: GuestTask, steps: Any, error: BaseException | None) -> Any:
    """Let the awaitable go on as asyncio's current task; return what it waits for."""
    loop = guest.get_loop()
    _enter_task(loop, guest)  # type: ignore[arg-type]
    guest.is_inside = True
    try:
        return steps.send(None) if error is None else steps.throw(error)
    finally:
        guest.is_inside = False
        _leave_task(loop, guest)  # type: ignore[arg-type]


def wait(guest: GuestTask, out: Any) -> Generator[Any, Any, tuple[BaseException | None, Cancelled | None]]:
    """Park until what the awaitable yielded is there.

    Return what to raise in the awaitable, and the language's stop if that is why.
    """
    if out is None or getattr(out, "_asyncio_future_blocking", None):
        future: asyncio.Future[Any] | None = out
        if future is not None:
            future._asyncio_future_blocking = False
        guest.park(future)
    elif out is PARK:
        future = None
    else:
        return RuntimeError(f"a Python awaitable yielded {out!r}"), None
    stop: Cancelled | None = None
    while True:
        try:
            yield PARK
        except (Cancelled, asyncio.CancelledError) as why:
            if isinstance(why, Cancelled):
                stop, raised = why, asyncio.CancelledError()
            else:
                raised = why
            # As in asyncio: what is awaited is cancelled, and raises when it has ended.
            if future is None or not future.cancel(*raised.args):
                return raised, stop
            guest.park(future)
        except Exception as why:
            return why, stop
        else:
            return None, stop


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
