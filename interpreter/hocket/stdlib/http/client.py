"""Sending requests until there is an answer that leads nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from hocket.stdlib.http.answers import Answer
from hocket.stdlib.http.messages import Message
from hocket.stdlib.http.requests import REDIRECTS, Request
from hocket.stdlib.http.transport import Transport

if TYPE_CHECKING:
    from hocket.stdlib.http.pool import Trust

SKIPPED = 65_536
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
            try:
                self._keep_cookies(message, answer)
                following = _following(message, answer) if request.follow_redirects else None
                if following is None:
                    return answer
                await _skip(answer)
            except BaseException:
                await answer.aclose()
                raise
            await answer.aclose()
            message = following
        raise httpx.TooManyRedirects("Exceeded maximum allowed redirects.")

    def _keep_cookies(self, message: Message, answer: Answer) -> None:
        if answer.cookies:
            headers = [("set-cookie", value) for value in answer.cookies]
            self._cookies.extract_cookies(httpx.Response(answer.status, headers=headers, request=message.head()))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def _following(message: Message, answer: Answer) -> Message | None:
    """Return what `answer` says to ask for instead, None if it is an answer to `message`."""
    location = answer.headers.get("location")
    return None if location is None else message.redirected(answer.status, location)


async def _skip(answer: Answer) -> None:
    """Read the body, if there is little of it."""
    size = 0
    async for part in answer:
        size += len(part)
        if size > SKIPPED:
            break
