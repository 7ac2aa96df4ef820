"""A flood is cut: with a notice, and without losing its end."""

import re
import time

from hocket_kernel.flood import ANEW, CLEAR, LARGE, PRICE, RATE, TAIL, Meter, Shows


def pieces(found):
    return "".join(text if name == "stdout" else f"<{text.strip()}>" for name, text in found)


def test_what_is_within_the_limit_is_sent_as_it_is():
    meter = Meter(100, 0)
    assert list(meter.take("stdout", "x" * 60, 0)) == [("stdout", "x" * 60)]
    assert list(meter.take("stderr", "y" * 40, 0)) == [("stderr", "y" * 40)]
    assert not meter.holds
    assert not list(meter.release())


def test_what_is_beyond_is_held_back_and_cut_between_lines():
    meter = Meter(10, 0)
    assert pieces(meter.take("stdout", "1234\n5678\nabcd\n", 0)) == "1234\n5678\n"
    assert meter.holds
    assert pieces(meter.release()) == "abcd\n"
    assert not meter.holds


def test_the_newest_is_kept_and_the_notice_counts_the_rest():
    meter = Meter(100, 0)
    lines = [f"{number:08}\n" for number in range(TAIL)]
    sent = pieces(meter.take("stdout", "".join(lines), 0))
    assert sent == "".join(lines[:11])
    kept = TAIL // 9
    left_out = TAIL - 11 - kept
    notice, rest = meter.release()
    what = f"{left_out * 9:,} characters in {left_out:,} lines left out"
    assert notice == ("stderr", f"[{what}; %env HOCKET_OUTPUT_LIMIT=0 shows all]\n")
    assert rest == ("stdout", "".join(lines[-kept:]))


def test_one_long_line_is_cut_within():
    meter = Meter(100, 0)
    assert pieces(meter.take("stdout", "x" * 1_000_000 + "\n", 0)) == "x" * 100
    notice, tail = meter.release()
    assert notice[1].startswith("\n[979,901 characters in 0 lines left out;")
    assert tail == ("stdout", "x" * (TAIL - 1) + "\n")


def test_both_streams_keep_their_order_in_what_is_held():
    meter = Meter(1, 0)
    list(meter.take("stdout", "a\n", 0))
    list(meter.take("stderr", "b\n", 0))
    list(meter.take("stdout", "c\n", 0))
    assert list(meter.release()) == [("stdout", "\n"), ("stderr", "b\n"), ("stdout", "c\n")]


def test_the_allowance_grows_with_time():
    meter = Meter(1000, 0)
    assert pieces(meter.take("stdout", "x" * 1000, 0)) == "x" * 1000
    assert not list(meter.take("stdout", "y" * 500, 0))
    assert not list(meter.due(100 / RATE))
    assert pieces(meter.due(500 / RATE)) == "y" * 500
    assert not list(meter.take("stdout", "z", 500 / RATE))


def test_a_program_that_prints_slowly_is_never_cut():
    meter = Meter(1000, 0)
    for second in range(1000):
        assert pieces(meter.take("stdout", "x" * RATE, second))[:1] == "x" or pieces(meter.due(second))
        assert pieces(meter.release()).count("left out") == 0


def test_zero_is_no_limit():
    meter = Meter(0, 0)
    assert pieces(meter.take("stdout", "x" * 10_000_000, 0)) == "x" * 10_000_000


# What is shown


def shown(shows, *places, size=10, now=0.0):
    """Show values at places; return which of them are sent, and forget those that are beyond the newest."""
    sent = [place for place in places if shows.take(place, f"value {place}", size, now)]
    list(shows.excess())
    return sent


def test_values_within_the_limit_are_sent_and_those_beyond_held_back():
    shows = Shows(3 * PRICE, 0)
    assert shown(shows, "a", "b", "c", "d", "e") == ["a", "b", "c"]
    assert shows.holds and not shows.is_due(0) and shows.is_due(2 * PRICE / RATE)
    assert shows.release() == (None, 0, [("d", "value d"), ("e", "value e")])
    assert not shows.holds


