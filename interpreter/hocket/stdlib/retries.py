"""Trying again what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocket import errors
from hocket.runtime import clock, tasks
from hocket.runtime.chaining import checked
from hocket.runtime.current import current_scheduler
from hocket.runtime.registry import builtin
from hocket.runtime.values import number_text, type_name
from hocket.stdlib.backoff import Backoff
from hocket.stdlib.error_types import is_error_type, is_of
from hocket.stdlib.time import milliseconds


def _plan(f: Any, times: Any = 3, delay: Any = 100, backoff: Any = 2, jitter: Any = False, on: Any = None) -> _Plan:
    checked("retry", f)
    return _Plan(times, delay, backoff, jitter, on)


@builtin(check=_plan)
async def retry(
    f: Callable[[], Any],
    times: int = 3,
    delay: int | float = 100,
    backoff: int | float = 2,
    jitter: bool = False,
    on: Any = None,
) -> Any:
    """Return what `f()` gives, calling it again while it fails, at most `times` times in all.

    After the first failure it waits `delay` milliseconds, then each time `backoff` times as long as before; with
    `jitter`, from half of that to all of it, at random. `on` says which errors are worth another try: a type of
    errors, or a function of the error. Other errors are raised at once, as the last one is. A cancellation is never
    retried.

    ```
    let calls := []
    async func flaky() {
        calls.push("call")
        if len(calls) < 3 { throw "not yet" }
        return "there"
    }
    print(await retry(flaky, times = 5, delay = 5ms), len(calls))  # expect: there 3
    await retry(() => parse_int("x"), on = TimeoutError)           # error: Cannot parse 'x' as integer
    ```
    """
    plan = _plan(f, times, delay, backoff, jitter, on)
    while True:
        try:
            return await tasks.result_of(f)
        except Exception as why:  # noqa: BLE001  whatever a program can fail with
            error = current_scheduler().as_error(why)
        if not await plan.goes_on(error):
            raise error
        await clock.sleep(plan.delays.next())


class _Plan:
    """How often, how late and after what a call is made again."""

    def __init__(self, times: Any, delay: Any, backoff: Any, jitter: Any, on: Any) -> None:
        if not isinstance(times, int) or isinstance(times, bool):
            raise errors.TypeError(f"retry() expects an int as times, got {type_name(times)}")
        if times < 1:
            raise errors.ValueError(f"retry() expects times of at least 1, got {times}")
        if not isinstance(backoff, int | float) or isinstance(backoff, bool):
            raise errors.TypeError(f"retry() expects a number as backoff, got {type_name(backoff)}")
        if not backoff >= 1:
            raise errors.ValueError(f"retry() expects a backoff of at least 1, got {number_text(backoff)}")
        if not isinstance(jitter, bool):
            raise errors.TypeError(f"retry() expects a bool as jitter, got {type_name(jitter)}")
        if not (on is None or is_error_type(on) or callable(on)):
            raise errors.TypeError(f"retry() expects an error type or a function as on, got {type_name(on)}")
        self.left = times
        self.delays = Backoff(milliseconds("retry()", delay), backoff, jitter)
        self.on = on

    async def goes_on(self, error: errors.Error) -> bool:
        """Whether there is to be another call after `error`."""
        self.left -= 1
        if not self.left or isinstance(error, errors.CancelledError):
            return False
        if self.on is None:
            return True
        return is_of(error, self.on) if is_error_type(self.on) else bool(await tasks.result_of(self.on, error))
