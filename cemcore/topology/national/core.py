"""The backbone of a large network, tabled: least metrics of all pairs, and components without each single element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.kernels.backbone import find_suspects, keep_whole, least_metrics, mark_crossed, part
from cemcore.panel import Float64, Int16, Int32, Int64, UInt8
from cemcore.topology.csr import Edges
from cemcore.topology.national.lists import Lists, numbered
from cemcore.topology.network import Network


@dataclass(frozen=True)
class Backbone:
    """Routers and links of the backbone by number.

    routers, links: their nodes; number: router by node, -1; edges: router -> router over link (label); metric: of each
    edge; elements: nodes that may part the backbone, the first stands for "none" (-1); row: place of a node in
    `elements`, 0 where it is not among them; label: component by (element lost, router), -1 = router lost;
    parting: lines of it in which the backbone is in several parts; away: least metric by (to, from); nearest: routers
    by metric to each.
    """

    routers: Int32
    links: Int32
    number: Int32
    edges: Edges
    metric: Float64
    elements: Int32
    row: Int32
    label: Int16
    parting: Int32
    away: Float64
    nearest: Int32

    @classmethod
    def build(cls, network: Network, needs: Lists, supporting: Int32) -> Backbone:
        """From a network, what its elements need alone, and the nodes that backbone elements may need at all."""
        routers = np.flatnonzero(network.is_core).astype(np.int32)
        number = numbered(network.n, routers)
        links, place = np.unique(network.core_link, return_inverse=True)
        a, z, n = number[network.core_from], number[network.core_to], len(routers)
        both = np.concatenate([place, place])
        metric = np.concatenate([network.core_metric, network.core_metric])
        source = np.concatenate([a, z])
        edges = Edges.build(n, source, np.concatenate([z, a]), both)
        metric = metric[np.argsort(source, kind="stable")]
        away = np.full((n, n), np.inf)
        if n:
            least_metrics(edges.start, edges.to, metric, away)
        nearest = np.argsort(away, axis=1, kind="stable").astype(np.int32)
        elements = np.concatenate([np.full(1, -1, np.int32), supporting])
        row = np.maximum(numbered(network.n, supporting) + 1, 0).astype(np.int32)
        bare = cls(routers, links.astype(np.int32), number, edges, metric, elements, row,
                   np.full((len(elements), n), -1, np.int16), elements[:0], away, nearest)  # fmt: skip
        label = bare.parted(needs, None, np.zeros(n, np.uint8), np.zeros(len(links), np.uint8))
        return cls(**{**bare.__dict__, "label": label, "parting": suspected(label, label)[1]})

    @property
    def quiet(self) -> UInt8:
        """`crossing` of nothing."""
        return np.zeros(self.away.shape, np.uint8)

    def touches(self, needs: Lists, newer: tuple[Int32, Lists] | None) -> tuple[Int64, Int32]:
        """(start, what) by element: routers r as r and links l as -1 - l that fail with it."""
        found: list[tuple[Int32, Int32]] = []
        for nodes, sign in ((self.routers, False), (self.links, True)):
            begin, size, items = needs.begin[nodes], np.maximum(needs.size[nodes], 0).astype(np.int64), needs.items
            if newer is not None and (newer[0][nodes] >= 0).any():
                slot, lists = newer
                new = slot[nodes] >= 0
                begin = np.where(new, lists.begin[slot[nodes]] + len(items), begin)
                size = np.where(new, np.maximum(lists.size[slot[nodes]], 0), size)
                items = np.concatenate([items, lists.items])
            owner = np.repeat(np.arange(len(nodes), dtype=np.int32), size)
            offset = np.repeat(begin - np.concatenate(([0], np.cumsum(size)[:-1])), size) if len(nodes) else begin
            r = self.row[items[offset + np.arange(len(owner))]] if len(owner) else owner
            found.append((r, -1 - owner if sign else owner))
        rows, what = (np.concatenate(x) for x in zip(*found, strict=True))
        known = rows > 0
        table = Edges.build(len(self.elements), rows[known], what[known].astype(np.int32))
        return table.start, table.to

    def parted(self, needs: Lists, newer: tuple[Int32, Lists] | None, routers: UInt8, links: UInt8) -> Int16:
        """`label`, with some routers and links gone (uint8 masks)."""
        start, what = self.touches(needs, newer)
        label = np.full((len(self.elements), len(self.routers)), -1, np.int16)
        first = np.zeros(1, np.int32)
        scratch = np.empty(len(self.routers), np.uint8), np.empty(max(len(self.links), 1), np.uint8)
        if not len(self.links):
            links = np.zeros(1, np.uint8)
        arrays = (self.edges.start, self.edges.to, self.edges.label, start, what, routers, links)
        part(first, *arrays, label, *scratch)
        label[:] = label[0]
        told = np.zeros(len(label), np.uint8)
        keep_whole(*arrays, label, told)
        rows = np.flatnonzero((np.diff(start) > 0) & (told == 0)).astype(np.int32)
        part(rows, *arrays, label, *scratch)
        return label

    def crossing(self, hit: UInt8) -> UInt8:
        """uint8 mask by (to, from): a least-cost path in use touches something hit (uint8 by node)."""
        marks = np.zeros(self.away.shape, np.uint8)
        routers, links = hit[self.routers], hit[self.links]
        if routers.any() or links.any():
            mark_crossed(self.edges.start, self.edges.to, self.edges.label, self.metric, self.away, self.nearest,
                         routers, links if len(links) else np.zeros(1, np.uint8), marks)  # fmt: skip
        return marks


def suspected(before: Int16, after: Int16) -> tuple[Int32, Int32]:
    """(lines that part the backbone in another way than before, lines that part it at all)."""
    suspects, parting, found = np.empty(len(after), np.int32), np.empty(len(after), np.int32), np.zeros(2, np.int64)
    find_suspects(before, after, suspects, parting, found)
    return suspects[: found[0]], parting[: found[1]]
