"""What a program may do outside of itself.

There are six kinds: to `read` and `write` files, to use the `net`, to `run` programs, to see and
set variables of the environment (`env`), to import modules of Python (`python`).  Words say what
is allowed, `--allow-read=data,in`, `--deny-read=data/secret` or `--untrusted`; the dashes in front may be left out.

Without a word everything is allowed; as soon as there is one, only what is named.  Of what is
both allowed and denied, nothing is allowed.  Permissions of a session can be narrowed, never
widened: what is narrowed is allowed when all sets of words allow it.

Paths are compared as they are without `..` and links, in the folder that was current when the words were read;
of what is not there yet, the folders that are.  Hosts are compared by name, in small letters;
`localhost`, `127.0.0.1` and `::1` are one host.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import sys
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from hocket import errors

HELP = """--allow-KIND[=LIST], --deny-KIND[=LIST], --untrusted: everything is allowed until the first of these,
then only what is named; what is also denied is not. KIND is read, write, net, run, env or python, LIST names paths,
hosts, programs, variables or modules, with commas between."""

VARIABLE = "HOCKET_PERMISSIONS"
"""The environment variable with the words for sessions that are given none."""

LOOPBACK = "127.0.0.1"

_WORD = re.compile(r"(?:--)?(?:(?P<how>allow|deny)-(?P<kind>[a-z]+)(?:=(?P<list>.*))?|untrusted)", re.DOTALL)
_COMMA = re.compile(r"(?<!,),(?!,)")
_PLACE = re.compile(r"(?P<host>\[[^]]*\]|[^:/*\s]+)(?::(?P<port>[0-9]{1,5}))?")


# How the targets of a kind are compared.


def _path(text: str) -> str:
    return os.path.realpath(text)


def _is_inside(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _place(text: str) -> str:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise errors.ValueError(f"not a host, or host and port: {text}", hint="as in example.org or localhost:8000")
    return address(found["host"], int(found["port"]) if found["port"] else None)


def address(host: str, port: int | None) -> str:
    """Return how a host, and perhaps a port of it, is compared."""
    host = host.strip("[]").rstrip(".").lower()
    if not host.isascii():
        with suppress(UnicodeError):
            host = host.encode("idna").decode("ascii")
    if host == "localhost" or host.endswith(".localhost"):
        host = LOOPBACK
    with suppress(OSError, UnicodeError):
        host = socket.inet_ntoa(socket.inet_aton(host))  # as the system reads `127.1` or `0x7f000001`
    from ipaddress import ip_address  # most sessions never ask

    with suppress(ValueError):
        number = ip_address(host.partition("%")[0])
        number = getattr(number, "ipv4_mapped", None) or number
        # Nothing but this machine answers at them.
        host = LOOPBACK if number.is_loopback or number.is_unspecified else str(number)
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def is_everywhere(host: str) -> bool:
    """Whether who listens at `host` does so at all addresses of this machine."""
    from ipaddress import ip_address

    try:
        number = ip_address(host)
    except ValueError:
        return False
    return (getattr(number, "ipv4_mapped", None) or number).is_unspecified


def _is_at(place: str, asked: str) -> bool:
    return asked == place or asked == f"{place}:{asked.rpartition(':')[2]}"


def program(text: str, folder: str | None = None, path: str | None = None) -> str:
    """Return how a program is compared: its path, links of its folder followed; its name if there is none.

    It is looked for in `path`, by default as the process looks for it, or starts in `folder`.
    """
    if os.path.dirname(text):
        found: str | None = os.path.join(folder or os.curdir, text)
    else:
        found = shutil.which(text, path=path)
    if found is None:
        return text
    # The last link stays: several programs may be links to one that goes by the name it is called with.
    return os.path.join(os.path.realpath(os.path.dirname(found) or os.curdir), os.path.basename(found))


def _variable(text: str) -> str:
    return text.upper() if os.name == "nt" else text


def _module(text: str) -> str:
    return text.removeprefix("py.")


def _is_within(package: str, module: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _is_same(one: str, other: str) -> bool:
    return one == other


class Kind(NamedTuple):
    """How what is named is made comparable, and when it covers what is asked for."""

    canonical: Callable[[str], str]
    covers: Callable[[str, str], bool]


KINDS: dict[str, Kind] = {
    "read": Kind(_path, _is_inside),
    "write": Kind(_path, _is_inside),
    "net": Kind(_place, _is_at),
    "run": Kind(program, _is_same),
    "env": Kind(_variable, _is_same),
    "python": Kind(_module, _is_within),
}


class Entry(NamedTuple):
    """What a word names: a target as it is compared, None for everything of the kind; and the word for it."""

    target: str | None
    word: str


@dataclass(frozen=True)
class Layer:
    """What one set of words allows and denies, by kind; `origin` says where the words are from."""

    words: tuple[str, ...]
    origin: str
    allowed: dict[str, tuple[Entry, ...]] = field(repr=False)
    denied: dict[str, tuple[Entry, ...]] = field(repr=False)

    def summary(self, kind: str) -> str:
        """Say what is allowed of a kind."""
        allowed, denied = (
            "everything" if None in entries else ", ".join(map(str, entries))
            for entries in ([entry.target for entry in side[kind]] for side in (self.allowed, self.denied))
        )
        if not allowed or denied == "everything":
            return "nothing"
        return f"{allowed} but {denied}" if denied else allowed

    def denial(self, kind: str, target: str | None) -> str | None:
        """Return the word that denies `target`, `""` if none allows it, None if it is allowed."""
        covers = KINDS[kind].covers
        for target_denied, word in self.denied[kind]:
            if target_denied is None or target is None or covers(folded(target_denied), folded(target)):
                return word
        for allowed, _ in self.allowed[kind]:
            if allowed is None or (target is not None and covers(allowed, target)):
                return None
        return ""

    def denial_within(self, kind: str, folder: str) -> str | None:
        """Return the word that denies something in `folder`, None if there is none."""
        for target, word in self.denied[kind]:
            if target is not None and _is_inside(folded(folder), folded(target)):
                return word
        return None


class Permissions:
    """What a session allows its programs; `everything` is whether nothing was ever said."""

    __slots__ = ("everything", "folder", "layers")

    def __init__(self, layers: tuple[Layer, ...] = (), folder: str = "") -> None:
        self.layers = layers
        self.everything = not layers
        # What messages name paths from: where the first words were read.
        self.folder = folder or (os.path.realpath(os.curdir) if layers else "")

    @classmethod
    def parse(cls, words: str | Iterable[str], origin: str = "") -> Permissions:
        """Return the permissions that `words` give; raises ValueError for what is none."""
        return cls().narrowed(words, origin)

    def narrowed(self, words: str | Iterable[str], origin: str = "") -> Permissions:
        """Return these without what `words` do not allow; raises ValueError for what is no word."""
        if isinstance(words, str):
            try:
                words = shlex.split(words)
            except ValueError as error:
                raise errors.ValueError(f"not permissions: {words}", hint="a quote is not closed") from error
        given = tuple(words)
        return Permissions((*self.layers, layer(given, origin)), self.folder) if given else self

    def __str__(self) -> str:
        return "; ".join(shlex.join(each.words) for each in self.layers)

    def rows(self) -> list[dict[str, object]]:
        """Return what is allowed, kind by kind, and by which words; nothing if everything is."""
        return [
            {
                "kind": kind,
                "allowed": each.summary(kind),
                "by": f"{each.origin or 'the program'}: {shlex.join(each.words)}",
            }
            for each in self.layers
            for kind in KINDS
        ]

    # What is asked.  Each raises PermissionDenied.

    def check(self, kind: str, target: str | None, doing: str, named: str = "", path: str | None = None) -> None:
        """Nothing, if `target`, everything for None, is allowed.

        `doing` says what is asked in a message, `named` how the word that would allow it names it.
        """
        for each in self.layers:
            word = each.denial(kind, target)
            if word is not None:
                raise denied(kind, word, doing, named, each.origin, path)

    def place(self, kind: str, path: str) -> str:
        """Return where `path` leads, which is to be used in its stead: links may change meanwhile."""
        place = os.path.realpath(path)
        self.check_path(kind, place, path)
        return place

    def entry(self, kind: str, path: str) -> str:
        """As `place`, for what is done to a link itself; allowed is also where it leads."""
        self.place(kind, path)
        folder, name = os.path.split(path)
        if name in ("", os.curdir, os.pardir):
            return os.path.realpath(path)
        place = os.path.join(os.path.realpath(folder or os.curdir), name)
        self.check_path(kind, place, path)
        return place

    def tree(self, kind: str, path: str) -> str:
        """As `entry`, for a folder with all that is in it."""
        place = self.entry(kind, path)
        for each in self.layers:
            word = each.denial_within(kind, place)
            if word is not None:
                raise denied(kind, word, f"{_DOING[kind]} all of '{path}'", "", each.origin, path)
        return place

    def check_path(self, kind: str, place: str, path: str) -> None:
        """Nothing, if the canonical `place`, which a message calls `path`, is allowed."""
        self.check(kind, place, f"{_DOING[kind]} '{path}'", self.shown(place), path)

    def shown(self, place: str) -> str:
        """Return a path as a word would name it: from the folder of the session, if it lies there."""
        return os.path.relpath(place, self.folder) if _is_inside(self.folder, place) else place

    def connect(self, host: str, port: int) -> None:
        """A connection to another program is to be made."""
        if not self.everything:
            target = address(host, port)
            self.check("net", target, f"connecting to {target}", target)

    def listen(self, host: str, port: int) -> None:
        """Connections are to be taken; port 0 is any."""
        if not self.everything:
            target = None if is_everywhere(host) else address(host, port or None)
            self.check("net", target, f"listening on {target or host}", target or "")

    def run(self, command: str, folder: str | None = None, path: str | None = None) -> None:
        """A program is to be started, in `folder`, looked for in `path`."""
        if not self.everything:
            self.check("run", program(command, folder, path), f"running '{command}'", command)

    def variable(self, name: str | None = None, doing: str = "reading") -> None:
        """A variable of the environment is to be read or set, or all of them be read."""
        if not self.everything:
            what = f"the environment variable '{name}'" if name is not None else "the environment"
            self.check("env", None if name is None else _variable(name), f"{doing} {what}", name or "")

    def module(self, name: str | None = None) -> None:
        """A module of Python is to be imported, or Python to be run."""
        if not self.everything:
            self.check("python", name, "running Python" if name is None else f"importing py.{name}", name or "")


EVERYTHING = Permissions()

_DOING = {"read": "reading", "write": "writing"}


def layer(words: tuple[str, ...], origin: str) -> Layer:
    """Return what `words` say; raises ValueError."""
    sides: dict[str, dict[str, list[Entry]]] = {side: {kind: [] for kind in KINDS} for side in ("allow", "deny")}
    for word in words:
        found = _WORD.fullmatch(word)
        if found is None or (found["kind"] and found["kind"] not in KINDS):
            raise errors.ValueError(f"not a permission: {word}", hint=_meant(word))
        if found["how"]:
            sides[found["how"]][found["kind"]] += _entries(found["how"], found["kind"], found["list"])
    allowed, denied_ = ({kind: tuple(entries) for kind, entries in side.items()} for side in sides.values())
    return Layer(words, origin, allowed, denied_)


def _entries(how: str, kind: str, given: str | None) -> list[Entry]:
    if given is None:
        return [Entry(None, f"--{how}-{kind}")]
    texts = [text.replace(",,", ",") for text in _COMMA.split(given)]
    if not all(texts):
        raise errors.ValueError(f"--{how}-{kind}= names nothing", hint=f"--{how}-{kind} alone means everything")
    return [Entry(KINDS[kind].canonical(text), named(how, kind, text)) for text in texts]


def named(how: str, kind: str, text: str) -> str:
    """Return the word that allows or denies what is called `text`; everything for `""`."""
    return f"--{how}-{kind}" + (f"={shlex.quote(text.replace(',', ',,'))}" if text else "")


def _meant(word: str) -> str:
    known = ["untrusted", *(f"{how}-{kind}" for how in ("allow", "deny") for kind in KINDS)]
    near = errors.did_you_mean(word.removeprefix("--").partition("=")[0], known)
    return near or f"allow-KIND[=LIST], deny-KIND[=LIST] or untrusted; KIND is one of {', '.join(KINDS)}"


def denied(kind: str, word: str, doing: str, target: str, origin: str, path: str | None) -> errors.PermissionDenied:
    """Return the error for what is denied by `word`, or that no word allows."""
    flag = word or named("allow", kind, target)
    reason = f"is denied by {word}" if word else f"needs {flag}"
    fields = {"permission": kind, "flag": flag, "reason": reason} | ({} if path is None else {"path": path})
    return errors.PermissionDenied(f"{doing} {reason}", hint=origin and f"permissions are set by {origin}", **fields)


def folded(target: str) -> str:
    """Return a target as it is denied: where a system takes two spellings for one file, both are meant."""
    if sys.platform not in ("darwin", "win32"):
        return target
    return unicodedata.normalize("NFC", target).casefold()


def is_word(argument: str) -> bool:
    """Whether an argument of a command says what is permitted."""
    return argument == "--untrusted" or argument.startswith(("--allow-", "--deny-"))


def granted(given: Permissions | str | None = None) -> Permissions:
    """Return the permissions of a new session: those given, by default what the environment says; raises ValueError."""
    if isinstance(given, Permissions):
        return given
    if given is not None:
        return Permissions.parse(given)
    words = os.environ.get(VARIABLE, "")
    return Permissions.parse(words, VARIABLE) if words else EVERYTHING
