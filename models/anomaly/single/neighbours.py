"""How far the recent course of a series is from its nearest likenesses in its own past: a left matrix profile.

The distance of the course that ends now from the one that ended g observations ago is an exponentially forgetting sum
of squared differences, D_g(t) = a D_g(t-1) + (x_t - x_{t-g})^2, so that every lag costs one multiplication and one
addition an observation, at several rates of forgetting a at once. After the matrix profile (Yeh et al., ICDM 2016) and
its left, causal half; forgetting in place of a window needs no subtraction and no window length.
"""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import kernel
from cemcore.panel import Float64, Int64

DAY, HOUR = 86400.0, 3600.0
DAYS = 14
"""So many days back the same time of day is looked up."""
REACH = 2
"""Observations by which a season may come early or late."""


class Likeness:
    """Distances of the course of one series to its past, for several rates of forgetting.

    memory: observations that are remembered. forgetting: shares of a squared difference that are left at the next
    observation, 0..1, ascending. neighbours: the how-manieth nearest likeness counts, so that a single repetition of
    something strange does not make it usual. apart: observations by which a likeness must lie back, as the course is
    always like itself a moment ago. season: index of the rate at which the same time of day is compared too.
    """

    def __init__(
        self, memory: int, forgetting: tuple[float, ...], neighbours: int = 3, apart: int = 12, season: int = 2
    ) -> None:
        self._forgetting = np.array(forgetting)
        self._choice = np.array([neighbours, apart, season], dtype=np.int64)
        self._past = np.zeros((2, 2 * memory))
        self._sums = np.zeros((len(forgetting), memory))
        self._place = np.array([2 * memory, 0], dtype=np.int64)

    @property
    def width(self) -> int:
        """Figures an observation: one for each rate of forgetting, and one for the season."""
        return len(self._forgetting) + 1

    def distances(self, values: Float64, times: Float64, limits: Float64) -> Float64:
        """Distances (n, width) of n observations in the unit of the series, NaN where the past is too short.

        values: finite. times [s], ascending. limits: the difference that counts at most.
        """
        found = np.full((len(values), self.width), np.nan)
        _follow(values, times, limits, self._forgetting, self._choice, self._past, self._sums, self._place, found)
        return found


@kernel(
    "in float64[:]", "in float64[:]", "in float64[:]", "in float64[:]", "in int64[:]",
    "float64[:, ::1]", "float64[:, ::1]", "int64[::1]", "float64[:, ::1]",
)  # fmt: skip
def _follow(
    values: Float64, times: Float64, limits: Float64, forgetting: Float64, choice: Int64,
    past: Float64, sums: Float64, place: Int64, found: Float64,
) -> None:  # fmt: skip
    memory, rates, neighbours = sums.shape[1], len(forgetting), choice[0]
    near, lags, days = np.empty(neighbours), np.empty(DAYS, np.int64), np.empty(DAYS)
    for i in range(len(values)):
        x, limit = values[i], limits[i] * limits[i]
        m = min(place[1], memory - 1)
        at = place[0]
        known = 0  # days on which this time of day is found
        for k in range(1, DAYS + 1):
            wanted = times[i] - k * DAY
            low, high = 0, m
            while low < high:
                middle = (low + high) // 2
                if past[1, at + middle] <= wanted:
                    high = middle
                else:
                    low = middle + 1
            if low > 0 and (low == m or past[1, at + low - 1] - wanted < wanted - past[1, at + low]):
                low -= 1
            lag = low + 1
            if m == 0 or lag < 2 * REACH * k or lag + REACH > m:
                break
            if abs(past[1, at + low] - wanted) <= HOUR:
                lags[known] = lag
                known += 1
        for r in range(rates):
            a = forgetting[r]
            row = sums[r]
            for g in range(1, m + 1):
                e = x - past[0, at + g - 1]
                row[g] = a * row[g] + min(e * e, limit)
            if m == 0:
                continue
            if m == place[1]:
                row[m] /= 1 - a
            near[:] = np.inf
            worst = np.inf
            for g in range(min(choice[1], max(1, m // 4)), m + 1):
                if row[g] < worst:
                    j = neighbours - 1
                    while j > 0 and near[j - 1] > row[g]:
                        near[j] = near[j - 1]
                        j -= 1
                    near[j] = row[g]
                    worst = near[neighbours - 1]
            found[i, r] = np.sqrt((worst if worst < np.inf else near[0]) * (1 - a))
            if r == choice[2] and known:
                for k in range(known):
                    days[k] = np.min(row[lags[k] - REACH : lags[k] + REACH + 1])
                found[i, rates] = np.sqrt(np.sort(days[:known])[min(1, known - 1)] * (1 - a))
        if at == 0:
            past[:, memory + 1 :] = past[:, : memory - 1]
            at = memory + 1
        at -= 1
        past[0, at], past[1, at] = x, times[i]
        place[0], place[1] = at, place[1] + 1
