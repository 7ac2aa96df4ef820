"""Modules as values: what `import` binds, of Hocket and of Python."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.current import permissions
from hocket.runtime.values import name_type

DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""What `pip` calls packages whose module has another name."""


class Module:
    """A module that has run.  `variables` are its globals, so that what is read is what they are now.

    `exports` are the names that can be seen, None if all can.
    """

    __slots__ = ("exports", "name", "path", "variables")

    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, path: Path, variables: dict[str, Any], exports: frozenset[str] | None) -> None:
        self.name = name
        self.path = path
        self.variables = variables
        self.exports = exports

    def shows(self, name: str) -> bool:
        """Whether `name` is a variable of the module that others can see."""
        return self.holds(name) and (self.exports is None or name in self.exports)

    def holds(self, name: str) -> bool:
        """Whether `name` is a variable of the module."""
        return name in self.variables and not name.startswith("__")

    def names(self) -> list[str]:
        """Return the names that can be seen, in the order in which they were made."""
        return [name for name in self.variables if self.shows(name)]

    def __fields__(self) -> dict[str, Any]:
        """Return the variables that can be seen, by name."""
        return {name: self.variables[name] for name in self.names()}

    def hint(self, name: str) -> str:
        """Say why `name` cannot be seen, and what could be meant."""
        if self.holds(name):
            return f"the module {self.name} does not export `{name}`"
        return errors.did_you_mean(name, self.names()) or f"the module {self.name} has no `{name}`"

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<module {self.name}>"


name_type(Module, "module")


# What generated code calls


def imported(module: Any, name: str) -> Any:
    """`from module import name`; raises ImportError."""
    if not isinstance(module, Module):
        return python_member(module, name)
    if not module.shows(name):
        raise errors.ImportError(f"cannot import {name} from {module.name}", hint=module.hint(name))
    return module.variables[name]


def python_member(module: ModuleType, name: str) -> Any:
    """Return what a Python module holds, a submodule that nothing has imported yet included."""
    try:
        return getattr(module, name)
    except AttributeError:
        full = f"{module.__name__}.{name}"
        if hasattr(module, "__path__") and is_there(full):
            return python(full)
        hint = errors.did_you_mean(name, dir(module)) or f"the Python module {module.__name__} has no `{name}`"
        raise errors.ImportError(f"cannot import {name} from py.{module.__name__}", hint=hint) from None


def is_there(name: str) -> bool:
    """Whether Python can find the module `name`."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def python(name: str) -> ModuleType:
    """`import py.name`: import a module of Python.

    Raises PermissionDenied, and ImportError if it or what it needs is missing.
    """
    permissions().module(name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name == missing or name.startswith(f"{missing}."):
            raise errors.ImportError(f"Module not found: py.{name}", hint=hint_for(name, missing)) from None
        message = f"py.{name} needs the Python module {missing}, which is not found"
        raise errors.ImportError(message, hint=install(missing)) from None


def hint_for(name: str, missing: str) -> str:
    """Say which module could be meant by `name`, or how to get it."""
    package, dot, last = missing.rpartition(".")
    if dot:
        parent = sys.modules.get(package)
        inner = [module.name for module in iter_modules(getattr(parent, "__path__", []))]
        near = errors.did_you_mean(last, inner)
        unknown = f"the Python package {package} has no module `{last}`"
        return near.replace("`", f"`py.{package}.", 1) if near else unknown
    near = errors.did_you_mean(missing, inside(""))
    return near.replace("`", "`py.", 1) if near else install(missing)


def top_level() -> Iterable[str]:
    """Return the names of Python's modules that are not inside of a package."""
    return sys.stdlib_module_names | {module.name for module in iter_modules()}


def inside(package: str) -> list[str]:
    """Return the names of the modules in a Python package, importing none; of the top ones for no package."""
    if not package:
        return sorted(name for name in top_level() if not name.startswith("_"))
    first, *rest = package.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return []
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return sorted(module.name for module in iter_modules([str(Path(place, *rest)) for place in places]))


def install(missing: str) -> str:
    """Say how to get a missing package."""
    package = missing.partition(".")[0]
    return f"`pip install {DISTRIBUTIONS.get(package, package)}` installs it, if it is that"


def missing_field(module: Module, name: str) -> errors.FieldError:
    """Return the error for a name that a module does not show."""
    return errors.FieldError(f"Field not found: {name}", hint=module.hint(name))
