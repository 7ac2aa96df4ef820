"""Channels and `select` against a model of plain lists, by random sequences of operations.

The machine does the same to both: it starts tasks, cancels them, sends, receives and
closes, and lets the tasks run only now and then, so that much happens within one turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hocket import errors
from hocket.runtime.channels import Channel, Pipe
from hocket.runtime.enums import NONE
from hocket.runtime.loop import Scheduler
from hocket.runtime.promise import PENDING
from hocket.runtime.selection import select
from hocket.runtime.tasks import SpawnedTask
from hocket.stdlib.channels import receive, send, try_receive, try_send

CLOSED, CANCELLED, SENT = "closed", "cancelled", "sent"
PROFILE = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    stateful_step_count=60,
    suppress_health_check=list(HealthCheck),
)
Number = int


class ModelChannel:
    """Values in the order in which they were let in, and who waits, in order."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.values: list[tuple[int, Any]] = []
        self.senders: list[tuple[Number, Any]] = []
        self.receivers: list[Number] = []
        self.is_closed = False


class Model:
    """What the channels and tasks should do.

    A task is a generator that yields when it waits; `ready` lists those that go on.
    """

    def __init__(self, rooms: list[int]) -> None:
        self.channels = [ModelChannel(room) for room in rooms]
        self.let_in = 0
        self.ready: list[Number] = []
        self.started: dict[Number, Any] = {}
        self.running: dict[Number, Any] = {}
        self.given: dict[Number, tuple[int, tuple[int, Any]]] = {}
        self.woken: set[Number] = set()
        self.ended: dict[Number, int] = {}
        self.cancelled: set[Number] = set()
        self.outcomes: dict[Number, Any] = {}

    # The channel

    def offer(self, at: int, value: Any) -> bool:
        channel = self.channels[at]
        if channel.is_closed:
            raise errors.ChannelClosed("")
        self.let_in += 1
        if channel.receivers:
            self.give(at, (self.let_in, value))
        elif len(channel.values) < channel.room:
            channel.values.append((self.let_in, value))
        else:
            return False
        return True

    def give(self, at: int, item: tuple[int, Any]) -> None:
        receiver = self.channels[at].receivers.pop(0)
        for channel in self.channels:
            channel.receivers = [other for other in channel.receivers if other != receiver]
        self.given[receiver] = (at, item)
        self.ready.append(receiver)

    def has_value(self, at: int) -> bool:
        return bool(self.channels[at].values or self.channels[at].senders)

    def is_ready(self, at: int) -> bool:
        return self.has_value(at) or self.channels[at].is_closed

    def take(self, at: int) -> Any:
        channel = self.channels[at]
        if not channel.values:
            sender, value = channel.senders.pop(0)
            self.woken.add(sender)
            self.ready.append(sender)
            return value
        value = channel.values.pop(0)[1]
        while channel.senders and len(channel.values) < channel.room:
            sender, waiting = channel.senders.pop(0)
            self.let_in += 1
            channel.values.append((self.let_in, waiting))
            self.woken.add(sender)
            self.ready.append(sender)
        return value

    def close(self, at: int) -> None:
        channel = self.channels[at]
        channel.is_closed = True
        waiting = [*channel.receivers, *(sender for sender, _ in channel.senders)]
        for other in self.channels:
            other.receivers = [
                number for number in other.receivers if number not in channel.receivers or other is channel
            ]
        self.ended |= dict.fromkeys(channel.receivers, at)
        channel.receivers, channel.senders = [], []
        self.ready += waiting

    # The tasks

    def sending(self, number: Number, at: int, value: Any) -> Any:
        if not self.offer(at, value):
            self.channels[at].senders.append((number, value))
            yield
            if number not in self.woken:
                raise errors.ChannelClosed("")
        return SENT

    def choosing(self, number: Number, sources: list[int], ends: bool, rounds: int) -> Any:
        """`select` on several channels, so many times; with `ends` it takes their ends too."""
        got: list[Any] = []
        last = -1
        while len(got) < rounds:
            at = next((at for at in [*sources[last + 1 :], *sources[: last + 1]] if self.is_ready(at)), None)
            if at is None:
                for other in sources:
                    self.channels[other].receivers.append(number)
                yield
                at = self.ended.pop(number, None)
            if at is None:
                at, (_, value) = self.given.pop(number)
            elif self.has_value(at):
                value = self.take(at)
            elif ends:
                value = "end"
            else:
                raise errors.ChannelClosed("")
            got.append([at, value])
            last = sources.index(at)
        return got

    def start(self, number: Number, body: Any) -> None:
        self.started[number] = body
        self.ready.append(number)

    def cancel(self, number: Number) -> None:
        if number in self.outcomes or number in self.cancelled:
            return
        self.cancelled.add(number)
        if number in self.ready:
            return
        for channel in self.channels:
            channel.receivers = [other for other in channel.receivers if other != number]
            channel.senders = [entry for entry in channel.senders if entry[0] != number]
        self.ready.append(number)

    def run(self) -> None:
        while self.ready:
            number = self.ready.pop(0)
            if number in self.started:
                self.running[number] = self.started.pop(number)
            if number in self.cancelled:
                self.outcomes[number] = CANCELLED
                self.give_back(number)
                continue
            try:
                next(self.running[number])
            except StopIteration as stop:
                self.outcomes[number] = stop.value
            except errors.ChannelClosed:
                self.outcomes[number] = CLOSED

    def give_back(self, number: Number) -> None:
        if number not in self.given:
            return
        at, item = self.given.pop(number)
        if self.channels[at].receivers:
            self.give(at, item)
        else:
            self.channels[at].values = sorted([*self.channels[at].values, item])


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `function` returns, or that the channel is closed."""
    try:
        return function(*arguments)
    except errors.ChannelClosed:
        return CLOSED


class ChannelMachine(RuleBasedStateMachine):
    """The channels, and their model."""

    @initialize(rooms=st.lists(st.sampled_from([0, 1, 2, 100]), min_size=1, max_size=3))
    def begin(self, rooms: list[int]) -> None:
        self.loop = asyncio.new_event_loop()
        self.model = Model(rooms)
        self.scheduler = Scheduler()
        self.call(self.attach)
        self.channels = [Channel(Pipe(room)) for room in rooms]
        self.tasks: list[SpawnedTask] = []
        self.outcomes: dict[Number, Any] = {}
        self.values = 0

    async def attach(self) -> None:
        self.scheduler.attach()

    async def pause(self) -> None:
        while self.scheduler.ready:  # noqa: ASYNC110  there is nothing to be told by
            await asyncio.sleep(0)

    def call(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self.loop.run_until_complete(function())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.call(self.scheduler.close)
            self.loop.close()

    # Tasks

    def start(self, body: Callable[[], Coroutine[Any, Any, Any]], model: Callable[[Number], Any]) -> None:
        number = len(self.tasks)

        async def run() -> None:
            try:
                self.outcomes[number] = await body()
            except errors.ChannelClosed:
                self.outcomes[number] = CLOSED

        self.tasks.append(SpawnedTask(run(), f"task {number}"))
        self.model.start(number, model(number))

    async def sending(self, channel: Channel, value: Any) -> str:
        await send(channel, value)
        return SENT

    async def receiving(self, at: int, rounds: int) -> list[Any]:
        return [[at, await receive(self.channels[at])] for _ in range(rounds)]

    async def choosing(self, sources: list[int], ends: bool, rounds: int) -> list[Any]:
        got = []
        values = [self.channels[at] for at in sources]
        for _ in range(rounds):
            if ends:
                count = len(sources)
                won = await select("place", [*values, *values], tuple(range(count, 2 * count)))
                is_end = won.cases[0] >= count
                got.append([sources[won.cases[0] % count], "end" if is_end else won.value])
                assert not is_end or won.value is NONE
            else:
                won = await select("place", values)
                got.append([sources[won.cases[0]], won.value])
        return got

    # Rules

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.channels) - 1))
        value = self.values = self.values + 1
        model = lambda number: self.model.sending(number, at, value)  # noqa: E731  short
        self.start(lambda: self.sending(self.channels[at], value), model)

    @rule(data=st.data(), tasks=st.integers(1, 4), rounds=st.integers(1, 3))
    def receive(self, data: st.DataObject, tasks: int, rounds: int) -> None:
        at = data.draw(st.integers(0, len(self.channels) - 1))
        model = lambda number: self.model.choosing(number, [at], False, rounds)  # noqa: E731  short
        for _ in range(tasks):
            self.start(lambda: self.receiving(at, rounds), model)

    @rule(data=st.data(), ends=st.booleans(), rounds=st.integers(1, 4))
    def select(self, data: st.DataObject, ends: bool, rounds: int) -> None:
        sources = data.draw(st.permutations(range(len(self.channels))))
        model = lambda number: self.model.choosing(number, sources, ends, rounds)  # noqa: E731  short
        self.start(lambda: self.choosing(sources, ends, rounds), model)

    @rule(data=st.data(), times=st.integers(1, 4))
    def try_send(self, data: st.DataObject, times: int) -> None:
        at = data.draw(st.integers(0, len(self.channels) - 1))
        for _ in range(times):
            value = self.values = self.values + 1
            wanted = outcome(self.model.offer, at, value)
            assert outcome(try_send, self.channels[at], value) == wanted

    @rule(data=st.data())
    def try_receive(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.channels) - 1))
        wanted = self.model.take(at) if self.model.has_value(at) else None
        got = try_receive(self.channels[at])
        assert (got.values[0] if got is not NONE else None) == wanted

    @precondition(lambda self: any(task.state is PENDING for task in self.tasks))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        pending = [number for number, task in enumerate(self.tasks) if task.state is PENDING]
        for number in data.draw(st.lists(st.sampled_from(pending), min_size=1, max_size=6, unique=True)):
            self.tasks[number].cancel()
            self.model.cancel(number)

    @precondition(lambda self: self.values > 20)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.channels) - 1))
        self.channels[at].pipe.close()
        self.model.close(at)

    @rule()
    def run(self) -> None:
        self.call(self.pause)
        self.model.run()
        outcomes = {number: CANCELLED for number, task in enumerate(self.tasks) if task.state == CANCELLED}
        assert outcomes | self.outcomes == self.model.outcomes

    @invariant()
    def the_channels_hold_the_same(self) -> None:
        for channel, model in zip(
            getattr(self, "channels", []), getattr(self, "model", Model([])).channels, strict=False
        ):
            pipe = channel.pipe
            assert [value for _, value in sorted(pipe.returned)] + list(pipe.values) == [v for _, v in model.values]
            assert pipe.senders.waiting == len(model.senders)
            assert pipe.receivers.waiting == len(model.receivers)


TestChannels = ChannelMachine.TestCase
TestChannels.settings = PROFILE
