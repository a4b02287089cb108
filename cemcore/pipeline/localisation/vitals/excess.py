"""Can a node's own excess account for that of a node which depends on it?

Waiting and failing are conserved along calls: if 24 seconds of waiting were added at the front in a slot, no callee
that added 7 seconds in all is behind it. Excess = (value - usual) x demand, summed over the symptom's slots.
"""

from __future__ import annotations

import numpy as np

from cemcore.panel import Float64
from cemcore.pipeline.localisation.vitals.kinds import Kind, Travel
from cemcore.pipeline.localisation.vitals.metrics import Metrics

LEAST = 0.0025
"""The least that is left of a probability: calls may be batched, demand may be sampled."""
POWER = 2
"""A node that can account for half of an excess is a quarter as likely its cause: excesses are roughly known."""


def excess(m: Metrics, weight: Float64, place: dict[str, int], metric: str | None, symptom: Kind | None) -> Float64:
    """Excess of each node in a metric, times its demand; NaN where one of both is not measured or nothing is in excess.

    weight (u,): of the slots; metric: the name of the symptom's metric, which must be a mean for the product to mean
    something.
    """
    out = np.full(len(place), np.nan)
    if metric is None or symptom is None or symptom.travel is not Travel.DEPENDENTS:
        return out
    demand = {m.nodes[j]: m.during[:, j] for j in range(len(m.nodes)) if m.kinds[j].name == "demand"}
    for j, (node, name) in enumerate(zip(m.nodes, m.names, strict=True)):
        known = m.before[np.isfinite(m.before[:, j]), j]
        if name != metric or node not in demand or not len(known):
            continue
        product = symptom.bad * (m.during[:, j] - np.median(known)) * demand[node]
        total = float(np.nansum(np.maximum(product, 0.0) * weight))
        if total > 0:
            out[place[node]] = total
    return out


def able(amount: Float64) -> Float64:
    """(n, n): how much less likely a node (line) is behind another's excess (column), as it has too little of its own;
    1 where that is not known.
    """
    ratio = (amount[:, None] / amount[None, :]) ** POWER
    return np.where(np.isfinite(ratio), np.clip(ratio, LEAST, 1.0), 1.0)
