"""Evidence of nodes by kind: what can have come from elsewhere, and what is the node's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Float64
from cemcore.pipeline.localisation.vitals.kinds import Kind, Travel
from cemcore.pipeline.localisation.vitals.metrics import Metrics
from cemcore.pipeline.localisation.vitals.shifts import Shifts
from cemcore.pipeline.localisation.vitals.surprise import MOST, log_odds

LEAST = -6.0
"""The most that all metrics of a node together may say against trouble [nats]."""
QUIET = 0.2
"""Weight of what a node uses up, where it does not move: most troubles leave most of it alone."""
GIVEN = 3.0
"""The node that shows the symptom is in trouble with at least these log-odds [nats]: somebody says so."""
OTHER_KIND, OTHER_MOST = 0.5, 1.5
"""Weight of kinds that travel but are not the symptom's, and the most they add [nats]."""


@dataclass(frozen=True)
class NodeEvidence:
    """Log-odds of trouble [nats] of n nodes: seen (n,), in what travels to dependents; own (n,), in what stays.

    metrics (c,): of each single metric.
    """

    seen: Float64
    own: Float64
    metrics: Float64


def shared_by(m: Metrics) -> Float64:
    """How many nodes carry a column with the same moving values: one measurement of something that they share."""
    out = np.ones(len(m.nodes))
    same: dict[tuple[str, bytes], list[int]] = {}
    for j, name in enumerate(m.names):
        both = np.concatenate([m.before[:, j], m.during[:, j]])
        known = both[np.isfinite(both)]
        if len(known) and (known != known[0]).any():
            same.setdefault((name, both.tobytes()), []).append(j)
    for which in same.values():
        out[which] = len(which)
    return out


def gather(m: Metrics, moved: Shifts, place: dict[str, int], target: int | None) -> NodeEvidence:
    """The evidence of all nodes (`place`: position by name); target: the column of the symptom.

    Metrics of one kind are readings of one thing: they count as their mean Bayes factor. Kinds add up.
    """
    symptom = None if target is None else m.kinds[target]
    odds = log_odds(moved.shift, moved.sign)
    odds = np.where(odds > 0, odds / shared_by(m), odds)
    sums: dict[tuple[int, Kind], list[float]] = {}
    for j, (node, kind) in enumerate(zip(m.nodes, m.kinds, strict=True)):
        if np.isfinite(moved.shift[j]):
            sums.setdefault((place[node], kind), []).append(float(np.exp(odds[j])))
    seen, rest, own = np.zeros((3, len(place)))
    for (i, kind), factors in sums.items():
        value = kind.weight * float(np.log(np.mean(factors)))
        if kind.travel is not Travel.DEPENDENTS:
            own[i] += value if value > 0 else QUIET * value
        elif symptom is None or kind is symptom:
            seen[i] += value
        else:
            rest[i] += OTHER_KIND * value
    seen = seen + np.clip(rest, -OTHER_MOST, OTHER_MOST)
    if target is not None:
        seen[place[m.nodes[target]]] = max(seen[place[m.nodes[target]]], GIVEN)
    return NodeEvidence(np.clip(seen, LEAST, MOST), np.clip(own, LEAST, MOST), odds)
