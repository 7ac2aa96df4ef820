"""Requests whose answers are promised."""

from __future__ import annotations

from typing import Any

from hocket.runtime.registry import builtin
from hocket.stdlib.http.exchange import send
from hocket.stdlib.http.requests import option, request
from hocket.stdlib.http.results import HttpResult


@builtin
async def async_http_get(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Get `url`; returns `{status, body, headers, url, elapsed, ok}` with `.json()`.

    Options: `headers`, `params`, `timeout` in milliseconds (30 s), `retries` (0), `follow_redirects` (true), `auth`
    (`[user, password]` or a bearer token), `verify` (false, or a file of certificates), `max_body` in bytes (100 MB).
    Any status resolves. Raises ConnectError, TimeoutError, HttpError or TooLarge, and ValueError for a malformed
    URL, with fields `method` and `url`.

    ```
    try {
        await async_http_get("http://127.0.0.1:1/")
    } except ConnectError e { print(e.url) }  # expect: http://127.0.0.1:1/
    ```
    """
    return await send(request("GET", url, options))


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
    return await send(request("POST", url, {"body": body, "headers": headers}))


@builtin
async def async_http_put(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Put `body` to `url`, as `async_http_post` posts it.

    ```
    let server := http_serve({"PUT /": request => request.json().a})
    print((await async_http_put(server.url, {a: "A"})).body)  # expect: A
    await server.stop()
    ```
    """
    return await send(request("PUT", url, {"body": body, "headers": headers}))


@builtin
async def async_http_patch(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResult:
    """Patch `url` with `body`, as `async_http_post` posts it.

    ```
    let server := http_serve({"PATCH /": request => request.method})
    print((await async_http_patch(server.url, "")).body)  # expect: PATCH
    await server.stop()
    ```
    """
    return await send(request("PATCH", url, {"body": body, "headers": headers}))


@builtin
async def async_http_delete(url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Delete `url`; options, answers and errors are those of `async_http_get`.

    ```
    let server := http_serve({"DELETE /": request => request.method})
    print((await async_http_delete(server.url)).body)  # expect: DELETE
    await server.stop()
    ```
    """
    return await send(request("DELETE", url, options))


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
    return await send(request("HEAD", url, options))


@builtin
async def async_http_request(method: str, url: str, options: dict[str, Any] | None = None) -> HttpResult:
    """Send a request; beside the options of `async_http_get` there are `body`, `json` and `form`.

    A `body` that is a dict or array is sent as JSON, one that is a stream as it comes, `form` as a web form. `files`
    are paths, or `{name, content, type}`, by the names of their fields. With `retries`, what gets no answer, or one
    with status 429, 502, 503 or 504, is sent again after a growing pause, a POST or PATCH only if there was no
    connection.

    ```
    let server := http_serve({"PUT /x": request => request.headers["x-name"]})
    print((await async_http_request("PUT", "${server.url}/x", {headers: {"X-Name": "a"}})).body)  # expect: a
    await server.stop()
    ```
    """
    return await send(request(method, url, options))


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
    verb = option(options, "method", str, "GET")
    options.pop("method", None)
    return await send(request(verb, url, options))
