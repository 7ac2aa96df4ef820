"""Modules: found, run once in a session, shared by all that import them.

`import a.b` takes the first of `a/b.hkt`, `a/b.ruff` and `a/b/main.hkt` that lies in the
importer's folder, in the program's folder, in `modules` there or in the current folder, in a
folder of the environment variable HOCKET_PATH, or in `share/hocket/modules` of the Python
installation.

A module runs in the task of the cell that imports it first, so that its tasks are the cell's
and an error has come through the `import`.  Who imports it meanwhile waits.  One that fails is
forgotten.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol

from hocket import errors
from hocket.compiler import Unit
from hocket.runtime.modules import Module, inside, is_there
from hocket.runtime.promise import RESOLVED, Promise
from hocket.runtime.threads import in_thread
from hocket.source import decode

ENDINGS = (".hkt", ".ruff")
FOLDER = "modules"
PYTHON = "py"
MAIN = "main"
"""What `import a` runs of a folder `a`."""

PATH = "HOCKET_PATH"
SITE = Path(sys.prefix, "share", "hocket", FOLDER)


class Compiled(Protocol):
    """What the loader needs of a compiled program."""

    unit: Unit
    exports: frozenset[str]


class Importer:
    """What the `import` statements of one text go through: of a module, or of a session's cells."""

    def __init__(self, modules: Modules, path: Path | None = None, name: str = "") -> None:
        self.modules = modules
        self.path = path
        self.name = name
        # The module that it waits for, or that runs for it.
        self.importing: Importer | None = None
        # Settled when the module has run or failed.
        self.ended: Promise | None = None

    async def load(self, name: str) -> Module:
        """Return the module called `name`, which has run; raises ImportError, or what it fails with."""
        modules = self.modules
        while True:
            path = await in_thread(modules.find, name, self.path)
            if path in modules.loaded:
                return modules.loaded[path]
            running = modules.running.get(path)
            if running is None:
                return await modules.run(path, name, self)
            self.refuse_circle(running)
            if running.ended is None:
                running.ended = Promise()
            with self.waiting_for(running):
                await running.ended

    def refuse_circle(self, running: Importer) -> None:
        """Raise ImportError if `running` waits for this one to be imported."""
        chain, last = [running.name], running
        while last is not self:
            if last.importing is None:
                return
            last = last.importing
            chain.append(last.name)
        raise errors.ImportError(f"Circular import detected: {' -> '.join([*chain, running.name])}")

    def waiting_for(self, module: Importer) -> Waiting:
        """Return a context in which this one waits for `module`."""
        return Waiting(self, module)


class Waiting:
    """A context in which `importer` waits for `module`; cells can wait for several at once, and nobody for them."""

    def __init__(self, importer: Importer, module: Importer) -> None:
        self.importer = importer
        self.module = module

    def __enter__(self) -> None:
        if self.importer.path is not None:
            self.importer.importing = self.module

    def __exit__(self, *_: object) -> None:
        self.importer.importing = None


