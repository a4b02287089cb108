"""Resources that are not well by their own KPIs, as evidence for causes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from cemcore.panel import Float32, Int32, Int64
from cemcore.pipeline.localisation.vitals.explaining import PASSES, SHOWS
from cemcore.pipeline.localisation.vitals.kinds import Travel, kind_of
from cemcore.topology import Topology

CAP = 5.0
"""The most that all KPIs of a resource together say [nats]."""
QUIET = 0.5
"""E-value of a KPI that says nothing: what e-values without trouble are, half of the time, and less."""
PRIOR = -4.0
"""Log-odds of trouble of a resource before its KPIs are looked at."""
ECHO = 0.1
"""Probability from which on a KPI is said to be as it is because of something else."""
LIFT = 3.0
"""The most that the KPIs of what depends on it say of a resource without KPIs of its own [nats]."""
NAMED = 3
"""KPIs that are told of a resource; the others stand behind them."""
OLD = 4 * 3600
"""An episode that began longer than this [s] before the trouble is another story."""


@dataclass(frozen=True)
class Sign:
    """One KPI of one resource that is not as usual: since and until (last seen so) [s], value and expected as it was
    at its worst, its share of the resource's log-odds [nats], and whether an unwell dependence explains it.
    """

    resource: int
    kpi: str
    since: int
    until: int
    value: float
    expected: float
    log_odds: float
    explained: bool

    def text(self, since: str) -> str:
        """A line for people; since: the onset as they read times."""
        low = self.value < self.expected
        if self.expected and abs(self.value) < 100 * abs(self.expected) and (self.value > 0) == (self.expected > 0):
            by = abs(self.value / self.expected - 1)
            amount = f"{by:.0%} {'under' if low else 'over'} its usual"
        else:
            amount = f"at {self.value:.3g}, usually {self.expected:.3g},"
        echo = " (as what it depends on)" if self.explained else ""
        return f"{self.kpi} {amount} at this hour since {since}{echo}"


@dataclass(frozen=True)
class Unwell:
    """The episodes of a tick, n lines sorted by resource; kpis: names; carried: KPIs watched by resource."""

    resource: Int32
    kpi: Int32
    since: Int64
    until: Int64
    odds: Float32
    value: Float32
    expected: Float32
    kpis: tuple[str, ...]
    carried: dict[int, int]
    topology: Topology

    def resources(self) -> list[int]:
        """The resources with any episode."""
        return [int(r) for r in np.unique(self.resource)]

    def of(self, resource: int, since: int) -> tuple[Sign, ...]:
        """The KPIs of a resource that were not as usual while trouble lasted that began at `since` [s], those that say
        most first, NAMED at most. Their log-odds add up to those of the resource.
        """
        lines = self._lines(resource, since)
        if not lines:
            return ()
        above, below = self._explains(resource, since)
        factor, explained = {}, {}
        for j in lines:
            travel = kind_of(self.kpis[self.kpi[j]]).travel
            p = {Travel.DEPENDENTS: above, Travel.FLOWS: max(above, below), Travel.STAYS: 0.0}[travel]
            value = exp(float(self.odds[j]))
            factor[j] = (SHOWS * value + 1 - SHOWS) / (p * value + 1 - p)
            explained[j] = p > ECHO
        total = self._total(resource, factor.values())
        if total <= 0:
            return ()
        named = sorted(lines, key=lambda j: (-factor[j], self.kpis[self.kpi[j]]))[:NAMED]
        whole = sum(factor[j] for j in named)
        signs = [
            Sign(
                resource, self.kpis[self.kpi[j]], int(self.since[j]), int(self.until[j]), float(self.value[j]),
                float(self.expected[j]), total * factor[j] / whole, explained[j],
            )
            for j in named
        ]  # fmt: skip
        return tuple(signs)

    def log_odds(self, resource: int, since: int) -> float:
        """Log-odds [nats] that a resource is in trouble of its own, by its KPIs, in trouble that began at `since`."""
        return sum(s.log_odds for s in self.of(resource, since))

    def _lines(self, resource: int, since: int) -> list[int]:
        low, high = np.searchsorted(self.resource, [resource, resource + 1])
        return [j for j in range(low, high) if self.until[j] >= since and self.since[j] >= since - OLD]

    def _total(self, resource: int, factors: Iterable[float]) -> float:
        """Log of the mean e-value of all KPIs of the resource: who watches many sees one of them stir by chance."""
        said = list(factors)
        quiet = self.carried.get(resource, len(said)) - len(said)
        return min(log((sum(said) + QUIET * quiet) / (len(said) + quiet)), CAP)

    def _plain(self, resource: int, since: int, flows: bool) -> float:
        """Log-odds of a resource as they stand, nothing explained away."""
        lines = self._lines(resource, since)
        if not flows:
            lines = [j for j in lines if kind_of(self.kpis[self.kpi[j]]).travel is not Travel.FLOWS]
        return self._total(resource, [exp(float(self.odds[j])) for j in lines]) if lines else 0.0

    def _explains(self, resource: int, since: int) -> tuple[float, float]:
        """Probability that a KPI of the resource would be as it is anyway: by what the resource depends on, and by what
        depends on it.
        """
        unwell = set(self.resources())
        above = unwell & set(self.topology.ancestors(resource).tolist())
        below = unwell & set(self.topology.dependents(resource).tolist())
        up = max((self._plain(r, since, True) for r in above), default=0.0)
        down = max((self._plain(r, since, False) for r in below), default=0.0)
        passed = SHOWS * PASSES
        return passed / (1 + exp(-up - PRIOR)), passed / (1 + exp(-down - PRIOR))

    def below(self, resource: int, since: int) -> tuple[float, int, int]:
        """(log-odds [nats], unwell, watched): what the KPIs of all that depends on a resource say of it; nothing where
        it has KPIs of its own.
        """
        watched = [int(d) for d in self.topology.dependents(resource) if int(d) in self.carried]
        if resource in self.carried or not watched:
            return 0.0, 0, 0
        odds = {d: self._plain(d, since, True) for d in set(watched) & set(self.resources())}
        p = SHOWS * PASSES
        total = sum(log(p * exp(v) + 1 - p) for v in odds.values())
        total += (len(watched) - len(odds)) * log(p * QUIET + 1 - p)
        return min(total, LIFT), sum(v > 1 for v in odds.values()), len(watched)


Told = tuple[Int64, Int64, Float32, Float32, Float32]


def unwell(key: Int64, base: int, kpis: Sequence[str], topology: Topology, told: Told) -> Unwell:
    """What stands. key = resource * base + KPI (codes beyond the names: the last); told: since, until, odds, value and
    expected, by series.
    """
    resource = (key // base).astype(np.int32)
    carried, counts = np.unique(resource, return_counts=True)
    of = told[2] > 0
    name = np.minimum(key[of] % base, len(kpis) - 1).astype(np.int32)
    watched = dict(zip(carried.tolist(), counts.tolist(), strict=True))
    since, until, odds, value, expected = told
    return Unwell(
        resource[of], name, since[of], until[of], odds[of], value[of], expected[of], tuple(kpis), watched, topology
    )
