"""What a client asks of the debugger: attach, break, step, go on; and where the program stands.

Whatever shows values is in `looking`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING, Any

from hocket import errors, frames
from hocket.runtime.stops import Cancelled
from hocket.source import Source
from hocket_kernel.debugger import refused, response
from hocket_kernel.debugger.breakpoints import Breakpoint, Wrong, describe
from hocket_kernel.debugger.engine import ATTACHING, HOOK, Engine
from hocket_kernel.debugger.files import SEED, SUFFIX, Files
from hocket_kernel.debugger.looking import Looking
from hocket_kernel.debugger.programs import lines_of_cell
from hocket_kernel.debugger.stops import Stops
from hocket_kernel.debugger.wire import Lost, Wire

if TYPE_CHECKING:
    from hocket.session import Session
    from hocket_kernel.kernel import HocketKernel

Message = dict[str, Any]
Handler = Callable[[Message, dict[str, Any]], Awaitable[Message]]

NOT_ATTACHED = "the debugger is not attached"
PATIENCE = 10.0
"""Seconds that a cell which computes has to let debugpy start."""

EVENTS = ("initialized", "stopped", "continued", "terminated")
"""What clients are told of debugpy's events; the others are about Python's threads, modules and output."""

MOVES = ("continue", "next", "stepIn", "stepOut")
"""What debugpy answers as it is; no more, because it has requests that evaluate Python."""

FILTERS = {"raised": "always", "uncaught": "userUnhandled"}
"""What a client can break on, and debugpy's word: an error that a program does not catch goes to the runtime."""

CAPABILITIES = {
    "supportsConfigurationDoneRequest": True,
    "supportsConditionalBreakpoints": True,
    "supportsHitConditionalBreakpoints": True,
    "supportsLogPoints": True,
    "supportsEvaluateForHovers": True,
    "supportsClipboardContext": True,
    "supportsSetVariable": True,
    "supportsExceptionInfoRequest": True,
    "supportsModulesRequest": True,
    "supportsDelayedStackTraceLoading": True,
    "exceptionBreakpointFilters": [
        {"filter": "raised", "label": "Raised errors", "default": False},
        {"filter": "uncaught", "label": "Uncaught errors", "default": False},
    ],
}


