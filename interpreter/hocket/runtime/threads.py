"""Threads for what cannot wait in any other way: whole files, names of hosts, Python functions.

They are daemons, so that one in a hung call never delays the end of the process, and
each call runs in the context of its caller, so that its output goes to the right cell.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from hocket.runtime import current
from hocket.runtime.current import PARKED, running_task
from hocket.runtime.holds import Limit, hold, release

if TYPE_CHECKING:
    from hocket.runtime.loop import Scheduler
    from hocket.runtime.tasks import Routine

MOST = 256
"""Threads that a pool may have while all of them wait."""

MOMENT = 0.002

P = ParamSpec("P")
T = TypeVar("T")
Tell = Callable[[], object]
Job = Callable[[], Tell | None]
"""A call, which returns what tells that it is over; a thread is free for the next one by then."""


class DaemonExecutor(ThreadPoolExecutor):
    """A thread pool that nobody waits for.

    A few threads are enough for calls that compute.  When all of them only wait, for pipes or slow disks, there
    are more, up to `limit`, so that calls which wait never keep each other waiting.
    A ThreadPoolExecutor by type only: asyncio accepts nothing else as its default.
    """

    def __init__(self, size: int | None = None) -> None:
        super().__init__(max_workers=1)
        self.size = size or min(32, (os.cpu_count() or 1) + 4)
        self.limit = size or MOST
        # Calls begun so far, and whether somebody looks if that goes on.
        self._begun = 0
        self._is_watched = False
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._workers = 0
        self._idle = 0
        self._closed = False

    def submit(self, function: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> Future[T]:
        """Call `function` in a thread, in a copy of the caller's context."""
        future: Future[T] = Future()
        context = copy_context()

        def job() -> Tell | None:
            if not future.set_running_or_notify_cancel():
                return None
            return told(future, context.run, function, *args, **named)

        self.post(job)
        return future

    def post(self, job: Job) -> None:
        """Have a thread call `job`, which must not raise."""
        with self._guard:
            if self._closed:
                raise RuntimeError("the thread pool is closed")
            self._jobs.put(job)
            if self._idle:
                self._idle -= 1
                return
            if self._workers >= self.size:
                self._watch()
                return
            self._add()

    def _add(self) -> None:
        self._workers += 1
        try:
            threading.Thread(target=self._work, name="hocket worker", daemon=True).start()
        except RuntimeError:  # the system has no more to give: those that are there have to do
            self._workers -= 1
            if not self._workers:
                raise

    def _watch(self) -> None:
        if not self._is_watched and self._workers < self.limit:
            self._is_watched = True
            try:
                threading.Thread(target=self._relieve, name="hocket relief", daemon=True).start()
            except RuntimeError:
                self._is_watched = False

    def _relieve(self) -> None:
        """Add threads whenever calls wait, and for a moment none has begun and nothing was computed."""
        while True:
            begun, computed = self._begun, time.process_time()
            time.sleep(MOMENT)
            with self._guard:
                waiting = self._jobs.qsize()
                if self._closed or not waiting or self._workers >= self.limit:
                    self._is_watched = False
                    return
                # More threads that compute would only take the interpreter from each other.
                if self._begun == begun and time.process_time() - computed < MOMENT / 2:
                    for _ in range(min(waiting, self.limit - self._workers)):
                        self._add()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; never waits."""
        with self._guard:
            self._closed = True
            for _ in range(self._workers):
                self._jobs.put(None)

    def _work(self) -> None:
        tell: Tell | None = None
        while True:
            is_wanted = self._is_wanted()
            # Only now: who is told may have the next call at once, and another thread would have to be woken for it.
            if tell is not None:
                tell()
            job = self._jobs.get() if is_wanted else None
            if job is None:
                return
            self._begun += 1
            tell = job()
            del job  # or what it refers to would live until the next one

    def _is_wanted(self) -> bool:
        """Whether the thread that asks is to go on; it is idle if there is no call."""
        with self._guard:
            if self._jobs.empty():
                if self._workers > self.size:
                    self._workers -= 1
                    return False
                self._idle += 1
        return True


def told(future: Future[T], function: Callable[..., T], *args: Any, **named: Any) -> Tell:
    """Call `function`; return what gives `future` its result or its error."""
    try:
        return partial(future.set_result, function(*args, **named))
    except BaseException as error:  # noqa: BLE001  handed to the caller
        return partial(future.set_exception, error)


class ThreadCall:
    """A call in a thread that a task is parked on."""

    __slots__ = ("error", "limit", "result", "returns", "task")

    def __init__(self, task: Routine, returns: Returns) -> None:
        self.task: Routine | None = task
        self.returns = returns
        self.result: Any = None
        self.error: BaseException | None = None
        self.limit: Limit | None = None

    def run(self, call: Callable[[], Any]) -> Tell:
        """Call, in the thread."""
        try:
            self.result = call()
        except BaseException as error:  # noqa: BLE001  raised in the task
            self.error = error
        return self.tell

    def tell(self) -> None:
        """Tell the loop, in the thread."""
        self.returns.put(self)

    def done(self) -> None:
        """Wake the task, unless it has given up."""
        task, self.task = self.task, None
        if task is not None:
            release(task.cell.scheduler, self.limit)
            task.wake()

    def withdraw(self, waiter: Any) -> None:
        """Let the thread finish alone; its result is dropped."""
        release(waiter.cell.scheduler, self.limit)
        self.task = None

    def describe(self) -> str:
        """Return what is waited for, in the words of a message."""
        return "a thread"


class Returns:
    """Calls that have ended in threads, on their way to the loop, which is woken once for all that are there."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._ended: deque[ThreadCall] = deque()
        self._is_told = False

    def put(self, call: ThreadCall) -> None:
        """Hand `call` over, in the thread."""
        self._ended.append(call)
        if not self._is_told:  # in this order: the loop looks after it has noted that it is not told
            self._is_told = True
            self._scheduler.soon_from_thread(self._take)

    def _take(self) -> None:
        self._is_told = False
        while self._ended:
            self._ended.popleft().done()


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """Return `function(*args)`, called in a thread.

    A cancelled call ends at once; the thread goes on alone.
    """
    scheduler = current.current_scheduler()
    if scheduler.current is None:
        return await scheduler.loop.run_in_executor(scheduler.executor, lambda: function(*args))
    return await posted(scheduler.executor.post, function, *args)


async def posted(post: Callable[[Job], object], function: Callable[..., T], *args: Any) -> T:
    """As `in_thread`, in a task, in the thread that `post` has call a job."""
    scheduler = current.current_scheduler()
    task = running_task()
    call = ThreadCall(task, scheduler.returns)
    context = copy_context()
    post(lambda: call.run(lambda: context.run(function, *args)))
    task.waiting = call
    call.limit = hold(scheduler, task)
    await PARKED
    if call.error is not None:
        try:
            raise call.error
        finally:
            call.error = None  # an error that refers to its frame refers to itself
    return call.result  # type: ignore[no-any-return]
