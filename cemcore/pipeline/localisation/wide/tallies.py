"""Sums of the searched candidates over windows of time: pushed up from sums by key, each slot's rows read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.kernels import incidence as kernels
from cemcore.panel import Bool, Float32, Float64, Int32, Int64
from cemcore.pipeline.localisation.evidence import CHANNELS, LEVELS, POOLING, SHARES
from cemcore.pipeline.localisation.search import SHORT
from cemcore.pipeline.localisation.wide.incidence import Axis, Incidence
from cemcore.pipeline.localisation.wide.slots import Sums, WideSlot

BLOCK = 2048
"""Keys that are summed over all slots together: as many as stay in the nearest memory."""


@dataclass(frozen=True)
class Scope:
    """Which candidates are searched at all. least: sent rows of a candidate of each kind in the longest window; hope:
    nats that its sent rows, by the largest share, and its others, by the smallest, come to in some window (on counted
    axes): by concavity no share has more where the others alone speak against it.
    """

    least: tuple[int, ...] = (3, 3, 3, 3, 4)
    hope: float = 3.0


@dataclass(frozen=True)
class Bins:
    """Windows as sums of bins of slots that do not overlap. Windows up to `SHORT` slots see all rows, longer ones only
    what no problem explains; lengths ascending.
    """

    lengths: tuple[int, ...]

    @property
    def seen(self) -> Bool:
        """By window, whether it sees all rows."""
        return np.array([n <= SHORT for n in self.lengths], np.bool_)

    def of(self, age: int) -> tuple[int, int]:
        """(bin of all rows, bin of what is left) of a slot so many slots ago, -1 = in none."""
        short = sum(self.seen)
        first = next((i for i, n in enumerate(self.lengths) if n > age), -1)
        full = first if 0 <= first < short else -1
        left = max(first, short) if first >= 0 and short < len(self.lengths) else -1
        return full, left

    def windows(self, sums: Sums) -> Sums:
        """Bins (bins, ..) as windows, in place."""
        short = int(sum(self.seen))
        for begin, end in ((0, short), (short, len(self.lengths))):
            for i in range(begin + 1, end):
                sums[i] += sums[i - 1]
        return sums

    def touched(self, age: int) -> tuple[Bool, Bool]:
        """By window whether a row so many slots ago counts in it: (windows of all rows, windows of what is left)."""
        inside = np.array([n > age for n in self.lengths], np.bool_)
        return inside & self.seen, inside & ~self.seen


@dataclass
class Tallies:
    """Sums float64 (searched, windows, CHANNELS) of the candidates that are searched (int32, ascending); place int32
    by candidate: its line, -1 = not searched.
    """

    candidate: Int32
    place: Int32
    sums: Float64

    @classmethod
    def build(cls, incidence: Incidence, slots: Sequence[WideSlot], bins: Bins, scope: Scope) -> Tallies:
        """From the remembered slots, oldest first."""
        total = np.zeros(len(incidence), np.int32)
        found: dict[int, Float32] = {}
        for i, axis in enumerate(incidence.axes):
            _count(axis, [s.keys[i, : s.sent] for s in slots], total)
            if axis.counted:
                found[i], hope = by_key(i, axis, slots, bins)
                _hopeless(incidence, i, bins.windows(hope), scope.hope, total)
        enough = np.flatnonzero(total >= min(scope.least))
        wanted = np.array(scope.least, np.int32)[incidence.kind[enough]]
        candidate = enough[total[enough] >= wanted].astype(np.int32)
        total.fill(-1)
        place = total
        place[candidate] = np.arange(len(candidate), dtype=np.int32)
        sums = np.zeros((len(candidate), len(bins.lengths), CHANNELS))
        for i, axis in enumerate(incidence.axes):
            if axis.counted:
                kernels.push_up(axis.start, axis.flat, place, found[i], sums)
            else:
                _sparse(i, axis, slots, bins, place, sums)
        bins.windows(sums.swapaxes(0, 1))
        return cls(candidate, place, sums)

    def evidence(self, which: Int64 | None = None) -> tuple[Float32, Float32]:
        """(R, best L), each (searched, windows); of the lines `which` only, where given (the others are 0)."""
        of = np.arange(len(self.candidate)) if which is None else which
        r = np.zeros(self.sums.shape[:2], np.float32)
        best = np.zeros_like(r)
        kernels.score(self.sums, of, len(SHARES), np.array(LEVELS), POOLING, r, best)
        return r, best


def by_key(i: int, axis: Axis, slots: Sequence[WideSlot], bins: Bins) -> tuple[Float32, Float32]:
    """Sums (bins, keys, CHANNELS) of axis number i, and the most that any share may come to (bins, keys)."""
    out = np.zeros((len(bins.lengths), axis.keys, CHANNELS), np.float32)
    ages = [(bins.of(age), s) for age, s in enumerate(reversed(slots))]
    for begin in range(0, axis.keys, BLOCK):
        of = slice(begin, begin + BLOCK)
        for (full, left), s in ages:
            for at, goods in ((full, s.goods[i]), (left, s.left[i])):
                if at >= 0 and goods is not None and begin < len(goods):
                    part = goods[of]
                    out[at, begin : begin + len(part)] += part
    hope = np.ascontiguousarray(out[:, :, 0])
    for (full, left), s in ages:
        key, weights = np.ascontiguousarray(s.keys[i, : s.sent]), s.weights[: s.sent]
        if full >= 0:
            kernels.add_rows(key, weights, full, len(SHARES) - 1, out, hope)
        if left >= 0:
            free = np.where(s.owner[: s.sent] < 0, key, -1)
            kernels.add_rows(free, weights, left, len(SHARES) - 1, out, hope)
    return out, hope


def _hopeless(incidence: Incidence, i: int, hope: Sums, least: float, total: Int32) -> None:
    """Candidates of the counted axis i that come to less than `least` in every window, out of `total`."""
    axis = incidence.axes[i]
    bound = np.zeros((int(axis.flat.max(initial=-1)) + 1, len(hope)), np.float32)
    kernels.hope_up(axis.start, axis.flat, np.ascontiguousarray(hope.T, np.float32), bound)
    kernels.drop_hopeless(bound, incidence.axis, i, least, total)


def _count(axis: Axis, keys: Sequence[Int32], total: Int32) -> None:
    """Sent rows of every candidate of an axis, added to `total`."""
    if not axis.counted:
        for key in keys:
            kernels.count_rows(axis.start, axis.flat, np.ascontiguousarray(key), total)
        return
    every = np.concatenate(keys) if len(keys) else np.zeros(0, np.int32)
    of_key = np.bincount(every[every >= 0], minlength=axis.keys).astype(np.int32)
    kernels.count_up(axis.start, axis.flat, of_key, total)


def _sparse(i: int, axis: Axis, slots: Sequence[WideSlot], bins: Bins, place: Int32, sums: Float64) -> None:
    searched = np.zeros(axis.keys + 1, np.bool_)
    kernels.searched_keys(axis.start, axis.flat, place, searched[:-1])
    for age, s in enumerate(reversed(slots)):
        full, left = bins.of(age)
        of = np.flatnonzero(searched[s.keys[i, : s.followed]])
        key, weights = s.keys[i, of], s.weights[of]
        if full >= 0:
            kernels.add_entries(axis.start, axis.flat, place, key, weights, full, sums)
        if left >= 0:
            free = np.where(s.owner[of] < 0, key, -1)
            kernels.add_entries(axis.start, axis.flat, place, free, weights, left, sums)
