"""CSV and TOML.

What is a number in JSON is one in CSV; any other field stays text, so that `007` keeps its zeros.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from typing import Any

from hocket import errors
from hocket.runtime.ranges import Range
from hocket.runtime.registry import builtin
from hocket.runtime.values import print_text, type_name
from hocket.stdlib.collections import elements
from hocket.stdlib.json import encode

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

# A field may be a whole text; the module's own limit is 128 KiB.
csv.field_size_limit(2**31 - 1)


def _csv_error(reason: str) -> errors.ParseError:
    return errors.ParseError(f"CSV parse error: {reason}")


def _field(text: str) -> str | int | float:
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    return int(text) if number[1] is None and number[2] is None else float(text)


def _header(names: list[str]) -> list[str]:
    """Return `names`; raises ParseError when one is there twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _csv_error(f'the header names "{name}" twice')
        seen.add(name)
    return names


@builtin
def parse_csv(s: str) -> list[dict[str, Any]]:
    r"""Return the lines of `s` below the first one as dicts, with the names in the first one as keys.

    Numbers are parsed, empty lines skipped. A field in `"…"` may hold commas, line ends, and `""` for a `"`.
    Raises ParseError when a line has more or fewer fields than the first one.

    ```
    print(parse_csv("name,age\nAda,36\n\"B, C\",1.5"))  # expect: [{"age": 36, "name": Ada}, {"age": 1.5, "name": B, C}]
    parse_csv("a,b\n1")  # error: CSV parse error: line 2 has 1 field, the header 2
    ```
    """
    lines = csv.reader(io.StringIO(str.removeprefix(s, "\ufeff"), newline=""), strict=True)
    rows: list[dict[str, Any]] = []
    header: list[str] = []
    try:
        for fields in lines:
            if not fields:
                continue
            if not header:
                header = _header(fields)
                continue
            if len(fields) != len(header):
                count = f"{len(fields)} field{'s' if len(fields) != 1 else ''}"
                raise _csv_error(f"line {lines.line_num} has {count}, the header {len(header)}")
            rows.append(dict(zip(header, map(_field, fields), strict=True)))
    except csv.Error as error:
        reason = "a quoted field has no end" if "end of data" in str(error) else str(error)
        raise _csv_error(f"{reason} at line {lines.line_num}") from None
    return rows


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return encode(value) if isinstance(value, list | dict) else print_text(value)


class _Lines(list[str]):
    """Lines as they are written, each with its end."""

    def write(self, line: str) -> None:
        # The writer puts a field with a `\r` between quotes only if its own line ends have one.
        self.append(line.removesuffix("\r\n") + "\n")


@builtin
def to_csv(rows: list[dict[Any, Any]]) -> str:
    """Return an array of dicts as CSV: a first line with the keys, in the order of first appearance, then one for each.

    What a dict lacks and `null` are empty; arrays and dicts are written as JSON.

    ```
    print(to_csv([{name: "Ada", age: 36}, {name: "B, C", city: "Rome"}]).trim())
    # expect: name,age,city
    # expect: Ada,36,
    # expect: "B, C",,Rome
    ```
    """
    rows = elements(rows)
    columns: dict[Any, None] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise errors.TypeError(f"to_csv() expects only dicts in rows, got {type_name(row)}")
        columns |= dict.fromkeys(row)
    if not columns:
        return ""
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(map(print_text, columns))
    writer.writerows([_written(row.get(column)) for column in columns] for row in rows)
    return "".join(lines)


def _plain(value: Any) -> Any:
    """Return a value of TOML with its dates and times as ISO text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else value


@builtin
def parse_toml(s: str) -> dict[str, Any]:
    r"""Return the dict that the text `s` is as TOML; dates and times are ISO text.

    Raises ParseError with line and column.

    ```
    print(parse_toml("port = 80\n[db]\nhosts = [\"a\", \"b\"]"))  # expect: {"db": {"hosts": [a, b]}, "port": 80}
    parse_toml("port 80")  # error: TOML parse error: expected '=' after a key in a key/value pair at line 1 column 6
    ```
    """
    import tomllib  # not before it is needed: its patterns take a while

    if not isinstance(s, str):
        raise TypeError("expected a string")
    try:
        tree: dict[str, Any] = _plain(tomllib.loads(s))
    except tomllib.TOMLDecodeError as error:
        reason = re.sub(r" \((at .*)\)$", r" \1", str(error)).replace(", column", " column")
        raise errors.ParseError(f"TOML parse error: {reason[:1].lower()}{reason[1:]}") from None
    except RecursionError:
        raise errors.ParseError("TOML parse error: nested too deeply") from None
    return tree


@builtin
def to_toml(d: dict[Any, Any]) -> str:
    """Return the dict `d` as TOML; keys stay in their order, but what is no table comes before the tables.

    Raises an error, which names the place, for what TOML does not have: null, functions, what contains itself.

    ```
    print(to_toml({name: "Ada", db: {port: 80}}).trim())
    # expect: name = "Ada"
    # expect:
    # expect: [db]
    # expect: port = 80
    to_toml({db: {port: null}})  # error: Cannot convert null to TOML: db.port
    ```
    """
    import tomli_w

    if not isinstance(d, dict):
        raise TypeError("expected a dict")
    return tomli_w.dumps(_tree(d, "", ()))


def _tree(value: Any, path: str, around: tuple[int, ...]) -> Any:
    """Return `value`, which is at `path`, with text keys and nothing but TOML's types."""
    if isinstance(value, str | bool | int | float):
        return value
    if not isinstance(value, dict | list | tuple | Range):
        place = f": {path}" if path else ""
        raise errors.TypeError(f"Cannot convert {type_name(value)} to TOML{place}")
    if id(value) in around:
        raise errors.ValueError(f"Cannot convert {type_name(value)} to TOML: {path} contains itself")
    around = (*around, id(value))
    if isinstance(value, dict):
        dot = f"{path}." if path else ""
        return {_key(key): _tree(item, f"{dot}{key}", around) for key, item in value.items()}
    return [_tree(item, f"{path}[{index}]", around) for index, item in enumerate(value)]


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise errors.TypeError(f"Cannot convert {type_name(key)} to a TOML key")
