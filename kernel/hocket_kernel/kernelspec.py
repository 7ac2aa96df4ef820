"""The kernelspec: how Jupyter finds this kernel, and the commands that put it in place.

Installing the package already places a kernelspec beside the environment's own; these
commands are for other places: the user's folder, another prefix, a second name.  They do
without Jupyter's own, which make a folder of IPython's in the home.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hocket import errors
from hocket.permissions import VARIABLE, Permissions

SPEC = Path(__file__).parent / "spec"
"""The folder with `kernel.json` and the logos."""

_MODULE = "hocket_kernel"
# What clients take, and not a folder such as `..`.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Folders of environments that a tool makes for one run: pip's and build's to build a wheel, uv's cache, pipx's.
_FLEETING = re.compile(r"pip-build-env-.*|build-env-.*|builds-v\d+|archive-v\d+|\.tmp.*")


class KernelspecError(Exception):
    """A kernelspec cannot be written or removed; the message says why and what to do."""


class Installed(NamedTuple):
    """A kernelspec of ours: where it is, what a launcher shows, the Python that it starts, and whether that exists."""

    name: str
    display_name: str
    folder: Path
    interpreter: str
    exists: bool


def install(
    user: bool = False,
    prefix: str | None = None,
    name: str = "hocket",
    display_name: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Path:
    """Register this Python's kernel as `name`; return the kernelspec's folder.

    It goes to the user's Jupyter folder or below `prefix`; if neither is asked for, to
    this Python's environment, and without one to the user's folder.  A kernelspec of the
    same name is replaced if it is one of ours.  `env` is set for the kernel's process.
    """
    _check_environment()
    name = _checked(name)
    target = _target(user, prefix) / name
    for folder in filter(None, (target, _found(name))):
        if folder.exists() and not _is_ours(folder):
            raise KernelspecError(f"{folder} belongs to another kernel: choose another name with --name")
    spec = _read(SPEC)
    # The interpreter by its path: the client may run in another environment.
    spec["argv"][0] = interpreter()
    spec["display_name"] = display_name or spec["display_name"]
    if env:
        spec["env"] = {_variable(key): value for key, value in env.items()}
    try:
        if target.is_symlink():
            target.unlink()
        shutil.copytree(SPEC, target, ignore=shutil.ignore_patterns("kernel.json"), dirs_exist_ok=True)
        (target / "kernel.json").write_text(json.dumps(spec, indent=2) + "\n", encoding="utf-8")
    except (OSError, shutil.Error) as error:
        reason = error.strerror or "cannot be written"
        raise KernelspecError(f"{target}: {reason}: try --user or --prefix DIR") from error
    return target


def uninstall(name: str = "hocket", user: bool = False, prefix: str | None = None) -> Path:
    """Remove the kernelspec `name`, the one that Jupyter would use unless a place is given; return its folder."""
    name = _checked(name)
    folder = _target(user, prefix) / name if user or prefix is not None else _found(name)
    if folder is None or not folder.exists():
        raise KernelspecError(f"there is no kernel called {name}" + (f" in {folder.parent}" if folder else ""))
    if not _is_ours(folder):
        raise KernelspecError(f"{folder} belongs to another kernel: it stays")
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    except OSError as error:
        raise KernelspecError(f"{folder}: {error.strerror}") from error
    return folder


def installed() -> list[Installed]:
    """Return every kernelspec of ours that Jupyter finds, by name."""
    found = []
    for name, folder in sorted(_folders().items()):
        if _is_ours(folder):
            spec = _read(folder)
            # Clients start what the package has placed beside them, `python`, with their own interpreter.
            python = sys.executable if spec["argv"][0] == "python" else spec["argv"][0]
            exists = shutil.which(python) is not None
            found.append(Installed(name, str(spec.get("display_name", name)), folder, python, exists))
    return found


def interpreter() -> str:
    """Return the path of this Python that lasts longest.

    In an environment this is `python`, which stays when the environment gets a newer Python; elsewhere
    the name with the version on the path, rather than the folder of one release that it leads to.
    """
    own = Path(sys.executable)
    if sys.prefix != sys.base_prefix:
        lasting: str | None = str(own.with_name("python.exe" if own.suffix == ".exe" else "python"))
    else:
        lasting = shutil.which(f"python{sys.version_info[0]}.{sys.version_info[1]}")
    if lasting is not None and Path(lasting).exists() and own.exists() and own.samefile(lasting):
        return lasting
    return sys.executable


def _check_environment() -> None:
    """Refuse an environment that is gone when its tool has ended, and the kernel with it."""
    if not sys.executable:
        raise KernelspecError("this Python does not know its own path: start it by its path")
    for place in (sys.prefix, __file__):
        if any(_FLEETING.fullmatch(part) for part in Path(place).parts):
            raise KernelspecError(f"{sys.prefix} is made for one run: install Hocket into an environment that stays")


def _checked(name: str) -> str:
    """Return a name as clients look it up."""
    if not _NAME.fullmatch(name):
        wanted = "use letters, digits, dots, dashes, underscores"
        raise KernelspecError(f"not a name for a kernel: {name!r}: {wanted}, a letter or digit first")
    return name.lower()


def _variable(name: str) -> str:
    """Return the name of an environment variable."""
    if not name or "=" in name or "\0" in name:
        raise KernelspecError(f"not a name for an environment variable: {name!r}")
    return name


def _target(user: bool, prefix: str | None) -> Path:
    """Return the folder of kernelspecs that is meant."""
    if prefix is None and not user and sys.prefix != sys.base_prefix:
        prefix = sys.prefix
    if prefix is not None:
        return Path(prefix).absolute() / "share" / "jupyter" / "kernels"
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "kernels"


def _folders() -> dict[str, Path]:
    """Return the folder of each kernelspec that Jupyter finds, by name."""
    from jupyter_core.paths import jupyter_path

    found: dict[str, Path] = {}
    for place in map(Path, jupyter_path("kernels")):
        for spec in sorted(place.glob("*/kernel.json")):
            found.setdefault(spec.parent.name.lower(), spec.parent)
    return found


def _found(name: str) -> Path | None:
    """Return the folder of the kernelspec that Jupyter would use for `name`."""
    return _folders().get(name)


def _read(folder: Path) -> dict[str, Any]:
    """Return a kernelspec; an empty one if it is not one that can be read."""
    try:
        spec = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
        return {**spec, "argv": [str(word) for word in spec["argv"]]}
    except (OSError, ValueError, KeyError, TypeError):
        return {"argv": []}


def _is_ours(folder: Path) -> bool:
    return _MODULE in _read(folder)["argv"]


def _permitted(words: str | None) -> dict[str, str]:
    """Return the environment of a kernel that permits what `words` say."""
    try:
        Permissions.parse(words or "")
    except errors.ValueError as error:
        raise KernelspecError(f"{error}: {error.hint}") from error
    return {VARIABLE: words} if words else {}


def command(argv: list[str]) -> int:
    """Run `hocket kernel …`; return the exit code."""
    options = _parser().parse_args(argv)
    try:
        if options.action == "list":
            _list(options.json)
            return 0
        prefix = sys.prefix if options.sys_prefix else options.prefix
        if options.action == "install":
            env = {**dict(options.env), **_permitted(options.permissions)}
            folder = install(options.user, prefix, options.name, options.display_name, env)
            print(f"installed {options.name} in {folder}")
        else:
            print(f"removed {uninstall(options.name, options.user, prefix)}")
    except KernelspecError as error:
        print(f"error: {error}", file=sys.stderr)
        return 5
    return 0


def _list(as_json: bool) -> None:
    found = installed()
    if as_json:
        print(json.dumps([{**spec._asdict(), "folder": str(spec.folder)} for spec in found], indent=2))
        return
    for spec in found:
        gone = "" if spec.exists else "\tthis Python is gone"
        print(f"{spec.name}\t{spec.folder}\t{spec.interpreter}{gone}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hocket kernel", description="Register the kernel with Jupyter.")
    actions = parser.add_subparsers(dest="action", required=True)
    adding = actions.add_parser("install", help="register this Python's kernel")
    adding.add_argument("--display-name", help="what a launcher shows (default: Hocket)")
    adding.add_argument(
        "--permissions",
        metavar="WORDS",
        help='what its notebooks may do, as in "allow-read=data allow-net", or untrusted (default: everything)',
    )
    adding.add_argument(
        "--env",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="an environment variable of the kernel; may be repeated",
    )
    removing = actions.add_parser("uninstall", help="remove a kernelspec of ours")
    for action in (adding, removing):
        action.add_argument("--name", default="hocket", help="the name of the kernelspec (default: hocket)")
        place = action.add_mutually_exclusive_group()
        place.add_argument("--user", action="store_true", help="in the user's Jupyter folder")
        place.add_argument("--sys-prefix", action="store_true", help="in this Python's environment")
        place.add_argument("--prefix", metavar="DIR", help="below DIR, in share/jupyter/kernels")
    listing = actions.add_parser("list", help="print name, folder and interpreter of each kernelspec of ours")
    listing.add_argument("--json", action="store_true", help="print an array of objects")
    return parser
