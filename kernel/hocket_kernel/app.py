"""The process of a kernel: its sockets, threads and streams.

They are ipykernel's parts; its application is not used, as it brings IPython's shell and configuration.  What
differs besides: output is never dropped for a slow client, and a message that is not quite text is sent anyway.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn

import zmq
from ipykernel.control import ControlThread
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from ipykernel.parentpoller import ParentPollerUnix, ParentPollerWindows
from ipykernel.shellchannel import ShellChannelThread
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session, session_aliases, session_flags
from tornado.ioloop import IOLoop
from traitlets import Bool, CaselessStrEnum, Instance, Integer, Unicode, default
from traitlets.config.application import Application, catch_config_error
from zmq.eventloop.zmqstream import ZMQStream

from hocket_kernel import routing
from hocket_kernel.base import GRACE
from hocket_kernel.connection import CHANNELS, ChannelError, Connection
from hocket_kernel.kernel import HocketKernel
from hocket_kernel.output import ProgramStream

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


def on_terminal(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an exception that nobody has handled where the kernel was started, not in a cell."""
    traceback.print_exception(kind, error, trace, file=sys.__stderr__)


def find_modules_nearby() -> None:
    """Let Python's modules be found, after the standard ones, in what is the working folder at the time."""
    if "" not in sys.path and not sys.flags.safe_path:
        installed = (at for at, path in enumerate(sys.path) if path.endswith(("site-packages", "dist-packages")))
        sys.path.insert(next(installed, len(sys.path)), "")


