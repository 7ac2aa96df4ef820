"""What every message is wrapped in, and the sockets that carry it.

The handshake of protocol 5.6, in which the kernel tells a registration socket its ports, is not there:
no client asks for it yet, and the kernel does not claim it.
"""

import datetime
import hashlib
import hmac
import json
import os
import re
import socket as sockets
import stat
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import zmq

from hocket_kernel import kernelspec

DELIMITER = b"<IDS|MSG>"
CHANNELS = ("shell", "control", "stdin", "iopub", "hb")
KINDS = {"shell": zmq.DEALER, "control": zmq.DEALER, "stdin": zmq.DEALER, "iopub": zmq.SUB, "hb": zmq.REQ}
PATIENCE = 10_000
ENCRYPTED = ["tcp"] if os.name == "nt" else ["tcp", "ipc"]


class Wire:
    """A client that is nothing but sockets: it packs and signs by hand."""

    def __init__(self, path, identity=b"client", keys=True):
        self.info = json.loads(Path(path).read_text(encoding="utf-8"))
        self.key = self.info["key"].encode()
        self.session = uuid.uuid4().hex
        self.context = zmq.Context()
        self.sockets = {}
        for channel in CHANNELS:
            made = self.sockets[channel] = self.context.socket(KINDS[channel])
            made.linger = 0
            if KINDS[channel] == zmq.DEALER:
                made.identity = identity
            if keys and "curve_publickey" in self.info:
                made.curve_publickey, made.curve_secretkey = zmq.curve_keypair()
                made.curve_serverkey = self.info["curve_publickey"].encode()
            separator = "-" if self.info["transport"] == "ipc" else ":"
            made.connect(f"{self.info['transport']}://{self.info['ip']}{separator}{self.info[f'{channel}_port']}")

    def close(self):
        self.context.destroy(linger=0)

    def subscribe(self):
        """Subscribe to all output; return the message that says so."""
        self.sockets["iopub"].subscribe(b"")
        return self.receive("iopub")

    def request(self, kind, content, channel="shell", key=None, **header):
        """Send a request with a header of ours; return the header and the frames."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "session": self.session,
            "username": "tester",
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "msg_type": kind,
            "version": "5.5",
            **header,
        }
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        frames = [DELIMITER, sign(self.key if key is None else key, parts), *parts]
        self.sockets[channel].send_multipart(frames)
        return header, frames

    def receive(self, channel, limit=PATIENCE):
        """Return the next message, taken apart by the specification and its signature checked."""
        assert self.sockets[channel].poll(limit), f"nothing on {channel}"
        frames = self.sockets[channel].recv_multipart()
        at = frames.index(DELIMITER)
        signature, *parts = frames[at + 1 : at + 6]
        assert signature == sign(self.key, parts)
        header, parent, metadata, content = (json.loads(part) for part in parts)
        return Received(frames[:at], header, parent, metadata, content, frames[at + 6 :])

    def reply(self, header, channel="shell"):
        """Return the reply to a request."""
        while True:
            message = self.receive(channel)
            if message.parent.get("msg_id") == header["msg_id"]:
                return message

    def until_idle(self, header):
        """Return what was published about a request."""
        found = []
        while True:
            message = self.receive("iopub")
            if message.parent.get("msg_id") == header["msg_id"]:
                found.append(message)
                if message.content.get("execution_state") == "idle":
                    return found


class Received:
    def __init__(self, identities, header, parent, metadata, content, buffers):
        self.identities, self.header, self.parent = identities, header, parent
        self.metadata, self.content, self.buffers = metadata, content, buffers
        self.kind = header["msg_type"]


def sign(key, parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode() if key else b""


def cell(code, **options):
    asked = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    return {"code": code, **asked, "stop_on_error": True, **options}


@pytest.fixture
def wire(notebook):
    raw = Wire(notebook.manager.connection_file)
    yield raw
    raw.close()


def test_messages_have_the_frames_and_the_header_of_the_specification(wire):
    wire.subscribe()
    header, _ = wire.request("execute_request", cell("print('out')\n1"))
    reply = wire.reply(header)
    published = wire.until_idle(header)
    assert reply.identities == [], "the socket has taken its own"
    assert [message.kind for message in published] == ["status", "execute_input", "stream", "execute_result", "status"]
    for message in (reply, *published):
        assert {"msg_id", "session", "username", "date", "msg_type", "version"} <= message.header.keys()
        assert datetime.datetime.fromisoformat(message.header["date"]).tzinfo is not None
        assert re.fullmatch(r"5\.\d+", message.header["version"])
        assert message.parent == header
        assert isinstance(message.metadata, dict) and message.buffers == []
        assert message.header["session"] == reply.header["session"] != wire.session
    assert all(len(message.identities) <= 1 for message in published), "a topic"
    numbers = {message.header["msg_id"] for message in (reply, *published)}
    assert len(numbers) == 6


def test_subscribing_is_welcomed_without_a_parent(wire):
    welcome = wire.subscribe()
    assert (welcome.kind, welcome.content, welcome.parent) == ("iopub_welcome", {"subscription": ""}, {})


def test_only_who_asks_is_answered(notebook, wire):
    other = Wire(notebook.manager.connection_file, b"other")
    try:
        for channel in ("shell", "control"):
            header, _ = wire.request("kernel_info_request", {}, channel)
            assert wire.reply(header, channel).kind == "kernel_info_reply"
        header, _ = wire.request("execute_request", cell("input('Who? ')", allow_stdin=True))
        asked = wire.receive("stdin")
        assert asked.kind == "input_request" and asked.parent == header
        wire.request("input_reply", {"value": "Ada"}, "stdin")
        assert wire.reply(header).content["status"] == "ok"
        assert not any(other.sockets[channel].poll(0) for channel in ("shell", "control", "stdin"))
    finally:
        other.close()


def test_control_stops_what_shell_runs(wire):
    wire.subscribe()
    header, _ = wire.request("execute_request", cell("print('begun'); await async_sleep(600000)"))
    while wire.receive("iopub").kind != "stream":
        pass
    stop, _ = wire.request("interrupt_request", {}, "control")
    assert wire.reply(stop, "control").content == {"status": "ok"}
    assert wire.reply(header).content["ename"] == "KeyboardInterrupt"


def test_a_wrong_signature_is_dropped_without_a_word(wire):
    wire.subscribe()
    wrong = {
        wire.request(kind, content, channel, key=b"guess")[0]["msg_id"]
        for kind, content, channel in (
            ("execute_request", cell("stolen := 1"), "shell"),
            ("kernel_info_request", {}, "control"),
            ("shutdown_request", {"restart": False}, "control"),
        )
    }
    header, _ = wire.request("execute_request", cell("1"))
    info, _ = wire.request("kernel_info_request", {}, "control")
    seen = [*wire.until_idle(header), wire.receive("shell"), wire.receive("control")]
    assert seen[-2].parent == header and seen[-1].parent == info
    assert not wrong & {message.parent["msg_id"] for message in seen}
    header, _ = wire.request("execute_request", cell("stolen"))
    assert wire.reply(header).content["evalue"] == "Undefined variable: stolen"
    assert not wire.sockets["shell"].poll(0) and not wire.sockets["control"].poll(0)


def test_a_message_that_is_sent_again_is_not_obeyed_again(wire):
    wire.reply(wire.request("execute_request", cell("mut times := 0"))[0])
    header, frames = wire.request("execute_request", cell("times += 1"))
    wire.reply(header)
    wire.sockets["shell"].send_multipart(frames)
    header, _ = wire.request("execute_request", cell("", user_expressions={"times": "times"}))
    assert wire.reply(header).content["user_expressions"]["times"]["data"] == {"text/plain": "1"}


def test_what_is_unknown_is_ignored(wire):
    wire.subscribe()
    for channel in ("shell", "control"):
        wire.request("no_such_request", {"a": 1}, channel)
    header, _ = wire.request("execute_request", cell("'alive'", invented=[1], also=None), invented={"a": 1})
    assert wire.reply(header).content["status"] == "ok"
    assert wire.reply(header := wire.request("kernel_info_request", {"x": 1}, "control")[0], "control").parent == header


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("kernel_info", {}),
        ("complete", {"code": "pri", "cursor_pos": 3}),
        ("inspect", {"code": "print", "cursor_pos": 3, "detail_level": 0}),
        ("is_complete", {"code": "1"}),
        ("history", {"hist_access_type": "tail", "n": 1, "output": False, "raw": True}),
        ("comm_info", {}),
        ("connect", {}),
        ("execute", cell("1 / 0")),
    ],
)
def test_every_request_is_busy_first_answered_and_idle_last(wire, kind, content):
    wire.subscribe()
    header, _ = wire.request(f"{kind}_request", content)
    reply = wire.reply(header)
    assert (reply.kind, reply.parent) == (f"{kind}_reply", header)
    published = wire.until_idle(header)
    assert published[0].content == {"execution_state": "busy"}
    states = [message.content["execution_state"] for message in published if message.kind == "status"]
    assert states == ["busy", "idle"]


def test_the_heart_beats_while_a_cell_computes(wire):
    wire.subscribe()
    header, _ = wire.request("execute_request", cell("print('begun'); while true {}"))
    while wire.receive("iopub").kind != "stream":
        pass
    for beat in (b"ping", b"\x00\xff", b""):
        wire.sockets["hb"].send(beat)
        assert wire.sockets["hb"].poll(1000) and wire.sockets["hb"].recv() == beat
    info, _ = wire.request("kernel_info_request", {}, "control")
    assert wire.reply(info, "control").content["status"] == "ok"
    wire.request("interrupt_request", {}, "control")
    assert wire.reply(header).content["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize("transport", ENCRYPTED)
def test_clients_without_the_keys_are_not_heard(start, transport):
    notebook = start(encryption="required", transport=transport)
    stranger = Wire(notebook.manager.connection_file, keys=False)
    try:
        stranger.sockets["iopub"].subscribe(b"")
        for channel in ("shell", "control"):
            stranger.request("kernel_info_request", {}, channel)
        stranger.sockets["hb"].send(b"ping")
        for _ in range(3):
            assert notebook.ok("print('secret')").out == "secret\n"
        notebook.listen(0.5)
        assert not any(stranger.sockets[channel].poll(0) for channel in CHANNELS)
        for channel in CHANNELS:
            assert mechanism(stranger.info, channel) == b"CURVE"
    finally:
        stranger.close()
        notebook.close()


def mechanism(info, channel):
    """Return which security a socket asks for, from the greeting of its protocol."""
    port = info[f"{channel}_port"]
    is_ipc = info["transport"] == "ipc"
    with sockets.socket(sockets.AF_UNIX if is_ipc else sockets.AF_INET) as connection:
        connection.settimeout(10)
        connection.connect(f"{info['ip']}-{port}" if is_ipc else (info["ip"], port))
        connection.sendall(b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00")
        greeting = b""
        while len(greeting) < 64 and (more := connection.recv(64 - len(greeting))):
            greeting += more
    return greeting[12:32].rstrip(b"\0")


def test_a_restart_is_another_session(fresh):
    def session():
        return fresh.ask(fresh.client.kernel_info()).raw["header"]["session"]

    before = session()
    assert session() == before
    fresh.restart()
    assert session() != before


def test_an_empty_key_means_unsigned(start):
    notebook = start(key=b"")
    wire = Wire(notebook.manager.connection_file)
    try:
        assert wire.key == b""
        header, frames = wire.request("execute_request", cell("1 + 1"))
        assert frames[1] == b"" and wire.reply(header).content["status"] == "ok"
    finally:
        wire.close()
        notebook.close()


def test_no_more_is_claimed_than_there_is(notebook):
    claimed = json.loads((kernelspec.SPEC / "kernel.json").read_text(encoding="utf-8"))["kernel_protocol_version"]
    assert claimed == notebook.ask(notebook.client.kernel_info()).content["protocol_version"] == "5.5"


@pytest.mark.skipif(os.name == "nt", reason="other permissions")
def test_only_the_user_can_read_the_keys(notebook):
    assert stat.S_IMODE(os.stat(notebook.manager.connection_file).st_mode) == 0o600


# Between the sockets and the first message: time to subscribe.
HELD = """
import os, time
from hocket_kernel.app import KernelApp
start = KernelApp.start
def held(self):
    while not os.path.exists("go"):
        time.sleep(0.01)
    start(self)
