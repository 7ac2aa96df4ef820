"""Nothing a program does ends the kernel, also not what only Python code can do."""

import os

import pytest

# Builtins that exist in these kernels only: they stand for Python libraries that misbehave.
PLANTED = '''
import sys
from hocket.runtime.registry import builtin

@builtin
def leave():
    """Raise SystemExit."""
    raise SystemExit(3)

@builtin
def stop():
    """Raise KeyboardInterrupt."""
    raise KeyboardInterrupt

@builtin
async def leave_later():
    """Raise SystemExit in a task."""
    raise SystemExit(3)

@builtin
def close_streams():
    """Close stdout and stderr."""
    sys.stdout.close()
    sys.stderr.close()

@builtin
def blow():
    """Raise an exception that is nobody's."""
    raise BaseException("whatever")

@builtin
def raw_output():
    """Write to file descriptor 1, as a C library does."""
    import os
    os.write(1, b"raw bytes\\\\n")

@builtin
def open_echo():
    """Register a comm target that answers."""
    import comm

    def opened(channel, message):
        channel.on_msg(lambda message: channel.send({"echo": message["content"]["data"]}))

    comm.get_comm_manager().register_target("echo", opened)
'''


@pytest.fixture(scope="module")
def notebook(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    (folder / "sitecustomize.py").write_text(PLANTED.replace("\\\\n", "\\n"), encoding="utf-8")
    shared = start(PYTHONPATH=os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    yield shared
    shared.close()


@pytest.mark.parametrize(
    "code",
    [
        "leave()",
        "stop()",
        "blow()",
        "t := spawn leave()\nawait async_sleep(20)",
        "t := spawn stop()\nawait async_sleep(20)",
        "t := spawn blow()\nawait async_sleep(20)",
        "p := leave_later()\nawait async_sleep(20)",
        "await leave_later()",
        "p := async_sleep(1).then(x => leave())\nawait async_sleep(20)",
    ],
)
def test_an_exception_that_ends_processes_does_not_end_this_one(notebook, code):
    cell = notebook.run(code)
    assert cell.reply["status"] in ("ok", "error")
    assert cell.idle
    assert notebook.ok("1 + 1").result == "2"
    assert notebook.manager.is_alive()


def test_closed_streams_go_on(notebook):
    notebook.run("close_streams()")
    assert notebook.ok("print('still')").out == "still\n"


def test_what_is_written_to_the_file_descriptor_arrives(notebook):
    cell = notebook.ok("raw_output()\nawait async_sleep(100)")
    notebook.until(lambda: "raw bytes" in cell.out, 5)


def test_a_bad_comm_message_is_survived(notebook):
    for content in ({}, {"comm_id": "nobody", "data": {}}, {"comm_id": 5, "target_name": "no target", "data": None}):
        for kind in ("comm_msg", "comm_open", "comm_close"):
            notebook.request(kind, content)
    assert notebook.ok("'alive'").result == '"alive"'


def test_a_comm_is_served_while_a_cell_waits(notebook):
    notebook.ok("open_echo()")
    cell = notebook.begins("await async_sleep(500)")
    notebook.request("comm_open", {"comm_id": "one", "target_name": "echo", "data": {}})
    notebook.request("comm_msg", {"comm_id": "one", "data": {"n": 1}})
    notebook.until(lambda: any(m.kind == "comm_msg" for found in notebook.others.values() for m in found), 0.4)
    answers = [m.content["data"] for found in notebook.others.values() for m in found if m.kind == "comm_msg"]
    assert answers == [{"echo": {"n": 1}}]
    assert not cell.reply
    notebook.wait(cell)
    info = notebook.ask(notebook.request("comm_info_request", {"target_name": "echo"}))
    assert info.content["comms"] == {"one": {"target_name": "echo"}}


def test_messages_that_are_no_messages_are_survived(notebook):
    notebook.request("no_such_request", {})
    notebook.request("execute_request", {})
    notebook.request("complete_request", {"code": 5, "cursor_pos": "x"})
    notebook.client.shell_channel.socket.send_multipart([b"garbage"])
    notebook.client.control_channel.socket.send_multipart([b"<IDS|MSG>", b"bad signature", b"{}", b"{}", b"{}", b"{}"])
    assert notebook.ok("'alive'").result == '"alive"'


def test_a_hundred_thousand_tasks_are_survived(notebook):
    cell = notebook.ok(
        "async func nothing(i) { return i }\nps := []\n"
        "for i in range(100000) { ps.push(nothing(i)) }\nlen(await promise_all(ps))"
    )
    assert cell.result == "100000"


def test_a_very_long_string_is_survived(notebook):
    cell = notebook.ok("s := 'x' * 100000000\nlen(s)")
    assert cell.result == "100000000"
    assert len(notebook.ok("s").result or "") < 100_000
    notebook.ok("s = ''")


# What only Python can do, and what `asyncio`, or the interpreter, takes for the end of the process.
PYTHON = {
    "a task exits": "async def bad(): sys.exit(3)\ntask = asyncio.create_task(bad())\nawait asyncio.sleep(0.02)",
    "an awaited task exits": "async def bad(): sys.exit(3)\nawait asyncio.create_task(bad())",
    "a gathered task is interrupted": "async def bad(): raise KeyboardInterrupt\nawait asyncio.gather(bad(), bad())",
    "a callback exits": "asyncio.get_running_loop().call_soon(sys.exit, 3)\nawait asyncio.sleep(0.02)",
    "a callback fails": "asyncio.get_running_loop().call_soon(int, 'x')\nawait asyncio.sleep(0.02)",
    "a callback of a task exits": "task = asyncio.create_task(asyncio.sleep(0))\n"
    "task.add_done_callback(lambda task: sys.exit(3))\nawait asyncio.sleep(0.02)",
    "the loop is stopped": "asyncio.get_running_loop().stop()\nawait asyncio.sleep(0.02)",
    "the loop is closed": "asyncio.get_running_loop().close()",
    "the loop is replaced": "asyncio.set_event_loop(asyncio.new_event_loop())",
    "a thread exits": "thread = threading.Thread(target=sys.exit)\nthread.start(); thread.join()",
    "a thread fails": "thread = threading.Thread(target=int, args='x')\nthread.start(); thread.join()",
    "a text of an object exits": "class R:\n    def __repr__(self): sys.exit(4)\nR()",
    "a picture of an object exits": "class R:\n    def _repr_html_(self): sys.exit(4)\nR()",
    "a finalizer exits": "class R:\n    def __del__(self): sys.exit(4)\nmade = R()\ndel made",
    "file descriptors are closed": "os.close(1); os.close(2)",
    "streams are nothing": "sys.stdout = sys.stderr = None\nprint('lost')",
    "streams are closed files": "sys.stdout = sys.stderr = open(os.devnull, 'w')\nsys.stdout.close()",
    "streams are objects": "sys.stdout = sys.stderr = object()",
    "streams are closed": "for stream in (sys.stdout, sys.stderr, sys.__stdout__): stream.close()",
    "calls never end": "def deeper(n): return deeper(n + 1)\ndeeper(0)",
    "hooks are gone": "sys.excepthook = sys.unraisablehook = sys.displayhook = None\n1",
    "a stop comes from within": "os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass",
}


@pytest.mark.parametrize("code", PYTHON.values(), ids=PYTHON)
def test_what_python_does_ends_no_kernel(notebook, code):
    cell = notebook.run(f"%%python\nimport asyncio, os, signal, sys, threading\n{code}")
    assert cell.reply["status"] in ("ok", "error")
    following = notebook.ok("print('alive')\neprint('well')\n40 + 2")
    assert (following.out, following.err, following.result) == ("alive\n", "well\n", "42")
    assert notebook.manager.is_alive()


@pytest.mark.parametrize(
    "code",
    [
        "exit(3)",
        "spawn { exit(3) }\nawait async_sleep(20)",
        "spawn { await async_sleep(5); exit(3) }\nnull",
        "async_sleep(1).then(x => exit(2))\nawait async_sleep(20)",
        "async_sleep(1).then(x => 1 / 0)\nawait async_sleep(20)",
        "func a(n) { return b(n) }\nfunc b(n) { return a([n]) }\na(0)",
        "async func a(n) { return await a(n + 1) }\nspawn a(0)\nawait async_sleep(20)",
        "mut deep := []\nfor i in range(100_000) { deep = [deep] }\nstr(deep)",
        "let round := []\nround.push(round)\nround",
    ],
)
def test_what_a_program_does_ends_no_kernel(notebook, code):
    assert notebook.run(code).reply["status"] in ("ok", "error")
    assert notebook.ok("40 + 2").result == "42"


def test_a_comm_whose_callback_exits_is_survived(notebook):
    notebook.ok(
        "%%python\nimport comm, sys\ndef opened(channel, message): sys.exit(1)\n"
        "comm.get_comm_manager().register_target('leaves', opened)"
    )
    request = notebook.request("comm_open", {"comm_id": "two", "target_name": "leaves", "data": {}})
    notebook.until(lambda: "idle" in [m.content.get("execution_state") for m in notebook.others[request]])
    assert notebook.ok("'alive'").result == '"alive"'


def test_a_cell_is_answered_whatever_it_has_put_in_place_of_a_stream_and_output_goes_on_late(notebook):
    cell = notebook.ok(
        "%%python\nimport asyncio, io, sys\nsys.stdout = io.StringIO()\nprint('taken')\n"
        "async def later():\n    await asyncio.sleep(0.05)\n    print('late')\ntask = asyncio.create_task(later())"
    )
    notebook.until(lambda: cell.out == "late\n")
