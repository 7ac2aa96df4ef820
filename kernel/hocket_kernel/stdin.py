"""`input` in a notebook: the client is asked, and the loop goes on.

The question goes to the client that sent the cell, whichever task of it asks.  One is
open at a time; others wait for their turn.
"""

from __future__ import annotations

import asyncio
import builtins
import getpass
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import zmq
from zmq.eventloop.zmqstream import ZMQStream

if TYPE_CHECKING:
    from hocket_kernel.base import AsyncKernel

ALLOWED: ContextVar[bool] = ContextVar("ALLOWED", default=False)
"""Whether the client of the request in this context answers questions."""

_END_OF_FILE = "\x04"


class Prompts:
    """Asks the clients of one kernel for lines."""

    def __init__(self, kernel: AsyncKernel) -> None:
        self._kernel = kernel
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[str] | None = None
        self._stream = ZMQStream(kernel.stdin_socket)
        self._stream.on_recv(self._on_reply)

    def serve_python(self) -> None:
        """Ask the client for what Python code reads with `input` and `getpass`."""

        def line(prompt: object = "") -> str:
            return self.read(str(prompt))

        def secret(prompt: str = "Password: ", stream: object = None, **options: object) -> str:
            return self.read(prompt, password=True)

        builtins.input = line
        getpass.getpass = secret

    async def ask(self, prompt: str = "", password: bool = False) -> str:
        """Return the line that the user enters; `""` at the end of the input.

        A cancelled question is closed: what the user enters later goes nowhere.
        """
        self._check_allowed()
        async with self._turn:
            try:
                return await self._open(prompt, password)
            finally:
                self._answer = None

    def read(self, prompt: str = "", password: bool = False) -> str:
        """Return the line that the user enters; meanwhile nothing else runs."""
        from hocket import errors

        self._check_allowed()
        if self._turn.locked():
            raise errors.Error("input() is already waiting in another task", hint="call it in an async func")
        try:
            answer = self._open(prompt, password)
            while not answer.done():
                # Short, so that a stop gets through on every system.
                self._kernel.stdin_socket.poll(50)
                self._stream.flush(zmq.POLLIN)
            return answer.result()
        finally:
            self._answer = None

    def _check_allowed(self) -> None:
        if not ALLOWED.get():
            from hocket import errors

            raise errors.Error("input() is not possible: this client does not answer questions")

    def _open(self, prompt: str, password: bool) -> asyncio.Future[str]:
        if sys.stdout is not None:
            sys.stdout.flush()
        kernel = self._kernel
        self._stream.flush(zmq.POLLIN)  # an answer to a question that was closed
        self._answer = answer = asyncio.get_running_loop().create_future()
        content = {"prompt": str(prompt), "password": password}
        parent, ident = kernel.get_parent("shell"), kernel.shell_ident()
        kernel.wire.send(self._stream, "input_request", content, parent, ident=ident)
        self._stream.flush(zmq.POLLOUT)  # now: the loop may not turn until there is an answer
        return answer

    def _on_reply(self, frames: list[bytes]) -> None:
        """Take a line from a client; without an open question it is dropped."""
        answer = self._answer
        if answer is None or answer.done():
            return
        try:
            _, rest = self._kernel.wire.feed_identities(frames)
            reply: dict[str, Any] = self._kernel.wire.deserialize(rest)
            value = str(reply["content"]["value"])
        except Exception:
            self._kernel.log.warning("invalid input_reply", exc_info=True)
            return
        answer.set_result("" if value == _END_OF_FILE else value)
