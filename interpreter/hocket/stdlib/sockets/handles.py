"""Sockets as a program holds them."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar
from weakref import WeakSet

from hocket import errors
from hocket.permissions import is_everywhere
from hocket.runtime.current import permissions
from hocket.runtime.per_session import PerSession
from hocket.runtime.scopes import format_ms
from hocket.runtime.streams import Flow, Stream
from hocket.runtime.values import name_type
from hocket.runtime.work import Work, on_loop
from hocket.stdlib.sockets.waits import READ, WRITE, Lookup, Parking, Ready, wake_all

T = TypeVar("T")

HELD = 1 << 16
"""Bytes that are received at once."""

LONGEST_LINE = 16_000_000
BACKLOG = 128

_UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN}
_END: Any = object()


def place(host: str, port: int) -> str:
    """Return an address as messages name it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def failure(
    doing: str, host: str, port: int, reason: str, kind: type[errors.Error] = errors.NetworkError, **fields: Any
) -> errors.Error:
    """Return an error that names the other side: `Failed to connect to h:p: …`."""
    text = f"Failed to {doing} {place(host, port)}: {reason}"
    return kind(text, host=host, port=port, reason=reason, **fields)


def reason_of(error: Exception) -> str:
    """Return why something failed, in the system's words."""
    if isinstance(error, UnicodeError):
        return "its host is none"
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)


class Handle:
    """A socket; `host` and `port` are where the other side is, or where it takes what others send."""

    members: ClassVar[frozenset[str]] = frozenset({"host", "port", "closed"})
    name: ClassVar[str]
    at: ClassVar[str]

    # Whether it waits for an answer to what it has asked another program.
    asks = False
    # Whether it waits at all, or says null.
    waits = True

    def __init__(self, opened: socket.socket, host: str, port: int) -> None:
        opened.setblocking(False)
        self.socket = opened
        self.host = host
        self.port = port
        self.waiting: dict[int, list[Parking]] = {READ: [], WRITE: []}
        _open().add(self)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.socket.fileno() < 0

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<{self.name} {self.at} {place(self.host, self.port)}{' closed' if self.closed else ''}>"

    def failure(self, doing: str, reason: str, **rest: Any) -> errors.Error:
        """Return an error of what it was to do."""
        return failure(doing, self.host, self.port, reason, **rest)

    def tried(self, doing: str, call: Callable[[], T]) -> T | None:
        """Return what `call` gives; None if it would have to wait."""
        self.check(doing)
        try:
            return call()
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise self.failure(doing, reason_of(error)) from error

    def waited(self, doing: str, direction: int, call: Callable[[], T]) -> Work[T | None]:
        """Return what `call` gives, once it need not wait; None if it would have to, and is not to."""
        while (given := self.tried(doing, call)) is None and self.waits:
            yield self.ready(doing, direction)
        return given

    def ready(self, doing: str, direction: int, deadline: float | None = None) -> Ready:
        """Return the wait until it can go on."""
        return Ready(self, direction, f"{_AWAITED[doing]} {place(self.host, self.port)}", deadline)

    def check(self, doing: str) -> None:
        """Raise NetworkError if it is closed."""
        if self.closed:
            raise self.failure(doing, f"the {self.name} is closed")

    def close(self) -> None:
        """Close it; who waits for it goes on, and finds it closed. Again is fine."""
        for waiting in self.waiting.values():
            wake_all(waiting)
        self.socket.close()

    def __del__(self) -> None:
        if hasattr(self, "socket"):
            self.socket.close()

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _close_all(handles: WeakSet[Handle]) -> None:
    for handle in list(handles):
        handle.close()


_open: PerSession[WeakSet[Handle]] = PerSession(WeakSet, _close_all)


def is_own(kind: type[Handle], address: Any) -> bool:
    """Whether a socket of this session takes what is sent to `address`."""
    mine = [handle.socket.getsockname() for handle in _open() if isinstance(handle, kind) and not handle.closed]
    return any(own[1] == address[1] and (own[0] == address[0] or is_everywhere(own[0])) for own in mine)


