"""How far leaves stray from their forecast when nothing is wrong, learned from the leaves of this very case."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from cemcore.panel import Bool, Float64

FLOOR = 1e-3
"""No forecast is taken to be closer than this, relative to the value."""
BINS = 12
FEW = 200
"""Leaves a bin of sizes needs, so that the noise level is estimated for it."""
NORMAL = 200.0
"""Degrees of freedom from which a t distribution is taken as the normal one."""
MEDIAN = 0.6745
MIDDLES = {NORMAL: MEDIAN, 10.0: 0.6998, 6.0: 0.7176, 4.0: 0.7407, 3.0: 0.7649, 2.0: 0.8165}
"""Median distance from zero of a t distribution, by its degrees of freedom."""
CLEARLY = 3e-3
"""Nats a leaf by which heavy tails must be likelier than normal ones: among many leaves any difference is certain."""
GUESS = 0.05
"""Noise level where too few leaves stray to tell it."""


def deviations(real: Float64, expected: Float64) -> tuple[Float64, Bool]:
    """((real - expected) / the larger of the two, in -1..1; where it is known: not both zero).

    Symmetric in the two, so that a forecast that is off by noise is no outlier where it happens to be small.
    """
    size = np.maximum(np.abs(real), np.abs(expected))
    known = size > 0
    y = np.divide(real - expected, size, out=np.zeros(len(real)), where=known)
    return np.clip(y, -1, 1), known


def _side(y: Float64, sign: int) -> Float64:
    return np.asarray(np.abs(y[y * sign > 0]))


def quiet_side(y: Float64) -> int:
    """-1 or +1: the side of zero on which leaves stray less. What causes add to one side is not noise."""
    level = {s: np.median(_side(y, s)) if (y * s > 0).sum() >= 5 else np.inf for s in (-1, 1)}
    return -1 if level[-1] <= level[1] else 1


def levels(y: Float64, known: Bool, size: Float64) -> tuple[Float64, float]:
    """(noise level of each leaf, degrees of freedom of its tails), from the quiet side by bins of leaf size."""
    use = known & (y != 0)
    if use.sum() < 5:
        return np.full(len(y), GUESS), NORMAL
    side = quiet_side(y[use])
    calm = use & (y * side > 0)
    middle = np.full(len(y), max(float(np.median(np.abs(y[calm]))), FLOOR))
    bins = min(BINS, int(calm.sum()) // FEW)
    if bins > 1:
        edges = np.unique(np.quantile(size[calm], np.arange(1, bins) / bins))
        of = np.searchsorted(edges, size)
        for b in range(len(edges) + 1):
            if (calm & (of == b)).any():
                middle[of == b] = max(float(np.median(np.abs(y[calm & (of == b)]))), FLOOR)
    freedom = _freedom(np.abs(y[calm]) / middle[calm])
    return middle / MIDDLES[freedom], freedom


def _freedom(x: Float64) -> float:
    """Degrees of freedom under which distances from zero, in units of their median, are likeliest."""

    def likelihood(freedom: float) -> float:
        return float(log_density(x * MIDDLES[freedom], freedom).sum() + len(x) * np.log(MIDDLES[freedom]))

    best = max(MIDDLES, key=likelihood)
    return best if likelihood(best) > likelihood(NORMAL) + 2 + CLEARLY * len(x) else NORMAL


def log_density(x: Float64, freedom: float) -> Float64:
    """Log density of a t distribution at x; the normal one from NORMAL degrees of freedom."""
    if freedom >= NORMAL:
        return np.asarray(-0.5 * x * x - 0.5 * np.log(2 * np.pi))
    half = (freedom + 1) / 2
    constant = gammaln(half) - gammaln(freedom / 2) - 0.5 * np.log(freedom * np.pi)
    return np.asarray(constant - half * np.log1p(x * x / freedom))


def likeness(bad: Float64, attempts: Float64, share: Float64) -> float:
    """How alike the attempts of one leaf are (intra-class correlation), from leaves with a given expected share of bad
    ones: the value at which the median leaf strays as binomial counts do.
    """
    known = (attempts * share >= 1) & (attempts >= 5)
    if known.sum() < 10:
        return 0.0
    n, p = attempts[known], share[known]
    x = (bad[known] - n * p) ** 2 / (n * p * (1 - p))
    low, high = 0.0, 1.0
    if np.median(x) <= MEDIAN**2:
        return 0.0
    for _ in range(30):
        middle = (low + high) / 2
        if np.median(x / (1 + (n - 1) * middle)) > MEDIAN**2:
            low = middle
        else:
            high = middle
    return high
