"""What a client sees of a program: variables, expressions, values; at a stop, and without one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from hocket import frames
from hocket.errors import TOP_LEVEL
from hocket.runtime.values import show
from hocket_kernel.debugger import response
from hocket_kernel.debugger.breakpoints import Wrong
from hocket_kernel.debugger.values import Part, Values
from hocket_kernel.display.bundles import Bundle, bundle

if TYPE_CHECKING:
    from hocket_kernel.debugger.requests import Handler, Message, Requests

RUNNING = "the program runs: stop at a breakpoint, or use a cell"
PATIENCE = 5.0
"""Seconds that a running cell has to let a value be shown."""


class Looking:
    """Answers to what a client wants to see."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        # Of the stop, and of the variable explorer.
        self._stopped = Values()
        self._explored = Values()
        self.handlers: dict[str, Handler] = {
            "scopes": self.scopes,
            "variables": self.variables,
            "evaluate": self.evaluate,
            "setVariable": self.set_variable,
            "exceptionInfo": self.exception_info,
            "source": self.source,
            "modules": self.modules,
            "inspectVariables": self.inspect_variables,
            "richInspectVariables": self.rich_inspect_variables,
            "copyToGlobals": self.copy_to_globals,
        }

    def forget(self) -> None:
        """The program has moved: what was seen of it is no more."""
        self._stopped = Values()

    # Variables

    async def scopes(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the groups of variables that a frame sees."""
        number = arguments["frameId"]
        frame = self._requests.frame(number)
        own, around = self._variables(frame), frames.globals_of(frame)
        # The variables of a cell are the session's.
        local = {**around, **own} if frame.f_code.co_name == TOP_LEVEL else own
        groups: list[tuple[str, Mapping[str, Any], str]] = [("Locals", local, "locals"), ("Globals", around, "globals")]
        found = [
            {
                "name": name,
                "presentationHint": hint,
                "variablesReference": self._stopped.scope(held, number),
                "expensive": False,
            }
            for name, held, hint in groups
        ]
        return response(message, {"scopes": found})

    def _variables(self, frame: FrameType) -> dict[str, Any]:
        found = frames.locals_of(self._requests.session, frame)
        return {name: local.value for name, local in found.items()}

    def _values(self, number: int) -> Values:
        for values in (self._stopped, self._explored):
            if values.holds(number):
                return values
        raise Wrong("the program has gone on")

    async def variables(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the variables of a group, or the parts of a value."""
        number = arguments["variablesReference"]
        start, amount = arguments.get("start") or 0, arguments.get("count") or 0
        return response(message, {"variables": self._values(number).children(number, start, amount)})

    async def set_variable(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Assign a variable, or a part of a value, by the language's own rules."""
        number, name = arguments["variablesReference"], arguments["name"]
        values = self._values(number)
        path, frame = values.path(number, name), values.frame(number)
        if not frame:
            raise Wrong(RUNNING)
        if not path:
            raise Wrong(f"{name} cannot be set")
        value = await self._run(f"{path} = ({arguments['value']})\n{path}", frame)
        shown = self._stopped.describe(Part(name, value, path), frame)
        return response(message, {key: shown[key] for key in ("value", "type", "variablesReference")})

    # Expressions

    async def _run(self, text: str, number: int) -> Any:
        return await self._requests.in_frame(number, frames.Program(self._requests.session, text).run)

    async def evaluate(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Run a program where a frame stands."""
        text, number = arguments["expression"], arguments.get("frameId")
        if not self._requests.stops.threads:
            raise Wrong(RUNNING)
        if number is None:
            number = await self._innermost(self._requests.stops.threads[0])
        value = await self._run(text, number)
        is_copied = arguments.get("context") == "clipboard"
        shown = self._stopped.describe(Part(text, value, text), number)
        body = {"type": shown["type"], "variablesReference": shown["variablesReference"]}
        return response(message, {"result": show(value) if is_copied else shown["value"], **body})

    async def _innermost(self, thread: int) -> int:
        found = await self._requests.stack_trace({}, {"threadId": thread})
        if not found["body"]["stackFrames"]:
            raise Wrong("the program has gone on")
        number: int = found["body"]["stackFrames"][0]["id"]
        return number

    async def exception_info(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the error that the program has stopped for."""
        error = self._requests.raised(arguments["threadId"])
        if error is None:
            raise Wrong("the program has not stopped for an error")
        kind, text = getattr(error, "type", type(error).__name__), str(error)
        details = {"message": text, "typeName": kind}
        body = {"exceptionId": kind, "description": text, "breakMode": "always", "details": details}
        return response(message, body)

    # Without a stop

    async def inspect_variables(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the variables of the session."""
        self._explored = Values()
        number = self._explored.scope(self._requests.session.variables)
        return response(message, {"variables": self._explored.children(number, amount=10_000)})

    async def rich_inspect_variables(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return how a variable looks in a notebook."""
        name, number = arguments["variableName"], arguments.get("frameId")
        if not self._requests.stops.threads:
            shown = await self._rich(name)
        elif not name.isidentifier():
            raise Wrong(f"not a variable: {name}")
        else:
            number = number or await self._innermost(self._requests.stops.threads[0])
            program = frames.Program(self._requests.session, name)
            shown = await self._requests.in_frame(number, lambda frame: bundle(program.run(frame)))
        return response(message, shown._asdict())

    async def _rich(self, name: str) -> Bundle:
        async def look() -> Bundle:
            try:
                return bundle(self._requests.session.value(name))
            except KeyError:
                raise Wrong(f"Undefined variable: {name}") from None

        try:
            return await asyncio.wait_for(self._requests.kernel.on_main(look()), PATIENCE)
        except TimeoutError:
            raise Wrong("a cell keeps the kernel busy") from None

    async def copy_to_globals(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Make a variable of a frame one of the session."""
        source, target = arguments["srcVariableName"], arguments["dstVariableName"]
        frame = self._requests.frame(arguments["srcFrameId"])
        variables = {**frames.globals_of(frame), **self._variables(frame)}
        if source not in variables:
            raise Wrong(f"Undefined variable: {source}")
        if not frames.NAME.fullmatch(target):
            raise Wrong(f"not a name: {target}")
        self._requests.session.assign(target, variables[source])
        return response(message)

    # Texts

    async def source(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the text of a program."""
        path = (arguments.get("source") or {}).get("path", "")
        text = self._requests.files.texts.get(path)
        if text is None:
            raise Wrong("source unavailable")
        return response(message, {"content": text, "mimeType": "text/x-hocket"})

    async def modules(self, message: Message, arguments: dict[str, Any]) -> Message:
        """Return the modules that were imported."""
        paths = list(self._requests.session.modules.loaded)
        found = [{"id": number, "name": path.stem, "path": str(path)} for number, path in enumerate(paths)]
        start = arguments.get("startModule") or 0
        shown = found[start : start + (arguments.get("moduleCount") or len(found))]
        return response(message, {"modules": shown, "totalModules": len(found)})
