"""Cells beside the others."""

from __future__ import annotations

from hocket_kernel.magics.registry import Call, magic


@magic(line=False, cell=True, script="spawn {{\n{}\n}}")
async def background(call: Call) -> None:
    """Run the cell beside the ones that follow, on the same loop and with the same variables.

    What it prints, its value and its error appear in it. Stop ends the newest cell that is not
    in the background; if there is none, the newest that is.
    """
    call.cells.run_beside(lambda: call.run(is_background=True))
