"""Requests as a program asks for them, checked before anything is sent."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from hocket import errors
from hocket.runtime.current import current_scheduler, current_task, permissions
from hocket.runtime.holds import let_go
from hocket.runtime.promises import Promise, promise_all_settled
from hocket.runtime.streams import Flow, Stream, stream
from hocket.runtime.tasks import Operation
from hocket.runtime.values import print_text, type_name
from hocket.runtime.work import Work
from hocket.stdlib import json
from hocket.stdlib.files import read_bytes
from hocket.stdlib.open_files import chunks
from hocket.stdlib.opened import File
from hocket.stdlib.time import milliseconds

if TYPE_CHECKING:
    import httpx

    from hocket.stdlib.http.messages import Message

T = TypeVar("T")

TIMEOUT = 30_000
MAX_BODY = 100_000_000
REDIRECTS = 10
LAST_PORT = 65535
# Repeating them changes nothing that the first one has not.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})

_KINDS = {bool: "a bool", int: "an int", str: "a string", dict: "a dict"}
_URL = re.compile(r"https?://(?:[^/?#]*@)?(?P<place>[^/?#]*).*", re.IGNORECASE | re.DOTALL)
_PLACE = re.compile(
    r"""(?P<host>\[[0-9a-f:.]+(?:%[^\]]*)?\]|[^][:<>"\\^`{|}%\s]+)(?::(?P<port>[0-9]*))?""", re.IGNORECASE
)
_NOT_IN_URLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Upload = tuple[str, bytes, str | None]
"""Name, content and content type of a file that is sent."""


@dataclass(frozen=True)
class Request:
    """A request as the program asked for it, checked.

    `arguments` are those of the HTTP library: headers, content, data, files, auth.
    `uploads` are the paths of files that are read before it is sent.
    """

    method: str
    url: str
    params: dict[str, str]
    arguments: dict[str, Any]
    uploads: dict[str, str]
    follow_redirects: bool
    timeout: float
    # A limit that the program sets is for the whole exchange; the default is for each
    # of its steps, or a long queue for the connections would count against it.
    whole: bool
    max_body: int
    retries: int
    verify: bool | str

    def having(self, uploads: dict[str, Upload]) -> Request:
        """Return it with the files that were read."""
        arguments = {**self.arguments, "files": {**self.arguments["files"], **uploads}}
        return replace(self, arguments=arguments, uploads={})

    async def close_body(self) -> None:
        """Close the stream that is sent, if it is one."""
        content = self.arguments.get("content")
        if isinstance(content, Chunks):
            await content.aclose()

    def address(self) -> httpx.URL:
        """Return the URL with the parameters."""
        import httpx

        url = httpx.URL(self.url)
        return url.copy_merge_params(self.params) if self.params else url

    @cached_property
    def message(self) -> Message:
        """What is sent, once all files are read; imports the HTTP libraries."""
        from hocket.stdlib.http.messages import Message

        return Message.of(self)

    def failure(self, kind: type[errors.Error], reason: str, **fields: Any) -> errors.Error:
        """Return an error of this request."""
        return kind(f"HTTP {self.method} failed: {reason}", method=self.method, url=self.url, **fields)


def request(verb: str, url: str, options: dict[str, Any] | None) -> Request:
    """Check a request; raises TypeError or ValueError, which name what is wrong."""
    options = {} if options is None else options
    if not isinstance(url, str) or not isinstance(verb, str) or not isinstance(options, dict):
        raise TypeError
    checked = _checked(verb, url, options) if options else _plain(verb, url)
    permissions().connect(*_address(url))
    return checked


@lru_cache(maxsize=128)
def _plain(verb: str, url: str) -> Request:
    """Check a request without options; many ask for the same."""
    return _checked(verb, url, {})


def _checked(verb: str, url: str, options: dict[str, Any]) -> Request:
    if not TOKEN.fullmatch(verb):
        raise errors.ValueError(f"not an HTTP method: {verb}")
    known(options, OPTIONS)
    arguments: dict[str, Any] = {"headers": headers(options)}
    _add_content(arguments, options)
    _add_auth(arguments, options)
    checked = Request(
        method=verb.upper(),
        url=url,
        params=_texts(options, "params"),
        arguments=arguments,
        uploads=_add_files(arguments, options),
        follow_redirects=option(options, "follow_redirects", bool, True),
        timeout=milliseconds("timeout", options.get("timeout", TIMEOUT)),
        whole="timeout" in options,
        max_body=count(options, "max_body", MAX_BODY),
        retries=count(options, "retries", 0),
        verify=verify(options),
    )
    wrong = flaw(url)
    if wrong is not None:
        raise checked.failure(errors.ValueError, f"malformed URL, {wrong}: {url}")
    return checked


