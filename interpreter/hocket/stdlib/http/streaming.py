"""Bodies that are read while they come: in chunks, by line, or as server-sent events."""

from __future__ import annotations

import codecs
import io
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from hocket import errors
from hocket.runtime.guests import python
from hocket.runtime.holds import unlimited
from hocket.runtime.registry import builtin
from hocket.runtime.streams import Stream
from hocket.runtime.values import print_text
from hocket.stdlib.http.exchange import in_time, ready
from hocket.stdlib.http.failures import as_network_error
from hocket.stdlib.http.pool import pool
from hocket.stdlib.http.requests import Request, option, request
from hocket.stdlib.http.results import charset

if TYPE_CHECKING:
    from hocket.stdlib.http.client import Client

LINE_LIMIT = 10_000_000
"""Characters of one line or event that are kept; more is an error, so that memory stays bounded."""

Parts = AsyncIterator[bytes]


async def chunks(parts: Parts, encoding: str) -> AsyncIterator[Any]:
    """Yield the bytes as they come."""
    async for part in parts:
        if part:
            yield part


async def lines(parts: Parts, encoding: str) -> AsyncIterator[str]:
    """Yield the lines without their ends, which are LF, CR LF or CR."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)
    rest = ""
    async for part in parts:
        *found, rest = (rest + decoder.decode(part)).split("\n")
        for line in found:
            yield line
        if len(rest) > LINE_LIMIT:
            raise errors.TooLarge(f"a line of the answer has more than {LINE_LIMIT} characters")
    *found, rest = (rest + decoder.decode(b"", True)).split("\n")
    for line in [*found, rest] if rest else found:
        yield line


async def events(parts: Parts, encoding: str) -> AsyncIterator[dict[str, Any]]:
    """Yield `{event, data, id}` for each server-sent event, as the HTML standard reads them."""
    event, last_id = "", ""
    data: list[str] = []
    async for line in lines(parts, "utf-8"):
        if not line:
            if data:
                yield {"event": event or "message", "data": "\n".join(data), "id": last_id}
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)
        elif name == "id" and "\0" not in value:
            last_id = value


READERS: dict[str, Callable[[Parts, str], AsyncIterator[Any]]] = {"chunks": chunks, "lines": lines, "events": events}


_END: Any = object()


async def _next(parts: AsyncIterator[Any]) -> Any:
    return await anext(parts, _END)


class HttpStream(Stream):
    """The body of an answer, which is asked for when the first part is wanted."""

    def __init__(self, asked: Request, by: str) -> None:
        self._request = asked
        self._by = by
        self._parts: AsyncIterator[Any] | None = None

    @unlimited
    async def __anext__(self) -> Any:
        with as_network_error(self._request):
            if self._parts is None:
                asked = await ready(self._request)
                self._parts = self._read(await pool().client(asked.verify), asked)
            part = await in_time(self._request, python(_next(self._parts)))
        if part is _END:
            raise StopAsyncIteration
        return part

    async def _read(self, client: Client, asked: Request) -> AsyncIterator[Any]:
        async with aclosing(await client.send(asked)) as answer:
            if answer.status >= 400:
                reason = f"status {answer.status} from {asked.url}"
                raise asked.failure(errors.HttpError, reason, status=answer.status)
            encoding = charset(answer.headers.get("content-type", "")) or "utf-8"
            try:
                codecs.lookup(encoding)
            except LookupError:
                encoding = "utf-8"
            async for part in READERS[self._by](answer, encoding):
                yield part

    async def aclose(self) -> None:
        """Let go of the connection."""
        parts = self._parts
        if parts is not None:
            await python(parts.aclose())  # type: ignore[attr-defined]
        await self._request.close_body()

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<stream {self._request.method} {self._request.url}>"


@builtin
def http_stream(url: str, by: str = "chunks", options: dict[str, Any] | None = None) -> HttpStream:
    r"""Return the body of the answer as a stream, in bounded memory; the request is sent when the first part is wanted.

    `by` is `chunks` (bytes as they come), `lines` (text), or `events` (server-sent events: `{event, data, id}`).
    Options are those of `async_http_request`, and `method`; `timeout` is for each part. A status of 400 or more is
    an HttpError with the field `status`. A loop that is left closes the connection.

    ```
    let server := http_serve({"/": () => "one\ntwo\n"})
    for await line in http_stream(server.url, by = "lines") { print(line) }
    # expect: one
    # expect: two
    server.stop()
    ```
    """
    if options is not None and not isinstance(options, dict):
        raise TypeError
    if by not in READERS:
        raise errors.ValueError(f"http_stream() reads by {', '.join(READERS)}, got {print_text(by)}")
    options = dict(options or {})
    verb = option(options, "method", str, "GET")
    options.pop("method", None)
    return HttpStream(request(verb, url, options), by)
