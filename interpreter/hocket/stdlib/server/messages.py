"""Requests as handlers see them, and what handlers answer with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, unquote

from hocket import errors
from hocket.runtime.ranges import Range
from hocket.runtime.streams import Flow, Stream, stream
from hocket.runtime.values import print_text, type_name
from hocket.stdlib import json
from hocket.stdlib.http.results import charset, decoded
from hocket.stdlib.open_files import chunks
from hocket.stdlib.opened import File

Headers = list[tuple[bytes, bytes]]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# They follow from the body; anything else would break the connection.
_FRAMING = ("content-length", "transfer-encoding")
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Fields:
    """What requests and answers share: their fields are also there in brackets."""

    members: ClassVar[frozenset[str]]

    def __getitem__(self, name: str) -> Any:
        if name in self.members:
            return getattr(self, name)
        raise errors.KeyError(f'Missing map key: "{print_text(name)}"')


@dataclass(frozen=True, eq=False)
class HttpRequest(Fields):
    """A request to a server of the program; header names are in small letters."""

    members = frozenset({"method", "path", "params", "query", "headers", "body", "bytes"})

    method: str
    path: str
    params: dict[str, str]
    query: dict[str, Any]
    headers: dict[str, str]
    bytes: bytes = field(repr=False)
    body: str

    def print_fields(self) -> dict[str, Any]:
        """Return what is printed."""
        return {"method": self.method, "path": self.path, "query": self.query, "body": self.body}

    def form(self) -> dict[str, Any]:
        """Return the entries of the web form in the body; raises ParseError if it is another kind of form."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.startswith("multipart/"):
            raise errors.ParseError(f"form() reads application/x-www-form-urlencoded, got {kind}")
        return entries(self.body)


@dataclass(frozen=True, eq=False)
class HttpResponse(Fields):
    """What a handler answers when text or JSON with status 200 is not enough."""

    members = frozenset({"status", "body", "headers"})

    status: int
    body: Any
    headers: dict[str, Any]

    def print_fields(self) -> dict[str, Any]:
        """Return what is printed."""
        return {"status": self.status, "body": self.body, "headers": self.headers}


class Answer(NamedTuple):
    """An answer as it is sent; one with `parts` has no length, they come after the headers."""

    status: int
    headers: Headers
    body: bytes
    parts: Stream | None = None

    @property
    def has_body(self) -> bool:
        """Whether an answer of this status has a body."""
        return self.status not in _WITHOUT_BODY


def read_request(method: str, target: str, params: dict[str, str], headers: Headers, body: bytes) -> HttpRequest:
    """Return the request that was sent as these bytes."""
    path, query = split_target(target)
    texts = _joined(headers)
    text = decoded(body, charset(texts.get("content-type", "")))
    return HttpRequest(method, unquote(path), params, entries(query), texts, body, text)


def split_target(target: str) -> tuple[str, str]:
    """Return path and query of a request's target, undecoded; a target may be a whole URL."""
    path, _, query = target.partition("#")[0].partition("?")
    if not path.startswith("/") and "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path, query


def entries(text: str) -> dict[str, Any]:
    """Return the entries of a query or form; a name that comes several times has an array."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _joined(headers: Headers) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1").lower(), _text(value)
        separator = "; " if name == "cookie" else ", "
        joined[name] = f"{joined[name]}{separator}{text}" if name in joined else text
    return joined


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def response(status: int, body: Any, headers: dict[str, Any], name: str = "http_response") -> HttpResponse:
    """Return the answer that `name` makes; raises TypeError or ValueError for what cannot be sent."""
    if not isinstance(status, int) or isinstance(status, bool) or not isinstance(headers, dict):
        raise TypeError
    if not 200 <= status <= 599:
        raise errors.ValueError(f"{name}() expects a status from 200 to 599, got {status}")
    for name, values in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise errors.ValueError(f"not a name of a header: {print_text(name)}")
        if any(_CONTROL.search(text) for text in _texts(values)):
            raise errors.ValueError(f"the header {name} holds a line end or another control character")
    return HttpResponse(status, body, dict(headers))


def prepare(value: Any) -> Answer:
    """Return what is sent for the value of a handler; raises TypeError for one that is no answer."""
    if not isinstance(value, HttpResponse):
        value = HttpResponse(204 if value is None else 200, value, {})
    parts = _parts(value.body)
    kind, body = _content(value.body) if parts is None else (_kind_of(value.body), b"")
    if value.status in _WITHOUT_BODY:
        kind, body = None, b""
    headers: Headers = []
    for name, values in value.headers.items():
        lower = name.lower()
        if lower not in _FRAMING:
            headers += [(lower.encode(), text.strip().encode("utf-8", "replace")) for text in _texts(values)]
    if kind is not None and all(name != b"content-type" for name, _ in headers):
        headers.append((b"content-type", kind))
    if value.status not in _WITHOUT_BODY and parts is None:
        headers.append((b"content-length", str(len(body)).encode()))
    return Answer(value.status, headers, body, parts)


def plain(status: int, reason: str = "", headers: dict[str, Any] | None = None) -> HttpResponse:
    """Return an answer of the server itself: the status in words, and perhaps why."""
    words = HTTPStatus(status).phrase
    return HttpResponse(status, f"{words}: {reason}\n" if reason else f"{words}\n", headers or {})


def _texts(values: Any) -> list[str]:
    """Return the texts of a header, several for an array; null is none."""
    if values is None:
        return []
    return [print_text(value) for value in (values if isinstance(values, list) else [values])]


def _parts(body: Any) -> Stream | None:
    """Return what gives the parts of a body that is sent while it comes, None for another."""
    if isinstance(body, File):  # by line it would lose the line ends
        return chunks(body)
    return stream(body) if isinstance(body, Flow) or hasattr(body, "__aiter__") else None


def _kind_of(body: Any) -> bytes:
    is_text = not isinstance(body, File) or body.is_text
    return b"text/plain; charset=utf-8" if is_text else b"application/octet-stream"


def part_bytes(part: Any) -> bytes:
    """Return what is sent for a part; raises TypeError for one that is neither text nor bytes."""
    if isinstance(part, str):
        return part.encode("utf-8", "surrogatepass")
    if isinstance(part, bytes | bytearray):
        return bytes(part)
    hint = "`to_json(value)` makes a text of it" if isinstance(part, dict | list) else None
    raise errors.TypeError(f"a part of a streamed answer is text or bytes, got {type_name(part)}", hint=hint)


def _content(body: Any) -> tuple[bytes | None, bytes]:
    """Return the content type and the bytes of a body."""
    if body is None:
        return None, b""
    if isinstance(body, str):
        return b"text/plain; charset=utf-8", body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes | bytearray):
        return b"application/octet-stream", bytes(body)
    if isinstance(body, dict | list | tuple | Range):
        return b"application/json", json.encode(body).encode("utf-8", "surrogatepass")
    raise errors.TypeError(
        f"a handler cannot answer with {type_name(body)}",
        hint="answer with text, a dict, an array, bytes, null, a stream or http_response(status, body, headers)",
    )
