"""Where subjects are served, and the facts about them, as valid at a time and known at another."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from cemcore.application.attachments import anchored, attached
from cemcore.application.house import House
from cemcore.application.lenses import Facts
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.panel import Int32, Int64
from cemcore.pipeline.impact import Names
from cemcore.topology import grown

NEVER = np.iinfo(np.int64).min

LOOK_BACK_S = 7 * 86_400
"""Where a subject was last served, looked for so far back."""


def names(house: House) -> Names:
    """What impact lines are called."""
    return Names(house.catalogue.services, house.registry.codes("segment").texts)


def world_at(house: House, at: datetime | None, as_of: datetime | None = None) -> World:
    """The inventory as valid `at` a time (default: now), as known `as_of` another (default: now)."""
    if at is None and as_of is None:
        return house.worlds.newest()
    house.worlds.refresh()
    moment = int((at or as_of or house.known_now()).timestamp())
    return house.worlds.at(moment, int(_known(house, as_of).timestamp()))


def _known(house: House, as_of: datetime | None) -> datetime:
    """Up to when something counts as known: until `as_of`, else everything."""
    return as_of or max(house.known_now(), house.clock())


def facts_at(house: House, at: datetime | None, as_of: datetime | None = None) -> Facts:
    """Topology, population and places as valid `at` a time (default: now), as known `as_of` another."""
    world = world_at(house, at, as_of)
    population = grown(world.population, len(house.registry.codes("subject")))
    end = int((at or house.known_now()).timestamp())
    known = int(_known(house, as_of).timestamp())
    population = anchored(population, attached(house, world, end, known))
    return Facts(house, world, population, last_served(house, world, population.access, (end, known)))


def last_served(house: House, world: World, lines: Int32, when: tuple[int, int]) -> Int32:
    """Access resource of each subject: its fixed line, else where it is attached or was last served before `when[0]`
    [s], whichever is newer, as known at `when[1]`.
    """
    slots, subject, place = _records(house, world, (when[0] - LOOK_BACK_S, when[0]), when[1])
    fits = (subject >= 0) & (subject < len(lines)) & (place >= 0)
    slots, subject, place = slots[fits], subject[fits], place[fits]
    last, since = np.full(len(lines), -1, np.int32), np.full(len(lines), NEVER, np.int64)
    last[subject], since[subject] = place, slots  # in the order of slots: the last one stays
    held = attached(house, world, *when)
    newer = np.argsort(held.since, kind="stable")
    newer = newer[(held.subject[newer] < len(lines)) & (held.since[newer] >= since[held.subject[newer]])]
    last[held.subject[newer]] = held.place[newer]
    return np.where(lines >= 0, lines, last).astype(np.int32)


def served(house: House, world: World, slots: tuple[int, int], known: int | None) -> tuple[Int32, Int32]:
    """(subject, access resource, -1 unknown) of every quality record of slots[0] <= slot < slots[1] [s], by slot."""
    return _records(house, world, slots, known)[1:]


def _records(house: House, world: World, slots: tuple[int, int], known: int | None) -> tuple[Int64, Int32, Int32]:
    """(slot [s], subject, access resource) of quality records, by slot."""
    recorded = None if known is None else (None, known)
    files = house.ledger.files(str(Feed.QUALITY), slots=slots, recorded=recorded)
    frame = house.archive.read(files, columns=["slot", "subject_id", "resource_id"], slots=slots, recorded=recorded)
    if frame.empty:
        return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32)
    frame = frame.sort_values("slot", kind="stable")
    subject = house.registry.codes("subject").find(frame["subject_id"])
    place = frame["resource_id"].map(world.topology.index).fillna(-1).to_numpy(np.int32)
    return frame["slot"].astype("datetime64[s, UTC]").astype("int64").to_numpy(), subject, place
