"""Archives that other programs have made, and work that is given up half-way."""

from __future__ import annotations

import asyncio
import stat
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hocket import errors, host
from hocket.session import Session
from hocket.stdlib import archives, replacing
from hocket.stdlib.archives import Unzipping, unzip


def made(path: Path, name: str, mode: int = 0, content: bytes = b"content", times: int = 1) -> str:
    """Make an archive with one entry; return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(times):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return str(path)


def patched(path: str, old: bytes, new: bytes) -> str:
    """Change bytes of an archive."""
    file = Path(path)
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder to unzip into; nothing is made in it or beside it."""
    out = tmp_path / "in" / "out"
    out.mkdir(parents=True)
    yield out
    assert [path.name for path in tmp_path.rglob("*") if path.suffix != ".zip"] == ["in", "out"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x", "leads out of the folder"),
        ("a/../../x", "leads out of the folder"),
        ("a/..", "leads out of the folder"),
        ("/x", "is no path within a folder"),
        ("//x/y", "is no path within a folder"),
        ("C:x", "is no path within a folder"),
        ("..\\x", "is no path within a folder"),
    ],
)
def test_a_name_leads_nowhere_else(name: str, reason: str, tmp_path: Path, folder: Path) -> None:
    path = made(tmp_path / "a.zip", name)
    with pytest.raises(errors.FileError) as error:
        unzip(path, str(folder))
    assert error.value.fields["reason"] == f"'{name}' in it {reason}"
    assert error.value.fields["path"] == path


def test_links_and_what_is_encrypted_or_there_twice_are_refused(tmp_path: Path, folder: Path) -> None:
    link = made(tmp_path / "link.zip", "x", stat.S_IFLNK | 0o777, b"/etc/passwd")
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = made(tmp_path / "twice.zip", "x", times=2)
    secret = made(tmp_path / "secret.zip", "x")
    data = bytearray(Path(secret).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    Path(secret).write_bytes(data)
    for path, what in ((link, "is a link"), (twice, "is there twice"), (secret, "is encrypted")):
        with pytest.raises(errors.FileError, match=f"^Failed to unzip '{path}': 'x' in it {what}$"):
            unzip(path, str(folder))


def test_a_file_that_is_larger_than_it_says_is_damaged(tmp_path: Path, folder: Path) -> None:
    size = (7000).to_bytes(4, "little")
    path = made(tmp_path / "a.zip", "x", content=b"0" * 7000)
    patched(path, size + size, size + (10).to_bytes(4, "little"))
    with pytest.raises(errors.FileError, match="'x' in it is damaged$"):
        unzip(path, str(folder), 1000)


def test_an_unknown_way_of_compression_is_told(tmp_path: Path, folder: Path) -> None:
    path = made(tmp_path / "a.zip", "x")
    data = bytearray(Path(path).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(signature) + offset] = 97
    Path(path).write_bytes(data)
    with pytest.raises(errors.FileError, match="'x' in it is compressed in an unknown way$"):
        unzip(path, str(folder))


def test_an_archive_is_one_of_all_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A")

    async def main() -> None:
        async with Session() as session:
            session.assign("folder", str(tmp_path))
            text = (
                'with zip_create("${folder}/a.zip") as a { a.zip_add_file("${folder}/a.txt"); a.zip_add_dir(folder) }'
            )
            outcome = await session.run(text)
            assert outcome.error is None, outcome.error

    host.run_alone(main())
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", f"{tmp_path.name}/a.txt"]
        assert stat.S_IMODE(archive.infolist()[0].external_attr >> 16) == (tmp_path / "a.txt").stat().st_mode & 0o777


def test_a_file_that_cannot_be_read_to_its_end_is_not_in_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name * 1000)

    async def main() -> None:
        async with Session() as session:
            session.assign("folder", str(tmp_path))
            made = await session.run('let a := zip_create("${folder}/a.zip")\na.zip_add_file("${folder}/a.txt")')
            assert made.error is None
            with monkeypatch.context() as patch:
                patch.setattr("hocket.stdlib.raw.RawFile.take", fails)
                failed = await session.run('a.zip_add_file("${folder}/b.txt")')
            assert isinstance(failed.error, errors.FileError)
            again = await session.run('a.zip_add_file("${folder}/b.txt")\na.close()')
            assert again.error is None

    def fails(self: Any, n: int) -> Iterator[None]:
        raise OSError(5, "Input/output error")
        yield

    host.run_alone(main())
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", "b.txt"]


def test_an_archive_that_cannot_be_written_is_lost(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A")

    def full() -> Iterator[Any]:
        raise OSError(28, "No space left on device")
        yield

    async def main() -> Any:
        async with Session() as session:
            session.assign("folder", str(tmp_path))
            await session.run('let a := zip_create("${folder}/a.zip")')
            archive = session.value("a")
            archive.writing.close()
            archive.writing = full()
            return (await session.run('a.zip_add_file("${folder}/a.txt")')).error

    assert isinstance(host.run_alone(main()), errors.FileError)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "program", ['unzip("${folder}/a.zip", "${folder}/out")', 'let a := zip_create("${folder}/b.zip"); a.close()']
)
def test_what_is_cancelled_does_not_get_to_its_place(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "a.zip", "x.txt")
    begun, go = threading.Event(), threading.Event()

    def waits(self: Unzipping, *rest: Any) -> Any:
        begun.set()
        go.wait(20)
        return original(self, *rest)

    async def main() -> None:
        async with Session() as session:
            session.assign("folder", str(tmp_path))
            started = await session.run(f"let t := spawn {{ {program} }}\nawait yield_now()")
            assert started.error is None
            await asyncio.get_running_loop().run_in_executor(None, begun.wait, 20)
            ended = await session.run("t.cancel()\nawait t")
            assert isinstance(ended.error, errors.CancelledError)
            go.set()
            while replacing._parts:  # noqa: ASYNC110  the thread goes on alone
                await asyncio.sleep(0.001)

    name, owner = ("content", Unzipping) if "unzip" in program else ("close", archives.ZipArchive)
    original = getattr(owner, name)
    monkeypatch.setattr(owner, name, waits)
    host.run_alone(main())
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.zip"]
