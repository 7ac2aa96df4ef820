"""Files where the system gets in the way: stopped writers, full disks, links, pipes, what nobody may touch."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hocket import errors
from hocket.runtime.clock import sleep
from hocket.runtime.promises import promise_all_settled
from hocket.runtime.tasks import spawn
from hocket.runtime.work import Work
from hocket.session import Session
from hocket.stdlib import files
from hocket.stdlib.replacing import Replacement

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals, pipes and modes are not POSIX's there")


def run(program: str, folder: Path, clock: str | None = None) -> Any:
    """Run a cell in a session whose folder it is; return its value or raise its error."""

    async def session() -> Any:
        session = Session(clock=clock)
        outcome = await session.run(program)
        await session.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    before = os.getcwd()
    os.chdir(folder)
    try:
        return asyncio.run(session())
    finally:
        os.chdir(before)


def command(program: str, folder: Path, **more: Any) -> subprocess.Popen[str]:
    """Start `hocket run` on a program."""
    (folder / "program.hkt").write_text(program, encoding="utf-8")
    line = [sys.executable, "-m", "hocket", "run", "program.hkt"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        line, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


@POSIX
def test_a_file_whose_writer_is_killed_holds_one_whole_content(tmp_path: Path) -> None:
    program = """
        let contents := ["a", "b"].map(c => c * 4000000)
        write_file("out.txt", contents[0], true)
        print("begun")
        while true { for c in contents { await async_write_file("out.txt", c) } }
    """
    for moment in (0.0, 0.02, 0.05):
        writer = command(program, tmp_path)
        assert writer.stdout is not None and writer.stdout.readline() == "begun\n"
        threading.Event().wait(moment)
        writer.kill()
        writer.communicate()
        text = (tmp_path / "out.txt").read_text()
        assert len(text) == 4_000_000 and len(set(text)) == 1


def test_a_cancelled_write_never_gets_there_and_leaves_nothing(tmp_path: Path, world: Any) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    begun, go, over = threading.Event(), threading.Event(), threading.Event()

    def slowly(new: Replacement) -> Work[bool]:
        def pieces() -> Any:
            begun.set()
            go.wait(10)
            yield b"half"
            yield b"whole"

        try:
            return (yield from new.put(pieces()))
        finally:
            over.set()

    async def main() -> None:
        new = Replacement(str(target))
        task = spawn(new.waiting, slowly(new))
        while not begun.is_set():
            await sleep(1)
        task.cancel()
        await promise_all_settled([task])
        await files.async_write_file(str(target), "new")
        go.set()
        while not over.is_set():
            await sleep(1)

    world.run(main)
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@POSIX
def test_the_permissions_of_a_replaced_file_are_kept_and_links_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o626)  # of which the usual mask would leave less
    link.symlink_to("target.txt")
    run('await async_write_file("link.txt", "new"); write_file("new.txt", "")', tmp_path)
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o626
    (tmp_path / "dangling.txt").symlink_to("there.txt")
    run('write_file("dangling.txt", "made", true)', tmp_path)
    assert (tmp_path / "there.txt").read_text() == "made"
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(errors.FileError, match="Too many levels of symbolic links"):
        run('await async_write_file("loop", "x")', tmp_path)


@POSIX
def test_a_full_disk_is_an_error_and_the_old_content_stays(tmp_path: Path) -> None:
    import resource

    program = """
        let long := "x" * 300000
        for f in [
            () => async_write_file("a.txt", long), () => async_append_file("log.txt", long),
            async () => copy_file("big.txt", "a.txt"),
            async () => { with open_file("b.txt", "w") as f { f.write(long) } },
            async () => { with open_file("b.txt", "w") as f { f.write("short"); throw "first" } },
        ] {
            try { await f(); print("written") } except e { print(e.type, e.path, e.reason) }
        }
        print(read_file("a.txt"), list_dir("."))
    """
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "big.txt").write_text("x" * 300_000)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # noqa: E731
    out, complaints = command(program, tmp_path, preexec_fn=limit).communicate(timeout=60)
    assert (out.splitlines(), complaints) == (
        [
            "FileError a.txt File too large",
            "FileError log.txt File too large",
            "FileError a.txt File too large",
            "FileError b.txt File too large",
            "Error null null",
            "old [a.txt, b.txt, big.txt, log.txt, program.hkt]",
        ],
        "",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="what not even root may touch lies elsewhere")
@pytest.mark.parametrize(
    "call",
    [
        'async_write_file("/proc/sys/kernel/ostype", "x")',
        'async_append_file("/proc/sys/kernel/ostype", "x")',
        'async_delete("/proc/version")',
        'open_file("/proc/sys/kernel/ostype", "a")',
    ],
)
def test_what_nobody_may_touch_is_denied(call: str, tmp_path: Path) -> None:
    with pytest.raises(errors.PermissionDenied) as caught:
        run(f"await {call}", tmp_path)
    assert caught.value.fields["path"].startswith("/proc/")
    assert caught.value.fields["reason"] in ("Permission denied", "Operation not permitted")


@POSIX
def test_a_pipe_is_read_as_it_comes_while_others_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    program = r"""
        let seen := []
        spawn { with open_file("pipe", "w") as f {
            for i in 0..3 { f.write("line ${i}\n"); f.flush(); while seen.len() <= i { sleep(1) } }
        } }
        for await line in open_file("pipe") { seen.push(line) }
        seen.join()
    """
    assert run(program, tmp_path) == "line 0line 1line 2"


@POSIX
def test_a_read_that_is_cancelled_has_lost_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    program = r"""
        let out := spawn open_file("pipe", "w")
        let f := open_file("pipe")
        let o := await out
        let reading := spawn f.read_line()
        sleep(20)
        reading.cancel()
        o.write("one\ntwo\n")
        o.flush()
        let lines := [f.read_line(), f.read_line()]
        o.close()
        [...lines, f.read_line()].join(",")
    """
    assert run(program, tmp_path) == "one,two,null"


@POSIX
def test_a_pipe_without_a_writer_holds_up_neither_others_nor_the_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "other")
    begun = time.monotonic()
    program = """
        let opening := spawn { open_file("pipe").read_line() }
        spawn { let f := open_file("other", "r+"); f.read_line() }
        sleep(50)
        print(opening.cancel())
    """
    out, complaints = command(program + "exit(0)", tmp_path).communicate(timeout=60)
    assert out == "true\n" and "error" not in complaints
    assert time.monotonic() - begun < 30


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1\n2\n3\n")
    program = """
        async func reads() { for await line in open_file("a.txt") { yield_now() } }
        let tasks := []
        for i in 0..20 { let t := reads(); tasks.push(t) }
        yield_now()
        for t in tasks { t.cancel() }
        await promise_all_settled(tasks)
        for i in 0..20 { let f := open_file("a.txt"); f.read_line() }
        for i in 0..20 { for await line in open_file("a.txt") { break } }
        let left := open_file("b.txt", "w")
        left.write("written at the end")
    """
    run("0", tmp_path)
    before = open_descriptors()
    for _ in range(3):
        run(program, tmp_path)
    assert (tmp_path / "b.txt").read_text() == "written at the end"
    deadline = time.monotonic() + 10
    while open_descriptors() > before and time.monotonic() < deadline:  # threads of cancelled calls
        time.sleep(0.01)
    assert open_descriptors() <= before


def test_a_large_file_is_gone_through_in_little_memory(tmp_path: Path) -> None:
    line = "x" * 99 + "\n"
    with open(tmp_path / "big.txt", "w", newline="\n") as file:
        for _ in range(50):
            file.write(line * 10_000)
    program = """
        async func count() { mut n := 0; for await line in open_file("big.txt") { n += line.len() }; return n }
        let before := now()
        let n := await count()
        [n, now() - before]
    """
    import tracemalloc

    begun = time.perf_counter()
    with open(tmp_path / "big.txt", encoding="utf-8") as file:
        assert sum(len(line.rstrip("\n")) for line in file) == 99 * 500_000
    plain = time.perf_counter() - begun
    n, ours = run(program, tmp_path)
    assert n == 99 * 500_000
    assert ours < 10 * plain + 1  # generous: the machine is shared
    tracemalloc.start()
    try:
        run('for await line in open_file("big.txt") { if line.len() != 99 { throw line } }', tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_the_virtual_clock_stands_still_while_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1\n2\n")
    program = """
        let begun := time()
        let lines := await timeout 1ms { open_file("a.txt").collect() }
        [lines.len(), time() - begun]
    """
    assert run(program, tmp_path, clock="virtual") == [2, 0]


def test_a_watcher_holds_neither_the_virtual_clock_nor_the_end(tmp_path: Path) -> None:
    program = """
        let told := []
        spawn { for await c in watch("here", 1ms) { told.push(c.kind) } }
        let other := watch("here", 1ms)
        let begun := time()
        sleep(1h)
        let passed := time() - begun
        write_file("here/a.txt", "")
        let seen := await other.next()
        while told.len() == 0 { file_exists("here") }
        [passed, told]
    """
    (tmp_path / "here").mkdir()
    begun = time.monotonic()
    assert run(program, tmp_path, clock="virtual") == [3_600_000, ["created"]]
    assert time.monotonic() - begun < 30


@POSIX
@pytest.mark.parametrize("count", [1, 3, 10, 30])
def test_slow_files_are_read_at_the_same_time(count: int, tmp_path: Path) -> None:
    all_are_open = threading.Barrier(count)

    def answer(number: int) -> None:
        with open(tmp_path / f"pipe-{number}", "w") as pipe:
            all_are_open.wait(30)
            pipe.write(f"{number}")

    for number in range(count):
        os.mkfifo(tmp_path / f"pipe-{number}")
        threading.Thread(target=answer, args=(number,), daemon=True).start()
    program = f'(await async_read_files(range({count}).map(i => "pipe-${{i}}"))).join(",")'
    assert run(program, tmp_path) == ",".join(map(str, range(count)))


@POSIX
@pytest.mark.parametrize("count", [3, 30])
def test_slow_files_are_written_at_the_same_time(count: int, tmp_path: Path) -> None:
    all_are_open = threading.Barrier(count)
    texts: list[str] = []

    def take(number: int) -> None:
        with open(tmp_path / f"pipe-{number}") as pipe:
            all_are_open.wait(30)
            texts.append(pipe.read())

    takers = [threading.Thread(target=take, args=(number,), daemon=True) for number in range(count)]
    for number, taker in enumerate(takers):
        os.mkfifo(tmp_path / f"pipe-{number}")
        taker.start()
    program = f'len(await async_write_files(range({count}).map(i => "pipe-${{i}}"), range({count}).map(i => "${{i}}")))'
    assert run(program, tmp_path) == count
    for taker in takers:
        taker.join(30)
    assert sorted(texts) == sorted(map(str, range(count)))


def test_a_cancelled_read_does_not_move_what_is_written_next(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1\n2\n3\n")
    program = """
        for i in 0..50 {
            with open_file("a.txt", "r+") as f {
                let reading := spawn f.read_line()
                if i % 2 == 0 { yield_now() }
                reading.cancel()
                let place := f.tell()
                f.write("X")
                if ![0, 2].contains(place) || read_file("a.txt").len() != 6 { throw "at ${place}" }
                f.flush()
                if read_file("a.txt")[place] != "X" { throw "not at ${place}" }
            }
            write_file("a.txt", "1\\n2\\n3\\n", true)
        }
    """
    run(program, tmp_path)


@POSIX
def test_a_write_that_nobody_reads_is_cancelled_and_the_file_closed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    program = """
        let reading := spawn open_file("pipe")
        with open_file("pipe", "w") as f {
            try { timeout 20ms { f.write("x" * 1000000) } } except TimeoutError e { print(e.message) }
        }
        (await reading).close()
        print("closed")
    """
    out, complaints = command(program, tmp_path).communicate(timeout=60)
    assert (out, complaints) == ("Timeout after 20ms\nclosed\n", "")
