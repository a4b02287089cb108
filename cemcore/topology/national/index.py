"""National: impact of any resources on millions of subjects, from an index that is built once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.kernels.counting import count_cells, count_touched, list_legs, list_services, tell_sets
from cemcore.kernels.judging import AT_RISK, CROSSED, LOST, UNTOLD
from cemcore.kernels.weighing import weigh
from cemcore.panel import Int32, Int64, Population, UInt8
from cemcore.topology.national.fabric import Fabric
from cemcore.topology.national.failing import Failed, Services
from cemcore.topology.national.people import Offers, People
from cemcore.topology.national.room import Room, Rooms
from cemcore.topology.topology import Topology

Pair = tuple[Int32, Int32]
MOST_SERVICES = 62
"""Services are bits of a number."""

MOST_KNOWN = 5000
"""Resources that are counted beforehand where that is asked for."""

KEPT = 20_000
"""Counts of single resources that are kept."""


@dataclass(frozen=True)
class Counts:
    """Everybody who is hit, each counted once a line: int64 columns users, things (lost), at risk, customers who pay
    for lost ones. total (4); segments (lines, 4), line 0 = undeclared, then by code; services (services, 4); saved:
    subjects whose traffic ran over what failed, and who are still served.
    """

    total: Int64
    segments: Int64
    services: Int64
    saved: int


@dataclass(frozen=True)
class Bits:
    """Services lost, at risk, and crossed but served, as bits: of cells (those of `far` may have some), and of the
    touched bundles, which differ.
    """

    far: Int32
    cells: tuple[Int64, Int64, Int64]
    bundles: Int64
    touched: tuple[Int64, Int64, Int64]


@dataclass(frozen=True)
class National:
    """The index: the network solved, and who hangs where.

    Answers are those of `pipeline.impact.exposure` and of `pipeline.impact.impact_of`, without looking at everybody.
    """

    topology: Topology
    population: Population
    access: Int32
    fabric: Fabric
    offers: Offers
    people: People
    rooms: Rooms
    known: dict[int, Counts] = field(default_factory=dict)

    @classmethod
    def build(cls, topology: Topology, population: Population, access: Int32 | None = None) -> National:
        """Of who there is over a network; access: as in `exposure`. ValueError for more than 62 services."""
        if population.pair_gateway.shape[1] > MOST_SERVICES:
            raise ValueError(f"more than {MOST_SERVICES} services")
        offers = Offers.build(population)
        fabric = Fabric.build(topology.network, topology.carries, offers.nodes())
        at = population.access if access is None else access
        people = People.build(population, at, offers, fabric)
        return cls(topology, population, at, fabric, offers, people, _rooms(fabric, people))

    def moved(self, access: Int32) -> National:
        """The same people where `access` says: only who hangs where is put together anew."""
        people = People.build(self.population, access, self.offers, self.fabric)
        return replace(self, access=access, people=people, rooms=_rooms(self.fabric, people), known={})

    def prepare(self, most: int = MOST_KNOWN) -> None:
        """Count beforehand what the loss of each of the `most` resources means on which most people hang."""
        for r in self.heavy(most):
            self.counts([r])

    def heavy(self, most: int) -> list[int]:
        """The resources whose loss concerns most, largest first."""
        people, fabric = self.people, self.fabric
        n, up = fabric.network.n, fabric.carries.reverse()
        roots, bundles = np.unique(fabric.root[people.at[people.at >= 0]], return_counts=True)
        ends = self.offers.nodes()
        each = np.bincount(self.offers.sets[people.kept].ravel() + 1, minlength=len(self.offers.tails) + 1)[1:]
        cells = np.zeros(n + 1, np.int64)
        for column in range(2):
            np.add.at(cells, self.offers.tails[:, column], each)
        seeds = np.concatenate([roots, ends]).astype(np.int32)
        weight = np.concatenate([bundles, cells[ends]]).astype(np.int64)
        total = np.zeros(n, np.int64)
        weigh(up.start, up.to, seeds, weight, np.full(n, -1, np.int32), np.empty(n, np.int32), total)
        total[fabric.common] += len(people.kept)
        total[fabric.backbone.elements[1:]] += len(people.kept)
        found: list[int] = np.argsort(-total, kind="stable")[:most].tolist()
        return found

    def counts(self, down: Collection[int]) -> Counts:
        """Who is hit when all of `down` fail together."""
        only = int(next(iter(down))) if len(down) == 1 else -1
        if only in self.known:
            return self.known[only]
        found = self._counted(down)
        if only >= 0 and len(self.known) < KEPT:
            self.known[only] = found
        return found

    def _counted(self, down: Collection[int]) -> Counts:
        with self.rooms.one() as room:
            return self._summed(down, self._bits(down, room), room)

    def _summed(self, down: Collection[int], bits: Bits, room: Room) -> Counts:
        people, services = self.people, self.offers.sets.shape[1]
        segments, by_service = np.zeros((people.lines, 4), np.int64), np.zeros((services, 4), np.int64)
        other, count = np.zeros(5, np.int64), np.zeros(1, np.int64)
        lost, risk, crossed = bits.cells
        if len(bits.far):
            count_cells(bits.far, lost, risk, crossed, people.people, people.alone, people.payers.start,
                        people.payers.to, people.paid, segments, by_service, other, room.paid, room.changed,
                        count)  # fmt: skip
        begin, end, mine, dead = self._ranges(bits, down)
        named = np.fromiter(down, np.int64)
        room.named[named] = 1
        count_touched(begin, end, *mine, dead, people.group, people.payer, people.terminal, people.cell, room.named,
                      lost, risk, crossed, segments, by_service, other, room.paid, room.changed, count)  # fmt: skip
        room.named[named] = 0
        room.paid[room.changed[: count[0]]] = 0
        total = np.array([other[2], other[3], other[4], other[0]], np.int64)
        return Counts(total, segments, by_service, int(other[1]))

    def pairs(self, down: Collection[int]) -> tuple[Pair, Pair, Pair]:
        """(subject, service), int32 codes in order, of services lost; at risk; crossed and still served."""
        bits, people = self.bits(down), self.people
        own = np.zeros(len(people.who), np.bool_)
        begin, end, mine, dead = self._ranges(bits, down)
        size = end - begin
        near = np.repeat(begin - np.concatenate(([0], np.cumsum(size)))[:-1], size) + np.arange(int(size.sum()))
        own[near] = True
        some = np.logical_or.reduce([x != 0 for x in bits.cells])
        far = np.flatnonzero(some[people.cell] & ~own) if some.any() else near[:0]
        places, cell = np.concatenate([near, far]), people.cell[far]
        row = np.repeat(np.arange(len(size)), size)
        terminal = people.terminal[near]
        down_too = (terminal >= 0) & (self._named(down)[terminal] != 0)
        told = [np.concatenate([x[row], y[cell]]) for x, y in zip(mine, bits.cells, strict=True)]
        told[0][: len(near)] = np.where(down_too, dead[row], told[0][: len(near)])
        for x in told[1:]:
            x[: len(near)][down_too] = 0
        subject = people.who[places]
        order = np.argsort(subject, kind="stable")
        return (
            self._spelt(subject[order], told[0][order]),
            self._spelt(subject[order], told[1][order]),
            self._spelt(subject[order], told[2][order]),
        )

    def _spelt(self, subject: Int32, told: Int64) -> Pair:
        """Bits as pairs."""
        some = told != 0
        flags = (told[some][:, None] >> np.arange(self.offers.sets.shape[1])) & 1
        row, service = np.nonzero(flags)
        return subject[some][row].astype(np.int32), service.astype(np.int32)

    def bits(self, down: Collection[int]) -> Bits:
        """What happens to the services of every cell, and of every bundle that hangs on what fails."""
        with self.rooms.one() as room:
            return self._bits(down, room)

    def _bits(self, down: Collection[int], room: Room) -> Bits:
        failed = Failed.of(self.fabric, down, room)
        try:
            return self._found(failed, down)
        finally:
            failed.leave()

    def _found(self, failed: Failed, down: Collection[int]) -> Bits:
        people, parts = self.people, self.offers.tails
        far = (parts[:, :2] >= 0) & (failed.touched[parts[:, :2]] != 0)
        asked = (far.any(axis=1) | failed.core).astype(np.uint8)
        split = np.flatnonzero(failed.split(people.stands)) if failed.core else np.zeros(0, np.int64)
        nodes = failed.nodes
        if len(split):
            alike = people.looks[people.cell[people.start[:-1]]]
            nodes = np.union1d(nodes, people.at[np.isin(alike, split)]).astype(np.int32)
        bundles = people.bundles_of(nodes)
        near = self._told(failed, down, people.at[bundles], False, people.holds[bundles], np.ones_like(asked))
        nothing = np.zeros(len(people.kept), np.int64)
        if not asked.any():
            return Bits(people.kept[:0], (nothing, nothing, nothing), bundles, near)
        sets = self.offers.sets
        some = (asked[sets] * (sets >= 0)).any(axis=1)
        far = np.flatnonzero(some[people.kept]).astype(np.int32)
        told = self._told(failed, down, people.stands[people.looks[far]], True, people.kept[far], asked)
        cells = nothing, nothing.copy(), nothing.copy()
        for mine, found in zip(cells, told, strict=True):
            mine[far] = found
        return Bits(far, cells, bundles, near)

    def _untouched(self, failed: Failed, nodes: Int32) -> Int32:
        """For each access resource one of its kind that does not hang on what fails, where there is one."""
        people, out = self.people, nodes.copy()
        kind = people.looks[people.cell[people.start[:-1]]]
        free = np.flatnonzero((people.at >= 0) & (failed.touched[people.at] == 0))
        instead = people.stands.copy()
        instead[kind[free]] = people.at[free]
        known = out >= 0
        out[known] = instead[kind[people.spots[people.spot[out[known] + 1]]]]
        return out

    def _told(
        self, failed: Failed, down: Collection[int], at: Int32, whole: bool, holds: Int32, asked: UInt8
    ) -> tuple[Int64, Int64, Int64]:
        """Bits of services lost, at risk, crossed for rows of (access resource, set), those of one resource together.

        whole: the access resources are looked at as in the whole network; asked: uint8 mask of tails that are judged.
        """
        sets, parts = self.offers.sets, self.offers.tails
        n, t = len(at), len(parts)
        place = np.empty((n, sets.shape[1]), np.int32)
        whose, tail = (np.empty(n * sets.shape[1], np.int32) for _ in range(2))
        used = np.zeros(1, np.int64)
        list_services(at, holds, sets, asked, np.full(t, -2, np.int32), np.zeros(t, np.int32), place, whose, tail, used)
        k = int(used[0])
        services = self._legs(whose[:k], whole, tail[:k])
        verdict = failed.judge(services)
        self._ask(failed, down, services, verdict)
        out = tuple(np.empty(n, np.int64) for _ in range(3))
        tell_sets(place, verdict, *out)
        return out[0], out[1], out[2]

    def _legs(self, access: Int32, whole: bool, tail: Int32) -> Services:
        """Services as their legs."""
        k, t, ends = len(access), len(self.offers.tails), max(self.offers.ends, 1)
        seen = np.full(k, whole, np.uint8)
        one, other = (np.empty(k, np.int32) for _ in range(2))
        lx, ly, lwhole = np.empty(2 * k, np.int32), np.empty(2 * k, np.int32), np.empty(2 * k, np.uint8)
        used = np.zeros(1, np.int64)
        list_legs(
            access, seen, tail, self.fabric.root, self.offers.tails, np.full((ends, 2), -1, np.int32),
            np.empty((ends, 2), np.int32), np.full((t, 2), -1, np.int32), one, other, lx, ly, lwhole, used,
        )  # fmt: skip
        m = int(used[0])
        return Services(access, seen, tail, t, one, other, lx[:m], ly[:m], lwhole[:m])

    def _ask(self, failed: Failed, down: Collection[int], services: Services, verdict: UInt8) -> None:
        """Ask the plain way about what the loops can't tell."""
        odd = np.flatnonzero(verdict == UNTOLD)
        if not len(odd):
            return
        at = services.access[odd]
        if services.whole[odd].any():
            at = self._untouched(failed, at)
        triples = np.column_stack([at, self.offers.tails[services.tail[odd], :2]]).astype(np.int32)
        lost, risk = self.topology.lost(down, triples)
        crossed = self.topology.crossed(down, triples)
        verdict[odd] = LOST * lost + AT_RISK * (risk & ~lost) + CROSSED * (crossed & ~lost)

    def _ranges(self, bits: Bits, down: Collection[int]) -> tuple[Int64, Int64, tuple[Int64, Int64, Int64], Int64]:
        """(begin, end, bits, all bits) of the touched bundles, and of single subjects whose terminal is down."""
        people = self.people
        begin, end = people.start[bits.bundles], people.start[bits.bundles + 1]
        alone = self._by_terminal(down)
        inside = np.searchsorted(begin, alone, side="right") - 1
        covered = (inside >= 0) & (alone < end[inside]) if len(begin) else np.zeros(len(alone), np.bool_)
        alone = alone[~covered]
        cell = people.cell[alone]
        mine = tuple(np.concatenate([a, b[cell]]) for a, b in zip(bits.touched, bits.cells, strict=True))
        has = self.offers.has
        dead = np.concatenate([has[people.holds[bits.bundles]], has[people.kept[cell]]])
        begin, end = np.concatenate([begin, alone]), np.concatenate([end, alone + 1])
        return begin, end, (mine[0], mine[1], mine[2]), dead

    def _by_terminal(self, down: Collection[int]) -> Int64:
        """Places of the subjects whose terminal is among `down`."""
        people, named = self.people, np.unique(np.fromiter(down, np.int64))
        low, high = (np.searchsorted(people.terminals, named, side=s) for s in ("left", "right"))
        found = [people.by_terminal[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True) if b > a]
        return np.sort(np.concatenate(found)).astype(np.int64) if found else np.zeros(0, np.int64)

    def _named(self, down: Collection[int]) -> UInt8:
        out = np.zeros(len(self.topology), np.uint8)
        out[np.fromiter(down, np.int64)] = 1
        return out


def _rooms(fabric: Fabric, people: People) -> Rooms:
    return Rooms(fabric.network.n, len(fabric.target), len(people.paid))
