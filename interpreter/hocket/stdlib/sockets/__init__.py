"""Sockets: connections over TCP, and datagrams over UDP.

The plain forms suspend in an async context and block in a plain function.
"""

from __future__ import annotations

import socket as system
from typing import Any, TypeVar

from hocket import errors
from hocket.runtime.holds import unlimited
from hocket.runtime.registry import builtin, method
from hocket.runtime.work import Work, at_once, on_loop
from hocket.stdlib.encodings import to_bytes
from hocket.stdlib.sockets.handles import HELD, Handle, TcpConnection, TcpListener, UdpSocket, connected, opened
from hocket.stdlib.time import milliseconds

TIMEOUT = 30_000

H = TypeVar("H", bound=Handle)


def _checked(host: Any, port: Any) -> tuple[str, int]:
    """Return an address; raises TypeError or ValueError for what is none."""
    if not isinstance(host, str) or not isinstance(port, int) or isinstance(port, bool):
        raise TypeError
    if not 0 <= port <= 65535:
        raise errors.ValueError(f"a port is a number from 0 to 65535, got {port}")
    return host, port


def _is(handle: Any, *kinds: type[H]) -> H:
    if not isinstance(handle, kinds):
        raise TypeError
    return handle


def _size(size: Any, binary: Any) -> tuple[int, bool]:
    if not isinstance(size, int) or isinstance(size, bool) or not isinstance(binary, bool):
        raise TypeError
    if size < 1:
        raise errors.ValueError(f"a positive size is expected, got {size}")
    return size, binary


def _listening(host: str, port: int) -> Work[TcpListener]:
    return opened(TcpListener, "listen at", system.SOCK_STREAM, *_checked(host, port))


async def _async_listen(host: str, port: int) -> TcpListener:
    return await on_loop(_listening(host, port))


@builtin(suspending=_async_listen)
def tcp_listen(host: str, port: int) -> TcpListener:
    r"""Take connections at `host` and `port`, any free one for 0; the listener has `host`, `port` and `closed`.

    `for await connection in listener` goes through the connections until it is closed: by `tcp_close` or `close`, at
    the end of a `with`, or with the session. Raises PermissionDenied, ConnectError for an unknown host, NetworkError.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    spawn {
        for await connection in listener {
            for await line in connection { connection.tcp_send("${line.upper()}\n") }
        }
    }
    with tcp_connect("127.0.0.1", listener.port) as connection {
        connection.tcp_send("hello\n")
        print(connection.tcp_receive().trim())  # expect: HELLO
    }
    listener.close()
    ```
    """
    return at_once(_listening(host, port))


def _connecting(host: str, port: int, timeout: int | float) -> Work[TcpConnection]:
    return connected(*_checked(host, port), milliseconds("timeout", timeout))


@builtin
@unlimited
async def async_tcp_connect(host: str, port: int, timeout: int | float = TIMEOUT) -> TcpConnection:  # noqa: ASYNC109
    """Connect to `host` at `port`, within `timeout` milliseconds; the connection has `host`, `port` and `closed`.

    `for await line in connection` goes through the lines that come, without their ends, up to 16 MB each. It is closed
    as a listener is. Raises PermissionDenied, ConnectError or TimeoutError.

    ```
    try { await async_tcp_connect("127.0.0.1", 1) } except ConnectError e { print(e.message, e.port) }
    # expect: Failed to connect to 127.0.0.1:1: Connection refused 1
    ```
    """
    return await on_loop(_connecting(host, port, timeout))


@builtin(suspending=async_tcp_connect)
def tcp_connect(host: str, port: int, timeout: int | float = TIMEOUT) -> TcpConnection:
    """Connect to `host` at `port`, as `async_tcp_connect` does.

    ```
    tcp_connect("127.0.0.1", 1)  # error: ConnectError: Failed to connect to 127.0.0.1:1: Connection refused
    ```
    """
    return at_once(_connecting(host, port, timeout))


def _accepting(listener: TcpListener) -> Work[TcpConnection | None]:
    return _is(listener, TcpListener).accept(listener.waits)


@builtin
async def async_tcp_accept(listener: TcpListener) -> TcpConnection | None:
    """Return the next connection that somebody makes; its `host` and `port` are theirs.

    A cancelled wait has taken none. Raises NetworkError when the listener is closed. It is null when there is none yet
    and the listener is not to wait, as `tcp_set_nonblocking` says.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    let client := tcp_connect("127.0.0.1", listener.port)
    let connection := await async_tcp_accept(listener)
    print(connection.host)  # expect: 127.0.0.1
    ```
    """
    return await on_loop(_accepting(listener))


