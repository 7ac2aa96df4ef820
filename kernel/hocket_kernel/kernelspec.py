"""The kernelspec: how Jupyter finds this kernel, and the commands that put it in place.

Installing the package already places a kernelspec beside the environment's own; these
commands are for other places: the user's folder, another prefix, a second name.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

SPEC = Path(__file__).parent / "spec"
"""The folder with `kernel.json` and the logos."""

_MODULE = "hocket_kernel"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class KernelspecError(Exception):
    """A kernelspec cannot be written or removed; the message says why and what to do."""


def install(
    user: bool = False,
    prefix: str | None = None,
    name: str = "hocket",
    display_name: str | None = None,
) -> Path:
    """Register this Python's kernel as `name`; return the kernelspec's folder.

    It goes to the user's Jupyter folder or below `prefix`; if neither is asked for, to
    this Python's environment, and without one to the user's folder.  A kernelspec of the
    same name is replaced if it is one of ours.
    """
    if not _NAME.fullmatch(name):
        raise KernelspecError(f"not a name for a kernel: {name!r}: use letters, digits, dots, dashes, underscores")
    target = _target(user, prefix) / name.lower()
    if target.exists() and not _is_ours(target):
        raise KernelspecError(f"{target} belongs to another kernel: choose another name with --name")
    spec = json.loads((SPEC / "kernel.json").read_text(encoding="utf-8"))
    # The interpreter by its path: the client may run in another environment.
    spec["argv"][0] = sys.executable
    spec["display_name"] = display_name or spec["display_name"]
    try:
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(SPEC, target)
        (target / "kernel.json").write_text(json.dumps(spec, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise KernelspecError(f"{target}: {error.strerror}: try --user or --prefix DIR") from error
    return target


def uninstall(name: str = "hocket") -> Path:
    """Remove the kernelspec `name` that Jupyter would use; return its folder."""
    from jupyter_client.kernelspec import KernelSpecManager

    found = KernelSpecManager().find_kernel_specs().get(name)
    if found is None:
        raise KernelspecError(f"there is no kernel called {name}")
    folder = Path(found)
    if not _is_ours(folder):
        raise KernelspecError(f"{folder} belongs to another kernel: it stays")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise KernelspecError(f"{folder}: {error.strerror}") from error
    return folder


def installed() -> list[tuple[str, Path, str]]:
    """Return name, folder and interpreter of every kernelspec of ours."""
    from jupyter_client.kernelspec import KernelSpecManager

    folders = {name: Path(folder) for name, folder in KernelSpecManager().find_kernel_specs().items()}
    return [(name, folder, _interpreter(folder)) for name, folder in sorted(folders.items()) if _is_ours(folder)]


def _target(user: bool, prefix: str | None) -> Path:
    """Return the folder of kernelspecs that is meant."""
    if prefix is None and not user and sys.prefix != sys.base_prefix:
        prefix = sys.prefix
    if prefix is not None:
        return Path(prefix).absolute() / "share" / "jupyter" / "kernels"
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "kernels"


def _argv(folder: Path) -> list[str]:
    try:
        spec = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
        return [str(word) for word in spec["argv"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _interpreter(folder: Path) -> str:
    # Clients start what the package has placed beside them, `python`, with their own interpreter.
    first = _argv(folder)[0]
    return sys.executable if first == "python" else first


def _is_ours(folder: Path) -> bool:
    return _MODULE in _argv(folder)


def command(argv: list[str]) -> int:
    """Run `hocket kernel …`; return the exit code."""
    options = _parser().parse_args(argv)
    try:
        if options.action == "install":
            prefix = sys.prefix if options.sys_prefix else options.prefix
            folder = install(options.user, prefix, options.name, options.display_name)
            print(f"installed {options.name} in {folder}")
        elif options.action == "uninstall":
            print(f"removed {uninstall(options.name)}")
        else:
            for name, folder, interpreter in installed():
                print(f"{name}\t{folder}\t{interpreter}")
    except KernelspecError as error:
        print(f"error: {error}", file=sys.stderr)
        return 5
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hocket kernel", description="Register the kernel with Jupyter.")
    actions = parser.add_subparsers(dest="action", required=True)
    adding = actions.add_parser("install", help="register this Python's kernel")
    place = adding.add_mutually_exclusive_group()
    place.add_argument("--user", action="store_true", help="in the user's Jupyter folder")
    place.add_argument("--sys-prefix", action="store_true", help="in this Python's environment")
    place.add_argument("--prefix", metavar="DIR", help="below DIR, in share/jupyter/kernels")
    adding.add_argument("--name", default="hocket", help="the name of the kernelspec (default: hocket)")
    adding.add_argument("--display-name", help="what a launcher shows (default: Hocket)")
    removing = actions.add_parser("uninstall", help="remove a kernelspec of ours")
    removing.add_argument("--name", default="hocket", help="the name of the kernelspec (default: hocket)")
    actions.add_parser("list", help="print name, folder and interpreter of each kernelspec of ours")
    return parser
