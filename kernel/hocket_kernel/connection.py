"""Where a kernel is reached: the connection file, and the sockets of which it speaks.

A client writes the file and names it on the command line.  A kernel that is started by hand, without one,
takes free ports, writes the file itself and removes it at its end.

A client that finds nobody at a port tries again a tenth of a second later, so the sockets are opened before all
that takes long at the start: what arrives there meanwhile waits.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import zmq

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")

LINGER = 1000
"""Milliseconds that a closed socket has to send what waits."""


class ChannelError(Exception):
    """A socket cannot be opened."""


@dataclass(eq=False)
class Connection:
    """The ends of one kernel's channels; `key` and `signature_scheme` are the session's where the file has none."""

    path: Path
    is_owner: bool
    transport: str = "tcp"
    ip: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    key: bytes | None = None
    signature_scheme: str | None = None
    # The public and the secret key, if what is sent is encrypted.
    curve: tuple[bytes, bytes] | None = None
    context: zmq.Context[zmq.Socket[bytes]] = field(init=False, repr=False)
    sockets: dict[str, zmq.Socket[bytes]] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str = "", transport: str = "", ip: str = "", **ports: int) -> Connection:
        """Return what a connection file says, or what a new one of this name is to say.

        A transport and an address are for a new one; ports, 0 for any, come before the file's.
        Raises ValueError or OSError if the file cannot be read or does not make sense.
        """
        path = found(name or f"kernel-{os.getpid()}.json")
        is_owner = not path.is_file()
        info = {} if is_owner else said_by(path)
        transport = info.get("transport") or transport or "tcp"
        if transport not in ("tcp", "ipc"):
            raise ValueError(f"transport must be tcp or ipc, got {transport}")
        ip = info.get("ip") or ip or ("127.0.0.1" if transport == "tcp" else f"{path.with_suffix('')}-ipc")
        ports = {f"{name}_port": ports.get(f"{name}_port") or int(info.get(f"{name}_port", 0)) for name in CHANNELS}
        connection = cls(path, is_owner, transport, ip, ports, signature_scheme=info.get("signature_scheme"))
        if "key" in info:
            connection.key = str(info["key"]).encode()
        if "curve_publickey" in info and "curve_secretkey" in info:
            connection.curve = info["curve_publickey"].encode(), info["curve_secretkey"].encode()
        return connection

    def open(self) -> None:
        """Open the sockets of all channels but the heartbeat; raises ChannelError.

        With the usual limit of 1,000 messages on what waits for a slow client, one that does not keep up
        loses output and the final `idle`, and waits for ever.  Every client that subscribes is welcomed,
        not only the first one.
        """
        self.context = zmq.Context()
        for channel in ("shell", "stdin", "control"):
            self._open(channel, zmq.ROUTER).router_handover = 1
        self.context.setsockopt(zmq.SNDHWM, 0)
        self.context.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._open("iopub", zmq.XPUB)

    def _open(self, channel: str, kind: int) -> zmq.Socket[bytes]:
        socket = self.sockets[channel] = self.context.socket(kind)
        socket.linger = LINGER
        if self.curve is not None:
            socket.curve_publickey, socket.curve_secretkey = self.curve
            socket.curve_server = True
        try:
            self.ports[f"{channel}_port"] = self._bind(socket, self.ports[f"{channel}_port"])
        except zmq.ZMQError as error:
            self.close()
            raise ChannelError(f"the {channel} channel cannot be opened: {error}") from error
        return socket

    def _bind(self, socket: zmq.Socket[bytes], port: int) -> int:
        """Give a socket its port, or any if that is 0; return it."""
        if self.transport == "tcp":
            socket.bind(f"tcp://{self.ip}:{port or '*'}")
            return int(socket.getsockopt(zmq.LAST_ENDPOINT).rpartition(b":")[2])  # type: ignore[union-attr]
        port = port or next(number for number in count(1) if not Path(f"{self.ip}-{number}").exists())
        socket.bind(f"ipc://{self.ip}-{port}")
        return port

    def close(self) -> None:
        """Close the sockets when what waits there has been sent."""
        for socket in self.sockets.values():
            socket.close()
        self.context.term()

    def write(self) -> None:
        """Write the file, unless it says all that already; what else stands in it is kept."""
        said = {} if self.is_owner else said_by(self.path)
        key = self.key or b""
        info = {"transport": self.transport, "ip": self.ip, "signature_scheme": self.signature_scheme, **self.ports}
        if said == {**said, **info, "key": key.decode()}:
            return
        # Jupyter's own function knows how to keep a key from other users, on every system.
        from jupyter_client.connect import write_connection_file

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        curve = dict(zip(("curve_publickey", "curve_secretkey"), self.curve or (), strict=False))
        write_connection_file(str(self.path), **{**said, **info, **curve, "key": key})

    def remove(self) -> None:
        """Remove the file, and what else of the connection is in the file system."""
        self.path.unlink(missing_ok=True)
        if self.transport == "ipc":
            for port in self.ports.values():
                Path(f"{self.ip}-{port}").unlink(missing_ok=True)


def found(name: str) -> Path:
    """Return the file that is meant: here or among Jupyter's own, where also a new one of a mere name belongs."""
    given = Path(name)
    if not given.is_file():
        from jupyter_core.paths import jupyter_runtime_dir

        shared = jupyter_runtime_dir() / given
        if shared.is_file() or given == Path(given.name):
            return shared
    return given.absolute()


def said_by(path: Path) -> dict[str, Any]:
    """Return what a connection file says."""
    info = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(info, dict):
        raise ValueError("it must hold one JSON object")
    return info


def opened_early(arguments: list[str]) -> Connection | None:
    """Open the channels for a command line as kernelspecs have it; None if it says more, or if that cannot be."""
    if len(arguments) != 2 or arguments[0] != "-f" or not Path(arguments[1]).is_file():
        return None
    try:
        connection = Connection.read(arguments[1])
        connection.open()
    except (OSError, ValueError, TypeError, AttributeError, ChannelError):
        return None  # the application finds that, too, and says so
    return connection
