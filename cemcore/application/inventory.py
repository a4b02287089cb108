"""Bad inventory is found, not hidden: faults of the topology, links that are wrong or missing, what can't be joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pandas as pd

from cemcore.application import contradictions, unmapped
from cemcore.application.house import House
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.errors import NotFoundError
from cemcore.inventory import KINDS, InventoryFault, InventoryView, worst_first
from cemcore.topology import Fault
from cemcore.topology.suspicions import Suspicion, suspect


def inventory(
    house: House,
    at: datetime | None = None,
    as_of: datetime | None = None,
    kinds: Sequence[str] = (),
    resource: str | None = None,
) -> InventoryView:
    """Faults of the inventory as valid `at` a time and known `as_of` another (both: now), of some kinds or about one
    resource; ValueError for a kind that there is not, NotFoundError for a resource that nothing names.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise ValueError(f"no kind {', '.join(sorted(unknown))}; there are: {', '.join(KINDS)}")
    now = house.known_now()
    known = as_of or max(now, house.clock())
    moment = at or as_of or now
    house.worlds.refresh()
    world = house.worlds.at(int(moment.timestamp()), int(known.timestamp()))
    seen = unmapped.Seen.read(house, moment, known)
    found = worst_first(_all(house, world, seen))
    if resource is not None and resource not in world.topology.index and not any(f.names(resource) for f in found):
        raise NotFoundError(f"no resource {resource} in the inventory")
    kept = [f for f in found if (not kinds or f.kind in kinds) and (resource is None or f.names(resource))]
    return InventoryView(moment.astimezone(UTC), known.astimezone(UTC), tuple(kept))


def _all(house: House, world: World, seen: unmapped.Seen) -> Iterator[InventoryFault]:
    yield from (_fault(f) for f in world.topology.faults)
    yield from (_link(s) for s in links(world, seen.records))
    yield from unmapped.faults(house, world, seen)
    yield from contradictions.faults(house, world, seen)


def links(world: World, records: pd.DataFrame) -> tuple[Suspicion, ...]:
    """Connections that are probably wrong or missing, by the inventory and by who served whom: a subject's terminal
    hangs on its access line, and on the resource that serves it.
    """
    subjects = world.frames[Feed.SUBJECTS]
    ends = subjects[["terminal_id", "access_id"]].dropna()
    stated = ends.rename(columns={"terminal_id": "from_id", "access_id": "to_id"})
    told = {"stated": (stated, "the subject's access line says so")}
    terminals = subjects.set_index("subject_id")["terminal_id"].dropna()
    mine = records.assign(from_id=records["subject_id"].map(terminals)).dropna(subset=["from_id", "resource_id"])
    if len(mine):
        most = mine.groupby(["from_id", "resource_id"]).size().rename("n").reset_index().sort_values("n")
        serving = most.drop_duplicates("from_id", keep="last").rename(columns={"resource_id": "to_id"})
        told["served"] = (serving, "the records say so")
    return suspect(world.frames[Feed.RESOURCES], world.frames[Feed.CONNECTIONS], told)


def _fault(found: Fault) -> InventoryFault:
    return InventoryFault(found.kind, found.subject, found.text)


def _link(found: Suspicion) -> InventoryFault:
    return InventoryFault(
        kind=found.kind,
        resource=found.from_id,
        text=found.text,
        confidence=round(found.confidence, 3),
        from_id=found.from_id,
        relation=found.relation,
        to_id=found.to_id,
        via=found.via,
        suggested=found.suggested,
        reasons=found.reasons,
    )
