"""What comes of a request: the task of its handler, and who is told how that ended."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar

from hocket.runtime.promise import REJECTED, RESOLVED, Promise
from hocket.runtime.tasks import Task
from hocket.stdlib.server.messages import Answer, HttpRequest, plain, prepare
from hocket.stdlib.server.routes import Handler, handle


class Exchange:
    """A request on its way through its handler; waits for the task without answering for its failures."""

    passive: ClassVar[bool] = True
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, handler: Handler, request: HttpRequest) -> None:
        self.handler = handler
        self.request = request
        self.is_dropped = False
        self.task: Task | None = None

    @property
    def name(self) -> str:
        """What the task is called."""
        return getattr(self.handler, "__name__", "handler")

    def run(self) -> Coroutine[Any, Any, Any]:
        """Return the running of the handler."""
        return handle(self.handler, self.request)

    def begin(self, task: Task) -> None:
        """Take note that `task` runs the handler."""
        self.task = task
        task.add(self)

    def drop(self) -> None:
        """Nobody wants the answer: cancel the handler."""
        self.is_dropped = True
        if self.task is not None:
            self.task.cancel()

    def stop(self) -> None:
        """The server is about to end; an answer is still owed."""

    def notify(self, promise: Promise) -> None:
        """The handler has ended."""
        if self.is_dropped:
            return
        failed = plain(500 if promise.state is REJECTED else 503)
        self.answered(promise.result if promise.state is RESOLVED else prepare(failed))

    def answered(self, answer: Answer) -> None:
        """Take the answer."""
        raise NotImplementedError


class LocalExchange(Exchange):
    """A request that came without a connection."""

    def __init__(self, handler: Handler, request: HttpRequest) -> None:
        super().__init__(handler, request)
        self.answer = Promise()

    def answered(self, answer: Answer) -> None:
        """Give it to the client."""
        self.answer.resolve(answer)
