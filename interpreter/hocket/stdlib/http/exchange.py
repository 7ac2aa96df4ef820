"""Sending a request and getting its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing, closing
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from hocket import errors
from hocket.runtime.awaiting import as_coroutine
from hocket.runtime.clock import sleep
from hocket.runtime.current import current_scheduler
from hocket.runtime.guests import python
from hocket.runtime.holds import unlimited
from hocket.runtime.promises import promise_all_settled, promise_timeout
from hocket.runtime.tasks import Operation
from hocket.runtime.work import at_once, waiting
from hocket.stdlib.backoff import Backoff
from hocket.stdlib.http.failures import as_network_error, raise_as_network_error
from hocket.stdlib.http.pool import pool
from hocket.stdlib.http.requests import IDEMPOTENT, Request, read_uploads
from hocket.stdlib.http.results import HttpResult, charset, decoded
from hocket.stdlib.time import sleep as blocking_sleep

if TYPE_CHECKING:
    import httpx

    from hocket.stdlib.http.answers import Answer
    from hocket.stdlib.http.client import Client

T = TypeVar("T")

_BUSY = frozenset({429, 502, 503, 504})


@unlimited
async def send(request: Request) -> HttpResult:
    """Return the answer, once more on failure if the request says so; raises the errors of `as_network_error`."""
    begun = current_scheduler().clock.now()
    request = await ready(request)
    try:
        return await _send(request, begun)
    finally:
        await request.close_body()


async def _send(request: Request, begun: int) -> HttpResult:
    pauses = _pauses()
    for attempt in range(request.retries + 1):
        try:
            result = await _send_once(request, begun)
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


async def _send_once(request: Request, begun: int) -> HttpResult:
    try:
        client = await pool().client(request.verify)
        answer, body = await in_time(request, python(_exchange(client, request)))
    except Exception as error:
        raise_as_network_error(request, error)
    return _result(answer.url, answer.status, answer.headers, body, begun)


async def in_time(request: Request, work: Awaitable[T]) -> T:
    """Do `work`, in the limit that the program has set on the virtual clock too; raises Python's TimeoutError.

    No real time passes while a server of the same session answers.
    """
    if not request.whole or not current_scheduler().clock.virtual:
        return await work
    running = Operation(as_coroutine(work), "request")
    try:
        return await promise_timeout(running, request.timeout)  # type: ignore[no-any-return]
    except errors.TimeoutError:
        raise TimeoutError from None
    finally:
        await promise_all_settled([running])  # with its clean-up


def _result(url: str, status: int, headers: dict[str, str], body: bytes, begun: int) -> HttpResult:
    return HttpResult(
        status=status,
        url=url,
        headers=headers,
        bytes=body,
        body=decoded(body, charset(headers.get("content-type", ""))),
        elapsed=(current_scheduler().clock.now() - begun) / 1e6,
    )


async def ready(request: Request) -> Request:
    """Return `request` with the files that are sent."""
    return request.having(await waiting(read_uploads(request.uploads))) if request.uploads else request


async def _exchange(client: Client, request: Request) -> tuple[Answer, bytes]:
    """Send and read the answer to its end; runs as a guest."""
    if not request.whole:
        return await _answer(client, request)
    async with asyncio.timeout(request.timeout / 1000):
        return await _answer(client, request)


async def _answer(client: Client, request: Request) -> tuple[Answer, bytes]:
    async with aclosing(await client.send(request)) as answer:
        body = bytearray()
        async for part in answer:
            body += part
            _check_size(request, len(body))
        return answer, bytes(body)


def _check_size(request: Request, size: int) -> None:
    if size > request.max_body:
        raise request.failure(errors.TooLarge, f"more than {request.max_body} bytes from {request.url}")


# In plain functions.


def send_blocking(request: Request) -> HttpResult:
    """Return the answer as `send` does; everything waits meanwhile."""
    begun = current_scheduler().clock.now()
    if request.uploads:
        request = request.having(at_once(read_uploads(request.uploads)))
    pauses = _pauses()
    for attempt in range(request.retries + 1):
        try:
            with as_network_error(request):
                result = _exchange_blocking(request, begun)
        except (errors.NetworkError, errors.TimeoutError) as failure:
            if not _is_repeated(request, attempt, failure):
                raise
        else:
            if not _is_repeated(request, attempt, result.status):
                return result
        blocking_sleep(pauses.next())
    raise AssertionError("the last attempt returns or raises")


def _exchange_blocking(request: Request, begun: int) -> HttpResult:
    with closing(_begin(pool().blocking(request.verify), request)) as response:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            _check_size(request, len(body))
        headers = dict(response.headers.items())
        return _result(str(response.url), response.status_code, headers, bytes(body), begun)


def _begin(client: httpx.Client, request: Request) -> httpx.Response:
    """Send; return the answer, whose body is still to be read."""
    given = dict(request.arguments)
    auth = {"auth": given.pop("auth")} if "auth" in given else {}
    message = client.build_request(request.method, request.address(), timeout=_step(request.timeout), **given)
    return client.send(message, stream=True, follow_redirects=request.follow_redirects, **auth)


@lru_cache(maxsize=16)
def _step(timeout: float) -> httpx.Timeout:
    """The limit of each step of an exchange, which is `timeout` ms; waiting for a connection has none."""
    import httpx

    return httpx.Timeout(timeout / 1000, pool=None)