@builtin(suspending=async_tcp_accept)
def tcp_accept(listener: TcpListener) -> TcpConnection | None:
    """Return the next connection that somebody makes, as `async_tcp_accept` does.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    listener.close()
    try { tcp_accept(listener) } except NetworkError e { print(e.reason) }  # expect: the tcp listener is closed
    ```
    """
    return at_once(_accepting(listener))


def _sending(connection: TcpConnection, data: str | bytes) -> Work[int]:
    return _is(connection, TcpConnection).send(to_bytes(data))


@builtin
async def async_tcp_send(connection: TcpConnection, data: str | bytes) -> int:
    """Send text, as UTF-8, or bytes; return how many bytes, all of them.

    It waits while the other side is slower. What several tasks send is not mixed; of what is cancelled half-way, the
    rest goes before what is sent next. Raises NetworkError when the connection is closed or lost.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    with tcp_connect("127.0.0.1", listener.port) as connection {
        print(await async_tcp_send(connection, "é"), await async_tcp_send(connection, bytes([1])))  # expect: 2 1
        print(tcp_receive(tcp_accept(listener), binary = true))  # expect: bytes[195, 169, 1]
    }
    ```
    """
    return await on_loop(_sending(connection, data))


@builtin(suspending=async_tcp_send)
def tcp_send(connection: TcpConnection, data: str | bytes) -> int:
    """Send text or bytes, as `async_tcp_send` does; return how many bytes.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    let connection := tcp_connect("127.0.0.1", listener.port)
    print(tcp_send(connection, "hello"))  # expect: 5
    tcp_close(connection)
    try { tcp_send(connection, "late") } except e { print(e.reason) }  # expect: the tcp connection is closed
    ```
    """
    return at_once(_sending(connection, data))


def _receiving(connection: TcpConnection, size: int, binary: bool) -> Work[Any]:
    return _is(connection, TcpConnection).receive(*_size(size, binary))


@builtin
async def async_tcp_receive(connection: TcpConnection, size: int = HELD, binary: bool = False) -> Any:
    """Return what has come, at most `size` characters of text, or bytes if it is `binary`; waits until there is any.

    At the end of the connection it is empty. A cancelled receive has taken nothing. Raises NetworkError when the
    connection is closed or lost, and when what comes next is no UTF-8, which can still be received as bytes.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    with tcp_connect("127.0.0.1", listener.port) as connection {
        tcp_send(tcp_accept(listener), "héllo")
        print(await async_tcp_receive(connection, 2))                 # expect: hé
        print(await async_tcp_receive(connection, 2, binary = true))  # expect: bytes[108, 108]
    }
    ```
    """
    return await on_loop(_receiving(connection, size, binary))


@builtin(suspending=async_tcp_receive)
def tcp_receive(connection: TcpConnection, size: int = HELD, binary: bool = False) -> Any:
    """Return what has come, as `async_tcp_receive` does.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    let connection := tcp_connect("127.0.0.1", listener.port)
    with tcp_accept(listener) as other { other.tcp_send("bye") }
    print(tcp_receive(connection), tcp_receive(connection) == "")  # expect: bye true
    ```
    """
    return at_once(_receiving(connection, size, binary))


@builtin
def tcp_close(socket: TcpConnection | TcpListener) -> None:
    """Close a connection or a listener; who waits for it fails with a NetworkError. Again is fine.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    tcp_close(listener)
    tcp_close(listener)
    print(listener.closed)  # expect: true
    ```
    """
    _is(socket, TcpConnection, TcpListener).close()


@builtin
def tcp_set_nonblocking(socket: TcpConnection | TcpListener, nonblocking: bool = True) -> None:
    """Have `tcp_accept`, `tcp_receive` and `tcp_send` of a socket never wait, or wait again.

    Where they would have to wait, accepting and receiving give null, and sending gives how many bytes could be sent.

    ```
    let listener := tcp_listen("127.0.0.1", 0)
    tcp_set_nonblocking(listener)
    print(tcp_accept(listener))  # expect: null
    ```
    """
    if not isinstance(nonblocking, bool):
        raise TypeError
    _is(socket, TcpConnection, TcpListener).waits = not nonblocking


def _binding(host: str, port: int) -> Work[UdpSocket]:
    return opened(UdpSocket, "bind to", system.SOCK_DGRAM, *_checked(host, port))


