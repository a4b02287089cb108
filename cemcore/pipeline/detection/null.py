"""Calibration: scores become tail probabilities by what was seen when all was well.

The shrunken empirical null. A score's tail probability is its rank among the scores of its kind (service x load band).
Where a group the row belongs to (its pair, its cell at this hour, its device model on this service at this hour) has a
heavier tail than that, the group's own count, shrunk towards the common rank, takes over: u = max over groups of
(count of the group at or above s + K u0) / (n + K). A factor on the common rank would not do: a group of which a
quarter is bad every evening has a saturated tail, not a scaled one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

_STEP = 1 / 64
_SPAN = 1 << 13


def _quantised(score: NDArray[np.float32]) -> NDArray[np.int64]:
    """Scores as whole steps of 1/64 in 0.._SPAN-1, NaN at the bottom."""
    q = np.floor((np.nan_to_num(score, nan=-64.0, posinf=60.0, neginf=-64.0) + 64.0) / _STEP)
    return np.clip(q, 0, _SPAN - 1).astype(np.int64)


@dataclass(frozen=True)
class Tail:
    """Sorted (group, score) keys: counts at or above a score by two binary searches."""

    keys: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def of(cls, group: NDArray[np.int64], q: NDArray[np.int64]) -> Tail:
        """Of scores q in their groups; -1 = in none."""
        return cls(np.sort(group[group >= 0] * _SPAN + q[group >= 0]))

    def count(self, group: NDArray[np.int64], q: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(scores of the group at or above q, scores of the group); a group of -1 holds none."""
        there = group >= 0
        want = np.maximum(group, 0) * _SPAN + q
        order = np.argsort(want, kind="stable")
        want = want[order]
        first = want // _SPAN * _SPAN
        end = np.searchsorted(self.keys, first + _SPAN)
        above, size = np.empty_like(end), np.empty_like(end)
        above[order] = end - np.searchsorted(self.keys, want)
        size[order] = end - np.searchsorted(self.keys, first)
        return np.where(there, above, 0), np.where(there, size, 0)


@dataclass(frozen=True)
class ShrunkenNull:
    """Tail probabilities from out-of-sample scores of healthy times. weights: K of each kind of group, the rows that
    the common rank is worth beside it.
    """

    weights: tuple[float, ...] = (50.0, 30.0, 30.0)
    base: Tail = field(default_factory=Tail)
    groups: tuple[Tail, ...] = ()

    def fit(self, score: NDArray[np.float32], base: NDArray[np.int64], groups: NDArray[np.int64]) -> Self:
        """A fitted null. score [n]; base int64 [n], the common stratum; groups int64 (n, kinds), -1 = in none."""
        q = _quantised(score)
        return type(self)(
            self.weights, Tail.of(base, q), tuple(Tail.of(groups[:, i], q) for i in range(groups.shape[1]))
        )

    def _common(self, q: NDArray[np.int64], base: NDArray[np.int64]) -> NDArray[np.float64]:
        above, size = self.base.count(base, q)
        return np.asarray((above + 1.0) / (size + 1.0))

    def tail(
        self, score: NDArray[np.float32], base: NDArray[np.int64], groups: NDArray[np.int64], own: bool = False
    ) -> NDArray[np.float64]:
        """Tail probability of each score, 0..1. `own` = the rows were fitted on: each leaves itself
        out of its groups.
        """
        q = _quantised(score)
        u0 = self._common(q, base)
        u = u0
        for i, k in enumerate(self.weights):
            above, size = self.groups[i].count(groups[:, i], q)
            if own:
                above, size = np.maximum(above - 1, 0), np.maximum(size - 1, 0)
            u = np.maximum(u, (above + k * u0) / (size + k))
        return np.minimum(u, 1.0)
