"""Climbing from a resource to where its traffic is taken over: which elements every way needs, and which share the
ways in use take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cemcore.topology.network import Network
from cemcore.topology.support import Elements, Support


@dataclass(frozen=True, slots=True)
class Climbed:
    """How x reaches the targets: `hard` = elements whose loss alone leaves no way; `share` = traffic share by element
    on the ways in use (fewest hops, ties share), hard ones included; `tops` = share by target reached; `hops`.
    """

    hard: Elements
    share: dict[int, float]
    tops: dict[int, float]
    hops: int


class Climb:
    """Ways from any resource upwards to the nodes for which `is_target` holds, over what survives.

    `whole` = the same climb with nothing gone: whoever does not hang on what is gone climbs as there.
    """

    def __init__(
        self, network: Network, support: Support, is_target: Callable[[int], bool], whole: Climb | None = None
    ) -> None:
        self._network, self._support, self._is_target, self._whole = network, support, is_target, whole
        self._known: dict[int, Climbed | None] = {}

    def of(self, x: int) -> Climbed | None:
        """How x climbs; None where it reaches no target, or does not work itself."""
        if not self._solved(x):
            self._solve(x)
        return self._known[x]

    def _solved(self, x: int) -> bool:
        if x in self._known:
            return True
        if self._whole is None or self._support.hangs(x):
            return False
        self._known[x] = self._whole.of(x)
        return True

    def _solve(self, x: int) -> None:
        """Solve x and everything new above it: the data-flow form of dominators, so that rings are as good as trees."""
        if not self._support.works(x):
            self._known[x] = None
            return
        above = self._explore(x)
        hops = self._hops(above)
        hard = self._hard(above, hops)
        for y in sorted((y for y in above if y in hops), key=lambda y: hops[y]):
            self._known[y] = self._settle(y, above[y], hard[y], hops)
        for y in above:
            self._known.setdefault(y, None)

    def _explore(self, x: int) -> dict[int, list[tuple[int, int]]]:
        """Nodes above x that are not solved yet, deepest first, with their surviving ways (to, link)."""
        works = self._support.works
        ways: dict[int, list[tuple[int, int]]] = {}
        order: list[int] = []
        stack = [(x, False)]
        while stack:
            y, left = stack.pop()
            if left:
                order.append(y)
                continue
            if y in ways:
                continue
            mine = [] if self._is_target(y) else self._network.ways.labelled(y)
            ways[y] = [(z, link) for z, link in mine if works(z) and works(link)]
            stack.append((y, True))
            stack.extend((z, False) for z, _ in ways[y] if z not in ways and not self._solved(z))
        return {y: ways[y] for y in order}

    def _hops(self, above: dict[int, list[tuple[int, int]]]) -> dict[int, int]:
        hops = {y: 0 for y in above if self._is_target(y)}
        changed = True
        while changed:
            changed = False
            for y, ways in above.items():
                near = [h + 1 for z, _ in ways if (h := self._hops_of(z, hops)) is not None]
                if near and min(near) < hops.get(y, 1 << 30):
                    hops[y] = min(near)
                    changed = True
        return hops

    def _hops_of(self, z: int, hops: dict[int, int]) -> int | None:
        solved = self._known.get(z)
        return solved.hops if solved is not None else hops.get(z)

    def _hard(self, above: dict[int, list[tuple[int, int]]], hops: dict[int, int]) -> dict[int, Elements]:
        """Greatest fixpoint of hard(y) = own needs, and what all ways have in common; an unsolved way says nothing
        yet.
        """
        of = self._support.of
        hard: dict[int, Elements] = {}
        changed = True
        while changed:
            changed = False
            for y, ways in above.items():
                if y not in hops:
                    continue
                common = [self._way(z, link, hard) for z, link in ways]
                known = [c for c in common if c is not None]
                if not known and hops[y] > 0:
                    continue
                new = of(y) | frozenset.intersection(*known) if known else of(y)
                if hard.get(y) != new:
                    hard[y], changed = new, True
        return hard

    def _way(self, z: int, link: int, hard: dict[int, Elements]) -> Elements | None:
        solved = self._known.get(z)
        beyond = solved.hard if solved is not None else hard.get(z)
        if beyond is None:
            return None
        return beyond | self._support.of(link) if link >= 0 else beyond

    def _settle(self, y: int, ways: list[tuple[int, int]], hard: Elements, hops: dict[int, int]) -> Climbed:
        if hops[y] == 0:
            return Climbed(hard, dict.fromkeys(hard, 1.0), {y: 1.0}, 0)
        used = [(z, link) for z, link in ways if self._hops_of(z, hops) == hops[y] - 1]
        share: dict[int, float] = {}
        tops: dict[int, float] = {}
        for z, link in used:
            beyond = self._known[z]
            if beyond is None:
                continue
            spread_over(share, beyond.share, 1 / len(used), self._support.of(link) if link >= 0 else frozenset())
            for top, part in beyond.tops.items():
                tops[top] = tops.get(top, 0.0) + part / len(used)
        share.update(dict.fromkeys(hard, 1.0))
        return Climbed(hard, share, tops, hops[y])


def spread_over(total: dict[int, float], beyond: dict[int, float], part: float, whole: Elements) -> None:
    """Add `part` of a flow that touches `whole` fully and the rest as `beyond` says."""
    for r, f in beyond.items():
        if r not in whole:
            total[r] = total.get(r, 0.0) + part * f
    for r in whole:
        total[r] = total.get(r, 0.0) + part
