"""Permissions: their words, links, redirects, and who is given them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hocket
from hocket import errors
from hocket.permissions import Permissions, address, program
from hocket.runtime.threads import in_thread
from hocket.session import Session
from hocket.stdlib.http.exchange import send_blocking
from hocket.stdlib.http.requests import request
from hocket.testing import Mismatch, check, programs
from hocket.testing.results import Request, Result
from hocket.testing.runner import run_file


def allowed(words: str, kind: str, target: str) -> bool:
    try:
        Permissions.parse(words).check(kind, target, "", "")
    except errors.PermissionDenied:
        return False
    return True


def denial(words: str, text: str) -> errors.PermissionDenied:
    with pytest.raises(errors.PermissionDenied) as denied:
        hocket.run(text, permissions=words)
    return denied.value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Words


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("alow-read", "not a permission: alow-read", "did you mean `allow-read`?"),
        ("--allow-reed=x", "not a permission: --allow-reed=x", "did you mean `allow-read`?"),
        ("untrusted=x", "not a permission: untrusted=x", "did you mean `untrusted`?"),
        ("-allow-read", "not a permission: -allow-read", "did you mean `allow-read`?"),
        ("everything", "not a permission: everything", "allow-KIND[=LIST], deny-KIND[=LIST] or untrusted; KIND is one "
         "of read, write, net, run, env, python"),
        ("allow-read=", "--allow-read= names nothing", "--allow-read alone means everything"),
        ("allow-net=*.org", "not a host, or host and port: *.org", "as in example.org or localhost:8000"),
        ("allow-net=http://a", "not a host, or host and port: http://a", "as in example.org or localhost:8000"),
        ("allow-read='x", "not permissions: allow-read='x", "a quote is not closed"),
    ],
)  # fmt: skip
def test_what_is_no_word_is_refused(words: str, message: str, hint: str) -> None:
    with pytest.raises(errors.ValueError) as refused:
        Permissions.parse(words)
    assert (str(refused.value), refused.value.hint) == (message, hint)


def test_without_a_word_everything_is_allowed_and_nothing_asked() -> None:
    assert Permissions.parse("").everything
    assert Permissions().narrowed([]).everything
    assert not Permissions.parse("untrusted").everything


def test_each_kind_compares_in_its_own_way() -> None:
    assert allowed("allow-read=/", "read", "/etc/x")
    assert allowed("allow-net=EXAMPLE.org.", "net", address("example.ORG", 1))
    assert allowed("allow-net=[::1]:80", "net", address("localhost", 80))
    assert not allowed("allow-net=[2001:db8::1]:80", "net", address("2001:db8::1", 81))
    assert allowed("allow-net=[2001:DB8:0::1]", "net", address("2001:db8::1", 81))
    assert allowed("allow-net=bücher.example", "net", address("xn--bcher-kva.example", 443))
    assert allowed("allow-python=py.os.path", "python", "os.path")
    assert not allowed("allow-python=os", "python", "osmium")
    assert not allowed("allow-env=HOME", "env", "HOMES")
    assert not allowed("untrusted allow-env", "read", "HOME")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "127.0.0.2", "2130706433", "0x7f.1", "localhost", "a.localhost",
                                  "[::1]", "::1", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "LOCALHOST."])  # fmt: skip
def test_this_machine_is_one_host_however_it_is_written(host: str) -> None:
    assert address(host, 80) == "127.0.0.1:80"
    assert not allowed("allow-net deny-net=localhost", "net", address(host, 80))


def test_where_two_spellings_are_one_file_both_are_denied(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not allowed(
        "allow-read deny-read=Stra\u00dfe", "read", os.path.join(os.path.realpath(folder), "STRASSE", "x")
    )
    assert not allowed("allow-read deny-read=caf\u00e9", "read", os.path.join(os.path.realpath(folder), "cafe\u0301"))


def test_a_program_is_the_one_that_would_run(folder: Path) -> None:
    (folder / "bin").mkdir()
    tool = folder / "bin" / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    (folder / "bin" / "other").symlink_to("tool")
    here = os.path.realpath(folder)
    assert program("bin/tool") == program("./tool", "bin") == program("tool", path="bin") == f"{here}/bin/tool"
    assert program("bin/other") == f"{here}/bin/other"
    assert program("nowhere-to-be-found") == "nowhere-to-be-found"


# Narrowing


def test_permissions_are_narrowed_and_never_widened() -> None:
    first = Permissions.parse("allow-read=/data allow-net")
    both = first.narrowed("allow-read allow-write allow-net=example.org", "%permissions")
    assert not first.everything
    for kind, target, is_allowed in [
        ("read", "/data/x", True), ("read", "/etc", False), ("write", "/data", False),
        ("net", "example.org:1", True), ("net", "example.com:1", False),
    ]:  # fmt: skip
        try:
            both.check(kind, target, "")
        except errors.PermissionDenied:
            assert not is_allowed
        else:
            assert is_allowed
    assert str(both) == "allow-read=/data allow-net; allow-read allow-write allow-net=example.org"
    assert both.narrowed("") is both


def test_what_is_allowed_is_told_with_its_reason() -> None:
    rows = Permissions.parse("allow-read deny-read=/a,/b allow-net=h:1 deny-run", "HOCKET_PERMISSIONS").rows()
    assert [(row["kind"], row["allowed"]) for row in rows] == [
        ("read", f"everything but {os.path.realpath('/a')}, {os.path.realpath('/b')}"),
        ("write", "nothing"), ("net", "h:1"), ("run", "nothing"), ("env", "nothing"), ("python", "nothing"),
    ]  # fmt: skip
    assert rows[0]["by"] == "HOCKET_PERMISSIONS: allow-read deny-read=/a,/b allow-net=h:1 deny-run"
    assert Permissions().rows() == []


def test_a_session_is_narrowed_while_its_tasks_run(folder: Path) -> None:
    (folder / "d").mkdir()

    async def main() -> list[Any]:
        async with Session(permissions="allow-read=d allow-write") as session:
            told = [await session.run('let changes := watch("d", 1ms)\nwrite_file("d/a", ""); (await changes.next())')]
            await session.run('let go := event()\nlet late := spawn { await go.wait(); read_file("d/a") }')
            session.narrow("untrusted", "%permissions")
            told += [
                await session.run(text)
                for text in ("go.set(); await late", "await changes.next()", "write_file('b', '')")
            ]
            session.narrow("allow-read", "%permissions")
            told.append(await session.run('read_file("d/a")'))
            return told

    seen, *denied = asyncio.run(main())
    assert seen.error is None
    assert [outcome.error.message for outcome in denied] == [
        "reading 'd/a' needs --allow-read=d/a",
        "reading 'd' needs --allow-read=d",
        "writing 'b' needs --allow-write=b",
        "reading 'd/a' needs --allow-read=d/a",
    ]
    assert denied[0].error.hint == "permissions are set by %permissions"


def test_two_sessions_have_their_own_permissions(folder: Path) -> None:
    (folder / "a.txt").write_text("A")

    async def main() -> tuple[Any, Any]:
        async with Session() as free, Session(permissions="untrusted") as held:
            reading = 'await promise_all(range(50).map(i => async_read_file("a.txt")))'
            first, second = await asyncio.gather(free.run(reading), held.run(reading))
            return first, second

    first, second = asyncio.run(main())
    assert first.value == ["A"] * 50
    assert second.error.fields["flag"] == "--allow-read=a.txt"


# Links


def test_a_link_does_not_lead_out(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "secret.txt").write_text("secret")
    (folder / "data" / "link").symlink_to(folder / "secret.txt")
    (folder / "data" / "up").symlink_to(folder)
    (folder / "data" / "new").symlink_to(folder / "made.txt")
    words = "allow-read=data allow-write=data"
    for text, flag in {
        'read_file("data/link")': "--allow-read=secret.txt",
        'read_file("data/up/secret.txt")': "--allow-read=secret.txt",
        'await async_write_file("data/new", "x")': "--allow-write=made.txt",
        'write_file("data/up/made.txt", "x")': "--allow-write=made.txt",
        'append_file("data/new", "x")': "--allow-write=made.txt",
        'delete_file("data/link")': "--allow-write=secret.txt",
        'rename_file("data/link", "data/x")': "--allow-read=secret.txt",
        'copy_file("data/link", "data/x")': "--allow-read=secret.txt",
        'path_is_symlink("data/link")': "--allow-read=secret.txt",
        'list_dir("data/up")': "--allow-read=.",
        'create_dir("data/up/made")': "--allow-write=made",
        'watch("data/up")': "--allow-read=.",
    }.items():
        assert denial(words, text).fields["flag"] == flag, text
    assert (folder / "secret.txt").read_text() == "secret"
    assert sorted(path.name for path in folder.iterdir()) == ["data", "secret.txt"]


def test_a_link_elsewhere_is_not_changed_because_it_leads_in(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "a.txt").write_text("A")
    (folder / "link").symlink_to(folder / "data" / "a.txt")
    words = "allow-read=data allow-write=data"
    assert hocket.run('read_file("link")', permissions=words) == "A"
    assert denial(words, 'delete_file("link")').fields["flag"] == "--allow-write=link"
    assert denial(words, 'rename_file("link", "data/b")').fields["flag"] == "--allow-read=link"
    assert denial(words, 'rename_file("data/a.txt", "link")').fields["flag"] == "--allow-write=link"
    assert (folder / "link").is_symlink()


def test_what_a_word_names_may_be_a_link(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "a.txt").write_text("A")
    (folder / "link").symlink_to("real")
    assert hocket.run('read_file("link/a.txt") + read_file("real/a.txt")', permissions="allow-read=link") == "AA"
    assert denial("allow-read deny-read=link", 'read_file("real/a.txt")').fields["flag"] == "--deny-read=link"


# The network


def test_a_request_to_a_server_of_the_session_asks_under_every_clock(folder: Path) -> None:
    text = """
