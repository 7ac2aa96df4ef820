"""Sending requests until there is an answer that leads nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from hocket.stdlib.http.answers import Answer
from hocket.stdlib.http.requests import REDIRECTS, Request
from hocket.stdlib.http.transport import Transport

if TYPE_CHECKING:
    from hocket.stdlib.http.pool import Trust

SPARED = 65_536
"""Bytes that are read of an answer that leads elsewhere, so that its connection can be used again."""


class Client:
    """Sends requests over the connections of `transport`; keeps cookies, and follows redirects."""

    def __init__(self, trust: Trust, transport: Transport) -> None:
        self._trust = trust
        self._transport = transport
        self._cookies = httpx.Cookies()

    async def send(self, request: Request) -> Answer:
        """Return the answer, whose body is still to be read; raises the HTTP libraries' errors."""
        message = request.message
        for _ in range(REDIRECTS + 1):
            message = message.with_cookies(self._cookies)
            await self._trust.before(message)
            answer = await self._transport.send(message, request.timeout)
            if answer.cookies:
                kept = [("set-cookie", value) for value in answer.cookies]
                self._cookies.extract_cookies(httpx.Response(answer.status, headers=kept, request=message.head()))
            if not request.follow_redirects or "location" not in answer.headers:
                return answer
            try:
                following = message.redirected(answer.status, answer.headers["location"])
                if following is None:
                    return answer
                await _spare(answer)
            except BaseException:
                await answer.aclose()
                raise
            message = following
        raise httpx.TooManyRedirects("Exceeded maximum allowed redirects.")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


async def _spare(answer: Answer) -> None:
    """Let go of an answer that nobody reads."""
    size = 0
    async for part in answer:
        size += len(part)
        if size > SPARED:
            break
    await answer.aclose()