def test_of_the_values_held_back_the_newest_are_kept():
    shows = Shows(PRICE, 0)
    places = [str(number) for number in range(1 + 2 * TAIL // PRICE)]
    assert shown(shows, *places) == ["0"]
    clears, left_out, held = shows.release()
    assert (clears, left_out) == (None, TAIL // PRICE)
    assert [place for place, _ in held] == places[-TAIL // PRICE :]


def test_a_large_value_counts_as_several_and_one_larger_than_all_is_sent_to_a_client_that_waits():
    shows = Shows(10 * PRICE, 0)
    assert shown(shows, "a", size=4 * LARGE) == ["a"]
    assert shown(shows, "b", size=5 * LARGE) == []
    shows = Shows(10 * PRICE, 0)
    assert shown(shows, "a", "b", size=100 * LARGE) == ["a"]
    assert shows.release() == (None, 0, [("b", "value b")])


def test_what_replaces_a_value_that_is_held_back_is_in_its_place():
    shows = Shows(PRICE, 0)
    shown(shows, "a", "b")
    assert shows.replace("b", "newer", 10) and not shows.replace("a", "newer", 10)
    assert shows.release() == (None, 0, [("b", "newer")])


def test_clearing_forgets_what_is_held_back_and_waits_with_what_is_shown_next():
    shows = Shows(PRICE // ANEW + CLEAR, 0)
    assert shows.clear(True, 0)
    assert shown(shows, "a", "b") == ["a"]
    assert not shows.clear(True, 0)
    assert shown(shows, "c") == []
    assert not shows.is_due(0) and shows.is_due(PRICE // ANEW / RATE)
    assert shows.release() == (True, 0, [("c", "value c")])


def test_clearing_alone_is_bounded_too():
    shows = Shows(1_000, 0.0)
    cleared = [shows.clear(False, 0.0) for _ in range(1_000)]
    assert cleared.count(True) < 100 and not cleared[-1] and shows.holds
    assert shows.is_due(1.0) and shows.release()[0] is False


def test_what_moves_goes_on_for_ever():
    shows = Shows(1_000_000, 0)
    for frame in range(20 * 3600):
        now = frame / 20
        assert shows.allows(10, now) if frame % 2 else shows.clear(True, now) and shown(shows, "a", now=now)


def test_zero_is_no_limit_for_values():
    shows = Shows(0, 0)
    places = [str(number) for number in range(10_000)]
    assert shown(shows, *places, size=10 * LARGE) == places
    assert shows.clear(False, 0) and shows.allows(10 * LARGE, 0)


NOTICE = re.compile(r"\[([\d,]+) characters in ([\d,]+) lines? left out; .*\]\n")


def left_out(cell):
    """Return how many characters and lines the notices of a cell say were left out."""
    found = NOTICE.findall(cell.err)
    return tuple(sum(int(notice[part].replace(",", "")) for notice in found) for part in (0, 1))


def test_a_cell_that_floods_shows_its_beginning_its_end_and_what_is_between(notebook):
    cell = notebook.ok("for i in range(500000) { print(i) }\n'done'")
    lines = cell.out.splitlines()
    assert lines[:100_000] == [f"{number}" for number in range(100_000)]
    assert lines[-2000:] == [f"{number}" for number in range(498_000, 500_000)]
    characters, count = left_out(cell)
    assert count + len(lines) == 500_000
    assert characters + len(cell.out) == sum(len(f"{number}\n") for number in range(500_000))
    assert cell.kinds[-2:] == ["execute_result", "idle"]
    assert len(cell.of("stream")) < 100


def test_a_cell_that_floods_with_values_shows_the_first_and_the_last(notebook):
    cell = notebook.ok("for i in 0..5_000 { display(i) }\n'done'")
    values = [int(message.content["data"]["text/plain"]) for message in cell.of("display_data")]
    assert values[:1000] == list(range(1000)) and values[-20:] == list(range(4980, 5000))
    left_out = re.findall(r"\[([\d,]+) displays? left out; .*\]\n", cell.err)
    assert len(values) + sum(int(number.replace(",", "")) for number in left_out) == 5000
    assert cell.kinds[-2:] == ["execute_result", "idle"]


def test_a_picture_book_that_is_turned_goes_on(notebook):
    notebook.ok("%env HOCKET_OUTPUT_LIMIT=100000")
    cell = notebook.ok("for i in 0..3_000 { clear_output(true); display(i) }")
    notebook.ok("%env HOCKET_OUTPUT_LIMIT=")
    assert cell.of("display_data")[-1].content["data"] == {"text/plain": "2999"}
    assert len(cell.messages) < 2_200
    assert not cell.err


def test_fifty_megabytes_at_once_are_cut(notebook):
    cell = notebook.ok("print('x' * 50000000)\nprint('end')")
    assert cell.out.startswith("x" * 1000)
    assert cell.out.endswith("x\nend\n")
    assert len(cell.out) < 1_100_000
    assert left_out(cell)[0] + len(cell.out) == 50_000_005


def test_the_next_cell_has_an_allowance_of_its_own(notebook):
    notebook.ok("print('x' * 5000000)")
    cell = notebook.ok("print('y' * 900000)")
    assert len(cell.out) == 900_001 and not cell.err


def test_a_cell_that_fails_in_a_flood_shows_what_it_printed_last(notebook):
    cell = notebook.run("print('x' * 5000000)\nprint('last words')\n1 / 0")
    assert cell.out.endswith("last words\n")
    assert cell.kinds[-2:] == ["error", "idle"]


def test_a_background_task_that_floods_shows_its_end_in_its_cell(notebook):
    cell = notebook.ok(
        "async func flood() { await async_sleep(1); print('x' * 2000000); print('the end') }\nt := flood()"
    )
    notebook.until(lambda: cell.out.endswith("the end\n"), 20)
    assert left_out(cell)[0] + len(cell.out) == 2_000_009


def test_the_limit_can_be_set_and_lifted(start):
    small = start(HOCKET_OUTPUT_LIMIT="1000")
    try:
        cell = small.ok("print('x' * 100000)")
        assert len(cell.out) < 30_000 and left_out(cell)[0] + len(cell.out) == 100_001
        task = small.ok("spawn { await async_sleep(1); for i in 0..100 { display(i) } };")
        small.until(lambda: [m.content["data"]["text/plain"] for m in task.of("display_data")][-1:] == ["99"])
        assert "displays left out" in task.err
    finally:
        small.close()
    unlimited = start(HOCKET_OUTPUT_LIMIT="0")
    try:
        cell = unlimited.ok("print('x' * 50000000)")
        assert len(cell.out) == 50_000_001 and not cell.err
    finally:
        unlimited.close()


def test_a_client_that_does_not_read_loses_nothing(notebook):
    cell = notebook.send("for i in range(60000) { print(i); if i % 3 == 0 { eprint(i); await yield_now() } }\n'end'")
    time.sleep(2)  # it does not read
    notebook.wait(cell)
    assert cell.out == "".join(f"{number}\n" for number in range(60_000))
    assert cell.err == "".join(f"{number}\n" for number in range(0, 60_000, 3))
    assert cell.result == '"end"'
