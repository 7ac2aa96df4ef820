"""Requests on the shell channel: each with its fields, and replies with all of theirs; test_comms.py has comms."""

import datetime

import hocket

OK = {"status", "execution_count", "user_expressions", "payload"}
ERROR = OK | {"ename", "evalue", "traceback"}


def test_the_kernel_says_what_it_is(notebook):
    info = notebook.ask(notebook.client.kernel_info()).content
    assert info.keys() == {
        "status", "protocol_version", "implementation", "implementation_version", "language_info", "banner",
        "help_links", "supported_features",
    }  # fmt: skip
    assert (info["status"], info["protocol_version"], info["implementation"]) == ("ok", "5.5", "hocket")
    assert info["implementation_version"] == hocket.__version__ and hocket.__version__ in info["banner"]
    assert info["language_info"] == {
        "name": "hocket",
        "version": hocket.__version__,
        "file_extension": ".hkt",
        "mimetype": "text/x-hocket",
        "codemirror_mode": {"name": "hocket", "mime": "text/x-go"},
        "pygments_lexer": "hocket",
        "nbconvert_exporter": "script",
    }
    assert all(link.keys() == {"text", "url"} for link in info["help_links"])
    assert "kernel subshells" in info["supported_features"]
    assert notebook.control("kernel_info_request", {}) == info


def test_a_reply_has_all_fields_and_no_others(notebook):
    good = notebook.ok("1").reply
    assert good.keys() == OK
    assert (good["user_expressions"], good["payload"]) == ({}, [])
    bad = notebook.run("1 / 0").reply
    assert bad.keys() == ERROR
    assert (bad["status"], bad["ename"], bad["evalue"]) == ("error", "ZeroDivisionError", "Division by zero")
    assert bad["traceback"] and all(isinstance(line, str) for line in bad["traceback"])
    assert bad["execution_count"] == good["execution_count"] + 1


def test_what_an_old_or_lean_client_leaves_out_has_defaults(notebook):
    request = notebook.request("execute_request", {"code": "print('lean')\n1"})
    reply = notebook.ask(request)
    assert reply.content["status"] == "ok" and reply.content["execution_count"] > 0
    kinds = [message.kind for message in notebook.others[request]]
    assert "execute_input" in kinds


def test_a_cell_with_nothing_in_it_is_fine(notebook):
    for code in ("", "  \n\n", "# a comment", "/* a comment */", ";"):
        cell = notebook.ok(code)
        assert cell.kinds == ["busy", "execute_input", "idle"]


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
    assert cells[1].kinds == cells[2].kinds == ["busy", "idle"]
    assert cells[1].reply.keys() <= OK
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
    code = '"🎵🎶"; async_sleep'
    assert notebook.ask(notebook.client.inspect(code, 7)).content["found"] is True
    assert notebook.ask(notebook.client.inspect(code, 2)).content["found"] is False


def test_a_completion_has_all_fields_and_runs_nothing(notebook):
    notebook.ok("mut ran := 0\nfunc boom() { ran = ran + 1; return [] }\nlet plain := [1]")
    for code in ("boom().pu", "plain[boom()].", "boom", "let x := boom(); x."):
        found = notebook.ask(notebook.client.complete(code)).content
        assert found.keys() == {"status", "matches", "cursor_start", "cursor_end", "metadata"}
        assert found["status"] == "ok" and 0 <= found["cursor_start"] <= found["cursor_end"] == len(code)
        for entry in found["metadata"]["_jupyter_types_experimental"]:
            assert entry.keys() == {"text", "type", "signature", "start", "end"}
            assert (entry["start"], entry["end"]) == (found["cursor_start"], found["cursor_end"])
    assert notebook.ok("ran").result == "0"


def test_questions_are_answered_while_a_cell_waits(notebook):
    notebook.ok("wonderful := 1")
    cell = notebook.waits("try { await async_sleep(60000) } finally { print('mine') }")
    for ask in (
        lambda: notebook.client.complete("wonder"),
        lambda: notebook.client.inspect("wonderful"),
        lambda: notebook.client.is_complete("1"),
        lambda: notebook.client.history(hist_access_type="tail", n=1),
        lambda: notebook.client.kernel_info(),
        lambda: notebook.client.comm_info(),
    ):
        assert notebook.ask(ask()).content["status"] in ("ok", "complete")
    assert not cell.reply
    notebook.interrupt_and_wait()
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
    assert found.keys() == {"status", "found", "data", "metadata"} and found["status"] == "ok"
    content = {"code": "async_sleep", "cursor_pos": 5, "detail_level": 1, "omit_sections": ["text/markdown"]}
    assert notebook.ask(notebook.request("inspect_request", content)).content["data"].keys() == {"text/plain"}
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

    assert status("print(1)") == {"status": "complete"}
    incomplete = status("if true {")
    assert incomplete["status"] == "incomplete"
    assert incomplete["indent"].isspace() and incomplete.keys() == {"status", "indent"}
    assert status("x := := 1") == {"status": "invalid"}
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


def test_ports_are_told(notebook):
    ports = notebook.ask(notebook.request("connect_request", {})).content
    names = ("shell", "iopub", "stdin", "hb", "control")
    assert ports == {"status": "ok", **{f"{name}_port": getattr(notebook.manager, f"{name}_port") for name in names}}


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


def test_an_old_client_may_ask_for_the_end_on_shell(fresh):
    request = fresh.request("shutdown_request", {"restart": False})
    assert fresh.ask(request).content == {"status": "ok", "restart": False}
    assert fresh.manager.provisioner.process.wait(10) == 0
