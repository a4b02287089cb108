"""Evidence of each candidate over windows of time: graded e-values, counts and pooled attempts.

A row of tail probability u weighs f = a u^(a-1), an e-value: its mean is 1 when all is well. A candidate of which a
share pi is hit has L_pi = sum log(1 - pi + pi f); good rows count against it. Beside it Berk-Jones counts of rows
under 5 % and 1 %, and the same of pooled failed attempts, where sessions are few but attempts are many.
"""

from __future__ import annotations

import numpy as np

from cemcore.panel import Float32, Float64, Int32, Int64

SHARES = (0.12, 0.35, 0.8)
LEVELS = (0.05, 0.01)
POWER, CAP = 0.25, 200.0
CHANNELS = len(SHARES) + 1 + len(LEVELS) + 2
"""Channels of a tally: L at each share, rows, rows under each level, failed attempts, failed attempts expected."""
N, FAILED, EXPECTED = len(SHARES), CHANNELS - 2, CHANNELS - 1
POOLING = 1.5
"""Attempts of one record fail together: what is pooled counts for less by this."""


def weights(surprise: Float32, failed: Float32, expected: Float32) -> Float32:
    """Channels (n, CHANNELS) of rows: what each adds to the tally of every candidate that it depends on. NaN surprise
    adds nothing.
    """
    known = np.isfinite(surprise)
    u = 10.0 ** -np.nan_to_num(surprise, nan=0.0).astype(np.float64)
    f = np.minimum(POWER * u ** (POWER - 1), CAP)
    out = np.empty((len(u), CHANNELS), dtype=np.float32)
    for i, pi in enumerate(SHARES):
        out[:, i] = np.log1p(pi * (f - 1))
    out[:, N] = 1.0
    for i, level in enumerate(LEVELS):
        out[:, N + 1 + i] = u < level
    out[:, FAILED], out[:, EXPECTED] = failed, expected
    out[~known] = 0.0
    return out


def tally(candidate: Int32 | Int64, entry_weights: Float32, size: int) -> Float32:
    """Sums (size, CHANNELS) of the entries' channels by candidate."""
    out = np.empty((size, CHANNELS), dtype=np.float32)
    for i in range(CHANNELS):
        out[:, i] = np.bincount(candidate, weights=entry_weights[:, i], minlength=size)
    return out


def _berk_jones(k: Float64, expected: Float64) -> Float64:
    e = np.maximum(expected, 1e-9)
    out = k * np.log(np.maximum(k, 1e-9) / e) - (k - e)
    return np.where(k > e, out, 0.0)


def shared(sums: Float32) -> Float32:
    """The best L_pi of tallies (..., CHANNELS)."""
    return np.asarray(sums[..., :N].max(axis=-1))


def score(sums: Float32) -> Float32:
    """R of tallies (..., CHANNELS): the best of all L_pi, Berk-Jones counts less one nat for the search, and pooled
    attempts.
    """
    s = sums.astype(np.float64)
    best = s[..., :N].max(axis=-1)
    for i, level in enumerate(LEVELS):
        best = np.maximum(best, _berk_jones(s[..., N + 1 + i], level * s[..., N]) - 1)
    best = np.maximum(best, _berk_jones(s[..., FAILED] / POOLING, np.maximum(s[..., EXPECTED], 0.05) / POOLING) - 1)
    return np.asarray(best, dtype=np.float32)


def windows(seconds: int) -> tuple[int, ...]:
    """Window lengths in slots: a quarter of an hour to six hours, at least one slot."""
    return tuple(sorted({max(1, round(h * 3600 / seconds)) for h in (0.25, 0.5, 1.0, 2.0, 6.0)}))


def window_scores(ring: Float32, lengths: tuple[int, ...]) -> Float32:
    """R (windows, candidates) from a ring of tallies (slots, candidates, CHANNELS), newest slot first."""
    total = np.cumsum(ring[: max(lengths)], axis=0, dtype=np.float32)
    return np.stack([score(total[min(w, len(total)) - 1]) for w in lengths])
