"""The editor of `hocket repl`: keys in, text and a session's state out, without a terminal."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session, get_app_or_none
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.plain_text import PlainTextOutput

from hocket.host import run_alone
from hocket.repl.editor import Editor
from hocket.repl.history import InputHistory, history_file
from hocket.repl.inputs import Inputs, converse
from hocket.stdlib import core

UP, TAB, ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_R = "\x1b[A", "\t", "\r", "\x1b\r", "\x03", "\x04", "\x12"
RIGHT, LEFT = "\x1b[C", "\x1b[D"


class Screen(io.StringIO):
    """What is shown, by the editor and by programs; `changed` is called when there is more."""

    changed: Callable[[], object] = staticmethod(lambda: None)

    def write(self, text: str) -> int:
        self.changed()
        return super().write(text)


class Desk:
    """An editor, the keys for it and what it shows."""

    def __init__(self, keyboard: PipeInput, screen: Screen) -> None:
        self.keyboard = keyboard
        self.screen = screen
        self.inputs = Inputs(is_colored=False)
        self.editor = Editor(self.inputs)
        self.event = asyncio.Event()
        self.ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        screen.changed = lambda: loop.call_soon_threadsafe(self.event.set)
        self.editor.prompt.app.after_render += lambda _: self.event.set()

    def type(self, *keys: str) -> None:
        self.keyboard.send_text("".join(keys))

    @property
    def shown(self) -> str:
        return self.screen.getvalue()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that shows; the test's own limit of time ends it if it never comes."""
        while not condition():
            self.event.clear()
            await self.event.wait()

    @property
    def typed(self) -> str:
        return self.editor.prompt.default_buffer.text


Use = Callable[[Callable[[Desk], Awaitable[Any]]], str]


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Use an editor while it converses; gives all that was shown, by the programs too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(core, "line_source", None)

    def use(body: Callable[[Desk], Awaitable[Any]]) -> str:
        screen = Screen()
        monkeypatch.setattr("sys.stdout", screen)
        monkeypatch.setattr("sys.stderr", screen)

        async def main() -> None:
            with create_pipe_input() as keyboard, create_app_session(keyboard, PlainTextOutput(screen)):
                desk = Desk(keyboard, screen)
                talk = asyncio.get_running_loop().create_task(converse(desk.inputs, desk.editor))
                talk.add_done_callback(lambda _: desk.ended.set())
                await body(desk)
                desk.type(CTRL_D)
                await talk

        run_alone(main())
        return screen.getvalue()

    yield use


def session_after(use: Use, *keys: str) -> dict[str, Any]:
    """Type the keys, and wait for the input that they end with; return the variables."""
    variables: dict[str, Any] = {}

    async def body(desk: Desk) -> None:
        desk.type(*keys)
        desk.type("let typed := true", ENTER)
        await desk.until(lambda: "typed" in desk.inputs.session.variables)
        variables.update(desk.inputs.session.variables)

    use(body)
    return variables


