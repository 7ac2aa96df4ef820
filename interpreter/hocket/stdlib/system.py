"""The process that a program runs in."""

from __future__ import annotations

from hocket.runtime.registry import builtin

arguments: list[str] = []
"""What the program was started with; set by the command that runs it."""


@builtin
def args() -> list[str]:
    """Return the arguments that `hocket run FILE …` was given after the file.

    ```
    print(args())  # expect: []
    ```
    """
    return list(arguments)
