"""A real kernel process over ZeroMQ, and a client that keeps apart what each cell causes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from hocket_kernel import kernelspec
from hocket_kernel.kernel import HocketKernel

LIMIT = 30.0


@dataclass
class Message:
    """One message and when it arrived."""

    kind: str
    content: dict[str, Any]
    parent: str
    time: float
    raw: dict[str, Any]


@dataclass
class Cell:
    """What one execute request has caused until now; later output is added as it arrives."""

    request: str
    sent: float
    messages: list[Message] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    replied: float = 0.0

    @property
    def kinds(self) -> list[str]:
        return [m.content["execution_state"] if m.kind == "status" else m.kind for m in self.messages]

    def text(self, name: str = "stdout") -> str:
        return "".join(m.content["text"] for m in self.messages if m.kind == "stream" and m.content["name"] == name)

    @property
    def out(self) -> str:
        return self.text("stdout")

    @property
    def err(self) -> str:
        return self.text("stderr")

    def of(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message.kind == kind]

    @property
    def result(self) -> str | None:
        found = self.of("execute_result")
        return found[0].content["data"]["text/plain"] if found else None

    @property
    def idle(self) -> bool:
        return "idle" in self.kinds

    @property
    def seconds(self) -> float:
        return self.replied - self.sent


class Notebook:
    """One kernel process and one client of it."""

    def __init__(self, manager: KernelManager, environment: dict[str, str]) -> None:
        self.manager = manager
        self.environment = environment
        self.cells: dict[str, Cell] = {}
        self.others: dict[str, list[Message]] = defaultdict(list)
        self.client = self._connect()

    def _connect(self) -> BlockingKernelClient:
        client = self.manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=LIMIT)
        return client

    def send(self, code: str, **options: Any) -> Cell:
        """Send a cell; do not wait for anything."""
        sent = time.monotonic()
        cell = Cell(self.client.execute(code, **options), sent)
        self.cells[cell.request] = cell
        return cell

    def run(self, code: str, **options: Any) -> Cell:
        """Run a cell; return it when it has been answered and the kernel is idle again."""
        return self.wait(self.send(code, **options))

    def ok(self, code: str, **options: Any) -> Cell:
        """Run a cell that must not fail."""
        cell = self.run(code, **options)
        assert cell.reply["status"] == "ok", "\n".join(cell.reply.get("traceback", [str(cell.reply)]))
        return cell

    def wait(self, cell: Cell) -> Cell:
        """Wait until `cell` has been answered and the kernel has gone idle."""
        self.until(lambda: bool(cell.reply) and cell.idle)
        return cell

    def until(self, condition: Callable[[], bool], limit: float = LIMIT) -> None:
        """Take messages until `condition` holds; fail after `limit` seconds."""
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, "timed out"
            self.pump(0.01)

    def begins(self, code: str, **options: Any) -> Cell:
        """Send a cell; return it when the kernel has begun with it, from when on a Stop is for it."""
        cell = self.send(code, **options)
        self.until(lambda: bool(cell.of("execute_input")))
        return cell

    def waits(self, code: str, **options: Any) -> Cell:
        """Send a cell; return it when it waits: only then the loop turns, and answers another request."""
        cell = self.begins(code, **options)
        self.ask(self.client.complete("wai"))
        return cell

    def listen(self, seconds: float) -> None:
        """Take messages for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(0.01)

    def pump(self, timeout: float) -> None:
        """Take of what has arrived on the shell and iopub channels; wait for output at most `timeout`."""
        for _ in range(20):  # it may arrive faster than it is read
            try:
                self._output(self.client.get_iopub_msg(timeout=timeout))
            except Empty:
                break
            timeout = 0
        while True:
            try:
                self._answer(self.client.get_shell_msg(timeout=0))
            except Empty:
                return

    def _output(self, raw: dict[str, Any]) -> None:
        parent = raw["parent_header"].get("msg_id", "")
        message = Message(raw["msg_type"], raw["content"], parent, time.monotonic(), raw)
        (self.cells[parent].messages if parent in self.cells else self.others[parent]).append(message)

    def _answer(self, raw: dict[str, Any]) -> None:
        parent = raw["parent_header"]["msg_id"]
        if parent in self.cells:
            self.cells[parent].reply = raw["content"]
            self.cells[parent].replied = time.monotonic()
        else:
            self.others[parent].append(Message(raw["msg_type"], raw["content"], parent, time.monotonic(), raw))

    def ask(self, request: str, limit: float = LIMIT) -> Message:
        """Return the reply to a request other than execute."""

        def replies() -> list[Message]:
            return [message for message in self.others[request] if message.kind.endswith("_reply")]

        self.until(lambda: bool(replies()), limit)
        return replies()[0]

    def request(self, kind: str, content: dict[str, Any], channel: str = "shell", **header: Any) -> str:
        """Send a request of any kind; return its id."""
        message = self.client.session.msg(kind, content)
        message["header"].update(header)
        getattr(self.client, f"{channel}_channel").send(message)
        return str(message["header"]["msg_id"])

    def control(self, kind: str, content: dict[str, Any], limit: float = LIMIT) -> dict[str, Any]:
        """Return the content of the reply to a control request."""
        request = self.request(kind, content, "control")
        while True:
            raw = self.client.get_control_msg(timeout=limit)
            if raw["parent_header"]["msg_id"] == request:
                content = raw["content"]
                return content

    def interrupt(self) -> float:
        """Send what the Stop button sends; return when."""
        sent = time.monotonic()
        self.manager.interrupt_kernel()
        return sent

    def interrupt_and_wait(self) -> None:
        """Send what the Stop button sends, and wait until the kernel has got it."""
        if self.manager.kernel_spec.interrupt_mode == "message":
            self.control("interrupt_request", {})
        else:
            self.interrupt()

    def restart(self) -> None:
        """Restart the process, as the client does."""
        self.client.stop_channels()
        # A new client counts its messages anew, in the same session: their ids come again.
        self.cells.clear()
        self.others.clear()
        self.manager.restart_kernel(now=False, env=self.environment)
        self.client = self._connect()

    def close(self) -> None:
        """Disconnect and end the process."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


class DebugClient:
    """A client of the debugger of one kernel."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.numbers = count(1)
        self.seen = len(self.events())

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        number = next(self.numbers)
        content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
        reply = self.notebook.control("debug_request", content)
        assert (reply["type"], reply["request_seq"], reply["command"]) == ("response", number, command)
        return reply

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        reply = self.request(command, **arguments)
        assert reply["success"], reply
        body: dict[str, Any] = reply["body"]
        return body

    def refused(self, command: str, **arguments: Any) -> str:
        reply = self.request(command, **arguments)
        assert not reply["success"], reply
        return str(reply["message"])

    def attach(self) -> None:
        self.ask("initialize", clientID="test", adapterID="")
        self.ask("attach")
        self.ask("configurationDone")

    def events(self) -> list[dict[str, Any]]:
        everything = [*self.notebook.others.values(), *(cell.messages for cell in self.notebook.cells.values())]
        found = [message for messages in everything for message in messages if message.kind == "debug_event"]
        return [message.content for message in sorted(found, key=lambda message: message.content["seq"])]

    def event(self, kind: str) -> dict[str, Any]:
        """Wait for the next event of a kind; those before it are passed over."""

        def fresh() -> list[int]:
            return [at for at, event in enumerate(self.events()) if at >= self.seen and event["event"] == kind]

        self.notebook.until(lambda: bool(fresh()))
        self.seen = fresh()[0] + 1
        body: dict[str, Any] = self.events()[self.seen - 1]["body"]
        return body

    def path(self, code: str) -> str:
        return str(self.ask("dumpCell", code=code)["sourcePath"])

    def breakpoints(self, code: str, *points: int | dict[str, Any]) -> list[dict[str, Any]]:
        wanted = [{"line": point} if isinstance(point, int) else point for point in points]
        found: list[dict[str, Any]] = self.ask("setBreakpoints", source={"path": self.path(code)}, breakpoints=wanted)[
            "breakpoints"
        ]
        return found

    def run(self, code: str, *points: int | dict[str, Any]) -> Cell:
        """Run a cell with breakpoints; do not wait for it."""
        assert all(point["verified"] for point in self.breakpoints(code, *points))
        return self.notebook.send(code)

    def stack(self) -> list[dict[str, Any]]:
        """Wait for a stop; return where it is."""
        self.event("stopped")
        return self.where()

    def where(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("stackTrace", threadId=1)["stackFrames"]
        return found

    def place(self) -> tuple[str, int]:
        """Wait for a stop; return function and line."""
        top = self.stack()[0]
        return top["name"], top["line"]

    def go(self, command: str = "continue") -> None:
        self.ask(command, threadId=1)

    def step(self, command: str = "next") -> tuple[str, int]:
        self.go(command)
        return self.place()

    def finish(self, cell: Cell) -> Cell:
        self.go()
        return self.notebook.wait(cell)

    def scope(self, name: str = "Locals", frame: int = 0) -> int:
        scopes = self.ask("scopes", frameId=self.where()[frame]["id"])["scopes"]
        return next(int(scope["variablesReference"]) for scope in scopes if scope["name"] == name)

    def children(self, number: int, **options: int) -> dict[str, str]:
        found = self.ask("variables", variablesReference=number, **options)["variables"]
        return {variable["name"]: variable["value"] for variable in found}

    def locals(self, frame: int = 0) -> dict[str, str]:
        return self.children(self.scope(frame=frame))

    def inside(self, number: int, *names: str) -> int:
        """The number of what lies under `names`."""
        for name in names:
            found = self.ask("variables", variablesReference=number)["variables"]
            number = next(variable["variablesReference"] for variable in found if variable["name"] == name)
        return number

    def evaluate(self, text: str, context: str = "hover", frame: int = 0) -> str:
        number = self.where()[frame]["id"]
        return str(self.ask("evaluate", expression=text, frameId=number, context=context)["result"])

    def fails(self, text: str) -> str:
        return self.refused("evaluate", expression=text, frameId=self.where()[0]["id"], context="repl")


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where kernels of all tests keep the parser's tables."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with kernelspecs of ours: `hocket`, and `hocket-message` that is stopped by message."""
    prefix = tmp_path_factory.mktemp("prefix")
    kernelspec.install(prefix=str(prefix))
    folder = kernelspec.install(prefix=str(prefix), name="hocket-message")
    path = folder / "kernel.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"signal"', '"message"'), encoding="utf-8")
    return prefix


def _own(variables: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what the user, or the tests, have set for Jupyter."""
    # `PYTEST_CURRENT_TEST` makes ipykernel leave the file descriptors alone.
    return {key: value for key, value in variables.items() if not key.startswith(("JUPYTER", "IPYTHON", "PYTEST"))}


@pytest.fixture(scope="session")
def installation(specs: Path, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user who has installed this tree: entry points and kernelspecs, in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = []
    for group, places in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in places.items())]
    info = home / "path/hocket-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hocket\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return {
        **_own(os.environ),
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "JUPYTER_PATH": str(specs / "share/jupyter"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "XDG_CACHE_HOME": str(tables),
        "PYTHONPATH": os.pathsep.join([str(info.parent), *sys.path]),
    }


@pytest.fixture(scope="session")
def tool(installation: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a tool of Jupyter's as the user does, in a folder; with `fails`, return also when it fails."""

    def run(name: str, *arguments: object, cwd: Path, fails: bool = False) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", name, *map(str, arguments)]
        ran = subprocess.run(command, cwd=cwd, env=installation, capture_output=True, text=True, timeout=100)
        assert fails or ran.returncode == 0, ran.stderr
        return ran

    return run


@pytest.fixture(scope="session")
def save() -> Callable[..., Path]:
    """Write a notebook as clients do; cells are texts, or a text and the cell's tags."""

    def save_notebook(path: Path, *cells: str | tuple[str, list[str]]) -> Path:
        shared: dict[str, Any] = {"cell_type": "code", "outputs": [], "execution_count": None}
        written = []
        for number, cell in enumerate(cells):
            text, tags = (cell, []) if isinstance(cell, str) else cell
            metadata = {"tags": tags} if tags else {}
            written.append({**shared, "id": f"cell-{number}", "metadata": metadata, "source": text})
        spec = {"name": "hocket", "display_name": "Hocket", "language": "hocket"}
        about = {"kernelspec": spec, "language_info": HocketKernel.language_info}
        notebook = {"cells": written, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return save_notebook


@pytest.fixture(scope="session")
def start(specs: Path, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Notebook]:
    """Start a kernel in a home of its own; the caller closes it."""

    def start_kernel(
        name: str = "hocket",
        encryption: str = "disabled",
        transport: str = "tcp",
        key: bytes | None = None,
        **variables: str,
    ) -> Notebook:
        home = tmp_path_factory.mktemp("home")
        environment = {
            **_own(os.environ),
            "HOME": str(home),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "XDG_CACHE_HOME": str(tables),
            **variables,
        }
        manager = KernelManager(
            kernel_name=name,
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(specs / "share/jupyter/kernels")]),
            connection_file=str(home / "connection.json"),
            transport=transport,
            transport_encryption=encryption,
        )
        if key is not None:
            manager.session.key = key
        work = home / "work"
        work.mkdir()
        manager.start_kernel(env=environment, cwd=str(work), stdout=sys.__stdout__, stderr=sys.__stderr__)
        started = Notebook(manager, environment)
        started.ok("null", silent=True)  # the first cell loads the parser
        return started

    return start_kernel


@pytest.fixture(scope="module")
def notebook(start: Callable[..., Notebook]) -> Iterator[Notebook]:
    """A kernel that a module's tests share."""
    shared = start()
    yield shared
    shared.close()


@pytest.fixture
def fresh(start: Callable[..., Notebook]) -> Iterator[Notebook]:
    """A kernel for one test."""
    own = start()
    yield own
    own.close()


@pytest.fixture(scope="session")
def new_client() -> type[DebugClient]:
    """Make a client of a kernel's debugger."""
    return DebugClient


@pytest.fixture
def client(notebook: Notebook) -> Iterator[DebugClient]:
    """A client that is attached to the debugger of the kernel that a module's tests share; it lets go at the end."""
    attached = DebugClient(notebook)
    attached.attach()
    yield attached
    attached.ask("disconnect")
    notebook.until(lambda: all(cell.idle for cell in notebook.cells.values()))
