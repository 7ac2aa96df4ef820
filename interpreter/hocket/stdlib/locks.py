"""Locks, and other things that tasks wait at.

Who has waited longest is served first. `with lock { … }` takes a lock for the length of a block.
A lock may be held while its task waits: the others wait longer then.
"""

from __future__ import annotations

from hocket.runtime.gates import Barrier, Event, WaitGroup
from hocket.runtime.locks import Mutex, RateLimiter, Semaphore
from hocket.runtime.registry import builtin, method
from hocket.stdlib.channels import whole
from hocket.stdlib.time import milliseconds


@builtin
def mutex() -> Mutex:
    """Return a lock that one task at a time can hold.

    ```
    let m := mutex()
    let account := {balance: 0}
    async func deposit(n) {
        await m.lock()
        let before := account.balance
        await async_sleep(1)
        account.balance := before + n
        m.unlock()
    }
    await promise_all([deposit(1), deposit(2), deposit(3)])
    print(account.balance, m)  # expect: 6 <mutex unlocked>
    ```
    """
    return Mutex()


@method(Mutex)
async def lock(m: Mutex) -> None:
    """Take the mutex, waiting for it.

    Raises DeadlockError when the task holds it already, or tasks wait for each other's mutexes in a circle.

    ```
    let m := mutex()
    await m.lock()
    await m.lock()  # error: waits for a mutex that it holds itself
    ```
    """
    await m.lock()


@method(Mutex)
def try_lock(m: Mutex) -> bool:
    """Take the mutex if it is free; whether it was.

    ```
    let m := mutex()
    print(m.try_lock(), m.try_lock())  # expect: true false
    ```
    """
    return m.try_lock()


@method(Mutex)
def unlock(m: Mutex) -> None:
    """Hand the mutex to the next task that waits.

    Raises ValueError while another task holds it; of one that has ended, as a cell has, anybody can.

    ```
    mutex().unlock()  # error: unlock() of a mutex that is not locked
    ```
    """
    m.unlock()


@builtin
def semaphore(n: int) -> Semaphore:
    """Return a lock that `n` can hold at a time.

    ```
    let s := semaphore(2)
    await s.acquire()
    print(s, s.limit)                          # expect: <semaphore 1/2> 2
    print(s.try_acquire(), s.try_acquire())    # expect: true false
    s.release()
    print(s.available)                         # expect: 1
    ```
    """
    return Semaphore(whole("semaphore", "number", n, 1))


@builtin
def rate_limiter(n: int, per: int | float) -> RateLimiter:
    """Return what lets `n` through at once, and then one every `per / n` milliseconds.

    ```
    let limiter := rate_limiter(2, 20ms)
    let begun := performance_now()
    for i in 0..4 { await limiter.acquire() }
    print(performance_now() - begun >= 20)  # expect: true
    ```
    """
    whole("rate_limiter", "number", n, 1)
    return RateLimiter(n, round(milliseconds("rate_limiter()", per) * 1_000_000))


@method(Semaphore, RateLimiter)
async def acquire(s: Semaphore | RateLimiter) -> None:
    """Take a place in the semaphore, or go through the rate limiter, waiting for it.

    ```
    let s := semaphore(1)
    await s.acquire()
    spawn { s.release() }
    await s.acquire()
    print(s)  # expect: <semaphore 0/1>
    ```
    """
    await s.acquire()


@method(Semaphore, RateLimiter)
def try_acquire(s: Semaphore | RateLimiter) -> bool:
    """Take a place in the semaphore, or go through the rate limiter, if that needs no waiting; whether it did not.

    ```
    let limiter := rate_limiter(1, 1h)
    print(limiter.try_acquire(), limiter.try_acquire())  # expect: true false
    ```
    """
    return s.try_acquire()


@method(Semaphore)
def release(s: Semaphore) -> None:
    """Give a place in the semaphore back.

    Raises ValueError when all are free.

    ```
    semaphore(1).release()  # error: release() of a semaphore that nobody has acquired
    ```
    """
    s.release()


@builtin
def event() -> Event:
    """Return what tasks wait for until it is set; `clear()` makes them wait again.

    ```
    let ready := event()
    spawn { await ready.wait(); print("go") }
    await yield_now()
    print(ready.is_set)  # expect: false
    ready.set()
    await ready.wait()
    await yield_now()    # expect: go
    print(ready)         # expect: <event set>
    ```
    """
    return Event()


@method(Event)
def set_(e: Event) -> None:
    """Let all who wait go on, and whoever comes later.

    ```
    let e := event()
    e.set()
    await e.wait()
    print(e)  # expect: <event set>
    ```
    """
    e.is_set = True
    e.open()


@method(Event)
def clear(e: Event) -> None:
    """Let whoever waits from now on wait until it is set again.

    ```
    let e := event()
    e.set()
    e.clear()
    print(e.is_set)  # expect: false
    ```
    """
    e.is_set = False


@builtin
def barrier(n: int) -> Barrier:
    """Return where tasks wait for each other: when `n` of them do, all go on, and it begins anew.

    ```
    let b := barrier(2)
    async func worker(name) { print(name, "waits"); await b.wait(); print(name, "goes on") }
    await promise_all([worker("a"), worker("b")])
    # expect: a waits
    # expect: b waits
    # expect: b goes on
    # expect: a goes on
    ```
    """
    return Barrier(whole("barrier", "number", n, 1))


@builtin
def wait_group() -> WaitGroup:
    """Return a count of things to be done, and to be waited for.

    ```
    let group := wait_group()
    for n in 1..=3 {
        group.add()
        spawn { await async_sleep(n); print(n); group.done() }
    }
    await group.wait()
    print("all done", group)
    # expect: 1
    # expect: 2
    # expect: 3
    # expect: all done <wait_group 0>
    ```
    """
    return WaitGroup()


@method(WaitGroup)
def add(g: WaitGroup, n: int = 1) -> None:
    """Count `n` more things that are to be done.

    ```
    let g := wait_group()
    g.add(2)
    g.add()
    print(g.count)  # expect: 3
    ```
    """
    g.add(whole("add", "number", n, 1))


@method(WaitGroup)
def done(g: WaitGroup) -> None:
    """Count one thing as done.

    Raises ValueError when nothing is left to be done.

    ```
    let g := wait_group()
    g.add()
    g.done()
    print(g.count)  # expect: 0
    g.done()        # error: done() of a wait group in which nothing is left to be done
    ```
    """
    g.add(-1)


@method(Event, Barrier, WaitGroup)
async def wait(g: Event | Barrier | WaitGroup) -> int | None:
    """Wait until the event is set, all are at the barrier, or nothing is left to be done.

    Of a barrier it gives the number of those who were there before, 0 for the first.

    ```
    let b := barrier(2)
    print(await promise_all([b.wait(), b.wait()]))  # expect: [0, 1]
    ```
    """
    if isinstance(g, Barrier):
        return await g.wait()
    if not (g.is_set if isinstance(g, Event) else g.count == 0):
        await g.wait_in_line()
    return None
