"""The HTTP libraries' exceptions as the language's errors."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from hocket import errors
from hocket.runtime.scopes import format_ms
from hocket.stdlib.http.requests import Chunks, Request

# The libraries' messages show what they could not read as Python writes bytes.
_BYTES = re.compile(r"bytearray\(|\bb['\"]")


@contextmanager
def as_network_error(request: Request) -> Iterator[None]:
    """Raise what the HTTP libraries raise as an error of `request`."""
    try:
        yield
    except Exception as error:
        raise_as_network_error(request, error)


def raise_as_network_error(request: Request, error: Exception) -> NoReturn:
    """Raise an exception of the HTTP libraries as an error of `request`, any other as it is.

    What is raised because the stream that is sent has failed is that failure.
    """
    content = request.arguments.get("content")
    if isinstance(content, Chunks) and content.failure is not None:
        raise content.failure
    found = None if isinstance(error, errors.Error) else translated(request, error)
    if found is None:
        raise error
    raise found from error


def translated(request: Request, error: Exception) -> errors.Error | None:
    """Return the language's error for `error`, None if it is none of the libraries'."""
    import aiohttp
    import httpx

    if isinstance(error, httpx.TimeoutException | TimeoutError):
        reason = f"no answer from {request.url} within {format_ms(request.timeout)}"
        return request.failure(errors.TimeoutError, reason, limit=request.timeout)
    if isinstance(error, aiohttp.InvalidURL | httpx.InvalidURL):
        return request.failure(errors.NetworkError, f"it could not be sent: {request.url}")
    kind = _kind(error)
    if kind is not None:
        return request.failure(kind, f"{_reason(error)}: {request.url}")
    if isinstance(error, ExceptionGroup | OverflowError | ValueError):  # of an address that it was redirected to
        return request.failure(errors.NetworkError, f"it could not be sent: {request.url}")
    return None


def _kind(error: Exception) -> type[errors.Error] | None:
    """Return the type of a failure to get an answer."""
    import aiohttp
    import httpx

    for foreign, kind in (
        ((aiohttp.ClientConnectorError, httpx.ConnectError, httpx.ProxyError), errors.ConnectError),
        (aiohttp.ServerDisconnectedError, errors.NetworkError),
        (
            (
                *(aiohttp.ClientResponseError, aiohttp.http.HttpProcessingError),
                *(httpx.ProtocolError, httpx.DecodingError, httpx.TooManyRedirects),
            ),
            errors.HttpError,
        ),
        ((aiohttp.ClientError, httpx.HTTPError), errors.NetworkError),
    ):
        if isinstance(error, foreign):
            return kind
    return None


def _reason(error: BaseException) -> str:
    """Return what the system said, which the libraries' own texts often hide."""
    import aiohttp

    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, aiohttp.ClientConnectorCertificateError):
            inner = inner.certificate_error
        if isinstance(inner, ssl.SSLCertVerificationError):
            return f"the server's certificate is not trusted, {inner.verify_message}"
        if isinstance(inner, aiohttp.ClientConnectorSSLError):
            return "the server does not speak TLS as it should"
        if isinstance(inner, OSError) and inner.strerror:
            # Of a refused connection asyncio says "Connect call failed".
            is_plain = isinstance(inner, ConnectionError | aiohttp.ClientOSError) and (inner.errno or 0) > 0
            return os.strerror(inner.errno or 0) if is_plain else inner.strerror
        if isinstance(inner, aiohttp.ServerDisconnectedError):
            return "the server closed the connection without an answer"
        if isinstance(inner, aiohttp.ClientPayloadError):
            return "the answer ended before its end"
        if isinstance(inner, aiohttp.ClientResponseError | aiohttp.http.HttpProcessingError):
            return f"the answer is not HTTP: {inner.message.partition(':')[0].splitlines()[0].lower()}"
        several = inner.exceptions if isinstance(inner, BaseExceptionGroup) else ()
        inner = several[0] if several else inner.__cause__ or inner.__context__
    text = str(error).rstrip(".")
    if _BYTES.search(text):
        return f"the answer is not HTTP: {text.partition(':')[0]}"
    return text or "the connection failed"
