"""A clock that runs faster than the wall's, for simulations."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SimulatedClock:
    """Starts at `start` and, once it `run`s, passes `speed` simulated seconds a second.

    It never passes `limit` (time that nothing was delivered for yet): it waits there, and goes on at its pace when the
    limit is lifted.
    """

    def __init__(self, start: datetime, speed: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self.limit: datetime | None = None
        self._now, self._seconds = start.astimezone(UTC), seconds
        self._looked: float | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        """Let time pass from now on."""
        with self._lock:
            if self._looked is None:
                self._looked = self._seconds()

    def __call__(self) -> datetime:
        """The simulated time, in UTC."""
        with self._lock:
            if self._looked is not None:
                looked = self._seconds()
                passed = self._now + timedelta(seconds=(looked - self._looked) * self.speed)
                self._looked = looked
                self._now = passed if self.limit is None else max(self._now, min(passed, self.limit))
            return self._now
