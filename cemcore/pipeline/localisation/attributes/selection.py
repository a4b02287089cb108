"""The few combinations that explain the leaves: greedy explaining-away under a description-length price.

A combination is taken while its leaves say more for it than it costs to name: the logarithm of how many combinations it
was picked from, plus `BASE` nats. Each one taken is then tested against what its own parts would explain, so that one
diluted parent does not stand for several causes below it; and several are tested against the parent that they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Float64, Int32, Int64
from cemcore.pipeline.localisation.attributes.cube import Cube, Cuboid, cuboids

BASE = 5.0
"""Nats that a combination costs beside its address. Over pure noise a case gets one with a chance of about
exp(-BASE) a layer."""
MOST = 12
"""Combinations that one search takes at most."""


@dataclass(frozen=True, eq=False)
class Choice:
    """One combination taken: the attributes that it fixes, its leaves that nothing else explains yet (ascending), what
    they say for it (nats) and the same less its price.
    """

    family: Cuboid
    rows: Int64
    evidence: float
    score: float


@dataclass(frozen=True)
class Search:
    """A case to search: codes int32 (n, attributes), values of each attribute, combinations of up to `layers`."""

    codes: Int32
    sizes: NDArray[np.int64]
    layers: int
    cube: Cube = field(init=False)
    price: dict[Cuboid, float] = field(init=False)

    def __post_init__(self) -> None:
        attributes = self.codes.shape[1]
        families = cuboids(attributes, self.layers)
        cube = Cube.over(self.codes, self.sizes, families)
        price = {
            f: BASE + log(max(int(n), 1)) + log(comb(attributes, len(f)))
            for f, n in zip(families, cube.occupied(), strict=True)
        }
        object.__setattr__(self, "cube", cube)
        object.__setattr__(self, "price", price)

    def select(self, ratios: Float64) -> list[Choice]:
        """Combinations that explain leaves whose log likelihood ratios are (n, effects), the strongest first."""
        found = self._explain(ratios, np.arange(len(self.codes)), (), self.cube)
        return sorted(self._merged(ratios, found), key=lambda c: -c.score)

    def judge(self, ratios: Float64, family: Cuboid, rows: Int64) -> Choice:
        """What these leaves say for a combination of that family."""
        evidence = float(ratios[rows].sum(axis=0).max())
        return Choice(family, rows, evidence, evidence - self.price[family])

    def _explain(self, ratios: Float64, rows: Int64, fixed: Cuboid, cube: Cube | None = None) -> list[Choice]:
        families = [f for f in self.price if len(f) > len(fixed) and set(fixed) <= set(f)]
        if not families or not len(rows):
            return []
        if cube is None:
            cube = Cube.over(self.codes[rows], self.sizes, families, fixed)
        values = np.ascontiguousarray(ratios[rows])
        table = cube.empty(values.shape[1])
        cube.add(table, np.arange(len(rows)), values)
        price = np.repeat([self.price[f] for f in families], np.diff(cube.begin))
        alive, found = np.ones(len(rows), bool), list[Choice]()
        while len(found) < MOST:
            cell = int((table.max(axis=1) - price).argmax())
            mine = np.flatnonzero(alive & cube.members(cell))
            if not len(mine):
                break
            whole = self.judge(ratios, families[cube.family_of(cell)], rows[mine])
            if whole.score <= 0:
                break
            parts = self._explain(ratios, whole.rows, whole.family)
            new = parts if sum(p.score for p in parts) > whole.score else [whole]
            found += new
            gone = np.searchsorted(rows, np.concatenate([c.rows for c in new]))
            alive[gone] = False
            cube.add(table, gone, values, -1.0)
        return found

    def _merged(self, ratios: Float64, found: list[Choice]) -> list[Choice]:
        """With parents put in the place of their parts where one name says it as well as several."""
        while True:
            for parent, parts in _families_shared(self.codes, found):
                taken = [c.rows for c in found if c not in parts]
                free = np.ones(len(self.codes), bool)
                free[np.concatenate([*taken, np.empty(0, np.int64)]).astype(np.int64)] = False
                values = self.codes[parts[0].rows[0], list(parent)]
                rows = np.flatnonzero(free & (self.codes[:, list(parent)] == values).all(axis=1))
                whole = self.judge(ratios, parent, rows)
                if whole.score >= sum(p.score for p in parts):
                    found = [c for c in found if c not in parts] + [whole]
                    break
            else:
                return found


def _families_shared(codes: Int32, found: Sequence[Choice]) -> list[tuple[Cuboid, list[Choice]]]:
    """Combinations with one value less than one taken, each with the taken ones (two or more) that lie below it."""
    out = dict[tuple[Cuboid, tuple[int, ...]], list[Choice]]()
    for c in found:
        for drop in c.family:
            parent = tuple(a for a in c.family if a != drop)
            if parent:
                values = tuple(int(v) for v in codes[c.rows[0], list(parent)])
                out.setdefault((parent, values), [])
    for (parent, values), parts in out.items():
        for c in found:
            if set(parent) < set(c.family) and (codes[c.rows[0], list(parent)] == values).all():
                parts.append(c)
    return [(parent, parts) for (parent, _), parts in out.items() if len(parts) > 1]
