"""ipykernel's kernel, made fit for a language that is asynchronous.

ipykernel runs one request at a time in one persistent context, raises
KeyboardInterrupt wherever the loop happens to be, and runs subshells in threads.
Here requests run in tasks with contexts of their own, an interrupt is the
interpreter's business, requests that only ask are answered while a cell runs, and
whatever concerns the program happens on the one main loop.
"""

from __future__ import annotations

import _thread
import asyncio
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from datetime import datetime
from types import FrameType
from typing import Any, TypeVar, cast

import traitlets
from ipykernel.kernelbase import Kernel
from jupyter_client.session import Session

from hocket.runtime.process import wake_at_signals
from hocket_kernel.comms import Comms
from hocket_kernel.output import Companion, ProgramStream

T = TypeVar("T")

ASIDE = frozenset(
    {
        "complete_request",
        "inspect_request",
        "is_complete_request",
        "history_request",
        "kernel_info_request",
        "comm_info_request",
        "comm_open",
        "comm_msg",
        "comm_close",
        "interrupt_request",
        "shutdown_request",
    }
)
"""Requests that are answered while a cell runs, and that cause no output of their own."""

# Seconds that clean-up of a program gets when the kernel is shut down, and after which
# the process ends whatever its main thread is doing.
GRACE = 4.0
LAST_RESORT = 1.0

BREATH = 0.005
"""Seconds of computing after which other threads may run, also in a long call that only checks for signals."""


def answered(method: Callable[..., Awaitable[dict[str, Any]]]) -> Callable[..., Coroutine[Any, Any, dict[str, Any]]]:
    """Make `method` always return a reply: ipykernel sends none when a handler raises, and the client hangs."""

    @functools.wraps(method)
    async def answer(self: AsyncKernel, *arguments: Any, **options: Any) -> dict[str, Any]:
        try:
            return await method(self, *arguments, **options)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            self.log.error("internal error of the kernel in %s", method.__name__, exc_info=True)
            message = f"internal error of the kernel: {error}"
            return {"status": "error", "ename": type(error).__name__, "evalue": message, "traceback": [message]}

    return answer


def sent(header: dict[str, Any]) -> float | None:
    """Return when a message was sent, by its client's clock; None if it does not say."""
    date = header.get("date")
    return date.timestamp() if isinstance(date, datetime) else None


def runs(process: Any) -> bool:
    """Whether a process, psutil's, has not ended: until its parent asks for its end it is listed."""
    try:
        return bool(process.is_running() and process.status() != "zombie")
    except Exception:  # noqa: BLE001  it ends while it is asked
        return False


