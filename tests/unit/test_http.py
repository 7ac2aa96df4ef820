"""HTTP requests, answered without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hocket import errors
from hocket.session import Session
from hocket.stdlib.http import HttpResult, Pool

Handler = Callable[[httpx.Request], Any]


def run(monkeypatch: pytest.MonkeyPatch, handler: Handler, program: str) -> Any:
    """Return the value of `program`, whose requests `handler` answers; raises its error."""
    monkeypatch.setattr(Pool, "transport", httpx.MockTransport(handler))

    async def session() -> Any:
        session = Session()
        outcome = await session.run(program)
        await session.drain()
        await session.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    return asyncio.run(session())


def echo(request: httpx.Request) -> httpx.Response:
    """Answer with what was asked."""
    return httpx.Response(
        200,
        json={
            "method": request.method,
            "url": str(request.url),
            "body": request.content.decode(),
            "type": request.headers.get("content-type"),
            "x": request.headers.get("x-test"),
        },
        headers={"X-Seen": "yes"},
    )


def test_the_result_has_status_headers_body_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, echo, 'await async_http_get("http://h/a?b=1")')
    assert isinstance(result, HttpResult)
    assert (result.status, result.ok, result.url) == (200, True, "http://h/a?b=1")
    assert result.headers["x-seen"] == "yes"
    assert result.elapsed >= 0
    program = 'let r := await async_http_get("http://h/")\n[r.status, r["status"], r.json().method, r.ok]'
    assert run(monkeypatch, echo, program) == [200, 200, "GET", True]


@pytest.mark.parametrize(
    ("call", "method", "body", "kind"),
    [
        ('async_http_post("http://h/", {a: [1, 2.0]})', "POST", '{"a":[1,2.0]}', "application/json"),
        ('async_http_post("http://h/", "text")', "POST", "text", None),
        ('async_http_request("put", "http://h/", {json: "s"})', "PUT", '"s"', "application/json"),
        (
            'async_http_request("POST", "http://h/", {form: {a: 1, b: "x y"}})',
            *("POST", "a=1&b=x+y", "application/x-www-form-urlencoded"),
        ),
        ('async_http_put("http://h/", [1])', "PUT", "[1]", "application/json"),
        ('async_http_patch("http://h/", "p")', "PATCH", "p", None),
        ('async_http_delete("http://h/")', "DELETE", "", None),
        ('fetch("http://h/", {method: "PATCH", body: "b"})', "PATCH", "b", None),
    ],
)
def test_what_is_sent(monkeypatch: pytest.MonkeyPatch, call: str, method: str, body: str, kind: str | None) -> None:
    sent = run(monkeypatch, echo, f"(await {call}).json()")
    assert (sent["method"], sent["body"], sent["type"]) == (method, body, kind)


def test_headers_and_params_are_sent_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    call = 'async_http_get("http://h/?a=1", {headers: {"X-Test": 1}, params: {q: "a b", n: 2, none: null}})'
    sent = run(monkeypatch, echo, f"(await {call}).json()")
    assert (sent["x"], sent["url"]) == ("1", "http://h/?a=1&q=a+b&n=2")


def test_head_has_headers_and_no_body(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"x-method": request.method})

    result = run(monkeypatch, handler, 'await async_http_head("http://h/")')
    assert (result.headers["x-method"], result.body) == ("HEAD", "")


def test_any_status_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, lambda request: httpx.Response(503, text="busy"), 'await async_http_get("http://h/")')
    assert (result.status, result.ok, result.body) == (503, False, "busy")


def test_redirects_are_followed_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/old":
            return httpx.Response(302, headers={"location": "/new"})
        return httpx.Response(200, text="new")

    program = 'let r := await async_http_get("http://h/old"{})\n[r.status, r.url]'
    assert run(monkeypatch, handler, program.format("")) == [200, "http://h/new"]
    assert run(monkeypatch, handler, program.format(", {follow_redirects: false}"))[0] == 302


def test_who_asks_is_not_told_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), request.headers.get("authorization")))
        to = {"/a": "/b", "/b": "http://other/c"}.get(request.url.path)
        return httpx.Response(200) if to is None else httpx.Response(302, headers={"location": to})

    run(monkeypatch, handler, 'await async_http_get("http://h/a", {auth: "secret"})')
    assert asked == [("http://h/a", "Bearer secret"), ("http://h/b", "Bearer secret"), ("http://other/c", None)]


def test_a_circle_of_redirects_is_an_http_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "/again"})

    with pytest.raises(errors.HttpError, match="HTTP GET failed: "):
        run(monkeypatch, handler, 'await async_http_get("http://h/")')


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (httpx.ConnectError("refused"), errors.ConnectError),
        (httpx.ReadTimeout("slow"), errors.TimeoutError),
        (httpx.ConnectTimeout("slow"), errors.TimeoutError),
        (httpx.RemoteProtocolError("garbage"), errors.HttpError),
        (httpx.ReadError("reset"), errors.NetworkError),
    ],
)
def test_failures_are_typed(monkeypatch: pytest.MonkeyPatch, foreign: Exception, ours: type[errors.Error]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise foreign

    with pytest.raises(ours, match="^HTTP POST failed: .*http://h/x") as raised:
        run(monkeypatch, handler, 'await async_http_post("http://h/x", "b")')
    assert type(raised.value) is ours
    assert raised.value.fields["method"] == "POST"
    assert raised.value.fields["url"] == "http://h/x"


def test_an_answer_that_is_not_http_is_not_shown_as_python_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError(r"illegal status line: bytearray(b'\x00\xff')")

    message = "HTTP GET failed: the answer is not HTTP: illegal status line: http://h/"
    with pytest.raises(errors.HttpError, match=f"^{message}$"):
        run(monkeypatch, handler, 'await async_http_get("http://h/")')


def test_headers_are_sent_without_the_blanks_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = run(monkeypatch, echo, '(await async_http_get("http://h/", {headers: {"X-Test": " 1 "}})).json()')
    assert sent["x"] == "1"


def test_a_timeout_of_the_program_is_for_the_whole_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    with pytest.raises(errors.TimeoutError, match="no answer from http://h/ within 20ms") as raised:
        run(monkeypatch, handler, 'await async_http_get("http://h/", {timeout: 20})')
    assert raised.value.fields["limit"] == 20


def test_an_answer_over_the_limit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"x" * 1000)

    with pytest.raises(errors.TooLarge, match="more than 999 bytes from http://h/"):
        run(monkeypatch, handler, 'await async_http_get("http://h/", {max_body: 999})')


def test_requests_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    together = 10
    arrived = 0
    everybody = asyncio.Event()

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal arrived
        arrived += 1
        if arrived == together:
            everybody.set()
        await everybody.wait()
        return httpx.Response(200, text=request.url.path)

    program = 'let rs := await promise_all(range(10).map(i => async_http_get("http://h/${i}")))\nrs.map(r => r.body)'
    assert run(monkeypatch, handler, program) == [f"/{i}" for i in range(10)]


def test_a_cancelled_request_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = False

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            ended = True
        return httpx.Response(200)

    program = """
    let t := spawn async_http_get("http://h/")
    await async_sleep(20)
    t.cancel()
    try { await t } except CancelledError e { e.type }
    """
    run(monkeypatch, handler, program)
    assert ended


def test_an_unknown_option_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.ValueError, match="unknown HTTP option: hedaers") as raised:
        run(monkeypatch, echo, 'await async_http_get("http://h/", {hedaers: {}})')
    assert raised.value.hint == "did you mean `headers`?"
