"""Sending a request and getting its answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime.clock import sleep
from hocket.runtime.current import current_scheduler
from hocket.runtime.guests import python
from hocket.runtime.holds import unlimited
from hocket.runtime.threads import in_thread
from hocket.stdlib.backoff import Backoff
from hocket.stdlib.http.failures import as_network_error, raise_as_network_error
from hocket.stdlib.http.pool import pool
from hocket.stdlib.http.requests import IDEMPOTENT, Request, read_uploads
from hocket.stdlib.http.results import HttpResult, charset, decoded
from hocket.stdlib.time import sleep as blocking_sleep

if TYPE_CHECKING:
    import httpx

_BUSY = frozenset({429, 502, 503, 504})


@unlimited
async def send(request: Request) -> HttpResult:
    """Return the answer, once more on failure if the request says so; raises the errors of `as_network_error`."""
    begun = current_scheduler().clock.now()
    content = await upload(request)
    pauses = _pauses()
    for attempt in range(request.retries + 1):
        try:
            result = await _send_once(request, content, begun)
        except (errors.NetworkError, errors.TimeoutError) as failure:
            if not _is_repeated(request, attempt, failure):
                raise
        else:
            if not _is_repeated(request, attempt, result.status):
                return result
        await sleep(pauses.next())
    raise AssertionError("the last attempt returns or raises")


def _is_repeated(request: Request, attempt: int, outcome: errors.Error | int) -> bool:
    """Whether `request` is sent again after a failure or a status, which must not do anything twice."""
    if attempt == request.retries or isinstance(outcome, errors.TooLarge | errors.HttpError):
        return False
    if isinstance(outcome, errors.ConnectError):
        return True
    return request.method in IDEMPOTENT and (not isinstance(outcome, int) or outcome in _BUSY)


def _pauses() -> Backoff:
    return Backoff(100, 2, jitter=True)


async def _send_once(request: Request, content: dict[str, Any], begun: int) -> HttpResult:
    try:
        client = await pool().client(request.verify)
        response, body = await python(_exchange(client, request, content))
    except Exception as error:
        raise_as_network_error(request, error)
    return _result(response, body, begun)


def _result(response: httpx.Response, body: bytes, begun: int) -> HttpResult:
    headers = dict(response.headers.items())
    return HttpResult(
        status=response.status_code,
        url=str(response.url),
        headers=headers,
        bytes=body,
        body=decoded(body, charset(headers.get("content-type", ""))),
        elapsed=(current_scheduler().clock.now() - begun) / 1e6,
    )


async def upload(request: Request) -> dict[str, Any]:
    """Return the arguments of the HTTP library, the files that are sent among them."""
    if not request.uploads:
        return request.arguments
    return _with_files(request, await in_thread(read_uploads, request.uploads))


def _with_files(request: Request, read: dict[str, Any]) -> dict[str, Any]:
    return {**request.arguments, "files": {**request.arguments["files"], **read}}


async def _exchange(client: httpx.AsyncClient, request: Request, content: Any) -> tuple[httpx.Response, bytes]:
    """Send and read the answer to its end; runs as a guest."""
    if not request.whole:
        return await _answer(client, request, content)
    async with asyncio.timeout(request.timeout / 1000):
        return await _answer(client, request, content)


async def _answer(client: httpx.AsyncClient, request: Request, content: Any) -> tuple[httpx.Response, bytes]:
    async with aclosing(await begin(client, request, content)) as response:
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            _check_size(request, len(body))
        return response, bytes(body)


def _check_size(request: Request, size: int) -> None:
    if size > request.max_body:
        raise request.failure(errors.TooLarge, f"more than {request.max_body} bytes from {request.url}")


def begin(client: httpx.AsyncClient | httpx.Client, request: Request, content: dict[str, Any]) -> Any:
    """Send; return the answer, whose body is still to be read, or what gives it if the client is asynchronous."""
    return client.send(_message(client, request, content), stream=True, **_sending(request))


def _message(client: httpx.AsyncClient | httpx.Client, request: Request, content: dict[str, Any]) -> httpx.Request:
    given = {name: value for name, value in content.items() if name != "auth"}
    return client.build_request(request.method, _address(request), timeout=_step(request.timeout), **given)


def _address(request: Request) -> httpx.URL | str:
    import httpx

    return httpx.URL(request.url).copy_merge_params(request.params) if request.params else request.url


@lru_cache(maxsize=16)
def _step(timeout: float) -> httpx.Timeout:
    """The limit of each step of an exchange, which is `timeout` ms; waiting for a connection has none."""
    import httpx

    return httpx.Timeout(timeout / 1000, pool=None)


def _sending(request: Request) -> dict[str, Any]:
    auth = {"auth": request.arguments["auth"]} if "auth" in request.arguments else {}
    return {"follow_redirects": request.follow_redirects, **auth}


# In plain functions.


def send_blocking(request: Request) -> HttpResult:
    """Return the answer as `send` does; everything waits meanwhile."""
    begun = current_scheduler().clock.now()
    content = _with_files(request, read_uploads(request.uploads)) if request.uploads else request.arguments
    pauses = _pauses()
    for attempt in range(request.retries + 1):
        try:
            with as_network_error(request):
                response, body = _exchange_blocking(request, content)
        except (errors.NetworkError, errors.TimeoutError) as failure:
            if not _is_repeated(request, attempt, failure):
                raise
        else:
            if not _is_repeated(request, attempt, response.status_code):
                return _result(response, body, begun)
        blocking_sleep(pauses.next())
    raise AssertionError("the last attempt returns or raises")


def _exchange_blocking(request: Request, content: dict[str, Any]) -> tuple[httpx.Response, bytes]:
    client = pool().blocking(request.verify)
    with closing(begin(client, request, content)) as response:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            _check_size(request, len(body))
        return response, bytes(body)
