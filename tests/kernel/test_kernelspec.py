"""`hocket kernel install|uninstall|list`."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
        "metadata": {"debugger": True, "supported_encryption": ["curve"]},
    }
    for name in ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg"):
        assert (kernelspec.SPEC / name).stat().st_size > 100


def test_an_installed_kernel_is_listed_with_its_interpreter(place, capsys):
    assert kernelspec.command(["install", "--user", "--name", "mine", "--display-name", "My Hocket"]) == 0
    folder = place / "data/kernels/mine"
    assert str(folder) in capsys.readouterr().out
    spec = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
    assert os.path.samefile(spec["argv"][0], sys.executable)
    assert spec["display_name"] == "My Hocket"
    assert (folder / "logo-svg.svg").exists()
    assert kernelspec.command(["list"]) == 0
    assert f"mine\t{folder}\t{spec['argv'][0]}\n" in capsys.readouterr().out


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


@pytest.mark.parametrize("name", ["..", ".hidden", "", "a b", "ärger", "a/b"])
def test_a_name_has_letters_digits_dots_dashes_and_underscores(name, capsys):
    assert kernelspec.command(["install", "--user", "--name", name]) == 5
    assert f"not a name for a kernel: {name!r}" in capsys.readouterr().err


def test_a_name_that_another_kernel_has_elsewhere_is_refused(place, capsys):
    folder = place / "prefix/share/jupyter/kernels/deno"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["deno"], "display_name": "Deno"}), encoding="utf-8")
    assert kernelspec.command(["install", "--user", "--name", "Deno"]) == 5
    assert f"{folder} belongs to another kernel: choose another name" in capsys.readouterr().err
    assert not (place / "data/kernels/deno").exists()


def test_variables_are_the_kernels(place, capsys):
    given = ["--env", "GREETING", "good day", "--env", "EMPTY", ""]
    assert kernelspec.command(["install", "--user", *given]) == 0
    spec = json.loads((place / "data/kernels/hocket/kernel.json").read_text(encoding="utf-8"))
    assert spec["env"] == {"GREETING": "good day", "EMPTY": ""}
    assert kernelspec.command(["install", "--user", "--env", "A=B", "c"]) == 5
    assert "not a name for an environment variable: 'A=B'" in capsys.readouterr().err


def test_a_list_can_be_read_by_programs_and_tells_of_a_python_that_is_gone(place, capsys):
    kernelspec.command(["install", "--user", "--name", "one"])
    kernelspec.command(["install", "--user", "--name", "two"])
    path = place / "data/kernels/two/kernel.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**spec, "argv": [str(place / "gone"), *spec["argv"][1:]]}), encoding="utf-8")
    capsys.readouterr()
    assert kernelspec.command(["list", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    one = {"name": "one", "display_name": "Hocket", "folder": str(place / "data/kernels/one"), "exists": True}
    assert listed["one"] == {**one, "interpreter": spec["argv"][0]}
    assert listed["two"]["exists"] is False
    kernelspec.command(["list"])
    assert f"two\t{path.parent}\t{place / 'gone'}\tthis Python is gone\n" in capsys.readouterr().out


def test_one_of_two_places_can_be_named_to_remove_from(place, capsys):
    prefix = ["--prefix", str(place / "prefix")]
    kernelspec.command(["install", "--user"])
    kernelspec.command(["install", *prefix])
    assert kernelspec.command(["uninstall", *prefix]) == 0
    assert (place / "data/kernels/hocket").exists()
    assert kernelspec.command(["uninstall", *prefix]) == 5
    assert "there is no kernel called hocket in " in capsys.readouterr().err


def test_a_link_to_a_kernelspec_is_removed_and_replaced_not_what_it_leads_to(place):
    real = kernelspec.install(prefix=str(place / "elsewhere"))
    kernels = place / "data/kernels"
    kernels.mkdir(parents=True)
    (kernels / "hocket").symlink_to(real)
    assert kernelspec.command(["uninstall", "--user"]) == 0
    (kernels / "hocket").symlink_to(real)
    assert kernelspec.command(["install", "--user", "--display-name", "Second"]) == 0
    assert not (kernels / "hocket").is_symlink()
    assert '"Hocket"' in (real / "kernel.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["pip-build-env-x1/overlay", "cache/uv/archive-v0/k3", "cache/uv/builds-v0/.tmp7"])
def test_an_environment_for_one_run_is_refused(place, folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "prefix", str(place / folder))
    assert kernelspec.command(["install", "--user"]) == 5
    assert f"{place / folder} is made for one run" in capsys.readouterr().err
    assert not (place / "data").exists()


def test_the_python_of_an_environment_is_named_without_its_version(place, monkeypatch):
    scripts = place / "env/bin"
    scripts.mkdir(parents=True)
    for name in ("python", "python3.11"):
        (scripts / name).symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(scripts / "python3.11"))
    monkeypatch.setattr(sys, "prefix", str(place / "env"))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert kernelspec.interpreter() == str(scripts / "python")
    # Outside of an environment, the name on the path: the folder behind it is one release's.
    monkeypatch.setattr(sys, "prefix", "/usr")
    named = place / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    named.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(place))
    assert kernelspec.interpreter() == str(named)


def test_the_commands_leave_no_folder_of_ipythons(place):
    root = Path(kernelspec.__file__).parents[1]
    paths = os.pathsep.join([str(root), str(root.parent / "interpreter")])
    for action in (["install", "--user"], ["list"], ["uninstall", "--user"]):
        command = [sys.executable, "-m", "hocket", "kernel", *action]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL)
    assert not (place / ".ipython").exists()
