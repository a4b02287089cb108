"""Calibrated surprise of charts: a score's rank among the scores of healthy times, and a straight line beyond them.

Decayed histograms, one a stratum, that add up over partitions. Suspects stay out: a null contaminated by incidents
destroys recall. The tail of a chart with a drift below zero falls exponentially, so that log p is a line in the score.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32

STEP, BINS = 1 / 8, 512
FIT = (10.0**-1.5, 10.0**-3.0)
"""Tail probabilities between which the line is fitted: below what suspects were taken out of."""
LEAST = 1000.0
"""Scores that a stratum must hold before it says anything for itself; with fewer, all strata speak together."""
ENOUGH = 25.0
"""Scores above the upper end of the fit."""


@dataclass(frozen=True)
class Tails:
    """Histograms of scores (strata, BINS) float64, bins of 1/8 from zero."""

    counts: Float64 = field(default_factory=lambda: np.zeros((0, BINS)))

    def surprise(self, score: Float32 | Float64, stratum: Int32) -> Float32:
        """-log10 of the tail probability of each score in its stratum, NaN while too little is known."""
        table = self._table(int(stratum.max(initial=-1)) + 1)
        at = np.clip(np.nan_to_num(np.asarray(score, np.float64)) / STEP, 0, BINS - 1)
        whole = np.minimum(at.astype(np.int64), BINS - 2)
        part = at - whole
        out = table[stratum, whole] * (1 - part) + table[stratum, whole + 1] * part
        return np.where(np.isnan(score), np.nan, out).astype(np.float32)

    def learn(self, score: Float32 | Float64, stratum: Int32, healthy: Bool, keep: float, weight: float = 1.0) -> Tails:
        """The tails after these scores; `keep`: share of what was known that is kept; `weight`: what one score counts.

        Charts of short slots hardly move from one to the next: counted by the hour, they do not pretend to be more
        evidence than those of long ones.
        """
        n = max(len(self.counts), int(stratum.max(initial=-1)) + 1)
        out = np.zeros((n, BINS))
        out[: len(self.counts)] = self.counts * keep
        of = healthy & ~np.isnan(score)
        at = np.clip(score[of] / STEP, 0, BINS - 1).astype(np.int64)
        flat = stratum[of].astype(np.int64) * BINS + at
        return replace(self, counts=out + weight * np.bincount(flat, minlength=n * BINS).reshape(n, BINS))

    def _table(self, strata: int) -> Float64:
        """Surprise at each bin's lower edge (strata, BINS)."""
        counts = np.zeros((max(strata, 1), BINS))
        counts[: len(self.counts)] = self.counts[: len(counts)] if len(self.counts) else 0
        whole = self.counts.sum(axis=0, keepdims=True) if len(self.counts) else np.zeros((1, BINS))
        counts = np.where(counts.sum(axis=1, keepdims=True) >= LEAST, counts, whole)
        return _lines(counts)


def _lines(counts: Float64) -> Float64:
    """Surprise by bin of each stratum: counted, then a line; NaN where there are too few."""
    n = counts.sum(axis=1, keepdims=True)
    share = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1] / np.maximum(n, 1e-9)
    low = (share >= FIT[0]).sum(axis=1, keepdims=True) - 1
    high = (share >= np.maximum(FIT[1], ENOUGH / np.maximum(n, 1e-9))).sum(axis=1, keepdims=True) - 1
    low, high = np.maximum(low, 0), np.maximum(high, 0)
    with np.errstate(divide="ignore"):
        said = -np.log10(share)
    top, bottom = np.take_along_axis(said, high, axis=1), np.take_along_axis(said, low, axis=1)
    with np.errstate(invalid="ignore"):
        slope = np.where(high > low, (top - bottom) / np.maximum(high - low, 1), STEP)
    bins = np.arange(BINS)
    line = top + np.clip(slope, 0.02 * STEP, 2 * STEP) * (bins - high)
    out = np.where(bins <= high, said, line)
    return np.where(n >= LEAST, out, np.nan)
