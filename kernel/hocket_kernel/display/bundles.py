"""A value as data of several kinds (MIME types), of which a client shows the best it knows.

Values of the language are text.  Python objects say themselves how they look in a notebook.
"""

from __future__ import annotations

import io
import json
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple

from jupyter_client.jsonutil import json_default

METHODS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
    "_repr_javascript_": "application/javascript",
    "_repr_pdf_": "application/pdf",
}
"""What objects have for IPython, and the kind of data that it returns."""


class Bundle(NamedTuple):
    """Data, and metadata, by kind."""

    data: dict[str, Any]
    metadata: dict[str, Any]


def bundle(value: Any) -> Bundle:
    """Return how `value` looks; a method of an object that fails is reported on the error stream."""
    from hocket.runtime.objects import is_foreign
    from hocket.runtime.values import show

    found = Bundle({"text/plain": show(value)}, {})
    cls = type(value)
    if is_foreign(cls) and not issubclass(cls, type):
        for kind, data, metadata in _attempt("_repr_mimebundle_", value, _of_mimebundle) or ():
            _add(found, kind, data, metadata)
        for name, kind in METHODS.items():
            if kind not in found.data:
                data, metadata = _attempt(name, value, _of_method) or (None, None)
                _add(found, kind, data, metadata)
        if "image/png" not in found.data and _is_figure(value):
            _add(found, "image/png", _attempt("savefig", value, _picture), None)
    return found


def _attempt(name: str, value: Any, look: Callable[[Any, Any], Any]) -> Any:
    """Return what `look` makes of the method `name` of `value`, None if there is none or it fails."""
    # Of the class: an object may claim to have every attribute.
    method = getattr(type(value), name, None)
    if not callable(method):
        return None
    try:
        return look(method, value)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  the value is shown as text whatever the method does
        sys.stderr.write(f"{name} of a {type(value).__name__} failed: {type(error).__name__}: {error}\n")
        return None


def _of_mimebundle(method: Any, value: Any) -> list[tuple[str, Any, Any]]:
    found = method(value, include=None, exclude=None) or {}
    data, metadata = found if isinstance(found, tuple) else (found, {})
    return [(kind, data[kind], metadata.get(kind)) for kind in data]


def _of_method(method: Any, value: Any) -> tuple[Any, Any]:
    found = method(value)
    return found if isinstance(found, tuple) else (found, None)


def _is_figure(value: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def _picture(savefig: Any, figure: Any) -> bytes:
    file = io.BytesIO()
    savefig(figure, file, format="png", bbox_inches="tight")
    return file.getvalue()


def _add(found: Bundle, kind: str, data: Any, metadata: Any) -> None:
    """Add what can be sent: text, JSON, and bytes as base64; null is nothing."""
    if data is None:
        return
    if isinstance(data, bytes):
        data = b64encode(data).decode("ascii")
    try:
        json.dumps([data, metadata], default=json_default, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        sys.stderr.write(f"{kind} cannot be sent: {error}\n")
        return
    found.data[kind] = data
    if metadata:
        found.metadata[kind] = metadata
