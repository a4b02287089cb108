"""How much evidence opens a problem: one false-alarm budget, and what each candidate reached when all was well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Float32, Int32, Int64
from cemcore.pipeline.localisation.evidence import CHANNELS, score, tally, weights
from cemcore.pipeline.localisation.explanations import KINDS, TERMINAL, Explanations

MARGIN = 2.0
"""Nats over the most that a candidate reached on healthy days."""


@dataclass(frozen=True)
class Thresholds:
    """base float32 (KINDS, windows): by budget; healthy float32 (windows, candidates): most reached
    when all was well.
    """

    base: Float32
    healthy: Float32

    def of(self, known: Explanations) -> Float32:
        """Threshold (windows, candidates)."""
        out = self.base[known.kind].T.copy()
        n = self.healthy.shape[1]
        out[:, :n] = np.maximum(out[:, :n], self.healthy + MARGIN)
        return np.asarray(out, dtype=np.float32)


def budget_base(counts: Int64, lengths: tuple[int, ...], slots_a_day: float, budget: float) -> Float32:
    """Threshold of each kind and window: ln(candidates x kinds x independent windows a day / budget); counts:
    candidates a kind.
    """
    tests = sum(slots_a_day / w for w in lengths)
    used = max(1, int((counts > 0).sum()))
    base = np.log(np.maximum(counts, 1) * used * tests / budget)
    return np.repeat(base[:, None], len(lengths), axis=1).astype(np.float32)


def calibrate(
    known: Explanations,
    slot: Int64,
    keys: tuple[Int32, Int32, Int32],
    surprise: Float32,
    attempts: tuple[Float32, Float32],
    seconds: int,
    lengths: tuple[int, ...],
) -> Float32:
    """Most evidence (windows, candidates) that each candidate reached over healthy rows.

    keys = (path, made, subject); attempts = (failed, expected).
    """
    size = len(known)
    best = np.zeros((len(lengths), size), dtype=np.float32)
    w = weights(surprise, *attempts)
    order = np.argsort(slot, kind="stable")
    number = (slot[order] - (slot.min() if len(slot) else 0)) // seconds
    days = 96
    tail = np.zeros((0, size, CHANNELS), dtype=np.float32)
    for first in range(0, int(number.max(initial=-1)) + 1, days):
        a, b = np.searchsorted(number, [first, first + days])
        of = order[a:b]
        row, candidate = known.entries(keys[0][of], keys[1][of], keys[2][of])
        at = (number[a:b][row] - first) * size + candidate
        sums = tally(at, w[of][row], days * size).reshape(days, size, CHANNELS)
        both = np.concatenate([tail, sums])
        total = np.concatenate([np.zeros((1, size, CHANNELS), np.float64), np.cumsum(both, axis=0, dtype=np.float64)])
        for i, length in enumerate(lengths):
            if len(both) >= length:
                best[i] = np.maximum(best[i], score((total[length:] - total[:-length]).astype(np.float32)).max(axis=0))
        tail = both[-(max(lengths) - 1) :]
    return best


def allowed(known: Explanations, lengths: tuple[int, ...]) -> Float32:
    """Penalty (windows, candidates): a single terminal is only judged over the two longest windows."""
    out = np.zeros((len(lengths), len(known)), dtype=np.float32)
    out[: max(0, len(lengths) - 2), known.kind == TERMINAL] = np.inf
    return out


def kinds_of(known: Explanations) -> Int64:
    """Candidates a kind."""
    return np.bincount(known.kind, minlength=KINDS).astype(np.int64)
