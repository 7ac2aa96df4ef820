"""Requests in their plain form: they suspend in an async context and block elsewhere."""

from __future__ import annotations

from typing import Any

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.enums import ERR, OK, EnumValue
from hocket.runtime.promises import promise_all_settled
from hocket.runtime.registry import builtin
from hocket.runtime.tasks import Operation
from hocket.runtime.values import type_name
from hocket.stdlib.http.exchange import send, send_blocking
from hocket.stdlib.http.requests import option, request
from hocket.stdlib.http.results import HttpResult


async def _get(url: str) -> HttpResult:
    return await send(request("GET", url, None))


@builtin(suspending=_get)
def http_get(url: str) -> HttpResult:
    """Get `url`: `{status, body, headers, …}`, as `async_http_get`.

    ```
    let server := http_serve({"/": () => "hello"})
    print(http_get(server.url).body)  # expect: hello
    server.stop()
    ```
    """
    return send_blocking(request("GET", url, None))


async def _post(url: str, body: Any = None) -> HttpResult:
    return await send(request("POST", url, {"body": body}))


@builtin(suspending=_post)
def http_post(url: str, body: Any = None) -> HttpResult:
    """Post `body` to `url`: a dict or array as JSON, anything else as its text.

    ```
    let server := http_serve({"POST /": r => [r.json().n + 1]})
    print(http_post(server.url, {n: 1}).body)  # expect: [2]
    server.stop()
    ```
    """
    return send_blocking(request("POST", url, {"body": body}))


async def _put(url: str, body: Any = None) -> HttpResult:
    return await send(request("PUT", url, {"body": body}))


@builtin(suspending=_put)
def http_put(url: str, body: Any = None) -> HttpResult:
    """Put `body` to `url`, as `http_post` posts it.

    ```
    let server := http_serve({"PUT /": r => r.body})
    print(http_put(server.url, "text").body)  # expect: text
    server.stop()
    ```
    """
    return send_blocking(request("PUT", url, {"body": body}))


async def _delete(url: str) -> HttpResult:
    return await send(request("DELETE", url, None))


@builtin(suspending=_delete)
def http_delete(url: str) -> HttpResult:
    """Delete `url`.

    ```
    let server := http_serve({"DELETE /:n": r => r.params.n})
    print(http_delete("${server.url}/7").body)  # expect: 7
    server.stop()
    ```
    """
    return send_blocking(request("DELETE", url, None))


async def _get_bytes(url: str) -> bytes:
    return (await _get(url)).bytes


@builtin(aliases=("http_get_stream",), suspending=_get_bytes)
def http_get_binary(url: str) -> bytes:
    """Return the body of the answer to a GET of `url` as bytes.

    ```
    let server := http_serve({"/": () => bytes([1, 2])})
    print(http_get_binary(server.url))  # expect: bytes[1, 2]
    server.stop()
    ```
    """
    return http_get(url).bytes


def _asked(url: Any, options: Any) -> tuple[str, Any, dict[str, Any]]:
    """Return method, URL and options of a `http_request`, whose URL may be among the options."""
    given = dict(url if isinstance(url, dict) else options or {})
    url = given.pop("url", None) if isinstance(url, dict) else url
    verb = option(given, "method", str, "GET")
    given.pop("method", None)
    if not isinstance(url, str):
        raise errors.TypeError(f"http_request() expects a string as url, got {type_name(url)}")
    return verb, url, given


async def _request(url: str | dict[str, Any], options: dict[str, Any] | None = None) -> EnumValue:
    asked = request(*_asked(url, options))
    try:
        return OK(await send(asked))
    except errors.Error as error:
        return _why(error)


def _why(error: errors.Error) -> EnumValue:
    """Return `Err` of why there is no answer; raises what the session does not permit, as of the first URL."""
    if "permission" in error.fields:
        raise error
    return ERR(error.message)


@builtin(suspending=_request)
def http_request(url: str | dict[str, Any], options: dict[str, Any] | None = None) -> EnumValue:
    """Send a request: `Ok` of the answer, or `Err` of why there is none.

    Options are `method` and those of `async_http_request`; `url` may be one of them.

    ```
    match http_request("http://127.0.0.1:1/", {method: "POST"}) {
        case Ok(answer) { print(answer.status) }
        case Err(why) { print(why) }  # expect: HTTP POST failed: Connection refused: http://127.0.0.1:1/
    }
    ```
    """
    asked = request(*_asked(url, options))
    try:
        return OK(send_blocking(asked))
    except errors.Error as error:
        return _why(error)


async def _parallel(urls: list[str]) -> list[Any]:
    asked = [request("GET", url, None) for url in _urls(urls)]
    # Not spawned: who gives up waiting for all gives up each.
    running = [Operation(send(one), "parallel_http") for one in asked]
    await promise_all_settled(running)
    return [_end(one) for one in running]


def _end(ended: Operation) -> Any:
    error = ended.error
    if error is not None and ended.spawn_site is not None:
        error.spawned.append(ended.spawn_site)  # nobody raises it, so it has no other line
    return ended.value if error is None else error


def _urls(urls: Any) -> list[str]:
    if not isinstance(urls, list):
        raise errors.TypeError(f"parallel_http() expects an array of URLs, got {type_name(urls)}")
    for url in urls:
        if not isinstance(url, str):
            raise errors.TypeError(f"parallel_http() expects only strings in urls, got {type_name(url)}")
    return urls


@builtin(suspending=_parallel)
def parallel_http(urls: list[str]) -> list[Any]:
    """Get all `urls` at once: their answers in order, an error where there is none.

    ```
    let server := http_serve({"/:n": r => r.params.n})
    print(parallel_http(range(3).map(n => "${server.url}/${n}")).map(r => r.body))  # expect: [0, 1, 2]
    server.stop()
    ```
    """
    asked = [request("GET", url, None) for url in _urls(urls)]
    threads = current_scheduler().executor
    return [future.result() for future in [threads.submit(_outcome, one) for one in asked]]


def _outcome(asked: Any) -> Any:
    try:
        return send_blocking(asked)
    except errors.Error as error:
        return error
