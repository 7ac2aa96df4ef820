"""WebSockets: messages both ways over one connection, for clients and in the routes of servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocket import errors
from hocket.runtime.current import current_scheduler
from hocket.runtime.promises import Promise
from hocket.runtime.registry import builtin, method
from hocket.runtime.tasks import Operation
from hocket.runtime.threads import in_thread
from hocket.runtime.values import type_name
from hocket.stdlib.websockets.handlers import SocketHandler, load
from hocket.stdlib.websockets.options import Asked, asked, served
from hocket.stdlib.websockets.sockets import WebSocket

__all__ = ["SocketHandler", "WebSocket"]


async def _connect(what: Asked) -> WebSocket:
    await in_thread(load)
    from hocket.stdlib.websockets.connecting import connect

    return await connect(what)


@builtin
def websocket(target: str | Callable[..., Any], options: dict[str, Any] | None = None) -> Promise | SocketHandler:
    """Connect to a WebSocket by its URL: the promise of `send`, `receive`, `close`, `ping`; or make a function a route.

    Options: `headers`, `protocols` (an array of names, of which the server may choose one), `timeout` in milliseconds
    (30 s) for connecting, `max_message` in bytes (16 MB), `verify` (false, or a file of certificates). Rejects with
    ConnectError, HttpError when the server refuses (with the field `status`), NetworkError or TimeoutError.

    With a function it is a route of `http_serve`: each client runs it with its socket, whose `request` is what the
    client asked with. The socket is closed when the function ends: with code 1011 when it fails, which is reported.
    Options there: `protocols`, `max_message`.

    ```
    let server := http_serve({"/echo": websocket(async socket => {
        for await message in socket { await socket.send("got ${message}") }
    })})
    let socket := await websocket(server.url.replace("http", "ws") + "/echo")
    await socket.send("hello")
    print(await socket.receive())           # expect: got hello
    await socket.close()
    print(socket.closed, socket.code)       # expect: true 1000
    await server.stop()
    ```
    """
    if not isinstance(options, dict | None):
        raise TypeError
    if isinstance(target, str):
        return Operation(_connect(asked(target, options or {})), "websocket")
    if not callable(target):
        raise errors.TypeError(f"websocket() expects a URL or a function, got {type_name(target)}")
    current_scheduler().executor.submit(load)
    return SocketHandler(target, *served(options or {}))


@method(WebSocket)
async def send(socket: WebSocket, message: str | bytes) -> None:
    """Send text or bytes, waiting while the other side is slower.

    Raises ChannelClosed when the WebSocket is closed, NetworkError when the connection is lost.

    ```
    let server := http_serve({"/": websocket(async socket => { await socket.send(bytes([1, 2])) })})
    let socket := await websocket("ws://127.0.0.1:${server.port}/")
    print(await socket.receive())  # expect: bytes[1, 2]
    await socket.receive()         # error: ChannelClosed: receive on a closed WebSocket
    ```
    """
    await socket.send(message)


@method(WebSocket)
async def receive(socket: WebSocket) -> Any:
    """Return the next message, text or bytes; a receive that is cancelled has taken none.

    Raises ChannelClosed, with the fields `code` and `reason`, when it is closed and all messages are taken; TooLarge
    for a message over the limit, and NetworkError when the connection is lost. `for await` ends when it is closed as
    it should, and raises otherwise.

    ```
    let server := http_serve({"/": websocket(async socket => { await socket.close(4000, "full") })})
    let socket := await websocket("ws://127.0.0.1:${server.port}/")
    try { await socket.receive() } except ChannelClosed e { print(e.code, e.reason) }  # expect: 4000 full
    await server.stop()
    ```
    """
    return await socket.receive()


@method(WebSocket)
async def close(socket: WebSocket, code: int = 1000, reason: str = "") -> None:
    """Close it, and wait until the other side has seen it, five seconds at most; again is fine. `with` closes too.

    ```
    let server := http_serve({"/": websocket(async socket => {
        for await message in socket { print(message) }  # expect: hello
        print(socket.code, socket.reason)               # expect: 1000 bye
    })})
    with await websocket("ws://127.0.0.1:${server.port}/") as socket {
        await socket.send("hello")
        await socket.close(1000, "bye")
    }
    await server.stop()
    ```
    """
    await socket.close(code, reason)


@method(WebSocket)
async def ping(socket: WebSocket) -> float:
    """Ask the other side for a sign of life; return after how many milliseconds it came.

    Pings of the other side are answered without your doing. Raises as `send`.

    ```
    let server := http_serve({"/": websocket(async socket => { await socket.receive() })})
    with await websocket("ws://127.0.0.1:${server.port}/") as socket {
        print(await async_timeout(socket.ping(), 5s) < 5000)  # expect: true
    }
    await server.stop()
    ```
    """
    return await socket.ping()
