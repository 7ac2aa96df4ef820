"""Clients that stand still, never read, or send what is no message; and the end in the middle of it all."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zmq
from jupyter_client.session import Session

RESTARTS = int(os.environ.get("HOCKET_RESTARTS", "5"))

# A second client: runs a cell and tells what it has received of it.
CLIENT = """
import json, sys
from jupyter_client.blocking.client import BlockingKernelClient
client = BlockingKernelClient()
client.load_connection_file(sys.argv[1])
client.start_channels()
client.wait_for_ready(timeout=30)
request = client.execute(sys.argv[2])
text, places, displays, updates = [], {}, 0, 0
while True:
    message = client.get_iopub_msg(timeout=60)
    if message["parent_header"].get("msg_id") != request:
        continue
    if message["msg_type"] == "execute_input":
        print("begun", flush=True)
    if message["msg_type"] == "stream":
        text.append(message["content"]["text"])
    if message["msg_type"] in ("display_data", "update_display_data"):
        content = message["content"]
        places[content["transient"]["display_id"]] = content["data"]["text/plain"]
        displays += message["msg_type"] == "display_data"
        updates += message["msg_type"] == "update_display_data"
    if message["content"].get("execution_state") == "idle":
        break
print(json.dumps(["".join(text), list(places.values()), displays, updates]))
"""
PRINTS = "for i in range(60000) { print(i); if i % 100 == 0 { await async_sleep(1) } }"


# Each of the places is shown anew 4,000 times; then more is shown than anybody reads.
SHOWS = """
let places := range(5).map(n => display(n))
for i in 0..=4000 { for place in places { place.update(i) }; if i % 100 == 0 { await async_sleep(1) } }
for i in 0..50_000 { display("value ${i}" + "-" * 1_000) }
"""


@pytest.fixture
def other(fresh, request) -> Iterator[subprocess.Popen[str]]:
    """Another client in a process of its own; its cell prints 60,000 lines, or is the test's own."""
    command = [sys.executable, "-c", CLIENT, fresh.manager.connection_file, getattr(request, "param", PRINTS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def deaf(fresh) -> Iterator[zmq.Socket[bytes]]:
    """A client of the output channel that never reads."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    subscriber = context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.RCVHWM, 1)
    subscriber.setsockopt(zmq.RCVBUF, 4096)
    subscriber.setsockopt(zmq.SUBSCRIBE, b"")
    subscriber.connect(f"tcp://127.0.0.1:{fresh.manager.get_connection_info()['iopub_port']}")
    yield subscriber
    subscriber.close(linger=0)
    context.term()


def memory(notebook):
    return psutil.Process(notebook.manager.provisioner.pid).memory_info().rss / 1e6


def shut_down(notebook):
    """Ask for the end; check that nothing is left of the kernel but what is the client's."""
    process = psutil.Process(notebook.manager.provisioner.pid)
    children = process.children(recursive=True)
    ports = [value for key, value in notebook.manager.get_connection_info().items() if key.endswith("_port")]
    assert notebook.control("shutdown_request", {"restart": False})["status"] == "ok"
    end = time.monotonic() + 5
    while notebook.manager.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert not notebook.manager.is_alive()
    _, left = psutil.wait_procs(children, timeout=3)
    assert not left
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port))


stops_processes = pytest.mark.skipif(os.name == "nt", reason="SIGSTOP is POSIX's")


@stops_processes
def test_a_client_that_stands_still_gets_everything_and_holds_up_nobody(fresh, other):
    other.send_signal(signal.SIGSTOP)
    assert fresh.ok("print('mine')\n1 + 1").result == "2"
    other.send_signal(signal.SIGCONT)
    out, _ = other.communicate(timeout=60)
    assert json.loads(out)[0] == "".join(f"{number}\n" for number in range(60_000))


@stops_processes
@pytest.mark.parametrize("other", [SHOWS], indirect=True)
def test_a_client_that_stands_still_gets_the_last_state_of_each_place_and_the_last_of_a_flood(fresh, other):
    other.send_signal(signal.SIGSTOP)
    before = memory(fresh)
    assert fresh.ok("'behind it'").result == '"behind it"'
    assert memory(fresh) - before < 40, "all that is shown would be 150 MB"
    other.send_signal(signal.SIGCONT)
    out, _ = other.communicate(timeout=60)
    text, places, displays, updates = json.loads(out)
    assert places[:5] == ["4000"] * 5
    assert updates < 300
    assert displays < 1_100
    left_out = re.findall(r"\[([\d,]+) displays? left out; %env HOCKET_OUTPUT_LIMIT=0 shows all\]\n", text)
    assert displays - 5 + sum(int(number.replace(",", "")) for number in left_out) == 50_000
    assert places[-1].startswith('"value 49999-')


@stops_processes
def test_the_kernel_ends_while_a_client_stands_still(fresh, other):
    other.send_signal(signal.SIGSTOP)
    fresh.until(lambda: any("stream" in [m.kind for m in found] for found in fresh.others.values()))
    shut_down(fresh)


def test_a_client_that_never_reads_costs_a_cell_a_megabyte(fresh, deaf):
    before = memory(fresh)
    fresh.ok("for i in range(200) { print('x' * 1_000_000) }")
    fresh.ok("let place := display(0)\nfor i in range(100_000) { place.update(i) }")
    for _ in range(10):
        fresh.ok("print('x' * 5_000_000)")
    # All that was printed would be 250 MB; making it leaves holes of some tens.
    assert memory(fresh) - before < 100
    shut_down(fresh)


