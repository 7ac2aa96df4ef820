"""Sockets between a program and others, and what is left of them."""

from __future__ import annotations

import asyncio
import gc
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Callable
from typing import Any

import pytest

from hocket import errors, host
from hocket.runtime import holds
from hocket.session import Session


def run(program: str, clock: str | None = None, then: Callable[[Session], object] | None = None, **values: Any) -> Any:
    """Return the value of `program`; raises its error.  Nothing may wait at the end."""

    async def main() -> Any:
        session = Session(clock=clock)
        for name, value in values.items():
            session.assign(name, value)
        outcome = await asyncio.wait_for(session.run(program), 30)
        assert session.scheduler.holds == session.scheduler.external == 0
        if then is not None:
            then(session)
        await session.close()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    return host.run_alone(main())


def test_the_virtual_clock_stands_still_for_one_who_has_asked_another_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = """
            let client := tcp_connect("127.0.0.1", port)
            let waiting := spawn { timeout 1s { client.tcp_receive() } }
            await yield_now()
            answer()
            await waiting
        """
        taken: list[socket.socket] = []

        def answer() -> None:
            # Real time passes, of which the virtual clock knows nothing.
            taken.append(server.accept()[0])
            asyncio.get_running_loop().call_later(0.05, taken[0].sendall, b"in time")

        assert run(program, clock="virtual", port=server.getsockname()[1], answer=answer) == "in time"
        taken[0].close()


def test_an_answer_that_never_comes_has_a_limit_under_the_virtual_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "LIMIT", 0.01)
    text = r"^async_tcp_receive\(\) took more than 0.01 s of real time"
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(errors.TimeoutError, match=text):
        run('tcp_connect("127.0.0.1", port).tcp_receive()', clock="virtual", port=server.getsockname()[1])


@pytest.mark.parametrize("program", ["connect()", "await async_tcp_connect(place, port, 20)"])
def test_a_connection_that_nobody_takes_has_a_limit(program: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = []
        for _ in range(4):  # more than the system holds for a server that takes none
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(address)
        text = f"func connect() {{ return tcp_connect(place, port, 20) }}\n{program}"
        with pytest.raises(
            errors.TimeoutError, match=r"^Failed to connect to 127.0.0.1:\d+: no answer within 20ms$"
        ) as e:
            run(text, place=address[0], port=address[1])
        for one in waiting:
            one.close()
    assert e.value.fields["limit"] == 20


def test_a_loop_that_cannot_tell_when_a_socket_is_ready_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise NotImplementedError

    for name in ("add_reader", "add_writer", "remove_reader", "remove_writer"):
        monkeypatch.setattr(BaseSelectorEventLoop, name, none)
    monkeypatch.setattr("hocket.host.wake_at_signals", lambda loop: lambda: None)
    program = """
        let listener := tcp_listen("127.0.0.1", 0)
        let late := spawn { tcp_accept(listener).tcp_receive() }
        try { timeout 30ms { tcp_accept(tcp_listen("127.0.0.1", 0)) } } except TimeoutError { }
        let client := tcp_connect("127.0.0.1", listener.port)
        await async_sleep(5)
        client.tcp_send("seen")
        await late
    """
    assert run(program) == "seen"


def test_sockets_are_closed_with_the_session_and_with_their_last_use() -> None:
    opened: list[socket.socket] = []

    def look(session: Session) -> None:
        gc.collect()
        opened.extend(session.value(name).socket for name in ("listener", "client", "socket"))
        assert [one.fileno() >= 0 for one in opened] == [True] * 3

    program = """
        let listener := tcp_listen("127.0.0.1", 0)
        let client := tcp_connect("127.0.0.1", listener.port)
        let socket := udp_bind("127.0.0.1", 0)
        let before := loop_stats().sockets
        for i in range(50) { tcp_connect("127.0.0.1", listener.port); tcp_accept(listener); udp_bind("127.0.0.1", 0) }
        loop_stats().sockets - before
    """
    assert run(program, then=look) == 0
    assert [one.fileno() for one in opened] == [-1] * 3


def test_a_session_ends_while_tasks_wait_for_sockets() -> None:
    program = """
        let listener := tcp_listen("127.0.0.1", 0)
        let client := tcp_connect("127.0.0.1", listener.port)
        spawn { tcp_receive(client) }
        spawn { for await connection in listener { for await line in connection { } } }
        await yield_now()
        loop_stats().tasks
    """

    async def main() -> Any:
        async with Session() as session:
            return (await session.run(program)).value

    assert host.run_alone(main()) == 2
