"""Pooled watch: groups judged as wholes, so that a small shift that many share is found before any one of them is
significant.

For a group of n rows with bounded z the statistic is the mean without its greatest value (what is shared stands without
its loudest row; the expected greatest of n normal values is put back), against the group's own mean at this hour of the
day, over its spread: within / (n - 1) + between + FLOOR^2. `within` is the kind's variance of rows in a group,
`between` the group's own variance of means, learned from the median of squares (.455 of a chi square). The floor and
`between` keep huge groups from calling tiny common biases. Two leaky one-sided CUSUMs, of hours and of a working day,
add up; their surprise is a rank among healthy charts of groups of like size. Rates are by time: slots of 5, 15 and 60
minutes alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Rows
from cemcore.pipeline.detection.groups import Sums, among, kind_of, moved, numbers, widest
from cemcore.pipeline.detection.tails import Tails

FLOOR = 0.05
"""Shift of a whole group [spreads] that is not worth a word."""
MEMORY_H = (1.5, 8.0)
"""How long the two charts remember [h]."""
SLACK, CEILING, STEP_BOUND = 0.5, 60.0, 6.0
"""What a slot must exceed to count, by the square root of what leaks; limits of a chart and of one slot's step."""
MEDIAN = 0.455
"""Median of a chi square with one degree of freedom."""
PRIOR = 0.01
"""Variance of what groups' hours differ by, before anything was seen [spreads^2]."""
YOUNG_S, YOUNG_SLOTS = 2 * 86_400, 24
"""A group says nothing before it is so old and had so many slots with rows."""
SUSPECT, WARY_S = 3.0, 12 * 3600
"""Surprise from which on a chart stays out of the calibration, and for how long: what adds up is high long after."""
HALF_LIFE_D = 4
"""How fast the calibration forgets [d]: the weeks in which tier 1 itself learns have wilder charts than those after."""
HIGH, LIVELY = 0.95, 1.4
"""Which quantile of its own charts a group is known by, and from how much more than others' on it counts."""
HOURS, BLOCKS = 24, 6
"""Means go by the hour of the day, their variance by blocks of four hours: evenings differ more than nights."""


@dataclass(frozen=True)
class PooledState:
    """What is known of the groups, flat over kinds of `sizes`, float32 unless said.

    rows: usual rows a slot; seen: slots with rows; first, last: int64 slots [s], -1 none; wary: int64 [s], until when
    charts do not calibrate; bias, weight (G, 24): mean of the group by hour of the day and how much it rests on;
    between (G, 6): variance of means by block; fast, slow: charts; high (G, 2): what they are
    under 95 % of the time; shift: the last slots' mean shift [spreads]. within
    [kinds], common and common_weight (kinds, 24): of all rows of a kind.
    """

    sizes: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    seen: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    first: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    last: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    wary: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    bias: Float32 = field(default_factory=lambda: np.zeros((0, HOURS), np.float32))
    weight: Float32 = field(default_factory=lambda: np.zeros((0, HOURS), np.float32))
    between: Float32 = field(default_factory=lambda: np.zeros((0, BLOCKS), np.float32))
    fast: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    slow: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    high: Float32 = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    shift: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    within: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    common: Float32 = field(default_factory=lambda: np.zeros((0, HOURS), np.float32))
    common_weight: Float32 = field(default_factory=lambda: np.zeros((0, HOURS), np.float32))
    tails: Tails = field(default_factory=Tails)

    def grown(self, sizes: Int64) -> PooledState:
        """A copy with room for so many groups a kind, whose arrays may be written to."""
        at = moved(self.sizes, sizes)
        kinds, g = len(sizes), int(sizes.sum())
        new: dict[str, np.ndarray] = {"sizes": sizes}
        for name, start in _GROUP.items():
            old = getattr(self, name)
            new[name] = np.full((g, *old.shape[1:]), start, old.dtype)
            new[name][at] = old
        for name, start in _KIND.items():
            old = getattr(self, name)
            new[name] = np.full((kinds, *old.shape[1:]), start, old.dtype)
            new[name][: len(old)] = old
        return replace(self, **new)  # type: ignore[arg-type]


_GROUP = {
    "rows": 0.0, "seen": 0.0, "first": -1, "last": -1, "wary": -1, "bias": 0.0, "weight": 0.0, "between": 0.01,
    "fast": 0.0, "slow": 0.0, "high": 1.5, "shift": 0.0,
}  # fmt: skip
_KIND = {"within": 1.0, "common": 0.0, "common_weight": 0.0}


