"""The debugger: requests of the Debug Adapter Protocol, on the control channel.

debugpy stops programs and steps through them.  What they hold is shown from here, by the
program's names and in the language's form, and expressions are the language's: a client
sees neither Python nor the runtime.

Whether there is a debugger is known without importing it; all else waits for the first request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hocket_kernel.debugger.requests import Requests
    from hocket_kernel.kernel import HocketKernel

MISSING = "the debugger needs debugpy: pip install 'hocket[debug]'"


def is_available() -> bool:
    """Whether debugpy can be imported."""
    return find_spec("debugpy") is not None


class Debugger:
    """The debugger of a kernel; free of cost until a client asks for it."""

    def __init__(self, kernel: HocketKernel) -> None:
        self._kernel = kernel
        self._requests: Requests | None = None

    async def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the response to a request; one that cannot be met says why.  In the control thread."""
        if self._requests is None:
            if not is_available():
                return refused(message, MISSING)
            from hocket_kernel.debugger.requests import Requests

            self._requests = Requests(self._kernel, await self._kernel.program_made())
        try:
            return await self._requests.answer(message)
        except Exception as error:  # noqa: BLE001  without an answer the client would wait for ever
            self._kernel.log.error("internal error of the debugger", exc_info=True)
            return refused(message, f"internal error of the debugger: {type(error).__name__}: {error}")

    def on_sigint(self) -> None:
        """Let the program go on, if it stands still, to be stopped; an expression of a client ends here."""
        if self._requests is not None:
            self._requests.on_sigint()

    @contextmanager
    def cell(self) -> Iterator[None]:
        """Run a cell for the length of the `with` block: breakpoints count again, and a step ends with it."""
        if self._requests is not None:
            self._requests.begin_cell()
        try:
            yield
        finally:
            if self._requests is not None:
                self._requests.end_cell()

    async def close(self) -> None:
        """Let the program go on, and leave nothing behind."""
        if self._requests is not None:
            await self._requests.close()


def response(message: dict[str, Any], body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the response to a request that was met."""
    return {**_head(message), "success": True, "body": body or {}}


def refused(message: dict[str, Any], why: str) -> dict[str, Any]:
    """Return the response to a request that was not met."""
    return {**_head(message), "success": False, "message": why, "body": {"error": {"id": 1, "format": why}}}


def _head(message: dict[str, Any]) -> dict[str, Any]:
    number = message.get("seq", 0)
    return {"type": "response", "seq": number, "request_seq": number, "command": message.get("command", "")}
