"""`input` asks in the cell and freezes nothing."""

import pytest


def question(notebook, limit=5):
    return notebook.client.get_stdin_msg(timeout=limit)


def answered(notebook, code, text):
    """Run a cell that asks once, answer, and return its result."""
    cell = notebook.send(code, allow_stdin=True)
    question(notebook)
    notebook.client.input(text)
    return notebook.wait(cell).result


def test_the_client_is_asked_and_tasks_go_on(notebook):
    cell = notebook.send(
        "async func tick() { for i in range(10) { print('tick'); await async_sleep(20) } }\n"
        "t := spawn tick()\nname := input('Name? ')\nprint('hello', name)",
        allow_stdin=True,
    )
    asked = question(notebook)
    assert asked["content"] == {"prompt": "Name? ", "password": False}
    assert asked["parent_header"]["msg_id"] == cell.request
    notebook.until(lambda: cell.out.count("tick") > 5, 5)
    notebook.client.input("Ada  ")
    notebook.wait(cell)
    assert "hello Ada\n" in cell.out


def test_a_plain_function_asks_too(notebook):
    assert answered(notebook, "func ask() { return input('? ') }\nask()", "answer") == '"answer"'


def test_questions_of_several_tasks_come_one_after_the_other(notebook):
    cell = notebook.send(
        "async func ask(n) { return input('question ' + n) }\nawait promise_all([ask(1), ask(2)])", allow_stdin=True
    )
    first = question(notebook)["content"]["prompt"]
    notebook.client.input("one")
    second = question(notebook)["content"]["prompt"]
    notebook.client.input("two")
    notebook.wait(cell)
    assert (first, second) == ("question 1", "question 2")
    assert cell.result == '["one", "two"]'


@pytest.mark.parametrize("code", ["input('? ')", "func ask() { return input('? ') }\nask()"])
def test_stop_ends_a_question(notebook, code):
    cell = notebook.send(code, allow_stdin=True)
    question(notebook)
    notebook.interrupt()
    notebook.wait(cell)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    notebook.client.input("too late")
    assert notebook.ok("1 + 1").result == "2"
    assert answered(notebook, "input('again ')", "fresh") == '"fresh"'


def test_a_client_that_takes_no_questions_gives_an_error_at_once(notebook):
    cell = notebook.run("input('? ')", allow_stdin=False)
    assert cell.reply["status"] == "error"
    assert "input" in cell.reply["evalue"]
    assert cell.seconds < 1


def test_python_asks_in_the_cell_too_and_hides_what_is_secret(notebook):
    cell = notebook.send(
        "%%python\nimport getpass\nname = input('Name? ')\nkey = getpass.getpass('Key? ')\n[name, key]",
        allow_stdin=True,
    )
    for prompt, password, answer in (("Name? ", False, "Ada"), ("Key? ", True, "secret")):
        assert question(notebook)["content"] == {"prompt": prompt, "password": password}
        notebook.client.input(answer)
    assert notebook.wait(cell).result == '["Ada", "secret"]'
    refused = notebook.run("%%python\ninput('? ')", allow_stdin=False)
    assert refused.reply["status"] == "error" and "input" in refused.reply["evalue"]