@dataclass(frozen=True)
class PooledRows(Rows):
    """What the watch says of the groups with rows at a slot: key int64 (kind * SPAN + code), kind int32, z float32
    (above zero = worse), surprise float32 (NaN = too young), shift float32: mean shift [spreads]; rows float32.
    """

    key: Int64
    kind: Int32
    z: Float32
    surprise: Float32
    shift: Float32
    rows: Float32


@dataclass(frozen=True)
class _Stood:
    """How the groups `at` stand at a slot: mean against expectation, and its variance."""

    at: Int64
    mean: Float64
    off: Float64
    variance: Float64


def chart(
    state: PooledState, sums: Sums, taught: Sums, held: Int64, over: Int64, clock: tuple[int, int, int]
) -> tuple[PooledRows, PooledState]:
    """Judge the groups of a slot, then learn from `taught`: the sums of the rows that no problem explains.

    clock = (slot [s], seconds, hour of the local day). held: numbers of groups that are not to be learned from; over:
    of those whose episode ended with the last slot: their charts begin again.
    """
    slot, seconds, hour = clock
    s = state.grown(widest(state.sizes, sums.sizes))
    sums, taught = sums.grown(s.sizes), taught.grown(s.sizes)
    kind, number = kind_of(s.sizes), numbers(s.sizes)
    now = _stand(s, sums, kind, hour)
    z = now.off / np.sqrt(now.variance)
    at = now.at
    ended, kept_out = among(s.sizes, over), among(s.sizes, held)
    s.fast[ended], s.slow[ended] = 0, 0
    gap = np.clip(np.where(s.last[at] >= 0, (slot - s.last[at]) // seconds, 1), 1, None)
    size = _size_class(s.rows[at])
    young = (s.seen[at] < YOUNG_SLOTS) | (s.first[at] < 0) | (slot - s.first[at] < YOUNG_S)
    found = np.full(len(at), -np.inf, np.float32)
    healthy = ~young & ~kept_out[at]
    tails, strata, scores = s.tails, [], []
    for i, (name, hours) in enumerate(zip(("fast", "slow"), MEMORY_H, strict=True)):
        leak = np.exp(-seconds / 3600 / hours)
        step = np.sqrt(1 - leak * leak) * (np.clip(z, -STEP_BOUND, STEP_BOUND) - SLACK * np.sqrt(1 - leak))
        c = np.clip(getattr(s, name)[at] * leak**gap + step, 0, CEILING).astype(np.float32)
        getattr(s, name)[at] = np.where(young, 0, c)
        strata.append(size * 2 + i)
        scores.append((c / _liveliness(s.high[at, i], size, young)).astype(np.float32))
        found = np.fmax(found, tails.surprise(scores[-1], strata[-1]) - np.float32(np.log10(2)))
        pace = 0.12 * seconds / 3600
        s.high[at, i] += np.where(young, 0, pace * np.where(c > s.high[at, i], HIGH, HIGH - 1)).astype(np.float32)
    found = np.where(young | np.isinf(found), np.nan, found).astype(np.float32)
    s.wary[at] = np.where(found > SUSPECT, slot + WARY_S, s.wary[at])
    healthy &= s.wary[at] < slot
    keep = 0.5 ** (seconds / (HALF_LIFE_D * 86_400)) if len(at) else 1.0
    tails = tails.learn(np.concatenate(scores), np.concatenate(strata), np.tile(healthy, 2), keep, seconds / 3600)
    follow = np.float32(1 - np.exp(-seconds / 3600 / MEMORY_H[0]))
    s.shift[at] += follow * (now.off - s.shift[at])
    said = PooledRows(
        number[at], kind[at], z.astype(np.float32), found, s.shift[at].copy(), sums.n[at].astype(np.float32)
    )
    _learn(s, taught, kind, kept_out, clock)
    s.first[at] = np.where(s.first[at] < 0, slot, s.first[at])
    s.last[at] = slot
    return said, replace(s, tails=tails)


def _stand(s: PooledState, sums: Sums, kind: Int32, hour: int) -> _Stood:
    at = np.flatnonzero(sums.n >= 2)
    n, k = sums.n[at], kind[at]
    within = s.within[k].astype(np.float64)
    mean = (sums.total[at] - sums.top[at] + np.sqrt(within) * _greatest(n)) / (n - 1)
    usual = s.common[k, hour] + _shrunk(s, at, within, hour)
    off = mean - usual
    drift = _drift(off, n, k, len(s.sizes))
    variance = within / (n - 1) + s.between[at, hour // 4] + FLOOR**2
    return _Stood(at, mean, off - drift[k], variance)


def _shrunk(s: PooledState, at: Int64, within: Float64, hour: int) -> Float64:
    """The group's own mean at the hour, as far as what was seen carries it."""
    noise = within / np.maximum(s.rows[at] - 1, 0.5) + s.between[at, hour // 4]
    trust = PRIOR / (PRIOR + noise / np.maximum(s.weight[at, hour], 1e-3))
    return np.asarray(s.bias[at, hour] * trust)


def _drift(off: Float64, n: Float64, kind: Int32, kinds: int) -> Float64:
    """How far all groups of a kind are off together at this slot, within FLOOR; kinds of few groups: zero."""
    groups = np.bincount(kind, minlength=kinds)
    mean = np.bincount(kind, weights=np.clip(off, -1, 1), minlength=kinds) / np.maximum(groups, 1)
    return np.where(groups >= 20, np.clip(mean, -2 * FLOOR, 2 * FLOOR), 0.0)


def _learn(s: PooledState, taught: Sums, kind: Int32, held: Bool, clock: tuple[int, int, int]) -> None:
    """Learn the slot, in place on this step's own copy."""
    _, seconds, hour = clock
    part = seconds / 3600
    now = _stand(s, taught, kind, hour)
    pace = np.maximum(1 / (s.seen[now.at] / BLOCKS + 5), 0.1 * np.sqrt(part))
    wider = np.exp(pace * np.sign(now.off**2 / now.variance - MEDIAN))
    s.between[now.at, hour // 4] = np.clip(s.between[now.at, hour // 4] * wider, 1e-5, 1.0)
    free = ~held[now.at]
    at, k = now.at[free], kind[now.at[free]]
    n, variance = taught.n[at], now.variance[free]
    off = np.clip(now.off[free], -2.5 * np.sqrt(variance), 2.5 * np.sqrt(variance))
    _learn_kinds(s, taught, (at, k, off), hour, part)
    rate = np.maximum(1 / (s.weight[at, hour] + 1), 0.05 * part)
    own = s.common[k, hour] + s.bias[at, hour]
    mean = s.common[k, hour] + _shrunk(s, at, s.within[k].astype(np.float64), hour) + off
    s.bias[at, hour] += rate * (mean - own)
    s.weight[at, hour] = np.minimum(s.weight[at, hour] + 1, 20 / part)
    s.rows[at] += np.maximum(1 / (s.seen[at] + 1), 0.01 * part) * (n - s.rows[at])
    s.seen[at] += 1


def _learn_kinds(s: PooledState, taught: Sums, groups: tuple[Int64, Int32, Float64], hour: int, part: float) -> None:
    """Variance of rows in their group, and the mean of all of a kind at this hour."""
    at, k, off = groups
    kinds = len(s.sizes)
    n, total = taught.n[at], taught.total[at]
    freedom = np.bincount(k, weights=n - 1, minlength=kinds)
    power = np.bincount(k, weights=taught.square[at] - total * total / n, minlength=kinds)
    of = freedom > 0
    rate = np.minimum(freedom / (freedom + 2000 / part), 0.2)
    s.within[of] += (rate * (power / np.maximum(freedom, 1) - s.within))[of]
    rows = np.bincount(k, weights=n, minlength=kinds)
    mean = np.bincount(k, weights=n * off, minlength=kinds) / np.maximum(rows, 1)
    step = np.maximum(1 / (s.common_weight[:, hour] + 1), 0.05 * part)
    move = np.where(of, step * mean, 0)
    s.common[:, hour] += move
    s.bias[:, hour] -= (move[kind_of(s.sizes)] * (s.weight[:, hour] > 0)).astype(np.float32)
    s.common_weight[of, hour] = np.minimum(s.common_weight[of, hour] + 1, 20 / part)


def _greatest(n: Float64) -> Float64:
    """Expected greatest of n standard normal values, after Blom (1958), by a rational quantile."""
    p = (n - 0.375) / (n + 0.25)
    t = np.sqrt(-2 * np.log(1 - p))
    return np.asarray(t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t))


def _liveliness(high: Float32, size: Int32, young: Bool) -> Float64:
    """By how much a group's charts run higher than those of groups of its size, where that is more than chance: a
    place that is crowded every other evening is not judged by those that never are.
    """
    ripe = ~young
    n = np.bincount(size[ripe], minlength=4)
    usual = np.bincount(size[ripe], weights=high[ripe], minlength=4) / np.maximum(n, 1)
    return np.clip(high / np.maximum(usual[size], 0.5) / LIVELY, 1, 4)


def _size_class(rows: Float32) -> Int32:
    """Strata of the calibration: groups of less than 4, 16, 64 rows a slot, and more."""
    return np.searchsorted(np.array([4.0, 16.0, 64.0]), rows, side="right").astype(np.int32)
