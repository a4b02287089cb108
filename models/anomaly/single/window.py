"""Quantiles of the last values, kept in order: what is usual for a figure, and how far it usually strays."""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import kernel
from cemcore.panel import Float64, Int64


class SlidingQuantiles:
    """Quantiles of the last `length` values of a stream, exact, at the cost of one insertion a value.

    Each value is answered with the quantiles of those before it, never of itself.
    """

    def __init__(self, length: int, levels: tuple[float, ...]) -> None:
        """levels: 0..1, ascending."""
        self.length = length
        self.levels = levels
        self._levels = np.array(levels)
        self._ring = np.empty(length)
        self._ordered = np.empty(length)
        self._seen = np.zeros(1, dtype=np.int64)

    def before(self, values: Float64) -> tuple[Float64, Int64]:
        """Quantiles (n, levels) of what came before each of n finite values, NaN before the first, and how many values
        they rest on (n,).
        """
        found = np.empty((len(values), len(self.levels)))
        rested = np.empty(len(values), dtype=np.int64)
        _slide(np.ascontiguousarray(values), self._ring, self._ordered, self._seen, self._levels, found, rested)
        return found, rested


@kernel("in float64[:]", "float64[::1]", "float64[::1]", "int64[::1]", "in float64[:]", "float64[:, ::1]", "int64[::1]")
def _slide(
    values: Float64, ring: Float64, ordered: Float64, seen: Int64, levels: Float64, found: Float64, rested: Int64
) -> None:
    length = len(ring)
    for i in range(len(values)):
        n = min(seen[0], length)
        rested[i] = n
        for k in range(len(levels)):
            found[i, k] = ordered[int(levels[k] * (n - 1))] if n else np.nan
        at = seen[0] % length
        if n == length:
            gone = np.searchsorted(ordered[:n], ring[at])
            for j in range(gone, n - 1):
                ordered[j] = ordered[j + 1]
            n -= 1
        place = np.searchsorted(ordered[:n], values[i])
        for j in range(n, place, -1):
            ordered[j] = ordered[j - 1]
        ordered[place] = values[i]
        ring[at] = values[i]
        seen[0] += 1
