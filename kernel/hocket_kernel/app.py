"""The process of a kernel: sockets, threads and streams are ipykernel's.

What differs: output is never dropped for a slow client, nothing of the user's
IPython profile is read or made, and a message that is not quite text is sent anyway.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.jsonutil import json_default
from traitlets import default

from hocket_kernel import routing
from hocket_kernel.base import GRACE
from hocket_kernel.kernel import HocketKernel

_SURROGATE = re.compile("[\ud800-\udfff]")


def tolerant(pack: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """Return a packer that sends a lone surrogate as U+FFFD; `pack` packs what is not plain JSON.

    The usual packers raise or send broken UTF-8, and a reply that is never sent hangs the client.
    """
    encode = json.JSONEncoder(default=json_default, ensure_ascii=False, allow_nan=False).encode

    def packer(message: Any) -> bytes:
        try:
            text = encode(message)
        except (TypeError, ValueError):
            return pack(message)
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _SURROGATE.sub("\ufffd", text).encode()

    return packer


class KernelApp(IPKernelApp):
    """Starts a kernel from the command line that the kernelspec gives."""

    name = "hocket-kernel"
    description = "The Jupyter kernel of Hocket."

    @default("kernel_class")
    def _default_kernel_class(self) -> type:
        return HocketKernel

    @default("outstream_class")
    def _default_outstream_class(self) -> str:
        return "hocket_kernel.output.ProgramStream"

    @default("log_level")
    def _default_log_level(self) -> int:
        # A warning of ipykernel's is about Python's kernel or about the transport, on every start.
        return logging.ERROR

    def get_default_logging_config(self) -> dict[str, Any]:
        """Give the logger the handler's level: one without makes a record of every step of every message."""
        config: dict[str, Any] = super().get_default_logging_config()
        for logger in config.get("loggers", {}).values():
            logger["level"] = config["handlers"]["console"]["level"]
        return config

    def _ip_default(self) -> str:
        # The base asks for it even if the connection file says, and lists the machine's networks to answer.
        return str(super()._ip_default()) if self.transport == "ipc" else "127.0.0.1"

    def init_profile_dir(self) -> None:
        """Leave the user's IPython profile alone."""
        self.profile_dir = None

    def init_config_files(self) -> None:
        """Look for no configuration of IPython's."""

    def load_config_file(self, *arguments: Any, **options: Any) -> None:
        """Read no configuration of IPython's."""

    def init_pdb(self) -> None:
        """Leave out IPython's debugger: it costs start-up time and no program can call it."""

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Open the iopub channel without a limit on what waits for a slow client.

        With the default of 1,000 messages a client that does not keep up loses output
        and the final `idle`, and waits for ever.  Every client that subscribes is
        welcomed, not only the first one.
        """
        context.setsockopt(zmq.SNDHWM, 0)
        context.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.session.pack = tolerant(self.session.pack)
        super().init_iopub(context)

    def start(self) -> None:
        """Serve until shut down."""
        # Output and interrupts are served by other threads: beside a computing program they
        # wait for this interval, several times per message.
        sys.setswitchinterval(0.001)
        routing.install()
        with suppress(SystemExit):
            super().start()
        while not self.kernel.is_over:
            # A Python callback has stopped the loop, or raised what asyncio lets end it.
            with suppress(SystemExit, KeyboardInterrupt):
                self.io_loop.start()
        self.kernel.breathe(0)
        # ipykernel ends its iopub thread before these; one that is still answering the shutdown
        # would then wait for it for ever, and the process with it.
        for thread in (self.control_thread, self.shell_channel_thread):
            thread.stop()
            thread.join(timeout=1)
        leave()


def leave() -> None:
    """End the process: what is to be done at its end is, but no thread in a hung call is waited for."""
    last = threading.Timer(GRACE, os._exit, (1,))
    last.daemon = True
    last.start()
    atexit._run_exitfuncs()
    os._exit(0)
