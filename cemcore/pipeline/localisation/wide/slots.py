"""What room three remembers of each slot at national scale: the sent rows, a sample of the others, sums of the others
by key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Bool, Float32, Float64, Int32
from cemcore.pipeline.localisation.evidence import CHANNELS
from cemcore.pipeline.localisation.wide.incidence import Incidence

QUANTUM = 1024.0
"""Weights are rounded to one part in so many of a nat: sums of them are exact, in whatever order."""

LEAN = 3.0
"""Sampled rows of a key that are taken to be none of a cause's before any was seen."""

Sums = Float32 | Float64


def quantised(weights: NDArray[Any]) -> Float32:
    """Weights of rows as multiples of 1 / QUANTUM."""
    return (np.rint(weights * QUANTUM) / QUANTUM).astype(np.float32)


@dataclass(frozen=True)
class WideSlot:
    """One slot. keys int32 (axes, n); subject int32, weights float32 (n, CHANNELS; quantised), bad (noticeable and
    unusual), owner int32 (number of the problem that explains the row, -1 none) of n rows: first `sent` rows, which
    count on every axis; up to `followed` the other rows of subjects that are followed, as they were bad of late: they
    count on axes that are not counted; then an even sample of the rest.
    goods: of each counted axis the sums (keys, CHANNELS) of all rows that are not sent (None elsewhere); left: the same
    of those that no problem explains.
    """

    slot: int
    sent: int
    followed: int
    keys: Int32
    subject: Int32
    weights: Float32
    bad: Bool
    owner: Int32
    goods: tuple[Sums | None, ...]
    left: tuple[Sums | None, ...]

    def __len__(self) -> int:
        return len(self.subject)

    @classmethod
    def build(
        cls, slot: int, sent: int, followed: int, keys: Int32, subject: Int32, weights: Float32, bad: Bool,
        goods: tuple[Sums | None, ...],
    ) -> WideSlot:  # fmt: skip
        """A slot of which no problem explains anything yet."""
        keys = np.ascontiguousarray(keys, np.int32)
        owner = np.full(len(subject), -1, np.int32)
        sums = tuple(None if g is None else np.ascontiguousarray(g, np.float32) for g in goods)
        return cls(slot, sent, followed, keys, subject, quantised(weights), bad, owner, sums, sums)

    def rows_of(self, incidence: Incidence, candidate: int, holders: Bool | None = None) -> Bool:
        """Which rows depend on a candidate."""
        i = int(incidence.axis[candidate])
        if i < 0:
            return np.zeros(len(self), np.bool_)
        has = incidence.axes[i].holders(candidate) if holders is None else holders
        return np.asarray(has[np.minimum(self.keys[i], len(has) - 1)])

    def owned(self, incidence: Incidence, candidate: int, number: int, holders: Bool | None = None) -> WideSlot:
        """The slot with the free rows of a candidate given to a problem, and taken from what is left: by key on the
        candidate's own axis, as far as the sample tells on the others.
        """
        mine = self.rows_of(incidence, candidate, holders) & (self.owner < 0)
        here = int(incidence.axis[candidate])
        has = incidence.axes[here].holders(candidate) if holders is None else holders
        left = list(self.left)
        for i, sums in enumerate(left):
            if sums is None:
                continue
            if i == here:
                left[i] = sums.copy()
                left[i][has[: len(sums)]] = 0  # type: ignore[index]
                continue
            key, lines = self.beside(i, mine, self.owner < 0, partial(at_keys, sums))
            if len(key):
                left[i] = sums.copy()
                at = key < len(sums)
                left[i][key[at]] -= lines[at]  # type: ignore[index]
        return replace(self, owner=np.where(mine, np.int32(number), self.owner), left=tuple(left))

    def beside(self, i: int, mine: Bool, there: Bool, sums: Callable[[Int32], Float64]) -> tuple[Int32, Float64]:
        """(keys of axis i, what rows that are not sent add to `sums` of keys): of all rows that are still `there`
        those that are `mine`. Followed rows exactly; of the rest of a key the share that is mine in the sample, leaning
        on none.
        """
        others, sampled = slice(self.sent, self.followed), slice(self.followed, None)
        known = np.flatnonzero(there[others]) + self.sent
        some = known[mine[known]]
        exact = by_key(self.keys[i][some], self.weights[some])
        sample = self.keys[i][sampled][there[sampled]]
        hit = mine[sampled][there[sampled]]
        key = np.unique(sample[hit])
        key = key[np.searchsorted(key, 0) :]
        if not len(key):
            return exact
        of = np.searchsorted(key, sample)
        same = key[np.minimum(of, len(key) - 1)] == sample
        of, hit = of[same], hit[same]
        n = np.bincount(of, minlength=len(key))
        share = np.bincount(of, weights=hit, minlength=len(key)) / (n + LEAN)
        rest = sums(key)
        known = known[np.isin(self.keys[i][known], key)]
        at, lines = by_key(self.keys[i][known], self.weights[known])
        rest[np.searchsorted(key, at)] -= lines
        both = np.concatenate([exact[0], key]), np.concatenate([exact[1], rest * share[:, None]])
        return by_key(*both)


def at_keys(sums: Sums, key: Int32) -> Float64:
    """Sums of some keys; 0 for those that came later."""
    out = np.zeros((len(key), CHANNELS))
    there = key < len(sums)
    out[there] = sums[key[there]]
    return out


def by_key(key: Int32, weights: Float32 | Float64) -> tuple[Int32, Float64]:
    """(keys, sums (keys, CHANNELS)) of rows; rows without a key are left out."""
    of = np.flatnonzero(key >= 0)
    found, at = np.unique(key[of], return_inverse=True)
    out = np.empty((len(found), CHANNELS), np.float64)
    for c in range(CHANNELS):
        out[:, c] = np.bincount(at, weights=weights[of, c], minlength=len(found))
    return found.astype(np.int32), out