def test_the_value_of_an_input_is_shown(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("['a', 1.5]", ENTER)
        await desk.until(lambda: '["a", 1.5]' in desk.shown)

    use(body)


def test_enter_goes_on_until_the_brackets_are_closed_and_indents(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("func f(x) {", ENTER, "if x {", ENTER, "return 1", ENTER, "}")
        await desk.until(lambda: desk.typed.endswith("}"))
        assert desk.typed == "func f(x) {\n    if x {\n        return 1\n    }"
        desk.type(ENTER, "return 2", ENTER, "}", ENTER, "f(1)", ENTER)
        await desk.until(lambda: "\n1\n" in desk.shown)

    use(body)


def test_enter_between_brackets_opens_them(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("scope {}", LEFT, ALT_ENTER, "x")
        await desk.until(lambda: "x" in desk.typed)
        assert desk.typed == "scope {\n    x\n}"
        desk.type(CTRL_C)

    use(body)


def test_enter_in_the_middle_of_several_lines_begins_one(use: Use) -> None:
    assert session_after(use, "a := 1", ALT_ENTER, "b := 2", UP, ENTER, "a := 3", "\x1b[B", ENTER)["a"] == 3


def test_enter_anywhere_in_a_single_line_takes_it(use: Use) -> None:
    assert session_after(use, "a := 12", LEFT, ENTER)["a"] == 12


def test_alt_enter_begins_a_line_in_what_is_complete(use: Use) -> None:
    variables = session_after(use, "a := 1", ALT_ENTER, "b := 2", ENTER)
    assert (variables["a"], variables["b"]) == (1, 2)


def test_backspace_takes_a_step_of_the_indentation(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("scope {", ENTER, TAB, "\x7f", "xy", "\x7f")
        await desk.until(lambda: desk.typed.endswith("    x"))
        assert desk.typed == "scope {\n    x"
        desk.type(CTRL_C)

    use(body)


def test_tab_completes_what_only_one_thing_fits(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("number_of_things := 3", ENTER, "1 + number_of_t", TAB)
        await desk.until(lambda: desk.typed == "1 + number_of_things")
        desk.type(ENTER)
        await desk.until(lambda: "\n4\n" in desk.shown)

    use(body)


def test_tab_proposes_with_signatures_and_enter_takes_the_selected(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("async_rea", TAB)
        await desk.until(lambda: desk.editor.prompt.default_buffer.complete_state is not None)
        state = desk.editor.prompt.default_buffer.complete_state
        assert state is not None
        metas = {item.display_text: item.display_meta_text for item in state.completions}
        assert metas["async_read_file"] == "async_read_file(path)"
        desk.type(TAB, ENTER)
        await desk.until(lambda: desk.typed == state.completions[0].display_text)
        desk.type(CTRL_C)

    use(body)


def test_ctrl_c_drops_what_is_typed(use: Use) -> None:
    assert "a" not in session_after(use, "a := [1,", ENTER, "2", CTRL_C)


def test_tasks_run_and_print_while_the_prompt_waits(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("spawn { await async_sleep(5); print('from' + ' the task'); done := true }; ", ENTER, "half typ")
        await desk.until(lambda: "from the task" in desk.shown)
        assert desk.typed == "half typ"
        desk.type(CTRL_C)

    use(body)


def test_the_failure_of_a_task_is_shown_at_the_prompt(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("spawn { await async_sleep(5); throw 'in the task' };", ENTER)
        await desk.until(lambda: "error: in the task" in desk.shown)

    assert "input 1, line 1" in use(body)


def test_an_error_is_shown_with_its_mark_and_the_next_input_works(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("let = 3", ENTER, "1 / 0", ENTER, "let went_on := 1", ENTER)
        await desk.until(lambda: "went_on" in desk.inputs.session.variables)

    shown = use(body)
    assert " 1 | let = 3\n   |     ^" in shown
    assert "Division by zero" in shown and "--> input 2, line 1" in shown


def test_a_warning_is_shown_and_the_input_runs(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("func ask() { return input() }", ENTER, "let went_on := 1", ENTER)
        await desk.until(lambda: "went_on" in desk.inputs.session.variables)

    assert "warning: input() blocks here" in use(body)


def test_exit_with_a_code_ends_it(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("exit(3)", ENTER, "print('nev' + 'er')", ENTER)
        await desk.ended.wait()
        assert desk.inputs.exit_code == 3

    assert "\nnever" not in use(body)


def test_await_at_the_prompt(use: Use) -> None:
    assert session_after(use, "async func f() { return 7 }", ENTER, "x := await f()", ENTER)["x"] == 7


def test_ctrl_c_stops_what_runs(use: Use) -> None:
    async def body(desk: Desk) -> None:
        session = desk.inputs.session
        desk.type("kept := 1", ENTER, "print('rea' + 'dy'); await async_sleep(60000)", ENTER)
        await desk.until(lambda: "ready\n" in desk.shown)
        desk.editor.on_sigint(2, None)
        await desk.until(lambda: "stopped" in desk.shown)
        assert session.variables["kept"] == 1

    use(body)


def test_a_name_can_be_asked_about(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("let answer := 42", ENTER, "?answer", ENTER, "len?", ENTER, "?anwser", ENTER, "1", ENTER)
        await desk.until(lambda: "\n1\n" in desk.shown)

    shown = use(body)
    assert "answer: int = 42" in shown
    assert "len(x)\n\n" in shown
    assert "nothing is known of `anwser`; did you mean `answer`?" in shown


def test_input_asks_and_tasks_run_meanwhile(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("spawn { await async_sleep(20); print('mean' + 'while') }; name := await input('W' + 'ho?')", ENTER)
        await desk.until(lambda: "Who?" in desk.shown and "meanwhile" in desk.shown)
        assert "name" not in desk.inputs.session.variables
        desk.type("Ada", ENTER)
        await desk.until(lambda: desk.inputs.session.variables.get("name") == "Ada")

    use(body)


def test_a_task_that_asks_gets_the_terminal_and_gives_it_back(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("40 + ")
        await desk.until(lambda: desk.typed == "40 + ")
        answer = asyncio.get_running_loop().create_task(desk.editor.questions.ask("Who?"))
        await desk.until(lambda: "Who?" in desk.shown)
        desk.type("Ada", ENTER)
        assert await answer == "Ada"
        assert get_app_or_none() is desk.editor.prompt.app
        desk.type("2", ENTER)
        await desk.until(lambda: "\n42\n" in desk.shown)

    use(body)


def test_ctrl_c_at_the_question_of_a_task_cancels_the_question(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("spawn { await async_sleep(5); await input('W' + 'ho?') };", ENTER)
        await desk.until(lambda: "Who?" in desk.shown)
        desk.type(CTRL_C)
        await desk.until(lambda: "Input was cancelled" in desk.shown)

    use(body)


def test_ctrl_c_at_the_question_of_the_cell_stops_the_cell(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("x := await input('W' + 'ho?')", ENTER)
        await desk.until(lambda: "Who?" in desk.shown)
        desk.type(CTRL_C)
        await desk.until(lambda: "stopped" in desk.shown)
        assert "x" not in desk.inputs.session.variables

    use(body)


def test_ctrl_d_answers_a_question_with_nothing(use: Use) -> None:
    assert session_after(use, "x := await input('W' + 'ho?')", ENTER, CTRL_D)["x"] == ""


def test_tasks_clean_up_at_the_end(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type(
            "spawn { print('un' + 'der way'); try { await async_sleep(60000) } finally { print('cleaned') } }", ENTER
        )
        await desk.until(lambda: "under way" in desk.shown)

    assert use(body).endswith("cleaned\n")


@pytest.mark.parametrize("word", ["exit", "quit"])
def test_a_word_ends_it(use: Use, word: str) -> None:
    async def body(desk: Desk) -> None:
        desk.type(word, ENTER, "print('nev' + 'er')", ENTER)

    assert "\nnever" not in use(body)


def test_inputs_of_earlier_runs_come_back(use: Use) -> None:
    session_after(use, "let answer := 6 *", ENTER, "7", ENTER)
    text = history_file().read_text(encoding="utf-8")
    assert "+let answer := 6 *\n+    7\n" in text or "+let answer := 6 *\n+7\n" in text

    async def recall(desk: Desk) -> None:
        desk.type(UP)
        await desk.until(lambda: desk.typed == "let typed := true")
        desk.type(UP, ENTER, "answer", ENTER)
        await desk.until(lambda: "\n42\n" in desk.shown)

    use(recall)


def test_earlier_inputs_are_searched(use: Use) -> None:
    session_after(use, "let answer := 6 *", ENTER, "7", ENTER)

    async def search(desk: Desk) -> None:
        await desk.until(lambda: ">>>" in desk.shown)
        desk.type(CTRL_R, "answer", ENTER)
        await desk.until(lambda: desk.typed.startswith("let answer"))
        desk.type(ENTER, "answer", ENTER)
        await desk.until(lambda: "\n42\n" in desk.shown)

    use(search)


def test_an_earlier_input_is_suggested_and_taken_with_the_right_arrow(use: Use) -> None:
    async def body(desk: Desk) -> None:
        desk.type("let suggested := 1", ENTER, "let sugg")
        await desk.until(lambda: desk.editor.prompt.default_buffer.suggestion is not None)
        desk.type(RIGHT)
        await desk.until(lambda: desk.typed == "let suggested := 1")
        desk.type(CTRL_C)

    use(body)


def test_only_the_user_can_read_the_history(tmp_path: Path) -> None:
    path = tmp_path / "hocket" / "history"
    InputHistory(path).store_string("secret")
    assert path.stat().st_mode & 0o077 == 0


def test_a_long_history_loses_its_oldest_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hocket.repl.history.KEPT", 3)
    history = InputHistory(tmp_path / "history")
    for number in range(6):
        history.store_string(f"{number}\n")
    assert list(InputHistory(tmp_path / "history").load_history_strings()) == ["5\n", "4\n", "3\n"]


def test_without_a_place_for_it_inputs_are_remembered_for_the_run(use: Use, tmp_path: Path) -> None:
    (tmp_path / "hocket").write_text("a file in the way")

    async def body(desk: Desk) -> None:
        desk.type("a := 5", ENTER)
        await desk.until(lambda: "a" in desk.inputs.session.variables and desk.typed == "")
        desk.type(UP)
        await desk.until(lambda: desk.typed == "a := 5")
        desk.type(CTRL_C)

    use(body)
