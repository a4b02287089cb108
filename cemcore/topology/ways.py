"""How two resources reach each other: up from both until they meet, over the backbone where they do not meet before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from cemcore.panel import Bool
from cemcore.topology.climb import Climb, Climbed, spread_over
from cemcore.topology.core import Core
from cemcore.topology.network import Network
from cemcore.topology.support import Elements, Support

NOTHING: Elements = frozenset()


@dataclass(frozen=True, slots=True)
class Joined:
    """How traffic gets from one resource to another.

    `met` = it does. `hard` = elements whose loss alone ends that (where the two do not meet: whose loss cuts off
    either). `share` = traffic share by element on the paths in use, hard ones included. `alive` = both work and are
    not cut off from where they led before.
    """

    met: bool
    hard: Elements
    share: dict[int, float]
    alive: bool


class Ways:
    """Reachability over what survives, with some elements `gone`. Answers are kept, piece by piece.

    `hanging` marks all that may depend on what is gone; `whole` is the same with nothing gone, where the rest is
    looked up.
    """

    def __init__(
        self, network: Network, gone: Bool | None = None, hanging: Bool | None = None, whole: Ways | None = None
    ) -> None:
        self._network = network
        self._whole = whole
        self.support = Support(network, gone, hanging)
        self._core = Core(network, self.support)
        self._is_core: list[bool] = network.is_core.tolist()
        start = network.ways.start
        up, top = (whole._up, whole._top) if whole is not None else (None, None)
        self._up: Climb = Climb(network, self.support, self._is_core.__getitem__, up)
        self._top: Climb = Climb(network, self.support, lambda x: bool(start[x] == start[x + 1]), top)
        self._above: dict[int, Elements] = {}
        self._joined: dict[tuple[int, int], Joined] = {}
        self._between: dict[tuple[int, int], Joined] = {}

    def alone(self, x: int) -> Climbed | None:
        """How x reaches the backbone, or the ends of its ways where none is above it; None where it is cut off from
        that.
        """
        base = self._whole or self
        return self._up.of(x) if base._up.of(x) is not None else self._top.of(x)

    def joined(self, x: int, y: int) -> Joined:
        """How x and y reach each other."""
        found = self._joined.get((x, y))
        if found is None:
            found = self._joined[x, y] = self._join(x, y)
        return found

    def single(self, x: int) -> Joined:
        """How x stands by itself, where the other end is not known."""
        climbed = self.alone(x)
        if climbed is None:
            works = self.support.works(x)
            hard = self.support.of(x) if works else NOTHING
            return Joined(False, hard, dict.fromkeys(hard, 1.0), False)
        return Joined(False, climbed.hard, climbed.share, True)

    def _above_of(self, x: int) -> Elements:
        """Nodes that x reaches upwards, itself and the first backbone routers included; none where it does not work."""
        chain = [x]
        while chain[-1] not in self._above:
            if self._whole is not None and not self.support.hangs(chain[-1]):
                self._above[chain[-1]] = self._whole._above_of(chain[-1])
                break
            ahead = self._next_of(chain[-1])
            if len(ahead) != 1 or ahead[0] in chain:
                self._above[chain[-1]] = self._spread(chain[-1], -1)
                break
            chain.append(ahead[0])
        for y, z in pairwise(chain[::-1]):
            self._above[z] = self._above[y] | {z}
        return self._above[x]

    def _next_of(self, x: int) -> list[int]:
        """Where the surviving ways of x lead, none from a backbone router."""
        works = self.support.works
        if self._is_core[x] or not works(x):
            return []
        return [z for z, link in self._network.ways.labelled(x) if works(z) and works(link)]

    def _spread(self, x: int, without: int) -> Elements:
        """Nodes that x reaches upwards when one more element is lost (-1: none)."""
        works, of, ways = self.support.works, self.support.of, self._network.ways
        stack = [x] if works(x) and without not in of(x) else []
        seen = set(stack)
        while stack:
            y = stack.pop()
            for z, link in () if self._is_core[y] else ways.labelled(y):
                if z in seen or not works(z) or not works(link):
                    continue
                if without < 0 or (without not in of(z) and (link < 0 or without not in of(link))):
                    seen.add(z)
                    stack.append(z)
        return frozenset(seen)

    def _join(self, x: int, y: int) -> Joined:
        above_x, above_y = self._above_of(x), self._above_of(y)
        below = [m for m in above_x & above_y if not self._is_core[m]]
        if below:
            return self._join_below(x, y, below)
        tops = [[c for c in above if self._is_core[c]] for above in (above_x, above_y)]
        if self._core.joins(-1, *tops):
            return self._join_over_core(x, y, len(tops[0]) == 1 == len(tops[1]))
        return self._apart(x, y)

    def _apart(self, x: int, y: int) -> Joined:
        one, other = self.single(x), self.single(y)
        return Joined(False, one.hard | other.hard, strongest(one.share, other.share), one.alive and other.alive)

    def _join_over_core(self, x: int, y: int, simple: bool) -> Joined:
        up, down = self._up.of(x), self._up.of(y)
        if up is None or down is None:
            return self._apart(x, y)
        if not self._core.joins(-1, up.tops, down.tops):
            up, down = self._detour(x, y, up, down)
        crossed = self._cross(up, down)
        share = strongest(strongest(up.share, crossed.share), down.share)
        hard = up.hard | down.hard
        if simple:
            return Joined(True, hard | crossed.hard, share, True)
        sure = self._core.whole
        for r in set(crossed.share) | set(up.share) | set(down.share):
            if r in hard or (sure and r not in self._core.elements()):
                continue
            untouched = r not in up.share and r not in down.share
            if not (untouched and self._core.joins(r, up.tops, down.tops)) and not self._meet_without(r, x, y):
                hard |= {r}
        return Joined(True, hard, share, True)

    def _detour(self, x: int, y: int, up: Climbed, down: Climbed) -> tuple[Climbed, Climbed]:
        """Climbs to routers that reach each other, the nearest such, where the nearest of all do not."""
        tops = [[c for c in self._above_of(z) if self._is_core[c]] for z in (x, y)]
        ends = {c: Climb(self._network, self.support, c.__eq__) for c in {*tops[0], *tops[1]}}
        pairs = [
            (ends[s].of(x), ends[t].of(y)) for s in tops[0] for t in tops[1] if self._core.metric(s, t) is not None
        ]
        found = [(one, other) for one, other in pairs if one is not None and other is not None]
        best = min(found, key=lambda p: p[0].hops + p[1].hops, default=(up, down))
        return replace(best[0], hard=up.hard), replace(best[1], hard=down.hard)

    def _cross(self, up: Climbed, down: Climbed) -> Joined:
        """The backbone between where one climbs up and where the other does; everyone takes the nearest exit."""
        if len(up.tops) == 1 == len(down.tops):
            return self._cross_one(next(iter(up.tops)), next(iter(down.tops)))
        share: dict[int, float] = {}
        for s, part in up.tops.items():
            away = {t: m for t in down.tops if (m := self._core.metric(s, t)) is not None}
            best = [t for t, m in away.items() if m <= min(away.values())]
            for t in best:
                spread_over(share, self._core.share(s, t), part / len(best), NOTHING)
        return Joined(True, NOTHING, share, True)

    def _cross_one(self, s: int, t: int) -> Joined:
        found = self._between.get((s, t))
        if found is None:
            share = self._core.share(s, t)
            hard = frozenset(r for r in share if not self._core.joins(r, (s,), (t,)))
            found = self._between[s, t] = Joined(True, hard, share, True)
        return found

    def _join_below(self, x: int, y: int, below: list[int]) -> Joined:
        """They meet below the backbone, as an application with the gateway on the same fabric does."""
        near, far = self._hops_from(x), self._hops_from(y)
        least = min(near[m] + far[m] for m in below)
        best = [m for m in below if near[m] + far[m] == least]
        share: dict[int, float] = {}
        for m in best:
            climb = Climb(self._network, self.support, m.__eq__)
            one, other = climb.of(x), climb.of(y)
            if one is not None and other is not None:
                spread_over(share, strongest(one.share, other.share), 1 / len(best), NOTHING)
        own = self.support.of(x) | self.support.of(y)
        hard = own | {r for r in share if r not in own and not self._meet_without(r, x, y)}
        share.update(dict.fromkeys(hard, 1.0))
        return Joined(True, hard, share, True)

    def _hops_from(self, x: int) -> dict[int, int]:
        """Hops from x to all nodes above it over what survives."""
        hops, front = {x: 0}, [x]
        while front:
            ahead = []
            for y in front:
                for z in self._next_of(y):
                    if z not in hops:
                        hops[z] = hops[y] + 1
                        ahead.append(z)
            front = ahead
        return hops

    def _meet_without(self, r: int, x: int, y: int) -> bool:
        """Whether x and y still reach each other when r is lost: looked up, not deduced."""
        above_x, above_y = self._spread(x, r), self._spread(y, r)
        if above_x & above_y:
            return True
        tops = [[c for c in above if self._is_core[c]] for above in (above_x, above_y)]
        return self._core.joins(r, *tops)


def strongest(one: dict[int, float], other: dict[int, float]) -> dict[int, float]:
    """By element the larger of two shares."""
    out = dict(one)
    for r, f in other.items():
        if f > out.get(r, 0.0):
            out[r] = f
    return out
