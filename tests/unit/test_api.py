"""Hocket from Python: `run`, `run_async`, `Session`."""

import asyncio
import contextlib
import io
import re
import typing
from pathlib import Path

import pytest

import hocket
from hocket import errors
from hocket.testing import Program, expected

ROOT = Path(__file__).parents[2]


def test_the_example_of_the_manual_does_what_it_says() -> None:
    text = (ROOT / "interpreter" / "README.md").read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "import hocket" in block]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, "README.md", "exec"), {"__name__": "example"})
    assert out.getvalue().splitlines() == expected(Program("README.md", example)).output


def test_what_is_public_is_there_and_typed() -> None:
    for name in hocket.__all__:
        assert getattr(hocket, name) is not None
    assert typing.get_type_hints(hocket.run)["return"] is typing.Any
    assert (Path(hocket.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        hocket.walk  # noqa: B018  asked for on purpose


def test_run_returns_the_value_of_a_text_or_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "part.hkt").write_text("let it := 4", encoding="utf-8")
    path = tmp_path / "main.hkt"
    path.write_text("import part\npart.it + 1", encoding="utf-8")
    assert hocket.run(path) == 5
    assert hocket.run("null") is None
    assert hocket.run("spawn { 1 }; 'last'") == "last"


def test_run_raises_what_the_program_failed_with(tmp_path: Path) -> None:
    with pytest.raises(errors.StaticErrors, match="Undefined variable: x"):
        hocket.run("print(x)")
    with pytest.raises(errors.FileNotFound) as caught:
        hocket.run("read_file('nowhere.txt')", name="reader")
    assert caught.value.line == 1
    assert caught.value.place is not None
    assert caught.value.place.source.name == "reader"
    with pytest.raises(errors.Error, match="in a task"):
        hocket.run("spawn { throw 'in a task' }")
    with pytest.raises(SystemExit) as ended:
        hocket.run("exit(3)")
    assert ended.value.code == 3
    with pytest.raises(FileNotFoundError):
        hocket.run(tmp_path / "nowhere.hkt")
    (tmp_path / "latin.hkt").write_bytes(b"'\xe9'")
    with pytest.raises(ValueError, match="is not UTF-8: byte 0xe9 in line 1"):
        hocket.run(tmp_path / "latin.hkt")


def test_run_says_what_to_write_where_a_loop_runs() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"write `await hocket.run_async\(…\)`"):
            hocket.run("1")

    asyncio.run(main())


def test_run_async_shares_the_loop_with_others() -> None:
    async def main() -> None:
        first, second = await asyncio.gather(
            hocket.run_async("await async_sleep(5); 1"), hocket.run_async("await async_sleep(1); 2")
        )
        assert (first, second) == (1, 2)
        with pytest.raises(errors.ZeroDivisionError):
            await hocket.run_async("1 / 0")
        assert await asyncio.to_thread(lambda: 5) == 5

    asyncio.run(main())


def test_a_cancelled_run_async_lets_the_program_clean_up() -> None:
    async def main() -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                async with asyncio.timeout(0.05):
                    await hocket.run_async("try { await async_sleep(60000) } finally { print('cleaned up') }")
            except TimeoutError:
                print("timed out")
        return out.getvalue()

    assert asyncio.run(main()) == "cleaned up\ntimed out\n"


def test_a_session_is_closed_at_the_end_of_its_block() -> None:
    async def main() -> None:
        async with hocket.Session() as session:
            session.assign("twice", lambda x: 2 * x)
            outcome = await session.run("left := spawn { await async_sleep(60000) }\ntwice(4)")
            assert isinstance(outcome, hocket.Outcome)
            assert outcome.value == 8
            task = session.variables["left"]
            await session.run("func half(x) { return x / 2 }")
            assert session.variables["half"](8) == 4
        assert task.status == "cancelled"

    asyncio.run(main())
