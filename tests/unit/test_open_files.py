"""Open files beside a plain model: bytes and a place in them."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hocket.runtime.loop import Scheduler
from hocket.runtime.work import at_once
from hocket.stdlib.opened import File, Pass

TEXTS = st.text("ab\n\r\né€😀", max_size=30)
STEPS = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 12)),
    st.tuples(st.just("read"), st.none()),
    st.tuples(st.just("read_line")),
    st.tuples(st.just("write"), TEXTS),
    st.tuples(st.just("tell")),
    st.tuples(st.just("flush")),
    st.tuples(st.just("go_to"), st.integers(0, 40)),
    st.tuples(st.just("each"), st.integers(1, 3)),
)


class Model:
    """What an open file is to do."""

    def __init__(self, content: bytes, is_text: bool) -> None:
        self.content = content
        self.place = 0
        self.is_text = is_text

    def do(self, name: str, *args: Any) -> Any:
        return getattr(self, name)(*args)

    def rest(self) -> Any:
        rest = self.content[self.place :]
        return rest.decode() if self.is_text else rest

    def take(self, taken: Any) -> Any:
        self.place += len(taken.encode() if self.is_text else taken)
        return taken

    def read(self, n: int | None) -> Any:
        return self.take(self.rest() if n is None else self.rest()[:n])

    def read_line(self) -> Any:
        rest, end, carriage = self.rest(), "\n" if self.is_text else b"\n", "\r" if self.is_text else b"\r"
        if not rest:
            return None
        line, found, _ = rest.partition(end)
        self.take(line + found)
        return line.removesuffix(carriage)

    def each(self, n: int) -> list[Any]:
        lines = [self.read_line() for _ in range(n)]
        return [line for line in lines if line is not None]

    def write(self, text: str) -> int:
        data = text.encode()
        # Past the end there are zeros between.
        before = self.content[: self.place].ljust(self.place, b"\0")
        self.content = before + data + self.content[self.place + len(data) :]
        self.place += len(data)
        return len(text if self.is_text else data)

    def tell(self) -> int:
        return self.place

    def flush(self) -> None:
        pass

    def go_to(self, place: int) -> None:
        self.place = place

    def at_a_character(self, place: int) -> int:
        """Return the first place from `place` on at which no character is cut."""
        while self.is_text and place < len(self.content) and self.content[place] & 0xC0 == 0x80:
            place += 1
        return place


async def follow(file: File, model: Model, steps: list[tuple[Any, ...]]) -> None:
    for name, *args in steps:
        if name == "go_to":
            args = [model.at_a_character(min(args[0], len(model.content)))]
        after = model.place + len(args[0].encode()) if name == "write" else 0
        if model.at_a_character(after) != after:
            continue  # what would follow is half a character
        expected = model.do(name, *args)
        if name == "write" and not model.is_text:
            args = [args[0].encode()]
        got = await (each(file, *args) if name == "each" else file.waiting(getattr(file, name)(*args)))
        assert got == expected, (name, args)


async def each(file: File, n: int) -> list[Any]:
    """Take `n` lines, in a loop if it is a text."""
    if not file.is_text:
        lines = [await file.waiting(file.read_line()) for _ in range(n)]
        return [line for line in lines if line is not None]
    got: list[Any] = []
    async for line in Pass(file):
        got.append(line)
        if len(got) == n:
            break
    return got


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(STEPS, max_size=15), st.sampled_from([1, 2, 3, 5, 8, 1000]), st.booleans())
def test_an_open_file_does_what_its_model_does(
    text: str, steps: list[tuple[Any, ...]], size: int, is_text: bool
) -> None:
    async def host(path: Path) -> None:
        scheduler = Scheduler()
        scheduler.attach()
        # What is only read is read ahead.
        more = "+" if any(name == "write" for name, *_ in steps) else ""
        file = File(str(path), f"r{'' if is_text else 'b'}{more}", size)
        at_once(file.open())
        model = Model(text.encode(), is_text)
        try:
            await follow(file, model, steps)
        finally:
            await file.waiting(file.close())
            await scheduler.close()
        assert path.read_bytes() == model.content  # noqa: ASYNC240  nothing else runs

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_bytes(text.encode())
        asyncio.run(host(path))
