"""What causes are judged from at a tick, and what people call a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cemcore.domain import Alarm, PlannedWork
from cemcore.panel import Int32
from cemcore.pipeline.localisation.causes.heard import Folded, Heard, heard
from cemcore.pipeline.localisation.causes.weights import STATED, Weights
from cemcore.pipeline.localisation.explanations import CUSTOMER, RESOURCE, TERMINAL, Explanations
from cemcore.topology import Facts, Topology

ATTRIBUTE_DOMAINS = {
    "device_model": "device",
    "device_vendor": "device",
    "vendor": "device",
    "firmware": "device",
    "os": "device",
    "app": "platform",
    "app_version": "platform",
    "slice": "core",
}
"""Who answers for an attribute's values; others (plan, region, customer) belong to no domain."""


class Sign(Protocol):
    """What is read of one metric of a resource that left its habit (`vitals.unwell.Sign`)."""

    @property
    def since(self) -> int:
        """As there."""
        ...

    @property
    def log_odds(self) -> float:
        """As there."""
        ...

    def text(self, since: str) -> str:
        """As there."""
        ...


class Unwell(Protocol):
    """What is read of resources that are not well by their own metrics (`vitals.unwell.Unwell`)."""

    def of(self, resource: int, since: int) -> Sequence[Sign]:
        """The metrics of a resource that were not as usual in trouble since a time [s]."""
        ...

    def below(self, resource: int, since: int) -> tuple[float, int, int]:
        """(log-odds [nats], unwell, watched) of what hangs on a resource without metrics of its own."""
        ...


@dataclass(frozen=True)
class Scene:
    """What causes are judged from at a tick. known_at [s]; seconds: length of a slot; weights: as of `known_at`;
    unwell, folded: what room three made of metrics and alarms, where it did.
    """

    topology: Topology
    facts: Facts | None
    alarms: tuple[Alarm, ...]
    work: tuple[PlannedWork, ...]
    seconds: int
    known_at: int = 0
    weights: Weights = STATED
    unwell: Unwell | None = None
    folded: Folded | None = None

    @cached_property
    def _reached(self) -> dict[tuple[str, int], frozenset[int]]:
        return {}

    def under(self, resource: int) -> frozenset[int]:
        """What works no more when a resource is lost; kept for the tick."""
        key = ("under", resource)
        if key not in self._reached:
            self._reached[key] = frozenset(self.topology.dependents(resource).tolist())
        return self._reached[key]

    def above(self, resource: int) -> frozenset[int]:
        """What a resource may depend on; kept for the tick."""
        key = ("above", resource)
        if key not in self._reached:
            self._reached[key] = frozenset(self.topology.ancestors(resource).tolist())
        return self._reached[key]

    @cached_property
    def alarms_on(self) -> Mapping[int, tuple[Heard, ...]]:
        """Alarms by the resource that they stand on; those on all members of a redundancy pair also stand on it."""
        return heard(self.alarms, self.topology, self.folded)


def resource_of(known: Explanations, candidate: int) -> int:
    """Position of the resource that a candidate is, -1 where it is none."""
    return int(known.what[candidate, 0]) if known.kind[candidate] in (RESOURCE, TERMINAL) else -1


def attributes_of(
    known: Explanations, names: Sequence[str], c: int, facts: Facts | None
) -> tuple[tuple[str, str], ...]:
    """Attributes and values of a candidate that is no resource; `names` = of the attributes by number."""
    what: Int32 = known.what[c]
    if known.kind[c] == CUSTOMER:
        text = facts.customer(int(what[0])) if facts else None
        return (("customer_id", text or str(int(what[0]))),)
    out = []
    for i in range(0, len(what), 2):
        if what[i] >= 0:
            attribute, value = names[int(what[i])], int(what[i + 1])
            out.append((attribute, (facts.attribute(attribute, value) if facts else None) or str(value)))
    return tuple(out)


def name(known: Explanations, names: Sequence[str], c: int, scene: Scene) -> str:
    """What people call a candidate."""
    resource = resource_of(known, c)
    if resource >= 0:
        return scene.topology.resource_ids[resource]
    return ", ".join(f"{k}={v}" for k, v in attributes_of(known, names, c, scene.facts))


def domain(known: Explanations, names: Sequence[str], c: int, scene: Scene) -> str:
    """Who answers for a candidate: device, access, transport, core, platform, or "" where that is not known."""
    resource = resource_of(known, c)
    if resource >= 0:
        return scene.topology.domains[resource]
    of = [ATTRIBUTE_DOMAINS.get(k, "") for k, _ in attributes_of(known, names, c, scene.facts)]
    return next((d for d in ("platform", "core", "device") if d in of), "")
