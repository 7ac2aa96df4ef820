"""What is published: each kind of message with its fields, whose it is, and in which order."""

import pytest


def test_every_message_names_its_request_and_idle_is_last(notebook):
    cell = notebook.ok("print(1)\n2")
    notebook.listen(0.1)
    assert cell.kinds == ["busy", "execute_input", "stream", "execute_result", "idle"]
    assert cell.of("execute_input")[0].content["code"] == "print(1)\n2"


@pytest.mark.parametrize("silent", [False, True])
def test_a_cell_that_computes_is_seen_to_run(notebook, silent):
    cell = notebook.send("while true {}", silent=silent)
    notebook.until(lambda: cell.kinds == (["busy"] if silent else ["busy", "execute_input"]))

    def is_stopped():
        # A stop that comes between the status and the program finds nothing to stop.
        notebook.interrupt_and_wait()
        notebook.listen(0.2)
        return bool(cell.reply)

    notebook.until(is_stopped)
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"


def test_every_kind_of_message_has_its_fields(notebook):
    code = "print('out')\neprint('err')\nlet d := display(1)\nd.update(2)\nclear_output(true)\n3"
    cell = notebook.ok(code)
    count = cell.reply["execution_count"]
    contents = {kind: [message.content for message in cell.of(kind)] for kind in cell.kinds}
    assert contents["execute_input"] == [{"code": code, "execution_count": count}]
    assert contents["stream"] == [{"name": "stdout", "text": "out\n"}, {"name": "stderr", "text": "err\n"}]
    (shown,), (updated,) = contents["display_data"], contents["update_display_data"]
    assert shown == {"data": {"text/plain": "1"}, "metadata": {}, "transient": shown["transient"]}
    assert updated == {"data": {"text/plain": "2"}, "metadata": {}, "transient": shown["transient"]}
    assert shown["transient"].keys() == {"display_id"}
    assert contents["clear_output"] == [{"wait": True}]
    assert contents["execute_result"] == [{"data": {"text/plain": "3"}, "metadata": {}, "execution_count": count}]
    assert [message.content for message in cell.messages if message.kind == "status"] == [
        {"execution_state": "busy"},
        {"execution_state": "idle"},
    ]


def test_an_error_is_published_as_it_is_answered(notebook):
    cell = notebook.run("1 / 0")
    (error,) = [message.content for message in cell.of("error")]
    assert error.keys() == {"ename", "evalue", "traceback"}
    assert error == {key: cell.reply[key] for key in error}
    assert any("\x1b[" in line for line in error["traceback"])


def test_every_message_has_its_cell_for_a_parent(notebook):
    cells = [notebook.send(f"print({n})\ndisplay({n})\n{n}") for n in range(5)]
    for number, cell in enumerate(cells):
        notebook.wait(cell)
        assert cell.out == f"{number}\n" and cell.result == str(number)
        for message in cell.messages:
            parent = message.raw["parent_header"]
            assert (parent["msg_id"], parent["msg_type"]) == (cell.request, "execute_request")


def test_a_comm_of_a_cell_has_the_cell_for_a_parent(notebook):
    cell = notebook.ok(
        "%%python\nimport comm\nfresh = comm.create_comm(target_name='ours', data={'a': 1}, metadata={'m': 2})\n"
        "fresh.send({'n': 1}, buffers=[b'raw'])\nfresh.close()"
    )
    opened, sent, closed = cell.of("comm_open"), cell.of("comm_msg"), cell.of("comm_close")
    assert [message.content["comm_id"] for message in (*opened, *sent, *closed)] == [opened[0].content["comm_id"]] * 3
    assert (opened[0].content["target_name"], opened[0].content["data"]) == ("ours", {"a": 1})
    assert opened[0].raw["metadata"] == {"m": 2}
    assert sent[0].content["data"] == {"n": 1} and bytes(sent[0].raw["buffers"][0]) == b"raw"
    assert cell.kinds[-1] == "idle"


def test_what_a_library_writes_byte_by_byte_is_not_split_within_a_character(notebook):
    cell = notebook.ok("%%python\nimport os\nfor byte in 'é🎵\\n'.encode(): os.write(1, bytes([byte]))\nNone")
    notebook.until(lambda: cell.out.endswith("\n"))
    assert cell.out == "é🎵\n"