class AsyncKernel(Kernel):
    """What every request needs, whatever the language.

    Subclasses provide the `do_…` methods, `on_sigint`, `call_in`, `let_go` and `close_program`.
    """

    # The base's would be one of IPython's, and import that to say so.
    profile_dir = traitlets.Any()

    # ipykernel sleeps this long, blocking, before each reply.
    _execute_sleep = 0.0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.main_loop: asyncio.AbstractEventLoop
        self.is_closing = self.is_over = False
        # By subshell: when its newest cell began, and who had sent the one that failed, until when others were sent.
        self._begun: dict[str | None, float] = {}
        self._failures: dict[str | None, tuple[str, float]] = {}
        self.companion: Any = Companion(self.iopub_thread)
        self.comm_manager = Comms(self)
        self.comm_manager.connect()
        self._debug_requests = 0

    # What the language provides.

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Handle a stop; runs in the main thread between two instructions of whatever it was doing."""
        raise NotImplementedError

    async def call_in(self, context: Context, function: Callable[[], object]) -> bool:
        """Call `function` as a task of the cell with this context; return whether it succeeded.

        Its failure is shown in that cell.
        """
        raise NotImplementedError

    async def let_go(self) -> None:
        """Let a program go on that a debugger holds; in the control thread."""

    async def close_program(self, grace: float) -> None:
        """Cancel what runs; return when its clean-up has ended or `grace` seconds have passed."""
        raise NotImplementedError

    @property
    def wire(self) -> Session:
        """What packs and signs messages; the base allows for a kernel without."""
        assert self.session is not None
        return self.session

    # The main loop.

    def start(self) -> None:
        """Begin to take requests, on the running thread's loop."""
        super().start()
        self.main_loop = self.io_loop.asyncio_loop  # type: ignore[attr-defined]
        if threading.current_thread() is threading.main_thread():
            wake_at_signals(self.main_loop)
            signal.signal(signal.SIGINT, self.on_sigint)
            signal.signal(signal.SIGTERM, self._on_sigterm)
            self.breathe(BREATH)

    def breathe(self, period: float) -> None:
        """Let other threads run each `period` seconds of computing; 0 ends that.

        A regular expression or a large int holds Python's lock for as long as it takes, but checks
        for signals.  Handling one lets the threads go on that send output and take a Stop by message.
        """
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGVTALRM, lambda signum, frame: None)
            signal.setitimer(signal.ITIMER_VIRTUAL, period, period)

    async def on_main(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` in the main loop and return its value, from whichever thread.

        Control requests and subshells have threads and loops of their own; what belongs
        to the program has one.
        """
        if asyncio.get_running_loop() is self.main_loop:
            return await coroutine
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.main_loop))

    # Whose output it is.

    def set_parent(self, ident: list[bytes], parent: dict[str, Any], channel: str = "shell") -> None:
        """Make `parent` the request that what happens in this context is caused by.

        ipykernel's base does not tell the streams.  A request that only asks does not become
        the place for output of threads that have no context.
        """
        newest = self._shell_context
        super().set_parent(ident, parent, channel)
        if channel != "shell":
            return
        if parent["header"]["msg_type"] in ASIDE:
            self._shell_context = newest
        else:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, ProgramStream):
                    stream.set_parent(parent)

    def _publish_status(self, status: str, channel: str, parent: dict[str, Any] | None = None) -> None:
        """Say whether the kernel is busy; together with `execute_input` where that comes next."""
        request = parent or self.get_parent(channel)
        is_cell = bool(request) and request["header"]["msg_type"] == "execute_request"
        is_first = status == "busy" and is_cell and not request["content"].get("silent", False)
        socket = self.companion if is_first else self.iopub_socket
        self.wire.send(socket, "status", {"execution_state": status}, parent=request, ident=self._topic("status"))

    # Requests beside a running cell.

    async def shell_main(self, subshell_id: str | None, msg: list[Any]) -> None:
        """Handle a request of the shell channel: cells one after the other, questions at once."""
        if self._is_busy(subshell_id) and self._type_of(msg) in ASIDE:
            # In a copied context: the running cell's parent stays what it is.
            loop = asyncio.get_running_loop()
            await loop.create_task(self.dispatch_shell(msg, subshell_id=subshell_id), context=copy_context())
        else:
            await super().shell_main(subshell_id, msg)

    def _is_busy(self, subshell_id: str | None) -> bool:
        if subshell_id is None:
            return self._main_asyncio_lock.locked()
        return bool(self.shell_channel_thread.manager.get_subshell_asyncio_lock(subshell_id).locked())

    def _type_of(self, msg: list[Any]) -> str:
        try:
            _, frames = self.wire.feed_identities(msg, copy=False)
            return str(self.wire.unpack(frames[1].bytes)["msg_type"])  # type: ignore[union-attr]
        except Exception:
            return ""  # what is wrong with it is found, and reported, where it is handled

    def shell_ident(self) -> list[bytes]:
        """Return the client of the request that this context belongs to."""
        return cast(list[bytes], self._get_shell_context_var(self._shell_parent_ident))

    # The cells after an error.

    def should_handle(self, stream: Any, msg: dict[str, Any], idents: list[bytes]) -> bool:
        """Abort a cell that its client has sent before it could know that an earlier one failed.

        A client sends the cells of a notebook one after the other; some may arrive when the error is told.
        """
        header = msg["header"]
        if header["msg_type"] == "execute_request":
            subshell = header.get("subshell_id")
            session, told = self._failures.get(subshell, ("", 0.0))
            when = sent(header)
            if session == header["session"] and when is not None and when < told:
                self._send_abort_reply(stream, msg, idents)
                return False
            self._begun[subshell] = time.monotonic()
        return bool(super().should_handle(stream, msg, idents))

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        super()._abort_queues(subshell_id)
        header = self.get_parent("shell")["header"]
        # By the client's own clock: it cannot have been told before the cell had run for so long.
        when = sent(header)
        if when is not None:
            self._failures[subshell_id] = header["session"], when + time.monotonic() - self._begun[subshell_id]

    # Interrupts.

    async def dispatch_control(self, msg: list[Any]) -> None:
        """Handle a request of the control channel; an interrupt does not wait for the one before it.

        Nothing but the next of its kind waits for one to the debugger, which may take as long as the program.
        """
        kind = self._type_of(msg)
        is_debugging = kind == "debug_request"
        if kind != "interrupt_request" and (is_debugging or not self._debug_requests):
            self._debug_requests += is_debugging
            try:
                await super().dispatch_control(msg)
            finally:
                self._debug_requests -= is_debugging
            return
        parent = self._control_parent_ident, self._control_parent
        await self.process_control(msg)
        self._control_parent_ident, self._control_parent = parent

    def pre_handler_hook(self) -> None:
        """Keep the handler of SIGINT as it is."""

    def post_handler_hook(self) -> None:
        """Keep the handler of SIGINT as it is."""

    async def interrupt_request(self, stream: Any, ident: list[bytes], parent: dict[str, Any]) -> None:
        """Stop what runs, asked by message; like a SIGINT from the client."""
        self.signal_main()
        self.wire.send(stream, "interrupt_reply", {"status": "ok"}, parent, ident=ident)

    def signal_main(self) -> None:
        """Send SIGINT to the main thread."""
        if os.name == "nt":
            _thread.interrupt_main(signal.SIGINT)
        else:
            # Not `interrupt_main`: that one does not wake a thread that sleeps in a system call.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    # The end.

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """Cancel what the program runs and let its clean-up end; runs in the control thread.

        A program that computes is stopped first, as by the user.  What still insists after
        the time for clean-up ends with the process.
        """
        self.is_closing = True
        await self.let_go()
        begun = threading.Event()

        async def close() -> None:
            begun.set()
            await self.close_program(GRACE)

        closed = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(close(), self.main_loop))
        for _ in range(5):
            await asyncio.wait({closed}, timeout=0.05)
            if begun.is_set():
                break
            self.signal_main()
        await asyncio.wait({closed}, timeout=GRACE + 0.2 if begun.is_set() else 0.2)
        if not closed.done():
            last = threading.Timer(LAST_RESORT, self._abandon)
            last.daemon = True
            last.start()
        return {"status": "ok", "restart": restart}

    def _abandon(self) -> None:
        """End the process without what an orderly end does, but for the file with the keys."""
        if self.parent is not None:
            self.parent.connection.remove()
        os._exit(1)

    async def _at_shutdown(self) -> None:
        """End child processes; after this the loop may end."""
        await super()._at_shutdown()
        self.is_over = True

    def _process_children(self) -> list[Any]:
        """Return the processes that programs have started and that run; ipykernel waits for ended ones, too."""
        return [child for child in super()._process_children() if runs(child)]

    async def _progressively_terminate_all_children(self) -> None:
        """End the processes that programs have started, those that insist after a second by force."""
        for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            for step in range(20):
                if not self._process_children():
                    return
                if step == 0:
                    self._signal_children(number)
                await asyncio.sleep(0.05)

    def _on_sigterm(self, signum: int, frame: FrameType | None) -> None:
        # A client that has asked for a shutdown sends this after 2.5 seconds: clean-up has longer.
        if not self.is_closing:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
