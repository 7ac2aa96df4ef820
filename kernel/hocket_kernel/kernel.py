"""The kernel: the protocol's requests on one side, the language's session on the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from types import FrameType
from typing import TYPE_CHECKING, Any

import hocket
from hocket_kernel import debugger
from hocket_kernel.base import AsyncKernel, answered
from hocket_kernel.cells import Cells, Request
from hocket_kernel.debugger import Debugger
from hocket_kernel.stdin import Prompts

if TYPE_CHECKING:
    from hocket.completion import Completions
    from hocket.permissions import Permissions
    from hocket.session import Session

DESCRIBED = 1_000
"""Proposals of one completion whose types and signatures are told."""

# Seconds that the history has to be written at the end.
HISTORY_GRACE = 0.5


class HocketKernel(AsyncKernel):
    """The `do_…` methods of the language, and nothing else."""

    implementation = "hocket"
    implementation_version = hocket.__version__
    banner = f"Hocket {hocket.__version__}"
    language_info = {
        "name": "hocket",
        "version": hocket.__version__,
        "mimetype": "text/x-hocket",
        "file_extension": ".hkt",
        # Our own mode where a client has it, Go's colours where not; Pygments has our lexer.
        "codemirror_mode": {"name": "hocket", "mime": "text/x-go"},
        "pygments_lexer": "hocket",
        "nbconvert_exporter": "script",
    }

    def __init__(self, **options: Any) -> None:
        self._cells = Cells(self)
        self.debugger = Debugger(self)
        self._program: Session | None = None
        super().__init__(**options)

    @property
    def program(self) -> Session:
        """The session of the language; made when first needed, so that start-up does not wait for it."""
        if self._program is None:
            from hocket.session import Session
            from hocket.stdlib import core, showing

            self._program = Session(clock=self._clock(), permissions=self._permissions())
            core.line_source = prompts = Prompts(self)
            prompts.serve_python()
            showing.screen = self._cells.screen
            self._serve_libraries(self._program)
        return self._program

    async def program_made(self) -> Session:
        """Return the session, made in the main thread; from whichever."""

        async def make() -> Session:
            return self.program

        return await self.on_main(make()) if self._program is None else self._program

    def _clock(self) -> str | None:
        from hocket.errors import ValueError as Unknown
        from hocket.runtime.clock import chosen

        try:
            return chosen().name
        except Unknown as error:
            self._cells.warnings.append(f"HOCKET_CLOCK: {error}; time is real")
            return "real"

    def _permissions(self) -> Permissions:
        """Return what the environment permits; nothing if that cannot be read."""
        from hocket.errors import ValueError as Unknown
        from hocket.permissions import VARIABLE, Permissions, granted

        try:
            return granted()
        except Unknown as error:
            self._cells.warnings.append(f"{VARIABLE}: {error}; nothing is allowed")
            return Permissions.parse("untrusted", VARIABLE)

    def _serve_libraries(self, program: Session) -> None:
        from hocket_kernel.display.libraries import Libraries

        libraries = Libraries(self._cells.screen, self, lambda error: program.scheduler.report(error, None))
        libraries.install()
        self.comm_manager.on_new = libraries.adapt_widgets

    # The base counts every request, also those that are not to be counted.
    @property
    def execution_count(self) -> int:
        """The number of the newest cell that was counted."""
        return self._cells.count

    @execution_count.setter
    def execution_count(self, value: int) -> None:
        pass

    def _publish_execute_input(self, code: str, parent: dict[str, Any], execution_count: int) -> None:
        """Leave it to `Cells`, which knows the number."""

    @property
    def kernel_info(self) -> dict[str, Any]:
        """What the kernel can do.  The base's own would import a debugger to claim it."""
        return {
            "protocol_version": "5.5",
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            "supported_features": ["kernel subshells", *(["debugger"] if debugger.is_available() else [])],
        }

    async def kernel_info_request(self, stream: Any, ident: list[bytes], parent: dict[str, Any]) -> None:
        """Answer, and then get ready for the first cell."""
        await super().kernel_info_request(stream, ident, parent)
        if self._program is None:
            self.main_loop.call_soon_threadsafe(self._warm_up)

    def _warm_up(self) -> None:
        from hocket.syntax import parser

        if self._program is None:
            _ = self.program
            threading.Thread(target=parser.load, name="grammar", daemon=True).start()

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Stop the running cell; nothing if none runs."""
        if self._program is not None:
            self.debugger.on_sigint()
            self._program.on_sigint(signum, frame)

    async def call_in(self, context: Context, function: Callable[[], object]) -> bool:
        """Call `function` as a task of the cell with this context; return whether it succeeded."""
        from hocket import errors
        from hocket.runtime import current
        from hocket.runtime.objects import Handed

        scheduler = self.program.scheduler
        if scheduler.is_closed:
            return False
        answer: Future[None] = Future()

        def begin() -> Handed:
            current.scheduler = scheduler
            return Handed(answer, function, (), {})

        call = context.copy().run(begin)
        ended = asyncio.wrap_future(answer)
        await asyncio.wait({ended})
        error = ended.exception()
        if error is not None and not isinstance(error, errors.CancelledError):
            scheduler.report_now(error, call)
        return error is None

    async def let_go(self) -> None:
        """Let a program go on that the debugger holds."""
        await self.debugger.close()

    async def close_program(self, grace: float) -> None:
        """Cancel all tasks, close what the session holds open, and write the history."""
        if self._program is not None:
            await self._program.close(grace=grace)
        await asyncio.wait({asyncio.wrap_future(self._cells.history.close())}, timeout=HISTORY_GRACE)

    async def do_debug_request(self, msg: dict[str, Any]) -> dict[str, Any]:
        """Answer a request to the debugger; in the control thread."""
        return await self.debugger.answer(msg)

    @answered
    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: dict[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Run a cell."""
        request = Request(code, silent, store_history, user_expressions or {}, allow_stdin)

        async def execute() -> dict[str, Any]:
            if self.is_closing:
                return {"status": "aborted"}
            return await self._cells.execute(self.program, request)

        return await self.on_main(execute())

    @answered
    async def do_complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """Return what could stand at the cursor, with types and signatures."""

        async def complete() -> Completions:
            found: Completions | None = None
            if "%" in code:
                from hocket_kernel import magics  # the first Tab need not wait for them

                found = magics.complete(code, cursor_pos)
            return found or self.program.complete(code, cursor_pos)

        found = await self.on_main(complete())
        span = {"start": found.start, "end": found.end}
        # Nobody reads on beyond these, and all of a large session take long to write.
        shown = found.items[:DESCRIBED]
        types = [{"text": item.text, "type": item.type, "signature": item.signature, **span} for item in shown]
        return {
            "status": "ok",
            "matches": [item.text for item in found.items],
            "cursor_start": found.start,
            "cursor_end": found.end,
            "metadata": {"_jupyter_types_experimental": types},
        }

    @answered
    async def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> dict[str, Any]:
        """Return what is known about the name or call at the cursor."""

        async def inspect() -> dict[str, str]:
            from hocket_kernel import magics

            found = magics.describe(code, cursor_pos) or self.program.inspect(code, cursor_pos)
            return {} if found is None else {"text/plain": found.text, "text/markdown": found.markdown}

        data = await self.on_main(inspect())
        data = {kind: text for kind, text in data.items() if kind not in omit_sections}
        return {"status": "ok", "found": bool(data), "data": data, "metadata": {}}

    @answered
    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """Return whether a console should run the text or go on reading, and with which indent."""

        async def is_complete() -> tuple[str, str]:
            from hocket_kernel import magics

            return magics.is_complete(self.program, code) or self.program.is_complete(code)

        status, indent = await self.on_main(is_complete())
        return {"status": status, "indent": indent} if status == "incomplete" else {"status": status}

    @answered
    async def do_history(
        self,
        hist_access_type: str,
        output: bool = False,
        raw: bool = True,
        session: int | None = None,
        start: int | None = None,
        stop: int | None = None,
        n: int | None = None,
        pattern: str | None = None,
        unique: bool = False,
    ) -> dict[str, Any]:
        """Return cells that were run."""
        options = {"session": session, "start": start, "stop": stop, "n": n, "pattern": pattern, "unique": unique}
        found = self._cells.history.reply(hist_access_type, output, **options)
        return {"status": "ok", "history": await asyncio.wrap_future(found)}
