"""Whose output it is, where Python forgets: threads and processes that a cell starts.

A thread has no context of its own making, and a process writes to a file descriptor that
is everybody's.  In a kernel both belong to the cell that started them.
"""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import IO, Any

_start = threading.Thread.start
_submit = ThreadPoolExecutor.submit
_popen = subprocess.Popen.__init__
_wait = subprocess.Popen.wait

PATIENCE = 0.2
"""Seconds that a process which has ended has for its last words: one that it has left behind may hold them open."""


def install() -> None:
    """Let threads and processes of this process write to the cell that starts them."""
    threading.Thread.start = start  # type: ignore[method-assign,assignment]
    ThreadPoolExecutor.submit = submit  # type: ignore[method-assign,assignment]
    subprocess.Popen.__init__ = popen  # type: ignore[method-assign,assignment]
    subprocess.Popen.wait = wait  # type: ignore[method-assign,assignment]


def start(thread: threading.Thread) -> None:
    """Start `thread` in a copy of the caller's context."""
    run, context = thread.run, copy_context()

    def run_in_context() -> None:
        del thread.run
        context.run(run)

    thread.run = run_in_context  # type: ignore[method-assign]
    try:
        _start(thread)
    except BaseException:
        del thread.run
        raise


def submit(executor: ThreadPoolExecutor, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
    """Submit a call that runs in a copy of the caller's context, whoever began the thread."""
    return _submit(executor, copy_context().run, function, *arguments, **options)


def popen(process: Any, args: Any, *arguments: Any, **options: Any) -> None:
    """Start a process; what it would write to our own output goes to the cell that starts it."""
    # Only one that says by keyword where its output goes, as all do: the rest is positions.
    inherited = [] if arguments else [name for name in ("stdout", "stderr") if options.get(name) is None]
    pipes = {name: os.pipe() for name in inherited if isinstance(getattr(sys, name), _program_stream())}
    try:
        _popen(process, args, *arguments, **{**options, **{name: pipe[1] for name, pipe in pipes.items()}})
    except BaseException:
        for reading, _ in pipes.values():
            os.close(reading)
        raise
    finally:
        for _, writing in pipes.values():
            os.close(writing)
    process.copying = [
        threading.Thread(target=copy, args=(reading, getattr(sys, name)), daemon=True)
        for name, (reading, _) in pipes.items()
    ]
    for thread in process.copying:
        thread.start()


def wait(process: Any, *arguments: Any, **options: Any) -> int:
    """Wait for the end of a process, and for what it has written."""
    code = _wait(process, *arguments, **options)
    for thread in getattr(process, "copying", ()):
        thread.join(PATIENCE)
    return code


def copy(descriptor: int, stream: IO[str]) -> None:
    """Write what comes from a file descriptor to `stream` until it ends; close it."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with open(descriptor, "rb", buffering=0) as source:
        while chunk := source.read(65536):
            stream.write(decoder.decode(chunk))
        stream.write(decoder.decode(b"", final=True))


def _program_stream() -> type:
    from hocket_kernel.output import ProgramStream

    return ProgramStream
