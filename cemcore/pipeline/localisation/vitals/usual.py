"""What is usual for a KPI of a resource at an hour: level, hour of day, spread, and how rare a departure is.

Of a series x (a resource and a KPI; its pool: all resources of that type with that KPI), on the scale
sign(x) ln(1 + |x| / unit of the pool), at hour h of the day, k of 48 hours (free days apart):

    m = level + profile[pool, k] + own[h]      z = (x - m) / sd      psi = clip(z, +-2.5)      z5 = clip(z, +-5)
    sd^2 = (n var + 20 var[pool]) / (n + 20) times 1 + 1 / (1 + values of that hour) times spread[pool, k]^2
    C+- = clip(.9 C+- +- z5 - .25, 0, 30)       (leaky one-sided CUSUMs, as in tier 1)
    level += max(1 / (n + 1), .01) sd psi        own[h] += max(1 / (n_h + 8), .02) sd psi
    profile[pool, k] += max(1 / (N_k + 2), .05) mean of sd psi
    var *= 1 + max(2 / (n + 10), .005) (psi^2 / .85 - 1)
    spread[pool, k] *= 1 + max(1 / (N_k + 4), .05) (mean of psi^2 / .85 - 1) / 2, held to .3 .. 4

A value moves what is learned by at most 2.5 spreads, suspect and masked ones not at all. The chance of a chart C is
its rank among the charts of its pool on healthy slots (a decaying histogram), leaning on all pools together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64

HOURS = 24
YOUNG = 96.0
"""Values from which on a series may speak: a day of quarter hours."""
BINS, TOP = 240, 30.0
HOUR_KNOWN, WIDE = 4, 3.0
"""Until a pool has seen so many slots of an hour of a kind of day, spreads are taken to be so many times as wide: the
first free day is judged by the other days.
"""
LEAN = 200.0
"""Charts of all pools together that a pool's own histogram is mixed with."""
FADE = 1.0 / 3000
"""Share of the histograms that is forgotten a slot: about a month of quarter hours is kept."""
FLOOR = 0.02
"""The least spread on the logarithmic scale: 2 %."""


def _f4(*shape: int) -> Float32:
    return np.zeros(shape, np.float32)


@dataclass(frozen=True)
class Series:
    """s watched series, in the order of `key` = resource << 12 | kpi.

    n, level, var float32: values learned, level, variance; own (s, 24), seen (s, 24): by hour; charts (s, 2): upwards,
    downwards; pool int32.
    """

    key: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    pool: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    n: Float32 = field(default_factory=lambda: _f4(0))
    level: Float32 = field(default_factory=lambda: _f4(0))
    var: Float32 = field(default_factory=lambda: _f4(0))
    own: Float32 = field(default_factory=lambda: _f4(0, HOURS))
    seen: Float32 = field(default_factory=lambda: _f4(0, HOURS))
    charts: Float32 = field(default_factory=lambda: _f4(0, 2))


@dataclass(frozen=True)
class Pools:
    """p pools: name "type|kpi"; unit, var (p,); profile, spread, count (p, 48); tail (p, BINS): charts of healthy
    slots.
    """

    names: tuple[str, ...] = ()
    unit: Float32 = field(default_factory=lambda: _f4(0))
    var: Float32 = field(default_factory=lambda: _f4(0))
    profile: Float32 = field(default_factory=lambda: _f4(0, 2 * HOURS))
    spread: Float32 = field(default_factory=lambda: _f4(0, 2 * HOURS))
    count: Float32 = field(default_factory=lambda: _f4(0, 2 * HOURS))
    tail: Float32 = field(default_factory=lambda: _f4(0, BINS))


@dataclass(frozen=True)
class Judged:
    """What is said of the rows of a step: z [spreads], expected (natural scale), chance (n, 2): of the charts upwards
    and downwards, 1 where the series is too young.
    """

    z: Float32
    expected: Float32
    chance: Float32


def grown(series: Series, extra: Int64, pool: Int32) -> Series:
    """The series with new ones (keys not there yet, any order)."""
    key = np.concatenate([series.key, extra])
    order = np.argsort(key, kind="stable")

    def more(old: Float32) -> Float32:
        new = np.zeros((len(extra), *old.shape[1:]), np.float32)
        return np.concatenate([old, new])[order]

    return Series(
        key[order], np.concatenate([series.pool, pool])[order],
        *(more(getattr(series, f)) for f in ("n", "level", "var", "own", "seen", "charts")),
    )  # fmt: skip


def more_pools(pools: Pools, names: tuple[str, ...]) -> Pools:
    """The pools with new ones."""

    def more(old: Float32) -> Float32:
        return np.concatenate([old, np.zeros((len(names), *old.shape[1:]), np.float32)])

    return Pools(
        pools.names + names, *(more(getattr(pools, f)) for f in ("unit", "var", "profile", "spread", "count", "tail"))
    )


def _mean_by(index: Int32, values: Float64, size: int) -> tuple[Float64, Float64]:
    """(mean, count) of the values of each index."""
    count = np.bincount(index, minlength=size).astype(np.float64)
    return np.bincount(index, values, size) / np.maximum(count, 1), count


def chance(pools: Pools, pool: Int32, charts: Float32) -> Float32:
    """(n, 2): how often a chart of its pool is at least as high as each of `charts` (n, 2) on healthy slots."""
    above = np.cumsum(pools.tail[:, ::-1], axis=1, dtype=np.float64)[:, ::-1]
    every = above.sum(axis=0)
    common = (every + 1) / (every[0] + 1)
    rare = (above + LEAN * common) / (above[:, :1] + LEAN)
    at = np.minimum((charts * (BINS / TOP)).astype(np.int64), BINS - 1)
    return np.asarray(rare[pool[:, None], at], dtype=np.float32)


