"""HTTP servers.

A server runs on the loop of its session, so a lesson or a test can have its own. Each request is a task;
what its handler prints goes to the cell that started the server.
"""

from __future__ import annotations

from typing import Any

from hocket.runtime.promises import Promise
from hocket.runtime.registry import builtin, method
from hocket.stdlib import json
from hocket.stdlib.server import steps
from hocket.stdlib.server.messages import HttpRequest, HttpResponse, response
from hocket.stdlib.server.routes import Routes
from hocket.stdlib.server.serving import HOST, HttpServer, checked_host, checked_port

__all__ = ["HttpRequest", "HttpResponse", "HttpServer", "steps"]


@builtin
def http_serve(routes: dict[str, Any], port: int = 0, host: str = HOST) -> HttpServer:
    """Start a server and return it: `url`, `port`, `stop()`. It is for this machine alone, unless `host` says else.

    A route is a path, for every method, or method and path; `:name` stands for any one part of the path. Its
    function is given the request: `method`, `path`, `params`, `query`, `headers`, `body`, `bytes`, `json()` and
    `form()`. It answers with text, a dict or array (sent as JSON), bytes, null (status 204), a stream of text or
    bytes, which is sent while it comes and as fast as the client takes it, or `http_response(…)`. One that fails
    answers 500, in the middle of a stream ends the connection, and its error is reported; one whose client has gone
    is cancelled. Port 0 is any free one; the host `0.0.0.0` is all addresses of the machine. A program goes on until
    its servers have stopped.

    ```
    let server := http_serve({
        "/": () => "hello",
        "GET /add/:a/:b": r => ({"sum": to_int(r.params.a) + to_int(r.params.b)}),
    })
    print((await async_http_get(server.url)).body)                    # expect: hello
    print((await async_http_get("${server.url}/add/2/3")).json().sum)  # expect: 5
    server.stop()
    ```
    """
    if not isinstance(routes, dict):
        raise TypeError
    return HttpServer(Routes(routes), checked_port("http_serve", port), checked_host("http_serve", host))


@method(HttpServer)
def stop(server: HttpServer) -> Promise:
    """Take no more requests; returns a promise that resolves when all connections are closed.

    Requests that are being answered have a second to end, then they are cancelled. Again is fine.

    ```
    let server := http_serve({"/": request => "here"})
    await server.stop()
    try { await fetch(server.url) } except ConnectError { print("gone") }  # expect: gone
    ```
    """
    return server.stop()


@method(HttpRequest)
def json_(request: HttpRequest) -> Any:
    """Return the value that the body is as JSON; raises ParseError.

    ```
    let server := http_serve({"POST /": request => to_string(request.json().a)})
    print((await async_http_post(server.url, {a: [1]})).body)  # expect: [1]
    await server.stop()
    ```
    """
    return json.decode(request.body)


@method(HttpRequest)
def form(request: HttpRequest) -> dict[str, Any]:
    """Return the entries of the web form in the body; of a name that comes several times, an array.

    ```
    let server := http_serve({"POST /": request => to_json(request.form())})
    print((await async_http_post(server.url, "a=1&b=2&b=3")).body)  # expect: {"a":"1","b":["2","3"]}
    await server.stop()
    ```
    """
    return request.form()


@builtin
def http_response(status: int, body: Any = None, headers: dict[str, Any] | None = None) -> HttpResponse:
    """Return an answer with a status and headers of its own, for the handler of a server.

    The body is what a handler may answer with. An array as the value of a header sends it several times.

    ```
    let server := http_serve({"/old": r => http_response(302, null, {"location": "/new"}), "/new": r => "here"})
    print((await async_http_get("${server.url}/old")).url == "${server.url}/new")  # expect: true
    server.stop()
    ```
    """
    return response(status, body, headers or {})
