"""Root causes on a graph of nodes with metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.errors import ContractError
from cemcore.panel import Float64
from cemcore.pipeline.localisation.vitals.evidence import NodeEvidence, gather
from cemcore.pipeline.localisation.vitals.excess import able, excess
from cemcore.pipeline.localisation.vitals.explaining import distances, explain
from cemcore.pipeline.localisation.vitals.metrics import Metrics, metrics_of, name_of
from cemcore.pipeline.localisation.vitals.shifts import Shifts, shifts

SPEAKS = 1.0
"""Metrics with more than this [nats] are named."""
NAMED = 3


@dataclass(frozen=True)
class Suspect:
    """A node as a cause.

    log_odds [nats] of its being the one cause, against there being none; probability among all nodes and "none of
    them"; metrics: (name, usual, seen, log-odds) of those that speak, the loudest first; explains: other nodes whose
    trouble it would account for.
    """

    node: str
    probability: float
    log_odds: float
    metrics: tuple[tuple[str, float, float, float], ...]
    explains: tuple[str, ...]

    def explain(self) -> str:
        """One line for people."""
        told = ", ".join(f"{n} {was:.4g} -> {now:.4g}" for n, was, now, _ in self.metrics) or "nothing of its own moved"
        also = f"; accounts for {', '.join(self.explains)}" if self.explains else ""
        return f"{self.node} ({self.probability:.0%}): {told}{also}"


@dataclass(frozen=True)
class Ranking:
    """All nodes, the likeliest cause first, and the probability that it is none of them."""

    suspects: tuple[Suspect, ...]
    unknown: float

    @property
    def causes(self) -> tuple[Suspect, ...]:
        """The nodes that are likelier a cause than that there is none; empty where nothing is wrong."""
        return tuple(s for s in self.suspects if s.probability > self.unknown)

    def nodes(self) -> list[str]:
        """The names in rank order."""
        return [s.node for s in self.suspects]

    def __iter__(self) -> Iterator[Suspect]:
        return iter(self.suspects)

    def __len__(self) -> int:
        return len(self.suspects)


def rank_causes(
    normal: pd.DataFrame,
    abnormal: pd.DataFrame,
    edges: Iterable[tuple[str, str]] = (),
    target: object = None,
) -> Ranking:
    """Which node's trouble would account for what the metrics of all nodes show.

    normal, abnormal: frames time x metrics before and during the trouble, columns `node|metric` or (node, metric),
    missing values allowed; edges: (dependent, dependence), as caller and callee; target: the column that shows the
    symptom, or None. Only metrics in both frames are looked at. Raises ContractError for columns of another form, and
    for a target that is not among them.
    """
    m = metrics_of(normal, abnormal)
    links = [(str(a), str(b)) for a, b in edges]
    names = sorted({*m.nodes, *(x for link in links for x in link)})
    place = {n: i for i, n in enumerate(names)}
    column = _column(m, target)
    moved = shifts(m, column)
    symptom = None if column is None else m.kinds[column]
    found = gather(m, moved, place, column)
    steps = distances(len(names), [(place[a], place[b]) for a, b in links])
    amount = excess(m, moved.weight, place, None if column is None else m.names[column], symptom)
    odds = explain(found.seen, found.own, steps, able(amount), None if column is None else place[m.nodes[column]])
    return _ranking(m, moved, found, names, steps, odds)


def _column(m: Metrics, target: object) -> int | None:
    if target is None:
        return None
    wanted = name_of(target)
    at = [j for j, pair in enumerate(zip(m.nodes, m.names, strict=True)) if pair == wanted]
    if not at:
        raise ContractError("metrics", "|".join(wanted), "the target is not a metric of both frames")
    return at[0]


def _ranking(
    m: Metrics, moved: Shifts, found: NodeEvidence, names: list[str], steps: Float64, odds: Float64
) -> Ranking:
    measured = [i for i, n in enumerate(names) if n in set(m.nodes)]
    if not measured:
        return Ranking((), 1.0)
    weight = np.exp(np.minimum(odds[measured], 500.0)) / len(measured)
    total = weight.sum() + 1.0
    by_node: dict[str, list[int]] = {}
    for j, node in enumerate(m.nodes):
        by_node.setdefault(node, []).append(j)
    suspects = [
        Suspect(
            names[i],
            float(weight[k] / total),
            float(odds[i]),
            _speaking(m, moved, found, by_node[names[i]]),
            tuple(names[d] for d in np.flatnonzero(np.isfinite(steps[i]) & (found.seen > SPEAKS)) if d != i),
        )
        for k, i in enumerate(measured)
    ]
    return Ranking(tuple(sorted(suspects, key=lambda s: (-s.log_odds, s.node))), float(1.0 / total))


def _speaking(
    m: Metrics, moved: Shifts, found: NodeEvidence, columns: list[int]
) -> tuple[tuple[str, float, float, float], ...]:
    loud = sorted((j for j in columns if found.metrics[j] > SPEAKS), key=lambda j: (-found.metrics[j], m.names[j]))
    return tuple(
        (
            m.names[j],
            float(np.nanmedian(m.before[:, j])),
            float(np.nansum(m.during[:, j] * moved.weight) / moved.weight[np.isfinite(m.during[:, j])].sum()),
            float(found.metrics[j]),
        )
        for j in loud[:NAMED]
    )