def step(
    series: Series, pools: Pools, i: Int64, x: Float32, hour: int, free: bool, learn: Bool
) -> tuple[Judged, Series, Pools]:
    """Judge and then learn the values x of the series i (each once) of one slot at a local hour 0-23.

    learn: rows that may teach. The old series and pools stay as they were.
    """
    p, k = series.pool[i], hour + HOURS * free
    pools = _like_other_days(pools, k)
    unit = _units(pools.unit, p, x)
    by = np.where(unit[p] > 0, unit[p], 1).astype(np.float64)
    u = np.sign(x) * np.log1p(np.abs(x) / by)
    n, seen = series.n[i].astype(np.float64), series.seen[i, hour].astype(np.float64)
    fresh = n == 0
    level = np.where(fresh, u - pools.profile[p, k], series.level[i])
    m = level + pools.profile[p, k] + series.own[i, hour]
    var = (n * series.var[i] + 20 * pools.var[p]) / (n + 20)
    sd = np.maximum(np.sqrt(var * (1 + 1 / (1 + seen))) * np.where(pools.count[p, k] > 0, pools.spread[p, k], 1), FLOOR)
    z = (u - m) / sd
    charts = series.charts.copy()
    push = np.clip(z / np.where(pools.count[p, k] >= HOUR_KNOWN, 1.0, WIDE), -5, 5)
    push = np.stack([push, -push], axis=1)
    charts[i] = np.where((n >= 8)[:, None], np.clip(0.9 * charts[i] + push - 0.25, 0, TOP), 0)
    said = np.where((n >= YOUNG)[:, None], chance(pools, p, charts[i]), 1.0)
    expected = np.sign(m) * np.expm1(np.abs(m)) * by
    moved = _learned(series, i[learn], level[learn], (sd * np.clip(z, -2.5, 2.5))[learn], z[learn], hour)
    taught = _taught(replace(pools, unit=unit), p[learn], k, (sd * np.clip(z, -2.5, 2.5))[learn], z[learn])
    old = learn & (n >= YOUNG)
    for d in (0, 1):
        at = np.minimum((charts[i[old], d] * (BINS / TOP)).astype(np.int64), BINS - 1)
        np.add.at(taught.tail, (p[old], at), np.float32(0.5))
    return (
        Judged(z.astype(np.float32), expected.astype(np.float32), said.astype(np.float32)),
        replace(moved, charts=charts),
        taught,
    )


def _like_other_days(pools: Pools, k: int) -> Pools:
    """The pools, with the profile of the other kind of day where this hour of this kind was never seen."""
    new = (pools.count[:, k] == 0) & (pools.count[:, k - HOURS] > 0)
    if not new.any():
        return pools
    profile = pools.profile.copy()
    profile[new, k] = profile[new, k - HOURS]
    return replace(pools, profile=profile)


def _units(unit: Float32, pool: Int32, x: Float32) -> Float32:
    """Units of the pools; those that have none yet get a tenth of what their first values typically are (0: still
    none, all values were zero).
    """
    new = (unit[pool] == 0) & (x != 0)
    if not new.any():
        return unit
    out = unit.copy()
    for q in np.unique(pool[new]).tolist():
        size = np.abs(x[pool == q])
        out[q] = 0.1 * (np.median(size) or size.mean())
    return out


def _learned(series: Series, i: Int64, level: Float64, push: Float64, z: Float64, hour: int) -> Series:
    n, hours = series.n.copy(), series.seen.copy()
    levels, own, var = series.level.copy(), series.own.copy(), series.var.copy()
    was, seen = n[i].astype(np.float64), hours[i, hour].astype(np.float64)
    levels[i] = level + np.maximum(1 / (was + 1), 0.01) * push
    own[i, hour] += (np.maximum(1 / (seen + 8), 0.02) * push).astype(np.float32)
    psi = np.clip(z, -2.5, 2.5)
    base = np.maximum(var[i], FLOOR**2)
    var[i] = base * (1 + np.maximum(2 / (was + 10), 0.005) * (psi**2 / 0.85 - 1))
    n[i] += 1
    hours[i, hour] += 1
    return replace(series, n=n, level=levels, own=own, var=var, seen=hours)


def _taught(pools: Pools, pool: Int32, k: int, push: Float64, z: Float64) -> Pools:
    size = len(pools.names)
    mean, count = _mean_by(pool, push, size)
    psi, _ = _mean_by(pool, np.clip(z, -2.5, 2.5) ** 2, size)
    here = count > 0
    profile, times, var = pools.profile.copy(), pools.count.copy(), np.maximum(pools.var, FLOOR**2)
    spread = np.where(times > 0, pools.spread, 1).astype(np.float32)
    profile[here, k] += (np.maximum(1 / (times[here, k] + 2), 0.05) * mean[here]).astype(np.float32)
    total = times[here].sum(axis=1)
    var[here] *= (1 + np.maximum(2 / (total + 10), 0.005) * (psi[here] / 0.85 - 1)).astype(np.float32)
    gain = np.maximum(1 / (times[here, k] + 4), 0.05) / 2
    spread[here, k] = np.clip(spread[here, k] * (1 + gain * (psi[here] / 0.85 - 1)), 0.3, 4)
    times[here, k] += 1
    tail = pools.tail * np.float32(1 - FADE)
    return replace(pools, profile=profile, spread=spread, count=times, var=var.astype(np.float32), tail=tail)
