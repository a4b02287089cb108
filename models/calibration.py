"""Calibration: what a statistic is worth as a tail probability, from decayed histograms of values seen when all was
well.

Cohorts are not alike, so that one null does not fit all: each has its own histogram, leaning on the pooled one where
it has seen little. The tail is a line laid through the body, in the power of the statistic that makes the body
straight: it does not need the rare values among which incidents hide. Where more was really seen than the line
promises, the answer gives way, up to a bound, so that a history with incidents in it can't make the detector blind. A
body that has no slope to go by, because most values are the same, is taken as it was seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 256
"""Bins of a histogram. The chart has 8 a unit; the point has 32 a unit of its root."""
CHART_AT = (np.arange(BINS) + 0.5) / 8
POINT_AT = ((np.arange(BINS) + 0.5) / 32) ** 2
"""What the bins of the two statistics stand for [spreads]."""
MARKS = (0.2, 0.055, 0.015)
"""Probabilities between which the body is looked at, evenly spaced on the logarithm."""
SUSPECT = 2.0
"""Surprise of the chart from which a value is suspected and no part of the body."""
POWERS = np.arange(0.5, 2.01, 0.25)
"""Powers of the statistic that are tried: from a stretched tail to a normal one."""
GIVE = 0.75
"""Share of the line's surprise that is kept, whatever was seen."""
LEAN = 500.0
"""Values that a cohort must have seen to count as much as the pool."""
ENOUGH = 100.0
"""Values without which nothing is known."""
DEEPEST = 30.0
"""Surprise is never more."""


def surprise(counts: NDArray[np.float64], at: Floats) -> NDArray[np.float32]:
    """-log10 of the probability of at least this bin, by cohort (k, BINS).

    counts: histograms (k, 2, BINS) of unsuspected and suspected values; at: what their bins stand for. NaN
    where nothing was learned yet.
    """
    pool = counts.sum(axis=0)
    share = LEAN / max(float(pool.sum()), LEAN)
    known = counts.sum(axis=(1, 2)) > 0
    out = np.empty((len(counts), BINS))
    leaned = np.concatenate([counts[known] + pool * share, pool[None]])
    lines = tail(leaned[:, 0], leaned[:, 1], at)
    out[known], out[~known] = lines[:-1], lines[-1]
    return out.astype(np.float32)


def tail(clean: Floats, suspect: Floats, at: Floats) -> Floats:
    """Surprise by bin of histograms (k, BINS) of unsuspected and suspected values; `at`: what the bins stand for."""
    every = clean + suspect
    n, total = clean.sum(axis=1, keepdims=True), every.sum(axis=1, keepdims=True)
    cut = 10**-SUSPECT
    body, seen = -np.log10(_above(clean) * (1 - cut) + cut), -np.log10(_above(every))
    marks = np.stack([_reach(body, np.maximum(m, 10 / np.maximum(n, 1))) for m in MARKS])
    known = _reach(seen, 10 / np.maximum(total, 1))
    line, slope, power = _line(body, marks, at)
    promised = GIVE * np.where(np.arange(BINS) > marks[1][:, None], line, body)
    reached = np.take_along_axis(np.maximum(seen, promised), known[:, None], axis=1)
    u = at[None, :] ** power[:, None]
    onward = reached + GIVE * slope[:, None] * (u - np.take_along_axis(u, known[:, None], axis=1))
    beyond = np.arange(BINS) > known[:, None]
    straight = np.where(beyond, np.maximum(onward, promised), np.maximum(seen, promised))
    end = np.take_along_axis(seen, known[:, None], axis=1)
    lumpy = np.where(beyond, end * np.maximum(at / np.maximum(at[known], 1e-9)[:, None], 1), seen)
    sloped = (marks[0] > 0) & (marks[0] < marks[1]) & (marks[1] < marks[2])
    out = np.where(sloped[:, None], straight, lumpy)
    out = np.minimum(np.maximum.accumulate(out, axis=1), DEEPEST)
    return np.where(total < ENOUGH, np.nan, out)


def _line(body: Floats, marks: NDArray[np.int64], at: Floats) -> tuple[Floats, Floats, Floats]:
    """(line over the bins (k, BINS), its slope, the power of the statistic in which it is straight)."""
    s = np.stack([np.take_along_axis(body, m[:, None], axis=1)[:, 0] for m in marks])
    best, power = np.full(len(body), np.inf), np.ones(len(body))
    rise = np.maximum(np.diff(s, axis=0), 1e-9)
    for p in POWERS:
        run = np.maximum(np.diff(at[marks] ** p, axis=0), 1e-12)
        bend = np.abs(np.log(run[1] / rise[1] / (run[0] / rise[0])))
        power, best = np.where(bend < best, p, power), np.minimum(bend, best)
    u = at[None, :] ** power[:, None]
    at_marks = np.stack([np.take_along_axis(u, m[:, None], axis=1)[:, 0] for m in marks])
    slope = np.maximum((s[2] - s[0]) / np.maximum(at_marks[2] - at_marks[0], 1e-9), 1e-4)
    return s[1][:, None] + slope[:, None] * (u - at_marks[1][:, None]), slope, power


def _above(counts: Floats) -> Floats:
    """Probability of at least this bin."""
    return np.asarray((np.cumsum(counts[:, ::-1], axis=1)[:, ::-1] + 0.5) / (counts.sum(axis=1, keepdims=True) + 0.5))


def _reach(line: Floats, probability: Floats) -> NDArray[np.int64]:
    """The last bin that is at least this probable."""
    return np.asarray(np.maximum((line <= -np.log10(probability) + 1e-12).sum(axis=1) - 1, 0))


def decayed(counts: Floats, new: NDArray[np.int64], hours: float, memory: float) -> Floats:
    """Histograms (k, 2, BINS) after `hours` with these new values; memory: hours after which a value is worth 1/e."""
    out = counts * np.exp(-hours / memory)
    out[: len(new)] += new
    return np.asarray(out)
