"""What an open file is.

What a file does is told once, as `Steps` that yield the calls to be made in a thread, on the loop or at once: the
plain forms block, and in an async context the task waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import operator
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.guests import python
from hocket.runtime.resources import overrule
from hocket.runtime.streams import Stream
from hocket.runtime.values import name_type, type_name
from hocket.runtime.work import Work, at_once, on_loop
from hocket.stdlib.blocks import ALL, LINE, BlockFile, InOrder, closed
from hocket.stdlib.disk import open_as
from hocket.stdlib.files import file_errors

WRITTEN = 64 * 1024
"""Bytes that are written at once; those that are read ahead may be more."""

WORK = {"fill", "put"}
"""The methods of a `BlockFile` that are work."""

T = TypeVar("T")
Steps = Generator[tuple[Any, ...], Any, T]
"""What a file does, yielding `name, *arguments` of the calls of its `BlockFile`."""


class File(Stream):
    """An open file; lines come from a text, blocks of bytes from another."""

    members: ClassVar[frozenset[str]] = frozenset({"path", "mode", "closed"})

    raw: BlockFile

    def __init__(self, path: str, mode: str, size: int) -> None:
        self.path = path
        self.mode = mode
        self.size = size
        self.is_text = "b" not in mode
        self.closed = False
        # By a `with`, which closes it: then a loop does not.
        self.is_held = False
        # What was read and not taken: `lines` first, which are what is left of `batch`, then `unread` from `at` on.
        self.nothing: Any = "" if self.is_text else b""
        self.unread: Any = self.nothing
        self.batch: Any = self.nothing
        self.at = self.count = 0
        self.lines: Iterator[Any] = iter(())
        # Whether a cancelled read goes on, so that nobody knows the place.
        self.is_astray = False
        # What is to be written.
        self.pending: list[bytes] = []
        self.pending_size = 0
        self.order = InOrder(current_scheduler().executor)
        self.ahead: Future[None] | None = None
        # The turns of tasks at the calls of a stream.
        self.turns = {name: asyncio.Lock() for name in WORK}

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<file '{self.path}' {'closed' if self.closed else self.mode}>"

    # Opening and closing

    def open(self) -> Work[None]:
        """Open it; in a thread perhaps, and by then nobody may want it."""
        kind = partial(BlockFile, path=self.path, size=self.size, is_text=self.is_text)
        with file_errors("open file", self.path):
            self.raw = raw = yield from open_as(self.path, self.mode.replace("t", ""), kind)
        if self.closed:
            raw.close()

    def close(self) -> Steps[None]:
        """Write what is to be written, and close; again is fine."""
        if self.closed:
            return
        self.closed = True
        try:
            yield from self.flush()
        finally:
            # A read that nobody waits for may take for ever; the file is closed behind it.
            if self.pending or self.order.is_busy and (self.ahead is None or self.ahead.done()):
                self.order.submit(self.raw.close)
            else:
                yield ("close",)

    def drop(self) -> None:
        """Close at once, for a file that nobody can use any more."""
        raw: BlockFile | None = getattr(self, "raw", None)
        if raw is None or raw.closed:
            return
        with contextlib.suppress(Exception):
            if self.order.is_busy:
                self.order.submit(raw.close)
                return
            if not self.closed and self.pending:
                next(raw.put(b"".join(self.pending)), None)  # as much as can be written without waiting
        with contextlib.suppress(OSError):
            raw.close()

    def __del__(self) -> None:
        self.drop()

    # Writing

    def write(self, content: Any) -> Steps[int]:
        """Take `content`, and write when there is a block."""
        self.check("write", "wax+")
        data = self.encoded(content)
        if not self.raw.waits and (self.left() or self.raw.tail or self.raw.arrived or self.is_astray):
            yield from self.go_to((yield from self.tell()))
        self.pending.append(data)
        self.pending_size += len(data)
        if self.pending_size >= min(self.size, WRITTEN):
            yield from self.flush()
        return len(content)

    def encoded(self, content: Any) -> bytes:
        """Return the bytes that `content` is in the file; raises TypeError for what the mode does not take."""
        if self.is_text and isinstance(content, str):
            with file_errors("write file", self.path):
                return str.encode(content, "utf-8")
        if not self.is_text and isinstance(content, bytes | bytearray | memoryview):
            return bytes(content)
        wanted = "a string" if self.is_text else "bytes"
        raise errors.TypeError(f'write() expects {wanted} in mode "{self.mode}", got {type_name(content)}')

    def flush(self) -> Steps[None]:
        """Write what is to be written."""
        if self.pending:
            data = b"".join(self.pending)
            self.pending.clear()
            self.pending_size = 0
            with file_errors("write file", self.path):
                yield "put", data

    # Reading

    def read(self, n: int | None) -> Steps[Any]:
        """Take `n` characters or bytes, or all; fewer at the end."""
        self.check("read", "r+")
        self.join()
        while n is None or len(self.unread) - self.at < n:
            is_more = yield from self.more(ALL if n is None else n - len(self.unread) + self.at)
            self.join()  # another task may have read lines meanwhile
            if not is_more:
                break
        return self.take(n)

    def read_line(self) -> Steps[Any]:
        """Take a line; None at the end."""
        self.check("read", "r+")
        while not self.split():
            if not (yield from self.more(LINE)) and not self.split():
                rest = self.take(None)
                return self.trim(rest) if rest else None
        return next(self.lines)

    def next_block(self) -> Steps[Any]:
        """Take what is there, at most a block; nothing at the end."""
        self.check("read", "r+")
        self.join()
        while not self.left() and (yield from self.more(1)):
            self.join()
        return self.take(self.size)

    def more(self, need: int) -> Steps[bool]:
        """Read on; return whether there was anything."""
        yield from self.flush()
        is_more = True
        if not self.raw.arrived:
            self.is_astray, before = True, self.is_astray
            with file_errors("read file", self.path):
                is_more = yield "fill", need
            self.is_astray = before
        self.merge(1 if need == LINE else None)
        return is_more

    def merge(self, most: int | None = None) -> None:
        """Take what has arrived, `most` pieces of it."""
        arrived = self.raw.arrived
        pieces = [self.unread[self.at :]]
        while arrived and (most is None or len(pieces) <= most):  # a thread may be adding to it
            pieces.append(self.raw.next_piece())
        if len(pieces) > 1:
            self.unread, self.at = self.nothing.join(pieces), 0

    def take(self, n: int | None) -> Any:
        """Return the next `n` of what is unread."""
        start = self.at
        taken = self.unread[start:] if n is None else self.unread[start : start + n]
        self.at += len(taken)
        if self.at == len(self.unread):
            self.unread, self.at = self.nothing, 0
        return taken

    def split(self) -> bool:
        """Make lines of what is unread; return whether there are any."""
        if operator.length_hint(self.lines):
            return True
        newline: Any = "\n" if self.is_text else b"\n"
        carriage: Any = "\r" if self.is_text else b"\r"
        end = self.unread.rfind(newline, self.at) + 1
        if not end:
            return False
        self.batch = self.unread[self.at : end]
        self.unread, self.at = self.unread[end:], 0
        lines = self.batch.split(newline)
        lines.pop()
        self.count = len(lines)
        # The iterator is what all who read lines share.
        self.lines = iter(list(map(self.trim, lines)) if carriage in self.batch else lines)
        return True

    def trim(self, line: Any) -> Any:
        """Return a line without what may stand before its end."""
        return line.removesuffix("\r" if self.is_text else b"\r")

    def join(self) -> None:
        """Make the lines that are left text again."""
        left = operator.length_hint(self.lines)
        if left:
            newline: Any = "\n" if self.is_text else b"\n"
            self.unread = self.batch.split(newline, self.count - left)[-1] + self.unread[self.at :]
            self.at = 0
            deque(self.lines, maxlen=0)
        self.batch = self.nothing

    def left(self) -> Any:
        """Return what is unread."""
        self.join()
        return self.unread[self.at :]

    # Places

    def tell(self) -> Steps[int]:
        """Return the place of the next byte."""
        self.check("seek in", self.mode)
        yield from self.flush()
        with file_errors("seek in file", self.path):
            place: int = yield ("tell",)
        self.merge()
        left = self.left()
        return place - len(left.encode() if self.is_text else left) - len(self.raw.tail)

    def go_to(self, place: int) -> Steps[None]:
        """Go on at the byte `place`."""
        self.check("seek in", self.mode)
        yield from self.flush()
        self.join()
        with file_errors("seek in file", self.path):
            yield "seek", place
        self.unread, self.at = self.nothing, 0
        self.is_astray = False

    def check(self, doing: str, modes: str) -> None:
        """Raise FileError unless it is open, and in a mode for it."""
        if self.closed:
            raise closed(doing, self.path)
        if not set(modes) & set(self.mode):
            reason = f'it was opened in mode "{self.mode}"'
            raise errors.FileError(f"Failed to {doing} file '{self.path}': {reason}", path=self.path, reason=reason)

    # Doing it

    def now(self, steps: Steps[T]) -> T:
        """Do `steps`; the thread that calls waits."""

        def do(name: str, *args: Any) -> Any:
            call = self.prepared(name, *args)
            return self.order.submit(call).result() if self.order.is_busy else call()

        try:
            job = next(steps)
            while True:
                try:
                    result = do(*job)
                except BaseException as error:  # noqa: BLE001  the steps know what to make of it
                    job = steps.throw(error)
                else:
                    job = steps.send(result)
        except StopIteration as end:
            value: T = end.value
            return value

    async def waiting(self, steps: Steps[T]) -> T:
        """Do `steps`; the task waits."""
        try:
            job = next(steps)
            while True:
                try:
                    result = await python(self.call(*job))
                except BaseException as error:  # noqa: BLE001  the steps know what to make of it
                    job = steps.throw(error)
                else:
                    job = steps.send(result)
        except StopIteration as end:
            value: T = end.value
            return value

    async def call(self, name: str, *args: Any) -> Any:
        """Call a method of the file: in a thread, or on the loop if it is a stream."""
        if self.raw.waits:
            return await self.streamed(name, *args)
        if name == "fill" and self.mode in ("r", "rt"):
            return await self.filled(*args)
        if name in WORK:  # aiofiles changes threads for each line, knows bytes only, and may write a part
            return await asyncio.wrap_future(self.order.submit(self.prepared(name, *args)))
        import aiofiles.threadpool

        opened: Any = aiofiles.threadpool.wrap(self.raw, executor=self.order)
        return await getattr(opened, name)(*args)

    async def streamed(self, name: str, *args: Any) -> Any:
        """Call a method of a stream, when it is the task's turn."""
        function = getattr(self.raw, name)
        if name not in WORK:
            return function(*args)
        before = self.raw.place
        async with self.turns[name]:
            if name == "fill" and self.raw.place != before:
                return True  # what another task has read may be enough
            return await on_loop(function(*args))

    async def filled(self, need: int) -> bool:
        """Read on; then the thread reads ahead, while the lines are gone through."""
        filling = self.order.submit(self.prepared("fill", need))
        if need == LINE and self.raw.is_long:
            self.ahead = self.order.submit(self.raw.read_ahead)
        return await asyncio.wrap_future(filling)

    def prepared(self, name: str, *args: Any) -> Callable[[], Any]:
        """Return what calls a method of the file, and blocks."""
        function = getattr(self.raw, name)
        return partial(at_once, function(*args)) if name in WORK else partial(function, *args)

    # A stream

    def __aiter__(self) -> Pass:
        return Pass(self)

    async def __anext__(self) -> Any:
        item = await self.waiting(self.read_line() if self.is_text else self.next_block())
        if item is None or item == b"":
            raise StopAsyncIteration
        return item

    async def each_line(self) -> AsyncIterator[Any]:
        """Yield the lines; Python's own async generators are by far the fastest."""
        yield None  # for `unseen`
        while not self.closed:
            for line in self.lines:
                yield line
            line = await self.waiting(self.read_line())
            if line is None:
                return
            yield line
        self.check("read", "r+")

    async def aclose(self) -> None:
        """Close, at the end of a loop, what no `with` will."""
        if not self.is_held:
            await self.waiting(self.close())

    # Held by a `with`

    def __enter__(self) -> File:
        self.is_held = True
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.now(self.close())
        except Exception as failure:
            overrule(failure, error)

    async def __aenter__(self) -> File:
        return self.__enter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await self.waiting(self.close())
        except Exception as failure:
            overrule(failure, error)


name_type(File, "file")


class Pass(Stream):
    """One going through a file."""

    __slots__ = ("file",)

    def __init__(self, file: File) -> None:
        self.file = file

    def __aiter__(self) -> Any:
        return unseen(self.file.each_line()) if self.file.is_text else self

    def __anext__(self) -> Any:
        return self.file.__anext__()

    async def aclose(self) -> None:
        """Close the file, unless a `with` does."""
        await self.file.aclose()


def unseen(generator: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Begin an async generator, up to its first `yield`, so that asyncio never closes it in a task of its own."""
    firstiter, finalizer = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        with contextlib.suppress(StopIteration):
            generator.__anext__().__await__().__next__()
    finally:
        sys.set_asyncgen_hooks(firstiter, finalizer)
    return generator


class Chunks(Stream):
    """The content of a file in parts of one size."""

    __slots__ = ("file", "n")

    def __init__(self, file: File, n: int) -> None:
        self.file = file
        self.n = n

    async def __anext__(self) -> Any:
        chunk = await self.file.waiting(self.file.read(self.n))
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close the file, as a loop through it does."""
        await self.file.aclose()