async def _async_bind(host: str, port: int) -> UdpSocket:
    return await on_loop(_binding(host, port))


@builtin(suspending=_async_bind)
def udp_bind(host: str, port: int) -> UdpSocket:
    """Take datagrams at `host` and `port`, any free one for 0; the socket has `host`, `port` and `closed`.

    It is closed by `udp_close` or `close`, at the end of a `with`, or with the session. Raises PermissionDenied,
    ConnectError for an unknown host, NetworkError.

    ```
    with udp_bind("127.0.0.1", 0) as one {
        with udp_bind("127.0.0.1", 0) as other {
            udp_send_to(one, "hello", "127.0.0.1", other.port)
            print(udp_receive_from(other).data)  # expect: hello
        }
    }
    ```
    """
    return at_once(_binding(host, port))


def _sending_to(socket: UdpSocket, data: str | bytes, host: str, port: int) -> Work[int | None]:
    content = to_bytes(data)
    return _is(socket, UdpSocket).send_to(content, *_checked(host, port))


@builtin
async def async_udp_send_to(socket: UdpSocket, data: str | bytes, host: str, port: int) -> int | None:
    """Send text, as UTF-8, or bytes as one datagram; return how many bytes.

    Whether it arrives nobody says. Raises PermissionDenied, ConnectError for an unknown host, NetworkError.

    ```
    with udp_bind("127.0.0.1", 0) as socket {
        print(await async_udp_send_to(socket, "é", "127.0.0.1", socket.port))  # expect: 2
    }
    ```
    """
    return await on_loop(_sending_to(socket, data, host, port))


@builtin(suspending=async_udp_send_to)
def udp_send_to(socket: UdpSocket, data: str | bytes, host: str, port: int) -> int | None:
    """Send a datagram, as `async_udp_send_to` does; return how many bytes.

    ```
    with udp_bind("127.0.0.1", 0) as socket {
        socket.udp_send_to("x".repeat(70000), "127.0.0.1", 9)  # error: Failed to send to 127.0.0.1:9: Message too long
    }
    ```
    """
    return at_once(_sending_to(socket, data, host, port))


def _receiving_from(socket: UdpSocket, size: int, binary: bool) -> Work[dict[str, Any] | None]:
    return _is(socket, UdpSocket).receive(*_size(size, binary))


@builtin
async def async_udp_receive_from(socket: UdpSocket, size: int = HELD, binary: bool = False) -> dict[str, Any] | None:
    """Return the next datagram: `{data, host, port}`, of whom it is from; `data` is text, bytes if it is `binary`.

    Of one with more than `size` bytes the rest is lost. A cancelled wait has taken none. Raises NetworkError when the
    socket is closed, and for a datagram that is no UTF-8, which can still be received as bytes.

    ```
    with udp_bind("127.0.0.1", 0) as socket {
        udp_send_to(socket, "hé", "127.0.0.1", socket.port)
        let got := await async_udp_receive_from(socket)
        print(got.data, got.host, got.port == socket.port)  # expect: hé 127.0.0.1 true
    }
    ```
    """
    return await on_loop(_receiving_from(socket, size, binary))


@builtin(suspending=async_udp_receive_from)
def udp_receive_from(socket: UdpSocket, size: int = HELD, binary: bool = False) -> dict[str, Any] | None:
    """Return the next datagram, as `async_udp_receive_from` does.

    ```
    with udp_bind("127.0.0.1", 0) as socket {
        udp_send_to(socket, bytes([255]), "127.0.0.1", socket.port)
        try { udp_receive_from(socket) } except e { print(e.reason) }  # expect: invalid UTF-8 at byte 0 (0xff)
        print(udp_receive_from(socket, binary = true).data)            # expect: bytes[255]
    }
    ```
    """
    return at_once(_receiving_from(socket, size, binary))


@builtin
def udp_close(socket: UdpSocket) -> None:
    """Close a socket; who waits for it fails with a NetworkError. Again is fine.

    ```
    let socket := udp_bind("127.0.0.1", 0)
    udp_close(socket)
    udp_close(socket)
    try { udp_receive_from(socket) } except NetworkError e { print(e.reason) }  # expect: the udp socket is closed
    ```
    """
    _is(socket, UdpSocket).close()


@method(TcpConnection, TcpListener, UdpSocket)
def close(socket: Any) -> None:
    """Close it, as `tcp_close` and `udp_close` do.

    ```
    let socket := udp_bind("127.0.0.1", 0)
    socket.close()
    print(socket.closed)  # expect: true
    ```
    """
    socket.close()
