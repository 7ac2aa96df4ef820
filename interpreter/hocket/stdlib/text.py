"""Strings.

Indices count characters.  A text is never changed; every function gives a new one.
"""

from __future__ import annotations

import re
from typing import Any

from hocket import errors
from hocket.runtime.registry import builtin
from hocket.runtime.values import print_text
from hocket.stdlib.collections.common import listed

STEP = 1_000_000
"""Characters that are split between two moments at which Stop may come, between blanks so many parts."""


@builtin
def count_chars(s: str) -> int:
    """Return the number of characters of `s`.

    ```
    print(count_chars("né"))  # expect: 2
    ```
    """
    return str.__len__(s)


@builtin(aliases=("substr",))
def substring(s: str, start: int, end: int | None = None) -> str:
    """Return the characters of `s` from `start` up to, not including, `end`.

    Past the end there is nothing, and from a later to an earlier place neither.

    ```
    print(substring("hello", 1, 3))  # expect: el
    ```
    """
    stop = len(s) if end is None else end
    return str.__getitem__(s, slice(max(start, 0), max(stop, 0)))


@builtin
def char_at(s: str, i: int) -> str:
    """Return the character of `s` at `i`, `""` outside of it.

    ```
    print(char_at("né", 1), "[${char_at("né", 5)}]")  # expect: é []
    ```
    """
    return str.__getitem__(s, i) if 0 <= i < len(s) else ""


@builtin
def chars(s: str) -> list[str]:
    """Return the characters of `s`.

    ```
    print(chars("né"))  # expect: [n, é]
    ```
    """
    return listed(str.__iter__(s))


@builtin(aliases=("upper",))
def to_upper(s: str) -> str:
    """Return `s` in capital letters.

    ```
    print(to_upper("abc"), "abc".upper())  # expect: ABC ABC
    ```
    """
    return str.upper(s)


@builtin(aliases=("lower",))
def to_lower(s: str) -> str:
    """Return `s` in small letters.

    ```
    print(to_lower("ÉA"))  # expect: éa
    ```
    """
    return str.lower(s)


@builtin
def capitalize(s: str) -> str:
    """Return `s` with its first letter a capital and all others small.

    ```
    print(capitalize("hELLO you"))  # expect: Hello you
    ```
    """
    return str.upper(s[:1]) + s[1:].lower()


@builtin
def trim(s: str) -> str:
    """Return `s` without the blanks at both ends.

    ```
    print("[${trim("  a b ")}]")  # expect: [a b]
    ```
    """
    return str.strip(s)


@builtin
def trim_start(s: str) -> str:
    """Return `s` without the blanks at its beginning.

    ```
    print("[${trim_start("  a ")}]")  # expect: [a ]
    ```
    """
    return str.lstrip(s)


@builtin
def trim_end(s: str) -> str:
    """Return `s` without the blanks at its end.

    ```
    print("[${trim_end("  a ")}]")  # expect: [  a]
    ```
    """
    return str.rstrip(s)


@builtin
def starts_with(s: str, prefix: str) -> bool:
    """Return whether `s` begins with `prefix`.

    ```
    print(starts_with("hello", "he"), "hello".starts_with("lo"))  # expect: true false
    ```
    """
    return str.startswith(s, prefix)


@builtin
def ends_with(s: str, suffix: str) -> bool:
    """Return whether `s` ends with `suffix`.

    ```
    print(ends_with("hello", "lo"))  # expect: true
    ```
    """
    return str.endswith(s, suffix)


@builtin(aliases=("replace_str",))
def replace(s: str, old: str, new: str) -> str:
    """Return `s` with every `old` replaced by `new`.

    ```
    print(replace("a-b-c", "-", "+"))  # expect: a+b+c
    ```
    """
    return str.replace(s, old, new)


