"""How a kernel is reached, and what it is started with."""

import json
import logging
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session

from hocket_kernel.app import KernelApp
from hocket_kernel.connection import CHANNELS, Connection, opened_early

PORTS = {f"{channel}_port": 50_000 + number for number, channel in enumerate(CHANNELS)}
INFO = {"ip": "127.0.0.1", "transport": "tcp", "key": "secret", "signature_scheme": "hmac-sha512", **PORTS}
CURVE = {"curve_publickey": "p" * 40, "curve_secretkey": "s" * 40}


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Jupyter's folder of connection files, not made yet; the working folder is another."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return tmp_path / "runtime"


def write(path, **info):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(info), encoding="utf-8")
    return path


@pytest.fixture
def opened():
    """Open the channels of what a connection file says; they are closed at the end."""
    connections = []

    def open_channels(path="", **options):
        connection = Connection.read(str(path), **options)
        connection.open()
        connections.append(connection)
        return connection

    yield open_channels
    for connection in connections:
        connection.close()


def test_the_file_says_where_the_kernel_is_reached(runtime, tmp_path):
    connection = Connection.read(str(write(tmp_path / "c.json", **INFO, **CURVE)))
    assert (connection.transport, connection.ip, connection.ports) == ("tcp", "127.0.0.1", PORTS)
    assert (connection.key, connection.signature_scheme) == (b"secret", "hmac-sha512")
    assert connection.curve == (b"p" * 40, b"s" * 40)
    assert not connection.is_owner


def test_ports_of_the_command_line_come_before_those_of_the_file(runtime, tmp_path):
    path = str(write(tmp_path / "c.json", **INFO))
    connection = Connection.read(path, transport="ipc", ip="1.2.3.4", shell_port=7, hb_port=0)
    assert connection.ports == {**PORTS, "shell_port": 7}
    assert (connection.transport, connection.ip) == ("tcp", "127.0.0.1")


@pytest.mark.parametrize("folder", ["work", "runtime"])
def test_a_mere_name_is_looked_for_here_and_among_jupyters_own(runtime, folder):
    path = write(runtime.parent / folder / "named.json", **INFO)
    connection = Connection.read("named.json")
    assert connection.path == path and connection.ports == PORTS


def test_a_file_that_is_not_there_is_written_with_free_ports_and_removed(runtime, opened):
    connection = opened()
    assert connection.is_owner and connection.path == runtime / f"kernel-{os.getpid()}.json"
    ports = [connection.ports[f"{channel}_port"] for channel in ("shell", "iopub", "stdin", "control")]
    assert len(set(ports)) == 4 and min(ports) > 0
    assert connection.sockets["shell"].last_endpoint == b"tcp://127.0.0.1:%d" % ports[0]
    # The heartbeat's is opened by the application, and how messages are signed is the session's to say.
    connection.ports["hb_port"], connection.key, connection.signature_scheme = 9, b"secret", "hmac-sha256"
    connection.write()
    said = json.loads(connection.path.read_text(encoding="utf-8"))
    assert {**said, **connection.ports} == said
    assert (said["ip"], said["transport"], said["key"]) == ("127.0.0.1", "tcp", "secret")
    assert os.name == "nt" or stat.S_IMODE(connection.path.stat().st_mode) == 0o600
    connection.remove()
    connection.remove()
    assert not connection.path.exists()


def test_a_file_of_which_all_is_true_is_left_alone(runtime, tmp_path):
    path = write(tmp_path / "c.json", **INFO, kernel_name="hocket", **CURVE)
    before = path.stat()
    Connection.read(str(path)).write()
    assert path.stat() == before


def test_a_port_that_the_file_leaves_open_is_added_to_what_it_says(runtime, tmp_path):
    path = write(tmp_path / "c.json", **{**INFO, "hb_port": 0}, kernel_name="hocket", more="kept", **CURVE)
    connection = Connection.read(str(path))
    connection.ports["hb_port"] = 9
    connection.write()
    told = {**INFO, **CURVE, "hb_port": 9, "kernel_name": "hocket", "more": "kept"}
    assert json.loads(path.read_text(encoding="utf-8")) == told


@pytest.mark.skipif(os.name == "nt", reason="no ipc on Windows")
def test_sockets_in_the_file_system_stand_beside_the_file_and_go_with_it(runtime, tmp_path, opened):
    connection = opened(tmp_path / "c.json", transport="ipc")
    assert sorted(port for port in connection.ports.values() if port) == [1, 2, 3, 4]
    assert sorted(path.name for path in tmp_path.glob("*ipc*")) == [f"c-ipc-{number}" for number in (1, 2, 3, 4)]
    connection.remove()
    assert list(tmp_path.glob("*ipc*")) == []


WRONG = {
    "": "Expecting value",
    "{": "Expecting property name",
    "[]": "it must hold one JSON object",
    '{"transport": "pigeon"}': "transport must be tcp or ipc, got pigeon",
    '{"shell_port": "many"}': "invalid literal for int() with base 10: 'many'",
}


