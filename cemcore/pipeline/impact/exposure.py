"""Who hangs on what has failed: services lost, services left without protection, services that redundancy saves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Int32, Population
from cemcore.pipeline.impact.rows import Pairs
from cemcore.topology import Topology
from cemcore.topology.national import national, suits


@dataclass(frozen=True)
class Exposure:
    """What a set of failures means to (subject, service) pairs.

    lost: no way is left. at_risk: still served, with a single point of failure that was backed up before. protected:
    traffic ran over what failed, and is still served (those at risk included).
    """

    lost: Pairs
    at_risk: Pairs
    protected: Pairs

    @classmethod
    def later(cls, find: Callable[[], tuple[Pairs, Pairs, Pairs]]) -> Exposure:
        """Pairs that are put together when somebody looks: of millions of subjects counts are known much earlier."""
        made = cls.__new__(cls)
        object.__setattr__(made, "_find", find)
        return made

    def __getattr__(self, name: str) -> Pairs:
        if name not in ("lost", "at_risk", "protected"):
            raise AttributeError(name)
        for field, found in zip(("lost", "at_risk", "protected"), self.__dict__["_find"](), strict=True):
            object.__setattr__(self, field, found)
        pairs: Pairs = self.__dict__[name]
        return pairs

    @property
    def exposed(self) -> Pairs:
        """Lost and at risk together."""
        return Pairs.concat([self.lost, self.at_risk])


def exposure(
    down: Collection[int], topology: Topology, population: Population, access: Int32 | None = None
) -> Exposure:
    """Exposure of all service instances when all the resources `down` fail together.

    access: int32 per subject code, the access resource it is at (-1 unknown); by default the inventory's fixed line.
    Services of a subject whose terminal is down are lost. Large populations are looked up in an index that is kept
    with the topology (`topology.national`).
    """
    if suits(population) and len(down):
        index = national(topology, population, access)
        return Exposure.later(lambda: _pairs(index.pairs(down)))
    subject, service = np.nonzero((population.pair_gateway >= 0) | (population.pair_endpoint >= 0))
    pairs = Pairs(subject.astype(np.int32), service.astype(np.int32))
    if not len(pairs) or not len(down):
        return Exposure(Pairs.none(), Pairs.none(), Pairs.none())
    at = population.access if access is None else access
    gateway, endpoint = population.pair_gateway[subject, service], population.pair_endpoint[subject, service]
    triples = np.stack([at[subject], gateway, endpoint], axis=1).astype(np.int32)
    lost, at_risk = topology.lost(down, triples)
    dead = np.isin(population.terminal[subject], list(down))
    lost |= dead
    at_risk &= ~dead
    saved = topology.crossed(down, triples) & ~lost
    return Exposure(pairs.take(lost), pairs.take(at_risk), pairs.take(saved))


def _pairs(found: tuple[tuple[Int32, Int32], tuple[Int32, Int32], tuple[Int32, Int32]]) -> tuple[Pairs, Pairs, Pairs]:
    lost, at_risk, protected = found
    return Pairs(*lost), Pairs(*at_risk), Pairs(*protected)


def carriers(population: Population, values: Mapping[str, int]) -> Pairs:
    """Service instances of subjects that carry all these attribute values, by name and code (causes that are no
    resource).
    """
    mask: Bool = np.ones(len(population.kind), np.bool_)
    for name, code in values.items():
        if name not in population.attribute_names:
            return Pairs.none()
        mask &= population.attributes[:, population.attribute_names.index(name)] == code
    served = ((population.pair_gateway >= 0) | (population.pair_endpoint >= 0)) & mask[:, None]
    subject, service = np.nonzero(served)
    return Pairs(subject.astype(np.int32), service.astype(np.int32))
