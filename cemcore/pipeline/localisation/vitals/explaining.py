"""Explaining away: which one node's trouble would account for all that is seen on the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cemcore.panel import Float64

SHOWS, PASSES, ANYWAY = 0.9, 0.4, 0.05
"""Probability that trouble shows at the node itself, at a dependent too, and that a node shows some anyway."""
OWN = 0.5
"""Probability that trouble of a node shows in what it uses up itself."""
NOT_REACHING = 4.0
"""Log-odds [nats] against a node on which the symptom's node does not depend."""


def distances(n: int, edges: Sequence[tuple[int, int]]) -> Float64:
    """(n, n): steps from a node (line) to each that depends on it, infinite where none does; edges: (dependent,
    dependence). Cycles are allowed.
    """
    dependents: list[list[int]] = [[] for _ in range(n)]
    for dependent, dependence in edges:
        dependents[dependence].append(dependent)
    out = np.full((n, n), np.inf)
    for start in range(n):
        front, step = [start], 0.0
        out[start, start] = 0.0
        while front:
            step += 1.0
            reached = [d for at in front for d in dependents[at]]
            front = [d for d in dict.fromkeys(reached) if not np.isfinite(out[start, d])]
            out[start, front] = step
    return out


def _expected(p: Float64, odds: Float64) -> Float64:
    """Log-likelihood of evidence (log-odds) where trouble is there with probability p, against none."""
    return np.asarray(np.log(p * np.exp(odds) + 1.0 - p))


def explain(seen: Float64, own: Float64, steps: Float64, able: Float64, target: int | None) -> Float64:
    """Log-odds [nats] of each node being the one cause of all that is seen, against there being none.

    seen, own (n,): `evidence.NodeEvidence`; steps (n, n): `distances`; able (n, n): `excess.able`. A node is credited
    with the trouble of its dependents and charged with what it leaves unexplained (a coincidence then) and with
    dependents that are well. Where the target's dependences are known, the cause must be one of them.
    """
    passed = np.where(np.isfinite(steps), SHOWS * PASSES ** np.where(np.isfinite(steps), steps, 0.0), 0.0) * able
    p = np.maximum(passed, ANYWAY)
    out = (_expected(p, seen[None, :]) - _expected(np.full_like(p, ANYWAY), seen[None, :])).sum(axis=1)
    out = out + _expected(np.full(len(own), OWN), own) - _expected(np.full(len(own), ANYWAY), own)
    if target is not None and np.isfinite(steps[:, target]).sum() > 1:
        out = out - np.where(np.isfinite(steps[:, target]), 0.0, NOT_REACHING)
    return np.asarray(out)
