"""The backbone: least total metric, ties share at every hop, recomputed over what survives."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np

from cemcore.topology.climb import spread_over
from cemcore.topology.network import Network
from cemcore.topology.support import Support


class Core:
    """Backbone routers and links that survive: paths in use between two routers, and what parts them."""

    def __init__(self, network: Network, support: Support) -> None:
        self._support = support
        works = support.works
        routers = np.flatnonzero(network.is_core).tolist()
        self._next: dict[int, list[tuple[int, int, float]]] = {u: [] for u in routers if works(u)}
        for a, z, link, metric in zip(
            network.core_from.tolist(),
            network.core_to.tolist(),
            network.core_link.tolist(),
            network.core_metric.tolist(),
            strict=True,
        ):
            if works(a) and works(z) and works(link):
                self._next[a].append((z, link, metric))
                self._next[z].append((a, link, metric))
        self._metric: dict[int, dict[int, float]] = {}
        self._share: dict[tuple[int, int], dict[int, float]] = {}
        self._labels: dict[int, dict[int, int]] = {}
        self._touched: set[int] | None = None

    def metric(self, source: int, target: int) -> float | None:
        """Least total metric between two routers, None where no path survives; a router is 0 away from itself."""
        return self._to(target).get(source)

    def share(self, source: int, target: int) -> dict[int, float]:
        """Traffic share by element on the paths in use from one router to another; empty where none survives."""
        key = (source, target)
        if key not in self._share:
            away = self._to(target)
            for u in sorted((u for u in away if away[u] <= away.get(source, -1.0)), key=lambda u: away[u]):
                self._share.setdefault((u, target), self._share_from(u, target, away))
            self._share.setdefault(key, {})
        return self._share[key]

    def joins(self, r: int, sources: Iterable[int], targets: Iterable[int]) -> bool:
        """Whether a path from one of the sources to one of the targets survives the loss of r (-1: of nothing)."""
        if r not in self.elements():
            r = -1
        labels = self._labels.get(r)
        if labels is None:
            labels = self._labels[r] = self._components(r)
        reached = {labels[s] for s in sources if s in labels}
        return any(labels[t] in reached for t in targets if t in labels)

    @property
    def whole(self) -> bool:
        """Whether every router reaches every other."""
        routers = list(self._next)
        return all(self.metric(u, routers[0]) is not None for u in routers)

    def elements(self) -> set[int]:
        """Everything whose loss takes some router or link of the backbone with it."""
        if self._touched is None:
            of = self._support.of
            self._touched = {
                r for u, ways in self._next.items() for x in (u, *(link for _, link, _ in ways)) for r in of(x)
            }
        return self._touched

    def _to(self, target: int) -> dict[int, float]:
        """Metric to the target by router, for those that reach it (Dijkstra)."""
        known = self._metric.get(target)
        if known is not None:
            return known
        away = {target: 0.0} if self._support.works(target) else {}
        heap = [(0.0, target)] if away else []
        while heap:
            d, u = heapq.heappop(heap)
            if d > away[u]:
                continue
            for v, _, metric in self._next[u]:
                if d + metric < away.get(v, float("inf")):
                    away[v] = d + metric
                    heapq.heappush(heap, (d + metric, v))
        self._metric[target] = away
        return away

    def _share_from(self, u: int, target: int, away: dict[int, float]) -> dict[int, float]:
        own = dict.fromkeys(self._support.of(u), 1.0)
        if u == target:
            return own
        best = [(v, link) for v, link, metric in self._next[u] if away[v] + metric <= away[u] and away[v] < away[u]]
        share: dict[int, float] = {}
        for v, link in best:
            spread_over(share, self._share[v, target], 1 / len(best), self._support.of(link))
        share.update(own)
        return share

    def _components(self, r: int) -> dict[int, int]:
        """Component by router without r and what needs it; routers that fail with r are left out."""
        of = self._support.of
        alive = {u for u in self._next if r not in of(u)}
        labels: dict[int, int] = {}
        for seed in alive:
            if seed in labels:
                continue
            labels[seed] = seed
            stack = [seed]
            while stack:
                for v, link, _ in self._next[stack.pop()]:
                    if v in alive and v not in labels and r not in of(link):
                        labels[v] = seed
                        stack.append(v)
        return labels
