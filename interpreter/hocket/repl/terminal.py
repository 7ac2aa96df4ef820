"""The terminal while the editor has it: Ctrl-C stays a signal."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, suppress

from prompt_toolkit.input import Input, create_input


def terminal_input() -> Input:
    """Return the terminal's input, with Ctrl-C as a signal where the system has signals."""
    if sys.platform == "win32":
        return create_input()
    import termios

    from prompt_toolkit.input.vt100 import Vt100Input, raw_mode

    class Mode(raw_mode):
        """The library's own mode, but for the keys that are signals."""

        def __enter__(self) -> None:
            super().__enter__()
            with suppress(termios.error):
                attributes = termios.tcgetattr(self.fileno)
                attributes[3] |= termios.ISIG
                # Suspended or broken off, a process would leave the terminal as the editor has it.
                attributes[6][termios.VSUSP] = attributes[6][termios.VQUIT] = b"\0"
                termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)

    class Keyboard(Vt100Input):
        def raw_mode(self) -> AbstractContextManager[None]:
            return Mode(self.stdin.fileno())

    return Keyboard(sys.stdin)
