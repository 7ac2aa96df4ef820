"""The syntax tree as text: what `hocket ast` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hocket.source import Source
from hocket.syntax.nodes import Node, Token


def show(node: Node, source: Source) -> str:
    """Return the nodes below `node`, one a line, with their fields and places."""
    lines: list[str] = []
    work: list[tuple[int, str, Any]] = [(0, "", node)]
    while work:
        depth, label, value = work.pop()
        indent = "  " * depth
        if not isinstance(value, Node):
            lines.append(f"{indent}{label}{'-' if value is None else repr(str(value))}")
            continue
        lines.append(f"{indent}{label}{type(value).__name__} {place(value, source)}")
        work += [(depth + 1, f"{name}: ", child) for name, child in reversed(list(fields(value)))]
    return "\n".join(lines)


def fields(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield the children of `node` with the names of their fields."""
    for name in type(node).__slots__:  # type: ignore[attr-defined]
        value = getattr(node, name)
        if isinstance(value, tuple):
            yield from ((f"{name}[{index}]", child) for index, child in enumerate(value))
        else:
            yield name, value


def place(node: Node, source: Source) -> str:
    """Return where `node` begins and ends, as lines and columns from 1; the end is behind it."""
    (line, column), (end_line, end_column) = map(source.position, node.span)
    return f"{line}:{column}-{end_line}:{end_column}"


def as_data(value: Any) -> Any:
    """Return a node as what JSON can hold: its class, its span in characters and its fields."""
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, tuple):
        return [as_data(child) for child in value]
    if not isinstance(value, Node):
        return value
    names = type(value).__slots__  # type: ignore[attr-defined]
    return {"node": type(value).__name__, "span": list(value.span)} | {
        name: as_data(getattr(value, name)) for name in names
    }
