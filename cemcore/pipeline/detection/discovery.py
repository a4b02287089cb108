"""False discoveries over a slot: how many of what is called degraded may be so by chance.

Benjamini and Hochberg (1995): of m tests, call the k smallest tail probabilities for the largest k with
p(k) <= q k / m; then at most a share q of what is called is chance, also under the dependence of neighbours
(Benjamini and Yekutieli 2001, positive regression dependence). At national scale the tests are spread over partitions:
each reduces its surprises (-log10 p) to a histogram, histograms add up, and the centre finds one threshold for all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Float32, Float64

BINS_A_DECADE, DECADES = 64, 16
BINS = BINS_A_DECADE * DECADES + 1
"""Bins of a histogram of surprises: 64 a factor of ten, the last one open; one more in front counts the unknown."""

Surprise = Float32 | Float64


def limit(surprise: Surprise, q: float, tests: float | None = None) -> float:
    """Least surprise that Benjamini-Hochberg calls at a false discovery rate `q`; inf where it calls nothing.

    surprise [n]: -log10 p, NaN = not tested. tests: how many tests there are (default: those of `surprise` that are
    not NaN); more than that where others, known to be dull, were left out.
    """
    known = np.sort(surprise[~np.isnan(surprise)])[::-1]
    m = len(known) if tests is None else tests
    passed = np.flatnonzero(10.0 ** -known.astype(np.float64) <= q * np.arange(1, len(known) + 1) / max(m, 1))
    return float(known[passed[-1]]) if len(passed) else np.inf


def histogram(surprise: Surprise) -> Float64:
    """Counts of surprises, float64 [1 + BINS]: the unknown (NaN) first, then bins of 1/64. Histograms add up."""
    known = surprise[~np.isnan(surprise)]
    at = np.minimum((np.maximum(known, 0) * BINS_A_DECADE).astype(np.int64), BINS - 1)
    out = np.bincount(at + 1, minlength=BINS + 1).astype(np.float64)
    out[0] = len(surprise) - len(known)
    return out


def threshold(counts: Float64, q: float, tests: float | None = None) -> float:
    """`limit` from a histogram, at the lower edge of a bin: never more lenient than `limit` at q, and never stricter
    than `limit` at q less one bin (3.7 %). `tests` as there.
    """
    above = np.cumsum(counts[:0:-1])[::-1]
    m = above[0] if tests is None else tests
    edge = np.arange(BINS) / BINS_A_DECADE
    passed = np.flatnonzero((above > 0) & (10.0**-edge <= q * above / max(m, 1)))
    return float(edge[passed[0]]) if len(passed) else np.inf


def corrected(surprise: Surprise, null: NDArray[np.float64], least: float = 2000.0) -> Float32:
    """Surprise as the null histogram says that it really was: -log10 of the share of healthy tests at or above it.

    null: decayed counts of surprises of healthy times (`histogram`, suspects left out). Up to where it holds 30 tests
    the share is counted; beyond, the log-linear line of its last decade goes on. Fewer than `least` tests: unchanged.
    The correction never makes anything more surprising.
    """
    above = np.cumsum(null[:0:-1])[::-1]
    if above[0] < least:
        return surprise.astype(np.float32)
    edge = np.arange(BINS) / BINS_A_DECADE
    share = np.minimum(above, above[0]) / above[0]
    last = int(np.flatnonzero(above >= 30)[-1])
    first = max(int(np.searchsorted(-share, -min(10 * share[last], 1.0))), 0)
    with np.errstate(divide="ignore"):
        said = -np.log10(share)
    slope = (said[last] - said[first]) / (edge[last] - edge[first]) if last > first else 1.0
    line = said[last] + np.clip(slope, 0.2, 1.0) * (edge - edge[last])
    table = np.minimum(np.where(np.arange(BINS) <= last, said, line), edge)
    at = np.clip(np.nan_to_num(surprise, nan=0.0) * BINS_A_DECADE, 0, None)
    whole = np.minimum(at.astype(np.int64), BINS - 1)
    out = table[whole] + np.where(whole < BINS - 1, (at - whole) / BINS_A_DECADE * np.clip(slope, 0.2, 1.0), 0)
    return np.where(np.isnan(surprise), np.nan, np.minimum(out, surprise)).astype(np.float32)
