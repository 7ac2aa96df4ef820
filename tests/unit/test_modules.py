"""Modules: where they are found, what their errors show, and what is left when they fail."""

import asyncio
import os
import signal
import sys
import types
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hocket import errors
from hocket import modules as loader
from hocket.render import render
from hocket.session import Outcome, Session

Main = Callable[[Session], Awaitable[Any]]
POSIX = pytest.mark.skipif(os.name == "nt", reason="links and modes are not POSIX's there")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOCKET_PATH", raising=False)
    return tmp_path


def write(**texts: str) -> None:
    """Write modules into the current folder; `__` in a name is a folder's end."""
    for name, text in texts.items():
        path = Path(name.replace("__", "/") + ".hkt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def in_session(main: Main, place: Path | None = None) -> Any:
    async def run() -> Any:
        session = Session(folder=place)
        try:
            return await main(session)
        finally:
            await session.close()

    return asyncio.run(run())


def run(*cells: str, place: Path | None = None) -> Outcome:
    """Return how the last of the cells ended."""

    async def main(session: Session) -> Outcome:
        outcome = Outcome()
        for number, text in enumerate(cells, 1):
            outcome = await session.run(text, f"cell {number}")
        return outcome

    found: Outcome = in_session(main, place)
    return found


def value(*cells: str, place: Path | None = None) -> Any:
    outcome = run(*cells, place=place)
    assert outcome.error is None, render(outcome.error)
    return outcome.value


def shown(*cells: str) -> str:
    error = run(*cells).error
    assert error is not None
    return render(error)


# Where they are found


def test_the_importers_folder_comes_first_then_the_programs_and_modules(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "SITE", folder / "site")
    monkeypatch.setenv("HOCKET_PATH", os.pathsep.join([str(folder / "one"), "", str(folder / "two")]))
    places = ["program/lib", "program", "program/modules", "modules", "one", "two", "site"]
    for place in places:
        Path(place).mkdir(parents=True, exist_ok=True)
        Path(place, "where.hkt").write_text(f"let it := '{place}'", encoding="utf-8")
    Path("program/lib/start.hkt").write_text("import where\nlet it := where.it", encoding="utf-8")
    found = []
    for place in places:
        found.append(value("import lib.start\nstart.it", place=folder / "program"))
        Path(place, "where.hkt").unlink()
    assert found == places


def test_the_endings_and_the_main_file_of_a_folder_in_their_order() -> None:
    write(a="let it := 1", a__main="let it := 3")
    Path("a.ruff").write_text("let it := 2", encoding="utf-8")
    Path("a/main.ruff").write_text("let it := 4", encoding="utf-8")
    found = []
    for path in ("a.hkt", "a.ruff", "a/main.hkt", "a/main.ruff"):
        found.append(value("import a\na.it"))
        Path(path).unlink()
    assert found == [1, 2, 3, 4]


def test_cells_look_in_the_folder_that_is_current_when_they_import() -> None:
    write(here__m="let it := 1")

    async def main(session: Session) -> list[Any]:
        first = await session.run("import m")
        os.chdir("here")
        second = await session.run("import m\nm.it")
        return [getattr(first.error, "message", None), second.value]

    assert in_session(main) == ["Module not found: m", 1]


@POSIX
def test_a_module_runs_once_however_it_is_reached(folder: Path) -> None:
    write(real__m="mut runs := 0\nruns += 1")
    os.symlink(folder / "real" / "m.hkt", folder / "linked.hkt")
    assert value("import real.m as a\nimport linked as b\na == b and a.runs == 1") is True


def test_who_looks_for_a_module_is_told_what_could_be_meant() -> None:
    write(geometry="", pack__tools="", modules__helpers="")
    for name, hint in {
        "geometri": "did you mean `geometry`?",
        "pack.tolls": "did you mean `pack.tools`?",
        "helper": "did you mean `helpers`?",
        "json": "write `import py.json` for the module of Python",
        "nowhere": "there is no nowhere.hkt in the program's folder, in `modules` or in HOCKET_PATH",
    }.items():
        error = run(f"import {name}").error
        assert isinstance(error, errors.ImportError)
        assert (error.message, error.hint) == (f"Module not found: {name}", hint)


# Errors


def test_an_error_shows_the_modules_line_and_the_imports() -> None:
    write(a="import b", b="\nfunc inner() {\n    return [1][4]\n}\n\ninner()")
    assert shown("x := 1\nimport a") == (
        "error: IndexError: Index out of bounds: 4\n"
        "  --> b.hkt, line 3, column 12\n"
        "   |\n"
        " 3 |     return [1][4]\n"
        "   |            ^^^^^^\n"
        "called from b.hkt, line 6\n"
        "imported at a.hkt, line 1\n"
        "imported at cell 1, line 2"
    )


def test_an_error_in_a_function_of_a_module_shows_who_called_it() -> None:
    write(a="func f() { throw 'no' }\nasync func g() { await async_sleep(1); f() }")
    assert shown("import a", "\nawait a.g()").splitlines()[1:] == [
        "  --> a.hkt, line 1, column 12",
        "   |",
        " 1 | func f() { throw 'no' }",
        "   |            ^^^^^^^^^^",
        "called from g (a.hkt, line 2)",
        "called from cell 2, line 2",
    ]


def test_all_that_is_wrong_with_the_text_of_a_module_is_shown() -> None:
    write(a="import b", b="let = 3\nprint(1)\nx := 5 5")
    text = shown("import a")
    assert "  --> b.hkt, line 1, column 5" in text
    assert "  --> b.hkt, line 3, column 8" in text
    assert text.endswith("\nimported at a.hkt, line 1\nimported at cell 1, line 1")


def test_a_module_that_fails_is_not_bound_and_runs_again() -> None:
    write(m="throw 'not yet'")

    async def main(session: Session) -> list[Any]:
        first = await session.run("import m")
        second = await session.run("m")
        write(m="let it := 2")
        third = await session.run("import m\nm.it")
        return [first.error, second.error, third.value]

    first, second, third = in_session(main)
    assert first.message == "not yet"
    assert second.message == "Undefined variable: m"
    assert third == 2


def test_a_module_that_fails_takes_those_that_it_imported_not_along() -> None:
    write(good="mut runs := 0\nruns += 1", bad="import good\nthrow 'no'")
    assert value("import bad", "import good\ngood.runs") == 1
    assert isinstance(run("import bad", "import bad").error, errors.Error)


def test_a_module_runs_once_in_a_session() -> None:
    write(m="let it := 1")

    async def main(session: Session) -> Any:
        await session.run("import m")
        write(m="let it := 2")
        return (await session.run("import m\nm.it")).value

    assert in_session(main) == 1
    assert value("import m\nm.it") == 2


# Text


@pytest.mark.parametrize(
    "text",
    [
        "let it := 1\r\nlet other := 2\r\n",
        "\ufefflet it := 1",
        "\tlet it := 1\t",
        "let it := 1\r",
        "# é ü 漢字\nlet it := 1",
    ],
    ids=["line ends", "mark", "tabs", "old line ends", "letters"],
)
def test_a_module_is_text_as_any_program(text: str) -> None:
    write(m=text)
    assert value("import m\nm.it") == 1


def test_a_module_that_is_not_utf_8_is_named() -> None:
    Path("m.hkt").write_bytes(b"let a := 1\nprint('\xe9')\n")
    error = run("import m").error
    assert isinstance(error, errors.ImportError)
    assert error.message == "cannot import m: m.hkt is not UTF-8: byte 0xe9 in line 2 (offset 18)"


def test_a_nul_in_a_module_is_marked() -> None:
    write(m="let a := 1\nlet b := \0 2")
    assert "  --> m.hkt, line 2, column 10" in shown("import m")


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file")])
def test_a_module_that_cannot_be_read_is_named(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    write(m="let it := 1")

    def read(path: Path) -> bytes:
        raise error

    monkeypatch.setattr(Path, "read_bytes", read)
    found = run("import m").error
    assert isinstance(found, errors.ImportError)
    assert found.message == f"cannot read the module m: {error.strerror} (os error {error.errno})"


# Several at once


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  an import tells nobody that it has begun
        await asyncio.sleep(0)


def both(session: Session, first: str, second: str) -> Coroutine[Any, Any, list[Outcome]]:
    async def run() -> list[Outcome]:
        return list(await asyncio.gather(session.run(first, "cell 1"), session.run(second, "cell 2")))

    return run()


def test_who_imports_a_module_that_runs_waits_for_it() -> None:
    write(m="mut runs := 0\nruns += 1\nawait async_sleep(20)\nlet it := runs")

    async def main(session: Session) -> list[Any]:
        return [outcome.value for outcome in await both(session, "import m as a\na.it", "import m as b\nb.it")]

    assert in_session(main) == [1, 1]


def test_waiting_for_a_module_that_imports_another_is_no_circle() -> None:
    write(a="import b\nlet it := b.it", b="await async_sleep(20)\nlet it := 1")

    async def main(session: Session) -> list[Any]:
        return [outcome.value for outcome in await both(session, "import a\na.it", "import b\nb.it")]

    assert in_session(main) == [1, 1]


def test_a_circle_over_two_cells_is_found() -> None:
    write(a="await async_sleep(20)\nimport b", b="await async_sleep(20)\nimport a")

    async def main(session: Session) -> list[str]:
        outcomes = await both(session, "import a", "import b")
        return [str(outcome.error) for outcome in outcomes]

    found = in_session(main)
    assert any(message.startswith("Circular import detected: ") for message in found)


def test_who_waited_for_a_module_that_was_stopped_runs_it() -> None:
    write(m="from state import is_first\nif is_first() { await async_sleep(60000) }\nlet it := 1")
    write(state="mut first := true\nfunc is_first() { was := first; first := false; return was }")

    async def main(session: Session) -> list[Any]:
        await session.run("import state")
        running = session.modules.running
        async with asyncio.TaskGroup() as tasks:
            one = tasks.create_task(session.run("import m", "cell 1"))
            await until(lambda: session.scheduler.timers.next() is not None)
            module = next(iter(running.values()))
            two = tasks.create_task(session.run("import m\nm.it", "cell 2"))
            await until(lambda: module.ended is not None)
            one.cancel()
        return [one.cancelled(), two.result().value]

    assert in_session(main) == [True, 1]


def test_stop_ends_an_import() -> None:
    async def main(session: Session) -> list[Any]:
        write(m="await async_sleep(60000)")
        before = signal.signal(signal.SIGINT, session.on_sigint)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(session.run("import m"))
                await until(lambda: bool(session.modules.running))
                signal.raise_signal(signal.SIGINT)
            outcome = running.result()
        finally:
            signal.signal(signal.SIGINT, before)
        again = await session.run("m")
        return [outcome.interrupted, len(session.modules.running), str(again.error)]

    assert in_session(main) == [True, 0, "Undefined variable: m"]


# Modules of Python


def test_a_module_of_python_that_needs_another_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("needy.py").write_text("import yaml_of_nobody\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    error = run("import py.needy").error
    assert isinstance(error, errors.ImportError)
    assert error.message == "py.needy needs the Python module yaml_of_nobody, which is not found"
    assert error.hint == "`pip install yaml_of_nobody` installs it, if it is that"


def test_a_missing_module_of_python_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, hint in {
        "jsn": "did you mean `py.json`?",
        "json.decodr": "did you mean `py.json.decoder`?",
        "json.zzz": "the Python package json has no module `zzz`",
        "quite_unknown": "`pip install quite_unknown` installs it, if it is that",
    }.items():
        error = run(f"import py.{name}").error
        assert isinstance(error, errors.ImportError)
        assert (error.message, error.hint) == (f"Module not found: py.{name}", hint)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    error = run("import py.sklearn").error
    assert isinstance(error, errors.ImportError)
    assert error.hint == "`pip install scikit-learn` installs it, if it is that"


def test_a_module_of_python_that_fails_is_an_error_at_the_import(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("broken_one.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    error = run("import py.broken_one").error
    assert isinstance(error, errors.Error)
    assert error.line == 1
    assert "broken_one" not in sys.modules


def test_what_a_module_of_python_does_not_hold_has_a_near_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = types.ModuleType("made")
    made.value = 5  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made", made)
    assert value("from py.made import value\nvalue") == 5
    error = run("from py.made import valeu").error
    assert isinstance(error, errors.ImportError)
    assert (error.message, error.hint) == ("cannot import valeu from py.made", "did you mean `value`?")
    error = run("from py.made import other").error
    assert isinstance(error, errors.ImportError)
    assert error.hint == "the Python module made has no `other`"


# Completion and inspection


def test_modules_and_their_members_are_offered_and_described() -> None:
    write(
        geometry="/// The area.\npub func area(r, by = 2) { }\npub struct Point { x }\npub let pi := 3\nlet own := 1",
        pack__tools="let inside := {key: 1}",
        modules__helpers="",
    )

    async def main(session: Session) -> None:
        await session.run("import geometry\nimport pack.tools\nimport py.json")

        def offered(text: str) -> list[str]:
            return [item.text for item in session.complete(text, len(text)).items]

        def described(text: str) -> str:
            found = session.inspect(text, len(text))
            return "" if found is None else found.text

        assert offered("geometry.") == ["Point", "area", "pi"]
        assert offered("geometry.ar") == ["area"]
        assert "key" in offered("tools.inside.")
        assert "by=" in offered("geometry.area(1, b")
        assert offered("import geo") == offered("x := 1\nfrom geo") == ["geometry"]
        assert offered("import ") == ["geometry", "helpers", "pack", "py"]
        assert offered("import pack.") == ["tools"]
        assert offered("from geometry import ") == ["Point", "area", "pi"]
        assert offered("from geometry import area, p") == ["pi"]
        assert "json" in offered("import py.js")
        assert "decoder" in offered("import py.json.dec")
        assert "loads" in offered("from py.json import lo")
        assert offered("from nowhere import ") == []
        assert described("geometry.area").startswith(
            "func geometry.area(r, by = 2)\n\nThe area.\n\ndefined in geometry.hkt"
        )
        assert described("geometry.area(").startswith("func geometry.area")
        assert described("geometry") == "geometry: module = <module geometry>"
        assert described("geometry.pi") == "geometry.pi: int = 3"

    in_session(main)
