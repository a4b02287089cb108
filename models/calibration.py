"""Calibration: what a score is worth as a tail probability, from a decayed histogram of scores seen
when all was well.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

STEP, BINS = 1 / 16, 512
"""Width of a bin, and how many: scores 0..32; what lies above is in the last."""
BODY, DEEP = 1e-3, 5e-5
"""Between these tail probabilities a log-linear tail is laid through the histogram, and beyond the second it goes on
alone.
"""


@dataclass(frozen=True)
class DecayedTail:
    """Tail probabilities by a histogram that forgets. memory: learnings after which a count is
    worth 1/e of a new one.
    """

    memory: float = 2000.0
    counts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))

    def learn(self, score: NDArray[np.float32], suspect: NDArray[np.bool_]) -> Self:
        """A tail that has seen these scores too, but for the suspected anomalies among them: a null that holds events
        is blind to them.
        """
        clean = score[np.isfinite(score) & ~suspect]
        new = np.bincount(_bin(clean), minlength=BINS)
        return replace(self, counts=self.counts * np.exp(-1 / self.memory) + new)

    def surprise(self, score: NDArray[np.float32]) -> NDArray[np.float32]:
        """-log10 of the probability of a score at least as high; NaN in NaN out, NaN before anything was learned."""
        total = self.counts.sum()
        if total < 1 / BODY / 10:
            return np.full(len(score), np.nan, dtype=np.float32)
        tail = (np.cumsum(self.counts[::-1])[::-1] + 0.5) / (total + 1)
        line = np.log10(np.minimum(tail, 1.0))
        start, stop = int(np.searchsorted(-tail, -BODY)), int(np.searchsorted(-tail, -max(DEEP, 2 / total)))
        if stop - start >= 2:
            slope = min((line[stop - 1] - line[start]) / (stop - 1 - start), -1e-3)
            beyond = np.arange(start, BINS)
            line[beyond] = np.maximum(line[start] + slope * (beyond - start), -30)
        out = -line[_bin(np.nan_to_num(score))]
        return np.where(np.isfinite(score), out, np.nan).astype(np.float32)


def _bin(score: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.clip(np.floor(score / STEP), 0, BINS - 1).astype(np.int64)
