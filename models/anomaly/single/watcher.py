"""A watcher of one series with its own memory: what in it has no likeness in its past, and when that began.

Made for the few series that are looked at closely (a network KPI, a zoomed series), where tier 1 keeps eighty bytes for
each of the many. Two-sided, causal, one setting for all series, any unit, any step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Float64
from models.anomaly.single.incidents import Freshness, Incidents
from models.anomaly.single.neighbours import Likeness
from models.anomaly.single.window import SlidingQuantiles

TINY = 1e-9
"""A change below this share of the value is none."""
STRANGEST = 1e6
"""A distance counts at most so many times the usual one."""


@dataclass
class SingleSeries:
    """Scores the values of one series one by one, as they come.

    memory: observations whose course is remembered. forgetting: rates at which courses are compared, share of a squared
    difference left at the next observation; short courses see spikes, long ones see odd shapes. window: observations
    from which the usual distances are taken. least: distances that must be known before one can be unusual. tail: share
    of the 90 % level in what is usual. clip: differences count up to so many ranges (5-95 %) of the values, so that one
    absurd value doesn't blind the watcher. freshness: what makes an incident.
    """

    memory: int = 8192
    forgetting: tuple[float, ...] = (0.5, 0.75, 0.9375, 0.98)
    window: int = 2000
    least: int = 20
    tail: float = 0.3
    clip: float = 10.0
    freshness: Freshness = field(default_factory=Freshness)

    def __post_init__(self) -> None:
        self._likeness = Likeness(self.memory, self.forgetting)
        self._values = SlidingQuantiles(self.window, (0.0, 0.05, 0.95, 1.0))
        self._usual = [SlidingQuantiles(self.window, (0.5, 0.9)) for _ in range(self._likeness.width)]
        self._incidents = Incidents(self.freshness)
        self._last = -np.inf

    def update(self, time_s: float, value: float) -> float:
        """The score of one more observation (see `score`)."""
        return float(self.score(np.array([time_s]), np.array([value]))[0])

    def score(self, times: Float64, values: Float64) -> Float64:
        """Scores (n,) of n more observations, each from what came before it; NaN where the value is missing.

        times [s], ascending (a clock that was set back stands still). exp(x) - 1 where x is how unlike its past the
        series is, 0..1, plus up to `freshness.ceiling` at the onset of an incident.
        """
        times, values = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
        found = np.full(len(values), np.nan)
        there = np.isfinite(values)
        if there.any():
            t = np.maximum(np.maximum.accumulate(times[there]), self._last)
            self._last = t[-1]
            unusual = self._unusual(values[there], t)
            found[there] = np.expm1(unusual / (1 + unusual) + self._incidents.onsets(unusual, t))
        return found

    def _unusual(self, values: Float64, times: Float64) -> Float64:
        """Logarithm of one plus the mean of the distances, each as a multiple of its usual size."""
        limits = self._limits(values)
        distances = self._likeness.distances(values, times, limits)
        multiples = np.full(distances.shape, np.nan)
        for k, usual in enumerate(self._usual):
            known = np.isfinite(distances[:, k])
            d = distances[known, k]
            levels, rested = usual.before(d)
            size = levels[:, 0] + self.tail * levels[:, 1] + TINY * np.abs(values[known])
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                multiple = np.where(d > 0, np.minimum(d / size, STRANGEST), 0.0)
            multiples[known, k] = np.where(rested >= self.least, multiple, 0.0)
        some = np.isfinite(multiples)
        mean = np.where(some, multiples, 0.0).sum(axis=1) / np.maximum(some.sum(axis=1), 1)
        return np.asarray(np.log1p(mean))

    def _limits(self, values: Float64) -> Float64:
        """The difference that counts at most, from the values before."""
        levels, _ = self._values.before(values)
        span = np.where(levels[:, 2] > levels[:, 1], levels[:, 2] - levels[:, 1], levels[:, 3] - levels[:, 0])
        limits = np.where(span > 0, self.clip * span, np.inf)
        return np.ascontiguousarray(limits)
