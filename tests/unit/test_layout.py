"""The rules of the house that a test can hold: what lies where, and how long it may be."""

import ast
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "interpreter", ROOT / "kernel"]
TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "editors",
    "install.py",
    "interpreter",
    "kernel",
    "notebooks",
    "pyproject.toml",
    "tests",
}
FILE_LINES = 500
FUNCTION_LINES = 40
LONG_FUNCTIONS = {"interpreter/hocket/support.py:support": 84}  # a table
"""Functions that are longer and gain nothing by being cut, by `path:name`, with the lines they may have."""


def python_files() -> list[Path]:
    found = [ROOT / "install.py"]
    for folder in [*SOURCES, ROOT / "tests"]:
        found += sorted(folder.rglob("*.py"))
    return found


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with its number of lines, documentation not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            head = node.body[0].lineno - node.lineno
            yield node.name, head + (node.end_lineno or 0) - first.lineno + 1


@pytest.mark.parametrize(("root", "package"), [(SOURCES[0], "hocket"), (SOURCES[1], "hocket_kernel")])
def test_a_source_root_holds_one_package_and_markdown(root: Path, package: str) -> None:
    # What a tool leaves behind under a name with a dot or underscores cannot be imported by mistake.
    others = {path.name for path in root.iterdir() if path.suffix != ".md" and not path.name.startswith((".", "__"))}
    assert others == {package}


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    long = {}
    for path in python_files():
        for name, lines in functions(path):
            key = f"{path.relative_to(ROOT).as_posix()}:{name}"
            if lines > LONG_FUNCTIONS.get(key, FUNCTION_LINES):
                long[key] = lines
    assert long == {}


def test_the_tree_has_no_unknown_top_level_entries() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: the tree is not git's")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert {name.split("/")[0] for name in listed.split("\0") if name} - TOP_LEVEL == set()


def test_nothing_is_left_for_later() -> None:
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "not implemented" + " yet"]
    found = []
    for path in python_files() + sorted((ROOT / "interpreter").rglob("*.lark")):
        text = path.read_text(encoding="utf-8")
        found += [f"{path.relative_to(ROOT)}: {mark}" for mark in marks if mark in text]
    assert found == []


# What reaches outside of a program asks what the session permits.

DOORS = {
    "disk": {
        "stdlib/disk.py",
        "stdlib/replacing.py",  # whole files, at a place that `disk` gives
        "stdlib/archives.py",  # the format of files that `disk` opens and `replacing` writes
        "stdlib/database/engine.py",  # SQLite's, likewise
        "runtime/modules.py",  # which modules of Python there are, for hints
    },
    "network": {
        "stdlib/server/serving.py",
        "stdlib/websockets/connecting.py",
        "stdlib/http/pool.py",
        "stdlib/http/transport.py",  # the pool's connections
        "stdlib/sockets/handles.py",
    },
    "processes": {"stdlib/process.py"},
    "environment": {
        "stdlib/system.py",
        "stdlib/process.py",  # what a command inherits
        # What Hocket itself is told.
        "stdlib/http/pool.py",
        "stdlib/random.py",
        "runtime/clock.py",
    },
    "python": {"runtime/modules.py"},
}
"""Where each part of the world is reached from: these ask for permission, or need none."""

FILES = "access chdir chmod link listdir lstat makedirs mkdir open readlink remove rename replace rmdir scandir stat"
CALLS = {
    "disk": {
        "open",
        "io.open",
        "aiofiles.open",
        *(f"os.{name}" for name in [*FILES.split(), "symlink", "truncate", "unlink", "utime", "walk"]),
        *(f"os.path.{name}" for name in ["exists", "getmtime", "getsize", "isdir", "isfile", "islink", "samefile"]),
    },
    "network": {
        "asyncio.open_connection",
        "asyncio.start_server",
        "httpx.get",
        "httpx.stream",
        "urllib.request.urlopen",
    },
    "processes": {
        "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell",
        "os.popen",
        "os.system",
        "os.startfile",
    },
    "environment": {"os.environ", "os.getenv", "os.putenv", "os.unsetenv", "os.environb"},
    "python": {"__import__", "exec", "eval", "importlib.import_module"},
}
METHODS = {
    "disk": {"iterdir", "read_bytes", "read_text", "rglob", "touch", "write_bytes", "write_text"},
    "network": {"create_connection", "create_datagram_endpoint", "create_server", "create_unix_connection"},
    "processes": {"subprocess_exec", "subprocess_shell"},
}
MODULES: dict[str, set[str]] = {
    "disk": {"fileinput", "glob", "shutil", "sqlite3", "tarfile", "tempfile", "zipfile"},
    "network": {"aiohttp", "http.client", "requests", "socket", "socketserver", "urllib.request", "websockets"},
    "processes": {"multiprocessing", "pty", "subprocess"},
    "environment": set(),
    "python": {"runpy"},
}
HARMLESS = {
    ("stdlib/http/failures.py", "network"),  # the types of failures
    ("stdlib/http/answers.py", "network"),  # the type of an answer
    ("stdlib/http/messages.py", "network"),  # a client that sends nothing
    ("stdlib/server/exchanges.py", "network"),  # the same
    ("stdlib/server/connection.py", "network"),  # options of connections that were taken
    ("stdlib/sockets/__init__.py", "network"),  # the kinds of sockets
    ("stdlib/sockets/waits.py", "network"),  # those that are open
}
"""Modules that name what reaches outside, and do not use it so."""

WANTED = {
    "disk": "use stdlib/disk.py",
    "network": "call current.permissions().connect(host, port) or .listen(host, port)",
    "processes": "use stdlib/process.py",
    "environment": "use stdlib/system.py",
    "python": "use runtime/modules.py",
}


def reached(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the parts of the world that a module reaches, with the lines."""
    own = {  # modules of ours, imported when they are needed
        node.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.args[0]).startswith(("'hocket.", '"hocket.'))
    }
    for node in ast.walk(tree):
        names: set[str] = set()
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        for part, modules in MODULES.items():
            if names & (modules | CALLS[part]):
                yield part, node.lineno
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("httpx.AsyncClient", "httpx.Client"):
            yield "network", node.lineno
        if isinstance(node, ast.Attribute | ast.Name) and node not in own:
            written = ast.unparse(node)
            for part, calls in CALLS.items():
                if written in calls or (isinstance(node, ast.Attribute) and node.attr in METHODS.get(part, ())):
                    yield part, node.lineno


def test_the_library_reaches_outside_through_its_doors_only() -> None:
    found = set()
    for folder in (ROOT / "interpreter/hocket/stdlib", ROOT / "interpreter/hocket/runtime"):
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder.parent).as_posix()
            for part, line in reached(ast.parse(path.read_text(encoding="utf-8"))):
                if name not in DOORS[part] and (name, part) not in HARMLESS:
                    found.add(f"{name}:{line} reaches the {part}: {WANTED[part]}, or ask first and be one of DOORS")
    assert sorted(found) == []


def test_tests_cannot_connect_to_other_machines() -> None:
    with pytest.raises(PermissionError, match="this machine only"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
