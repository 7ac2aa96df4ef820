"""What the keys of the editor do beyond what its library has them do."""

from __future__ import annotations

from signal import SIGINT

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.search import stop_search

from hocket.errors import CancelledError
from hocket.repl.inputs import asked
from hocket.session import Session

INDENT = 4
PAIRS = {"(": ")", "[": "]", "{": "}"}


def input_keys(session: Session) -> KeyBindings:
    """Return the keys of the prompt for programs.

    Enter takes an input that is complete, or that can only be wrong, and else begins a line;
    with Alt it begins one always.
    """
    keys = KeyBindings()
    is_typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=is_typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None  # what is selected stands in the text already
        elif is_finished(session, buffer):
            buffer.validate_and_handle()
        else:
            begin_line(session, buffer)

    @keys.add("escape", "enter", filter=is_typing)
    def _(event: KeyPressEvent) -> None:
        begin_line(session, event.current_buffer)

    keys.add("tab", filter=is_typing)(complete_or_indent)
    keys.add("backspace", filter=is_typing)(delete_back)
    for closer in PAIRS.values():
        keys.add(closer, filter=is_typing)(close)
    keys.add("c-c", filter=is_typing)(drop)
    keys.add("<sigint>")(drop)
    return keys


def question_keys(session: Session) -> KeyBindings:
    """Return the keys of the prompt of `input`: Ctrl-C stops the cell that asks, or the question if none does."""
    keys = KeyBindings()

    @keys.add("<sigint>")
    def cancel(event: KeyPressEvent) -> None:
        # The signal itself stops the cell, if there is one.
        if session.scheduler.foreground is None:
            event.app.exit(exception=CancelledError("Input was cancelled"))

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        cancel(event)
        session.on_sigint(SIGINT, None)

    return keys


def is_finished(session: Session, buffer: Buffer) -> bool:
    """Whether Enter takes what is typed: at its end, and anywhere in a single line or in an earlier input."""
    is_within = buffer.document.text_after_cursor.strip() and "\n" in buffer.text
    if is_within and buffer.text not in buffer.history.get_strings():
        return False
    return asked(buffer.text) is not None or session.is_complete(buffer.text)[0] != "incomplete"


def begin_line(session: Session, buffer: Buffer) -> None:
    """Begin a line that is indented as the open brackets ask for; what closes them goes to one of its own."""
    document = buffer.document
    state, indent = session.is_complete(document.text_before_cursor)
    if state != "incomplete":
        line = document.current_line_before_cursor
        indent = line[: len(line) - len(line.lstrip(" "))]
    buffer.insert_text(f"\n{indent}")
    if PAIRS.get(document.char_before_cursor, "") == document.current_char != "":
        buffer.insert_text(f"\n{indent[INDENT:]}", move_cursor=False)


def complete_or_indent(event: KeyPressEvent) -> None:
    """Propose what may stand here, or indent where nothing stands before it."""
    buffer = event.current_buffer
    if buffer.complete_state:
        buffer.complete_next()
    elif buffer.document.current_line_before_cursor.strip():
        buffer.start_completion(insert_common_part=True)
    else:
        buffer.insert_text(" " * INDENT)


def delete_back(event: KeyPressEvent) -> None:
    """Delete a character, or a step of the indentation."""
    buffer = event.current_buffer
    before = buffer.document.current_line_before_cursor
    buffer.delete_before_cursor((len(before) - 1) % INDENT + 1 if is_indentation(before) else event.arg)


def close(event: KeyPressEvent) -> None:
    """Type a closing bracket; at the beginning of a line, a step to the left."""
    buffer = event.current_buffer
    document = buffer.document
    if document.cursor_position_row and is_indentation(document.current_line_before_cursor):
        buffer.delete_before_cursor(min(INDENT, document.cursor_position_col))
    buffer.insert_text(event.data)


def drop(event: KeyPressEvent) -> None:
    """Drop what is typed."""
    if event.app.layout.is_searching:
        stop_search()
    event.app.current_buffer.reset()


def is_indentation(text: str) -> bool:
    """Whether `text` is blanks, and some."""
    return text != "" and not text.strip(" ")
