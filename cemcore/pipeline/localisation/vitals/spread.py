"""How much a metric varies when nothing is wrong, with strength borrowed from its peers."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, polygamma

from cemcore.panel import Bool, Float64

ALIKE = 3.0
"""Values that follow each other say as much as one in three that do not: things change slowly."""
ENOUGH = 3
"""Peers from which the pool is estimated by moments; below, its weight is FEW."""
FEW, MOST = 4.0, 60.0
"""Weight of the pool, in degrees of freedom: with few peers, and at most."""


def own_spread(x: Float64) -> tuple[Float64, Float64, Float64]:
    """(median, robust spread, degrees of freedom) of each column of x (time, columns), NaN = missing.

    The spread is the larger of the median deviation and the 5..95 % range, each scaled to the normal distribution's
    sigma; of few values the standard deviation, where it is larger. NaN below two values.
    """
    n = np.isfinite(x).sum(axis=0)
    known = x[:, n >= 2]
    middle, spread = np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    if known.shape[1]:
        low, mid, high = np.nanquantile(known, (0.05, 0.5, 0.95), axis=0)
        mad = 1.4826 * np.nanmedian(np.abs(known - mid), axis=0)
        few = n[n >= 2] < 8
        middle[n >= 2] = mid
        spread[n >= 2] = np.maximum.reduce([mad, (high - low) / 3.29, np.where(few, np.nanstd(known, 0, ddof=1), 0.0)])
    return middle, spread, np.maximum(n - 1, 0) / ALIKE


def _inverse_trigamma(y: float) -> float:
    """x with trigamma(x) = y > 0, by Newton's method (Smyth 2004, appendix)."""
    x = 0.5 + 1.0 / y
    for _ in range(50):
        step = float(polygamma(1, x)) * (1 - float(polygamma(1, x)) / y) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x


def moderated(spread: Float64, freedom: Float64, group: list[Bool], floor: Float64) -> tuple[Float64, Float64]:
    """(spread, degrees of freedom) of each column, drawn towards its group's as far as the group is alike.

    The moderated variance of Smyth (2004), "Linear models and empirical Bayes methods": prior variance and prior
    degrees of freedom from the moments of the log variances of the group. floor: the least spread that a column may
    have. Columns without an own spread take the group's.
    """
    out, df = np.maximum(np.nan_to_num(spread), floor), freedom.copy()
    for of in group:
        known = of & np.isfinite(spread) & (freedom > 0)
        if not known.any():
            continue
        d, log_var = freedom[known] / 2, 2 * np.log(np.maximum(spread[known], floor[known]))
        e = log_var - digamma(d) + np.log(d)
        weight, middle = FEW, float(np.exp(np.median(log_var)))
        if known.sum() >= ENOUGH:
            over = float(e.var(ddof=1) - polygamma(1, d).mean())
            weight = min(MOST, 2 * _inverse_trigamma(over)) if over > 1e-6 else MOST
        own = np.where(np.isfinite(spread[of]), np.maximum(np.nan_to_num(spread[of]), floor[of]), 0.0)
        df_own = np.where(own > 0, freedom[of], 0.0)
        out[of] = np.sqrt((df_own * own**2 + weight * middle) / (df_own + weight))
        df[of] = df_own + weight
    return out, df
