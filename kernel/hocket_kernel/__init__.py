"""The Jupyter kernel of Hocket.

One process, one asyncio loop: the one that serves the shell channel runs the cells,
their tasks, files, HTTP and timers.  ipykernel makes the sockets and threads; what
must differ from it for an asynchronous language is in `base` and `app`.
"""
