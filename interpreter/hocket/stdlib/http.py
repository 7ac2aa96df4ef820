"""HTTP requests.

One client per session keeps up to twenty connections.  Any answer resolves, whatever
its status; no answer is a typed error with the fields `method` and `url`.  The HTTP
library is loaded, the client built and the certificates read in a thread when first
needed, so that the loop never waits for them.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.guests import python
from hocket.runtime.holds import unlimited
from hocket.runtime.promises import Promise
from hocket.runtime.registry import builtin, method
from hocket.runtime.scopes import format_ms
from hocket.runtime.threads import in_thread
from hocket.runtime.values import print_text, type_name
from hocket.stdlib import json
from hocket.stdlib.time import milliseconds

if TYPE_CHECKING:
    import httpx

    from hocket.runtime.loop import Scheduler

T = TypeVar("T")

_CONNECTIONS = 20
_TIMEOUT = 30_000
_MAX_BODY = 100_000_000
_LAST_PORT = 65535
_KINDS = {bool: "a bool", int: "an int", str: "a string"}
_URL = re.compile(r"https?://(?:[^/?#]*@)?(?P<place>[^/?#]*).*", re.IGNORECASE | re.DOTALL)
_PLACE = re.compile(
    r"""(?P<host>\[[0-9a-f:.]+(?:%[^\]]*)?\]|[^][:<>"\\^`{|}%\s]+)(?::(?P<port>[0-9]*))?""", re.IGNORECASE
)
_NOT_IN_URLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The HTTP library's messages show what it could not read as Python writes bytes.
_BYTES = re.compile(r"bytearray\(|\bb['\"]")
_OPTIONS = ("headers", "params", "body", "json", "form", "timeout", "follow_redirects", "max_body")


@dataclass(frozen=True)
class HttpResult:
    """The answer to a request; header names are in small letters, `elapsed` is in milliseconds."""

    members: ClassVar[frozenset[str]] = frozenset({"status", "body", "bytes", "headers", "url", "elapsed", "ok"})

    status: int
    url: str
    headers: dict[str, str]
    bytes: bytes = field(repr=False)
    body: str
    elapsed: float

    @property
    def ok(self) -> bool:
        """Whether the status says that all went well."""
        return 200 <= self.status < 300

    def __getitem__(self, name: str) -> Any:
        if name in self.members:
            return getattr(self, name)
        raise errors.KeyError(f'Missing map key: "{print_text(name)}"')

    def print_fields(self) -> dict[str, Any]:
        """Return what is printed: what the same request gives again."""
        return {"status": self.status, "url": self.url, "body": self.body}


@method(HttpResult)
def json_(result: HttpResult) -> Any:
    """Return the value that the body is as JSON; raises ParseError.

    ```
    let server := http_serve({"/": request => ({a: [1]})})
    print((await fetch(server.url)).json().a)  # expect: [1]
    await server.stop()
    ```
    """
    return json.decode(result.body)


