"""What is wrong with the inventory, as `Cem` answers it: faults of all kinds in one form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

import pandas as pd

KINDS = {
    "wrong_link": "a connection that probably leads to the wrong resource",
    "missing_link": "a connection that is probably missing",
    "partial_path": "services without a way from access to gateway, or on to the endpoint",
    "contradicted": "a resource whose alarms and whose customers' experience contradict each other again and again",
    "other_parent": "a resource that has its troubles together with another node's children, not with its own parent's",
    "unknown_alarmed": "alarms on objects that the inventory does not have",
    "unknown_measured": "measurements of objects that the inventory does not have",
    "unknown_serving": "records served by resources that the inventory does not have",
    "unknown_terminal": "subjects with a terminal that the inventory does not have",
    "unknown_access": "subjects with an access line that the inventory does not have",
    "unknown_gateway": "services with a gateway that the inventory does not have",
    "unknown_endpoint": "services with an endpoint that the inventory does not have",
    "no_gateway": "services without a gateway",
    "no_access": "subjects without access line that were not seen anywhere lately",
    "no_customer": "subjects without a customer that is known",
    "cycle": "resources that need each other in a circle",
    "dangling": "a connection with an end that is not there",
    "unknown_resource": "a connection over a link that is not there",
    "unknown_relation": "a connection of a kind that has no meaning",
    "duplicate": "a resource that is listed more than once",
    "single_leg": "a redundancy group with one leg",
    "metric": "a core link without metric",
    "derived": "a connection that only a name or the ends of a link state; used, and marked here",
    "orphan": "a resource that no connection names",
}
"""Kinds of faults and what they mean, the gravest first."""


@dataclass(frozen=True, slots=True)
class InventoryFault:
    """One fault. `resource` = what it is about; `count` = for how many (subjects, services, alarms ...) it stands;
    `confidence` in 0..1; for links: from_id, relation, to_id (as it is), via, `suggested` (as it should be).
    """

    kind: str
    resource: str
    text: str
    confidence: float = 1.0
    count: int = 1
    from_id: str = ""
    relation: str = ""
    to_id: str = ""
    via: str = ""
    suggested: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def names(self, resource: str) -> bool:
        """Whether the fault is about a resource, from either end."""
        return resource in (self.resource, self.from_id, self.to_id, self.via, *self.suggested)


@dataclass(frozen=True)
class InventoryView:
    """The faults of the inventory as valid `at` a time and known at another, the worst first."""

    at: datetime
    known: datetime
    faults: tuple[InventoryFault, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many faults of each kind there are, the gravest kind first."""
        found = Counter(f.kind for f in self.faults)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def frame(self) -> pd.DataFrame:
        """One row a fault."""
        columns = [f.name for f in fields(InventoryFault)]
        rows = [[getattr(f, c) for c in columns] for f in self.faults]
        return pd.DataFrame(rows, columns=columns)


def worst_first(faults: Iterable[InventoryFault]) -> tuple[InventoryFault, ...]:
    """Faults by kind, then by how sure and how large they are."""
    order = {kind: i for i, kind in enumerate(KINDS)}
    return tuple(
        sorted(faults, key=lambda f: (order.get(f.kind, len(order)), -f.confidence * f.count, f.resource, f.text))
    )
