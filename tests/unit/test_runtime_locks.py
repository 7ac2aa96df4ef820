"""Mutexes and semaphores against a model of plain lists, by random sequences of operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hocket.runtime.locks import Mutex, Semaphore
from hocket.runtime.loop import Scheduler
from hocket.runtime.promise import PENDING, Promise
from hocket.runtime.tasks import SpawnedTask

PROFILE = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=80,
    stateful_step_count=50,
    suppress_health_check=list(HealthCheck),
)
Number = int


class Model:
    """Who holds the lock, who waits for it, and who will go on, each in order."""

    def __init__(self, places: int) -> None:
        self.free = places
        self.holders: list[Number] = []
        self.waiting: list[Number] = []
        self.ready: list[Number] = []
        self.handed: set[Number] = set()
        self.leaving: dict[Number, list[Number]] = {}
        self.ended: set[Number] = set()
        self.cancelled: set[Number] = set()
        self.log: list[Number] = []

    def start(self, number: Number) -> None:
        self.ready.append(number)

    def let_go(self, number: Number, victims: list[Number]) -> None:
        self.leaving[number] = victims
        if number in self.holders and number not in self.ready:
            self.ready.append(number)

    def cancel(self, number: Number) -> None:
        if number in self.ended or number in self.cancelled:
            return
        self.cancelled.add(number)
        if number not in self.ready:
            self.waiting = [other for other in self.waiting if other != number]
            self.ready.append(number)

    def run(self) -> None:
        while self.ready:
            self.step(self.ready.pop(0))

    def step(self, number: Number) -> None:
        if number in self.cancelled:
            self.ended.add(number)
            if number in self.holders or number in self.handed:
                self.release(number)
        elif number in self.holders:
            self.leave(number)
        elif number in self.handed or self.free:
            self.free -= number not in self.handed
            self.handed.discard(number)
            self.holders.append(number)
            self.log.append(number)
            if number in self.leaving:
                self.leave(number)
        else:
            self.waiting.append(number)

    def leave(self, number: Number) -> None:
        self.release(number)
        for victim in self.leaving[number]:
            self.cancel(victim)
        self.ended.add(number)

    def release(self, number: Number) -> None:
        self.holders = [other for other in self.holders if other != number]
        self.handed.discard(number)
        if self.waiting:
            following = self.waiting.pop(0)
            self.handed.add(following)
            self.ready.append(following)
        else:
            self.free += 1


class LockMachine(RuleBasedStateMachine):
    """The lock, and its model."""

    @initialize(places=st.integers(0, 3))
    def begin(self, places: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.scheduler = Scheduler()
        self.call(self.attach)
        self.lock: Mutex | Semaphore = Semaphore(places) if places else Mutex()
        self.model = Model(places or 1)
        self.tasks: list[SpawnedTask] = []
        self.leave: list[Promise] = []
        self.victims: dict[Number, list[Number]] = {}
        self.log: list[Number] = []

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

    def pending(self) -> list[Number]:
        return [number for number, task in enumerate(self.tasks) if task.state is PENDING and task.cancelling is None]

    async def hold(self, number: Number) -> None:
        async with self.lock:
            self.log.append(number)
            await self.leave[number]
        # In the turn in which the lock was handed on.
        for victim in self.victims[number]:
            self.tasks[victim].cancel()

    @rule()
    def start(self) -> None:
        number = len(self.tasks)
        self.leave.append(Promise())
        self.tasks.append(SpawnedTask(self.hold(number), f"task {number}"))
        self.model.start(number)

    @precondition(lambda self: self.pending())
    @rule(data=st.data())
    def let_go(self, data: st.DataObject) -> None:
        number, *victims = data.draw(st.lists(st.sampled_from(self.pending()), min_size=1, max_size=4, unique=True))
        if self.leave[number].state is PENDING:
            self.victims[number] = victims
            self.leave[number].resolve()
            self.model.let_go(number, victims)

    @precondition(lambda self: self.pending())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.pending()))
        self.tasks[number].cancel()
        self.model.cancel(number)

    @rule()
    def run(self) -> None:
        self.call(self.pause)
        self.model.run()
        assert self.log == self.model.log

    @invariant()
    def the_lock_is_as_free(self) -> None:
        if not hasattr(self, "lock"):
            return
        free = self.lock.free if isinstance(self.lock, Semaphore) else int(not self.lock.locked)
        assert free == self.model.free
        assert self.lock.line.waiting == len(self.model.waiting)


TestLocks = LockMachine.TestCase
TestLocks.settings = PROFILE
