"""`hocket kernel install|uninstall|list`."""

import json
import sys

import pytest

from hocket_kernel import kernelspec


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "prefix/share/jupyter"))
    return tmp_path


def test_the_shipped_spec_names_what_clients_need():
    spec = json.loads((kernelspec.SPEC / "kernel.json").read_text(encoding="utf-8"))
    assert spec == {
        "argv": ["python", "-m", "hocket_kernel", "-f", "{connection_file}"],
        "display_name": "Hocket",
        "language": "hocket",
        "interrupt_mode": "signal",
        "kernel_protocol_version": "5.5",
        "metadata": {"supported_encryption": ["curve"]},
    }
    for name in ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg"):
        assert (kernelspec.SPEC / name).stat().st_size > 100


def test_an_installed_kernel_is_listed_with_its_interpreter(place, capsys):
    assert kernelspec.command(["install", "--user", "--name", "mine", "--display-name", "My Hocket"]) == 0
    folder = place / "data/kernels/mine"
    assert str(folder) in capsys.readouterr().out
    spec = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
    assert spec["argv"][0] == sys.executable
    assert spec["display_name"] == "My Hocket"
    assert (folder / "logo-svg.svg").exists()
    assert kernelspec.command(["list"]) == 0
    assert f"mine\t{folder}\t{sys.executable}" in capsys.readouterr().out


def test_a_prefix_is_a_place_of_its_own_and_installing_twice_is_allowed(place):
    for _ in range(2):
        assert kernelspec.command(["install", "--prefix", str(place / "prefix")]) == 0
    assert (place / "prefix/share/jupyter/kernels/hocket/kernel.json").exists()
    assert kernelspec.command(["uninstall"]) == 0
    assert not (place / "prefix/share/jupyter/kernels/hocket").exists()


def test_another_kernels_spec_is_neither_removed_nor_replaced(place, capsys):
    folder = place / "data/kernels/other"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(
        json.dumps({"argv": ["deno", "jupyter"], "display_name": "Deno", "language": "typescript"}), encoding="utf-8"
    )
    assert kernelspec.command(["uninstall", "--name", "other"]) == 5
    assert kernelspec.command(["install", "--user", "--name", "other"]) == 5
    assert "another kernel" in capsys.readouterr().err
    assert json.loads((folder / "kernel.json").read_text(encoding="utf-8"))["display_name"] == "Deno"


def test_what_is_not_there_cannot_be_removed(capsys):
    assert kernelspec.command(["uninstall", "--name", "nobody"]) == 5
    assert "there is no kernel called nobody" in capsys.readouterr().err


def test_a_name_that_is_a_path_is_refused(place, capsys):
    assert kernelspec.command(["install", "--user", "--name", "../elsewhere"]) == 5
    assert "not a name" in capsys.readouterr().err
    assert not (place / "data/elsewhere").exists()


def test_a_place_that_cannot_be_written_says_so(place, capsys):
    (place / "prefix").write_text("a file", encoding="utf-8")
    assert kernelspec.command(["install", "--prefix", str(place / "prefix")]) == 5
    assert str(place / "prefix") in capsys.readouterr().err
