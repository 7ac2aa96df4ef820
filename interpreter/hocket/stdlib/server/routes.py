"""Which handler is for which request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from hocket import errors
from hocket.runtime.chaining import answer
from hocket.runtime.values import print_text, type_name
from hocket.stdlib.server.messages import Answer, HttpRequest, prepare

Handler = Callable[..., Any]


class Route(NamedTuple):
    """A pattern of paths, in parts, and its handler; without a method it is for all of them."""

    method: str | None
    parts: tuple[str, ...]
    handler: Handler

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return the values of the pattern's parameters in a path, None if it does not fit."""
        if len(parts) != len(self.parts):
            return None
        params: dict[str, str] = {}
        for wanted, got in zip(self.parts, parts, strict=True):
            if wanted.startswith(":") and got:
                params[wanted[1:]] = got
            elif wanted != got:
                return None
        return params

    @property
    def rank(self) -> tuple[list[bool], bool]:
        """Order key that puts what is more exact first: fixed parts, then a method."""
        return [part.startswith(":") for part in self.parts], self.method is None


@dataclass(frozen=True)
class Found:
    """The handler of a request, and the values of the path's parameters."""

    handler: Handler
    params: dict[str, str]


@dataclass(frozen=True)
class NotFound:
    """No handler; `allowed` are the methods that the path has handlers for."""

    allowed: list[str]


class Routes:
    """The routes of one server; raises TypeError or ValueError for what is no route."""

    def __init__(self, routes: dict[str, Handler]) -> None:
        self._routes = sorted((_route(key, handler) for key, handler in routes.items()), key=lambda route: route.rank)

    def find(self, method: str, path: str) -> Found | NotFound:
        """Return the handler for a request; that for GET is also for HEAD."""
        parts = [unquote(part) for part in path.split("/")]
        fitting = [(route, params) for route in self._routes if (params := route.match(parts)) is not None]
        for wanted in (method, "GET") if method == "HEAD" else (method,):
            for route, params in fitting:
                if route.method in (None, wanted):
                    return Found(route.handler, params)
        allowed = {route.method for route, _ in fitting if route.method is not None}
        return NotFound(sorted(allowed | {"HEAD"} if "GET" in allowed else allowed))


def _route(key: Any, handler: Any) -> Route:
    words = key.split() if isinstance(key, str) and "?" not in key else []
    if not 1 <= len(words) <= 2 or not words[-1].startswith("/") or not all(word.isalpha() for word in words[:-1]):
        raise errors.ValueError(
            f"not a route: {print_text(key)}", hint='a route is a path, or method and path: "/", "POST /items/:id"'
        )
    if not callable(handler):
        raise errors.TypeError(f"the route {key} expects a function, got {type_name(handler)}")
    parts = tuple(part if part.startswith(":") else unquote(part) for part in words[-1].split("/"))
    names = [part for part in parts if part.startswith(":")]
    if ":" in names or len(set(names)) < len(names):
        raise errors.ValueError(f"the parameters of the route {key} need names of their own")
    return Route(words[0].upper() if len(words) == 2 else None, parts, handler)


async def handle(handler: Handler, request: HttpRequest) -> Answer:
    """Return what `handler` answers; raises what it raises, and TypeError if that is no answer."""
    return prepare(await answer(handler, request))
