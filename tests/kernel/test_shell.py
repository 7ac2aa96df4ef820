"""The protocol's requests, message by message."""

import time

import pytest


def test_the_kernel_says_what_it_is(notebook):
    info = notebook.ask(notebook.client.kernel_info()).content
    assert info["status"] == "ok"
    assert info["protocol_version"] == "5.5"
    assert info["implementation"] == "hocket"
    language = info["language_info"]
    assert language["name"] == "hocket"
    assert language["file_extension"] == ".hkt"
    assert language["mimetype"] == "text/x-hocket"
    assert language["codemirror_mode"] == {"name": "hocket", "mime": "text/x-go"}
    assert "debugger" not in info["supported_features"]
    assert notebook.control("kernel_info_request", {})["language_info"] == language


def test_every_message_names_its_request_and_idle_is_last(notebook):
    cell = notebook.ok("print(1)\n2")
    notebook.listen(0.1)
    assert cell.kinds == ["busy", "execute_input", "stream", "execute_result", "idle"]
    assert cell.of("execute_input")[0].content["code"] == "print(1)\n2"


@pytest.mark.parametrize("silent", [False, True])
def test_a_cell_that_computes_is_seen_to_run(notebook, silent):
    cell = notebook.send("while true {}", silent=silent)
    notebook.until(lambda: cell.kinds == (["busy"] if silent else ["busy", "execute_input"]))
    notebook.interrupt_and_wait()
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"


def test_counts_go_up_by_one_for_each_cell_that_is_stored(notebook):
    first = notebook.ok("1").reply["execution_count"]
    second = notebook.ok("1 + 1")
    assert second.reply["execution_count"] == first + 1
    assert second.of("execute_input")[0].content["execution_count"] == first + 1
    assert second.of("execute_result")[0].content["execution_count"] == first + 1
    assert notebook.run("1 / 0").reply["execution_count"] == first + 2
    unstored = notebook.ok("print(1)", store_history=False)
    assert unstored.reply["execution_count"] == first + 2
    assert unstored.of("execute_input")
    silent = notebook.ok("quiet := 7", silent=True)
    assert silent.reply["execution_count"] == first + 2
    assert notebook.ok("quiet").reply["execution_count"] == first + 3


def test_a_silent_request_publishes_nothing(notebook):
    cell = notebook.run("print('x')\neprint('y')\n1 + 1", silent=True)
    assert cell.reply["status"] == "ok"
    assert cell.kinds == ["busy", "idle"]
    failed = notebook.run("1 / 0", silent=True)
    assert failed.reply["ename"] == "ZeroDivisionError"
    assert failed.kinds == ["busy", "idle"]


def test_user_expressions_are_evaluated_and_fail_one_by_one(notebook):
    cell = notebook.ok(
        "x := 20", user_expressions={"good": "x + 1", "bad": "x / 0", "waits": "await async_sleep(5)", "unclosed": "("}
    )
    values = cell.reply["user_expressions"]
    assert values["good"] == {"status": "ok", "data": {"text/plain": "21"}, "metadata": {}}
    assert values["bad"]["status"] == "error"
    assert values["bad"]["ename"] == "ZeroDivisionError"
    assert values["waits"]["status"] == "ok"
    assert values["unclosed"]["status"] == "error"
    assert not cell.of("error") and not cell.of("execute_result")


def test_an_error_aborts_the_queue_if_asked_to(notebook):
    cells = [notebook.send(code) for code in ("await async_sleep(100)\n1 / 0", "print('second')", "print('third')")]
    for cell in cells:
        notebook.wait(cell)
    assert [cell.reply["status"] for cell in cells] == ["error", "aborted", "aborted"]
    cells = [notebook.send(c, stop_on_error=False) for c in ("await async_sleep(50)\n1 / 0", "print('second')")]
    for cell in cells:
        notebook.wait(cell)
    assert [cell.reply["status"] for cell in cells] == ["error", "ok"]
    assert cells[1].out == "second\n"


def test_completion_gives_names_with_types(notebook):
    notebook.ok("wonderful := 1\nfunc wonder_why(a, b = 2) { return a }")
    found = notebook.ask(notebook.client.complete("x := wonder", 11)).content
    assert {"wonderful", "wonder_why"} <= set(found["matches"])
    assert (found["cursor_start"], found["cursor_end"]) == (5, 11)
    types = {entry["text"]: entry for entry in found["metadata"]["_jupyter_types_experimental"]}
    assert types["wonder_why"]["type"] == "function"
    assert "a" in types["wonder_why"]["signature"]
    assert types["wonderful"]["start"] == 5 and types["wonderful"]["end"] == 11


def test_completion_knows_keywords_builtins_and_methods(notebook):
    assert "async_sleep" in notebook.ask(notebook.client.complete("async_sl")).content["matches"]
    assert "while" in notebook.ask(notebook.client.complete("whi")).content["matches"]
    notebook.ok("words := ['a']")
    assert any("push" in match for match in notebook.ask(notebook.client.complete("words.pu")).content["matches"])


def test_offsets_are_characters_also_beyond_the_basic_plane(notebook):
    notebook.ok("wonderful := 1")
    code = '"🎵🎶" + wonder'
    found = notebook.ask(notebook.client.complete(code, len(code))).content
    assert (found["cursor_start"], found["cursor_end"]) == (len(code) - 6, len(code))


