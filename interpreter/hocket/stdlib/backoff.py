"""How long to wait before what failed is tried again."""

from __future__ import annotations

from hocket.stdlib.random import random_
from hocket.stdlib.time import milliseconds


class Backoff:
    """Delays in milliseconds, each `factor` times the one before.

    With `jitter` each is from half of that to all of it, at random, so that many that failed together do not
    come back together.
    """

    def __init__(self, delay: float, factor: float, jitter: bool) -> None:
        self.delay = delay
        self.factor = factor
        self.jitter = jitter

    def next(self) -> float:
        """Return how long to wait now."""
        delay = self.delay
        self.delay = milliseconds("a pause", delay * self.factor)
        return delay * (0.5 + random_() / 2) if self.jitter else delay
