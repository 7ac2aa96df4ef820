"""Programs to Python code objects; a function marked `@compiles` per node."""

from hocket.compiler import (  # noqa: F401  importing files their functions
    concurrency,
    enums,
    expressions,
    generators,
    modules,
    selection,
    structs,
    testing,
)
from hocket.compiler.core import COMPILES, Unit, compile_program

__all__ = ["COMPILES", "Unit", "compile_program"]
