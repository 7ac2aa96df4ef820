"""Parts of large packages, imported without the rest; and a word when a module comes.

To import a part of a package is to run its `__init__` first.  Those of ipykernel, jupyter_client and IPython load
clients, managers and an interactive shell, which no kernel of this language uses: they would be a third of its start
and an eighth of its memory.

Within `bare(…)` an empty package stands for each.  It knows the path, so its modules are found; asked for anything
else, it gives way to the real one: a version whose parts need the whole gets it, and costs what it costs.  Afterwards
the empty ones are taken away, and whoever imports the package gets the real one, with the parts that are there already.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Step = Callable[[ModuleType], None]


class Bare(ModuleType):
    """A package of which nothing has been run."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__package__ = spec.name
        self.__path__ = list(spec.submodule_search_locations or ())

    def __getattr__(self, name: str) -> Any:
        """Return what the real package has of that name."""
        package = self.__name__
        if name.startswith("__"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        self.take_away()
        return getattr(importlib.import_module(package), name)

    def take_away(self) -> None:
        """Make room for the real package."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


class Loader:
    """Executes a module as `loader` does, between two steps."""

    def __init__(self, loader: Any, before: Step, after: Step) -> None:
        self._loader = loader
        self._before = before
        self._after = after

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module, or None for one of the usual kind."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, which from then on has its own loader."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._before(module)
        self._loader.exec_module(module)
        self._after(module)


class Finder:
    """Finds what the other finders do; modules of its `steps` are executed between them."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[Step, Step]] = {}

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module that has steps."""
        if name not in self.steps:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader, *self.steps[name])  # type: ignore[assignment]
        return spec


_finder = Finder()


@contextmanager
def bare(*names: str) -> Iterator[None]:
    """Let modules of these packages be imported without the packages; those that are imported already are used."""
    absent = [name for name in names if name not in sys.modules]
    packages = [Bare(spec) for name in absent if (spec := importlib.util.find_spec(name)) is not None]
    for package in packages:
        sys.modules[package.__name__] = package
        _watch(package.__name__, before=_join)
    try:
        yield
    finally:
        for package in packages:
            package.take_away()


def when_imported(name: str, step: Step) -> None:
    """Call `step` with the module of this name when it has been imported: now, or later, or never."""
    if name in sys.modules:
        step(sys.modules[name])
    else:
        _watch(name, after=step)


def _watch(name: str, before: Step = lambda module: None, after: Step = lambda module: None) -> None:
    _finder.steps[name] = before, after
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _join(package: ModuleType) -> None:
    """Give a package the modules that were imported without it."""
    for name, module in list(sys.modules.items()):
        parent, _, own = name.rpartition(".")
        if parent == package.__name__:
            setattr(package, own, module)
