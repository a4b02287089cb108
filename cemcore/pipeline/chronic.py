"""What is chronic: how often a pair is below requirement, and which score it has, while nothing explains it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Bool, Float32, Float64, QualityRows, ScoredRows
from cemcore.pipeline.habit import pair_of

YOUNG = 12
"""A pair with fewer records than this has no habit yet."""
PRIOR = 20.0
"""Records by which a pair's usual share of bad ones leans on its service's."""


@dataclass(frozen=True)
class Chronic:
    """Records below requirement, all records, and the sum of their scores, float64 by pair (subject * services +
    service), while nothing explained them.
    """

    bad: Float64 = field(default_factory=lambda: np.zeros(0))
    seen: Float64 = field(default_factory=lambda: np.zeros(0))
    scores: Float64 = field(default_factory=lambda: np.zeros(0))

    def usual_bad(self, rows: QualityRows, services: int, minutes: float) -> Float32:
        """Bad minutes to be expected of each row of `minutes` in any case: the pair's own share of bad records,
        leaning on its service's.
        """
        bad, seen = self.bad, self.seen
        pair = pair_of(rows, services)
        share = np.zeros(services)
        if len(seen):
            n = np.bincount(np.arange(len(seen)) % services, weights=seen, minlength=services)
            share = np.bincount(np.arange(len(seen)) % services, weights=bad, minlength=services) / np.maximum(n, 1)
        known = pair < len(seen)
        at = np.where(known, pair, 0)
        own_bad = np.where(known, bad[at], 0) if len(seen) else np.zeros(len(pair))
        own_seen = np.where(known, seen[at], 0) if len(seen) else np.zeros(len(pair))
        rate = (own_bad + PRIOR * share[rows.service]) / (own_seen + PRIOR)
        return (rate * minutes).astype(np.float32)

    def learned(self, rows: QualityRows, scored: ScoredRows, of: Bool, services: int) -> Chronic:
        """With the rows `of` too, but for those of unknown score."""
        of = of & ~np.isnan(scored.score)
        pair = pair_of(rows, services)[of]
        size = max(len(self.seen), (int(rows.subject.max(initial=-1)) + 1) * services)

        def plus(old: Float64, weights: Float64 | None) -> Float64:
            new = np.zeros(size)
            new[: len(old)] = old
            return np.asarray(new + np.bincount(pair, weights=weights, minlength=size))

        return Chronic(
            plus(self.bad, scored.below[of].astype(np.float64)),
            plus(self.seen, None),
            plus(self.scores, scored.score[of].astype(np.float64)),
        )

    def expected(self, rows: QualityRows, services: int) -> Float32:
        """Score expected of each row by habit: the mean of its pair's while nothing explained them, NaN for a young
        pair.
        """
        pair = pair_of(rows, services)
        seen, scores = np.append(self.seen, 0.0), np.append(self.scores, 0.0)
        at = np.where(pair < len(self.seen), pair, len(self.seen))
        return np.where(seen[at] >= YOUNG, scores[at] / np.maximum(seen[at], 1), np.nan).astype(np.float32)