class Modules:
    """The modules of one session.

    `compile_` compiles the text of a module, `namespace` makes its globals; `folder` is the
    program's, None for the current one.
    """

    def __init__(
        self,
        compile_: Callable[[str, str], Compiled],
        namespace: Callable[[Importer], dict[str, Any]],
        folder: Path | None,
    ) -> None:
        self.compile = compile_
        self.namespace = namespace
        self.folder = None if folder is None else folder.absolute()
        self.loaded: dict[Path, Module] = {}
        self.running: dict[Path, Importer] = {}

    # Finding

    def folders(self, importer: Path | None) -> Iterator[Path]:
        """Yield where a module may lie that the file at `importer`, or a cell, imports."""
        here = Path.cwd()
        top = self.folder or here
        if importer is not None:
            yield importer.parent
        yield from (top, top / FOLDER, here / FOLDER)
        yield from (Path(entry) for entry in os.environ.get(PATH, "").split(os.pathsep) if entry)
        yield SITE

    def find(self, name: str, importer: Path | None) -> Path:
        """Return the file of the module `name`; raises ImportError."""
        for folder in self.folders(importer):
            base = str(folder.joinpath(*name.split(".")))
            for start in (base, os.path.join(base, MAIN)):
                for ending in ENDINGS:
                    if os.path.isfile(start + ending):
                        return Path(start + ending).resolve()
        raise errors.ImportError(f"Module not found: {name}", hint=self.hint(name, importer))

    def hint(self, name: str, importer: Path | None) -> str:
        """Say what could be meant by `name`."""
        package, dot, _ = name.rpartition(".")
        near = errors.did_you_mean(name, (f"{package}{dot}{found}" for found in self.names(package, importer)))
        if near is not None:
            return near
        if is_there(name.partition(".")[0]):
            return f"write `import py.{name}` for the module of Python"
        return f"there is no {name.replace('.', '/')}.hkt in the program's folder, in `{FOLDER}` or in {PATH}"

    def names(self, package: str = "", importer: Path | None = None) -> list[str]:
        """Return the names of the modules and packages that lie in `package`."""
        found: set[str] = set()
        for folder in self.folders(importer):
            inside = folder.joinpath(*package.split(".")) if package else folder
            try:
                entries = list(os.scandir(inside))
            except OSError:
                continue
            for entry in entries:
                stem, ending = os.path.splitext(entry.name)
                if ending in ENDINGS or (not ending and holds_modules(entry.path)):
                    found.add(stem)
        return sorted(name for name in found if name.isidentifier())

    def inside(self, package: str) -> list[str]:
        """Return what could follow `import package.`: modules and packages, of Python behind `py`."""
        first, _, rest = package.partition(".")
        if first == PYTHON:
            return inside(rest)
        return self.names(package) if package else sorted({*self.names(), PYTHON} - {FOLDER})

    def members(self, name: str) -> list[tuple[str, Any]]:
        """Return what `from name import` can import, as far as the module has run, with its values."""
        first, _, rest = name.partition(".")
        if first == PYTHON:
            held = vars(sys.modules[rest]) if rest in sys.modules else {}
            return [(name, value) for name, value in held.items() if not name.startswith("_")]
        try:
            module = self.loaded.get(self.find(name, None))
        except errors.ImportError:
            return []
        return list(module.__fields__().items()) if module is not None else []

    # Running

    async def run(self, path: Path, name: str, importer: Importer) -> Module:
        """Run the module at `path` in the current task; raises what it fails with, and has then forgotten it."""
        module = Importer(self, path, name)
        try:  # Stop may come at any line
            self.running[path] = module
            with importer.waiting_for(module):
                text = await in_thread(read, path, name)
                compiled = self.compiled(text, shown(path), name)
                variables = self.namespace(module)
                await FunctionType(compiled.unit.code, variables)()
                made = Module(name, path, variables, compiled.exports or None)
                self.loaded[path] = made
                return made
        finally:
            self.running.pop(path, None)
            if module.ended is not None:
                module.ended.settle(RESOLVED, None)

    def compiled(self, text: str, shown_path: str, name: str) -> Compiled:
        """Return the compiled text of a module; raises ImportError with its problems."""
        try:
            return self.compile(text, shown_path)
        except errors.StaticErrors as error:
            failure = errors.ImportError(f"cannot import {name}: {error}")
            failure.problems = error.problems
            raise failure from None
        except errors.InternalError as error:
            raise errors.ImportError(str(error)) from None


def holds_modules(folder: str) -> bool:
    """Whether a folder has a module in it."""
    try:
        return any(name.endswith(ENDINGS) for name in os.listdir(folder))
    except OSError:
        return False


def read(path: Path, name: str) -> str:
    """Return the text of a module; raises ImportError."""
    try:
        return decode(path.read_bytes(), shown(path))
    except OSError as error:
        reason = f"{error.strerror} (os error {error.errno})"
        raise errors.ImportError(f"cannot read the module {name}: {reason}", path=str(path)) from None
    except ValueError as error:
        raise errors.ImportError(f"cannot import {name}: {error}", path=str(path)) from None


def shown(path: Path) -> str:
    """Return a path as errors name it: from the current folder, if it lies there."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
