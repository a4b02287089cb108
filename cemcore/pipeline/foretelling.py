"""Early warning: when a drifting series will miss its requirement, with an interval. Pure arrays, causal, no clock.

The daily level is what is left when the season of the hour and of the weekend is taken out, so an evening peak is no
drift. All series are screened at once by the slope of their daily levels; the few that drift get a careful model: a
level that was flat until some day and has moved in a straight line since, over all such days at once (Bayesian
change-point regression with flat priors), its errors allowed to hang together from day to day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float64, Int64

MIN_DAYS = 7
"""Fewer days with values say nothing of a drift."""

_DRAWS = 4000
_SEED = 7_211
_LAST_TURN = 4
_MOST_MEMORY = 0.6


@dataclass(frozen=True)
class Levels:
    """Daily levels of m series over d days: `level` (m, d) without season, NaN = too few values that day; `busy` (m,)
    how far the worst hour lies beyond the level.
    """

    level: Float64
    busy: Float64


@dataclass(frozen=True)
class Screened:
    """Which of m series drift: `drifting` by false discovery rate, `known` where there are days enough, `chance` of so
    steep a drift by itself, `memory` of the errors from one day to the next (one figure for all).
    """

    drifting: Bool
    known: Bool
    chance: Float64
    memory: float


@dataclass(frozen=True)
class Outlook:
    """What lies ahead of one series. `verdict` is breach, none (no breach within the horizon) or unknown.

    now: level [its unit]; per_day: slope; since: day (index) on which the drift most likely began; days: median time to
    the breach from the end of the last day, `low`..`high` its interval (inf = perhaps never); chance: of a breach
    within the horizon.

    """

    verdict: str
    now: float
    per_day: float
    since: int
    days: float
    low: float
    high: float
    chance: float


def daily_levels(
    series: Int64, day: Int64, hour: Int64, value: Float64, cohort: Int64, shape: tuple[int, int], least: int = 1
) -> Levels:
    """Daily levels of rows (n,) of `shape` = (m series, d days): row i is of series[i] on day[i] in season bin hour[i].

    `cohort` (m,) says whose season a series shares. A day with fewer than `least` values is unknown.
    """
    m, d = shape
    bins = int(hour.max()) + 1 if len(hour) else 1
    kinds = int(cohort.max()) + 1 if len(cohort) else 1
    cell = series * d + day
    slot = cohort[series] * bins + hour
    season = np.zeros(kinds * bins)
    level = np.zeros(m * d)
    count = np.bincount(cell, minlength=m * d)
    for _ in range(3):
        level = _mean(cell, value - season[slot], m * d)
        season = _mean(slot, value - level[cell], kinds * bins)
        season -= _mean(np.repeat(np.arange(kinds), bins), season, kinds).repeat(bins)
    off = value - level[cell]
    hours = _mean(series * bins + hour, off, m * bins).reshape(m, bins)
    by_day = np.where(count < least, np.nan, level).reshape(m, d)
    return Levels(by_day, hours.max(axis=1))


def screen(level: Float64, worse: int, false_share: float) -> Screened:
    """Which daily levels (m, d) move the wrong way: slope of all days and of the newest half, Student's t, the memory
    of the errors from day to day taken into account, false discovery rate over all series held at `false_share`.
    """
    m, d = level.shape
    memory = _memory(level)
    inflation = (1 + memory) / (1 - memory)
    chance = np.ones(m)
    windows = sorted({d, max(d // 2, MIN_DAYS)}, reverse=True)
    for length in windows:
        chance = np.minimum(chance, _slope_chance(worse * level[:, d - length :], inflation))
    chance = np.minimum(1.0, len(windows) * chance)
    known = np.isfinite(level).sum(axis=1) >= MIN_DAYS
    chance[~known] = 1.0
    return Screened(_discoveries(chance, known, false_share), known, chance, memory)


def foretell(
    level: Float64, requirement: float, worse: int, horizon: float, interval: float, memory: float = 0.0
) -> Outlook:
    """When one series of daily levels (d,) will miss `requirement`, if it goes on like this.

    `worse` is -1 where falling is bad, +1 where rising is; `interval` the probability that low..high holds.
    """
    days = np.flatnonzero(np.isfinite(level)).astype(np.float64)
    y = worse * level[np.isfinite(level)]
    if len(y) < MIN_DAYS or not math.isfinite(requirement):
        return Outlook("unknown", math.nan, math.nan, -1, math.nan, math.nan, math.nan, math.nan)
    turn, start, slope = _draws(days, _tamed(y), memory)
    now = start + slope * (days[-1] - turn)
    gap = worse * requirement - now
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = np.where(gap <= 0, 0.0, np.where(slope > 0, gap / slope, np.inf))
    low, middle, high = (_quantile(wait, q) for q in ((1 - interval) / 2, 0.5, (1 + interval) / 2))
    chance = float((wait <= horizon).mean())
    return Outlook(
        "breach" if middle <= horizon else "none",
        float(worse * np.median(now)),
        float(worse * np.median(slope)),
        int(np.median(turn)),
        middle,
        low,
        high,
        chance,
    )


def _draws(t: Float64, y: Float64, memory: float) -> tuple[Float64, Float64, Float64]:
    """(turning day, level before it, slope after it) drawn from their posterior, turning days between the first and the
    fourth from the end weighed by how well they explain the data.
    """
    inflation = (1 + memory) / (1 - memory)
    freedom = max(3.0, (len(t) - 2) / inflation)
    turns = t[: len(t) - _LAST_TURN]
    fits, weights = [], []
    for turn in turns:
        x = np.column_stack([np.ones(len(t)), np.maximum(0.0, t - turn)])
        inverse = np.linalg.inv(x.T @ x)
        beta = inverse @ x.T @ y
        rest = float(((y - x @ beta) ** 2).sum()) + 1e-12 * (1 + float(np.abs(y).max()) ** 2)
        scale = inverse * rest / (len(t) - 2) * inflation
        fits.append((beta, np.linalg.cholesky(scale + 1e-15 * np.eye(2))))
        weights.append(0.5 * math.log(np.linalg.det(inverse)) - 0.5 * freedom * math.log(rest))
    share = np.exp(np.array(weights) - max(weights))
    counts = _shares(share / share.sum(), _DRAWS)
    rng = np.random.default_rng(_SEED)
    spread = np.sqrt(freedom / rng.chisquare(freedom, _DRAWS))
    normal = rng.standard_normal((_DRAWS, 2))
    which = np.repeat(np.arange(len(turns)), counts)
    beta = np.array([f[0] for f in fits])[which]
    root = np.array([f[1] for f in fits])[which]
    drawn = beta + np.einsum("nij,nj->ni", root, normal) * spread[:, None]
    return turns[which], drawn[:, 0], drawn[:, 1]


def _tamed(y: Float64) -> Float64:
    """y with single wild days drawn in to 3.5 spreads of the median of the four days around them."""
    around = np.array([np.median(np.r_[y[max(0, i - 2) : i], y[i + 1 : i + 3]]) for i in range(len(y))])
    off = y - around
    spread = 1.4826 * float(np.median(np.abs(off)))
    if spread <= 0:
        return y
    out: Float64 = around + np.clip(off, -3.5 * spread, 3.5 * spread)
    return out


def _shares(share: Float64, total: int) -> Int64:
    """Whole counts in proportion to `share`, `total` in all."""
    edge = np.rint(np.cumsum(share) * total).astype(np.int64)
    edge[-1] = total
    return np.diff(edge, prepend=0)


def _quantile(x: Float64, q: float) -> float:
    return float(np.sort(x)[min(len(x) - 1, int(q * len(x)))])


def _mean(at: Int64, value: Float64, n: int) -> Float64:
    total = np.bincount(at, value, n)
    return total / np.maximum(np.bincount(at, minlength=n), 1)


@dataclass(frozen=True)
class _Lines:
    """Straight lines through the rows of y (m, d): slope, sum of squares of the days, errors (0 where y is unknown)."""

    n: Int64
    slope: Float64
    spread: Float64
    error: Float64
    known: Bool


def _lines(y: Float64) -> _Lines:
    known = np.isfinite(y)
    n = known.sum(axis=1)
    safe = np.maximum(n, 1)
    t = np.broadcast_to(np.arange(y.shape[1], dtype=np.float64), y.shape)
    dt = np.where(known, t - (np.where(known, t, 0).sum(axis=1) / safe)[:, None], 0)
    dy = np.where(known, y - (np.where(known, y, 0).sum(axis=1) / safe)[:, None], 0)
    spread = np.maximum((dt**2).sum(axis=1), 1e-12)
    slope = (dt * dy).sum(axis=1) / spread
    return _Lines(n, slope, spread, dy - slope[:, None] * dt, known)


def _slope_chance(y: Float64, inflation: float) -> Float64:
    """Chance (m,) of so steep a rise of y (m, d) by itself; 1 where there are too few days."""
    from scipy.stats import t as student

    fit = _lines(y)
    rest = np.maximum((fit.error**2).sum(axis=1), 1e-12)
    error = np.sqrt(rest / np.maximum(fit.n - 2, 1) / fit.spread * inflation)
    out = student.sf(fit.slope / error, np.maximum((fit.n - 2) / inflation, 1.0))
    return np.where(fit.n >= MIN_DAYS, out, 1.0)


def _memory(level: Float64) -> float:
    """Correlation of the errors of one day with the next, pooled over all series, straight lines taken out."""
    fit = _lines(level)
    power = (fit.error**2).sum(axis=1)
    usable = (fit.n >= MIN_DAYS) & (power > 0)
    if not usable.any():
        return 0.0
    e, both = fit.error[usable], fit.known[usable]
    pairs = (both[:, 1:] & both[:, :-1]).sum(axis=1)
    lagged = (e[:, 1:] * e[:, :-1]).sum(axis=1) / np.maximum(pairs, 1) * fit.n[usable] / power[usable]
    # Errors of a line fitted to n days are correlated by about -2 / n where the true ones are not.
    return float(np.clip(np.mean(lagged + 2 / fit.n[usable]), 0.0, _MOST_MEMORY))


def _discoveries(chance: Float64, known: Bool, share: float) -> Bool:
    """Benjamini, Hochberg 1995 over the series that are known."""
    out = np.zeros(len(chance), bool)
    at = np.flatnonzero(known)
    if not len(at):
        return out
    order = at[np.argsort(chance[at], kind="stable")]
    limit = share * np.arange(1, len(order) + 1) / len(order)
    below = np.flatnonzero(chance[order] <= limit)
    if len(below):
        out[order[: below[-1] + 1]] = True
    return out