def test_fifty_megabytes_arrive_if_they_are_wanted_and_the_end_does_not_wait_for_a_deaf_client(fresh, deaf):
    fresh.ok("%env HOCKET_OUTPUT_LIMIT=0")
    assert len(fresh.ok("print('x' * 50_000_000)").out) == 50_000_001
    flood = fresh.send("loop { print('x' * 50_000_000) }")
    fresh.until(lambda: bool(flood.of("stream")))
    shut_down(fresh)


def signed(session: Session, *parts: bytes) -> list[bytes]:
    return [b"<IDS|MSG>", session.sign(list(parts)), *parts]


def malformed(session: Session) -> Iterator[list[bytes]]:
    """Yield what no kernel should have to read."""
    header = json.dumps(session.msg_header("execute_request"), default=str).encode()
    content = json.dumps({"code": "print('never')", "silent": False}).encode()
    yield [b""]
    yield [b"garbage"]
    yield [b"<IDS|MSG>"]
    yield [b"<IDS|MSG>", b"", b"", b"", b"", b""]
    yield [b"<IDS|MSG>", b"0" * 64, header, b"{}", b"{}", content]
    yield [b"<IDS|MSG>", b"", header, b"{}", b"{}", content]
    yield [b"\xff" * 1_000_000]
    for broken in (b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"msg_type": "execute_request"}'):
        yield signed(session, broken, b"{}", b"{}", content)
        yield signed(session, header, b"{}", b"{}", broken)
        yield signed(session, header, broken, b"{}", b"{}")
        yield signed(session, header, b"{}", broken, b"{}")
    for kind in ("no_such_request", "", "execute_reply", "shutdown_reply", "__init__"):
        yield signed(session, json.dumps(session.msg_header(kind), default=str).encode(), b"{}", b"{}", b"{}")
    for wrong in (
        {},
        {"code": 5},
        {"code": None, "silent": "x"},
        {"code": ["print('never')"]},
        {"code": "1", "user_expressions": 3},
    ):
        yield signed(session, header, b"{}", b"{}", json.dumps(wrong).encode())


@pytest.mark.parametrize("channel", ["shell", "control", "stdin"])
def test_what_is_no_message_is_dropped(notebook, channel):
    sender = getattr(notebook.client, f"{channel}_channel").socket
    for frames in malformed(notebook.client.session):
        sender.send_multipart(frames)
    # Some of them are cells that fail: one that is sent before the last has failed is aborted with it.
    cell = notebook.run("print('alive')\n'value'")
    while cell.reply["status"] == "aborted":
        cell = notebook.run("print('alive')\n'value'")
    assert (cell.out, cell.result) == ("alive\n", '"value"')
    assert notebook.control("kernel_info_request", {})["status"] == "ok"
    texts = [m.content["text"] for found in notebook.others.values() for m in found if m.kind == "stream"]
    assert not any("never" in text for text in texts)


def test_a_wrong_signature_is_not_obeyed(notebook, tmp_path):
    path = tmp_path / "written"
    forger = Session(key=b"another key", session=notebook.client.session.session)
    for kind, content in (
        ("execute_request", {"code": f"write_file('{path.as_posix()}', 'x')", "silent": False}),
        ("shutdown_request", {"restart": False}),
        ("interrupt_request", {}),
    ):
        frames = forger.serialize(forger.msg(kind, content))
        notebook.client.shell_channel.socket.send_multipart(frames)
        notebook.client.control_channel.socket.send_multipart(frames)
    notebook.listen(0.2)
    assert notebook.ok("'alive'").result == '"alive"'
    assert not path.exists()


def test_the_kernel_ends_after_what_is_no_message(fresh):
    for channel in (fresh.client.shell_channel, fresh.client.control_channel):
        for frames in malformed(fresh.client.session):
            channel.socket.send_multipart(frames)
    shut_down(fresh)


def test_the_kernel_ends_while_a_thousand_cells_wait(fresh, tmp_path):
    fresh.send("print('begun')\nawait async_sleep(60000)")
    path = tmp_path / "late"
    for _ in range(1000):
        fresh.send(f"append_file('{path.as_posix()}', 'x')")
    fresh.until(lambda: any("begun" in cell.out for cell in fresh.cells.values()))
    shut_down(fresh)
    assert not path.exists()


def test_a_thousand_cells_go_on_after_an_error_that_is_not_to_stop_them(notebook):
    notebook.ok("mut count := 0")
    cells = [notebook.send("1 / 0" if n == 500 else "count += 1\nnull", stop_on_error=False) for n in range(1000)]
    notebook.until(lambda: all(cell.reply for cell in cells), 60)
    assert [cell.reply["status"] for cell in cells].count("ok") == 999
    assert notebook.ok("count").result == "999"


def test_restarts_leave_no_process_no_port_and_no_file(fresh):
    home = Path(fresh.environment["HOME"])
    files = set(home.rglob("*"))
    me = psutil.Process()
    own = fresh.manager.provisioner.pid
    others = {child.pid for child in me.children(recursive=True)} - {own}
    ports = {port for port in fresh.manager.get_connection_info().values() if isinstance(port, int)}
    for _ in range(RESTARTS):
        fresh.ok(
            "%%python\nimport subprocess, sys, threading, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "threading.Thread(target=time.sleep, args=(600,)).start()"
        )
        served = fresh.ok("let server := http_serve({'/': request => 'x'})\nspawn async_sleep(60000)\nserver.port")
        ports.add(int(served.result))
        fresh.restart()
    fresh.ok("1 + 1")
    children = {child.pid for child in me.children(recursive=True)} - others
    assert children == {fresh.manager.provisioner.pid}
    shut_down(fresh)
    left = set(home.rglob("*")) - files
    assert all(file.is_dir() or file.name.startswith("history.sqlite") for file in left), left
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port))
