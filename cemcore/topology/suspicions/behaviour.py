"""What happens against what the inventory says: who has troubles together with whom, and alarms that hurt nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.panel import Bool, Float64, Int32, Int64

BAD = 0.5
"""A place, or the places of a node, is in trouble in a slot where so much of it is bad."""

LEAST_SPELLS = 2
"""So often, apart from each other, must troubles be shared: once may be chance."""

LEAST_SLOTS = 4
TOGETHER, APART = 0.7, 0.2
"""Shared in so many slots with the other node's places, and in at most so many with its own."""

LEAST_ALARMS = 3
"""So many alarms of a resource must have hurt nobody."""

USUAL_PAIN = 0.5
"""Alarms alike hurt somewhere else at least so often: else the alarm is harmless, and not the mapping wrong."""

SHARE = 0.05
"""Share of places that may hang elsewhere, before anything is looked at."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A place that has its troubles with the places of `other`, not with those of `own`: in `shared` of its `slots`."""

    place: int
    own: int
    other: int
    shared: int
    slots: int
    spells: int

    @property
    def confidence(self) -> float:
        """By the spells: each would be shared by chance in one of ten."""
        odds = SHARE / (1 - SHARE) * 10.0**self.spells
        return odds / (1 + odds)


def elsewhere(slot: Int64, place: Int32, bad: Float64, parent: Int32) -> list[Elsewhere]:
    """Places that seem to hang on another node than the inventory says.

    slot, place, bad: parallel: share of bad rows of a place (position) in a slot (number). parent [n]: the node of each
    place by the inventory, -1 = none.
    """
    kept = parent[place] >= 0
    slots, s = np.unique(slot[kept], return_inverse=True)
    places, p = np.unique(place[kept], return_inverse=True)
    if not len(places):
        return []
    seen, hurt = (np.zeros((len(places), len(slots)), np.bool_) for _ in range(2))
    seen[p, s] = True
    hurt[p, s] = bad[kept] >= BAD
    nodes, node = np.unique(parent[places], return_inverse=True)
    size, down = (np.zeros((len(nodes), len(slots))) for _ in range(2))
    np.add.at(size, node, seen)
    np.add.at(down, node, hurt)
    dark = (down >= BAD * np.maximum(size, 1)) & (down > 1)
    both = hurt.astype(np.float64) @ dark.T.astype(np.float64)
    out = []
    for i in np.flatnonzero(hurt.sum(axis=1) >= LEAST_SLOTS).tolist():
        others, mine = both[i].copy(), int(node[i])
        left = size[mine] - seen[i]
        own = hurt[i] & (left > 0) & (down[mine] - hurt[i] >= BAD * np.maximum(left, 1))
        others[mine] = 0
        best = int(np.argmax(others))
        n = int(hurt[i].sum())
        alone = np.sort(others)[-2] <= BAD * others[best] if len(others) > 1 else True
        mutual = others[best] >= TOGETHER * max(int(dark[best].sum()), 1)
        if others[best] >= TOGETHER * n and mutual and alone and own.sum() <= APART * n and bool((left > 0).any()):
            spells = _spells(hurt[i] & dark[best])
            if spells >= LEAST_SPELLS:
                out.append(Elsewhere(int(places[i]), int(nodes[mine]), int(nodes[best]), int(others[best]), n, spells))
    return out


def painless(alarms: pd.DataFrame) -> list[tuple[int, int, float]]:
    """(resource, alarms, confidence) of resources none of whose alarms hurts, though alarms alike hurt elsewhere.

    alarms: one row an alarm: resource (position), sort (what alarms alike share), hurt (whether anybody under the
    resource had a bad time while it stood).
    """
    out = []
    for resource, mine in alarms.groupby("resource"):
        alike = alarms[alarms["sort"].isin(mine["sort"]) & (alarms["resource"] != resource)]
        if len(mine) < LEAST_ALARMS or mine["hurt"].any() or len(alike) < LEAST_ALARMS:
            continue
        pain = (alike["hurt"].sum() + 1) / (len(alike) + 2)
        if pain >= USUAL_PAIN:
            chance = (1 - pain) ** len(mine)
            out.append((int(str(resource)), len(mine), float(SHARE / (SHARE + (1 - SHARE) * chance))))
    return out


def single_legs(groups: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Redundancy groups with one leg, where those of the same kind usually have more; parallel, a line a connection."""
    table = pd.DataFrame({"group": groups, "kind": kinds}, dtype="str")
    table = table[table["group"] != ""]
    legs = table.groupby(["kind", "group"]).size().rename("n").reset_index()
    usual = legs.groupby("kind")["n"].transform("median")
    return sorted(set(legs.loc[(legs["n"] == 1) & (usual > 1), "group"]))


def _spells(mask: Bool) -> int:
    """Runs of True."""
    return int((np.diff(mask.astype(np.int8), prepend=0) == 1).sum())
