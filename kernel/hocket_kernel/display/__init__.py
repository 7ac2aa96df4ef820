"""How values reach the output of a cell: as which kinds of data, where, and how often."""

from hocket_kernel.display.bundles import Bundle, bundle
from hocket_kernel.display.screen import NotebookScreen

__all__ = ["Bundle", "NotebookScreen", "bundle"]
