"""How long to leave something alone after it failed."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_S = 900.0


class Backoff:
    """Doubles the pause with every failure in a row, from `first_s` up to a quarter of an hour; a success ends it."""

    def __init__(self, first_s: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self._first, self._seconds = first_s, seconds
        self._until, self.failures = 0.0, 0

    @property
    def ready(self) -> bool:
        """Whether it may be tried now."""
        return self._seconds() >= self._until

    def failed(self) -> float:
        """Note a failure: the pause [s] that follows."""
        pause = min(self._first * 2.0**self.failures, LONGEST_S)
        self.failures += 1
        self._until = self._seconds() + pause
        return pause

    def worked(self) -> None:
        """Note a success."""
        self.failures, self._until = 0, 0.0
