"""The network itself at national size: what each element needs alone, and its ways up, solved once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.kernels.climbing import climb, find_roots, reach_targets
from cemcore.kernels.supporting import deepest_first, needed_alone
from cemcore.panel import Bool, Int32, Int64, UInt8
from cemcore.topology.csr import Edges
from cemcore.topology.national.core import Backbone
from cemcore.topology.national.lists import Lists, numbered, written
from cemcore.topology.network import Network


@dataclass(frozen=True)
class Needs:
    """Who needs what: needs, pairs and members as in `Network`; back: needs the other way (label = group); standing:
    below -> whatever stands on it, by needs or as the pair of it; rank: order, deepest first; alone: what each element
    needs alone.
    """

    needs: Edges
    pairs: Edges
    members: Edges
    back: Edges
    standing: Edges
    rank: Int32
    alone: Lists

    @classmethod
    def build(cls, network: Network) -> Needs:
        """Of a whole network."""
        n, needs, pairs, members = network.n, network.needs, network.pairs, network.pairs.reverse()
        on = Edges.build(
            n, np.concatenate([needs.source, members.source]), np.concatenate([needs.to, members.to]), None
        )
        standing = on.reverse()
        order = np.zeros(n, np.int32)
        deepest_first(on.start, on.to, standing.start, standing.to, np.zeros(n, np.int32), order)
        bare = cls(needs, pairs, members, needs.reverse(), standing, numbered(n, order), Lists.none())
        old = Lists(np.zeros(n, np.int64), np.zeros(n, np.int32), np.zeros(0, np.int32))
        alone = bare.solved(order, np.zeros(n, np.uint8), numbered(n, order), old, 6 * n)
        return cls(**{**bare.__dict__, "alone": alone.placed(n, order)})

    def solved(self, nodes: Int32, gone: UInt8, slot: Int32, old: Lists, guess: int) -> Lists:
        """Lists of what each of the nodes (deepest first, slot[nodes[k]] = k) needs alone with some elements gone."""
        stamp = np.zeros(len(gone), np.uint8)

        def write(begin: Int64, size: Int32, items: Int32, used: Int64) -> None:
            needed_alone(
                nodes, self.needs.start, self.needs.to, self.needs.label, self.pairs.start, self.pairs.to,
                self.members.start, self.members.to, gone, slot, old.begin, old.size, old.items, begin, size, items,
                stamp, used,
            )  # fmt: skip

        return written(len(nodes), guess, write)


@dataclass(frozen=True)
class Fabric:
    """The network of n resources with its ways up solved.

    ways: those of the network, none from backbone routers; root: first branch node at or above each node (one with
    several ways, or where services may meet); up, over: next node and link of all others. Ports are pairs (branch node,
    target above it), those of a node in first[x]:first[x + 1]: port_node, target, hops; hard: the elements whose loss
    alone parts them; rank: their order, nearest to their targets first. end: nodes without ways. meeting: nodes above
    gateways and endpoints, themselves included; backed: branch nodes with the backbone above (uint8). carries: from an
    element to all that may depend on it.
    common: elements on which the backbone, gateways or endpoints may depend, however redundant.
    """

    network: Network
    ways: Edges
    needs: Needs
    backbone: Backbone
    carries: Edges
    meeting: Bool
    backed: UInt8
    root: Int32
    up: Int32
    over: Int32
    end: UInt8
    first: Int64
    port_node: Int32
    target: Int32
    hops: Int32
    rank: Int32
    hard: Lists
    common: Bool

    @classmethod
    def build(cls, network: Network, carries: Edges, ends: Int32) -> Fabric:
        """From a network, what hangs on what in it, and all gateways and endpoints of services."""
        needs = Needs.build(network)
        n, up_from = network.n, ~network.is_core[network.ways.source]
        ways = Edges.build(n, *(x[up_from] for x in (network.ways.source, network.ways.to, network.ways.label)))
        steps = np.diff(ways.start)
        meeting = ways.spread(np.unique(ends))
        branch = ways.spread(np.flatnonzero((steps != 1) | meeting | network.is_core)).astype(np.uint8)
        root, depth = np.full(n, -1, np.int32), np.zeros(n, np.int32)
        find_roots(ways.start, ways.to, branch, root, depth, np.empty(n, np.int32))
        up, over = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        tree = np.flatnonzero(branch == 0)
        up[tree], over[tree] = ways.to[ways.start[tree]], ways.label[ways.start[tree]]
        leads = branch[ways.source] != 0
        edges = Edges.build(n, ways.source[leads], ways.to[leads], ways.label[leads])
        end = ((np.diff(network.ways.start) == 0) & ~network.is_core).astype(np.uint8)
        targets = np.flatnonzero(meeting | network.is_core | (end != 0)).astype(np.int32)
        first, port_node, target, hops = _ports(n, edges.reverse(), targets)
        backed = np.zeros(n, np.uint8)
        backed[port_node[network.is_core[target]]] = 1
        common, supporting = _common(network, ways, needs, meeting)
        order = np.argsort(hops, kind="stable").astype(np.int32)
        bare = Lists(np.zeros(len(target), np.int64), np.full(len(target), -1, np.int32), np.zeros(0, np.int32))
        fabric = cls(
            network, ways, needs, Backbone.build(network, needs.alone, supporting), carries, meeting, backed, root, up,
            over, end, first, port_node, target, hops, numbered(len(order), order), bare, common,
        )  # fmt: skip
        whole = np.zeros(n, np.uint8)
        solved = fabric.climbed(order, whole, numbered(len(order), order), np.full(n, -1, np.int32), Lists.none(), 0)
        return cls(**{**fabric.__dict__, "hard": solved.placed(len(order), order)})

    def climbed(self, ports: Int32, gone: UInt8, pslot: Int32, sslot: Int32, supports: Lists, guess: int) -> Lists:
        """Lists of the hard elements of ports (nearest first, pslot[ports[k]] = k) with some elements gone."""
        alone, ways, n = self.needs.alone, self.ways, self.network.n
        longest = int(max(alone.size.max(initial=0), 64))
        one, other = np.empty(n, np.int32), np.empty(n, np.int32)

        def write(begin: Int64, size: Int32, items: Int32, used: Int64) -> None:
            climb(
                ports, gone, ways.start, ways.to, ways.label, self.first, self.port_node, self.target, sslot,
                alone.begin, alone.size, alone.items, supports.begin, supports.size, supports.items, pslot,
                self.hard.begin, self.hard.size, self.hard.items, begin, size, items, one, other, used,
            )  # fmt: skip

        return written(len(ports), max(guess, longest * 2, 16 * len(ports)), write)


def _ports(n: int, back: Edges, targets: Int32) -> tuple[Int64, Int32, Int32, Int32]:
    """(first by node, node, target, hops) of every branch node and target above it."""
    room = 4 * n + 1024
    while True:
        node, target, hops = (np.empty(room, np.int32) for _ in range(3))
        used = np.zeros(1, np.int64)
        scratch = np.full(n, -1, np.int32), np.zeros(n, np.int32), np.empty(n, np.int32)
        reach_targets(targets, back.start, back.to, *scratch, node, target, hops, used)
        if used[0] >= 0:
            break
        room *= 2
    node, target, hops = (x[: used[0]] for x in (node, target, hops))
    order = np.argsort(node, kind="stable")
    first = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(node, minlength=n), out=first[1:])
    return first, node[order], target[order], hops[order]


def _common(network: Network, ways: Edges, needs: Needs, meeting: Bool) -> tuple[Bool, Int32]:
    """(mask of what the backbone, or what is above gateways and endpoints, may depend on; the part of the backbone)."""
    below = needs.standing.reverse()
    core = below.spread(np.concatenate([np.flatnonzero(network.is_core), network.core_link]))
    core[network.pairs.to[core[network.pairs.source]]] = True
    links = ways.label[meeting[ways.source] & (ways.label >= 0)]
    rest = below.spread(np.concatenate([np.flatnonzero(meeting), links]))
    rest[network.pairs.to[rest[network.pairs.source]]] = True
    return core | rest, np.flatnonzero(core).astype(np.int32)
