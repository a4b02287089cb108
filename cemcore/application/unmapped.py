"""What can't be joined to the inventory: names that it does not have, subjects and services that hang on nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.application.places import LOOK_BACK_S, last_served
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.inventory import InventoryFault
from cemcore.panel import Int32
from cemcore.topology import grown

EXAMPLES = 3
NAMED = {str(Feed.ALARMS): ("unknown_alarmed", "alarms"), str(Feed.MEASUREMENTS): ("unknown_measured", "values")}
"""Of the feeds that name objects their own way: the kind of fault, and what is counted."""


@dataclass(frozen=True)
class Seen:
    """What came in the days before a moment: `records` = (slot, subject_id, resource_id) of the quality feed."""

    moment: int
    known: int
    records: pd.DataFrame

    @classmethod
    def read(cls, house: House, moment: datetime, known: datetime) -> Seen:
        """Of the seven days before `moment`, as known at `known`."""
        end, until = int(moment.timestamp()), int(known.timestamp())
        slots, recorded = (end - LOOK_BACK_S, end), (None, until)
        files = house.ledger.files(str(Feed.QUALITY), slots=slots, recorded=recorded)
        columns = ["slot", "subject_id", "resource_id"]
        frame = house.archive.read(files, columns=columns, slots=slots, recorded=recorded)
        return cls(end, until, frame if len(frame) else pd.DataFrame({c: [] for c in columns}, dtype="str"))


def faults(house: House, world: World, seen: Seen) -> Iterator[InventoryFault]:
    """Everything that can't be joined, and paths that lead nowhere."""
    yield from _names(house, world, seen)
    yield from _subjects(world)
    yield from _services(world)
    population = grown(world.population, len(house.registry.codes("subject")))
    access = last_served(house, world, population.access, (seen.moment, seen.known))
    yield from _unseen(world, house, access)
    yield from _serving(world, seen.records)
    yield from partial_paths(world, access, population.pair_gateway, population.pair_endpoint)


def partial_paths(world: World, access: Int32, gateway: Int32, endpoint: Int32) -> Iterator[InventoryFault]:
    """Services whose parts are all known and not joined, by access resource and by the leg that is not there.

    access [subject]; gateway, endpoint [subject, service]: positions, -1 = not known.
    """
    topology = world.topology
    lines = np.stack([np.broadcast_to(access[:, None], gateway.shape), gateway, endpoint], axis=2).reshape(-1, 3)
    whole = lines[(lines >= 0).all(axis=1)]
    if not len(whole):
        return
    kinds, count = np.unique(whole, axis=0, return_counts=True)
    broken: dict[tuple[int, int], int] = {}
    for (a, g, e), n in zip(kinds.tolist(), count.tolist(), strict=True):
        if not topology.path(a, g, e).complete:
            leg = (a, g) if not topology.ways.joined(a, g).met else (g, e)
            broken[leg] = broken.get(leg, 0) + n
    for (x, y), n in broken.items():
        names = topology.resource_ids[x], topology.resource_ids[y]
        text = f"no way from {names[0]} to {names[1]}, which {n:,} services take"
        yield InventoryFault("partial_path", names[0], text, count=n, from_id=names[0], to_id=names[1])


def _names(house: House, world: World, seen: Seen) -> Iterator[InventoryFault]:
    """Names in feeds that no resource bears, now neither."""
    frame = house.archive.read(house.ledger.files("unjoined", recorded=(None, seen.known)))
    if frame.empty:
        return
    frame = frame[frame["recorded_at"].astype("datetime64[s, UTC]").astype("int64") <= seen.known]
    feeds = {name: str(c.feed) for name, c in house.collectors.items()}
    for (source, name), n in frame.groupby(["source", "name"])["rows"].sum().items():
        if world.joiner.resource(str(name)) is not None:
            continue
        kind, what = NAMED.get(feeds.get(str(source), ""), ("unknown_measured", "rows"))
        yield InventoryFault(kind, str(name), f"{int(n):,} {what} of {source} name {name}", count=int(n))


def _subjects(world: World) -> Iterator[InventoryFault]:
    subjects, known = world.frames[Feed.SUBJECTS], world.topology.index
    for column, kind, word in (
        ("terminal_id", "unknown_terminal", "terminal"),
        ("access_id", "unknown_access", "access line"),
    ):
        lost = subjects[subjects[column].notna() & ~subjects[column].isin(list(known))]
        yield from _by_name(lost, column, "subject_id", kind, f"are subjects with {word}")
    customers = set(world.frames[Feed.CUSTOMERS]["customer_id"])
    poor = subjects[~subjects["customer_id"].isin(customers)].assign(customer_id=lambda f: f["customer_id"].fillna(""))
    yield from _by_name(poor, "customer_id", "subject_id", "no_customer", "are subjects of customer")


def _services(world: World) -> Iterator[InventoryFault]:
    services, known = world.frames[Feed.SERVICES], world.topology.index
    for column, kind, word in (
        ("gateway_id", "unknown_gateway", "gateway"),
        ("endpoint_id", "unknown_endpoint", "endpoint"),
    ):
        lost = services[services[column].notna() & ~services[column].isin(list(known))]
        yield from _by_name(lost, column, "service_instance_id", kind, f"are services with {word}")
    bare = services[services["gateway_id"].isna()]
    yield from _by_name(bare, "service", "service_instance_id", "no_gateway", "have no gateway, of service")


def _by_name(rows: pd.DataFrame, column: str, what: str, kind: str, words: str) -> Iterator[InventoryFault]:
    """One fault for each value of `column`, counting the different `what`, with examples."""
    for name, mine in rows.groupby(column)[what]:
        ids = sorted(set(mine.astype("str")))
        shown = ", ".join(ids[:EXAMPLES]) + (f" and {len(ids) - EXAMPLES:,} more" if len(ids) > EXAMPLES else "")
        yield InventoryFault(kind, str(name), f"{shown} {words} {name or 'none'}", count=len(ids))


def _unseen(world: World, house: House, access: Int32) -> Iterator[InventoryFault]:
    """Subjects that hang on nothing that we know of, by their type."""
    subjects = world.frames[Feed.SUBJECTS]
    code = house.registry.codes("subject").find(subjects["subject_id"])
    nowhere = subjects[np.where(code >= 0, access[np.maximum(code, 0)], -1) < 0]
    nowhere = nowhere.assign(subject_type=nowhere["subject_type"].fillna("unknown"))
    yield from _by_name(nowhere, "subject_type", "subject_id", "no_access", "hang on no access resource, of type")


def _serving(world: World, records: pd.DataFrame) -> Iterator[InventoryFault]:
    lost = records[records["resource_id"].notna() & ~records["resource_id"].isin(list(world.topology.index))]
    for name, n in lost.groupby("resource_id").size().items():
        yield InventoryFault("unknown_serving", str(name), f"{int(n):,} records are served by {name}", count=int(n))