class Requests:
    """The requests of one kernel's clients; in the control thread."""

    def __init__(self, kernel: HocketKernel, session: Session) -> None:
        self.kernel = kernel
        self.session = session
        self.files = Files()
        self.stops = Stops(self._go_on)
        self.engine = Engine(session, self.files, self._hooked)
        self.looking = Looking(self)
        self._wire: Wire | None = None
        self._lock = asyncio.Lock()
        self._numbers = count(1)
        self._calls: dict[int, Callable[[], Any]] = {}
        # Where a step over a line began: frame, line and instruction.
        self._begun: tuple[FrameType, int, int] | None = None
        self._again: asyncio.Task[Any] | None = None
        self._breakpoints: dict[str, list[tuple[int, Breakpoint]]] = {}
        self._handlers: dict[str, Handler] = {
            "initialize": self.initialize,
            "debugInfo": self.debug_info,
            "dumpCell": self.dump_cell,
            "disconnect": self.disconnect,
            **self.looking.handlers,
        }
        # Those that need a debugger attached.
        self._attached_handlers: dict[str, Handler] = {
            "attach": self.attach,
            "configurationDone": self.configuration_done,
            "setBreakpoints": self.set_breakpoints,
            "setExceptionBreakpoints": self.set_exception_breakpoints,
            "stackTrace": self.stack_trace,
            "threads": self.threads,
            **dict.fromkeys(MOVES, self.move),
        }

    async def answer(self, message: Message) -> Message:
        """Return the response to a request."""
        command, arguments = str(message.get("command", "")), message.get("arguments") or {}
        async with self._lock:
            handler = self._handlers.get(command)
            if handler is None:
                if self._wire is None:
                    return refused(message, NOT_ATTACHED)
                handler = self._attached_handlers.get(command)
                if handler is None:
                    return refused(message, f"unknown request: {command}")
            try:
                return await handler(message, arguments)
            except Wrong as error:
                return refused(message, str(error))
            except errors.HocketError as error:
                return refused(message, describe(error))
            except KeyError as error:
                return refused(message, f"{command} needs {error.args[0]}")
            except Lost:
                return refused(message, NOT_ATTACHED)

    # debugpy

    async def ask(self, command: str, arguments: dict[str, Any] | None = None) -> Message:
        """Return debugpy's response to a request; raises Lost."""
        if self._wire is None:
            raise Lost
        return await self._wire.ask(command, arguments)

    async def forward(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Let debugpy answer."""
        try:
            found = await asyncio.wait_for(self.ask(message["command"], arguments), PATIENCE)
        except TimeoutError:
            raise Wrong(f"debugpy does not answer {message['command']}") from None
        if found.get("success"):
            return response(message, found.get("body"))
        return refused(message, found.get("message") or f"cannot {message['command']}")

    def _hooked(self, number: int) -> Any:
        """What debugpy calls in the program's thread, where it would evaluate Python."""
        call = self._calls.get(number)
        return None if call is None else call()

    async def in_frame(self, number: int, function: Callable[[FrameType], Any]) -> Any:
        """Return what `function` makes of the frame that clients know as `number`, in the frame's thread.

        Raises Wrong if the program has gone on, or HocketError.
        """
        frame = self.frame(number)
        outcome: list[tuple[Any, BaseException | None]] = []

        def call() -> None:
            try:
                self.stops.is_evaluating = True
                value = function(frame)
                self.stops.is_evaluating = False
                outcome.append((value, None))
            except BaseException as error:  # noqa: BLE001  a Stop too: it is for what runs here
                self.stops.is_evaluating = False
                outcome.append((None, error))

        key = next(self._numbers)
        self._calls[key] = call
        try:
            await self.ask("evaluate", {"expression": f"{HOOK}({key})", "frameId": number, "context": "hover"})
        finally:
            del self._calls[key]
        if not outcome:
            raise Wrong("the program has gone on")
        value, error = outcome[0]
        if isinstance(error, Cancelled):
            raise Wrong("stopped")
        if error is not None:
            raise error
        return value

    def frame(self, number: int) -> FrameType:
        """Return the frame that clients know as `number`; raises Wrong if it has gone on."""
        frame = self.engine.frame(number) if self._wire is not None else None
        if frame is None:
            raise Wrong("the program has gone on")
        return frame

    def _on_event(self, event: Message) -> None:
        """Take note of what debugpy tells, and tell the clients."""
        kind, body = event["event"], event.get("body") or {}
        if kind == "stopped":
            thread = body.get("threadId", 1)
            if body.get("reason") == "step" and self._is_same_line(thread):
                self._again = asyncio.get_running_loop().create_task(self.ask("next", {"threadId": thread}))
                return
            self._begun = None
            self.looking.forget()
            self.stops.begin(thread)
            error = self.raised(thread)
            if error is not None:
                body |= {"description": getattr(error, "type", type(error).__name__), "text": str(error)}
        elif kind in ("continued", "terminated"):
            self.looking.forget()
            self.stops.end()
        if kind in EVENTS:
            self._tell(kind, body)

    def _is_same_line(self, thread: int) -> bool:
        """Whether a step has led no further than to what follows an await on its line, as it does in Python 3.12."""
        here, begun = self.engine.innermost(thread), self._begun
        return (
            here is not None
            and begun is not None
            and here is begun[0]
            and (here.f_lineno == begun[1] and here.f_lasti > begun[2])
        )

    def _tell(self, kind: str, body: dict[str, Any]) -> None:
        self.kernel._publish_debug_event({"type": "event", "seq": next(self._numbers), "event": kind, "body": body})

    def _output(self, text: str, category: str) -> None:
        """Write a line to the clients' consoles; in the program's thread."""
        self.stops.call(lambda: self._tell("output", {"category": category, "output": f"{text}\n"}))

    # A session

    async def initialize(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Start debugpy, if it has not been, and connect to it."""
        if self._wire is None:
            try:
                await asyncio.wait_for(self.kernel.on_main(self.engine.trace()), PATIENCE)
            except TimeoutError:
                raise Wrong("a cell keeps the kernel busy: stop it, then start the debugger") from None
            self._wire = await self.engine.connect(self._on_event)
            self.stops.is_passing = False
        await self.ask("initialize", {**arguments, "pathFormat": "path"})
        return response(message, CAPABILITIES)

    async def attach(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Begin to stop programs, and nothing else."""
        return await self.forward(message, {**arguments, **ATTACHING})

    async def configuration_done(self, message: Message, arguments: dict[str, Any]) -> Message:
        """All breakpoints are set that were known."""
        return await self.forward(message, arguments)

    async def disconnect(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Let the program go on without a debugger; breakpoints are forgotten."""
        if self._wire is not None:
            await self.stops.release()
            await self.ask("disconnect", {"restart": False, "terminateDebuggee": False})
            self._wire.close()
            self._wire = None
            self.kernel.main_loop.call_soon_threadsafe(self.engine.leave)
        self._breakpoints.clear()
        self._begun = None
        self.looking.forget()
        self.stops.end()
        return response(message)

    async def close(self) -> None:
        """Disconnect, whatever a client asks meanwhile."""
        if self._wire is not None:
            self.stops.is_passing = True
            try:
                await asyncio.wait_for(self.disconnect({}, {}), 1)
            except Exception:  # noqa: BLE001  the process ends, whatever debugpy says
                self.kernel.log.debug("debugpy did not disconnect", exc_info=True)

    async def debug_info(self, message: Message, arguments: dict[str, Any]) -> Message:
        """How cells are named, and what a client that comes back must know."""
        found = [
            {"source": path, "breakpoints": [{**point.wanted, "line": point.line} for _, point in points]}
            for path, points in self._breakpoints.items()
        ]
        body = {
            "isStarted": self._wire is not None,
            "hashMethod": "Murmur2",
            "hashSeed": SEED,
            "tmpFilePrefix": self.files.prefix,
            "tmpFileSuffix": SUFFIX,
            "breakpoints": found,
            "stoppedThreads": list(self.stops.threads),
            "richRendering": True,
            "exceptionPaths": ["Errors"],
            "copyToGlobals": True,
        }
        return response(message, body)

    async def dump_cell(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Give a cell its path."""
        return response(message, {"sourcePath": self.files.of_text(arguments["code"])})

    # Breakpoints

    async def set_breakpoints(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Replace the breakpoints of one program; each that cannot be set says why."""
        path = arguments["source"]["path"]
        wanted = arguments.get("breakpoints") or [{"line": line} for line in arguments.get("lines") or ()]
        for key, _ in self._breakpoints.pop(path, ()):
            self._calls.pop(key, None)
        made = [self._made(item, path) for item in wanted]
        points = [(next(self._numbers), point) for point in made if isinstance(point, Breakpoint)]
        for key, point in points:
            self._calls[key] = lambda point=point: self._stops_at(point)  # type: ignore[misc]  # bound now
        asked = [{"line": point.line, "condition": f"{HOOK}({key})"} for key, point in points]
        found = await self.ask("setBreakpoints", {"source": {"path": path}, "breakpoints": asked})
        if not found.get("success"):
            return refused(message, found.get("message") or "breakpoints cannot be set")
        if points:
            self._breakpoints[path] = points
        placed = iter(found["body"]["breakpoints"])
        answers = [
            {"verified": False, "line": item["line"], "message": str(point)}
            if isinstance(point, Wrong)
            else next(placed)
            for item, point in zip(wanted, made, strict=True)
        ]
        return response(message, {"breakpoints": answers})

    def _made(self, wanted: dict[str, Any], path: str) -> Breakpoint | Wrong:
        try:
            return Breakpoint(self.session, wanted, lines_of_cell(self.session, self.files.texts.get(path)))
        except Wrong as error:
            return error

    def _stops_at(self, point: Breakpoint) -> bool:
        frame = next(frames.stack(sys._getframe()), None)
        if frame is None or frames.source_of(frame) is None or self.stops.is_passing:
            return False
        return point.stops(frame, self._output)

    async def set_exception_breakpoints(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Break on errors when they are raised, or when the program does not catch them."""
        chosen = [FILTERS[name] for name in arguments.get("filters") or () if name in FILTERS]
        # What the runtime stops programs with is none of them.
        path = [{"names": ["Python Exceptions"]}, {"names": ["Exception"]}]
        options = [{"path": path, "breakMode": mode} for mode in chosen[:1]]
        found = await self.ask("setExceptionBreakpoints", {"filters": [], "exceptionOptions": options})
        return response(message) if found.get("success") else refused(message, str(found.get("message")))

    # Where it stands

    async def threads(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the threads that run programs."""
        found = (await self.ask("threads")).get("body", {}).get("threads", [])
        named = [{**thread, "name": "Hocket"} for thread in found if thread["name"] == "MainThread"]
        stopped = [thread for thread in found if thread["id"] in self.stops.threads and thread["name"] != "MainThread"]
        return response(message, {"threads": named + stopped})

    async def stack_trace(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the functions of the program that a thread is in, the innermost first."""
        found = await self.ask("stackTrace", {"threadId": arguments["threadId"]})
        shown = []
        for item in found.get("body", {}).get("stackFrames", []):
            frame = self.engine.frame(item["id"])
            source = None if frame is None else frames.source_of(frame)
            if frame is not None and source is not None:
                shown.append(self._shown(item, frame, source))
        start, levels = arguments.get("startFrame") or 0, arguments.get("levels") or len(shown)
        return response(message, {"stackFrames": shown[start : start + levels], "totalFrames": len(shown)})

    def _shown(self, item: dict[str, Any], frame: FrameType, source: Source) -> dict[str, Any]:
        return {
            "id": item["id"],
            "name": frame.f_code.co_name,
            "line": item["line"],
            "column": source.position(frames.offset(frame))[1],
            "source": {"name": source.name, "path": self.engine.path(source), "sourceReference": 0},
        }

    async def move(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Let the program go on, or go a step."""
        if not self.stops.threads:
            raise Wrong("the program runs")
        frame = self.engine.innermost(arguments["threadId"]) if message["command"] == "next" else None
        self._begun = None if frame is None else (frame, frame.f_lineno, frame.f_lasti)
        return await self.forward(message, arguments)

    async def _go_on(self, thread: int) -> None:
        # A thread that is on its way already gives no answer.
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ask("continue", {"threadId": thread}), 1)

    def raised(self, thread: int) -> BaseException | None:
        """Return the error that a thread has stopped for, None if for something else."""
        error = self.engine.raised(thread)
        return error if error is None or isinstance(error, errors.Error) else self.session.scheduler.translate(error)

    # What the kernel tells, in the main thread

    def on_sigint(self) -> None:
        """End what a client evaluates, else let the program go on untraced: nothing stands between it and the Stop."""
        self.stops.on_sigint()
        if self._wire is not None:
            self.engine.pause()

    def begin_cell(self) -> None:
        """Breakpoints count again, after a Stop."""
        if self._wire is not None and self.stops.is_passing:
            self.stops.is_passing = False
            self.engine.resume()

    def end_cell(self) -> None:
        """A step ends with its cell."""
        if self._wire is not None:
            self.engine.forget_step()
