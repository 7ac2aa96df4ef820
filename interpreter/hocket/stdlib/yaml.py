"""YAML.

The parser finds the structure of a text; what its scalars are is decided here, by the core
schema of YAML 1.2: `yes`, `on` and dates are text, `0o17` is an int.  Only plain values
come of a text, whatever its tags ask for.  An alias gives a copy of its anchor's value, and
the values that aliases make are limited, since a few lines can ask for billions.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
import re
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin, method
from hocket.runtime.values import print_text, type_name

if TYPE_CHECKING:
    import yaml

MAX_COPIED = 1_000_000
"""Values that the aliases of one text may make."""

MAX_DEPTH = 500
"""Arrays and dicts within each other."""

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_TAG = "tag:yaml.org,2002:"
_PLAIN = "plain"


def _error(reason: str, mark: yaml.Mark | None = None) -> errors.ParseError:
    place = "" if mark is None else f" at line {mark.line + 1} column {mark.column + 1}"
    return errors.ParseError(f"YAML parse error: {reason}{place}")


@builtin
def parse_yaml(s: str) -> Any:
    r"""Return the value that the text `s` is as YAML 1.2; dates are text, an empty text is null.

    Keys are strings, or ints where they are written as ints. Raises ParseError with line and column,
    also for a text of several documents.

    ```
    print(parse_yaml("name: Ada\non: [1.5, ~, 2024-01-31]"))  # expect: {"name": Ada, "on": [1.5, null, 2024-01-31]}
    parse_yaml("a: [1")  # error: YAML parse error: expected `,` or `]` at line 1 column 6
    ```
    """
    if not isinstance(s, str):
        raise TypeError("expected a string")
    import yaml

    try:
        node = _loader()(str.removeprefix(s, "\ufeff")).get_single_node()
        return None if node is None else _Builder().value(node)
    except yaml.reader.ReaderError as error:
        raise _error(f"the character U+{int(error.character):04X} is not allowed (offset {error.position})") from None
    except yaml.MarkedYAMLError as error:
        raise _error(_reason(error), error.problem_mark or error.context_mark) from None


@functools.cache
def _loader() -> type[yaml.SafeLoader]:
    """Return a loader that leaves to us what a scalar without tag and quotes is."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Finds nodes only."""

        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            """Return the next node; refuse one that lies too deep: the time that it takes grows with the square."""
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise _error("nested too deeply", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            """Return the tag of a node that has none."""
            plain = kind is yaml.ScalarNode and implicit[0]
            return _PLAIN if plain else super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    return Loader


_REASONS = [
    (r"expected ',' or ']'.*", "expected `,` or `]`"),
    (r"expected ',' or '}'.*", "expected `,` or `}`"),
    (r"expected <block end>.*", "the indentation fits no line above"),
    (r"mapping values are not allowed here", "a `:` cannot stand here"),
    (r"sequence entries are not allowed here", "a `-` cannot stand here"),
    (r"could not find expected ':'", "expected `:`"),
    (r"found unexpected end of stream", "the text ends too early"),
    (r"found character '\\t' that cannot start any token", "a tab cannot indent a line"),
    (r"found character (.*) that cannot start any token", r"\1 cannot start a value"),
    (r"but found another document", "the text has several documents"),
    (r"found undefined alias '(.*)'", r"nothing is marked `&\1`"),
    (r"found duplicate anchor '(.*)'; first occurrence", r"`&\1` marks two values"),
    (r"found unknown escape character '(.*)'", r"invalid escape \\\1"),
    (r"expected '<document start>', but found (.*)", r"expected the end, found \1"),
]


def _reason(error: yaml.MarkedYAMLError) -> str:
    """Return what is wrong, in our words."""
    problem = str(error.problem or error.context)
    for pattern, reason in _REASONS:
        match = re.fullmatch(pattern, problem)
        if match:
            return match.expand(reason)
    return problem.replace(r"'\x00'", "the end")


class _Builder:
    """Makes values of nodes."""

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        self.copied = 0

    def value(self, node: Any) -> Any:
        """Return the value of `node`; raises ParseError."""
        if id(node) not in self.sizes:
            self.sizes[id(node)] = 0  # until it is known: what contains itself
            before = self.copied + len(self.sizes)
            made = self._make(node)
            self.sizes[id(node)] = self.copied + len(self.sizes) - before + 1
            return made
        size = self.sizes[id(node)]
        if not size:
            raise _error("a value contains itself", node.start_mark)
        if self.copied + size > MAX_COPIED:
            raise _error(f"aliases make more than {MAX_COPIED} values", node.start_mark)
        self.copied += 1
        return self._make(node)

    def _make(self, node: Any) -> Any:
        kind = node.tag.removeprefix(_TAG) if node.tag.startswith(_TAG) else node.tag
        if node.id == "scalar":
            return _scalar(node, kind)
        if node.id == "sequence" and kind in ("seq", "omap", "pairs"):
            return [self.value(item) for item in node.value]
        if node.id == "mapping" and kind in ("map", "set"):
            return self._dict(node)
        raise _error(f"unknown tag {_shown_tag(node.tag)}", node.start_mark)

    def _dict(self, node: Any) -> dict[str | int, Any]:
        merged: dict[str | int, Any] = {}
        own: dict[str | int, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                merged = self._merged(value_node) | merged
                continue
            key = _key(key_node)
            if key in own:
                raise _error(f'the key "{key}" is there twice', key_node.start_mark)
            own[key] = self.value(value_node)
        return merged | own

    def _merged(self, node: Any) -> dict[str | int, Any]:
        """Return what `<<` takes over; the first dict that has a key wins."""
        taken: dict[str | int, Any] = {}
        for part in node.value if node.id == "sequence" else [node]:
            if part.id != "mapping":
                raise _error("`<<` takes a dict or an array of dicts", part.start_mark)
            taken = self.value(part) | taken
        return taken


def _shown_tag(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag


def _key(node: Any) -> str | int:
    if node.id != "scalar":
        raise _error("a key must be text, not an array or a dict", node.start_mark)
    if node.tag == _PLAIN and _INT.fullmatch(node.value):
        return _int(node.value)
    return str(node.value)


def _scalar(node: Any, kind: str) -> Any:
    text: str = node.value
    if kind in ("str", "timestamp"):
        return text
    if kind == "binary":
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise _error("!!binary is not base64", node.start_mark) from None
    value = _plain(text)
    if kind in (_PLAIN, type_name(value)):
        return value
    if kind == "float" and type(value) is int:
        return float(value)
    known = kind in ("null", "bool", "int", "float")
    raise _error(f"'{text}' is no {kind}" if known else f"unknown tag {_shown_tag(node.tag)}", node.start_mark)


def _plain(text: str) -> Any:
    """Return what a scalar without quotes is."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return _int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _int(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


# Writing

# Line ends of YAML 1.1 but not of 1.2, and what cannot be seen: written escaped.
_ODD = re.compile(r"[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@functools.cache
def _dumper() -> type[yaml.SafeDumper]:
    """Return a dumper that puts quotes around what YAML 1.1 or 1.2 would not take as text."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """The safe dumper, without aliases and with arrays set in."""

        def ignore_aliases(self, data: Any) -> bool:
            """Write everything out."""
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            """Set in, also the arrays of a dict."""
            super().increase_indent(flow, False)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        style = None
        if _ODD.search(value):
            style = '"'
        elif "\n" in value and not value[0].isspace() and not re.search(r"[ \t]\n", value):
            style = "|"
        return dumper.represent_scalar(f"{_TAG}str", value, style=style)

    Dumper.add_representer(str, text)
    Dumper.add_implicit_resolver(f"{_TAG}int", re.compile(f"^(?:{_INT.pattern})$"), list("-+0123456789"))
    Dumper.add_implicit_resolver(f"{_TAG}float", re.compile(f"^(?:{_FLOAT.pattern})$"), list("-+.0123456789"))
    return Dumper


@builtin
@method(list, dict)
def to_yaml(x: Any) -> str:
    """Return `x` as YAML; keys stay in their order.

    Raises an error for what YAML does not have: functions, promises, what contains itself.

    ```
    print(to_yaml({name: "Ada", tags: ["x", "yes"], score: null}).trim())
    # expect: name: Ada
    # expect: tags:
    # expect:   - x
    # expect:   - 'yes'
    # expect: score: null
    ```
    """
    import yaml

    tree, dumper = _tree(x, ()), _dumper()
    text = yaml.dump(tree, Dumper=dumper, default_flow_style=False, sort_keys=False, allow_unicode=True, width=math.inf)
    return text.removesuffix("...\n")


def _tree(value: Any, around: tuple[int, ...]) -> Any:
    """Return `value` with nothing but YAML's types."""
    if value is None or isinstance(value, bytes | bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if not isinstance(value, dict | list | tuple | Range):
        raise errors.TypeError(f"Cannot convert {type_name(value)} to YAML")
    if id(value) in around:
        raise errors.ValueError(f"Cannot convert {type_name(value)} to YAML: it contains itself")
    around = (*around, id(value))
    if isinstance(value, dict):
        return {_written_key(key): _tree(item, around) for key, item in value.items()}
    return [_tree(item, around) for item in value]


def _written_key(key: Any) -> str | int:
    if isinstance(key, str) or isinstance(key, int) and not isinstance(key, bool):
        return key
    raise errors.TypeError(f"Cannot convert {type_name(key)} to a YAML key: {print_text(key)}")
