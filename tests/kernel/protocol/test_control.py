"""Requests on the control channel, which are heard while a cell computes; stops are in test_interrupt.py."""

import os
import socket


def test_a_subshell_runs_on_the_same_loop_beside_a_waiting_cell(notebook):
    notebook.ok("shared := 5")
    subshell = notebook.control("create_subshell_request", {})["subshell_id"]
    cell = notebook.begins("await async_sleep(600)\nprint('main')")
    content = {"code": "print('sub', shared)", "silent": False, "store_history": True, "user_expressions": {}}
    request = notebook.request("execute_request", content, subshell_id=subshell)
    reply = notebook.ask(request)
    assert reply.content["status"] == "ok"
    assert not cell.reply
    notebook.until(lambda: any(m.kind == "stream" for m in notebook.others[request]))
    assert [m.content["text"] for m in notebook.others[request] if m.kind == "stream"] == ["sub 5\n"]
    notebook.wait(cell)
    assert cell.out == "main\n"
    found = notebook.ask(
        notebook.request("complete_request", {"code": "shar", "cursor_pos": 4}, subshell_id=subshell)
    ).content
    assert "shared" in found["matches"]
    assert notebook.control("delete_subshell_request", {"subshell_id": subshell})["status"] == "ok"


def test_subshells_are_listed_and_unknown_ones_refused(notebook):
    first = notebook.control("create_subshell_request", {})["subshell_id"]
    second = notebook.control("create_subshell_request", {})["subshell_id"]
    assert set(notebook.control("list_subshell_request", {})["subshell_id"]) == {first, second}
    assert notebook.control("delete_subshell_request", {"subshell_id": "nobody"})["status"] == "error"
    for subshell in (first, second):
        assert notebook.control("delete_subshell_request", {"subshell_id": subshell})["status"] == "ok"
    assert notebook.control("list_subshell_request", {})["subshell_id"] == []


def test_a_debug_request_is_refused_not_ignored(notebook):
    reply = notebook.control("debug_request", {"seq": 1, "type": "request", "command": "stackTrace", "arguments": {}})
    assert reply["success"] is False


def test_usage_is_told(notebook):
    usage = notebook.control("usage_request", {})
    assert (usage["hostname"], usage["pid"]) == (socket.gethostname(), notebook.manager.provisioner.pid)
    assert usage["cpu_count"] == os.cpu_count()
    assert usage["kernel_cpu"] >= 0 and usage["kernel_memory"] > 1_000_000
    assert {"total", "available", "percent"} <= usage["host_virtual_memory"].keys()


def test_usage_is_told_without_psutil_too(start, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['psutil'] = None\n", encoding="utf-8")
    notebook = start(PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    try:
        usage = notebook.control("usage_request", {})
        assert usage == {"hostname": socket.gethostname(), "pid": notebook.manager.provisioner.pid} | {
            "cpu_count": os.cpu_count()
        }
        assert notebook.ok("1 + 1").result == "2"
    finally:
        notebook.close()


def test_shutdown_is_answered_and_told_to_every_client(fresh):
    request = fresh.request("shutdown_request", {"restart": True}, "control")
    reply = fresh.client.get_control_msg(timeout=10)
    fresh.until(lambda: any(m.kind == "shutdown_reply" for m in fresh.others[request]), 10)
    (told,) = [message.content for message in fresh.others[request] if message.kind == "shutdown_reply"]
    assert reply["content"] == told == {"status": "ok", "restart": True}
    assert fresh.manager.provisioner.process.wait(10) == 0
