"""Processes that run files of tests side by side, each thread of ours talking to one of them.

A process that dies fails the file it was at; the next file gets a new one.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from hocket.testing.results import ERROR, Request, Result
from hocket.testing.runner import UNSTOPPABLE

GRACE = 5.0
"""Seconds that clean-up may take when everything is to end."""

Answer = tuple[int, Result | None]
"""The number of a file, and a result of it, None when it is done."""


class Worker:
    """One process."""

    def __init__(self) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        # Out of the terminal's group: Ctrl-C is ours to pass on.
        group: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            group = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hocket.testing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            encoding="utf-8",
            **group,
        )
        self.is_dead = False

    def run(self, request: Request) -> Iterator[Result]:
        """Yield the results of a file; the last one tells if the process has died."""
        assert self.process.stdin is not None and self.process.stdout is not None
        test = ""
        try:
            self.process.stdin.write(json.dumps(asdict(request)) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                kind, value = json.loads(line)
                if kind == "end":
                    return
                if kind == "begin":
                    test = value
                else:
                    test = ""
                    yield Result(**value)
        except BrokenPipeError:
            pass
        self.is_dead = True
        yield self.died(test, request)

    def died(self, test: str, request: Request) -> Result:
        """Return the result of the test that ended the process."""
        code = self.process.wait()
        result = Result(test, 0, ERROR, kind="Error")
        if code == UNSTOPPABLE:
            result.kind = "TimeoutError"
            result.seconds = request.timeout
            result.message = f'test "{test}" could not be stopped after {request.timeout:g} s; the rest was not run'
        else:
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            result.message = f"the process ended {how}; the rest was not run"
        result.text = result.colored = f"error: {result.message}"
        self.errors.seek(0)
        result.output = self.errors.read()[-10_000:].decode("utf-8", "replace")
        return result

    def stop(self) -> None:
        """Have what runs end, with its clean-up."""
        if os.name != "nt" and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def close(self, grace: float) -> None:
        """End the process, at once when it does not within `grace` seconds."""
        with suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


class Pool:
    """Runs `requests`, at most `jobs` at a time."""

    def __init__(self, requests: list[Request], jobs: int) -> None:
        self.requests = requests
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.is_ending = False
        self._waiting = iter(enumerate(requests))
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(jobs, len(requests)))]

    def run(self) -> Iterator[Answer]:
        """Yield what comes; files that run side by side take turns."""
        for thread in self._threads:
            thread.start()
        left = len(self.requests)
        while left:
            number, result = self.answers.get()
            left -= result is None
            yield number, result

    def end(self) -> None:
        """Stop what runs, and wait for its clean-up."""
        self.is_ending = True
        with self._lock:
            workers = list(self._workers)
        try:
            for worker in workers:
                worker.stop()
            for worker in workers:
                worker.close(GRACE if os.name != "nt" else 0)
        finally:  # also when the user does not want to wait
            for worker in workers:
                worker.process.kill()
        for thread in self._threads:
            thread.join(GRACE)

    def _work(self) -> None:
        worker: Worker | None = None
        while (job := self._next()) is not None:
            number, request = job
            worker = worker or self._start()
            for result in worker.run(request):
                if not self.is_ending:
                    self.answers.put((number, result))
            self.answers.put((number, None))
            if worker.is_dead:
                self._close(worker)
                worker = None
        if worker is not None:
            self._close(worker)

    def _next(self) -> tuple[int, Request] | None:
        with self._lock:
            return None if self.is_ending else next(self._waiting, None)

    def _start(self) -> Worker:
        worker = Worker()
        with self._lock:
            self._workers.add(worker)
        return worker

    def _close(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        if not self.is_ending:
            worker.close(GRACE)