KernelApp.start = held
"""
INSIST = "%%python\nimport signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, [2])\nprint('begun')\ntime.sleep(600)"


@pytest.fixture
def alone(installation, tmp_path):
    """A kernel that nobody manages, held before its first message until there is a file `go`."""
    (tmp_path / "sitecustomize.py").write_text(HELD, encoding="utf-8")
    environment = {**installation, "PYTHONPATH": os.pathsep.join([str(tmp_path), installation["PYTHONPATH"]])}
    path = tmp_path / "own.json"
    command = [sys.executable, "-m", "hocket_kernel", "-f", str(path)]
    kernel = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while not (path.exists() and path.read_text(encoding="utf-8").endswith("}")):
            assert time.monotonic() < end and kernel.poll() is None
            time.sleep(0.02)
        wire = Wire(path)
        wire.subscribe()
        (tmp_path / "go").touch()
        yield kernel, wire, path
        wire.close()
    finally:
        kernel.kill()
        kernel.wait()


def test_a_kernel_alone_guards_its_keys_says_once_that_it_starts_and_leaves_nothing(alone):
    kernel, wire, path = alone
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    assert wire.info["signature_scheme"] == "hmac-sha256" and len(wire.info["key"]) >= 32
    first = wire.receive("iopub")
    assert (first.content, first.parent) == ({"execution_state": "starting"}, {})
    header, _ = wire.request("execute_request", cell("1"))
    assert "starting" not in [message.content.get("execution_state") for message in wire.until_idle(header)]
    header, _ = wire.request("shutdown_request", {"restart": False}, "control")
    assert wire.reply(header, "control").content == {"status": "ok", "restart": False}
    assert kernel.wait(20) == 0
    assert not path.exists()


def test_no_file_stays_of_a_kernel_that_cannot_end_in_order(alone):
    kernel, wire, path = alone
    wire.request("execute_request", cell(INSIST))
    while wire.receive("iopub").kind != "stream":
        pass
    wire.request("shutdown_request", {"restart": False}, "control")
    assert kernel.wait(20) == 1
    assert not path.exists()
