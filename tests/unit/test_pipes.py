"""Pipes and terminals: what waits for them, how that ends, and what is left."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hocket import errors
from hocket.host import on_sigint
from hocket.runtime import holds
from hocket.session import Session
from hocket.stdlib import disk, raw

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they block in threads")

before: set[threading.Thread] = set()
"""The threads that there were when the test began."""

CALLS = {
    "read": 'await async_read_file("pipe")',
    "read many": 'await async_read_files(["pipe", "pipe"])',
    "lines": 'for await line in open_file("pipe") { }',
    "line": 'with open_file("pipe") as f { f.read_line() }',
    "checksum": 'sha256_file("pipe")',
    "copy from": 'await async_copy("pipe", "out")',
    "write": 'await async_write_file("pipe", "text")',
    "append": 'append_file("pipe", "text")',
    "open": 'with open_file("pipe", "w") as f { f.write("text") }',
    "copy to": 'await async_copy("in", "pipe")',
    "full": 'with open_file("pipe", "r+") as f { f.write("x" * 1000000) }',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("in").write_text("text")
    monkeypatch.setattr(sys.modules[__name__], "before", set(threading.enumerate()))
    return tmp_path


def in_session(act: Callable[[Session], Any]) -> Any:
    """Let a coroutine function act on a session, and close that."""

    async def host() -> Any:
        session = Session()
        try:
            return await act(session)
        finally:
            await session.close()

    return asyncio.run(host())


async def value(session: Session, program: str) -> Any:
    """Run a cell; return its value or raise its error."""
    outcome = await session.run(program)
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def run(program: str) -> Any:
    """Run a cell in a session of its own; return its value or raise its error."""
    return in_session(lambda session: value(session, program))


def open_files() -> list[str]:
    """Return what this process has open, but for what loops and capturing need."""
    links = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    return sorted(link for link in links if link.startswith(os.getcwd()))


def workers() -> set[threading.Thread]:
    """Return the threads that are left of pools which were made in the test and are closed."""
    made = {thread for thread in threading.enumerate() if thread.name == "hocket worker"} - before
    for thread in made:
        thread.join(10)
    return {thread for thread in made if thread.is_alive()}


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_cancelled_wait_for_a_pipe_leaves_neither_a_thread_nor_a_descriptor(call: str, folder: Path) -> None:
    run(f"""
        let tasks := range(5).map(i => spawn {{ {call} }})
        sleep(20)
        for t in tasks {{ assert(t.cancel()) }}
        await promise_all_settled(tasks)
        assert(tasks.all(t => t.status == "cancelled"))
    """)
    assert workers() == set()
    assert open_files() == []
    assert sorted(os.listdir()) == ["in", "pipe"]


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_the_end_of_a_session_ends_what_waits_for_a_pipe(call: str, folder: Path) -> None:

    async def act(session: Session) -> None:
        await value(session, f"spawn {{ {call} }}\nsleep(10)")

    in_session(act)
    assert workers() == set()
    assert open_files() == []


@pytest.mark.parametrize(
    "text",
    [
        *CALLS.values(),
        'func f() { read_file("pipe") }\nf()',
        'func f() { with open_file("pipe") as f { f.read_line() } }\nf()',
        'func f() { write_file("pipe", "text", true) }\nf()',
        'func f() { with open_file("pipe", "r+") as f { f.write("x" * 1000000) } }\nf()',
    ],
)
def test_stop_ends_a_cell_that_waits_for_a_pipe(text: str, folder: Path) -> None:
    main = threading.main_thread().ident or 0
    timer = threading.Timer(0.05, lambda: signal.pthread_kill(main, signal.SIGINT))

    async def act(session: Session) -> None:
        session.assign("ready", timer.start)
        with on_sigint(session.on_sigint):
            outcome = await session.run(f"ready()\n{text}")
            assert outcome.interrupted, outcome.error
        assert await value(session, "1 + 1") == 2

    in_session(act)
    timer.join()
    assert workers() == set()
    assert open_files() == []


def test_who_waits_is_told_when_another_task_closes_the_file(folder: Path) -> None:
    os.mkfifo("full")
    program = """
        let files := [open_file("pipe", "r+"), open_file("full", "r+")]
        let waiting := [
            spawn { files[0].read_line() }, spawn { files[0].read() }, spawn { files[1].write("x" * 1000000) },
        ]
        sleep(5)
        for f in files { f.close() }
        (await promise_all_settled(waiting)).map(done => done.error.message).join("; ")
    """
    read, write = "Failed to read file 'pipe': the file is closed", "Failed to write file 'full': the file is closed"
    assert run(program) == f"{read}; {read}; {write}"


def test_what_a_cancelled_write_has_left_is_written_before_the_next(folder: Path) -> None:
    program = r"""
        let f := open_file("pipe", "r+")
        try { timeout 5ms { f.write("x" * 100000 + "\n") } } except TimeoutError e { f.write("next\n") }
        let flushing := spawn f.flush()
        await yield_now()
        let lines := [f.read_line(), f.read_line()]
        await flushing
        [len(lines[0]), lines[1]]
    """
    assert run(program) == [100_000, "next"]


def test_what_a_cancelled_write_has_left_does_not_hold_up_the_end(folder: Path) -> None:
    program = """
        let f := open_file("pipe", "r+")
        try { timeout 5ms { f.write("x" * 1000000) } } except TimeoutError e { f.close(); print(f.closed) }
    """
    run(program)
    assert open_files() == []


@pytest.mark.parametrize("error", [NotImplementedError, PermissionError])
def test_a_loop_that_cannot_watch_files_waits_in_threads(
    error: type[Exception], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    async def act(session: Session) -> Any:
        for name in ("add_reader", "add_writer"):
            monkeypatch.setattr(asyncio.get_running_loop(), name, refuse)
        program = """
            let writing := async_write_file("pipe", "x" * 300000)
            let text := read_file("pipe")
            [len(text), await writing]
        """
        return await value(session, program)

    assert in_session(act) == [300_000, True]


def test_a_system_that_does_not_tell_waits_in_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (disk, raw):
        monkeypatch.setattr(module, "TELLS", False)
    program = r"""
        let writing := async_write_file("pipe", "x" * 300000)
        let text := read_file("pipe")
        let opening := spawn { open_file("pipe", "w") }
        let f := open_file("pipe")
        let out := await opening
        let reading := spawn { f.read_line() }
        sleep(5)
        out.write("line\n")
        out.close()
        let line := await reading
        f.close()
        [len(text), await writing, line]
    """
    assert run(program) == [300_000, True, "line"]


def test_a_terminal_is_read_line_by_line_while_others_run(folder: Path) -> None:
    keyboard, terminal = os.openpty()

    async def act(session: Session) -> Any:
        session.assign("path", os.ttyname(terminal))
        session.assign("END", "\x04")
        session.assign("type", lambda text: os.write(keyboard, text.encode()))
        program = r"""
            let f := open_file(path)
            let reading := spawn { [f.read_line(), f.read_line(), f.read_line()] }
            for text in ["on", "e\ntwo\n", END] { type(text); sleep(5) }
            let lines := await reading
            let cancelled := spawn { open_file(path).read_line() }
            while tasks()[0].waits_for != "a file" { sleep(1) }
            cancelled.cancel()
            lines
        """
        return await value(session, program)

    try:
        assert in_session(act) == ["one", "two", None]
        assert workers() == set()
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_many_wait_for_pipes_without_a_thread(folder: Path) -> None:
    for number in range(100):
        os.mkfifo(str(number))

    async def act(session: Session) -> Any:
        session.assign("workers", lambda: sum(thread.name == "hocket worker" for thread in threading.enumerate()))
        program = """
            let reading := async_read_files(range(100).map(i => "${i}"))
            sleep(50)
            let waiting := workers()
            await promise_all(range(100).map(i => async_write_file("${i}", "${i}")))
            [waiting, (await reading).map(parse_int).sum()]
        """
        return await value(session, program)

    waiting, total = in_session(act)
    assert total == 4950
    assert waiting < 50


def test_a_socket_is_no_file(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for call in ('read_file("socket")', 'write_file("socket", "x", true)'):
            with pytest.raises(errors.FileError, match="No such device or address"):
                run(call)


def test_a_request_sends_what_a_pipe_gives(folder: Path) -> None:
    program = """
        let server := http_serve({"POST /": request => request.body})
        let writing := async_write_file("pipe", "from the pipe")
        let answer := await async_http_request("POST", server.url, {files: {file: "pipe"}})
        server.stop()
        await writing
        answer.body.contains("from the pipe")
    """
    assert run(program) is True


@pytest.mark.parametrize("call", ['read_file("pipe")', 'append_file("pipe", "text")'])
def test_the_virtual_clock_stands_still_for_a_pipe_and_limits_the_wait(
    call: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "LIMIT", 0.2)

    async def host() -> Any:
        session = Session(clock="virtual")
        try:
            return await value(session, f"let waiting := spawn {{ {call} }}\nawait waiting")
        finally:
            await session.close()

    with pytest.raises(errors.TimeoutError, match="took more than 0.2 s of real time"):
        asyncio.run(host())


def test_tasks_tells_who_waits_for_a_file(folder: Path) -> None:
    program = """
        let waiting := [spawn { read_file("pipe") }, spawn { open_file("other", "w") }]
        while !waiting.all(t => tasks().any(found => found.name == t.name && found.waits_for == "a file")) { sleep(1) }
        for t in waiting { t.cancel() }
        "seen"
    """
    os.mkfifo("other")
    assert run(program) == "seen"


def test_a_pipe_that_goes_while_a_reader_is_waited_for_is_made_a_file(folder: Path) -> None:
    program = """
        let writing := async_append_file("pipe", "text")
        sleep(5)
        delete_file("pipe")
        [await writing, read_file("pipe")]
    """
    assert run(program) == [True, "text"]


def test_what_cannot_be_opened_any_more_is_an_error_of_the_language(folder: Path) -> None:
    os.mkdir("folder")
    os.mkfifo("folder/pipe")
    program = """
        let writing := spawn { await async_append_file("folder/pipe", "text") }
        while !tasks().any(t => t.waits_for == "a file") { sleep(1) }
        rename_file("folder", "elsewhere")
        await writing
    """
    with pytest.raises(errors.FileNotFound, match="Failed to append to file 'folder/pipe'"):
        run(program)


def test_a_pipe_has_no_place_to_write_at(folder: Path) -> None:
    with pytest.raises(errors.FileError, match="Illegal seek"):
        run('io_write_at("pipe", bytes([1]), 0)')
