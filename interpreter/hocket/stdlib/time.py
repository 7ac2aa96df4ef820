"""Time: clocks, dates, waiting.

All of it comes from the session's clock, so that under the virtual clock differences
are exact and waiting costs nothing.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from hocket import errors
from hocket.runtime.clock import VirtualClock, nanoseconds
from hocket.runtime.clock import sleep as wait
from hocket.runtime.current import current_scheduler
from hocket.runtime.registry import builtin
from hocket.runtime.sleeps import Sleep
from hocket.runtime.values import number_text

# 285 years; no system's timers count much further.
_LONGEST_WAIT = 9_000_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(name: str, ms: Any) -> float:
    """Return `ms` if it is a delay; `name` is the function or option that was given it."""
    if type(ms) is int and 0 <= ms <= _LONGEST_WAIT:
        return ms
    if not isinstance(ms, int | float) or isinstance(ms, bool) or ms != ms:
        raise errors.TypeError(f"{name} requires an integer milliseconds argument")
    if ms < 0:
        raise errors.ValueError(f"{name} requires non-negative milliseconds, got {number_text(ms)}")
    return min(ms, _LONGEST_WAIT)


def _nanoseconds() -> int:
    return current_scheduler().clock.now()


def _wall_nanoseconds() -> int:
    return current_scheduler().clock.wall()


def _slept(ms: int | float) -> Sleep:
    return Sleep(milliseconds("async_sleep()", ms))


@builtin(promise=_slept)
async def async_sleep(ms: int | float) -> None:
    """Wait for `ms` milliseconds while others run.

    ```
    let begun := performance_now()
    await promise_all(range(20).map(n => async_sleep(100)))
    print(performance_now() - begun < 1000)  # expect: true
    ```
    """
    await wait(milliseconds("async_sleep()", ms))


async def _async_sleep(ms: int | float) -> int:
    await wait(milliseconds("sleep()", ms))
    return 0


@builtin(suspending=_async_sleep)
def sleep(ms: int | float) -> int:
    """Wait for `ms` milliseconds; 0. In an async context others run meanwhile.

    ```
    print(sleep(1))  # expect: 0
    ```
    """
    ms = milliseconds("sleep()", ms)
    clock = current_scheduler().clock
    if isinstance(clock, VirtualClock):
        clock.jump(clock.now() + nanoseconds(ms))
    else:
        time.sleep(ms / 1000)
    return 0


@builtin
def now() -> float:
    """Return the seconds since 1970, with decimals.

    ```
    print(type(now()), now() > 1_700_000_000)  # expect: float true
    ```
    """
    return _wall_nanoseconds() / 1e9


@builtin(aliases=("now_utc_seconds",))
def now_unix() -> int:
    """Return the whole seconds since 1970.

    ```
    print(type(now_unix()), now_unix() - now() < 1)  # expect: int true
    ```
    """
    return _wall_nanoseconds() // 1_000_000_000


@builtin
def now_utc() -> str:
    """Return the time of day in UTC, in the form `2024-05-01T12:00:00Z`.

    ```
    print(now_utc().starts_with("20"), now_utc().contains("T"))  # expect: true true
    ```
    """
    return _moment(now_unix()).strftime("%Y-%m-%dT%H:%M:%SZ")


@builtin(aliases=("time",))
def current_timestamp() -> int:
    """Return the whole milliseconds since 1970.

    ```
    print(type(current_timestamp()), current_timestamp() > 1_700_000_000_000)  # expect: int true
    ```
    """
    return _wall_nanoseconds() // 1_000_000


@builtin
def performance_now() -> float:
    """Return the milliseconds since the session began, with decimals: for measuring.

    ```
    let begun := performance_now()
    sleep(5)
    print(performance_now() - begun >= 4)  # expect: true
    ```
    """
    return _nanoseconds() / 1e6


@builtin
def time_us() -> int:
    """Return microseconds: for measuring.

    ```
    print(type(time_us()), time_us() <= time_us())  # expect: int true
    ```
    """
    return _nanoseconds() // 1000


@builtin
def time_ns() -> int:
    """Return nanoseconds: for measuring.

    ```
    print(type(time_ns()), time_ns() <= time_ns())  # expect: int true
    ```
    """
    return _nanoseconds()


@builtin
def elapsed(start: int | float, end: int | float) -> int | float:
    """Return `end - start`.

    ```
    print(elapsed(10, 12.5))  # expect: 2.5
    ```
    """
    return end - start


@builtin
def format_duration(ms: int | float) -> str:
    """Return a length of time in the unit that fits it.

    ```
    print(format_duration(1500), format_duration(2.5), format_duration(0.0125))  # expect: 1.50s 2.50ms 12.50μs
    ```
    """
    if ms >= 1000:
        return f"{ms / 1000:.2f}s"
    if ms >= 1:
        return f"{ms:.2f}ms"
    return f"{ms * 1000:.2f}μs" if ms >= 0.001 else f"{ms * 1e6:.0f}ns"


def _moment(seconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise errors.ValueError(f"{number_text(seconds)} is no date between the years 1 and 9999") from None


_PARTS = (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"))


@builtin
def format_date(seconds: int | float, template: str) -> str:
    """Return the moment `seconds` after 1970, in UTC; `YYYY MM DD HH mm ss` stand for its parts.

    ```
    print(format_date(0, "YYYY-MM-DD HH:mm:ss"))  # expect: 1970-01-01 00:00:00
    ```
    """
    moment = _moment(seconds)
    for part, code in _PARTS:
        value = f"{moment.year:04}" if part == "YYYY" else moment.strftime(code)
        template = str.replace(template, part, value)
    return template


@builtin
def parse_date(text: str, template: str = "YYYY-MM-DD") -> float:
    """Return the seconds from 1970 to the moment that `text` names in the form of `template`, in UTC.

    Raises ParseError when it is none.

    ```
    print(parse_date("1970-01-02", "YYYY-MM-DD"))  # expect: 86400
    parse_date("soon", "YYYY-MM-DD")               # error: Cannot parse 'soon' as date YYYY-MM-DD
    ```
    """
    form = str.replace(template, "%", "%%")
    for part, code in _PARTS:
        form = form.replace(part, code)
    try:
        return (datetime.strptime(str.strip(text), form).replace(tzinfo=UTC) - _EPOCH).total_seconds()
    except (ValueError, re.error):  # the latter for a template that has a part twice
        raise errors.ParseError(f"Cannot parse '{text}' as date {template}") from None
