"""What overlaps in a notebook overlaps, on one loop."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hocket.testing import expected, programs

LIMIT = Path(__file__).parents[2] / "limit"


class Server(ThreadingHTTPServer):
    """Answers each request after 100 ms; counts connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_GET(self) -> None:
        self.server.requests += 1
        time.sleep(0.1)
        body = f"answer to {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def seconds(notebook, code, tries=3):
    """The shortest of a few runs: what else the machine does must not decide."""
    return min(notebook.ok(code).seconds for _ in range(tries))


def test_three_sleeps_awaited_together_take_the_time_of_one(notebook):
    code = "await promise_all([async_sleep(100), async_sleep(100), async_sleep(100)])"
    assert 0.1 <= seconds(notebook, code) < 0.3


def test_three_sleeps_one_after_the_other_take_three_times_as_long(notebook):
    cell = notebook.ok("await async_sleep(100)\nawait async_sleep(100)\nawait async_sleep(100)")
    assert cell.seconds > 0.3


def test_the_promise_namespace_overlaps_too(notebook):
    assert seconds(notebook, "await Promise.all([async_sleep(100), async_sleep(100)])") < 0.2


def test_promises_pushed_in_a_loop_overlap(notebook):
    cell = notebook.ok(
        "async func slow(x) { await async_sleep(100); return x * 2 }\n"
        "ps := []\n"
        "for i in range(5) { ps.push(slow(i)) }\n"
        "await promise_all(ps)"
    )
    assert cell.result == "[0, 2, 4, 6, 8]"
    assert cell.seconds < 0.5


def test_ten_requests_overlap_and_use_the_pool_again(notebook, server):
    notebook.ok("await async_http_get('" + server.url + "/first')")
    code = (
        f"ps := []\nfor i in range(10) {{ ps.push(async_http_get('{server.url}/' + i)) }}\n"
        "answers := await promise_all(ps)\nanswers.map(a => a.body)"
    )
    first = notebook.ok(code)
    opened = server.connections
    second = notebook.ok(code)
    assert first.result is not None and first.result == second.result
    assert '"answer to /9"' in first.result
    assert min(first.seconds, second.seconds) < 0.4
    assert server.requests == 21
    assert opened <= 11
    assert server.connections == opened, "the second ten came over the connections of the first"


def test_thirty_files_are_written_and_read_back_together(notebook):
    cell = notebook.ok(
        "async func round_trip(i) {\n"
        "  await async_write_file('file-' + i + '.txt', 'content of ' + i)\n"
        "  return await async_read_file('file-' + i + '.txt')\n"
        "}\n"
        "ps := []\n"
        "for i in range(30) { ps.push(round_trip(i)) }\n"
        "texts := await promise_all(ps)\n"
        "for i in range(30) { assert_equal(texts[i], 'content of ' + i) }\n"
        "len(texts)"
    )
    assert cell.result == "30"


def test_a_background_task_prints_only_into_its_own_cell(notebook):
    ticker = notebook.ok(
        "async func tick() { for i in range(30) { print('tick', i); await async_sleep(20) } }\n"
        "ticker := spawn tick()\nprint('started')"
    )
    others = [notebook.ok(f"print('cell', {n})\nawait async_sleep(100)\nprint('done', {n})") for n in (2, 3, 4)]
    assert ticker.out.count("tick") >= 10, "it ticked while the others ran"
    notebook.until(lambda: "tick 29\n" in ticker.out)
    assert sorted(ticker.out.splitlines()) == sorted(["started", *(f"tick {i}" for i in range(30))])
    for number, cell in zip((2, 3, 4), others, strict=True):
        assert cell.out == f"cell {number}\ndone {number}\n"


def test_a_failure_nobody_awaited_is_printed_where_it_was_spawned(notebook):
    first = notebook.ok("async func bad() { await async_sleep(50); throw 'broken wheel' }\nt := spawn bad()")
    second = notebook.ok("await async_sleep(150)")
    notebook.until(lambda: "broken wheel" in first.err)
    assert "spawned at" in first.err
    assert second.err == second.out == ""
    notebook.listen(0.1)
    assert first.err.count("error: ") == 1


def test_no_message_is_lost_between_tasks_that_are_cancelled(notebook):
    (program,) = programs((LIMIT / "messages.hkt").read_text(encoding="utf-8"), "messages")
    assert notebook.ok(program.text).text().splitlines() == expected(program).output
