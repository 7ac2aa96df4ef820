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
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.guests import python
from hocket.runtime.registry import builtin, method
from hocket.runtime.scopes import format_ms
from hocket.runtime.threads import in_thread
from hocket.runtime.values import print_text
from hocket.stdlib import json
from hocket.stdlib.time import milliseconds

if TYPE_CHECKING:
    import httpx

    from hocket.runtime.loop import Scheduler

_CONNECTIONS = 20
_TIMEOUT = 30_000
_MAX_BODY = 100_000_000
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
    """Return the value that the body is as JSON; raises ParseError."""
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
    for name in options:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(print_text(name), _OPTIONS, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(_OPTIONS)}"
            raise errors.ValueError(f"unknown HTTP option: {print_text(name)}", hint=hint)
    arguments: dict[str, Any] = {"headers": _texts(options, "headers")}
    _add_content(arguments, options)
    return _Request(
        method=verb.upper(),
        url=url,
        params=_texts(options, "params"),
        arguments=arguments,
        follow_redirects=bool(options.get("follow_redirects", True)),
        timeout=milliseconds("timeout", options.get("timeout", _TIMEOUT)),
        whole="timeout" in options,
        max_body=int(options.get("max_body", _MAX_BODY)),
    )


def _texts(options: dict[str, Any], name: str) -> dict[str, str]:
    given = options.get(name) or {}
    if not isinstance(given, dict):
        raise errors.TypeError(f"the HTTP option {name} expects a dict, got {print_text(given)}")
    return {print_text(key): print_text(value) for key, value in given.items() if value is not None}


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
        arguments["content"] = body if isinstance(body, bytes) else print_text(body).encode("utf-8", "surrogatepass")


async def _send(request: _Request) -> HttpResult:
    clock = current_scheduler().clock
    begun = clock.now()
    with _as_network_error(request):
        client = await _pool().client()
        response, content = await python(_exchange(client, request))
    encoding = response.charset_encoding or "utf-8"
    try:
        body = content.decode(encoding, "replace")
    except LookupError:
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
            ((httpx.InvalidURL, httpx.HTTPError), errors.NetworkError),
        ):
            if isinstance(error, foreign):
                raise _failure(kind, request, f"{_reason(error)}: {request.url}") from error
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
    return str(error).rstrip(".") or type(error).__name__


@builtin
async def async_http_get(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Get `url`; returns `{status, body, headers, url, elapsed, ok}` with `.json()`.

    Options: `headers`, `params`, `timeout` in milliseconds (30 s), `follow_redirects` (true), `max_body`.
    Any status resolves. Raises ConnectError, TimeoutError, HttpError or TooLarge, with fields `method` and `url`.

    ```
    try {
        await async_http_get("http://127.0.0.1:1/")
    } except ConnectError e { print(e.url) }  # expect: http://127.0.0.1:1/
    ```
    """
    return await _send(_request("GET", url, options or {}))


@builtin
async def async_http_post(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Post `body` to `url`: a dict or array as JSON, anything else as its text.

    Answers and errors are those of `async_http_get`.
    """
    return await _send(_request("POST", url, {"body": body, "headers": headers or {}}))


@builtin
async def async_http_put(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Put `body` to `url`, as `async_http_post` posts it."""
    return await _send(_request("PUT", url, {"body": body, "headers": headers or {}}))


@builtin
async def async_http_patch(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Patch `url` with `body`, as `async_http_post` posts it."""
    return await _send(_request("PATCH", url, {"body": body, "headers": headers or {}}))


@builtin
async def async_http_delete(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Delete `url`; options, answers and errors are those of `async_http_get`."""
    return await _send(_request("DELETE", url, options or {}))


@builtin
async def async_http_head(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Get the headers of `url` alone; options, answers and errors are those of `async_http_get`."""
    return await _send(_request("HEAD", url, options or {}))


@builtin
async def async_http_request(method: str, url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Send a request; beside the options of `async_http_get` there are `body`, `json` and `form`.

    A `body` that is a dict or array is sent as JSON, `form` as a web form.
    """
    return await _send(_request(method, url, options or {}))


@builtin
async def fetch(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Send a request by `options.method`, GET if there is none, as `async_http_request` does."""
    options = dict(options or {})
    return await _send(_request(options.pop("method", "GET"), url, options))
