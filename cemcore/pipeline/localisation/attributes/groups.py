"""How far whole groups of leaves stray when nothing is wrong: neighbours in a value share their forecast's error.

Leaves alone say that any group with enough of them is off; a group is a cause only when it strays farther than
groups do in this very case, those that explain something apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.pipeline.localisation.attributes.cube import Cube
from cemcore.pipeline.localisation.attributes.noise import MEDIAN

ENOUGH = 6
"""Groups of as many attributes that are needed to tell how far such groups stray; else `UNKNOWN` is taken."""
UNKNOWN = 0.1
SURE = 0.15
"""Groups whose own noise is larger than this tell nothing of it."""


@dataclass(frozen=True)
class Strays:
    """What leaves add to the deviation of a group: the sum of `above` over the sum of `below` (its logarithm where
    `ratio`), with the variance sum of `variance` over the square of the sum of `below`; each float64 [n].
    """

    above: Float64
    below: Float64
    variance: Float64
    ratio: bool

    def deviation(self, sums: Float64) -> tuple[Float64, Float64]:
        """(deviation, variance) of groups with these sums (groups, 3)."""
        above, below, variance = sums.T
        some = np.maximum(below, 1e-12)
        if self.ratio:
            return np.log((np.maximum(above, 0) + 0.5) / (some + 0.5)), variance / some**2
        return above / some, variance / some**2

    def spread(self, cube: Cube, left: Bool) -> dict[int, float]:
        """How far groups of the leaves that are left stray beyond their own noise: a standard deviation for groups of
        so many attributes. More attributes, more to stray by.
        """
        values = np.ascontiguousarray(np.column_stack([self.above, self.below, self.variance]))
        table = cube.empty(3)
        cube.add(table, np.flatnonzero(left), values)
        layer = np.repeat([len(f) for f in cube.families], np.diff(cube.begin))
        some = table[:, 1] > 1e-9
        layer, table = layer[some], table[some]
        deviation, variance = self.deviation(table)
        out, last = dict[int, float](), -1.0
        for k in range(1, max(map(len, cube.families)) + 1):
            known = (layer == k) & (variance < SURE**2)
            if known.sum() >= ENOUGH:
                last = max(last, float(np.sqrt(_beyond(deviation[known] ** 2, variance[known]))))
            out[k] = last if last >= 0 else UNKNOWN
        return out

    def evidence(self, rows: Int64, spread: float) -> float:
        """Nats by which a group of leaves strays farther than groups do."""
        sums = np.array([[self.above[rows].sum(), self.below[rows].sum(), self.variance[rows].sum()]])
        deviation, variance = self.deviation(sums)
        return float(deviation[0] ** 2 / (2 * (variance[0] + spread**2)))


def _beyond(square: Float64, variance: Float64) -> float:
    """The variance that must be added so that the median square is that of a normal variable."""
    low, high = 0.0, float(square.max(initial=0.0)) + 1.0
    if np.median(square / variance) <= MEDIAN**2:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        if np.median(square / (variance + middle)) > MEDIAN**2:
            low = middle
        else:
            high = middle
    return high
