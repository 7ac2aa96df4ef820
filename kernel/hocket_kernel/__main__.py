"""`python -m hocket_kernel -f CONNECTION_FILE` runs a kernel."""

from hocket.runtime.process import prepare_process


def main() -> None:
    """Run a kernel until a client shuts it down."""
    # First of all: a stack cannot grow once other things have been placed below it.
    prepare_process()

    from hocket_kernel.app import KernelApp

    KernelApp.launch_instance()


if __name__ == "__main__":
    main()
