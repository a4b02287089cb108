"""What fails together, and what hangs on that: the network after a failure, solved anew only where it is touched."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from cemcore.kernels.climbing import mark_used
from cemcore.kernels.judging import judge_legs
from cemcore.kernels.supporting import fall, spread
from cemcore.kernels.telling import judge_services
from cemcore.panel import Bool, Float64, Int8, Int16, Int32, Int64, UInt8
from cemcore.topology.national.core import suspected
from cemcore.topology.national.fabric import Fabric, Needs
from cemcore.topology.national.lists import Lists, written
from cemcore.topology.national.room import Room


@dataclass(frozen=True)
class Services:
    """Services to be judged: access resource (-1 = not known), whether it is looked at as in the whole network (uint8),
    what they run over beyond (of `tails`), their legs by number (-1 = none), and the legs: branch node x, y (-1 = x
    stands alone), whole as above.
    """

    access: Int32
    whole: UInt8
    tail: Int32
    tails: int
    one: Int32
    other: Int32
    lx: Int32
    ly: Int32
    lwhole: UInt8


@dataclass(frozen=True)
class Failed:
    """The network when some elements fail together; it stands in a room, until `leave`.

    gone: uint8 mask of what does not work; hit: of what traffic over is touched by that; touched: of what may depend on
    that; nodes: those, in no order; shaken: what still works and stands on a fallen one; ports: those of `nodes`;
    sslot, supports: what `shaken` need alone now; pslot, hard: hard elements of the ports now; marks: ports whose ways
    in use touched what failed; label, crossing: see `Backbone`; suspects, parting: see `suspected`; core: whether the
    backbone has lost something.
    """

    fabric: Fabric
    gone: UInt8
    hit: UInt8
    touched: UInt8
    nodes: Int32
    shaken: Int32
    ports: Int32
    sslot: Int32
    supports: Lists
    pslot: Int32
    hard: Lists
    marks: UInt8
    label: Int16
    suspects: Int32
    parting: Int32
    crossing: UInt8
    core: bool

    @classmethod
    def of(cls, fabric: Fabric, down: Collection[int], room: Room) -> Failed:
        """When all of `down` (positions) fail together."""
        needs = fabric.needs
        gone, touched, queue, count = room.gone, room.touched, room.queue, np.zeros(1, np.int64)
        named = np.unique(np.fromiter(down, np.int32))
        fall(
            named, needs.needs.start, needs.needs.to, needs.needs.label, needs.pairs.start, needs.pairs.to,
            needs.members.start, needs.members.to, needs.back.start, needs.back.to, needs.back.label, gone, queue,
            count,
        )  # fmt: skip
        fallen = queue[: count[0]].copy()
        mates = _mates(needs, gone, fallen)
        queue[len(fallen) : len(fallen) + len(mates)] = mates
        touched[fallen], touched[mates] = 1, 1
        count[0] += len(mates)
        spread(fabric.carries.start, fabric.carries.to, touched, queue, count)
        nodes = queue[: count[0]].copy()
        sslot, pslot = room.sslot, room.pslot
        shaken, supports = _supports(fabric, fallen, room)
        hit = _hit(fabric, gone, fallen, nodes)
        ports = _ports(fabric, nodes)
        pslot[ports] = np.arange(len(ports), dtype=np.int32)
        hard = fabric.climbed(ports, gone, pslot, sslot, supports, 0) if len(ports) else Lists.none()
        marks = np.zeros(max(len(ports), 1), np.uint8)
        ways = fabric.ways
        mark_used(ports, hit, ways.start, ways.to, ways.label, fabric.first, fabric.port_node, fabric.target,
                  fabric.hops, pslot, marks)  # fmt: skip
        core = fabric.backbone
        lost = bool(gone[core.routers].any() or gone[core.links].any())
        changed = lost or bool((sslot[core.routers] >= 0).any() or (sslot[core.links] >= 0).any())
        label, suspects, parting = core.label, core.parting[:0], core.parting
        if changed:
            label = core.parted(needs.alone, (sslot, supports), gone[core.routers], gone[core.links])
            suspects, parting = suspected(core.label, label)
        crossing = core.crossing(hit) if lost else core.quiet
        return cls(fabric, gone, hit, touched, nodes, shaken, ports, sslot, supports, pslot, hard, marks, label,
                   suspects, parting, crossing, lost)  # fmt: skip

    def leave(self) -> None:
        """Wipe the room."""
        self.gone[self.nodes] = 0
        self.touched[self.nodes] = 0
        self.sslot[self.shaken] = -1
        self.pslot[self.ports] = -1

    def split(self, kinds: Int32) -> Bool:
        """Mask of the kinds (an access resource each, -1 not known) whose backbone routers do not reach each other any
        more.
        """
        fabric = self.fabric
        out = np.zeros(len(kinds), np.bool_)
        label = self.label[0]
        if not self.core or not len(label):
            return out
        alive = label[label >= 0]
        if len(alive) and (alive == alive[0]).all():
            return out
        for i, x in enumerate(kinds.tolist()):
            if x >= 0:
                ports = slice(fabric.first[fabric.root[x]], fabric.first[fabric.root[x] + 1])
                at = fabric.backbone.number[fabric.target[ports]]
                found = label[at[at >= 0]]
                out[i] = len(np.unique(found[found >= 0])) > 1
        return out

    def judge(self, services: Services) -> UInt8:
        """Verdict of each service, uint8 of the bits in `kernels.judging`."""
        fabric, legs = self.fabric, len(services.lx)
        core, hard0, alone = fabric.backbone, fabric.hard, fabric.needs.alone
        kind, said = np.zeros(legs, np.int8), np.zeros(legs, np.uint8)
        found, hit = self._legs(services, kind, said), self.hit[:0] if self.hit is self.gone else self.hit
        verdict = np.zeros(len(services.access), np.uint8)
        judge_services(
            services.access, services.whole, services.one, services.other, self.gone, hit, fabric.root,
            fabric.up, fabric.over, self.sslot, alone.begin, alone.size, alone.items, self.supports.begin,
            self.supports.size, self.supports.items, services.lx, services.ly, fabric.first, fabric.target,
            core.number, fabric.end, core.row, core.label, hard0.begin, hard0.size, hard0.items, kind, said,
            found.begin, found.size, found.items, services.tail, np.full((services.tails, 2), -2, np.int32),
            np.empty(services.tails, np.int32), verdict,
        )  # fmt: skip
        return verdict

    def _legs(self, services: Services, kind: Int8, said: UInt8) -> Lists:
        fabric, core, hard0 = self.fabric, self.fabric.backbone, self.fabric.hard
        away: Float64 = core.away

        def write(begin: Int64, size: Int32, items: Int32, used: Int64) -> None:
            judge_legs(
                services.lx, services.ly, services.lwhole, fabric.first, fabric.target, core.number, fabric.end,
                core.row, core.label, self.label, core.elements, self.pslot, hard0.begin, hard0.size, hard0.items,
                self.hard.begin, self.hard.size, self.hard.items, fabric.hops, self.marks, away, self.crossing,
                self.suspects, self.parting, fabric.common.view(np.uint8), np.empty(fabric.network.n, np.int32),
                kind, said, begin, size, items, used,
            )  # fmt: skip

        return written(len(services.lx), 8 * len(services.lx) + len(core.elements) + 1024, write)


def _supports(fabric: Fabric, fallen: Int32, room: Room) -> tuple[Int32, Lists]:
    """(elements that stand on a fallen one, and still work, deepest first; what they need alone now)."""
    needs, gone, seen, queue = fabric.needs, room.gone, room.seen, room.queue
    count = np.array([len(fallen)], np.int64)
    queue[: len(fallen)], seen[fallen] = fallen, 1
    spread(needs.standing.start, needs.standing.to, seen, queue, count)
    left = queue[: count[0]]
    seen[left] = 0
    left = left[gone[left] == 0]
    left = left[np.argsort(needs.rank[left])]
    room.sslot[left] = np.arange(len(left), dtype=np.int32)
    if not len(left):
        return left, Lists.none()
    return left, needs.solved(left, gone, room.sslot, needs.alone, 16 * len(left))


def _hit(fabric: Fabric, gone: UInt8, fallen: Int32, nodes: Int32) -> UInt8:
    """`gone`, and what works though its pair does not: traffic over it counts as touched."""
    if not len(_mates(fabric.needs, gone, fallen)):
        return gone
    alone, hit = fabric.needs.alone, gone.copy()
    for x in nodes.tolist():
        mine = alone.items[alone.begin[x] : alone.begin[x] + alone.size[x]]
        hit[x] = gone[mine].any()
    return hit


def _mates(needs: Needs, gone: UInt8, fallen: Int32) -> Int32:
    """What works though a pair of it has fallen, for something else that the pair needs."""
    members = needs.members
    begin = members.start[fallen]
    size = members.start[fallen + 1] - begin
    if not size.any():
        return fallen[:0]
    place = np.repeat(begin - np.concatenate(([0], np.cumsum(size)))[:-1], size) + np.arange(int(size.sum()))
    found = np.unique(members.to[place])
    return np.asarray(found[gone[found] == 0].astype(np.int32))


def _ports(fabric: Fabric, nodes: Int32) -> Int32:
    """Ports of the nodes, nearest to their targets first."""
    begin = fabric.first[nodes]
    size = fabric.first[nodes + 1] - begin
    offset = np.repeat(begin - np.concatenate(([0], np.cumsum(size)))[:-1], size)
    found = offset + np.arange(int(size.sum()))
    return np.asarray(found[np.argsort(fabric.rank[found])].astype(np.int32))
