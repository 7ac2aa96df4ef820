"""The debugger over the control channel: sessions, stops, steps, and the kernel meanwhile."""

import os
from pathlib import Path

import psutil
import pytest

# Without a session


def test_it_can_be_seen_that_there_is_a_debugger(notebook):
    assert "debugger" in notebook.control("kernel_info_request", {})["supported_features"]
    assert notebook.manager.kernel_spec.metadata["debugger"] is True


def test_without_debugpy_the_answer_says_how_to_get_it(new_client, start, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['debugpy'] = None\n", encoding="utf-8")

    notebook = start(PYTHONPATH=os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    try:
        client = new_client(notebook)
        for command in ("initialize", "debugInfo", "no such thing"):
            assert client.refused(command) == "the debugger needs debugpy: pip install 'hocket[debug]'"
        assert "debugger" not in notebook.control("kernel_info_request", {})["supported_features"]
    finally:
        notebook.close()


def test_a_client_learns_how_cells_are_named_before_anything_has_started(new_client, notebook):
    found = new_client(notebook).ask("debugInfo")
    assert (found["isStarted"], found["breakpoints"], found["stoppedThreads"]) == (False, [], [])
    assert (found["hashMethod"], found["tmpFileSuffix"]) == ("Murmur2", ".hkt")
    assert notebook.ok("from py.sys import modules\n'debugpy' in modules").result == "false"


def test_variables_can_be_explored_without_a_session(new_client, notebook):
    notebook.ok('struct Point { x, y }\nlet explored := {"a": [1, Point { x: 2, y: null }]}')
    client = new_client(notebook)
    variables = {v["name"]: v for v in client.ask("inspectVariables")["variables"]}
    assert variables["explored"]["value"] == '{"a": [1, Point { x: 2, y: null }]}'
    assert variables["explored"]["type"] == "dict"
    number = client.inside(variables["explored"]["variablesReference"], '"a"', "1")
    assert client.children(number) == {"x": "2", "y": "null"}
    rich = client.ask("richInspectVariables", variableName="explored")
    assert rich["data"]["text/plain"] == '{"a": [1, Point { x: 2, y: null }]}'
    assert client.refused("richInspectVariables", variableName="nowhere") == "Undefined variable: nowhere"


def test_what_needs_a_session_says_so(new_client, notebook):
    client = new_client(notebook)
    assert client.refused("setBreakpoints", source={"path": "x"}) == "the debugger is not attached"
    assert client.refused("stackTrace", threadId=1) == "the debugger is not attached"
    assert client.refused("scopes", frameId=1) == "the program has gone on"
    assert client.refused("variables", variablesReference=10**9) == "the program has gone on"
    assert client.refused("evaluate", expression="1").startswith("the program runs")
    assert client.refused("source", source={"path": "/etc/passwd"}) == "source unavailable"
    assert client.refused("dumpCell") == "dumpCell needs code"
    assert client.ask("disconnect") == {}


# Stops


def test_a_stop_at_the_top_level_shows_the_sessions_variables(client):
    code = "let first := 1\nlet second := [first, 2]\nprint(second)\n"
    cell = client.run(code, 3)
    top = client.stack()
    assert [(frame["name"], frame["line"]) for frame in top] == [("<top level>", 3)]
    assert top[0]["source"] == {"name": cell_name(cell, client), "path": client.path(code), "sourceReference": 0}
    assert client.locals().items() >= {"first": "1", "second": "[1, 2]"}.items()
    assert client.ask("debugInfo")["stoppedThreads"] == [1]
    assert client.ask("threads")["threads"] == [{"id": 1, "name": "Hocket"}]
    assert cell.out == ""
    assert client.finish(cell).out == "[1, 2]\n"
    assert client.ask("debugInfo")["stoppedThreads"] == []


def cell_name(cell, client):
    client.notebook.until(lambda: bool(cell.of("execute_input")))
    return f"cell {cell.of('execute_input')[0].content['execution_count']}"


def test_frames_are_the_programs_functions_and_no_others(client):
    code = "func inner(x) {\n  return x + 1\n}\nfunc outer(xs) {\n  return xs.map(x => inner(x))\n}\nouter([5])"
    cell = client.run(code, 2)
    names = [(frame["name"], frame["line"]) for frame in client.stack()]
    assert names == [("inner", 2), ("anonymous", 5), ("outer", 5), ("<top level>", 7)]
    assert client.locals(2) == {"xs": "[5]"}
    assert client.ask("stackTrace", threadId=1, startFrame=1, levels=2)["totalFrames"] == 4
    assert client.finish(cell).result == "[6]"


def test_two_concurrent_async_functions_each_stop_with_their_own_variables(client):
    code = """async func work(name) {
    let before := name.upper()
    await sleep(1ms)
    return before
}
await promise_all([work("one"), work("two")])"""
    cell = client.run(code, 4)
    assert client.place() == ("work", 4)
    assert client.locals() == {"name": '"one"', "before": '"ONE"'}
    client.go()
    assert client.place() == ("work", 4)
    assert client.locals() == {"name": '"two"', "before": '"TWO"'}
    assert client.finish(cell).result == '["ONE", "TWO"]'


def test_a_background_task_stops_after_its_cell_has_ended(client):
    code = "let gate := channel()\nlet later := spawn {\n  let got := await gate.receive()\n  got * 2\n}"
    client.notebook.wait(client.run(code, 4))
    cell = client.notebook.send("await gate.send(21)\nawait later")
    assert client.stack()[0]["line"] == 4
    assert client.locals() == {"got": "21"}
    assert client.finish(cell).result == "42"


def test_a_function_of_a_cell_that_ran_before_the_debugger_came(new_client, notebook):
    code = "func early(x) {\n  let y := x * 2\n  return y\n}"
    notebook.ok(code)
    client = new_client(notebook)
    client.attach()
    client.breakpoints(code, 3)
    cell = notebook.send("early(4)")
    assert client.place() == ("early", 3)
    assert client.locals() == {"x": "4", "y": "8"}
    client.finish(cell)
    client.ask("disconnect")
    assert notebook.ok("early(5)").result == "10"  # nothing stops any more


def test_a_breakpoint_moves_to_the_next_line_with_code(client):
    code = "// a comment\n\nlet moved := 1\n\nprint(moved)\n// the end\n"
    found = client.breakpoints(code, 1, 4, 6)
    assert [(point["verified"], point["line"]) for point in found] == [(True, 3), (True, 5), (False, 6)]
    assert found[2]["message"] == "there is no code from this line on"
    cell = client.notebook.send(code)
    assert client.place() == ("<top level>", 3)
    assert client.step("continue") == ("<top level>", 5)
    client.finish(cell)


def test_breakpoints_are_kept_for_a_client_that_comes_back(client):
    code = "let kept := 1\nkept"
    client.breakpoints(code, {"line": 2, "condition": "kept == 2"})
    found = client.ask("debugInfo")
    assert found["isStarted"] is True
    points = [{"line": 2, "condition": "kept == 2"}]
    assert found["breakpoints"] == [{"source": client.path(code), "breakpoints": points}]
    client.breakpoints(code)
    assert client.ask("debugInfo")["breakpoints"] == []
    assert client.notebook.ok(code).result == "1"


def test_cells_with_magics_stop_where_they_stand(client):
    code = "%time\n%%nothing".replace("%%nothing", "let timed := 2\ntimed + 1")
    client.breakpoints(code, 2)
    code = "%%time\nlet timed := 2\ntimed + 1"
    cell = client.run(code, 1)
    assert client.place() == ("<top level>", 2)
    assert client.finish(cell).result == "3"
    code = "%%python\nlisted = [1, 2]\nprint(listed)"
    cell = client.run(code, 3)
    assert client.stack()[0]["line"] == 3
    assert client.finish(cell).out == "[1, 2]\n"


def test_a_cell_with_a_mistake_takes_no_breakpoint(client):
    assert not client.breakpoints("let x := (", 1)[0]["verified"]


# Steps


def test_steps_go_from_line_to_line_of_the_program(client):
    code = """func twice(x) {
    let y := x * 2
    return y
}
let xs := [1, 2].map(twice)
let z := twice(5)
print(z)
print(xs)"""
    cell = client.run(code, 5)
    assert client.place() == ("<top level>", 5)
    assert client.step("next") == ("<top level>", 6)
    assert client.step("stepIn") == ("twice", 2)
    assert client.step("next") == ("twice", 3)
    assert client.step("stepOut") == ("<top level>", 6)
    assert client.step("next") == ("<top level>", 7)
    assert client.step("stepIn") == ("<top level>", 8)  # nothing of the library is stepped into
    assert client.finish(cell).out == "10\n[2, 4]\n"


def test_a_step_over_an_await_stays_in_its_function(client):
    code = """async func other() {
    for i in 1..=20 {
        await yield_now()
    }
    return 1
}
async func mine() {
    let a := 1
    await sleep(2ms)
    let b := await other()
    return a + b
}
let beside := spawn other()
await mine()"""
    cell = client.run(code, 8)
    assert client.place() == ("mine", 8)
    assert client.step("next") == ("mine", 9)
    assert client.step("next") == ("mine", 10)
    assert client.step("next") == ("mine", 11)
    assert client.locals() == {"a": "1", "b": "1"}
    assert client.finish(cell).result == "2"


def test_a_step_into_an_awaited_function(client):
    code = "async func inner(x) {\n  let y := x + 1\n  return y\n}\nlet got := await inner(1)\nprint(got)"
    cell = client.run(code, 5)
    client.stack()
    assert client.step("stepIn") == ("inner", 2)
    assert client.finish(cell).out == "2\n"


def test_a_step_ends_with_its_cell(client):
    cell = client.run("let last := 1", 1)
    client.stack()
    client.go("next")
    client.notebook.wait(cell)
    assert client.notebook.ok("let unstopped := 2\nunstopped").result == "2"


# The kernel meanwhile


def test_the_kernel_answers_at_a_stop(client):
    notebook = client.notebook
    cell = client.run("let held := 1\nheld + 1", 2)
    client.stack()
    assert notebook.control("kernel_info_request", {})["status"] == "ok"
    assert notebook.client.hb_channel.is_beating()
    assert client.finish(cell).result == "2"
    assert "could run" not in cell.err  # that the loop stood still is not the program's doing


def test_an_interrupt_at_a_stop_ends_the_cell(client):
    notebook = client.notebook
    code = "let survives := 7\nfor i in 1..=1000 {\n  print(i)\n}"
    cell = client.run(code, 3)
    client.stack()
    notebook.interrupt()
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert notebook.ok("survives").result == "7"
    again = client.run(code, 3)  # and the debugger goes on to work
    assert client.place() == ("<top level>", 3)
    client.breakpoints(code)
    client.finish(again)


def test_an_interrupt_by_message_at_a_stop(client):
    cell = client.run("async func w() {\n  await sleep(1ms)\n  await sleep(1h)\n}\nawait w()", 3)
    client.stack()
    client.notebook.control("interrupt_request", {})
    assert client.notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"


def test_an_interrupt_ends_an_expression_that_does_not(client):
    cell = client.run("let evaluated := 1\nevaluated", 2)
    frame = client.stack()[0]["id"]
    content = {"type": "request", "seq": 900, "command": "evaluate"}
    arguments = {"expression": 'print("begun")\nwhile true {}', "frameId": frame, "context": "repl"}
    notebook = client.notebook
    request = notebook.request("debug_request", {**content, "arguments": arguments}, "control")
    notebook.until(lambda: "begun" in cell.out)
    assert notebook.client.session and notebook.manager.interrupt_kernel() is None
    reply = notebook.client.get_control_msg(timeout=20)
    assert reply["parent_header"]["msg_id"] == request
    assert reply["content"]["message"] == "stopped"
    assert client.finish(cell).result == "1"


def test_an_interrupt_of_a_computing_cell_while_attached(client):
    code = 'print("begun")\nmut turns := 0\nwhile true {\n  turns += 1\n}'
    cell = client.run(code, {"line": 4, "condition": "turns < 0"})
    client.notebook.until(lambda: "begun" in cell.out)
    client.notebook.interrupt()
    assert client.notebook.wait(cell).reply["ename"] == "KeyboardInterrupt"


def test_a_disconnect_lets_the_program_go_on(new_client, notebook):
    client = new_client(notebook)
    client.attach()
    cell = client.run("for i in 1..=3 {\n  print(i)\n}", 2)
    client.stack()
    client.ask("disconnect")
    assert notebook.wait(cell).out == "1\n2\n3\n"


@pytest.mark.parametrize("end", ["shutdown", "restart", "kill"])
def test_the_end_at_a_stop_leaves_nothing(new_client, start, tmp_path, end):
    notebook = start(TMPDIR=str(tmp_path))
    try:
        client = new_client(notebook)
        client.attach()
        assert Path(client.path("x")).parents[1] == tmp_path
        process = psutil.Process(notebook.manager.provisioner.pid)  # type: ignore[union-attr]
        cell = client.run("let x := 1\nwhile true {\n  x\n}", 3)
        client.stack()
        assert process.children(recursive=True) == []
        if end == "kill":
            process.kill()
        else:
            content = {"restart": end == "restart"}
            assert notebook.control("shutdown_request", content, 10)["status"] == "ok"
        assert not cell.of("execute_result")
        notebook.until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 10)
        assert list(tmp_path.iterdir()) == []
    finally:
        notebook.close()