class TcpConnection(Handle, Flow):
    """One end of a connection; `for await` goes through the lines that are received."""

    name, at = "tcp connection", "to"

    def __init__(self, opened: socket.socket, host: str, port: int) -> None:
        super().__init__(opened, host, port)
        self.unread = bytearray()
        self.has_ended = False
        self.leaving: deque[memoryview] = deque()
        with contextlib.suppress(OSError):  # the other side may have gone already
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connect(self, address: Any, deadline: float) -> Work[int]:
        """Connect to `address`; return the number of the system's error, 0 if there is none."""
        self.asks = True
        code = self.socket.connect_ex(address)
        if code in _UNDER_WAY:
            wait = self.ready("connect to", WRITE, deadline)
            yield wait
            self.check("connect to")
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code and wait.is_over() and not self.is_connected():
                code = errno.ETIMEDOUT
        self.asks = bool(code) or not is_own(TcpListener, address)
        return code

    def is_connected(self) -> bool:
        """Whether the other side has answered."""
        try:
            self.socket.getpeername()
        except OSError:
            return False
        return True

    # Sending

    def send(self, data: bytes) -> Work[int]:
        """Send `data` behind what else is to be sent; return how much was.

        Of work that is given up the rest is left, for who sends next.
        """
        self.check("send to")
        self.leaving.append(memoryview(data))
        try:
            while self.leaving:
                left = self.leaving[0]
                done = self.tried("send to", lambda: self.socket.send(self.leaving[0]))
                if done == len(left):
                    self.leaving.popleft()
                elif done is not None:
                    self.leaving[0] = left[done:]
                elif self.waits:
                    yield self.ready("send to", WRITE)
                else:
                    return len(data) - len(self.leaving.pop())
        except Exception:
            self.leaving.clear()
            raise
        return len(data)

    # Receiving

    def received(self, take: Callable[[], T | None], waits: bool) -> Work[T | None]:
        """Receive until `take` finds what it looks for; None if that is not there, unless it `waits`."""
        while (found := take()) is None:
            piece = self.tried("receive from", lambda: self.socket.recv(HELD))
            if piece is not None:
                self.unread += piece
                self.has_ended = not piece
            elif waits:
                yield self.ready("receive from", READ)
                self.check("receive from")
            else:
                return None
        if self.unread or self.has_ended:
            wake_all(self.waiting[READ])  # what the others wait for may be here, and no more in the socket
        return found

    def receive(self, size: int, binary: bool) -> Work[Any]:
        """Return what has come, at most `size` characters or bytes; nothing at the end."""
        self.check("receive from")
        return (yield from self.received(lambda: self.taken(size) if binary else self.taken_text(size), self.waits))

    def taken(self, size: int) -> bytes | None:
        """Take bytes that have come; None if there are none yet."""
        piece = bytes(self.unread[:size])
        del self.unread[:size]
        return piece if piece or self.has_ended else None

    def taken_text(self, size: int) -> str | None:
        """Take characters that have come whole; None if there are none yet."""
        head = bytes(self.unread[: 4 * size])
        text = self.decoded(head, self.has_ended and len(head) == len(self.unread))[:size]
        del self.unread[: len(text.encode())]
        return text if text or self.has_ended else None

    def decoded(self, head: bytes, is_whole: bool) -> str:
        """Return the text that `head` begins with; raises NetworkError if it begins with none."""
        try:
            return codecs.utf_8_decode(head, "strict", is_whole)[0]
        except UnicodeDecodeError as error:
            if error.start:
                return head[: error.start].decode()
            reason = f"invalid UTF-8 (0x{head[0]:02x})"
            raise self.failure("receive from", reason, hint="`binary = true` receives bytes") from error

    def line(self) -> Any:
        """Take a line without its end, or `_END`; None if there is none yet."""
        end = self.unread.find(b"\n") + 1
        if not end:
            if not self.has_ended and len(self.unread) <= LONGEST_LINE:
                return None
            end = len(self.unread)
        if end > LONGEST_LINE:
            raise self.failure("receive from", f"a line of more than {LONGEST_LINE} bytes", kind=errors.TooLarge)
        if not end:
            return _END
        line = bytes(self.unread[:end])
        text = self.decoded(line, True)
        if len(text.encode()) < len(line):
            self.decoded(line[len(text.encode()) :], True)
        del self.unread[:end]
        return text.removesuffix("\n").removesuffix("\r")

    def __aiter__(self) -> Stream:
        return Lines(self)


class Lines(Stream):
    """What `for await` gets out of a connection."""

    __slots__ = ("connection",)

    def __init__(self, connection: TcpConnection) -> None:
        self.connection = connection

    async def __anext__(self) -> Any:
        self.connection.check("receive from")
        line = await on_loop(self.connection.received(self.connection.line, True))
        if line is _END:
            raise StopAsyncIteration
        return line


class TcpListener(Handle, Flow):
    """Where others connect to; `for await` goes through their connections until it is closed."""

    name, at = "tcp listener", "at"

    def accept(self, waits: bool) -> Work[TcpConnection | None]:
        """Return the connection of the next one; None if there is none, unless it `waits`."""
        while (pair := self.tried("accept at", self.socket.accept)) is None:
            if not waits:
                return None
            yield self.ready("accept at", READ)
        opened, (host, port, *_) = pair
        return TcpConnection(opened, host, port)

    def __aiter__(self) -> Stream:
        return Clients(self)


class Clients(Stream):
    """What `for await` gets out of a listener."""

    __slots__ = ("listener",)

    def __init__(self, listener: TcpListener) -> None:
        self.listener = listener

    async def __anext__(self) -> Any:
        try:
            return await on_loop(self.listener.accept(True))
        except errors.NetworkError:
            if self.listener.closed:
                raise StopAsyncIteration from None
            raise


