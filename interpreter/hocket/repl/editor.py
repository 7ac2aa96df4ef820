"""Inputs from a terminal, edited as a whole: colours, completion, earlier inputs.

The editor runs on the session's event loop, so tasks run on while it waits; what they print
goes above the prompt, and a task that asks for `input` gets the terminal for as long.

Ctrl-C stays a signal while the editor has the terminal: as a key it would reach nobody when a
task computes without a pause.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any, TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_or_none, in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.input import Input
from prompt_toolkit.layout.processors import HighlightMatchingBracketProcessor
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import StdoutProxy

from hocket.pygments import HocketLexer
from hocket.repl.history import history
from hocket.repl.inputs import BANNER, Inputs
from hocket.repl.keys import input_keys, question_keys
from hocket.session import Session
from hocket.stdlib import core

PAUSE = 0.05
"""Seconds between two changes of what stands above the prompt."""


class Editor:
    """Reads inputs; answers `input` meanwhile."""

    def __init__(self, inputs: Inputs, keyboard: Input | None = None) -> None:
        self.session = inputs.session
        depth = None if inputs.is_colored else ColorDepth.DEPTH_1_BIT
        self.prompt: PromptSession[str] = PromptSession(
            ">>> ",
            multiline=True,
            prompt_continuation="... ",
            lexer=PygmentsLexer(HocketLexer) if inputs.is_colored else None,
            completer=SessionCompleter(self.session),
            complete_while_typing=False,
            auto_suggest=AutoSuggestFromHistory(),
            history=history(),
            key_bindings=input_keys(self.session),
            input_processors=[HighlightMatchingBracketProcessor()] if inputs.is_colored else [],
            color_depth=depth,
            input=keyboard,
        )
        self.questions = Questions(self.session, keyboard, depth)
        core.line_source = self.questions
        print(BANNER)

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Handle SIGINT: drop what is typed, and stop what runs."""
        app = get_app_or_none()
        if app is not None and app.loop is not None:
            app.loop.call_soon_threadsafe(app.key_processor.send_sigint)
        # Also at the prompt: a task may keep the loop from turning.
        self.session.on_sigint(signum, frame)

    async def read(self) -> str | None:
        """Return the next input, None at the end."""
        await self.questions.answered()
        async with prints_above():
            try:
                return await self.prompt.prompt_async(handle_sigint=False, set_exception_handler=False)
            except EOFError:
                return None


class Questions:
    """Asks the user for the lines that `input` wants, one at a time."""

    def __init__(self, session: Session, keyboard: Input | None, depth: ColorDepth | None) -> None:
        self.prompt: PromptSession[str] = PromptSession(
            key_bindings=question_keys(session), color_depth=depth, input=keyboard, reserve_space_for_menu=0
        )
        self._turn = asyncio.Lock()

    async def answered(self) -> None:
        """Wait until no question is open."""
        async with self._turn:
            return

    async def ask(self, prompt: str) -> str:
        """Return a line, `""` at the end of the input; what is being typed at the other prompt steps aside.

        Raises CancelledError if the user interrupts it.
        """
        async with self._turn, in_terminal(), prints_above():
            try:
                return await self.prompt.prompt_async(prompt, handle_sigint=False, set_exception_handler=False)
            except EOFError:
                return ""

    def read(self, prompt: str) -> str:
        """Return a line; meanwhile nothing else runs."""
        app = get_app_or_none()
        if app is None:
            return read_line(prompt)
        app.renderer.erase()
        with app.input.detach(), app.input.cooked_mode():
            line = read_line(prompt)
        app.renderer.reset()
        app.invalidate()
        return line


def read_line(prompt: str) -> str:
    """Return a line from the terminal, as the terminal itself edits it."""
    stdout = cast(TextIO, sys.__stdout__)
    stdout.write(prompt)
    stdout.flush()
    return sys.stdin.readline()


@asynccontextmanager
async def prints_above() -> AsyncIterator[None]:
    """While the editor has the terminal, have what is printed appear above it."""
    with StdoutProxy(PAUSE, raw=True) as above:
        output: Any = above
        try:
            with redirect_stdout(output), redirect_stderr(output):
                yield
        finally:
            above.flush()  # a line without its end
    for _ in range(2):  # what was handed to the loop is written in its next turns
        await asyncio.sleep(0)


class SessionCompleter(Completer):
    """Proposes what the session does, with how it is called beside it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what may stand at the cursor."""
        found = self.session.complete(document.text, document.cursor_position)
        for item in found.items:
            start = found.start - document.cursor_position
            yield Completion(item.text, start_position=start, display_meta=item.signature or item.type)