def test_questions_are_answered_while_a_cell_waits(notebook):
    notebook.ok("wonderful := 1")
    cell = notebook.send("await async_sleep(1000)\nprint('mine')")
    notebook.listen(0.1)
    for ask in (
        lambda: notebook.client.complete("wonder"),
        lambda: notebook.client.inspect("wonderful"),
        lambda: notebook.client.is_complete("1"),
        lambda: notebook.client.history(hist_access_type="tail", n=1),
        lambda: notebook.client.kernel_info(),
        lambda: notebook.client.comm_info(),
    ):
        asked = time.monotonic()
        reply = notebook.ask(ask(), 0.5)
        assert reply.content["status"] in ("ok", "complete")
        assert time.monotonic() - asked < 0.1
    assert not cell.reply
    notebook.wait(cell)
    assert cell.out == "mine\n"


def test_a_large_session_is_completed_beside_a_waiting_cell(notebook):
    names = "\n".join(f"large_{i} := {i}" for i in range(10_000))
    notebook.ok(names + '\nmut table := {}\nfor i in 0..10000 { table["key ${i}"] := i }')
    cell = notebook.send("await async_sleep(60000)")
    notebook.until(lambda: "execute_input" in cell.kinds)
    for text, count in (("large_99", 111), ("large_", 10_000), ('table["key 99', 111), ('table["', 10_000)):
        found = notebook.ask(notebook.client.complete(text)).content
        assert len(found["matches"]) == count
        types = found["metadata"]["_jupyter_types_experimental"]
        # Clients take what is missing at the end from the matches.
        assert [entry["text"] for entry in types] == found["matches"][:1000]
    assert not cell.reply
    notebook.interrupt_and_wait()
    notebook.wait(cell)


def test_inspection_tells_text_and_markdown(notebook):
    found = notebook.ask(notebook.client.inspect("async_sleep(", 5)).content
    assert found["found"] is True
    assert "async_sleep" in found["data"]["text/plain"]
    assert "async_sleep" in found["data"]["text/markdown"]
    nothing = notebook.ask(notebook.client.inspect("no_such_name_at_all", 5)).content
    assert nothing["found"] is False and nothing["data"] == {}


def test_a_question_mark_shows_what_a_name_is(notebook):
    (page,) = notebook.ok("async_sleep?").reply["payload"]
    assert page["source"] == "page"
    assert "async_sleep" in page["data"]["text/plain"]
    (page,) = notebook.ok("no_such_name?").reply["payload"]
    assert "no_such_name" in page["data"]["text/plain"]


def test_incomplete_is_told_from_wrong(notebook):
    def status(code):
        return notebook.ask(notebook.client.is_complete(code)).content

    assert status("print(1)")["status"] == "complete"
    incomplete = status("if true {")
    assert incomplete["status"] == "incomplete"
    assert incomplete["indent"].isspace()
    assert status("x := := 1")["status"] == "invalid"
    assert status(")")["status"] == "invalid"


def test_history_gives_range_tail_and_search(fresh):
    for code in ("a := 1", "a + 1", "print(a)", "a + 1"):
        fresh.ok(code)
    fresh.ok("hidden := 1", store_history=False)

    def history(**options):
        return [tuple(entry) for entry in fresh.ask(fresh.client.history(**options)).content["history"]]

    assert history(hist_access_type="tail", n=2) == [(1, 3, "print(a)"), (1, 4, "a + 1")]
    assert history(hist_access_type="range", session=0, start=1, stop=3) == [(1, 1, "a := 1"), (1, 2, "a + 1")]
    assert history(hist_access_type="range", session=7) == []
    assert history(hist_access_type="search", pattern="a +*") == [(1, 2, "a + 1"), (1, 4, "a + 1")]
    assert history(hist_access_type="search", pattern="a +*", unique=True) == [(1, 4, "a + 1")]
    assert history(hist_access_type="search", pattern="*", n=1) == [(1, 4, "a + 1")]
    with_output = history(hist_access_type="tail", n=1, output=True)
    assert [list(entry[2]) for entry in with_output] == [["a + 1", "2"]]


def test_a_subshell_runs_on_the_same_loop_beside_a_waiting_cell(notebook):
    notebook.ok("shared := 5")
    subshell = notebook.control("create_subshell_request", {})["subshell_id"]
    cell = notebook.send("await async_sleep(600)\nprint('main')")
    notebook.listen(0.1)
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


def test_a_debug_request_is_refused_not_ignored(notebook):
    reply = notebook.control("debug_request", {"seq": 1, "type": "request", "command": "initialize", "arguments": {}})
    assert reply["success"] is False


def test_names_of_cells_do_not_depend_on_stored_history(start):
    stored, unstored = start(), start()
    try:
        for notebook, store in ((stored, True), (unstored, False)):
            notebook.ok("a := 1", store_history=store)
        errors = [n.run("\nb / 0", store_history=s).reply for n, s in ((stored, True), (unstored, False))]
        assert errors[0]["traceback"] == errors[1]["traceback"]
        assert "cell 2" in "\n".join(errors[0]["traceback"])
    finally:
        stored.close()
        unstored.close()
