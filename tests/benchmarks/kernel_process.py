"""A kernel of any language in a process of its own, and a client that adds little to what it measures."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager

from hocket_kernel.kernelspec import SPEC

PATIENCE = 30.0
ROOT = Path(__file__).parents[2]


class NoAnswerError(Exception):
    """A kernel has not answered in time; the message says what is missing."""


def found(name: str) -> KernelSpec | None:
    """Return the kernelspec of a kernel beside this Python; None if it is not installed."""
    if name == "hocket":
        spec = KernelSpec.from_resource_dir(str(SPEC))
    else:
        folders = [str(Path(sys.prefix, "share", "jupyter", "kernels"))]
        try:
            spec = KernelSpecManager(kernel_dirs=folders).get_kernel_spec(name)
        except NoSuchKernel:
            return None
    return spec


class KernelProcess:
    """One kernel; `started` is the milliseconds from its start to its answer to `kernel_info_request`."""

    def __init__(self, spec: KernelSpec) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self._manager = KernelManager(connection_file=str(folder / "connection.json"))
        self._manager._kernel_spec = spec
        # A home of its own: neither configuration nor history of the user's.  The parser's tables are kept.
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "interpreter"), str(ROOT / "kernel")]),
            # What is installed has been compiled; from the checkout the first start does it.
            "PYTHONDONTWRITEBYTECODE": "",
        }
        begun = time.perf_counter()
        self._manager.start_kernel(env=environment, cwd=str(folder), stderr=subprocess.DEVNULL)
        self._session = self._manager.session
        self._shell = self._manager.connect_shell()
        self._iopub = self._manager.connect_iopub()
        self.outputs: list[tuple[float, dict[str, Any]]] = []
        self.ask("kernel_info_request", {})
        self.started = (time.perf_counter() - begun) * 1000
        while not self._iopub.poll(100):  # a subscription takes its time, and what is sent before is lost
            self.ask("kernel_info_request", {})
        self.cell("1")  # the first cell loads what later ones need

    @property
    def memory(self) -> float:
        """Bytes of the process that are in memory."""
        return float(psutil.Process(self._manager.provisioner.pid).memory_info().rss)  # type: ignore[union-attr]

    def send(self, kind: str, content: dict[str, Any]) -> str:
        """Send a request; return its id."""
        message = self._session.send(self._shell, kind, content)
        return str(message["header"]["msg_id"])

    def execute(self, code: str) -> str:
        """Send a cell; return its id."""
        options = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        return self.send("execute_request", {"code": code, **options})

    def reply(self, request: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Wait for the reply to a request; return its content."""
        end = time.perf_counter() + patience
        while (left := end - time.perf_counter()) > 0:
            if self._shell.poll(int(left * 1000) + 1):
                message = self._taken(self._shell)
                if message["parent_header"]["msg_id"] == request:
                    content: dict[str, Any] = message["content"]
                    return content
        raise NoAnswerError(f"no reply in {patience:g} s")

    def ask(self, kind: str, content: dict[str, Any], patience: float = PATIENCE) -> dict[str, Any]:
        """Send a request and wait for its reply."""
        return self.reply(self.send(kind, content), patience)

    def output(self, request: str, is_it: Callable[[dict[str, Any]], Any], patience: float = PATIENCE) -> float:
        """Read output of a request until `is_it`; return when that arrived, in seconds."""
        end = time.perf_counter() + patience
        while (left := end - time.perf_counter()) > 0:
            if self._iopub.poll(int(left * 1000) + 1):
                message = self._taken(self._iopub)
                if (message["parent_header"] or {}).get("msg_id") == request:
                    self.outputs.append((time.perf_counter(), message))
                    if is_it(message):
                        return self.outputs[-1][0]
        raise NoAnswerError(f"no output in {patience:g} s")

    def idle(self, request: str, patience: float = PATIENCE) -> float:
        """Read all output of a request; return when the last arrived, in seconds."""
        return self.output(request, lambda message: message["content"].get("execution_state") == "idle", patience)

    def cell(self, code: str) -> dict[str, Any]:
        """Run a cell to its end; return the reply."""
        request = self.execute(code)
        content = self.reply(request)
        self.idle(request)
        return content

    def interrupt(self) -> None:
        """Do what the Stop button does."""
        self._manager.interrupt_kernel()

    def close(self) -> None:
        """End the process."""
        for socket in (self._shell, self._iopub):
            socket.close(linger=0)
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._folder.cleanup()

    def _taken(self, socket: zmq.Socket[bytes]) -> dict[str, Any]:
        _, frames = self._session.feed_identities(socket.recv_multipart())
        message: dict[str, Any] = self._session.deserialize(frames)
        return message