class KernelApp(Application):
    """Starts a kernel from the command line that the kernelspec gives."""

    name = "hocket-kernel"
    description = "The Jupyter kernel of Hocket."
    classes = [Session]
    aliases = {
        **Application.aliases,
        **{name: f"KernelApp.{name}" for name in ("ip", "transport")},
        **{channel: f"KernelApp.{channel}_port" for channel in CHANNELS},
        "f": "KernelApp.connection_file",
        **session_aliases,
    }
    flags = {
        **Application.flags,
        "quiet": ({"Application": {"log_level": logging.CRITICAL}}, "log nothing"),
        "no-stdout": ({"KernelApp": {"no_stdout": True}}, "write nothing to the terminal's stdout"),
        "no-stderr": ({"KernelApp": {"no_stderr": True}}, "write nothing to the terminal's stderr"),
        **session_flags,
    }

    connection: Any = Instance(Connection, allow_none=True, help="the channels, if they are open already")

    connection_file = Unicode(help="the JSON file that says where the kernel is reached").tag(config=True)
    transport = CaselessStrEnum(["tcp", "ipc"], "tcp", help="tcp, or ipc: sockets in the file system").tag(config=True)
    ip = Unicode(help="the address of the network interface; with ipc, how the sockets' paths begin").tag(config=True)
    shell_port = Integer(0, help="the port of the shell channel; 0: the file's, or any").tag(config=True)
    iopub_port = Integer(0, help="the port of the iopub channel").tag(config=True)
    stdin_port = Integer(0, help="the port of the stdin channel").tag(config=True)
    control_port = Integer(0, help="the port of the control channel").tag(config=True)
    hb_port = Integer(0, help="the port of the heartbeat").tag(config=True)
    no_stdout = Bool(False, help="write nothing to the terminal's stdout").tag(config=True)
    no_stderr = Bool(False, help="write nothing to the terminal's stderr").tag(config=True)
    quiet = Bool(True, help="show what programs print to the clients only, not on the terminal").tag(config=True)
    capture_fd_output = Bool(True, help="show also what is written to the file descriptors 1 and 2").tag(config=True)
    parent_handle = Integer(help="the process that the kernel ends with; on Windows its handle").tag(config=True)
    interrupt = Integer(help="on Windows, the handle of the event that is an interrupt").tag(config=True)

    # Made by `initialize`, in this order.
    session: Session
    control_thread: ControlThread
    shell_channel_thread: ShellChannelThread
    iopub_thread: IOPubThread
    heartbeat: Heartbeat
    kernel: HocketKernel

    @default("parent_handle")
    def _default_parent_handle(self) -> int:
        return int(os.environ.get("JPY_PARENT_PID") or 0)

    @default("interrupt")
    def _default_interrupt(self) -> int:
        return int(os.environ.get("JPY_INTERRUPT_EVENT") or 0)

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

    @catch_config_error
    def initialize(self, argv: Any = None) -> None:
        """Make what the command line asks for; clients find the kernel from then on, and wait for `start`."""
        self.parse_command_line(argv)
        sys.excepthook = on_terminal
        self._silence()
        self.session = Session(parent=self)
        self.session.pack = tolerant(self.session.pack)
        self._connect()
        self._tell()
        self._capture()
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._make_kernel()
        find_modules_nearby()
        # What was printed until now belongs to no cell.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()

    def _silence(self) -> None:
        for name in ("stdout", "stderr"):
            if getattr(self, f"no_{name}"):
                nothing = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
                setattr(sys, name, nothing)
                setattr(sys, f"__{name}__", nothing)

    def _connect(self) -> None:
        """Open the channels, unless they are, and say where; begin the threads that serve them."""
        try:
            if self.connection is None:
                ports = {f"{channel}_port": getattr(self, f"{channel}_port") for channel in CHANNELS}
                self.connection = Connection.read(self.connection_file, self.transport, self.ip, **ports)
                self.connection.open()
            self._agree()
        except ChannelError as error:
            self._give_up(str(error))
        except Exception as error:
            self._give_up(f"the connection file {self.connection_file} cannot be read: {error}")
        if self.connection.is_owner:
            atexit.register(self.connection.remove)
        self._begin_threads()
        self._open_heartbeat()
        atexit.register(self.close)
        self.connection.write()

    def _give_up(self, reason: str) -> NoReturn:
        self.log.critical(reason)
        sys.exit(1)

    def _agree(self) -> None:
        """Sign messages as the connection file says, or let it say how they are signed."""
        for name in ("key", "signature_scheme"):
            if (said := getattr(self.connection, name)) is not None:
                setattr(self.session, name, said)
            setattr(self.connection, name, getattr(self.session, name))

    def _begin_threads(self) -> None:
        self.control_thread = ControlThread(daemon=True)
        self.shell_channel_thread = ShellChannelThread(self.connection.context, daemon=True)
        self._log_tornado()
        self.iopub_thread = IOPubThread(self.connection.sockets["iopub"], pipe=True, session=self.session)
        self.iopub_thread.start()

    def _open_heartbeat(self) -> None:
        """Begin to answer pings, in a context of its own: the interpreter's lock never holds them up."""
        connection = self.connection
        address = connection.transport, connection.ip, connection.ports["hb_port"]
        public, secret = connection.curve or (None, None)
        self.heartbeat = Heartbeat(zmq.Context(), address, curve_publickey=public, curve_secretkey=secret)
        connection.ports["hb_port"] = self.heartbeat.port
        self.heartbeat.start()

    def _log_tornado(self) -> None:
        # Without a handler, tornado would set up logging for the whole process, also for programs.
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logging.getLogger("tornado").addHandler(handler)

    def _tell(self) -> None:
        """Say on the terminal how clients find a kernel that was started by hand."""
        if not self.parent_handle and self.log.isEnabledFor(logging.ERROR):
            hint = f"A kernel runs. To connect a client: jupyter console --existing {self.connection.path}"
            print(hint, "It ends when a client shuts it down, not on Ctrl-C.", sep="\n", file=sys.__stdout__)

    def _capture(self) -> None:
        """Let what is printed go to the clients, and the log stay on the terminal."""
        for name in ("stdout", "stderr"):
            terminal = getattr(sys, f"__{name}__")
            if terminal is not None:
                terminal.flush()
            echo = None if self.quiet else terminal
            stream = ProgramStream(self.session, self.iopub_thread, name, echo=echo, watchfd=self.capture_fd_output)
            setattr(sys, name, stream)
        copy = getattr(sys.stderr, "_original_stdstream_copy", None)
        for handler in self.log.handlers:
            if copy is not None and isinstance(handler, logging.StreamHandler):
                handler.setStream(open(copy, "w", encoding="utf-8", closefd=False))  # noqa: SIM115

    def _make_kernel(self) -> None:
        """Make the kernel and begin the threads that hand it requests."""
        shell = ZMQStream(self.connection.sockets["shell"], self.shell_channel_thread.io_loop)
        self.shell_channel_thread.shell_stream = shell
        control = ZMQStream(self.connection.sockets["control"], self.control_thread.io_loop)
        self.control_thread.start()
        self.shell_channel_thread.start()
        self.kernel = HocketKernel.instance(
            parent=self,
            session=self.session,
            control_stream=control,
            shell_stream=shell,
            control_thread=self.control_thread,
            shell_channel_thread=self.shell_channel_thread,
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_thread.background_socket,
            stdin_socket=self.connection.sockets["stdin"],
            log=self.log,
        )
        self.kernel.record_ports(self.connection.ports)

    def start(self) -> None:
        """Serve until shut down."""
        # Output and interrupts are served by other threads: beside a computing program they
        # wait for this interval, some ten times per message.
        sys.setswitchinterval(0.0002)
        routing.install()
        self._watch_parent()
        self.kernel.start()
        loop = IOLoop.current()
        while not self.kernel.is_over:
            # A Python callback has stopped the loop, or raised what asyncio lets end it.
            with suppress(SystemExit, KeyboardInterrupt):
                loop.start()
        self.kernel.breathe(0)
        # ipykernel ends its iopub thread before these; one that is still answering the shutdown
        # would then wait for it for ever, and the process with it.
        for thread in (self.control_thread, self.shell_channel_thread):
            thread.stop()
            thread.join(timeout=1)
        leave()

    def _watch_parent(self) -> None:
        """End with the process that has started the kernel."""
        if sys.platform == "win32":
            if self.interrupt or self.parent_handle:
                ParentPollerWindows(self.interrupt, self.parent_handle).start()
        elif self.parent_handle > 1:  # the first process of all never ends, and takes in those without a parent
            ParentPollerUnix(self.parent_handle).start()

    def close(self) -> None:
        """Give the streams back, end the threads, and close the sockets when what waits there has been sent."""
        for name in ("stdout", "stderr"):
            setattr(sys, name, getattr(sys, f"__{name}__"))
        self.heartbeat.context.term()
        self.iopub_thread.stop()
        self.iopub_thread.close()
        for thread in (self.control_thread, self.shell_channel_thread):
            if thread.is_alive():
                thread.stop()
                thread.join()
        self.connection.close()


def leave() -> None:
    """End the process: what is to be done at its end is, but no thread in a hung call is waited for."""
    last = threading.Timer(GRACE, os._exit, (1,))
    last.daemon = True
    last.start()
    atexit._run_exitfuncs()
    os._exit(0)
