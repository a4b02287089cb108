"""From alarms to chains: each alarm under the one that explains it, over dependence, time and severity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.kernels import chains, folding
from cemcore.panel import Bool, Float64, Int8, Int32, Int64
from cemcore.topology.upward import Upward


@dataclass(frozen=True)
class Marks:
    """What folding looks at, one entry a line. resource int32 (-1 nowhere); at, sd float64 [s]; rank int8: 0 = never a
    top, else the graver the higher; mild int8: 0 = stays alone, 1 = says that service is not affected, 2 = any other.
    """

    resource: Int32
    at: Float64
    sd: Float64
    rank: Int8
    mild: Int8

    def plus(self, resource: Int32, at: Float64, sd: Float64, rank: Int8) -> Marks:
        """With more lines at the end."""
        return Marks(
            np.concatenate([self.resource, resource]),
            np.concatenate([self.at, at]),
            np.concatenate([self.sd, sd]),
            np.concatenate([self.rank, rank]),
            np.concatenate([self.mild, np.full(len(at), 2, np.int8)]),
        )


@dataclass(frozen=True)
class Places:
    """Lines by resource: order[begin[p]:begin[p+1]] are those of alarmed resource p; slot int32 by resource: its p."""

    begin: Int64
    order: Int64
    slot: Int32

    @classmethod
    def of(cls, marks: Marks, resources: int) -> Places:
        """Lines that may fold at all, by resource, in time."""
        use = np.flatnonzero((marks.resource >= 0) & (marks.mild > 0))
        order = use[np.lexsort((use, marks.at[use], marks.resource[use]))]
        alarmed, begin = np.unique(marks.resource[order], return_index=True)
        slot = np.full(resources, -1, np.int32)
        slot[alarmed] = np.arange(len(alarmed), dtype=np.int32)
        return cls(np.append(begin, len(order)).astype(np.int64), order.astype(np.int64), slot)

    def on(self, resource: int) -> Int64:
        """Lines on a resource."""
        p = self.slot[resource]
        return self.order[self.begin[p] : self.begin[p + 1]] if p >= 0 else self.order[:0]


def meets(marks: Marks, i: int, others: Int64, window: float) -> Bool:
    """Which of the other lines were raised within the window of line i, as far as their clocks can tell."""
    slack = 2.0 * np.hypot(marks.sd[i], marks.sd[others])
    return np.asarray(np.abs(marks.at[i] - marks.at[others]) <= window + slack)


def with_pairs(marks: Marks, up: Upward, window: float) -> Marks:
    """With a line more for each redundancy pair of which all members were alarmed together: it is out when the last
    one is.
    """
    places = Places.of(marks, len(up))
    alarmed = np.unique(marks.resource[(marks.rank > 0) & (marks.mild > 0) & (marks.resource >= 0)])
    pairs = {p for r in alarmed.tolist() for p in up.pairs.of(r)}
    found = []
    for p in sorted(pairs):
        members = [places.on(m) for m in up.members.of(p)]
        members = [m[marks.rank[m] > 0] for m in members]
        if len(members) < 2 or not all(len(m) for m in members):
            continue
        for i in members[0].tolist():
            met = [m[meets(marks, i, m, window)] for m in members[1:]]
            if all(len(m) for m in met):
                both = [i, *(int(m[0]) for m in met)]
                found.append((p, marks.at[both].max(), marks.sd[both].max(), marks.rank[both].max()))
    if not found:
        return marks
    p_, at, sd, rank = (np.array(x) for x in zip(*found, strict=True))
    return marks.plus(p_.astype(np.int32), at.astype(np.float64), sd.astype(np.float64), rank.astype(np.int8))


def fold_up(marks: Marks, up: Upward, window: float) -> tuple[Int64, Int64]:
    """(the line each is folded under, -1 none; the last line above each, itself where there is none)."""
    places = Places.of(marks, len(up))
    parent, top = np.full(len(marks.at), -1, np.int64), np.empty(len(marks.at), np.int64)
    at_ends = up.links.reverse()
    folding.parents(
        *up.arrays, up.links.start, up.links.to, at_ends.start, at_ends.to,
        marks.resource, marks.at, marks.sd, marks.rank, marks.mild,
        places.begin, places.order, places.slot, float(window), parent,
    )  # fmt: skip
    chains.same_place(places.begin, places.order, marks.at, marks.sd, marks.rank, marks.mild, float(window), parent)
    chains.tops(parent, marks.at, top)
    if _seen_at_both_ends(marks, up, places, parent, window):
        chains.tops(parent, marks.at, top)
    return parent, top


def _seen_at_both_ends(marks: Marks, up: Upward, places: Places, parent: Int64, window: float) -> bool:
    """A link that is down is seen at both its ends. An element that was alarmed with just one of its several links,
    and tops nothing but that one, is folded under the link; in place. Whether there was such a one.
    """
    size = np.diff(up.ends.start)
    there = np.flatnonzero((marks.resource >= 0) & (parent >= 0))
    over = parent[there]
    over_at = marks.resource[over]
    elsewhere = marks.resource[there] != over_at
    there, over = there[elsewhere], over[elsewhere]
    candidates = np.flatnonzero((size[marks.resource[there]] > 0) & (parent[over] < 0))
    turned = False
    for c in candidates.tolist():
        i, p = int(there[c]), int(over[c])
        node, link = int(marks.resource[p]), int(marks.resource[i])
        if node not in up.ends.of(link) or parent[p] >= 0 or marks.rank[i] <= 0:
            continue
        below = np.unique(marks.resource[there[over == p]])
        links = up.links.of(node)
        down = [x for x in links if meets(marks, p, places.on(x)[marks.rank[places.on(x)] > 0], window).any()]
        if len(below) == 1 and len(links) > 1 and down == [link]:
            parent[p], parent[i] = i, -1
            turned = True
    return turned
