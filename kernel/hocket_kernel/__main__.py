"""`python -m hocket_kernel -f CONNECTION_FILE` runs a kernel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hocket.runtime.process import prepare_process

if TYPE_CHECKING:
    from hocket_kernel.app import KernelApp


def application() -> type[KernelApp]:
    """Import the kernel, and of the packages that it uses in parts only these parts."""
    from hocket_kernel.imports import bare

    with bare("ipykernel", "jupyter_client", "IPython"):
        from hocket_kernel.app import KernelApp
    return KernelApp


def main() -> None:
    """Run a kernel until a client shuts it down."""
    # First of all: a stack cannot grow once other things have been placed below it.
    prepare_process()
    from hocket_kernel.connection import opened_early

    connection = opened_early(sys.argv[1:])
    application().launch_instance(connection=connection)


if __name__ == "__main__":
    main()