@pytest.mark.parametrize(("text", "reason"), WRONG.items())
def test_a_file_that_makes_no_sense_is_not_taken(runtime, tmp_path, text, reason):
    path = tmp_path / "c.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(reason)):
        Connection.read(str(path))
    assert opened_early(["-f", str(path)]) is None


def test_the_channels_are_opened_early_for_the_usual_command_line_only(runtime, tmp_path):
    path = str(write(tmp_path / "c.json", **{**INFO, **dict.fromkeys(PORTS, 0)}))
    early = opened_early(["-f", path])
    assert early is not None and early.ports["shell_port"] > 0
    early.close()
    for arguments in ([], ["-f"], [path, "-f"], ["-f", path, "--debug"], [f"-f={path}"], ["-f", f"{path}.other"]):
        assert opened_early(arguments) is None


def test_a_kernel_with_a_file_that_makes_no_sense_says_so_and_ends(runtime, tmp_path):
    path = tmp_path / "c.json"
    path.write_text("{", encoding="utf-8")
    ended = subprocess.run([sys.executable, "-m", "hocket_kernel", "-f", path], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"the connection file {path} cannot be read: Expecting property name" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_line_says_the_same_as_the_file_can():
    application = KernelApp()
    application.parse_command_line(
        [
            *("--ip=1.2.3.4", "--transport=ipc", "--hb=1", "--shell=2", "--iopub=3", "--stdin=4", "--control=5"),
            *("--f=some.json", "--debug", "--no-stdout", "--Session.username=me", "--ident=one"),
            *("--KernelApp.parent_handle=12", "--KernelApp.quiet=False"),
        ]
    )
    session = Session(parent=application)
    assert (application.ip, application.transport, application.connection_file) == ("1.2.3.4", "ipc", "some.json")
    assert [getattr(application, f"{channel}_port") for channel in CHANNELS] == [2, 3, 4, 5, 1]
    assert (session.username, session.session) == ("me", "one")
    assert (application.parent_handle, application.quiet, application.no_stdout) == (12, False, True)
    assert (application.no_stderr, application.log_level) == (False, logging.DEBUG)


def test_an_option_that_cannot_be_is_named():
    command = [sys.executable, "-m", "hocket_kernel", "--shell=many"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "shell_port" in ended.stderr and "many" in ended.stderr and "Traceback" not in ended.stderr


def test_a_channel_that_cannot_be_opened_is_named(runtime, tmp_path):
    with zmq.Context() as context, context.socket(zmq.ROUTER) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        path = write(tmp_path / "c.json", **{**INFO, **dict.fromkeys(PORTS, 0), "stdin_port": port})
        ended = subprocess.run([sys.executable, "-m", "hocket_kernel", "-f", path], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the stdin channel cannot be opened: Address " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_kernel_started_by_hand_says_how_it_is_reached_and_leaves_nothing(installation, tmp_path):
    environment = {**installation, "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    command = [sys.executable, "-m", "hocket_kernel", "--debug"]
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        kernel = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        path = Path(kernel.stdout.readline().rpartition("--existing ")[2].strip())
        assert path == tmp_path / "runtime" / f"kernel-{kernel.pid}.json"
        client = BlockingKernelClient()
        client.load_connection_file(str(path))
        client.start_channels()
        client.wait_for_ready(timeout=30)
        shown = []
        program = "%%python\nimport faulthandler\nfaulthandler.dump_traceback()\nprint('printed')"
        client.execute_interactive(program, timeout=30, output_hook=shown.append)
        client.shutdown()
        assert kernel.wait(30) == 0
        client.stop_channels()
    finally:
        kernel.kill()
        kernel.communicate()
    assert not path.exists()
    # The log and what belongs to the process are on the terminal; what a program prints is in its cell.
    logged = (tmp_path / "log").read_text(encoding="utf-8")
    assert "Control received" in logged and "most recent call first" in logged
    assert "printed" not in logged.splitlines()
    assert "".join(m["content"]["text"] for m in shown if m["msg_type"] == "stream") == "printed\n"


PARENT = """
import os, subprocess, sys
os.environ["JPY_PARENT_PID"] = str(os.getpid())
subprocess.Popen([sys.executable, "-m", "hocket_kernel", "-f", sys.argv[1]])
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="there a parent is known by a handle")
def test_a_kernel_ends_with_the_process_that_has_started_it(installation, tmp_path):
    path = tmp_path / "c.json"
    command = [sys.executable, "-c", PARENT, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=installation, cwd=tmp_path, **pipes) as parent:
        try:
            while not (path.exists() and path.read_text(encoding="utf-8").endswith("}")):
                assert parent.poll() is None
                time.sleep(0.02)
            client = BlockingKernelClient()
            client.load_connection_file(str(path))
            client.start_channels()
            client.wait_for_ready(timeout=30)
        finally:
            parent.kill()
        # The kernel holds the other end of the pipe.
        assert parent.stdout.read() == b""
    client.stop_channels()
