"""A connection within the process: what one end writes, the other has received when the call returns.

No socket is involved, so the virtual clock need not stand still for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from hocket.runtime.current import PARKED

ROOM = 65_536
"""Bytes that wait for an end that does not read, before the other is told to wait."""


class LocalTransport(asyncio.Transport):
    """One end."""

    peer: LocalTransport

    def __init__(self, protocol: asyncio.BaseProtocol, busy: list[bool]) -> None:
        super().__init__()
        self.protocol: Any = protocol
        # What is to be received; nothing in it is the end.
        self.inbox: deque[bytes] = deque()
        # Shared by both ends: whether something is being delivered.
        self.busy = busy
        self.is_paused = self.is_closed = self.is_told = self.is_blocked = False

    # What protocols ask for

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have `protocol` receive from now on."""
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: the limit is for what is not received."""

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.is_closed

    def can_write_eof(self) -> bool:
        """One way can be closed alone."""
        return True

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send."""
        if self.is_closed or not data:
            return
        peer = self.peer
        peer.inbox.append(bytes(data))
        self.pump()
        if not self.is_blocked and sum(map(len, peer.inbox)) > ROOM:
            self.is_blocked = True
            self.protocol.pause_writing()

    def write_eof(self) -> None:
        """Send no more."""
        self.peer.inbox.append(b"")
        self.pump()

    def pause_reading(self) -> None:
        """Receive nothing for a while."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Go on."""
        if self.is_paused:
            self.is_paused = False
            self.pump()

    def close(self) -> None:
        """End both ways."""
        if not self.is_closed:
            self.is_closed = True
            self.peer.inbox.append(b"")
            self.pump()

    def abort(self) -> None:
        """End at once."""
        self.close()

    # Delivery

    def pump(self) -> None:
        """Deliver what can be, in both directions, unless that is being done."""
        if self.busy[0]:
            return
        self.busy[0] = True
        try:
            while self.deliver() or self.peer.deliver():
                pass
        finally:
            self.busy[0] = False

    def deliver(self) -> bool:
        """Have the protocol receive one thing; whether there was any."""
        if self.is_closed:
            self.inbox.clear()
            was_told, self.is_told = self.is_told, True
            if not was_told:
                self.protocol.connection_lost(None)
            return not was_told
        if self.is_paused or not self.inbox:
            return False
        data = self.inbox.popleft()
        if data:
            self.protocol.data_received(data)
        elif not self.protocol.eof_received():
            self.close()
        if self.peer.is_blocked and not self.inbox:
            self.peer.is_blocked = False
            self.peer.protocol.resume_writing()
        return True


async def parked() -> None:
    """Park the running task, in a wait like any other."""
    await PARKED


def connect(client: asyncio.Protocol, server: asyncio.Protocol) -> None:
    """Connect two protocols."""
    busy = [False]
    one, other = LocalTransport(client, busy), LocalTransport(server, busy)
    one.peer, other.peer = other, one
    server.connection_made(other)
    client.connection_made(one)
