"""Messages other than cells: the envelope, the channels, what is asked on control."""

import datetime
import time

import zmq


def test_a_reply_says_when_its_cell_began(notebook):
    cell = notebook.send("await async_sleep(100)")
    replies = []
    take = notebook._answer
    notebook._answer = lambda raw: (replies.append(raw), take(raw))
    try:
        notebook.wait(cell)
    finally:
        del notebook._answer
    (reply,) = [raw for raw in replies if raw["parent_header"]["msg_id"] == cell.request]
    started, ended = reply["metadata"]["started"], reply["header"]["date"]
    if isinstance(started, str):
        started = datetime.datetime.fromisoformat(started)
    assert 0.09 < (ended - started).total_seconds() < 5


def test_every_request_is_busy_first_and_idle_last(notebook):
    requests = {
        "kernel_info_request": {},
        "complete_request": {"code": "pri", "cursor_pos": 3},
        "inspect_request": {"code": "print", "cursor_pos": 3, "detail_level": 0},
        "is_complete_request": {"code": "1"},
        "history_request": {"hist_access_type": "tail", "n": 1, "output": False, "raw": True},
        "comm_info_request": {},
        "connect_request": {},
    }
    for kind, content in requests.items():
        request = notebook.request(kind, content)
        reply = notebook.ask(request)
        assert reply.kind == kind.replace("request", "reply")
        assert reply.raw["parent_header"]["msg_id"] == request
        notebook.until(lambda request=request: len(states(notebook, request)) >= 2, 5)
        assert states(notebook, request) == ["busy", "idle"], kind


def states(notebook, request):
    return [m.content["execution_state"] for m in notebook.others[request] if m.kind == "status"]


def test_the_envelope_is_whole(notebook):
    cell = notebook.ok("print('x')\n1")
    session = {message.raw["header"]["session"] for message in cell.messages}
    assert len(session) == 1
    for message in cell.messages:
        header, parent = message.raw["header"], message.raw["parent_header"]
        assert {"msg_id", "session", "username", "date", "msg_type", "version"} <= header.keys()
        assert isinstance(header["date"], datetime.datetime) and header["date"].tzinfo is not None
        assert parent["msg_id"] == cell.request and parent["msg_type"] == "execute_request"


def test_the_heart_beats_while_a_cell_computes(notebook):
    cell = notebook.send("mut n := 0\nwhile n < 20000000 { n += 1 }")
    notebook.listen(0.2)
    socket = zmq.Context.instance().socket(zmq.REQ)
    try:
        socket.linger = 0
        socket.connect(notebook.manager._make_url("hb"))
        asked = time.monotonic()
        socket.send(b"ping")
        assert socket.poll(1000) and socket.recv() == b"ping"
        assert time.monotonic() - asked < 1
        assert not cell.reply
    finally:
        socket.close()
    asked = time.monotonic()
    info = notebook.control("kernel_info_request", {})
    assert info["language_info"]["name"] == "hocket" and time.monotonic() - asked < 0.5
    notebook.interrupt()
    notebook.wait(cell)


def test_what_the_kernel_says_of_itself(notebook):
    info = notebook.ask(notebook.client.kernel_info()).content
    assert info["status"] == "ok" and info["implementation"] == "hocket"
    assert tuple(map(int, info["protocol_version"].split("."))) >= (5, 4)
    language = info["language_info"]
    assert language["file_extension"] == ".hkt" and language["mimetype"] == "text/x-hocket"
    assert language["pygments_lexer"] == "hocket" and language["nbconvert_exporter"] == "script"
    assert language["codemirror_mode"]
    assert all({"text", "url"} <= link.keys() for link in info["help_links"])
    assert info["supported_features"] == ["kernel subshells"]


def test_subshells_are_listed_and_unknown_ones_refused(notebook):
    first = notebook.control("create_subshell_request", {})["subshell_id"]
    second = notebook.control("create_subshell_request", {})["subshell_id"]
    assert set(notebook.control("list_subshell_request", {})["subshell_id"]) == {first, second}
    assert notebook.control("delete_subshell_request", {"subshell_id": "nobody"})["status"] == "error"
    for subshell in (first, second):
        assert notebook.control("delete_subshell_request", {"subshell_id": subshell})["status"] == "ok"
    assert notebook.control("list_subshell_request", {})["subshell_id"] == []


def test_usage_is_told(notebook):
    usage = notebook.control("usage_request", {})
    assert usage["pid"] and usage["hostname"]


def test_a_cell_that_was_sent_before_the_error_is_aborted_even_if_it_arrives_after_it(notebook):
    def send(date):
        content = {"code": "ran += 1", "silent": False}
        return notebook.request("execute_request", content, date=date.isoformat())

    notebook.ok("mut ran := 0")
    failed = notebook.send("await async_sleep(50)\n1 / 0")
    sent = datetime.datetime.now(datetime.UTC)
    notebook.wait(failed)
    assert notebook.ask(send(sent)).content["status"] == "aborted"
    assert notebook.ask(send(datetime.datetime.now(datetime.UTC))).content["status"] == "ok"
    assert notebook.ok("ran").result == "1"


def test_a_thousand_cells_are_aborted_by_an_error_in_the_middle(notebook):
    notebook.ok("mut ran := 0")
    cells = [notebook.send("ran += 1" if n != 500 else "await async_sleep(500)\n1 / 0") for n in range(1000)]
    for cell in cells:
        notebook.wait(cell)
    assert [cell.reply["status"] for cell in cells] == ["ok"] * 500 + ["error"] + ["aborted"] * 499
    assert notebook.ok("ran").result == "500"


def test_an_old_client_may_ask_for_the_end_on_shell(start):
    notebook = start()
    try:
        request = notebook.request("shutdown_request", {"restart": False})
        assert notebook.ask(request).content == {"status": "ok", "restart": False}
        end = time.monotonic() + 5
        while notebook.manager.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
        assert not notebook.manager.is_alive()
    finally:
        notebook.close()
