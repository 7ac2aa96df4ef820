"""Where a kernel is reached: the connection file, and the sockets that are bound to what it says.

A client writes the file and names it on the command line.  A kernel that is started by hand, without one,
takes free ports, writes the file itself and removes it at its end.
"""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.session import Session
from traitlets import CaselessStrEnum, Instance, Integer, Unicode, default
from traitlets.config import LoggingConfigurable

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


class Connection(LoggingConfigurable):
    """The ends of one kernel's channels; `curve` are its public and secret key, if what is sent is encrypted."""

    transport = CaselessStrEnum(["tcp", "ipc"], "tcp", help="tcp, or ipc: sockets in the file system").tag(config=True)
    ip = Unicode(help="the address of the network interface; with ipc, how the sockets' paths begin").tag(config=True)
    connection_file = Unicode(help="the JSON file that says where the kernel is reached").tag(config=True)
    shell_port = Integer(0, help="the port of the shell channel; 0: the file's, or any").tag(config=True)
    iopub_port = Integer(0, help="the port of the iopub channel").tag(config=True)
    stdin_port = Integer(0, help="the port of the stdin channel").tag(config=True)
    control_port = Integer(0, help="the port of the control channel").tag(config=True)
    hb_port = Integer(0, help="the port of the heartbeat").tag(config=True)
    session = Instance(Session)

    curve: tuple[bytes, bytes] | None = None
    is_owner = False
    path: Path

    @default("ip")
    def _default_ip(self) -> str:
        return "127.0.0.1" if self.transport == "tcp" else str(self.path.with_suffix("")) + "-ipc"

    @property
    def ports(self) -> dict[str, int]:
        """The port of each channel, by the name that it has in the file."""
        return {f"{channel}_port": getattr(self, f"{channel}_port") for channel in CHANNELS}

    def open(self) -> None:
        """Read the connection file, if there is one; raise what `json`, the file and the traits do."""
        self.path = self._path()
        self.is_owner = not self.path.is_file()
        if not self.is_owner:
            self._take(json.loads(self.path.read_text(encoding="utf-8")))

    def _path(self) -> Path:
        """Return the file that is meant: here or among Jupyter's own, where also a new one of a mere name belongs."""
        given = Path(self.connection_file or f"kernel-{os.getpid()}.json")
        if not given.is_file():
            from jupyter_core.paths import jupyter_runtime_dir

            shared = jupyter_runtime_dir() / given
            if shared.is_file() or given == Path(given.name):
                return shared
        return given.absolute()

    def _take(self, info: dict[str, Any]) -> None:
        """Set what the file says; ports that the command line has set stay."""
        self.transport = info.get("transport", self.transport)
        self.ip = info.get("ip", self.ip)
        for name, port in self.ports.items():
            setattr(self, name, port or info.get(name, 0))
        if "key" in info:
            self.session.key = info["key"].encode()
        if "signature_scheme" in info:
            self.session.signature_scheme = info["signature_scheme"]
        if "curve_publickey" in info and "curve_secretkey" in info:
            self.curve = info["curve_publickey"].encode(), info["curve_secretkey"].encode()

    def bind(self, socket: zmq.Socket[bytes], channel: str) -> None:
        """Make `socket` this end of a channel."""
        if self.curve is not None:
            socket.curve_publickey, socket.curve_secretkey = self.curve
            socket.curve_server = True
        port: int = getattr(self, f"{channel}_port")
        if self.transport == "tcp":
            socket.bind(f"tcp://{self.ip}:{port or '*'}")
            port = int(socket.getsockopt(zmq.LAST_ENDPOINT).rpartition(b":")[2])  # type: ignore[union-attr]
        else:
            port = port or next(number for number in count(1) if not Path(f"{self.ip}-{number}").exists())
            socket.bind(f"ipc://{self.ip}-{port}")
        setattr(self, f"{channel}_port", port)

    def write(self) -> None:
        """Write the file, unless it says all that already; what else stands in it is kept."""
        said = {} if self.is_owner else json.loads(self.path.read_text(encoding="utf-8"))
        info = {"transport": self.transport, "ip": self.ip, "key": self.session.key.decode(), **self.ports}
        info["signature_scheme"] = self.session.signature_scheme
        if said == {**said, **info}:
            return
        # Jupyter's own function knows how to keep a key from other users, on every system.
        from jupyter_client.connect import write_connection_file

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = dict(zip(("curve_publickey", "curve_secretkey"), self.curve or (), strict=False))
        write_connection_file(str(self.path), **{**said, **info, **keys, "key": self.session.key})

    def remove(self) -> None:
        """Remove the file, and what else of the connection is in the file system."""
        self.path.unlink(missing_ok=True)
        if self.transport == "ipc":
            for port in self.ports.values():
                Path(f"{self.ip}-{port}").unlink(missing_ok=True)
