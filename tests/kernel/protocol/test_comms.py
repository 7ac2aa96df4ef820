"""Comms and ipywidgets: what a client says to the program, and in which cell it is heard."""

import pytest

WIDGET = """import py.ipywidgets as widgets
let slider := widgets.IntSlider()
func seen(change) { print("seen", change.new) }
slider.observe(seen, "value")
slider"""


@pytest.fixture
def slider(notebook):
    """A cell that shows a slider, and the id of its comm."""
    cell = notebook.ok(WIDGET)
    return cell, cell.of("execute_result")[0].content["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]


def move(notebook, comm, value):
    """Move a slider, as a client does."""
    return notebook.request("comm_msg", {"comm_id": comm, "data": {"method": "update", "state": {"value": value}}})


def status(notebook, request):
    """Return the states that the kernel told for a request."""
    return [m.content["execution_state"] for m in notebook.others[request] if m.kind == "status"]


def test_comms_open_answer_with_buffers_and_close(notebook):
    notebook.ok(
        "%%python\nimport comm\nheard = []\n"
        "def opened(channel, message):\n"
        "    channel.on_msg(lambda m: channel.send({'got': m['content']['data']}, buffers=m['buffers'][::-1]))\n"
        "comm.get_comm_manager().register_target('echo', opened)"
    )
    notebook.request("comm_open", {"comm_id": "c-1", "target_name": "echo", "data": {}})
    listed = notebook.ask(notebook.request("comm_info_request", {"target_name": "echo"})).content
    assert listed["comms"] == {"c-1": {"target_name": "echo"}}
    assert notebook.ask(notebook.request("comm_info_request", {"target_name": "other"})).content["comms"] == {}
    waiting = notebook.send("await async_sleep(500)")
    message = notebook.client.session.msg("comm_msg", {"comm_id": "c-1", "data": {"n": 1}})
    request = message["header"]["msg_id"]
    notebook.client.session.send(notebook.client.shell_channel.socket, message, buffers=[b"\x00one", b"two"])

    def answers():
        return [m for m in notebook.others[request] if m.kind == "comm_msg"]

    notebook.until(lambda: bool(answers()), 5)
    assert not waiting.reply
    (answer,) = answers()
    assert answer.content == {"comm_id": "c-1", "data": {"got": {"n": 1}}}
    assert [bytes(buffer) for buffer in answer.raw["buffers"]] == [b"two", b"\x00one"]
    notebook.wait(waiting)
    notebook.request("comm_close", {"comm_id": "c-1", "data": {}})
    assert notebook.ask(notebook.request("comm_info_request", {})).content["comms"] == {}


def test_a_comm_that_nobody_expects_is_closed(notebook):
    request = notebook.request("comm_open", {"comm_id": "c-2", "target_name": "nobody", "data": {}})
    notebook.until(lambda: any(m.kind == "comm_close" for m in notebook.others[request]), 5)


def test_a_message_is_busy_and_idle_also_while_a_cell_waits(notebook, slider):
    _, comm = slider
    before = move(notebook, comm, 1)
    notebook.until(lambda: status(notebook, before) == ["busy", "idle"])
    notebook.ok("let go := channel()")
    waiting = notebook.send("await go.receive()")
    notebook.until(lambda: "execute_input" in waiting.kinds)
    during = move(notebook, comm, 2)
    notebook.until(lambda: status(notebook, during) == ["busy", "idle"])
    assert not waiting.reply
    notebook.interrupt()
    notebook.wait(waiting)


def test_an_observer_prints_in_the_cell_of_the_widget_while_another_waits(notebook, slider):
    cell, comm = slider
    notebook.ok('let moved := channel()\nslider.observe((change) => { spawn moved.send(change.new) }, "value")')
    waiting = notebook.send("await moved.receive()")
    notebook.until(lambda: "execute_input" in waiting.kinds)
    request = move(notebook, comm, 7)
    notebook.wait(waiting)
    assert waiting.result == "7"
    notebook.until(lambda: cell.out == "seen 7\n")
    # The client knows the answer to its message by the parent.
    notebook.until(lambda: status(notebook, request) == ["busy", "idle"])
    answers = [m.content["data"] for m in notebook.others[request] if m.kind == "comm_msg"]
    assert [(answer["method"], answer["state"]) for answer in answers] == [("echo_update", {"value": 7})]
    assert waiting.out == ""


def test_an_observer_may_be_async(notebook, slider):
    cell, comm = slider
    notebook.ok(
        "let told := channel()\n"
        'async func tell(change) { await async_sleep(1); print("slow", change.new); await told.send(change.new) }\n'
        'slider.unobserve(seen, "value")\nslider.observe(tell, "value")'
    )
    waiting = notebook.send("await told.receive()")
    notebook.until(lambda: "execute_input" in waiting.kinds)
    move(notebook, comm, 8)
    assert notebook.wait(waiting).result == "8"
    notebook.until(lambda: cell.out == "slow 8\n")


@pytest.mark.parametrize(
    "function", ["func bad(change) { [][change.new] }", "async func bad(change) { [][change.new] }"]
)
def test_the_error_of_an_observer_is_shown_in_the_cell_of_the_widget(notebook, slider, function):
    cell, comm = slider
    notebook.ok(f'{function}\nslider.observe(bad, "value")')
    move(notebook, comm, 9)
    notebook.until(lambda: "[][change.new]" in cell.err)
    assert "IndexError: Index out of bounds: 9" in cell.err and "Traceback" not in cell.err
    assert cell.out == "seen 9\n"


def test_a_stop_ends_an_observer_that_computes(notebook, slider):
    cell, comm = slider
    notebook.ok('func spin(change) { print("spins"); while true { } }\nslider.observe(spin, "value")')
    request = move(notebook, comm, 3)
    notebook.until(lambda: "spins" in cell.out)
    notebook.interrupt()
    notebook.until(lambda: status(notebook, request) == ["busy", "idle"])
    notebook.until(lambda: "KeyboardInterrupt" in cell.err)
    assert notebook.ok("slider.value").result == "3"


def test_a_button_calls_and_its_error_is_shown(notebook):
    cell = notebook.ok('let button := widgets.Button()\nbutton.on_click((b) => { print("clicked"); throw "broken" })')
    comm = notebook.ok("button.model_id").result.strip('"')
    notebook.request("comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": {"event": "click"}}})
    notebook.until(lambda: "broken" in cell.err and cell.out == "clicked\n")


