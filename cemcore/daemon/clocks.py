"""A clock that runs faster than the wall's, for simulations."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SimulatedClock:
    """Starts at `start` when it is made, and runs `speed` simulated seconds a second; it stands still until `run`."""

    def __init__(self, start: datetime, speed: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self.start, self.speed = start.astimezone(UTC), speed
        self._seconds = seconds
        self._began: float | None = None

    def run(self) -> None:
        """Let time pass from now on."""
        if self._began is None:
            self._began = self._seconds()

    def __call__(self) -> datetime:
        """The simulated time, in UTC."""
        if self._began is None:
            return self.start
        return self.start + timedelta(seconds=(self._seconds() - self._began) * self.speed)