class Pool:
    """The connections of one session."""

    transport: ClassVar[Any] = None
    """Answers instead of the network, for tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.AsyncClient | None = None
        self._trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._trusting = False

    async def client(self) -> httpx.AsyncClient:
        """Return the client, building it in a thread at first."""
        client = self._client
        return await in_thread(self._build) if client is None else client

    def _build(self) -> httpx.AsyncClient:
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.AsyncClient(
                    verify=self._trust,
                    limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
                    max_redirects=10,
                    transport=self.transport,
                    event_hooks={"request": [self._before]},
                )
            return self._client

    async def _before(self, request: httpx.Request) -> None:
        # Runs before each request, after redirects too.  Reading the certificates
        # takes a tenth of a second, which plain HTTP need not pay.
        if request.url.scheme == "https" and not self._trusting:
            await asyncio.get_running_loop().run_in_executor(None, self._read_certificates)

    def _read_certificates(self) -> None:
        import certifi

        with self._lock:
            if not self._trusting:
                self._trust.load_verify_locations(certifi.where())
                self._trusting = True

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


_pools: WeakKeyDictionary[Scheduler, Pool] = WeakKeyDictionary()


def _pool() -> Pool:
    scheduler = current_scheduler()
    pool = _pools.get(scheduler)
    if pool is None:
        pool = _pools[scheduler] = Pool()
        scheduler.on_close(pool.close)
    return pool


@dataclass(frozen=True)
class _Request:
    """A request as the program asked for it, checked."""

    method: str
    url: str
    params: dict[str, str]
    arguments: dict[str, Any]
    follow_redirects: bool
    timeout: float
    # A limit that the program sets is for the whole exchange; the default is for each
    # of its steps, or a long queue for the connections would count against it.
    whole: bool
    max_body: int


def _request(verb: str, url: str, options: dict[str, Any]) -> _Request:
    if not isinstance(url, str) or not isinstance(verb, str) or not isinstance(options, dict):
        raise TypeError
    if not _TOKEN.fullmatch(verb):
        raise errors.ValueError(f"not an HTTP method: {verb}")
    for name in options:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(print_text(name), _OPTIONS, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(_OPTIONS)}"
            raise errors.ValueError(f"unknown HTTP option: {print_text(name)}", hint=hint)
    arguments: dict[str, Any] = {"headers": _headers(options)}
    _add_content(arguments, options)
    request = _Request(
        method=verb.upper(),
        url=url,
        params=_texts(options, "params"),
        arguments=arguments,
        follow_redirects=_option(options, "follow_redirects", bool, True),
        timeout=milliseconds("timeout", options.get("timeout", _TIMEOUT)),
        whole="timeout" in options,
        max_body=_option(options, "max_body", int, _MAX_BODY),
    )
    if request.max_body < 0:
        raise errors.ValueError(f"the HTTP option max_body expects at least 0, got {request.max_body}")
    flaw = _flaw(url)
    if flaw is not None:
        raise _failure(errors.ValueError, request, f"malformed URL, {flaw}: {url}")
    return request


def _flaw(url: str) -> str | None:
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
    return f"its port is not from 0 to {_LAST_PORT}" if len(port) > 5 or int(port) > _LAST_PORT else None


def _option(options: dict[str, Any], name: str, kind: type[T], default: T) -> T:
    value = options.get(name, default)
    if type(value) is not kind:
        raise errors.TypeError(f"the HTTP option {name} expects {_KINDS[kind]}, got {type_name(value)}")
    return value


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


def _headers(options: dict[str, Any]) -> dict[str, str]:
    headers = _texts(options, "headers")
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise errors.ValueError(f"not a name of a header: {name}")
        if not value.isascii():
            raise errors.ValueError(f"the header {name} can only hold ASCII characters, got {value}")
        if _CONTROL.search(value):
            raise errors.ValueError(f"the header {name} holds a line end or another control character")
    return {name: value.strip() for name, value in headers.items()}


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
    elif body is not None:
        text = body if isinstance(body, bytes) else _as_text("body", body).encode("utf-8", "surrogatepass")
        arguments["content"] = text


@unlimited
async def _send(request: _Request) -> HttpResult:
    clock = current_scheduler().clock
    begun = clock.now()
    with _as_network_error(request):
        client = await _pool().client()
        response, content = await python(_exchange(client, request))
    encoding = response.charset_encoding or "utf-8"
    try:
        body = content.decode(encoding, "replace")
    except (LookupError, ValueError):  # no encoding at all, or one that is not for texts
        body = content.decode("utf-8", "replace")
    return HttpResult(
        status=response.status_code,
        url=str(response.url),
        headers={name.lower(): value for name, value in response.headers.items()},
        bytes=content,
        body=body,
        elapsed=(clock.now() - begun) / 1e6,
    )


async def _exchange(client: httpx.AsyncClient, request: _Request) -> tuple[httpx.Response, bytes]:
    """Send and read the answer to its end; runs as a guest."""
    import httpx

    seconds = request.timeout / 1000
    step = httpx.Timeout(seconds, pool=None)
    url = httpx.URL(request.url).copy_merge_params(request.params)
    message = client.build_request(request.method, url, timeout=step, **request.arguments)
    async with asyncio.timeout(seconds if request.whole else None):
        response = await client.send(message, stream=True, follow_redirects=request.follow_redirects)
        try:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > request.max_body:
                    raise _failure(errors.TooLarge, request, f"more than {request.max_body} bytes from {request.url}")
            return response, bytes(content)
        finally:
            await response.aclose()


def _failure(kind: type[errors.Error], request: _Request, reason: str, **fields: Any) -> errors.Error:
    return kind(f"HTTP {request.method} failed: {reason}", method=request.method, url=request.url, **fields)


@contextmanager
def _as_network_error(request: _Request) -> Iterator[None]:
    """Raise the HTTP library's errors as the language's."""
    try:
        yield
    except errors.Error:
        raise
    except Exception as error:
        import httpx

        if isinstance(error, httpx.TimeoutException | TimeoutError):
            reason = f"no answer from {request.url} within {format_ms(request.timeout)}"
            raise _failure(errors.TimeoutError, request, reason, limit=request.timeout) from error
        for foreign, kind in (
            (httpx.ConnectError, errors.ConnectError),
            ((httpx.ProtocolError, httpx.DecodingError, httpx.TooManyRedirects), errors.HttpError),
            (httpx.TransportError, errors.NetworkError),
            (httpx.InvalidURL, errors.ValueError),
            (httpx.HTTPError, errors.NetworkError),
        ):
            if isinstance(error, foreign):
                raise _failure(kind, request, f"{_reason(error)}: {request.url}") from error
        if isinstance(error, ExceptionGroup | OverflowError | ValueError):  # of an address that it was redirected to
            raise _failure(errors.NetworkError, request, f"it could not be sent: {request.url}") from error
        raise


def _reason(error: BaseException) -> str:
    """Return what the system said, which the library's own text often hides."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            # Of a refused connection asyncio says "Connect call failed".
            return os.strerror(inner.errno) if isinstance(inner, ConnectionError) and inner.errno else inner.strerror
        several = inner.exceptions if isinstance(inner, BaseExceptionGroup) else ()
        inner = several[0] if several else inner.__cause__ or inner.__context__
    text = str(error).rstrip(".")
    if _BYTES.search(text):
        return f"the answer is not HTTP: {text.partition(':')[0]}"
    return text or "the connection failed"


