"""Where what happens contradicts what the inventory says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.application.places import LOOK_BACK_S
from cemcore.application.unmapped import Seen
from cemcore.application.world import World
from cemcore.domain import Alarm, Feed, Severity, State
from cemcore.inventory import InventoryFault
from cemcore.panel import Int32
from cemcore.topology.suspicions.behaviour import elsewhere, painless, single_legs

LEAST_ROWS = 5
"""A judgement of one alarm needs so many rows under its resource."""

RAISED = 3.0
"""The share of bad rows under an alarm hurts from so many times the usual share on."""


def faults(house: House, world: World, seen: Seen) -> Iterator[InventoryFault]:
    """Resources whose alarms hurt nobody though alarms alike do elsewhere, places that have their troubles with another
    node's, redundancy groups with one leg.
    """
    yield from _legs(world)
    rows = _scores(house, world, seen)
    if len(rows):
        yield from _elsewhere(world, rows)
        yield from _painless(house, world, seen, rows)


def _scores(house: House, world: World, seen: Seen) -> pd.DataFrame:
    """(slot [s], place, bad, rows) of the look-back, for places that the inventory has."""
    slots, recorded = (seen.moment - LOOK_BACK_S, seen.moment), (None, seen.known)
    files = house.ledger.files("scores", slots=slots, recorded=recorded)
    frame = house.archive.read(files, columns=["slot", "resource_id", "state"], slots=slots, recorded=recorded)
    if frame.empty:
        return pd.DataFrame(columns=["slot", "place", "bad", "rows"])
    frame = frame[frame["state"] != str(State.UNKNOWN)]
    place = frame["resource_id"].map(world.topology.index).fillna(-1).astype("int32")
    slot = frame["slot"].astype("datetime64[s, UTC]").astype("int64")
    table = pd.DataFrame({"slot": slot, "place": place, "bad": frame["state"] == str(State.DEGRADED)})
    found = table[table["place"] >= 0].groupby(["slot", "place"])["bad"].agg(["sum", "size"]).reset_index()
    return found.rename(columns={"sum": "bad", "size": "rows"})


def _elsewhere(world: World, rows: pd.DataFrame) -> Iterator[InventoryFault]:
    parent = _parents(world)
    names = world.topology.resource_ids
    share = (rows["bad"] / rows["rows"]).to_numpy(np.float64)
    for e in elsewhere(rows["slot"].to_numpy(), rows["place"].to_numpy(np.int32), share, parent):
        place, own, other = names[e.place], names[e.own], names[e.other]
        text = f"{place} had a bad time with the places of {other}, not with those of {own}, on which it hangs"
        reasons = (f"{e.shared} of its {e.slots} bad slots, in {e.spells} separate spells",)
        yield InventoryFault(
            "other_parent",
            place,
            text,
            round(e.confidence, 3),
            from_id=place,
            to_id=own,
            suggested=(other,),
            reasons=reasons,
        )


def _parents(world: World) -> Int32:
    """The next node upwards of each resource, -1 where there is none or a choice."""
    ways = world.topology.network.ways
    out = np.full(len(world.topology), -1, np.int32)
    one = np.flatnonzero(np.diff(ways.start) == 1)
    out[one] = ways.to[ways.start[one]]
    return out


def _painless(house: House, world: World, seen: Seen, rows: pd.DataFrame) -> Iterator[InventoryFault]:
    since = datetime.fromtimestamp(seen.moment - LOOK_BACK_S, UTC)
    known = datetime.fromtimestamp(seen.known, UTC)
    grave = [
        a
        for a in house.ledger.alarms(as_of=known, since=since)
        if a.severity.rank >= Severity.MAJOR.rank and a.resource_id in world.topology.index
    ]
    usual = max(float(rows["bad"].sum()) / max(int(rows["rows"].sum()), 1), 1e-3)
    lines = [
        line for a in grave if (line := _hurt(world, rows, a, usual, house.settings.operator.slot_seconds, seen.moment))
    ]
    for r, n, confidence in painless(pd.DataFrame(lines, columns=["resource", "sort", "hurt"])):
        name = world.topology.resource_ids[r]
        text = f"{n} grave alarms of {name} hurt nobody who hangs on it, while alarms alike hurt elsewhere"
        yield InventoryFault("contradicted", name, text, round(confidence, 3), count=n)


def _hurt(
    world: World, rows: pd.DataFrame, alarm: Alarm, usual: float, seconds: int, moment: int
) -> tuple[int, str, bool] | None:
    """(resource, sort, whether it hurt) of one alarm; None where nobody was there to be hurt."""
    topology = world.topology
    r = topology.index[str(alarm.resource_id)]
    under = np.append(topology.dependents(r), np.int32(r))
    end = moment if alarm.cleared_at is None else int(alarm.cleared_at.timestamp())
    begin = int(alarm.raised_at.timestamp()) // seconds * seconds
    there = rows[(rows["slot"] >= begin) & (rows["slot"] < max(end, begin + seconds)) & rows["place"].isin(under)]
    n = int(there["rows"].sum())
    if n < LEAST_ROWS:
        return None
    return r, f"{topology.types[r]} {alarm.probable_cause}", bool(there["bad"].sum() / n >= RAISED * usual)


def _legs(world: World) -> Iterator[InventoryFault]:
    table = world.frames[Feed.CONNECTIONS]
    kind = world.frames[Feed.RESOURCES].set_index("resource_id")["type"]
    of = table["from_id"].map(kind[~kind.index.duplicated()]).fillna("").astype("str")
    groups = table["redundancy_group"].fillna("").astype("str").to_list()
    for name in single_legs(groups, (table["relation"].astype("str") + " " + of).to_list()):
        yield InventoryFault("single_leg", name, f"redundancy group {name} has one leg, where its like have more")
