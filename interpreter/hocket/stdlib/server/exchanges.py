"""What comes of a request: the task of its handler, and who is told how that ended."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.channels import Pipe
from hocket.runtime.promise import REJECTED, RESOLVED, Promise
from hocket.runtime.streams import Stream
from hocket.runtime.tasks import Task
from hocket.stdlib.server.messages import Answer, HttpRequest, part_bytes, plain, prepare
from hocket.stdlib.server.routes import Handler, handle


class Exchange:
    """A request on its way through its handler; waits for the task without answering for its failures."""

    passive: ClassVar[bool] = True
    claims: ClassVar[bool] = False
    is_task: ClassVar[bool] = False

    def __init__(self, handler: Handler, request: HttpRequest) -> None:
        self.handler = handler
        self.request = request
        # `has_begun`: the headers are on their way.
        self.is_dropped = self.has_begun = False
        self.task: Task | None = None

    @property
    def name(self) -> str:
        """What the task is called."""
        return getattr(self.handler, "__name__", "handler")

    def run(self) -> Coroutine[Any, Any, Any]:
        """Return the running of the handler, up to the end of its answer."""
        return self._run()

    async def _run(self) -> Answer:
        answer = await handle(self.handler, self.request)
        if answer.parts is not None:
            await self._stream(answer, answer.parts)
        return answer

    async def _stream(self, answer: Answer, parts: Stream) -> None:
        try:
            self.has_begun = True
            self.began(answer)
            if answer.has_body and self.request.method != "HEAD":
                async for part in parts:
                    await self.send(part_bytes(part))
        finally:
            await parts.aclose()

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
        if promise.state is RESOLVED:
            self.answered(promise.result)
        elif self.has_begun:
            self.broke_off()
        else:
            self.answered(prepare(plain(500 if promise.state is REJECTED else 503)))

    def answered(self, answer: Answer) -> None:
        """Take the answer, of a streamed one the end."""
        raise NotImplementedError

    def began(self, answer: Answer) -> None:
        """Take the beginning of a streamed answer."""
        raise NotImplementedError

    async def send(self, part: bytes) -> None:
        """Take a part of it, when there is room."""
        raise NotImplementedError

    def broke_off(self) -> None:
        """There will be no end of it."""
        raise NotImplementedError


class LocalExchange(Exchange):
    """A request that came without a connection."""

    def __init__(self, handler: Handler, request: HttpRequest) -> None:
        super().__init__(handler, request)
        self.answer = Promise()
        # The parts of a streamed answer.
        self.pipe = Pipe(1)
        self.is_broken = False

    def answered(self, answer: Answer) -> None:
        """Give it to the client."""
        if self.has_begun:
            self.pipe.close()
        else:
            self.answer.resolve(answer)

    def began(self, answer: Answer) -> None:
        """Give it to the client, who asks for the parts."""
        self.answer.resolve(answer._replace(parts=LocalParts(self)))

    async def send(self, part: bytes) -> None:
        """Let the client take it."""
        if not self.pipe.offer(part):
            await self.pipe.send(part)

    def broke_off(self) -> None:
        """Let the client know."""
        self.is_broken = True
        self.pipe.close()


class LocalParts(Stream):
    """The parts of a streamed answer, for a client in the same session."""

    def __init__(self, exchange: LocalExchange) -> None:
        self.exchange = exchange

    async def __anext__(self) -> bytes:
        from aiohttp import ClientPayloadError

        try:
            return await self.exchange.pipe.receive()  # type: ignore[no-any-return]
        except errors.ChannelClosed:
            if self.exchange.is_broken:
                raise ClientPayloadError from None  # as of an answer that comes over a connection
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """Want no more."""
        self.exchange.drop()
