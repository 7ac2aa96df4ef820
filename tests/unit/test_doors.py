"""What reaches outside of a program goes through few doors, which ask what the session permits."""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

import hocket
from hocket import errors
from hocket.runtime.registry import STDLIB, Builtin
from hocket.runtime.threads import DaemonExecutor
from hocket.session import Session
from hocket.stdlib.archives import ZipArchive
from hocket.stdlib.blocks import InOrder
from hocket.stdlib.sockets.handles import UdpSocket

# Called


PATHS = {"basename", "dirname", "join_path", "path_absolute", "path_extension", "path_join"}
PURE = PATHS | {"http_listen", "redirect_response"}
"""What only looks at the text of a path, an address or a URL."""

MADE = object.__new__(ZipArchive)
"""An archive that takes everything."""
MADE.closed, MADE.order = False, InOrder(DaemonExecutor())

GIVEN: dict[str, Any] = {
    "path": "there.txt",
    "to": "new.txt",
    "paths": ["there.txt"],
    "url": "http://127.0.0.1:1/",
    "urls": ["http://127.0.0.1:1/"],
    "command": "echo ran",
    "commands": [["echo", "ran"]],
    "argv": ["echo", "ran"],
    "routes": {},
    "texts": ["text"],
    "text": "text",
    "content": b"bytes",
    "body": "body",
    "method": "GET",
    "offset": 0,
    "count": 1,
    "size": 1,
    "name": "HOCKET_NAME",
    "value": "value",
    "default": "default",
    "key": "key",
    "host": "127.0.0.1",
    "port": 1,
    "socket": object.__new__(UdpSocket),
    "data": "data",
    "kind": "sqlite",
    "archive": MADE,
}
OUTSIDE = {"path", "paths", "url", "urls", "command", "commands", "argv", "routes", "host"}
"""Parameters that say what is outside."""


def outside() -> list[Builtin]:
    """Return the functions of the library that reach outside."""
    return [
        builtin
        for builtin in STDLIB.functions.values()
        if (OUTSIDE & {parameter.name for parameter in builtin.parameters} and builtin.name not in PURE)
        or builtin.name.startswith(("env", "os_environ", "kv_"))
    ]


def arguments(builtin: Builtin) -> list[Any]:
    return [GIVEN[parameter.name] for parameter in builtin.parameters if parameter.default is parameter.empty]


@pytest.mark.parametrize("builtin", outside(), ids=lambda builtin: builtin.name)
def test_what_reaches_outside_is_denied(builtin: Builtin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there.txt").write_text("there")
    monkeypatch.chdir(tmp_path)
    session = Session(permissions="untrusted")

    async def main() -> list[Any]:
        ended: list[Any] = []
        for form in builtin.forms:
            try:
                result = form(*arguments(builtin))
                ended.append(await result if inspect.isawaitable(result) else result)
            except errors.PermissionDenied as error:
                ended.append(error.fields["flag"])
        return ended

    async def host() -> list[Any]:
        async with session:
            outcome = await session.call(main(), "cell 1")
            assert outcome.error is None, outcome.error
            ended: list[Any] = outcome.value
            return ended

    for flag in asyncio.run(host()):
        assert str(flag).startswith("--allow-"), flag
    assert [path.name for path in tmp_path.iterdir()] == ["there.txt"]
    assert (tmp_path / "there.txt").read_text() == "there"


# Run


TOUCHING = ("open", "os.", "shutil.", "socket.bind", "socket.connect", "socket.sendto", "subprocess.", "glob.")

watched: list[str] | None = None


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    if watched is None or not event.startswith(TOUCHING):
        return
    if event.startswith(("socket.", "subprocess.", "os.putenv", "os.posix_spawn", "os.system", "os.exec")):
        watched.append(f"{event} {arguments!r}")
    elif any(isinstance(argument, str) and not argument.startswith(("/", "\\")) for argument in arguments[:1]):
        watched.append(f"{event} {arguments!r}")  # a path of the program's, which begins in its folder


sys.addaudithook(audit)


def run_watched(program: str, name: str, permissions: str = "") -> list[str]:
    """Run a program, whatever comes of it; return what it has touched."""
    global watched
    watched = []
    try:
        hocket.run(program, name, permissions=permissions)
    except (errors.HocketError, SystemExit):
        pass
    finally:
        seen, watched = watched, None
    return seen


def test_what_programs_touch_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for program in (
        'read_file("a.txt")',
        'list_dir("d")',
        'delete_file("a.txt")',
        'http_get("http://127.0.0.1:1")',
        'execute("true")',
        "http_serve({}).stop()",
        'env_set("HOCKET_NAME", "")',
    ):
        assert run_watched(program, "program"), program


def test_no_example_of_the_library_touches_anything_when_nothing_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = {(builtin.name, example) for builtin in STDLIB for example in builtin.examples}
    touched = {}
    for name, example in sorted(examples):
        seen = run_watched(example, name, "untrusted")
        if seen or list(tmp_path.iterdir()):
            touched[name] = seen
    capsys.readouterr()
    assert touched == {}
