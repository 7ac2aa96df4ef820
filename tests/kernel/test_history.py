"""History: what was run before, also by kernels that are gone."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from hocket_kernel.history import History
from hocket_kernel.store import Store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data/hocket/history.sqlite"


@pytest.fixture
def remember(path):
    """Return a store with a session of these cells."""

    def remember(*cells, kept=1000):
        store = Store.in_file(path, kept)
        stores.append(store)
        for number, text in enumerate(cells, 1):
            store.add(number, text)
        return store

    stores = []
    yield remember
    for store in stores:
        store.database.close()


def asked(store, kind, output=False, **options):
    return store.reply(kind, output, options)


def history(notebook, **options):
    return [tuple(entry) for entry in notebook.ask(notebook.client.history(**options)).content["history"]]


def test_history_survives_a_restart(fresh):
    fresh.ok("old := 1")
    fresh.ok("old + 1")
    fresh.restart()
    fresh.ok("new := 2")
    assert history(fresh, hist_access_type="tail", n=3) == [(1, 1, "old := 1"), (1, 2, "old + 1"), (2, 1, "new := 2")]
    assert history(fresh, hist_access_type="range", session=0) == [(2, 1, "new := 2")]
    assert history(fresh, hist_access_type="range", session=-1) == [(1, 1, "old := 1"), (1, 2, "old + 1")]
    assert history(fresh, hist_access_type="search", pattern="old*") == [(1, 1, "old := 1"), (1, 2, "old + 1")]
    assert history(fresh, hist_access_type="range", session=1, start=2, output=True) == [(1, 2, ["old + 1", "2"])]


def test_only_the_user_can_read_it(fresh):
    fresh.ok("password := 1")
    history(fresh, hist_access_type="tail", n=1)
    (file,) = Path(fresh.environment["JUPYTER_DATA_DIR"]).glob("hocket/*.sqlite")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def session_of(path):
    store = Store.in_file(path)
    store.database.close()
    return store.session


def test_a_file_that_many_open_at_once_takes_them_all(tmp_path):
    with ThreadPoolExecutor(6) as threads:
        for number in range(20):
            path = tmp_path / f"{number}.sqlite"
            sessions = threads.map(lambda _, path=path: session_of(path), range(6))
            assert sorted(sessions) == [1, 2, 3, 4, 5, 6]


def test_kernels_at_once_have_sessions_of_their_own(start):
    first = start()
    second = start(JUPYTER_DATA_DIR=first.environment["JUPYTER_DATA_DIR"])
    try:
        for number in range(20):
            cells = [notebook.send(f"{number}") for notebook in (first, second)]
            for notebook, cell in zip((first, second), cells, strict=True):
                notebook.wait(cell)
        for notebook in (first, second):
            history(notebook, hist_access_type="tail", n=1)  # what it ran is written before it answers
        seen = [history(notebook, hist_access_type="tail", n=40) for notebook in (first, second)]
        assert sorted(seen[0]) == sorted(seen[1])
        assert len(set(seen[0])) == 40
        # What this kernel ran is the newest for it.
        assert len({entry[0] for entry in seen[0][20:]}) == len({entry[0] for entry in seen[1][20:]}) == 1
        assert seen[0][20:] != seen[1][20:]
    finally:
        first.close()
        second.close()


def test_a_kernel_with_a_broken_file_remembers_its_own_cells(start, tmp_path):
    (tmp_path / "hocket").mkdir()
    (tmp_path / "hocket/history.sqlite").write_text("this is no database " * 100)
    notebook = start(JUPYTER_DATA_DIR=str(tmp_path))
    try:
        cell = notebook.ok("1 + 1")
        assert history(notebook, hist_access_type="tail", n=5) == [(1, 1, "1 + 1")]
        assert cell.err == ""  # the line goes to the process's own stderr
    finally:
        notebook.close()


def served(path):
    """Return a history and the queue of its warnings."""
    warnings = SimpleQueue()
    return History(warnings.put, path), warnings


def test_a_file_that_is_no_database_is_left_alone_with_one_warning(tmp_path):
    path = tmp_path / "history.sqlite"
    path.write_text("this is no database " * 100)
    kept, warnings = served(path)
    kept.add(1, "a := 1")
    kept.add(2, "b := 1")
    assert kept.reply("tail", False).result(10) == [(1, 1, "a := 1"), (1, 2, "b := 1")]
    assert "history is not kept beyond this kernel: file is not a database" in warnings.get(timeout=10)
    with pytest.raises(Empty):
        warnings.get_nowait()
    assert path.read_text().startswith("this is no database")


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path):
    (tmp_path / "file").write_text("in the way")
    kept, warnings = served(tmp_path / "file/history.sqlite")
    kept.add(1, "a := 1")
    assert kept.reply("tail", False).result(10) == [(1, 1, "a := 1")]
    assert "history is not kept" in warnings.get(timeout=10)


def test_a_file_that_stops_taking_cells_is_replaced_by_memory(path, remember):
    remember("old").database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON cells "
        "BEGIN SELECT RAISE(FAIL, 'attempt to write a readonly database'); END"
    )
    kept, warnings = served(path)
    kept.add(1, "new")
    assert kept.reply("tail", False).result(10) == [(2, 1, "new")]
    assert "attempt to write a readonly database" in warnings.get(timeout=10)


def test_an_error_in_a_request_is_its_answer(path):
    kept, _ = served(path)
    with pytest.raises(TypeError):
        kept.reply("tail", False, n="many").result(10)
    kept.add(1, "a")
    assert kept.reply("tail", False).result(10) == [(1, 1, "a")]


def test_closing_writes_what_waits(path):
    kept, _ = served(path)
    kept.add(1, "a")
    kept.close().result(10)
    assert sqlite3.connect(path).execute("SELECT source FROM cells").fetchall() == [("a",)]


def test_closing_what_was_never_used_makes_no_file(path):
    kept, _ = served(path)
    kept.close().result(0)
    assert not path.exists()


def test_sessions_count_from_this_one_back(remember):
    remember("a"), remember("b")
    third = remember("c1", "c2", "c3")
    assert asked(third, "range", session=0, start=1, stop=3) == [(3, 1, "c1"), (3, 2, "c2")]
    assert asked(third, "range", session=-1) == asked(third, "range", session=2) == [(2, 1, "b")]
    assert asked(third, "range", session=-2) == [(1, 1, "a")]
    assert asked(third, "range", session=-3) == asked(third, "range", session=7) == []


def test_cells_count_from_the_end_of_a_session_back(remember):
    store = remember("a", "b", "c")
    assert asked(store, "range", start=-2) == [(1, 2, "b"), (1, 3, "c")]
    assert asked(store, "range", start=1, stop=-1) == [(1, 1, "a"), (1, 2, "b")]


def test_the_tail_is_ten_cells_unless_told(remember):
    store = remember(*(f"{number}" for number in range(1, 21)))
    assert [line for _, line, _ in asked(store, "tail")] == list(range(11, 21))
    assert [line for _, line, _ in asked(store, "tail", n=2)] == [19, 20]
    assert asked(store, "tail", n=0) == asked(store, "tail", n=-1) == []
    assert len(asked(store, "tail", n=10**30)) == 20


def test_a_search_finds_by_pattern_and_the_newest_of_equal_ones(remember):
    remember("a + 1", "b")
    store = remember("a + 1", "a + 2", "a + 1")
    assert asked(store, "search", pattern="a*") == [
        (1, 1, "a + 1"),
        (2, 1, "a + 1"),
        (2, 2, "a + 2"),
        (2, 3, "a + 1"),
    ]
    assert asked(store, "search", pattern="a*", unique=True) == [(2, 2, "a + 2"), (2, 3, "a + 1")]
    assert asked(store, "search", pattern="?") == [(1, 2, "b")]
    assert asked(store, "search", pattern="*", n=1) == [(2, 3, "a + 1")]


def test_any_text_can_be_remembered(remember):
    store = remember("'\ud800'")
    store.answer(1, "\udfff")
    assert asked(store, "tail", output=True) == [(1, 1, ("'?'", "?"))]


def test_the_oldest_cells_are_forgotten(remember):
    remember(*(f"{number}" for number in range(10))).database.close()
    assert [text for _, _, text in asked(remember(kept=3), "tail")] == ["7", "8", "9"]
