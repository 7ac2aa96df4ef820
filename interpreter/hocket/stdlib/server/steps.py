"""A server that is put together route by route, and answers with a content type or status of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hocket.runtime.registry import builtin, method
from hocket.runtime.values import name_type
from hocket.stdlib import json
from hocket.stdlib.server.messages import HttpResponse, response
from hocket.stdlib.server.routes import Routes
from hocket.stdlib.server.serving import HOST, HttpServer, checked_host, checked_port


class ServerPlan:
    """The place and the routes of a server that is not there yet; it does not change."""

    members: ClassVar[frozenset[str]] = frozenset({"host", "port", "routes"})

    def __init__(self, host: str, port: int, routes: dict[str, Any]) -> None:
        self.host = host
        self.port = port
        self.routes = routes

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        where = f"port {self.port}" if self.host == HOST else f"port {self.port} of {self.host}"
        return f"<server on {where}, not started>"


@builtin
def http_server(port: int = 0) -> ServerPlan:
    """Return a server without routes; `route(method, path, handler)` adds one, `listen()` starts it.

    ```
    let plan := http_server().route("GET", "/hello/:name", request => "Hello ${request.params.name}")
    let server := plan.route("POST", "/sum", request => json_response(200, request.json().sum())).listen()
    print(http_get("${server.url}/hello/Ada").body, http_post("${server.url}/sum", [1]).json())  # expect: Hello Ada 1
    server.stop()
    ```
    """
    return ServerPlan(HOST, checked_port("http_server", port), {})


@builtin
def http_listen(host: str, port: int) -> ServerPlan:
    """Return a server as `http_server`, for one address of this machine; `0.0.0.0` is all of them.

    It takes connections once `listen` has started it.

    ```
    let server := http_listen("localhost", 0).route("GET", "/", () => "here").listen()
    print(http_get(server.url).body)  # expect: here
    server.stop()
    ```
    """
    return ServerPlan(checked_host("http_listen", host), checked_port("http_listen", port), {})


@method(ServerPlan)
def route(plan: ServerPlan, method: str, path: str, handler: Callable[..., Any]) -> ServerPlan:
    """Return the server with one more route, as `http_serve` has them; one of the same method and path is replaced.

    ```
    http_server().route("GET", "hello", () => "hello")  # error: not a route: GET hello
    ```
    """
    if not isinstance(method, str) or not isinstance(path, str) or not callable(handler):
        raise TypeError
    routes = {**plan.routes, f"{method.upper()} {path}": handler}
    Routes(routes)
    return ServerPlan(plan.host, plan.port, routes)


@method(ServerPlan, aliases=("start",))
def listen(plan: ServerPlan) -> HttpServer:
    """Start the server and return it: `url`, `port`, `stop()`. A program goes on until its servers have stopped.

    It waits for nothing: what follows is executed, and a cell of a notebook ends.

    ```
    let server := http_server().route("GET", "/", () => "here").listen()
    print(http_get(server.url).body)  # expect: here
    server.stop()
    ```
    """
    return HttpServer(Routes(plan.routes), plan.port, plan.host)


@builtin
def json_response(status: int, value: Any) -> HttpResponse:
    """Return an answer that holds `value` as JSON, for the handler of a server; raises TypeError for what JSON has not.

    ```
    let server := http_serve({"/": () => json_response(201, {made: [1, null]})})
    let answer := http_get(server.url)
    print(answer.status, answer.body, answer.headers["content-type"])  # expect: 201 {"made":[1,null]} application/json
    server.stop()
    ```
    """
    return response(status, json.encode(value), {"content-type": "application/json"}, "json_response")


@builtin
def html_response(status: int, html: str) -> HttpResponse:
    """Return an answer that is a page, for the handler of a server.

    ```
    let server := http_serve({"/": () => html_response(200, "<h1>Hi</h1>")})
    let answer := http_get(server.url)
    print(answer.body, answer.headers["content-type"])  # expect: <h1>Hi</h1> text/html; charset=utf-8
    server.stop()
    ```
    """
    if not isinstance(html, str):
        raise TypeError
    return response(status, html, {"content-type": "text/html; charset=utf-8"}, "html_response")


@builtin
def redirect_response(url: str, headers: dict[str, Any] | None = None) -> HttpResponse:
    """Return an answer with status 302 that leads to `url`, for the handler of a server.

    ```
    let server := http_serve({"/old": () => redirect_response("/new"), "/new": () => "here"})
    print(http_get("${server.url}/old").body)  # expect: here
    server.stop()
    ```
    """
    if not isinstance(url, str) or not isinstance(headers, dict | None):
        raise TypeError
    return with_headers(response(302, None, headers or {}), {"location": url})


@builtin
def set_header(answer: HttpResponse, name: str, value: Any) -> HttpResponse:
    """Return an answer that has one more header; one of that name is replaced.

    ```
    let answer := set_header(http_response(200, "here"), "X-Kind", "test")
    let server := http_serve({"/": () => answer})
    print(http_get(server.url).headers["x-kind"])  # expect: test
    server.stop()
    set_header("here", "X-Kind", "test")           # error: set_header() expects a HttpResponse as answer, got string
    ```
    """
    if not isinstance(name, str):
        raise TypeError
    return with_headers(answer, {name: value})


@builtin
def set_headers(answer: HttpResponse, headers: dict[str, Any]) -> HttpResponse:
    """Return an answer that has these headers, too; those of the same names are replaced.

    ```
    let server := http_serve({"/": () => set_headers(json_response(200, []), {"X-A": 1, "X-B": 2})})
    let headers := http_get(server.url).headers
    print(headers["x-a"], headers["x-b"], headers["content-type"])  # expect: 1 2 application/json
    server.stop()
    ```
    """
    return with_headers(answer, headers)


def with_headers(answer: HttpResponse, headers: dict[str, Any]) -> HttpResponse:
    """Return `answer` with more headers; their names are the same whatever the case."""
    if not isinstance(answer, HttpResponse) or not isinstance(headers, dict):
        raise TypeError
    new = {name.lower() for name in headers if isinstance(name, str)}
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in new}
    return response(answer.status, answer.body, {**kept, **headers})


name_type(ServerPlan, "serverplan")
