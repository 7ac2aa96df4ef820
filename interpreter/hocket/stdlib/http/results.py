"""The answer to a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from hocket import errors
from hocket.runtime.registry import method
from hocket.runtime.values import print_text
from hocket.stdlib import json


@dataclass(frozen=True)
class HttpResult:
    """The answer to a request; header names are in small letters, `elapsed` is in milliseconds."""

    members: ClassVar[frozenset[str]] = frozenset({"status", "body", "bytes", "headers", "url", "elapsed", "ok"})

    status: int
    url: str
    headers: dict[str, str]
    bytes: bytes = field(repr=False)
    body: str
    elapsed: float

    @property
    def ok(self) -> bool:
        """Whether the status says that all went well."""
        return 200 <= self.status < 300

    def __getitem__(self, name: str) -> Any:
        if name in self.members:
            return getattr(self, name)
        raise errors.KeyError(f'Missing map key: "{print_text(name)}"')

    def print_fields(self) -> dict[str, Any]:
        """Return what is printed: what the same request gives again."""
        return {"status": self.status, "url": self.url, "body": self.body}


@method(HttpResult)
def json_(result: HttpResult) -> Any:
    """Return the value that the body is as JSON; raises ParseError.

    ```
    let server := http_serve({"/": request => ({a: [1]})})
    print((await fetch(server.url)).json().a)  # expect: [1]
    await server.stop()
    ```
    """
    return json.decode(result.body)


@lru_cache(maxsize=64)
def charset(content_type: str) -> str | None:
    """Return the encoding that a content type names, None if none."""
    from email.message import Message  # not before there is an answer: it brings a dozen modules

    message = Message()
    message["content-type"] = content_type
    return message.get_content_charset()


def decoded(content: bytes, encoding: str | None) -> str:
    """Return the text of a body; what its encoding cannot read is shown as �."""
    try:
        return content.decode(encoding or "utf-8", "replace")
    except (LookupError, ValueError):  # no encoding at all, or one that is not for texts
        return content.decode("utf-8", "replace")
