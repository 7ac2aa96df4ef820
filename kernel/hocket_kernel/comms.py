"""Comms: what widgets, and other counterparts in a client, have to say to the program.

A comm belongs to the cell that made it, or that registered the target which a client opens.  What a
message to it calls is a task of that cell: there it prints and fails, there a Stop finds it, and async
functions go on there.  A client knows the answers to its messages by their parent, so what a comm sends
meanwhile is sent for the message, not for the cell.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

import comm
from ipykernel.comm import CommManager
from ipykernel.comm.comm import BaseComm

if TYPE_CHECKING:
    from hocket_kernel.base import AsyncKernel

Message = dict[str, Any]


class CellComm(BaseComm):
    """A comm that knows its cell."""

    def __init__(self, comms: Comms, *arguments: Any, **options: Any) -> None:
        self.comms = comms
        self.home = copy_context()
        comms.on_new()
        super().__init__(*arguments, **options)

    def publish_msg(self, *arguments: Any, **options: Any) -> None:
        """Send a message to the clients."""
        context = copy_context()
        if self.comms.asked is not None:
            context.run(self.comms.kernel._shell_parent.set, self.comms.asked)
        context.run(super().publish_msg, *arguments, **options)


class Comms(CommManager):
    """The comms of one kernel."""

    def __init__(self, kernel: AsyncKernel) -> None:
        super().__init__()
        self.kernel = kernel
        self._homes: dict[str, Context] = {}
        # Called when the program makes a comm.
        self.on_new: Callable[[], None] = lambda: None
        # The message that is being handled.
        self.asked: Message | None = None

    def connect(self) -> None:
        """Let Python's `comm` package, and so ipywidgets, talk through this kernel."""
        comm.create_comm = functools.partial(CellComm, self)
        comm.get_comm_manager = lambda: self
        for kind in ("comm_open", "comm_msg", "comm_close"):
            self.kernel.shell_handlers[kind] = self._handle

    def register_target(self, target_name: str, f: Callable[..., Any] | str) -> None:
        """Have `f` called, in the caller's cell, with each comm of that name that a client opens, and its message."""
        super().register_target(target_name, f)
        self._homes[target_name] = copy_context()

    async def _handle(self, stream: Any, ident: list[bytes], message: Message) -> None:
        await self.kernel.on_main(self._take(message))

    async def _take(self, message: Message) -> None:
        """Do what a client's message asks for; messages to one comm stay in order."""
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_open":
            await self._open(message, content["comm_id"], content["target_name"])
            return
        # A message may come before its comm or after it.
        found = self.comms.get(content["comm_id"])
        if found is None:
            return
        if kind == "comm_close":
            del self.comms[content["comm_id"]]
            found._closed = True
        await self._run(message, found.home, found.handle_msg if kind == "comm_msg" else found.handle_close, message)

    async def _open(self, message: Message, comm_id: str, target_name: str) -> None:
        home = self._homes.get(target_name, copy_context())
        opened = home.copy().run(CellComm, self, comm_id=comm_id, target_name=target_name, primary=False)
        self.register_comm(opened)
        target = self.targets.get(target_name)
        if target is None or not await self._run(message, home, target, opened, message):
            opened.close()

    async def _run(self, message: Message, home: Context, function: Callable[..., Any], *arguments: Any) -> bool:
        """Call `function` in the cell whose context is `home`; return whether it succeeded."""

        def call() -> None:
            self.asked = message
            try:
                function(*arguments)
            finally:
                self.asked = None

        kernel: AsyncKernel = self.kernel
        return await kernel.call_in(home, call)
