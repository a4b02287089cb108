"""Who hangs where: millions of subjects put together by what their services run over, so that failures are told of
few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cemcore.kernels.counting import number_rows, sign, sign_chain
from cemcore.panel import Int16, Int32, Int64, Population
from cemcore.topology.csr import Edges
from cemcore.topology.national.fabric import Fabric

THING = 1


@dataclass(frozen=True)
class Offers:
    """What services run over beyond the access resource.

    tails (t, 3): gateway, endpoint (-1 = not known), number of the first known of them; ends: how many such there are;
    sets (k, services): the tail of each service that subjects of a set have, -1 none; has: those services as bits;
    of_subject: their set.
    """

    tails: Int32
    ends: int
    sets: Int32
    has: Int64
    of_subject: Int32

    @classmethod
    def build(cls, population: Population) -> Offers:
        """From the gateways and endpoints of all service instances."""
        gateway = np.ascontiguousarray(population.pair_gateway, np.int32)
        endpoint = np.ascontiguousarray(population.pair_endpoint, np.int32)
        of_subject, example = numbered_by(
            len(gateway), lambda table, number, first, used: number_rows(gateway, endpoint, table, number, first, used)
        )
        g, e = gateway[example], endpoint[example]
        width = int(max(g.max(initial=-1), e.max(initial=-1))) + 2
        key = (g.astype(np.int64) + 1) * width + e + 1
        kinds, place = np.unique(key, return_inverse=True)
        place = place.reshape(key.shape)
        nothing = len(kinds) > 0 and kinds[0] == 0
        sets = (place - int(nothing)).astype(np.int32)
        kinds = kinds[int(nothing) :]
        g, e = kinds // width - 1, kinds % width - 1
        ends, number = np.unique(np.where(g >= 0, g, e), return_inverse=True)
        has = ((sets >= 0) * (np.int64(1) << np.arange(sets.shape[1], dtype=np.int64))).sum(axis=1).astype(np.int64)
        return cls(np.stack([g, e, number], axis=1).astype(np.int32), len(ends), sets, has, of_subject)

    def nodes(self) -> Int32:
        """All gateways and endpoints."""
        found = np.unique(self.tails[:, :2])
        out: Int32 = found[found >= 0].astype(np.int32)
        return out


def numbered_by(n: int, number: Callable[[Int64, Int32, Int32, Int64], None]) -> tuple[Int32, Int32]:
    """(number of each of n, an example of each number) from a loop that numbers what is equal, with growing room."""
    room = 1 << 16
    while True:
        out, example, used = np.empty(n, np.int32), np.empty(room // 2, np.int32), np.zeros(1, np.int64)
        number(np.full(room, -1, np.int64), out, example, used)
        if used[0] >= 0:
            return out, example[: used[0]].copy()
        room *= 4


@dataclass(frozen=True)
class People:
    """Subjects in order of their access resource, put together.

    who: subject at each place; group: 2 * (segment + 1), + 1 for a thing; payer: -1 none, -2 one who pays for this
    subject only, else its number; terminal; cell. Bundles are those of one access resource and one set of services:
    start, at (access), holds (set); spot: where an access resource (node + 1) stands in order, -1 nowhere; spots:
    its bundles are spots[k]:spots[k + 1]. Cells are
    those whose access resources are alike to all failures elsewhere, with one set: looks (kind of access), kept (set),
    stands (an access resource of that kind); people, alone, payers as `kernels.counting.count_cells` wants them; paid:
    segment line of each payer of several subjects. plain: every payer's subjects are of one segment. by_terminal:
    places of subjects with a terminal, in order of `terminals`.
    """

    who: Int32
    group: Int16
    payer: Int32
    terminal: Int32
    cell: Int32
    start: Int64
    at: Int32
    holds: Int32
    spot: Int32
    spots: Int64
    looks: Int32
    kept: Int32
    stands: Int32
    people: Int32
    alone: Int32
    payers: Edges
    paid: Int32
    plain: bool
    by_terminal: Int32
    terminals: Int32

    @property
    def lines(self) -> int:
        """Lines of segments: undeclared, and each segment."""
        return self.alone.shape[1]

    @classmethod
    def build(cls, population: Population, access: Int32, offers: Offers, fabric: Fabric) -> People:
        """From who there is and at which access resource each subject is (-1 = not known)."""
        n, sets = fabric.network.n, max(len(offers.sets), 1)
        ranked = np.argsort(fabric.root.astype(np.int64) * n + np.arange(n))
        rank = np.full(n + 1, -1, np.int64)
        rank[ranked] = np.arange(n)
        key = rank[access] * sets + offers.of_subject
        who = np.argsort(key, kind="stable").astype(np.int32)
        key = key[who]
        new = np.ones(len(key), np.bool_)
        new[1:] = key[1:] != key[:-1]
        start = np.append(np.flatnonzero(new), len(key)).astype(np.int64)
        at, holds = access[who[start[:-1]]], offers.of_subject[who[start[:-1]]]
        del key, new
        heads = np.flatnonzero(np.append(True, at[1:] != at[:-1])[: len(at)])
        spot = np.full(n + 1, -1, np.int32)
        spot[at[heads] + 1] = np.arange(len(heads))
        looks, kept, stands, place = _cells(at, holds, sets, fabric)
        cell = np.repeat(place, np.diff(start)).astype(np.int32)
        group = (2 * (population.segment[who].astype(np.int32) + 1) + (population.kind[who] == THING)).astype(np.int16)
        lines = int(group.max(initial=1)) // 2 + 1
        people = np.bincount(cell.astype(np.int64) * 2 * lines + group, minlength=len(kept) * 2 * lines)
        payer, paid, alone, payers, plain = _payers(population.customer[who], group // 2, cell, len(kept), lines)
        terminal = population.terminal[who].astype(np.int32)
        by_terminal = np.flatnonzero(terminal >= 0).astype(np.int32)
        by_terminal = by_terminal[np.argsort(terminal[by_terminal], kind="stable")]
        return cls(
            who, group, payer, terminal, cell, start, at, holds, spot, np.append(heads, len(at)), looks, kept, stands,
            people.reshape(-1, 2 * lines).astype(np.int32), alone, payers, paid, plain,
            by_terminal, terminal[by_terminal],
        )  # fmt: skip

    def bundles_of(self, nodes: Int32) -> Int64:
        """Bundles at these access resources, in order."""
        spots = self.spot[nodes + 1]
        return np.asarray(self.ranges(np.sort(spots[spots >= 0])))

    def ranges(self, spots: Int32) -> Int64:
        """Bundles of these spots, which are in order."""
        begin = self.spots[spots]
        size = self.spots[spots + 1] - begin
        offset = np.repeat(begin - np.concatenate(([0], np.cumsum(size)))[:-1], size)
        out: Int64 = offset + np.arange(int(size.sum()))
        return out


def _cells(at: Int32, holds: Int32, sets: int, fabric: Fabric) -> tuple[Int32, Int32, Int32, Int32]:
    """(kind of access of each cell, its set, an access resource of each kind, cell of each bundle)."""
    looks = np.zeros(fabric.network.n, np.uint64)
    nodes = np.unique(at[at >= 0])
    asked = np.zeros(fabric.network.n, np.uint8)
    asked[fabric.root[nodes]] = 1
    meeting = fabric.meeting.astype(np.uint8)
    core, common = fabric.network.is_core.astype(np.uint8), fabric.common.astype(np.uint8)
    hard, alone = fabric.hard, fabric.needs.alone
    sign(fabric.root, fabric.first, fabric.target, fabric.hops, hard.begin, hard.size, core, meeting, common, asked,
         hard.items, looks)  # fmt: skip
    sign_chain(nodes, fabric.root, fabric.up, fabric.over, alone.begin, alone.size, alone.items, common,
               fabric.backed, looks)  # fmt: skip
    _, example, kind = np.unique(looks[nodes], return_index=True, return_inverse=True)
    stands = np.append(np.full(1, -1, np.int32), nodes[example]).astype(np.int32)
    of_node = np.zeros(fabric.network.n + 1, np.int64)
    of_node[nodes + 1] = kind + 1
    found, place = np.unique(of_node[at + 1] * sets + holds, return_inverse=True)
    return (found // sets).astype(np.int32), (found % sets).astype(np.int32), stands, place.astype(np.int32)


def _payers(
    customer: Int32, line: Int32, cell: Int32, cells: int, lines: int
) -> tuple[Int32, Int32, Int32, Edges, bool]:
    """(payer of each subject as in `People`, line of each payer of several, subjects with a payer of their own by cell
    and line, other payers by cell, whether every payer is of one line).
    """
    times = np.bincount(customer[customer >= 0], minlength=1)
    several = np.flatnonzero(times > 1)
    number = np.full(len(times) + 1, -2, np.int32)
    number[several] = np.arange(len(several))
    number[-1] = -1
    payer = number[customer]
    single = payer == -2
    key = cell[single].astype(np.int64) * lines + line[single]
    alone = np.bincount(key, minlength=cells * lines).reshape(-1, lines).astype(np.int32)
    shared = np.flatnonzero(payer >= 0)
    paid = np.zeros(len(several), np.int32)
    paid[payer[shared]] = line[shared]
    plain = bool((paid[payer[shared]] == line[shared]).all())
    pairs = np.unique(cell[shared].astype(np.int64) * max(len(several), 1) + payer[shared])
    owner, who = pairs // max(len(several), 1), pairs % max(len(several), 1)
    return payer, paid, alone, Edges.build(cells, owner.astype(np.int32), who.astype(np.int32)), plain
