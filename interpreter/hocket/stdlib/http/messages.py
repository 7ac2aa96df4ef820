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
    """A message to a server; without `headers` it has those that every message has.

    `target` is the address as the server is to see it, `place` the host and port to connect to.
    """

    __slots__ = ("body", "headers", "method", "place", "target", "url")

    def __init__(self, method: str, url: httpx.URL, headers: httpx.Headers | None, body: Body) -> None:
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
        if auth is None and given == {"headers": {}}:
            return cls(request.method, url, None, None)
        built = RULES.build_request(request.method, url, **given)
        if auth is not None:
            next(httpx.BasicAuth(*auth).sync_auth_flow(built))
        content = given.get("content")
        return cls._like(built, content if isinstance(content, Chunks) else built.read() or None)

    @classmethod
    def _like(cls, built: httpx.Request, body: Body) -> Message:
        headers = httpx.Headers(built.headers)
        headers.pop("transfer-encoding", None)  # that of a stream is for whom it is sent by
        return cls(built.method, built.url, headers, body)

    def built(self) -> httpx.Request:
        """Return it as a request of httpx's."""
        return RULES.build_request(self.method, self.url, headers=self.headers, content=self.body)

    def head(self) -> httpx.Request:
        """Return the headers of its own as a request of httpx's."""
        return httpx.Request(self.method, self.url, headers=self.headers, stream=httpx.ByteStream(b""))

    def with_cookies(self, known: httpx.Cookies) -> Message:
        """Return it with the cookies that are meant for it; what the program gives itself wins."""
        if not known:
            return self
        head = self.head()
        known.set_cookie_header(head)
        other = copy(self)
        other.headers = head.headers
        return other

    def redirected(self, status: int, location: str) -> Message | None:
        """Return what is asked for instead when an answer leads to `location`, None if its status is no redirect."""
        head = self.head()
        head.extensions["answer"] = httpx.Response(status, headers={"location": location})
        following = RULES.send(head).next_request
        if following is None:
            return None
        return self._like(following, self.body if following.method == self.method else None)