@builtin
def split(s: str, separator: str) -> list[str]:
    """Return the parts of `s` between the separators.

    An empty separator gives the characters, with an empty text before and after; the
    method `s.split("")` gives the characters alone.

    ```
    print(split("a,b,,c", ","))  # expect: [a, b, , c]
    print(len(split("ab", "")))  # expect: 4
    ```
    """
    return parts(s, separator) if separator != "" else ["", *str.__iter__(s), ""]


def parts(s: str, separator: str | None) -> list[str]:
    """Return what `str.split` does, in steps."""
    made: list[str] = []
    if separator is None:
        made = found = str.split(s, None, STEP)
        while len(found) > STEP:
            found = str.split(made.pop(), None, STEP)
            made += found
        return made
    at, size = 0, STEP
    while at + size < len(s):
        made += str.split(s[at : at + size], separator)
        rest = len(made.pop())  # may go on in the next step
        at += size - rest
        size = max(STEP, 2 * rest)
    return made + str.split(s[at:], separator)


@builtin
def join(a: list[Any], separator: str) -> str:
    """Return the elements of `a` as text, with `separator` between them.

    ```
    print(join([1, "b", 2.0], "-"))  # expect: 1-b-2
    ```
    """
    if isinstance(a, str | dict | bytes):
        raise TypeError
    return str.join(separator, map(print_text, a))


_LONGEST = 1 << 30


def check_length(maker: str, length: int) -> None:
    """Raise ValueError if a text of `length` characters, which `maker` is to make, would not fit into memory."""
    if isinstance(length, int) and length > _LONGEST:
        raise errors.ValueError(f"{maker} would make a text of {length} characters")


@builtin
def repeat(s: str, n: int) -> str:
    """Return `s` `n` times; nothing when `n` is negative.

    Raises ValueError when that would not fit into memory.

    ```
    print(repeat("ab", 3))  # expect: ababab
    ```
    """
    check_length("repeat()", str.__len__(s) * n)
    return str.__mul__(s, n)


@builtin(aliases=("pad_start",))
def pad_left(s: str, width: int, fill: str = " ") -> str:
    """Return `s` filled up at the left to `width` with the first character of `fill`.

    ```
    print(pad_left("7", 3, "0"))  # expect: 007
    ```
    """
    check_length("padding", width)
    return str.rjust(s, width, fill[:1] or " ")


@builtin(aliases=("pad_end",))
def pad_right(s: str, width: int, fill: str = " ") -> str:
    """Return `s` filled up at the right to `width` with the first character of `fill`.

    ```
    print("[${pad_right("ab", 4)}]", pad_end("ab", 4, "."))  # expect: [ab  ] ab..
    ```
    """
    check_length("padding", width)
    return str.ljust(s, width, fill[:1] or " ")


@builtin(aliases=("split_lines",))
def lines(s: str) -> list[str]:
    r"""Return the lines of `s` without their ends.

    A line end at the end of the text begins no line.

    ```
    print(lines("a\nb\r\n\nc\n"))  # expect: [a, b, , c]
    ```
    """
    found = parts(s, "\n")
    if found[-1] == "":
        found.pop()
    return [part.removesuffix("\r") for part in found]


@builtin
def words(s: str) -> list[str]:
    """Return the parts of `s` between blanks.

    ```
    print(words("  one  two "))  # expect: [one, two]
    ```
    """
    return parts(s, None)


@builtin
def str_reverse(s: str) -> str:
    """Return `s` backwards.

    ```
    print(str_reverse("abc"))  # expect: cba
    ```
    """
    return str.__getitem__(s, slice(None, None, -1))


@builtin
def slugify(s: str) -> str:
    """Return `s` as it may stand in an address: small letters, digits and single hyphens.

    ```
    print(slugify("Hello, World! 2"))  # expect: hello-world-2
    ```
    """
    kept = (char if char.isalnum() else "-" if char.isspace() or char in "-_" else "" for char in str.lower(s))
    return re.sub("-+", "-", "".join(kept)).strip("-")