let server := http_serve({
    "/": r => http_response(302, null, {location: "http://localhost:${server.port}/a"}),
    "/a": () => "here",
})
let answers := [(await fetch(server.url)).body]
"""
    for clock in ("real", "virtual"):

        async def main(clock: str = clock) -> tuple[Any, Any]:
            async with Session(clock=clock, permissions="allow-net=localhost") as session:
                first = await session.run(text + "answers")
                session.narrow("untrusted")
                return first, await session.run("await fetch(server.url)")

        first, second = asyncio.run(main())
        assert first.value == ["here"], first.error
        assert second.error.type == "PermissionDenied"


def test_a_request_that_blocks_asks_again_where_it_is_led() -> None:
    text = 'let server := http_serve({"/": r => http_response(302, null, {location: "http://example.org/"})})'

    async def main() -> Any:
        async with Session(permissions="allow-net=localhost") as session:
            await session.run(text)
            url = session.value("server").url

            async def blocking() -> Any:
                return await in_thread(send_blocking, request("GET", url, None))

            return await session.call(blocking(), "cell 2")

    assert asyncio.run(main()).error.message == "connecting to example.org:80 needs --allow-net=example.org:80"


def test_certificates_are_read(folder: Path) -> None:
    text = 'await fetch("https://127.0.0.1:1", {verify: "a.pem"})'
    assert denial("allow-net", text).fields["flag"] == "--allow-read=a.pem"


# Who is given them


def test_python_programs_give_words_or_permissions(folder: Path) -> None:
    for given in ("untrusted", Permissions.parse(["--untrusted"])):
        assert denial(given, "env('HOME')").message.endswith("needs --allow-env=HOME")  # type: ignore[arg-type]
    with pytest.raises(errors.ValueError, match="not a permission: all"):
        hocket.Session(permissions="all")
    with pytest.raises(errors.PermissionDenied):
        asyncio.run(hocket.run_async("env('HOME')", permissions="untrusted"))


def test_the_environment_says_what_sessions_may_do_that_are_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOCKET_PERMISSIONS", "allow-env=HOME")
    with pytest.raises(errors.PermissionDenied) as denied:
        hocket.run("env('PATH')")
    assert denied.value.hint == "permissions are set by HOCKET_PERMISSIONS"
    assert hocket.run("env('HOME')", permissions="allow-env") == os.environ.get("HOME", "")
    assert hocket.run("env('PATH')", permissions="") == os.environ["PATH"]


def command(folder: Path, *arguments: str, text: str | None = None, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hocket", *arguments],
        cwd=folder,
        env={**os.environ, **env},
        input=text,
        capture_output=True,
        timeout=100,
        check=False,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_command_takes_words_before_the_file(folder: Path) -> None:
    (folder / "p.hkt").write_text("print(args(), len(read_file('p.hkt')))\nwrite_file('x', '')\n")
    assert command(folder, "run", "p.hkt", "--untrusted") == (0, "[--untrusted] 59\n", "")
    (folder / "x").unlink()
    code, out, err = command(folder, "run", "--allow-read", "--clock", "real", "p.hkt", "--allow-write=.")
    assert (code, out) == (4, "[--allow-write=.] 59\n")
    assert err.splitlines()[:2] == [
        "error: PermissionDenied: writing 'x' needs --allow-write=x",
        "  --> p.hkt, line 2, column 1",
    ]
    code, out, err = command(folder, "run", "p.hkt", HOCKET_PERMISSIONS="untrusted")
    assert (code, out) == (4, "") and "reading 'p.hkt' needs --allow-read=p.hkt" in err
    assert "permissions are set by HOCKET_PERMISSIONS" in err
    assert (
        command(folder, "run", "--allow-read=p.hkt", "--allow-write=x", "p.hkt", HOCKET_PERMISSIONS="untrusted")[0] == 0
    )


def test_the_command_refuses_words_that_it_does_not_know(folder: Path) -> None:
    (folder / "p.hkt").write_text("1")
    assert command(folder, "run", "--allow-raed", "p.hkt") == (
        2, "", "error: not a permission: --allow-raed; did you mean `allow-read`?\n",
    )  # fmt: skip
    code, _, err = command(folder, "run", "p.hkt", HOCKET_PERMISSIONS="none")
    assert code == 2 and err.startswith("error: HOCKET_PERMISSIONS: not a permission: none; allow-KIND")
    assert command(folder, "ast", "--untrusted", "p.hkt")[0] == 2
    assert command(folder, "test", "--allow-x", ".")[:2] == (2, "")


def test_the_other_commands_take_words_too(folder: Path) -> None:
    (folder / "t.hkt").write_text('test "reads" { read_file("t.hkt") }\n')
    assert command(folder, "test", "--allow-read", "t.hkt")[0] == 0
    code, out, _ = command(folder, "test", "--untrusted", "t.hkt")
    assert code == 1 and "reading 't.hkt' needs --allow-read=t.hkt" in out
    code, out, err = command(folder, "repl", "--untrusted", text="1 + 1\nenv('HOME')\n")
    assert (code, "2" in out, "needs --allow-env=HOME" in out + err) == (0, True, True)
    for name in ("run", "repl", "test"):
        assert "--allow-KIND[=LIST]" in command(folder, name, "--help")[1]


def test_a_checked_program_says_what_it_may_do(folder: Path) -> None:
    text = '# permissions: allow-env=HOME\nread_file("x")  # error: needs --allow-read=x\n---\nprint(1)  # expect: 1\n'
    for one in programs(text, "p.hkt"):
        check(one)
    with pytest.raises(Mismatch, match="not a permission: all"):
        check(programs("# permissions: all\nprint(1)  # expect: 1", "p.hkt")[0])
    with pytest.raises(Mismatch, match="reading the environment variable 'HOME' is denied by --deny-env"):
        check(
            programs("# permissions: allow-env\nenv('HOME')\nprint(1)  # expect: 1", "p.hkt")[0], permissions="deny-env"
        )


def test_test_blocks_have_the_permissions_of_their_file(folder: Path) -> None:
    results: list[Result] = []

    def send(kind: str, value: Any) -> None:
        if kind == "result":
            results.append(value)

    for words in ("untrusted", "all"):
        path = folder / f"{words}.hkt"
        path.write_text(f'# permissions: {words}\ntest "reads" {{ read_file("x") }}\n')
        run_file(Request(str(path)), send)
    assert [result.status for result in results] == ["error", "failed"]
    assert "needs --allow-read=x" in results[0].message
    assert results[1].message == "not a permission: all"
