"""Notebooks as programs: what `nbconvert --to script` makes of them.

Markdown becomes comments.  So do magics, which speak to the notebook; the program that
one is for stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nbconvert.exporters import TemplateExporter
from traitlets import default

from hocket.source import Source
from hocket.syntax import parser
from hocket_kernel import magics
from hocket_kernel.magics.registry import MAGICS

_TEMPLATE = """{%- extends 'null.j2' -%}
{% block input %}
{{ cell.source | without_magics }}
{% endblock input %}
{% block markdowncell scoped %}
{{ cell.source | commented }}
{% endblock markdowncell %}
"""


def without_magics(text: str) -> str:
    """Return the text of a cell as a program."""
    written = []
    for part in magics.parts(text, lambda program: parser.status(Source("cell", program))[0] != "incomplete"):
        piece = text[part.span.start : part.span.end].rstrip("\n")
        found = MAGICS.get(part.name or "")
        if part.name is None:
            written.append(piece)
        elif found is None or found.script is None:
            written.append(commented(piece))
        else:
            program = part.body or part.text
            head = text[part.span.start : part.text.end if part.body else part.text.start]
            written.append(commented(head.strip()))
            written.append(found.script.format(text[program.start : program.end].strip()))
    return "\n".join(written)


def commented(text: str) -> str:
    """Return the text as comments."""
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


class ScriptExporter(TemplateExporter):
    """A program of the cells, in order."""

    @default("file_extension")
    def _default_file_extension(self) -> str:
        return ".hkt"

    @default("output_mimetype")
    def _default_output_mimetype(self) -> str:
        return "text/x-hocket"

    @default("template_name")
    def _default_template_name(self) -> str:
        return "script"

    @default("raw_template")
    def _default_raw_template(self) -> str:
        return _TEMPLATE

    def default_filters(self) -> Iterable[tuple[str, Callable[..., Any]]]:
        """Yield the filters of the template."""
        yield from super().default_filters()
        yield "without_magics", without_magics
        yield "commented", commented
