"""The index kept beside its topology: built at the first question, changed when people move."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Int32, Population
from cemcore.topology.national.index import MOST_SERVICES, National
from cemcore.topology.topology import Topology

LEAST_SUBJECTS = 50_000
"""Of fewer subjects questions are answered one by one, without an index."""

_PLACE = "national"


def suits(population: Population) -> bool:
    """Whether a population is worth an index."""
    return len(population.kind) >= LEAST_SUBJECTS and population.pair_gateway.shape[1] <= MOST_SERVICES


def national(topology: Topology, population: Population, access: Int32 | None = None) -> National:
    """The index of a population over a topology, each subject at `access` (by default at its fixed line).

    Kept with the topology: for the same people at the same places it costs nothing, for the same people at other
    places only who hangs where is put together anew, for other people it is built.
    """
    at = population.access if access is None else access
    found = topology.kept.get(_PLACE)
    if isinstance(found, National) and _same(found.population, population):
        if found.access is at or np.array_equal(found.access, at):
            return found
        made = found.moved(at)
    else:
        made = National.build(topology, population, at)
    topology.kept[_PLACE] = made
    return made


def _same(one: Population, other: Population) -> bool:
    """Whether two populations are the same people, but for where they are."""
    names = ("kind", "customer", "terminal", "pair_gateway", "pair_endpoint", "segment")
    return one is other or all(getattr(one, name) is getattr(other, name) for name in names)