def test_a_program_opens_a_target_and_its_failure_closes_the_comm(notebook):
    cell = notebook.ok(
        "import py.comm as comm\n"
        "func opened(channel, message) {\n"
        '    if message.content.data.fail { throw "unwelcome" }\n'
        "    channel.on_msg((m) => { channel.send({got: m.content.data}) })\n"
        "}\n"
        'comm.get_comm_manager().register_target("ours", opened);'
    )
    notebook.request("comm_open", {"comm_id": "o-1", "target_name": "ours", "data": {"fail": False}})
    request = notebook.request("comm_msg", {"comm_id": "o-1", "data": 5})
    notebook.until(lambda: any(m.kind == "comm_msg" for m in notebook.others[request]))
    (answer,) = [m for m in notebook.others[request] if m.kind == "comm_msg"]
    assert answer.content["data"] == {"got": 5}
    failing = notebook.request("comm_open", {"comm_id": "o-2", "target_name": "ours", "data": {"fail": True}})
    notebook.until(lambda: any(m.kind == "comm_close" for m in notebook.others[failing]))
    notebook.until(lambda: "unwelcome" in cell.err)
    notebook.request("comm_close", {"comm_id": "o-1", "data": {}})


def test_what_interact_shows_is_captured(notebook):
    cell = notebook.ok('widgets.interact((x) => { print("x is", x); return [x] }, x = 3);')

    def captures(message):
        return message.content["data"]["state"].get("msg_id") if message.kind == "comm_msg" else None

    (first,) = [at for at, message in enumerate(cell.messages) if captures(message) == cell.request]
    during = cell.messages[first + 1 : first + 5]
    assert [message.kind for message in during] == ["clear_output", "stream", "display_data", "comm_msg"]
    assert during[2].content["data"]["text/plain"] == "[3]"
    assert captures(during[3]) == ""


def test_the_display_functions_of_ipython_show_in_the_cell(notebook):
    cell = notebook.ok(
        "import py.IPython.display as rich\n"
        'let place := rich.display(rich.HTML("<b>one</b>"), display_id = true)\n'
        'place.update(rich.HTML("<b>two</b>"))\n'
        "rich.clear_output(wait = true)\n"
        'rich.publish_display_data({"text/plain": "three"});'
    )
    shown = [m for m in cell.messages if m.kind.endswith("display_data") or m.kind == "clear_output"]
    assert [m.kind for m in shown] == ["display_data", "update_display_data", "clear_output", "display_data"]
    assert [shown[index].content["data"].get("text/html") for index in (0, 1)] == ["<b>one</b>", "<b>two</b>"]
    assert shown[0].content["transient"] == shown[1].content["transient"]
    assert shown[3].content["data"] == {"text/plain": "three"}
