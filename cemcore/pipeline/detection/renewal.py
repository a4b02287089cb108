"""Usage of single series: silent for unusually long, nothing used while records come, stuck at one value.

Most series are sparse, and what is a long silence is a matter of the hour, of the day and of the person. Each cohort in
each coverage domain has a clock that runs by how many of its series report (it slows at night and on holidays, and
stands still where the domain is blind); a series knows its mean gap on that clock; the gap since its last record, in
its own mean gaps, is ranked among all gaps of its cohort, as they are met at a random time: P(age >= x) = sum of (gap -
x)+ / sum of gaps (Cox, Renewal Theory 1962, 5.1). About 36 bytes a series; series live with their partition, what they
share (clocks, members, gaps) adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Float32, Float64, Int32, Int64

GAP_BINS, A_DOUBLING = 96, 5
"""Gaps in own mean gaps are kept in five bins a doubling, from 1/8."""
LEAST_RECORDS, YOUNG_S = 20, 7 * 86_400
FORGOTTEN_S = 14 * 86_400
"""Silent for so long, a series has left."""
STEADY = 0.03
"""Weight of a new record in what is known of a series."""
RARE = 0.02
"""Repeating or using nothing is never taken to be rarer than this: one more tells at most a factor of 50."""

COMMON = 0.3
"""What every other record does (-log10 of a half) tells nothing."""


@dataclass(frozen=True)
class SeriesState:
    """Series by number: at float32, clock at the last record; gap float32, mean gap; home int32, whose clock (-1 never
    seen); last int32, minute of the last record; count uint16; digest uint32 of the last values; repeats, zeros
    float32: shares of records that repeat the last one, or use nothing; stuck, unused float32: surprise added up.
    """

    at: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    gap: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    home: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    last: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    count: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, np.uint16))
    digest: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    repeats: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    zeros: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    stuck: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    unused: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))

    def grown(self, n: int) -> SeriesState:
        """A copy with room for n series, whose arrays may be written to."""
        have = len(self.at)
        new: dict[str, np.ndarray] = {}
        for name, start in _START.items():
            old = getattr(self, name)
            new[name] = np.full(max(n, have), start, old.dtype)
            new[name][:have] = old
        return SeriesState(**new)


_START = {
    "at": 0.0, "gap": 0.0, "home": -1, "last": -1, "count": 0, "digest": 0, "repeats": 0.1, "zeros": 0.1, "stuck": 0.0,
    "unused": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Shared:
    """What series share: clock and members float64 by home (cohort * (domains + 1) + domain + 1); gaps float64
    (cohorts, GAP_BINS); first int: first slot [s].
    """

    clock: Float64 = field(default_factory=lambda: np.zeros(0))
    members: Float64 = field(default_factory=lambda: np.zeros(0))
    gaps: Float64 = field(default_factory=lambda: np.zeros((0, GAP_BINS)))
    first: int = -1

    def plus(self, sums: Sums, slot: int, keep: float) -> Shared:
        """After a slot: sums of all partitions, added up."""
        n, c = max(len(self.clock), len(sums.active)), max(len(self.gaps), len(sums.gaps))
        members = _padded(self.members, n) + _padded(sums.joined, n)
        clock = _padded(self.clock, n) + _padded(sums.active, n) / np.maximum(members, 1)
        gaps = np.zeros((c, GAP_BINS))
        gaps[: len(self.gaps)] = keep * self.gaps
        gaps[: len(sums.gaps)] += sums.gaps
        return Shared(clock, members, gaps, slot if self.first < 0 else self.first)


@dataclass(frozen=True)
class Sums:
    """What a slot's records add: active and joined float64 by home, gaps float64 (cohorts, GAP_BINS)."""

    active: Float64
    joined: Float64
    gaps: Float64

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        n, c = max(len(self.active), len(other.active)), max(len(self.gaps), len(other.gaps))
        gaps = np.zeros((c, GAP_BINS))
        gaps[: len(self.gaps)] += self.gaps
        gaps[: len(other.gaps)] += other.gaps
        return Sums(
            _padded(self.active, n) + _padded(other.active, n), _padded(self.joined, n) + _padded(other.joined, n), gaps
        )


@dataclass(frozen=True)
class Records:
    """A slot's records, each series once: series int64, home and cohort int32, digest uint32 of the values, used
    float32 (sessions; NaN = not said).
    """

    series: Int64
    home: Int32
    cohort: Int32
    digest: NDArray[np.uint32]
    used: Float32


def observe(state: SeriesState, shared: Shared, records: Records, slot: int) -> tuple[SeriesState, Sums]:
    """Take in the records of a slot."""
    r = records.series
    s = state.grown(int(r.max(initial=-1)) + 1)
    homes = max(int(records.home.max(initial=-1)) + 1, len(shared.clock))
    clock = _padded(shared.clock, homes)
    known = s.home[r] >= 0
    old = np.where(known, s.home[r], 0)
    waited = np.where(known, clock[old] - s.at[r], np.nan)
    n = s.count[r].astype(np.float64)
    own = np.where(s.gap[r] > 0, s.gap[r], np.nan)
    ripe = n >= LEAST_RECORDS
    gaps = np.zeros((int(records.cohort.max(initial=-1)) + 1, GAP_BINS))
    of = ripe & (own > 0) & known
    np.add.at(gaps, (records.cohort[of], _bin(waited[of] / own[of])), 1.0)
    bounded = np.where(np.isnan(own), waited, np.minimum(waited, 10 * np.fmax(own, 1e-6)))
    rate = np.maximum(1 / np.maximum(n, 1), STEADY)
    mean = np.where(np.isnan(own), bounded, own + rate * (bounded - own))
    s.gap[r] = np.where(known & (waited > 0), mean, s.gap[r])
    joined = np.bincount(records.home[~known | (s.home[r] != records.home)], minlength=homes).astype(np.float64)
    joined -= np.bincount(old[known & (s.home[r] != records.home)], minlength=homes)
    active = np.bincount(records.home, minlength=homes).astype(np.float64)
    _add_up(s, records, known)
    s.at[r], s.home[r], s.last[r] = clock[records.home], records.home, slot // 60
    s.count[r] = np.minimum(n + 1, 60_000)
    return s, Sums(active, joined, gaps)


