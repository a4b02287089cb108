"""When something unusual is new: a fresh peak is told from what goes on, and from what the series does now and then.

Each day's highest unusualness is kept as a mean and a spread. A peak counts by how far it stands above those, and
counts once: what follows must be clearly higher to count again, the less so the longer ago the peak was.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from cemcore.kernels.compiled import kernel
from cemcore.panel import Float64

DAY = 86400.0


@dataclass(frozen=True)
class Freshness:
    """What makes a peak of unusualness an incident.

    hold: seconds after which 1/e of a peak is still held against the next. margin, ramp: a peak counts fully when it is
    by the share margin + ramp higher than what is held, and not when by less than margin. weight: days of prior belief
    in `usual` +- `spread`, the daily peak of a well-behaved series [scale of unusualness]. forget: share of a day's
    weight that is left a day later. gain, ceiling: what a peak of one spread above the usual counts, and what one
    counts at most. lasting: share that counts of what goes on.
    """

    hold: float = 2 * DAY
    margin: float = 0.05
    ramp: float = 0.1
    weight: float = 20.0
    usual: float = 1.25
    spread: float = 0.4
    forget: float = 0.9
    gain: float = 2.0
    ceiling: float = 6.0
    lasting: float = 0.1


class Incidents:
    """Follows the unusualness of one series and says what in it is new."""

    def __init__(self, rule: Freshness) -> None:
        self._rule = np.array(astuple(rule), dtype=np.float64)
        w = rule.weight
        self._days = np.array([w, w * rule.usual, w * (rule.usual**2 + rule.spread**2)])
        self._now = np.array([0.0, np.nan, np.nan, 0.0])

    def onsets(self, unusual: Float64, times: Float64) -> Float64:
        """How much each of n observations is a fresh incident: 0..ceiling (n,). unusual >= 0; times [s], ascending."""
        found = np.zeros(len(unusual))
        _onsets(np.ascontiguousarray(unusual), times, self._rule, self._days, self._now, found)
        return found


@kernel("in float64[:]", "in float64[:]", "in float64[:]", "float64[::1]", "float64[::1]", "float64[::1]")
def _onsets(unusual: Float64, times: Float64, rule: Float64, days: Float64, now: Float64, found: Float64) -> None:
    hold, margin, ramp, forget, gain, ceiling, lasting = rule[0], rule[1], rule[2], rule[6], rule[7], rule[8], rule[9]
    for i in range(len(unusual)):
        x, t = unusual[i], times[i]
        held = now[0] * np.exp((now[1] - t) / hold) if now[0] > 0 else 0.0
        day = np.floor(t / DAY)
        if day != now[2]:
            if not np.isnan(now[2]):
                days[0] = forget * days[0] + 1
                days[1] = forget * days[1] + now[3]
                days[2] = forget * days[2] + now[3] * now[3]
            now[2], now[3] = day, 0.0
        mean = days[1] / days[0]
        spread = np.sqrt(max(days[2] / days[0] - mean * mean, 1e-6))
        height = min(max(gain * (x - mean) / spread, 0.0), ceiling)
        fresh = min(max((x / held - 1 - margin) / ramp, 0.0), 1.0) if held > 0 else 1.0
        found[i] = height * (lasting + (1 - lasting) * fresh)
        now[0], now[1], now[3] = max(held, x), t, max(now[3], x)
