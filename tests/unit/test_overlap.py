"""Work that waits takes, all together, about the time of one: against fixtures that answer after 50 ms."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import hocket

DELAY = 0.05

# Half of them would do: machines that run tests are busy.
LEVELS = pytest.mark.parametrize(("n", "least"), [(3, 2.5), (10, 7), (30, 18)])

PROGRAM = """
async func one(i) {{ {call} }}
let begun := performance_now()
for i in {n}..{n} + 3 {{ await one(i) }}
let single := (performance_now() - begun) / 3
let again := performance_now()
await promise_all(range({n}).map(i => one(i)))
[single, {n} * single / (performance_now() - again)]
"""


def assert_overlap(call: str, n: int, least: float) -> None:
    """`n` calls at once are `least` times faster than one after the other; each takes `DELAY` at least.

    A machine that is busy with other things is given more than one chance.
    """
    found = []
    for _ in range(8):
        single, times = hocket.run(PROGRAM.format(call=call, n=n))
        assert single >= DELAY * 1000 * 0.98
        found.append(times)
        if times >= least:
            return
    raise AssertionError(f"{n} calls at once were only {max(found):.1f} times as fast")


class Slow(BaseHTTPRequestHandler):
    """Answers after the delay."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        time.sleep(DELAY)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class SlowServer(ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 50
    daemon_threads = True


@pytest.fixture
def url() -> Iterator[str]:
    server = SlowServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


# Gives whoever reads a pipe its text after the delay, again and again; a process of its own, so
# that its threads take no time from the one that is measured.
DELIVER = f"""
import os, sys, threading, time

def deliver(path):
    while True:
        with open(path, "w") as pipe:
            time.sleep({DELAY})
            # Another reader is to find another pipe: this one may still be open.
            os.unlink(path)
            os.mkfifo(path)
            pipe.write("ok")

for path in sys.argv[1:]:
    threading.Thread(target=deliver, args=[path]).start()
"""


@LEVELS
def test_sleeps_overlap(n: int, least: float) -> None:
    assert_overlap("await async_sleep(50)", n, least)


@LEVELS
def test_requests_overlap(url: str, n: int, least: float) -> None:
    assert_overlap(f'assert((await async_http_get("{url}")).body == "ok")', n, least)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@LEVELS
def test_reads_of_slow_files_overlap(tmp_path: Path, n: int, least: float) -> None:
    paths = [str(tmp_path / str(i)) for i in range(n + 3)]
    for path in paths:
        os.mkfifo(path)
    with subprocess.Popen([sys.executable, "-c", DELIVER, *paths]) as pipes:
        try:
            assert_overlap(f'assert(await async_read_file("{tmp_path}/${{i}}") == "ok")', n, least)
        finally:
            pipes.kill()