class UdpSocket(Handle):
    """Where datagrams come to and go from."""

    name, at = "udp socket", "at"

    # The datagram that is no text, for who receives bytes.
    kept: tuple[bytes, Any] | None = None
    has_received = False

    def send_to(self, data: bytes, host: str, port: int) -> Work[int | None]:
        """Send a datagram; None if it would have to wait and is not to."""
        permissions().connect(host, port)
        self.check("send from")
        addresses = yield from found(host, port, socket.SOCK_DGRAM, self.socket.family)
        try:
            sent = yield from self.waited("send from", WRITE, lambda: self.socket.sendto(data, addresses[0][4]))
        except errors.NetworkError as error:
            if isinstance(error.__cause__, OSError):
                raise failure("send to", host, port, reason_of(error.__cause__)) from error.__cause__
            raise
        if not self.has_received:  # who sends first waits for an answer
            self.asks = not is_own(UdpSocket, addresses[0][4])
        return sent

    def receive(self, size: int, binary: bool) -> Work[dict[str, Any] | None]:
        """Return the next datagram; None if it would have to wait and is not to."""
        self.check("receive at")
        kept, self.kept = self.kept, None
        pair = kept or (yield from self.waited("receive at", READ, lambda: self.socket.recvfrom(size)))
        if pair is None:
            return None
        self.has_received = True
        content, (host, port, *_) = pair
        data: str | bytes = content
        if not binary:
            try:
                data = content.decode()
            except UnicodeDecodeError as error:
                self.kept = pair
                reason = f"invalid UTF-8 at byte {error.start} (0x{content[error.start]:02x})"
                hint = "`binary = true` receives bytes"
                raise failure("receive from", host, port, reason, hint=hint) from error
        return {"data": data, "host": host, "port": port}


_AWAITED = {
    "accept at": "a connection at",
    "connect to": "a connection to",
    "receive at": "a datagram at",
    "receive from": "data from",
    "send from": "room to send from",
    "send to": "room to send to",
}
"""What is waited for to do something."""

name_type(TcpConnection, "tcpconnection")
name_type(TcpListener, "tcplistener")
name_type(UdpSocket, "socket")


# Opening


def found(host: str, port: int, kind: int, family: int = 0, flags: int = 0, doing: str = "send to") -> Work[list[Any]]:
    """Return the addresses of a host, as `socket.getaddrinfo`; raises ConnectError."""
    lookup = Lookup(lambda: socket.getaddrinfo(host, port, family, kind, flags=flags | socket.AI_NUMERICHOST))
    lookup.block()  # of a number nothing need be asked
    if lookup.error is not None:
        lookup = Lookup(lambda: socket.getaddrinfo(host, port, family, kind, flags=flags))
        yield lookup
    if lookup.error is not None:
        raise failure(doing, host, port, reason_of(lookup.error), errors.ConnectError) from lookup.error
    return lookup.found


def connected(host: str, port: int, limit: float) -> Work[TcpConnection]:
    """Return a connection; raises PermissionDenied, ConnectError, TimeoutError."""
    permissions().connect(host, port)
    deadline = time.monotonic() + limit / 1000
    code = 0
    for family, kind, protocol, _, address in (yield from found(host, port, socket.SOCK_STREAM, doing="connect to")):
        with contextlib.ExitStack() as stack:
            connection = TcpConnection(socket.socket(family, kind, protocol), host, port)
            stack.callback(connection.close)
            code = yield from connection.connect(address, deadline)
            if not code:
                stack.pop_all()
                return connection
        if time.monotonic() >= deadline:
            reason = f"no answer within {format_ms(limit)}"
            raise failure("connect to", host, port, reason, errors.TimeoutError, limit=limit)
    raise failure("connect to", host, port, os.strerror(code), errors.ConnectError)


def opened(cls: type[T], doing: str, kind: int, host: str, port: int) -> Work[T]:
    """Return a `cls` of a socket that others can reach at `host`; raises PermissionDenied, NetworkError."""
    permissions().listen(host, port)
    family, _, protocol, _, address = (yield from found(host, port, kind, flags=socket.AI_PASSIVE, doing=doing))[0]
    if is_everywhere(address[0]):
        permissions().listen(address[0], port)
    with contextlib.ExitStack() as stack:
        new = stack.enter_context(socket.socket(family, kind, protocol))
        try:
            if kind == socket.SOCK_STREAM and os.name == "posix":
                new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            new.bind(address)
            if kind == socket.SOCK_STREAM:
                new.listen(BACKLOG)
        except OSError as error:
            hint = "with port 0 the system chooses a free one" if error.errno == errno.EADDRINUSE else None
            raise failure(doing, host, port, reason_of(error), hint=hint) from error
        stack.pop_all()
    return cls(new, host, new.getsockname()[1])  # type: ignore[call-arg]