def known(options: dict[str, Any], names: Sequence[str]) -> None:
    """Raise ValueError for an option that is none of `names`."""
    for name in options:
        if name not in names:
            near = get_close_matches(print_text(name), names, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(names)}"
            raise errors.ValueError(f"unknown HTTP option: {print_text(name)}", hint=hint)


@lru_cache(maxsize=128)
def _address(url: str) -> tuple[str, int]:
    """Return host and port of a URL that has no flaw."""
    parts = _URL.fullmatch(url)
    place = _PLACE.fullmatch(parts["place"]) if parts is not None else None
    assert place is not None
    return place["host"], int(place["port"] or 0) or port_of(url.partition(":")[0])


def port_of(scheme: str) -> int:
    """Return the port where a URL names none."""
    return 443 if scheme.lower() in ("https", "wss") else 80


def flaw(url: str) -> str | None:
    """Return what is wrong with the beginning of `url`, None if nothing is."""
    parts = _URL.fullmatch(url)
    if parts is None:
        return "it begins with neither http:// nor https://"
    if _NOT_IN_URLS.search(url):
        return "it holds a character that no URL can hold"
    place = _PLACE.fullmatch(parts["place"])
    if place is None or not all(0 < len(label) < 64 for label in place["host"].removesuffix(".").split(".")):
        return "its host or port is none"
    port = place["port"] or "0"
    return f"its port is not from 0 to {LAST_PORT}" if len(port) > 5 or int(port) > LAST_PORT else None


# One function for each kind of option.


def option(options: dict[str, Any], name: str, kind: type[T], default: T) -> T:
    """Return the option `name`, which is of the type `kind`."""
    value = options.get(name, default)
    if type(value) is not kind:
        raise errors.TypeError(f"the HTTP option {name} expects {_KINDS[kind]}, got {type_name(value)}")
    return value


def count(options: dict[str, Any], name: str, default: int) -> int:
    """Return the option `name`, which is a whole number from 0 on."""
    value = option(options, name, int, default)
    if value < 0:
        raise errors.ValueError(f"the HTTP option {name} expects at least 0, got {value}")
    return value


def verify(options: dict[str, Any]) -> bool | str:
    """Return how the certificates of servers are verified."""
    given = options.get("verify", True)
    if not isinstance(given, bool | str):
        raise errors.TypeError(
            f"the HTTP option verify expects a bool or the path of a file with certificates, got {type_name(given)}"
        )
    return given


def _texts(options: dict[str, Any], name: str) -> dict[str, str]:
    given = options.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise errors.TypeError(f"the HTTP option {name} expects a dict, got {type_name(given)}")
    return {print_text(key): _as_text(name, value) for key, value in given.items() if value is not None}


def _as_text(name: str, value: Any) -> str:
    """Return the text of `value`; raises TypeError for what is sent by mistake only."""
    if callable(value) or isinstance(value, Promise):
        hint = "a promise is awaited first: `await …`" if isinstance(value, Promise) else None
        raise errors.TypeError(f"the {name} of an HTTP request cannot hold a {type_name(value)}", hint=hint)
    return print_text(value)


def headers(options: dict[str, Any]) -> dict[str, str]:
    """Return the headers that the program gives, as they are sent."""
    given = _texts(options, "headers")
    for name, value in given.items():
        if not TOKEN.fullmatch(name):
            raise errors.ValueError(f"not a name of a header: {name}")
        if not value.isascii():
            raise errors.ValueError(f"the header {name} can only hold ASCII characters, got {value}")
        if _CONTROL.search(value):
            raise errors.ValueError(f"the header {name} holds a line end or another control character")
    return {name: value.strip() for name, value in given.items()}


