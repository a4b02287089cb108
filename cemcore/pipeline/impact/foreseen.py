"""Impact of failures on a large population, from counts that an index gives without looking at every pair."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from cemcore.domain import Impact, ImpactLine
from cemcore.panel import Int32, Int64, Population
from cemcore.pipeline.impact.exposure import Exposure, exposure
from cemcore.pipeline.impact.lenses import SMALL_GROUPS, UNDECLARED
from cemcore.topology import Topology
from cemcore.topology.national import national, suits


def foreseen(
    down: Collection[int],
    topology: Topology,
    population: Population,
    services: Sequence[str],
    segments: Sequence[str],
    access: Int32 | None,
    least: int,
) -> tuple[Impact, Exposure, int] | None:
    """(impact, pairs, subjects saved by redundancy) as `totals.impact_of` says them; None where there is no index for
    this population: too few subjects, or somebody pays for subjects of several segments.
    """
    if not len(down) or not suits(population):
        return None
    index = national(topology, population, access)
    if not index.people.plain:
        return None
    found = index.counts(down)
    impact = Impact(
        _line("total", found.total), _segments(found.segments, segments, least), _services(found.services, services)
    )
    return impact, exposure(down, topology, population, access), found.saved


def _line(name: str, counts: Int64) -> ImpactLine:
    users, things, at_risk, customers = counts.tolist()
    return ImpactLine(name, users, things, at_risk, 0, customers)


def _segments(counts: Int64, names: Sequence[str], least: int) -> tuple[ImpactLine, ...]:
    """Lines of segments with subjects; those of fewer than `least` are put together."""
    people = counts[:, :3].sum(axis=1)
    some = people > 0
    large = np.flatnonzero(some & (people >= least)).tolist()
    lines = [_line(UNDECLARED if c == 0 else names[c - 1], counts[c]) for c in large]
    if len(large) < int(some.sum()):
        lines.append(_line(SMALL_GROUPS, counts[some & (people < least)].sum(axis=0)))
    return tuple(lines)


def _services(counts: Int64, names: Sequence[str]) -> tuple[ImpactLine, ...]:
    """A line for each service that somebody loses, or loses the protection of."""
    return tuple(_line(names[s], counts[s]) for s in np.flatnonzero(counts[:, :3].any(axis=1)).tolist())
