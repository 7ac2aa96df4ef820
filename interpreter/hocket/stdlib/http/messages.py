"""What is sent for a request.

The rules are httpx's, for a request that blocks and for one that is awaited: how a body is encoded, which headers
there are beside those of the program, where a redirect leads.  Imported with the HTTP libraries, when a request is
first sent.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import httpx
import yarl

from hocket.stdlib.http.requests import Chunks, Request, port_of

Body = bytes | Chunks | None


def _answer_of(request: httpx.Request) -> httpx.Response:
    return request.extensions["answer"]  # type: ignore[no-any-return]


RULES = httpx.Client(transport=httpx.MockTransport(_answer_of), trust_env=False)
"""Knows the rules, and sends nothing."""


class Message:
    """A message to a server.

    `headers` are its own, beside those that every message has; `target` is the address as
    the server is to see it, `place` the host and port to connect to.
    """

    __slots__ = ("body", "headers", "method", "place", "target", "url")

    def __init__(self, method: str, url: httpx.URL, headers: dict[str, str], body: Body) -> None:
        self.method = method
        self.headers = headers
        self.body = body
        self.url = str(url)
        self.target = yarl.URL(self.url)
        if url.userinfo:
            self.target = self.target.with_user(None)
        self.place = url.raw_host.decode("ascii"), url.port or port_of(url.scheme)

    @classmethod
    def of(cls, request: Request) -> Message:
        """Return what is sent for `request`."""
        url = request.address()
        given: dict[str, Any] = dict(request.arguments)
        auth = given.pop("auth", None) or ((url.username, url.password) if url.userinfo else None)
        headers: dict[str, str] = given["headers"]
        body: Body = given.get("content") or None
        if "data" in given or "files" in given:
            built = httpx.Request(request.method, url, **given)
            headers, body = dict(built.headers), built.read()
        elif isinstance(body, Chunks):  # in which pieces it goes is for whom it is sent by
            headers = {name: value for name, value in headers.items() if name.lower() != "transfer-encoding"}
        message = cls(request.method, url, headers, body)
        if auth is None:
            return message
        head = message.head()
        next(httpx.BasicAuth(*auth).sync_auth_flow(head))
        return message._having(head.headers)

    def _having(self, headers: httpx.Headers) -> Message:
        other = copy(self)
        other.headers = dict(headers)
        return other

    def built(self) -> httpx.Request:
        """Return it as a request of httpx's, with all headers."""
        return RULES.build_request(self.method, self.url, headers=self.headers, content=self.body)

    def head(self) -> httpx.Request:
        """Return it as a request of httpx's, with its own headers and without the body."""
        return httpx.Request(self.method, self.url, headers=self.headers, stream=httpx.ByteStream(b""))

    def with_cookies(self, known: httpx.Cookies) -> Message:
        """Return it with those of `known` that are meant for it, unless the program gives cookies itself."""
        if not known:
            return self
        head = self.head()
        known.set_cookie_header(head)
        return self._having(head.headers)

    def redirected(self, status: int, location: str) -> Message | None:
        """Return what is asked for instead when an answer leads to `location`, None if its status is no redirect."""
        head = self.head()
        head.extensions["answer"] = httpx.Response(status, headers={"location": location})
        following = RULES.send(head).next_request
        if following is None:
            return None
        body = self.body if following.method == self.method else None
        return Message(following.method, following.url, dict(following.headers), body)
