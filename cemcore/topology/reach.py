"""Reaching over the connections: who hangs on a resource, who is near to it, and the small graph handed to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cemcore.panel import Bool, Int32
from cemcore.topology.csr import Edges
from cemcore.topology.network import Network
from cemcore.topology.support import fall


class Reach:
    """Up and down over the connections of one network; answers about nearness are kept."""

    def __init__(self, network: Network) -> None:
        self._network = network
        n, ways, raw = network.n, network.ways, network.raw
        linked = ways.label >= 0
        self.hangs_on = Edges.build(
            n,
            np.concatenate([network.needs.source, network.pairs.source, ways.source, ways.source[linked]]),
            np.concatenate([network.needs.to, network.pairs.to, ways.to, ways.label[linked]]),
        )
        """From every element to all that it may depend on, up to the first backbone routers."""
        self.carries = Edges.build(
            n,
            np.concatenate([self.hangs_on.to, network.pairs.source]),
            np.concatenate([self.hangs_on.source, network.pairs.to]),
        )
        """The same downwards; a pair also hangs on its members."""
        via = raw.label >= 0
        self._up = Edges.build(
            n,
            np.concatenate([raw.source[~via], raw.source[via], raw.label[via]]),
            np.concatenate([raw.to[~via], raw.label[via], raw.to[via]]),
        )
        self._down = self._up.reverse()
        self._close: dict[tuple[int, int], frozenset[int]] = {}

    def dependents(self, r: int) -> Int32:
        """Everything that works no more, or is cut off, when r alone is lost; r itself left out; sorted.

        A link hangs on the element that it leads up to.
        """
        gone = fall(self._network, [r])
        touched = self.carries.spread(np.flatnonzero(gone))
        before, after = self._rooted(np.zeros(self._network.n, np.bool_)), self._rooted(gone)
        cut = gone | (touched & before & ~after)
        ways = self._network.ways
        dark = (ways.label >= 0) & cut[ways.to]
        cut[ways.label[dark]] = True
        cut[r] = False
        return np.flatnonzero(cut).astype(np.int32)

    def near(self, a: int, b: int, reach: int = 2) -> bool:
        """Whether b is within `reach` steps up or down from a over dependent -> link -> dependence, never sideways; a
        is near itself.
        """
        found = self._close.get((a, reach))
        if found is None:
            found = self._close[a, reach] = self._steps(self._up, a, reach) | self._steps(self._down, a, reach)
        return b in found

    def around(self, centres: Iterable[int], reach: int) -> set[int]:
        """All resources within `reach` steps up or down from any of the centres."""
        found: set[int] = set()
        for c in centres:
            found |= self._steps(self._up, c, reach) | self._steps(self._down, c, reach)
        return found

    def _steps(self, edges: Edges, a: int, reach: int) -> frozenset[int]:
        seen, front = {a}, {a}
        for _ in range(reach):
            front = {z for y in front for z in edges.of(y)} - seen
            seen |= front
        return frozenset(seen)

    def _rooted(self, gone: Bool) -> Bool:
        """Mask of nodes that reach the backbone, or, where it is not above them, the end of some way, over what is
        not gone.
        """
        network, ways = self._network, self._network.ways
        alive = ~gone[ways.to] & ~gone[ways.source] & ~((ways.label >= 0) & gone[ways.label])
        down = Edges.build(network.n, ways.to[alive], ways.source[alive])
        to_core = down.spread(np.flatnonzero(network.is_core & ~gone))
        ends = (ways.start[:-1] == ways.start[1:]) & ~network.is_core & ~gone
        whole = ways.reverse().spread(np.flatnonzero(network.is_core))
        return np.asarray(np.where(whole, to_core, down.spread(np.flatnonzero(ends))), np.bool_)


def picture(network: Network, names: tuple[str, ...], kinds: tuple[str, ...], around: set[int]) -> Any:
    """A networkx DiGraph of some resources: an edge from the dependent to what it depends on, with the link in
    between in `via`.
    """
    import networkx as nx

    graph = nx.DiGraph()
    for i in sorted(around):
        graph.add_node(names[i], type=kinds[i])
    for i in sorted(around):
        for z, via in network.raw.labelled(i):
            if z in around:
                graph.add_edge(names[i], names[z], via=names[via] if via >= 0 else "")
    return graph
