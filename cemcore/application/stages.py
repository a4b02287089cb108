"""How long the stages of a tick took, and how long a record waited until what it showed was committed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Float64

STAGES = ("gather", "score", "watch", "detect", "localise", "assess", "commit")
"""Stages of a tick, in their order: gather reads what is new, watch is tier 1, commit writes files and the ledger."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of a run of ticks.

    stages: seconds of each tick, by stage (commit: its share of the run's). slots: seconds from the end of each slot to
    its commit. records: float64 [s], of each degraded row, from when it became known to the commit.
    """

    stages: dict[str, list[float]] = field(default_factory=dict)
    slots: list[float] = field(default_factory=list)
    records: Float64 = field(default_factory=lambda: np.zeros(0))


class Stopwatch:
    """Laps of the tick under way, summed by stage until `take`."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now, self._since = now, now()
        self._stages: dict[str, list[float]] = {}
        self._slots: list[float] = []
        self._records: list[Float64] = []

    def begin(self) -> None:
        """A tick begins."""
        self._since = self._now()

    def lap(self, stage: str) -> None:
        """`stage` of the tick has ended; the next begins."""
        now = self._now()
        self._stages.setdefault(stage, []).append(now - self._since)
        self._since = now

    def committed(self, slots: list[float], records: Float64) -> None:
        """A run was committed: seconds since the end of each of its slots, and since its degraded rows became known."""
        now = self._now()
        share = (now - self._since) / max(len(slots), 1)
        self._stages.setdefault("commit", []).extend([share] * len(slots))
        self._slots += slots
        self._records.append(records)
        self._since = now

    def take(self) -> Timing:
        """What was measured."""
        return Timing(self._stages, self._slots, np.concatenate(self._records) if self._records else np.zeros(0))
