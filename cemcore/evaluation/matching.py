"""Which prediction stands for which true incident: one to one, by best total score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from cemcore.evaluation.causes import Neighbours, credit
from cemcore.evaluation.predictions import CauseKey, Pair, Prediction, cause_key, epoch

SLOT = 900
CAUSES_READ = 3


@dataclass(frozen=True)
class TrueIncident:
    """One incident of the truth as sets and epoch seconds."""

    id: str
    kind: str
    start: float
    end: float
    visible: bool
    has_alarm: bool
    accepted: tuple[CauseKey, ...]
    pairs: frozenset[Pair]
    subjects: frozenset[str]
    at_risk: frozenset[Pair]

    @classmethod
    def read(cls, incident: Mapping[str, Any]) -> TrueIncident:
        """From its entry in a truth document."""
        return cls(
            id=incident["id"],
            kind=incident["kind"],
            start=epoch(incident["effective_start"]),
            end=epoch(incident["end"]),
            visible=incident["visible"],
            has_alarm=incident["has_alarm"],
            accepted=tuple(cause_key(c) for c in [*incident["causes"], *incident.get("also_accept", [])]),
            pairs=frozenset((a["subject_id"], a["service"]) for a in incident["affected"]),
            subjects=frozenset(a["subject_id"] for a in incident["affected"]),
            at_risk=frozenset((a[0], a[1]) for a in incident.get("at_risk", [])),
        )


@dataclass(frozen=True)
class Matching:
    """`of_truth` maps true incidents to their prediction, both by position.

    The other predictions are duplicates or false.
    """

    of_truth: Mapping[int, int]
    duplicates: tuple[int, ...]
    false: tuple[int, ...]


@dataclass(frozen=True)
class Matcher:
    """The rule of what may match.

    Times must overlap, with `tolerance` slots of slack, and either the affected sets overlap (Jaccard >=
    `min_jaccard`) or one of the first three causes is right or next to right. Open predictions end at `horizon` [s].
    """

    neighbours: Neighbours
    horizon: float
    tolerance: int = 2
    min_jaccard: float = 0.1

    def overlap(self, p: Prediction, start: float, end: float) -> float:
        """Seconds that a prediction, with its slack, shares with [start, end)."""
        slack = self.tolerance * SLOT
        low, high = max(p.start - slack, start), min(min(p.end, self.horizon) + slack, end)
        return max(0.0, high - low)

    def affinity(self, p: Prediction, t: TrueIncident) -> float:
        """How well `p` stands for `t`; 0 where it may not."""
        shared = self.overlap(p, t.start, t.end)
        if shared <= 0:
            return 0.0
        jaccard = _jaccard(p.pairs, t.pairs) if p.pairs else _jaccard(p.subjects, t.subjects)
        cause = max((credit(c, t.accepted, self.neighbours) for c in p.causes[:CAUSES_READ]), default=0.0)
        if jaccard < self.min_jaccard and cause == 0:
            return 0.0
        span = max(min(p.end, self.horizon), t.end) - min(p.start, t.start)
        return jaccard + cause + 0.2 * min(1, shared / span if span > 0 else 0) + 1e-6

    def match(self, predictions: Sequence[Prediction], truth: Sequence[TrueIncident]) -> Matching:
        """The assignment of greatest total affinity.

        What is left over is a duplicate where it could have matched, else false.
        """
        table = np.array([[self.affinity(p, t) for t in truth] for p in predictions]).reshape(
            len(predictions), len(truth)
        )
        of_truth: dict[int, int] = {}
        if table.size:
            rows, cols = linear_sum_assignment(-table)
            of_truth = {int(k): int(i) for i, k in zip(rows, cols, strict=True) if table[i, k] > 0}
        left = [i for i in range(len(predictions)) if i not in set(of_truth.values())]
        duplicate = [i for i in left if table[i].size and table[i].max() > 0]
        return Matching(of_truth, tuple(duplicate), tuple(i for i in left if i not in set(duplicate)))


def _jaccard(a: frozenset[Any], b: frozenset[Any]) -> float:
    union = len(a | b)
    return len(a & b) / union if union else 0.0
