"""What every element needs in order to work at all: itself, and whatever it is contained in, powered by, laid in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from cemcore.panel import Bool
from cemcore.topology.network import Network

Elements = frozenset[int]


class Support:
    """Single points of failure of elements, with some of them `gone`; `hanging` marks all that may depend on those.

    `of(x)` holds every element whose loss alone stops x from working: x itself, the pair that it is a member of, and
    its needs; of needs that back each other up only what they have in common. Answers are kept.
    """

    def __init__(self, network: Network, gone: Bool | None = None, hanging: Bool | None = None) -> None:
        self.network = network
        self.gone, self.hanging = gone, hanging
        self._members = network.pairs.reverse()
        self._known: dict[int, Elements] = {}

    def works(self, x: int) -> bool:
        """Whether x is not gone; -1 (nothing there) always works."""
        return x < 0 or self.gone is None or not self.gone[x]

    def hangs(self, x: int) -> bool:
        """Whether x may depend on something that is gone."""
        return self.hanging is not None and bool(self.hanging[x])

    def of(self, x: int) -> Elements:
        """Every element whose loss alone stops x, which is not gone itself."""
        found = self._known.get(x)
        if found is None:
            settle(x, self._below, self._settle, self._known)
            found = self._known[x]
        return found

    def _below(self, x: int) -> list[int]:
        return [y for y in self.network.needs.of(x) + self._members.of(x) if self.works(y)]

    def _settle(self, x: int) -> Elements:
        alone: set[int] = {x, *self.network.pairs.of(x)}
        backed: dict[int, list[Elements]] = {}
        for y, group in self.network.needs.labelled(x):
            if not self.works(y):
                continue
            if group < 0:
                alone |= self._known[y]
            else:
                backed.setdefault(group, []).append(self._known[y])
        members = [self._known[m] for m in self._members.of(x) if self.works(m)]
        for either in [*backed.values(), members]:
            if either:
                alone |= frozenset.intersection(*either)
        return frozenset(alone)


def settle(
    x: int, below: Callable[[int], Iterable[int]], settle_one: Callable[[int], Elements], known: dict[int, Elements]
) -> None:
    """Fill `known` for x and all below it, deepest first, without recursion; the graph below must have no circle."""
    stack = [(x, False)]
    while stack:
        node, ready = stack.pop()
        if node in known:
            continue
        if ready:
            known[node] = settle_one(node)
        else:
            stack.append((node, True))
            stack.extend((y, False) for y in below(node) if y not in known)


def fall(network: Network, down: Iterable[int]) -> Bool:
    """Mask of everything that does not work when all of `down` fail together, by needs and pairs alone (ways not
    looked at).

    A pair fails with its last member; members fail with their pair when the pair is named itself.
    """
    gone = np.zeros(network.n, np.bool_)
    named = np.fromiter(down, np.int64)
    if not len(named):
        return gone
    needs, pairs = network.needs, network.pairs
    gone[named] = True
    gone[pairs.source[np.isin(pairs.to, named)]] = True
    source, alone = needs.source, needs.label < 0
    group = source.astype(np.int64) * (int(needs.label.max(initial=0)) + 1) + needs.label
    either = (
        (source[~alone], needs.to[~alone], np.unique(group[~alone], return_inverse=True)[1]),
        (pairs.to, pairs.source, np.unique(pairs.to, return_inverse=True)[1]),
    )
    before = -1
    while before != (before := int(gone.sum())):
        gone[source[alone & gone[needs.to]]] = True
        for owner, target, place in either:
            left = np.bincount(place, weights=~gone[target])
            gone[owner[left[place] == 0]] = True
    return gone
