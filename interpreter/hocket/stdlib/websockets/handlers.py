"""Functions of a program that converse with the clients of a server."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from hocket.runtime.values import name_type
from hocket.stdlib.server.messages import HttpRequest, HttpResponse, plain


class SocketHandler:
    """A function as a route for WebSockets; what asks for anything else is refused."""

    def __init__(self, function: Callable[..., Any], protocols: list[Any], max_message: int) -> None:
        self.function = function
        self.protocols = protocols
        self.max_message = max_message
        self.__name__ = getattr(function, "__name__", "websocket")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request that opens no WebSocket."""
        return plain(426, "a WebSocket is here", {"upgrade": "websocket"})

    def label(self, text: Callable[[Any], str]) -> str:
        """Return the printed form."""
        return f"<websocket {self.__name__}>"


name_type(SocketHandler, "route")


def load() -> None:
    """Load the library, which takes a while."""
    importlib.import_module("hocket.stdlib.websockets.connecting")