@builtin
async def async_http_get(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Get `url`; returns `{status, body, headers, url, elapsed, ok}` with `.json()`.

    Options: `headers`, `params`, `timeout` in milliseconds (30 s), `follow_redirects` (true), `max_body`.
    Any status resolves. Raises ConnectError, TimeoutError, HttpError or TooLarge, and ValueError for a malformed
    URL, with fields `method` and `url`.

    ```
    try {
        await async_http_get("http://127.0.0.1:1/")
    } except ConnectError e { print(e.url) }  # expect: http://127.0.0.1:1/
    ```
    """
    return await _send(_request("GET", url, {} if options is None else options))


@builtin
async def async_http_post(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Post `body` to `url`: a dict or array as JSON, anything else as its text.

    Answers and errors are those of `async_http_get`.

    ```
    let server := http_serve({"POST /": request => request.body})
    print((await async_http_post(server.url, "text")).body)  # expect: text
    await server.stop()
    ```
    """
    return await _send(_request("POST", url, {"body": body, "headers": headers}))


@builtin
async def async_http_put(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Put `body` to `url`, as `async_http_post` posts it.

    ```
    let server := http_serve({"PUT /": request => request.json().a})
    print((await async_http_put(server.url, {a: "A"})).body)  # expect: A
    await server.stop()
    ```
    """
    return await _send(_request("PUT", url, {"body": body, "headers": headers}))


@builtin
async def async_http_patch(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Patch `url` with `body`, as `async_http_post` posts it.

    ```
    let server := http_serve({"PATCH /": request => request.method})
    print((await async_http_patch(server.url, "")).body)  # expect: PATCH
    await server.stop()
    ```
    """
    return await _send(_request("PATCH", url, {"body": body, "headers": headers}))


@builtin
async def async_http_delete(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Delete `url`; options, answers and errors are those of `async_http_get`.

    ```
    let server := http_serve({"DELETE /": request => request.method})
    print((await async_http_delete(server.url)).body)  # expect: DELETE
    await server.stop()
    ```
    """
    return await _send(_request("DELETE", url, {} if options is None else options))


@builtin
async def async_http_head(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Get the headers of `url` alone; options, answers and errors are those of `async_http_get`.

    ```
    let server := http_serve({"/": request => "text"})
    let answer := await async_http_head(server.url)
    print(answer.status, answer.body.len())  # expect: 200 0
    await server.stop()
    ```
    """
    return await _send(_request("HEAD", url, {} if options is None else options))


@builtin
async def async_http_request(method: str, url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Send a request; beside the options of `async_http_get` there are `body`, `json` and `form`.

    A `body` that is a dict or array is sent as JSON, `form` as a web form.

    ```
    let server := http_serve({"PUT /x": request => request.headers["x-name"]})
    print((await async_http_request("PUT", "${server.url}/x", {headers: {"X-Name": "a"}})).body)  # expect: a
    await server.stop()
    ```
    """
    return await _send(_request(method, url, {} if options is None else options))


@builtin
async def fetch(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Send a request by `options.method`, GET if there is none, as `async_http_request` does.

    ```
    let server := http_serve({"/": request => request.query.q})
    print((await fetch(server.url, {params: {q: "é"}})).body)  # expect: é
    await server.stop()
    ```
    """
    if options is not None and not isinstance(options, dict):
        raise TypeError
    options = dict(options or {})
    verb = _option(options, "method", str, "GET")
    options.pop("method", None)
    return await _send(_request(verb, url, options))
