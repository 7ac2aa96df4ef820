"""What a program asks of a WebSocket, checked before anything happens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hocket import errors
from hocket.runtime.scopes import format_ms
from hocket.runtime.values import print_text, type_name
from hocket.stdlib.http.requests import TIMEOUT, TOKEN, count, flaw, headers, known, verify
from hocket.stdlib.time import milliseconds

MAX_MESSAGE = 16_000_000
OPTIONS = ("headers", "protocols", "timeout", "max_message", "verify")
SERVED = ("protocols", "max_message")

_SCHEME = re.compile(r"wss?(?=://)", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A WebSocket that is to be opened."""

    url: str
    headers: dict[str, str]
    protocols: list[Any]
    timeout: float
    max_message: int
    verify: bool | str

    def failure(self, kind: type[errors.Error], reason: str, **fields: Any) -> errors.Error:
        """Return an error of the opening."""
        return failure(kind, reason, self.url, **fields)

    def late(self) -> errors.Error:
        """Return the error of a server that takes too long."""
        reason = f"no answer within {format_ms(self.timeout)}"
        return self.failure(errors.TimeoutError, reason, limit=self.timeout)


def failure(kind: type[errors.Error], reason: str, url: str, **fields: Any) -> errors.Error:
    """Return an error of the connection to `url`."""
    return kind(f"WebSocket failed: {reason}: {url}", method="GET", url=url, **fields)


def asked(url: str, options: dict[str, Any]) -> Asked:
    """Check what a client asks for; raises TypeError or ValueError."""
    known(options, OPTIONS)
    what = Asked(
        url=url,
        headers=headers(options),
        protocols=protocols(options),
        timeout=milliseconds("timeout", options.get("timeout", TIMEOUT)),
        max_message=count(options, "max_message", MAX_MESSAGE),
        verify=verify(options),
    )
    scheme = _SCHEME.match(url)
    wrong = flaw(_SCHEME.sub("http", url)) if scheme else "it begins with neither ws:// nor wss://"
    if wrong is None and "#" in url:
        wrong = "it has a fragment"
    if wrong is not None:
        raise what.failure(errors.ValueError, f"malformed URL, {wrong}")
    return what


def protocols(options: dict[str, Any]) -> list[Any]:
    """Return the names of the option `protocols`."""
    given = options.get("protocols", [])
    if not isinstance(given, list):
        raise errors.TypeError(f"the HTTP option protocols expects an array, got {type_name(given)}")
    for name in given:
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise errors.ValueError(f"not a name of a protocol: {print_text(name)}")
    return given


def served(options: dict[str, Any]) -> tuple[list[Any], int]:
    """Check the options of a route; return the names of its protocols, and the size of the largest message."""
    known(options, SERVED)
    return protocols(options), count(options, "max_message", MAX_MESSAGE)
