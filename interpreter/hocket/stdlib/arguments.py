"""The arguments of a program: what they mean, and what is wrong with those that were given.

An argument with dashes is an option, one without takes its value by its place.  The dict
that `parse` gives has a key for each: its first name without dashes, with `_` for `-`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.registry import builtin, method
from hocket.runtime.values import name_type, print_text, type_name
from hocket.stdlib import system
from hocket.stdlib.core import parse_float, parse_int

_TYPES = ("string", "int", "float", "bool")
_SETTINGS = ("type", "required", "help", "default")
_NUMBER = re.compile(r"-\.?[0-9].*", re.DOTALL)
_WORDS = {"true": True, "false": False}


@dataclass
class Argument:
    """What one argument is."""

    names: list[str]
    type: str = "string"
    required: bool = False
    help: str = ""
    default: Any = None

    @property
    def is_option(self) -> bool:
        """Whether it is written with its name."""
        return self.names[0].startswith("-")

    @property
    def key(self) -> str:
        """Its key in the dict."""
        return self.names[0].lstrip("-").replace("-", "_")

    @property
    def usage(self) -> str:
        """How it is written: `--count INT`, `FILE`."""
        if not self.is_option:
            return self.names[0].upper()
        return ", ".join(self.names) + ("" if self.type == "bool" else f" {self.type.upper()}")

    def value(self, text: str) -> Any:
        """Return the value that `text` is; raises ParseError."""
        if self.type == "string":
            return text
        try:
            if self.type == "bool":
                return _WORDS[text.strip().lower()]
            return parse_int(text) if self.type == "int" else parse_float(text)
        except (errors.ParseError, KeyError):
            article = "an" if self.type == "int" else "a"
            raise errors.ParseError(f"argument {self.names[0]} expects {article} {self.type}, got '{text}'") from None


class ArgParser:
    """The arguments that a program takes."""

    members: ClassVar[frozenset[str]] = frozenset()
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.arguments: list[Argument] = []

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<argparser {len(self.arguments)}>"

    def named(self, name: str) -> Argument | None:
        """Return the option called `name`."""
        return next((argument for argument in self.arguments if name in argument.names and argument.is_option), None)


name_type(ArgParser, "argparser")


@builtin
def arg_parser() -> ArgParser:
    """Return a parser of the program's arguments, which knows none yet.

    ```
    let parser := arg_parser()
    parser.add_argument("--count", "-n", "type", "int", "default", 1, "help", "how often")
    parser.add_argument("file", "required", true)
    print(parser.parse(["-n", "3", "a.txt"]))  # expect: {"count": 3, "file": a.txt}
    parser.parse(["--count=x"])                # error: argument --count expects an int, got 'x'
    ```
    """
    return ArgParser()


@method(ArgParser)
def add_argument(parser: ArgParser, name: str, *settings: Any) -> ArgParser:
    """Add an argument and give the parser back: its name, other names, then settings and their values by turns.

    `--name` and `-n` are options, a name without dashes takes its value by its place. The settings are `type`
    (`string`, the default, `int`, `float`, or `bool`: an option without a value), `required`, `help` and `default`.

    ```
    let parser := arg_parser().add_argument("--verbose", "-v", "type", "bool")
    print(parser.parse(["-v"]).verbose, parser.parse([]).verbose)  # expect: true false
    ```
    """
    if not isinstance(name, str):
        raise TypeError("expected a string")
    names = [name]
    rest = list(settings)
    while name.startswith("-") and rest and isinstance(rest[0], str) and rest[0].startswith("-"):
        names.append(rest.pop(0))
    argument = Argument(names, **_settings(rest))
    _check(parser, argument)
    parser.arguments.append(argument)
    return parser


def _settings(words: list[Any]) -> dict[str, Any]:
    """Return names and values by turns as a dict."""
    for word in words[::2]:
        if word not in _SETTINGS:
            hint = errors.did_you_mean(word, _SETTINGS) if isinstance(word, str) else None
            hint = hint or f"settings are {', '.join(_SETTINGS)}"
            raise errors.ValueError(f"add_argument() has no setting {print_text(word)}", hint=hint)
    if len(words) % 2:
        raise errors.ValueError(f"add_argument() got no value for the setting {words[-1]}")
    return dict(zip(words[::2], words[1::2], strict=True))


def _check(parser: ArgParser, argument: Argument) -> None:
    if argument.type not in _TYPES:
        wanted = f"{', '.join(_TYPES[:-1])} or {_TYPES[-1]}"
        raise errors.ValueError(f"add_argument() expects {wanted} as type, got {print_text(argument.type)}")
    for setting, kind in (("required", bool), ("help", str)):
        given = getattr(argument, setting)
        if not isinstance(given, kind):
            wanted = "a bool" if kind is bool else "a string"
            raise errors.TypeError(f"add_argument() expects {wanted} as {setting}, got {type_name(given)}")
    for name in argument.names:
        if not re.fullmatch(r"--?[^\s=-][^\s=]*|[^\s=-][^\s=]*", name):
            raise errors.ValueError(f"add_argument() expects a name such as --count, -c or count, got '{name}'")
        if any(name in other.names or argument.key == other.key for other in parser.arguments):
            raise errors.ValueError(f"the argument {name} is declared twice")


@method(ArgParser)
def parse(parser: ArgParser, arguments: list[str] | None = None) -> dict[str, Any]:
    """Return the values of the program's arguments, or of `arguments`, as a dict.

    What is not given is its default, else null, of a bool false. `--name value` and `--name=value` are the same; what
    follows `--` is no option. Where no option `--help` was added, it prints `help()` and ends the program.
    Raises ValueError for an unknown, missing or surplus argument, ParseError for a value of the wrong type.

    ```
    let parser := arg_parser().add_argument("--size", "type", "float", "required", true)
    print(parser.parse(["--size=1.5"]).size)  # expect: 1.5
    parser.parse(["--sise=2"])                # error: unknown argument --sise
    ```
    """
    given = list(system.arguments) if arguments is None else arguments
    if not isinstance(given, list):
        raise TypeError("expected an array")
    reading = _Reading(parser, given)
    reading.run()
    return reading.result()


class _Reading:
    """One reading of arguments, from left to right."""

    def __init__(self, parser: ArgParser, words: list[str]) -> None:
        for word in words:
            if not isinstance(word, str):
                raise errors.TypeError(f"parse() expects only strings in arguments, got {type_name(word)}")
        self.parser = parser
        self.words = words[::-1]
        self.places = [argument for argument in parser.arguments if not argument.is_option]
        self.values: dict[str, Any] = {}

    def run(self) -> None:
        """Take all the words."""
        while self.words:
            word = self.words.pop()
            if word == "--":
                while self.words:
                    self.by_place(self.words.pop())
            elif word.startswith("-") and word != "-" and not self.is_number(word):
                self.option(word)
            else:
                self.by_place(word)

    def is_number(self, word: str) -> bool:
        """Whether a word with a dash is a negative number, not an option."""
        return _NUMBER.fullmatch(word) is not None and self.parser.named(word) is None

    def option(self, word: str) -> None:
        """Take an option, with its value."""
        name, equals, text = word.partition("=")
        argument = self.parser.named(name)
        if argument is None:
            if word == "--help":
                print(help_text(self.parser))
                system.exit_()
            known = [name for other in self.parser.arguments if other.is_option for name in other.names]
            raise errors.ValueError(f"unknown argument {name}", hint=errors.did_you_mean(name, known))
        if argument.type == "bool" and not equals:
            self.values[argument.key] = True
            return
        if not equals:
            if not self.words or self.parser.named(self.words[-1].partition("=")[0]) or self.words[-1] == "--":
                raise errors.ValueError(f"argument {name} expects a value")
            text = self.words.pop()
        self.values[argument.key] = argument.value(text)

    def by_place(self, word: str) -> None:
        """Take a value without a name."""
        if not self.places:
            raise errors.ValueError(f"unexpected argument '{word}'")
        argument = self.places.pop(0)
        self.values[argument.key] = argument.value(word)

    def result(self) -> dict[str, Any]:
        """Return the values; raises ValueError when one is missing."""
        missing = [a.names[0] for a in self.parser.arguments if a.required and a.key not in self.values]
        if missing:
            raise errors.ValueError(f"missing argument{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
        return {a.key: self.values.get(a.key, _default(a)) for a in self.parser.arguments}


def _default(argument: Argument) -> Any:
    """Return the value of what is not given; a default that is text is read like an argument."""
    if argument.default is None:
        return False if argument.type == "bool" else None
    return argument.value(argument.default) if isinstance(argument.default, str) else argument.default


def help_text(parser: ArgParser) -> str:
    """Return what `help` says."""
    lines = ["arguments:"]
    width = max([len(argument.usage) for argument in parser.arguments], default=0)
    for argument in parser.arguments:
        remarks = ["required"] if argument.required else []
        if argument.default is not None:
            remarks.append(f"default {print_text(argument.default)}")
        note = f"({', '.join(remarks)})" if remarks else ""
        words = " ".join(filter(None, [argument.help, note]))
        lines.append(f"  {argument.usage:{width}}  {words}".rstrip())
    return "\n".join(lines)


@method(ArgParser)
def help_(parser: ArgParser) -> str:
    """Return a text that lists the arguments.

    ```
    print(arg_parser().add_argument("--count", "-n", "type", "int", "help", "how often", "default", 1).help())
    # expect: arguments:
    # expect:   --count, -n INT  how often (default 1)
    ```
    """
    return help_text(parser)
