"""Every message that Hocket can give has a test: a new one without a test fails here.

A message is a text that is given to what makes errors and problems.  Its fixed parts must
stand, in order, on one line of what tests expect: behind `# error:` or `# expect:` in a
program, or in a string of a Python test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import hocket
from hocket import errors

ROOT = Path(__file__).parents[2]
PACKAGE = Path(hocket.__file__).parent
FOLDERS = ("syntax", "resolver", "compiler", "runtime", "stdlib")
# Calls whose first argument is a message, beside `errors.TypeError(…)` and its kin, and tables of messages.
STATIC = frozenset({"Problem", "Finding", "problem", "unbalanced", "mismatch"})
TABLES = frozenset({"OPERATORS", "VALUE_TEXTS", "HABITS"})
HOLE = "\0"
EXPECTATION = re.compile(r"# (?:expect|error):(.*)|expect:(.*)")


def templates() -> Iterator[tuple[str, str]]:
    """Yield place and text of each message; `HOLE` stands for what is put in."""
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node, function in walk(tree, None):
                for value in messages(node):
                    for text in texts(value, function):
                        yield f"{path.relative_to(PACKAGE).as_posix()}:{value.lineno}", text


def walk(node: ast.AST, function: ast.AST | None) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """Yield each node with the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        yield child, function
        inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield from walk(child, inner)


def messages(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that `node` uses as messages."""
    if isinstance(node, ast.Call) and node.args:
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        module = getattr(called.value, "id", "") if isinstance(called, ast.Attribute) else ""
        if name in STATIC or (module == "errors" and name in errors.TYPES):
            yield node.args[0]
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name) and target.id in TABLES:
            yield from entries(node.value)


def entries(table: ast.expr) -> Iterator[ast.expr]:
    """Yield the messages in a table."""
    if isinstance(table, ast.Dict):
        yield from table.values
        return
    for row in getattr(table, "elts", ()):
        if isinstance(row, ast.Call):
            yield row.args[1]
        elif isinstance(row, ast.Tuple) and isinstance(row.elts[1], ast.Lambda):
            yield row.elts[1].body


def joined(value: ast.JoinedStr) -> str:
    """Return the text of an f-string, with holes."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in value.values)


def texts(value: ast.expr, function: ast.AST | None) -> Iterator[str]:
    """Yield the texts that an expression may be; a variable's are those assigned to it in its function."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        yield joined(value)
    elif isinstance(value, ast.IfExp):
        yield from texts(value.body, function)
        yield from texts(value.orelse, function)
    elif isinstance(value, ast.Name) and function is not None:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == value.id for t in node.targets):
                yield from texts(node.value, None)


def expectations() -> str:
    """Return what the tests expect, each on a line of its own."""
    lines: list[str] = []
    for path in [*ROOT.glob("tests/**/*.hkt"), *ROOT.glob("interpreter/*.md")]:
        found = map(EXPECTATION.search, path.read_text(encoding="utf-8", errors="replace").splitlines())
        lines += [match[1] or match[2] or "" for match in found if match]
    for path in ROOT.glob("tests/**/*.py"):
        if path != Path(__file__):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            lines += [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            lines += [joined(n) for n in nodes if isinstance(n, ast.JoinedStr)]
    return "\n".join(lines)


def pattern(text: str) -> re.Pattern[str]:
    """Return what finds a message by its fixed parts."""
    return re.compile(".*".join(re.escape(part.strip()) for part in text.split(HOLE)))


def test_every_message_has_a_test() -> None:
    expected = expectations()
    untested = [
        f"{place}: {text.replace(HOLE, '…')}" for place, text in templates() if not pattern(text).search(expected)
    ]
    assert untested == []
