"""Channels and `select`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hocket import errors
from hocket.runtime import selection
from hocket.runtime.channels import UNBOUNDED, Channel, Pipe, Receiver, Sender
from hocket.runtime.current import caller, current_task
from hocket.runtime.enums import NONE, SOME
from hocket.runtime.registry import builtin, method
from hocket.runtime.values import type_name


def whole(name: str, what: str, n: Any, least: int) -> int:
    """Return `n` if it is an int of at least `least`; `what` is what it is for the function `name`."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise errors.TypeError(f"{name}() expects an int as {what}, got {type_name(n)}")
    if n < least:
        raise errors.ValueError(f"{name}() expects a {what} of at least {least}, got {n}")
    return n


@builtin
def channel(capacity: int | None = None, external: bool = False) -> Channel:
    """Return a channel that holds `capacity` values, any number of them without it; with 0 each waits for its receiver.

    Values come out in the order in which they were sent. `external` says that a later cell, or Python,
    may use the channel, so that waiting for it is no deadlock.

    ```
    let ch := channel(2)
    spawn {
        for n in 1..=3 { await ch.send(n) }
        ch.close()
    }
    for await n in ch { print(n) }
    # expect: 1
    # expect: 2
    # expect: 3
    print(ch, channel(), ch.closed, ch.capacity)  # expect: <channel 0/2> <channel 0> true 2
    ```
    """
    room = UNBOUNDED if capacity is None else whole("channel", "capacity", capacity, 0)
    return Channel(Pipe(room, external))


@method(Sender, Channel)
async def send(c: Sender | Channel, value: Any) -> None:
    """Send `value`, waiting while the channel is full.

    Raises ChannelClosed when it is closed, or is being closed meanwhile; then nothing was sent.

    ```
    let ch := channel()
    ch.close()
    await ch.send(1)  # error: ChannelClosed: send on a closed channel
    ```
    """
    pipe = c.pipe
    # Nearly always there is room, and nobody waits.
    if not pipe.receivers and len(pipe.values) < pipe.room and not pipe.returned and not pipe.is_closed:
        pipe.values.append(value)
    elif not pipe.offer(value):
        await pipe.send(value)


@method(Sender, Channel)
def try_send(c: Sender | Channel, value: Any) -> bool:
    """Send `value` if that needs no waiting; whether it was sent.

    ```
    let ch := channel(1)
    print(ch.try_send("a"), ch.try_send("b"), ch)  # expect: true false <channel 1/1>
    ```
    """
    return c.pipe.offer(value)


@method(Receiver)
async def receive(c: Receiver) -> Any:
    """Return the oldest value, waiting while there is none; a promise is given as it is.

    Raises ChannelClosed when the channel is closed and empty.

    ```
    let ch := channel(4)
    await ch.send("kept")
    ch.close()
    print(await ch.receive())  # expect: kept
    await ch.receive()         # error: ChannelClosed: receive on a closed channel
    ```
    """
    pipe = c.pipe
    # Nearly always there is a value, and nobody waits.
    if pipe.values and not pipe.senders and not pipe.returned and not pipe.is_closed:
        return pipe.values.popleft()
    return await pipe.receive()


@method(Receiver)
def try_receive(c: Receiver) -> Any:
    """Return `Some(oldest value)`, `None` if there is none now.

    ```
    let ch := channel()
    ch.try_send(null)
    print(ch.try_receive(), ch.try_receive())  # expect: Some(null) None
    ```
    """
    return SOME(c.pipe.take()) if c.pipe.has_value else NONE


@method(Sender, Receiver)
def close(c: Sender | Receiver) -> None:
    """Let nothing more be sent; what was sent can still be received. Closing again is fine.

    ```
    let ch := channel()
    await ch.send(1)
    ch.close()
    print(await collect(ch), ch.closed)  # expect: [1] true
    ```
    """
    c.pipe.close()


@method(Channel)
def split(c: Channel) -> list[Any]:
    """Return `[sender, receiver]`, the ends of the channel: one only sends, the other only receives; both can close it.

    ```
    [tx, rx] := channel(1).split()
    await tx.send("through")
    print(await rx.receive(), tx, rx)  # expect: through <sender 0/1> <receiver 0/1>
    tx.receive()                       # error: Field not found: receive
    ```
    """
    return [Sender(c.pipe), Receiver(c.pipe)]


@builtin
async def select(sources: Iterable[Any]) -> list[Any]:
    """Wait for the first of several channels, promises and timers; return `[index, value]`.

    Of several that are ready, the one after the last winner is taken. The others lose nothing, and a promise
    goes on. A rejected promise raises; so does a channel that is closed and empty.

    ```
    let a := channel()
    let b := channel()
    await b.send("from b")
    print(await select([a, b]))            # expect: [1, from b]
    print(await select([a, timer(10ms)]))  # expect: [1, null]
    ```
    """
    values = sources if isinstance(sources, list) else list(sources)
    if not values:
        raise errors.ValueError("select() expects at least one channel or promise, got none")
    code, instruction = caller()
    task = current_task()
    if code is None and task is not None:
        code, instruction = task.code, task.instruction
    won = await selection.select((id(code), instruction), values)
    return [won.cases[0], won.value]