@builtin
def truncate(s: str, length: int, suffix: str = "...") -> str:
    """Return `s` cut to `length` characters, `suffix` included, if it is longer.

    ```
    print(truncate("hello world", 8), truncate("hello world", 8, "…"))  # expect: hello... hello w…
    ```
    """
    return s if str.__len__(s) <= length else s[: max(0, length - len(suffix))] + suffix


def _words(s: str) -> list[str]:
    """Split at everything that is no letter or digit, and before a capital after a small letter."""
    spaced = re.sub(r"(?<=[^\W_A-Z])(?=[A-Z])", " ", s)
    return [word for word in re.split(r"[\W_]+", spaced) if word]


@builtin
def to_camel_case(s: str) -> str:
    """Return the words of `s` joined, each but the first with a capital.

    ```
    print(to_camel_case("read the file"))  # expect: readTheFile
    ```
    """
    found = _words(s)
    return "".join([found[0].lower(), *(capitalize(word) for word in found[1:])]) if found else ""


@builtin
def to_snake_case(s: str) -> str:
    """Return the words of `s` in small letters, joined by `_`.

    ```
    print(to_snake_case("readTheFile"))  # expect: read_the_file
    ```
    """
    return "_".join(_words(s)).lower()


@builtin
def to_kebab_case(s: str) -> str:
    """Return the words of `s` in small letters, joined by `-`.

    ```
    print(to_kebab_case("helloWorld again"))  # expect: hello-world-again
    ```
    """
    return "-".join(_words(s)).lower()


def _pattern(p: str) -> re.Pattern[str] | None:
    try:
        return re.compile(p)
    except (re.error, RecursionError, OverflowError):
        return None


@builtin
def regex_match(s: str, p: str) -> bool:
    r"""Return whether the pattern `p` is found in `s`; a bad pattern never is.

    ```
    print(regex_match("a1", r"\d"))  # expect: true
    ```
    """
    pattern = _pattern(p)
    return pattern is not None and pattern.search(s) is not None


@builtin
def regex_find_all(s: str, p: str) -> list[str]:
    r"""Return all that the pattern `p` matches in `s`, whole matches.

    ```
    print(regex_find_all("a1 b22", r"(\w)\d+"))  # expect: [a1, b22]
    ```
    """
    pattern = _pattern(p)
    return [] if pattern is None else [match[0] for match in pattern.finditer(s)]


@builtin
def regex_replace(s: str, p: str, replacement: str) -> str:
    r"""Return `s` with all that the pattern `p` matches replaced.

    `$1` or `${name}` in the replacement is a group, `$$` a dollar sign. A bad pattern changes nothing.

    ```
    print(regex_replace("a1 b2", r"(\w)(\d)", r"$2$1"))  # expect: 1a 2b
    ```
    """
    pattern = _pattern(p)
    if pattern is None:
        return s

    def expand(match: re.Match[str]) -> str:
        return _GROUP.sub(lambda group: _group(match, group), replacement)

    return pattern.sub(expand, s)


_GROUP = re.compile(r"\$(?:(\$)|(\d+)|\{(\w+)\})")


def _group(match: re.Match[str], group: re.Match[str]) -> str:
    if group[1]:
        return "$"
    name = group[2] or group[3]
    try:
        return match[int(name) if name.isdecimal() else name] or ""
    except (IndexError, ValueError):  # no such group, or a number beyond all bounds
        return ""


@builtin
def regex_split(s: str, p: str) -> list[str]:
    """Return the parts of `s` between the matches of the pattern `p`; `[s]` for a bad pattern.

    ```
    print(regex_split("a1b22c", "[0-9]+"))  # expect: [a, b, c]
    ```
    """
    pattern = _pattern(p)
    if pattern is None:
        return [s]
    parts, at = [], 0
    for match in pattern.finditer(s):
        parts.append(s[at : match.start()])
        at = match.end()
    return [*parts, s[at:]]
