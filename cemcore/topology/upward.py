"""What every resource leans on directly, as compressed rows: needs, pairs, ways with their links, ends of links."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Int32, Int64
from cemcore.topology.csr import Edges
from cemcore.topology.network import Network

Arrays = tuple[
    Int64, Int32, Int32, Int64, Int32, Int64, Int32, Int64, Int32, Int32, Int64, Int32, Bool, Bool, Bool, Int32
]  # fmt: skip
"""A network as compiled loops take it (`cemcore.kernels.folding.Net`)."""


@dataclass(frozen=True)
class Upward:
    """The network of n resources, one step upwards at a time.

    needs: dependent -> what it works only with, label = redundancy group (-1 = it alone); pairs: member -> pair;
    members: the other way round; ways: node -> next node, label = link in between (-1 none); ends: link -> elements
    without which it is down (where it leads up to; both ends of backbone and ring links); links: node -> links that
    end at it; below: resource -> whatever leans on it directly, by any of these. whole: the backbone is above it;
    target: where ways end (a backbone router, or the end of some way where no backbone is above); rooted: reaches one.
    height int32: twice the fewest steps over ways to a target; a link is one above the lower of its ends.
    """

    needs: Edges
    pairs: Edges
    members: Edges
    ways: Edges
    ends: Edges
    links: Edges
    below: Edges
    whole: Bool
    target: Bool
    rooted: Bool
    height: Int32

    @property
    def arrays(self) -> Arrays:
        """The network as compiled loops take it."""
        needs, pairs, members, ways, ends = self.needs, self.pairs, self.members, self.ways, self.ends
        return (
            needs.start, needs.to, needs.label, pairs.start, pairs.to, members.start, members.to,
            ways.start, ways.to, ways.label, ends.start, ends.to, self.whole, self.target, self.rooted,
            self.height,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.target)

    @classmethod
    def build(cls, network: Network) -> Upward:
        """From the arrays of a network."""
        n, ways = network.n, network.ways
        linked = ways.label >= 0
        low, high, link = ways.source[linked], ways.to[linked], ways.label[linked]
        ends = _distinct(
            n,
            np.concatenate([link, network.core_link, network.core_link]),
            np.concatenate([high, network.core_from, network.core_to]),
        )
        links = _distinct(
            n,
            np.concatenate([low, high, network.core_from, network.core_to]),
            np.concatenate([link, link, network.core_link, network.core_link]),
        )
        leans = [
            (network.needs.source, network.needs.to), (network.pairs.source, network.pairs.to),
            (ways.source, ways.to), (low, link), (ends.source, ends.to),
        ]  # fmt: skip
        below = _distinct(n, np.concatenate([to for _, to in leans]), np.concatenate([of for of, _ in leans]))
        whole = ways.reverse().spread(np.flatnonzero(network.is_core))
        target = network.is_core | ((ways.start[:-1] == ways.start[1:]) & ~whole)
        rooted = whole | ways.reverse().spread(np.flatnonzero(target & ~network.is_core))
        members = network.pairs.reverse()
        return cls(
            network.needs,
            network.pairs,
            members,
            ways,
            ends,
            links,
            below,
            whole,
            target,
            rooted,
            _height(ways, ends, target),
        )


def _height(ways: Edges, ends: Edges, target: Bool) -> Int32:
    down, step = ways.reverse(), 0
    height = np.where(target, 0, np.iinfo(np.int32).max).astype(np.int32)
    front = np.flatnonzero(target)
    while len(front):
        step += 2
        size = down.start[front + 1] - down.start[front]
        offset = np.repeat(down.start[front] - np.concatenate(([0], np.cumsum(size)[:-1])), size)
        below = np.unique(down.to[offset + np.arange(int(size.sum()))])
        front = below[height[below] > step]
        height[front] = step
    link = np.flatnonzero(np.diff(ends.start))
    if len(link):
        lowest = np.minimum.reduceat(height[ends.to], ends.start[link])
        height[link] = np.where(lowest < np.iinfo(np.int32).max, lowest + 1, lowest)
    return height


def _distinct(n: int, source: Int32, to: Int32) -> Edges:
    """Edges without repetitions."""
    key = np.unique(source.astype(np.int64) * n + to)
    return Edges.build(n, (key // max(n, 1)).astype(np.int32), (key % max(n, 1)).astype(np.int32))