def _add_content(arguments: dict[str, Any], options: dict[str, Any]) -> None:
    body = options.get("body")
    if isinstance(body, dict | list):
        options = {**options, "json": body}
        body = None
    if "json" in options:
        arguments["content"] = json.encode(options["json"]).encode("utf-8", "surrogatepass")
        if not any(name.lower() == "content-type" for name in arguments["headers"]):
            arguments["headers"]["content-type"] = "application/json"
    elif "form" in options:
        arguments["data"] = _texts(options, "form")
    elif isinstance(body, File):  # by line it would lose the line ends
        arguments["content"] = Chunks(chunks(body))
    elif isinstance(body, Flow) or hasattr(body, "__aiter__"):
        arguments["content"] = Chunks(stream(body))
    elif body is not None:
        arguments["content"] = as_bytes("body", body)


def as_bytes(name: str, value: Any) -> bytes:
    """Return what is sent for `value`: bytes as they are, else its text as UTF-8."""
    return value if isinstance(value, bytes) else _as_text(name, value).encode("utf-8", "surrogatepass")


class Chunks:
    """A body that is sent as the stream `parts` gives it; it can be sent once.

    The HTTP library asks for the parts in tasks of asyncio, where the language cannot wait.
    What gives them belongs to the task that sends the request.  Meanwhile that one waits for
    the program, so it holds no clock.
    """

    def __init__(self, parts: Stream) -> None:
        self.parts = parts
        # What the stream has failed with, of which the HTTP library may make something else.
        self.failure: errors.Error | None = None
        self._sender = current_task()
        self._asked: Operation | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts as bytes."""
        while (part := await self._next()) is not None:
            yield part

    async def _next(self) -> bytes | None:
        scheduler = current_scheduler()
        running, scheduler.current = scheduler.current, self._sender
        try:
            self._asked = Operation(next_part(self.parts), "body")
        finally:
            scheduler.current = running
        future = self._asked.future()
        try:
            return await future  # type: ignore[no-any-return]
        except errors.Error as error:
            self.failure = error
            raise
        finally:
            future.cancel()  # if it is left before its end

    async def aclose(self) -> None:
        """Close the stream, when nobody wants more of it."""
        if self._asked is not None:
            self._asked.cancel()
            await promise_all_settled([self._asked])
        await self.parts.aclose()


async def next_part(parts: Stream) -> bytes | None:
    """Return the next part of a body, None at its end."""
    with let_go():
        try:
            return as_bytes("body", await parts.__anext__())
        except StopAsyncIteration:
            return None


def _add_auth(arguments: dict[str, Any], options: dict[str, Any]) -> None:
    auth = options.get("auth")
    if auth is None:
        return
    if isinstance(auth, str):
        arguments["headers"]["authorization"] = f"Bearer {auth}"
    elif isinstance(auth, list) and len(auth) == 2 and all(isinstance(part, str) for part in auth):
        arguments["auth"] = tuple(auth)
    else:
        what = "[user, password] for basic authentication or a text for a bearer token"
        raise errors.TypeError(f"the HTTP option auth expects {what}, got {type_name(auth)}")


def _add_files(arguments: dict[str, Any], options: dict[str, Any]) -> dict[str, str]:
    """Take the files that are given by their content; return the paths of the others."""
    given = options.get("files")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise errors.TypeError(f"the HTTP option files expects a dict, got {type_name(given)}")
    if "content" in arguments:
        raise errors.ValueError("an HTTP request has either a body or files; with files, fields go into `form`")
    arguments["files"] = {}
    paths: dict[str, str] = {}
    for name, file in given.items():
        if isinstance(file, str):
            paths[name] = file
        elif isinstance(file, dict) and "content" in file:
            kind = file.get("type")
            content = as_bytes("files", file["content"])
            arguments["files"][name] = (_as_text("files", file.get("name", name)), content, kind and print_text(kind))
        else:
            raise errors.TypeError(
                f"a file of an HTTP request is a path or {{name, content, type}}, got {type_name(file)} for {name}"
            )
    return paths


def read_uploads(paths: dict[str, str]) -> Work[dict[str, Upload]]:
    """Read the files at `paths`; raises FileError."""
    uploads: dict[str, Upload] = {}
    for name, path in paths.items():
        uploads[name] = (os.path.basename(path), (yield from read_bytes(path)), None)
    return uploads


OPTIONS = (
    *("headers", "params", "body", "json", "form", "files", "timeout", "retries", "follow_redirects"),
    *("auth", "verify", "max_body"),
)
