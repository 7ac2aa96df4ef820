"""Streams that run ahead of the loop that takes their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

from hocket import errors
from hocket.runtime import current
from hocket.runtime.channels import Pipe
from hocket.runtime.combinators import promise_all_settled
from hocket.runtime.current import running_task
from hocket.runtime.stops import Cancelled
from hocket.runtime.streams import Stream, stream
from hocket.runtime.tasks import Routine


class Pump(Routine):
    """The task that runs a stream; it answers for its failures itself."""

    __slots__ = ()

    is_called = False
    is_ahead = True


class Ahead(Stream):
    """The elements of `sources` in the order in which they come, up to `room` of them waiting here.

    Each source is gone through by a task of its own, from the first element that is asked
    for until the end.  They belong to where the stream was made.  The first failure ends it,
    behind what had come before.  Closed, it ends when the tasks have.
    """

    __slots__ = ("failure", "left", "name", "owner", "pipe", "pumps", "sources")

    def __init__(self, sources: Sequence[Any], room: int, name: str) -> None:
        self.sources = [stream(source) for source in sources]
        self.owner = current.scheduler.owner()
        self.name = name
        self.pipe = Pipe(room)
        self.left = len(sources)
        self.pumps: list[Pump] | None = None
        self.failure: errors.Error | None = None

    def begin(self) -> list[Pump]:
        """Start the tasks."""
        task = running_task()
        scope, task.scope = task.scope, self.owner
        pumps = [Pump(self.run(source), self.name) for source in self.sources]
        task.scope = scope
        for pump in pumps:
            pump.start()
        return pumps

    async def run(self, source: Stream) -> None:
        """Go through `source`; whoever fails first ends all."""
        try:
            async with aclosing(source):
                async for element in source:
                    if not self.pipe.offer(element):
                        await self.pipe.send(element)
        except Exception as error:
            if self.failure is None:
                self.failure = current.scheduler.as_error(error)
                self.pipe.close()
        except Cancelled:
            if self.pumps and self.failure is None:  # by its owner; who asks for more is not to take it for the end
                self.failure = errors.CancelledError(f"{self.name}() was cancelled with the scope that it belongs to")
                self.pipe.close()
            raise
        finally:
            self.left -= 1
            if not self.left:
                self.pipe.close()

    async def __anext__(self) -> Any:
        if self.pumps is None:
            self.pumps = self.begin()
        try:
            return await self.pipe.receive()
        except errors.ChannelClosed:
            pass  # raised in here, a failure would have this as its cause
        self.fail()
        raise StopAsyncIteration

    def fail(self) -> None:
        """Raise what a source failed with, once."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    async def aclose(self) -> None:
        """Stop the tasks, and wait until they have closed their streams."""
        pumps, self.pumps = self.pumps, []
        self.failure = None
        if pumps is None:
            for source in self.sources:
                await source.aclose()
        else:
            for pump in pumps:
                pump.cancel()
            await promise_all_settled(pumps)
        self.pipe.close()
        self.fail()

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<generator {self.name}>"