def _add_up(s: SeriesState, records: Records, known: NDArray[np.bool_]) -> None:
    """Charts of records that repeat the last one, and of such that use nothing."""
    r = records.series
    for chart, share, hit in (
        ("stuck", "repeats", known & (s.digest[r] == records.digest) & (records.digest != 0)),
        ("unused", "zeros", records.used == 0),
    ):
        usual = getattr(s, share)[r]
        told = -np.log10(np.clip(usual, RARE, 1))
        ripe = s.count[r] >= LEAST_RECORDS
        getattr(s, chart)[r] = np.where(hit & ripe, np.maximum(getattr(s, chart)[r] + told - COMMON, 0), 0)
        learning = np.where(getattr(s, chart)[r] > 3, 0.1, 1) * np.maximum(1 / (s.count[r] + 10.0), STEADY)
        getattr(s, share)[r] = usual + learning * (hit - usual)
    s.digest[r] = records.digest


def silent(state: SeriesState, shared: Shared, domains: int, clock: tuple[int, int]) -> tuple[Int64, Float32, Float32]:
    """(series, surprise, gap in own mean gaps) of those whose turn it is: each is looked at once an hour.

    clock = (slot [s], seconds); domains: how many coverage domains there are.
    """
    slot, seconds = clock
    turns = max(3600 // seconds, 1)
    mine = np.arange(slot // seconds % turns, len(state.at), turns)
    mine = mine[(state.count[mine] >= LEAST_RECORDS) & (state.gap[mine] > 0)]
    mine = mine[(slot // 60 - state.last[mine]) * 60 < FORGOTTEN_S]
    if shared.first < 0 or slot - shared.first < YOUNG_S:
        mine = mine[:0]
    waited = (shared.clock[state.home[mine]] - state.at[mine]) / state.gap[mine]
    table = _census(shared.gaps)
    cohort = state.home[mine] // (domains + 1)
    where = np.clip(_place(waited), 0, GAP_BINS - 1.001)
    low = where.astype(np.int64)
    part = where - low
    surprise = table[cohort, low] * (1 - part) + table[cohort, low + 1] * part
    return mine, surprise.astype(np.float32), waited.astype(np.float32)


def digest(kqis: Float32) -> NDArray[np.uint32]:
    """A hash of each record's values, uint32 [n]; 0 where it has none."""
    bits = np.ascontiguousarray(kqis).view(np.uint32).astype(np.uint64)
    odd = np.arange(1, kqis.shape[1] + 1, dtype=np.uint64) * np.uint64(0x9E3779B1) | np.uint64(1)
    mixed = (bits * odd) ^ ((bits * odd) >> np.uint64(29))
    out = (mixed.sum(axis=1) * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(32)
    return np.where(np.isnan(kqis).all(axis=1), 0, np.maximum(out, 1)).astype(np.uint32)


def _census(gaps: Float64) -> Float64:
    """Surprise of an age, at the lower edge of each bin, by cohort; cohorts of few gaps take those of all. Where fewer
    than 20 longer gaps are known a line in the logarithms goes on (heavy tails are powers).
    """
    whole = gaps.sum(axis=0, keepdims=True)
    use = np.where(gaps.sum(axis=1, keepdims=True) >= 2000, gaps, whole)
    edge = 2 ** (np.arange(GAP_BINS) / A_DOUBLING - 3)
    middle = edge * 2 ** (0.5 / A_DOUBLING)
    beyond = np.cumsum((use * middle)[:, ::-1], axis=1)[:, ::-1] - edge * np.cumsum(use[:, ::-1], axis=1)[:, ::-1]
    share = np.maximum(beyond, 0) / np.maximum((use * middle).sum(axis=1, keepdims=True), 1e-9)
    more = np.cumsum(use[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore"):
        said = -np.log10(np.minimum(share, 1))
    last = np.maximum((more >= 20).sum(axis=1, keepdims=True) - 1, 0)
    first = np.maximum(last - A_DOUBLING, 0)
    top, bottom = np.take_along_axis(said, last, axis=1), np.take_along_axis(said, first, axis=1)
    with np.errstate(invalid="ignore"):
        slope = np.clip((top - bottom) / np.maximum(last - first, 1), 0.02, 0.5)
    bins = np.arange(GAP_BINS)
    out = np.where(bins <= last, said, top + slope * (bins - last))
    known = (last >= 5) & (use.sum(axis=1, keepdims=True) >= 2000)
    return np.asarray(np.where(known, out, np.nan))


def _place(gap: Float64) -> Float64:
    return np.asarray(A_DOUBLING * (np.log2(np.maximum(gap, 1e-9)) + 3))


def _bin(gap: Float64) -> Int64:
    return np.clip(_place(gap), 0, GAP_BINS - 1).astype(np.int64)


def _padded(a: Float64, n: int) -> Float64:
    return a if len(a) >= n else np.concatenate([a, np.zeros(n - len(a))])
