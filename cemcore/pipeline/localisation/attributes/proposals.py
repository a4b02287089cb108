"""Which combinations of attribute values are worth being candidates at this tick: few, from very many.

Room three has every single value and pairs of session attributes as candidates; all combinations of up to four values
would be millions. A cause over a combination shows as bad rows that are more than each of its parts would explain: only
such combinations are proposed, and each says what it costs to have been picked from so many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, log, prod

import numpy as np

from cemcore.kernels.cubes import add_to_cells
from cemcore.panel import Float32, Float64, Int32, Int64
from cemcore.pipeline.localisation.attributes.cube import Cuboid, cuboids
from cemcore.pipeline.localisation.evidence import CHANNELS, LEVELS, N, score

LAYERS = 4
MOST, ROUNDS = 8, 24
"""Combinations that one tick proposes at most, and looks at."""
BAD = 3
"""Bad rows that a combination needs."""
VALUES = 12
"""Values an attribute enters with at most: those whose bad rows are farthest beyond the expected."""
BEYOND = 2.0
"""By how many standard deviations a combination must have more bad rows than each of its parts would give it."""
LEAST = 6.0
"""Evidence (nats, beyond the price) that makes a combination worth a candidate."""
LEVEL = N + 1 + LEVELS.index(0.05)


@dataclass(frozen=True)
class Proposal:
    """A combination of attribute values: (attribute, value code) pairs, attributes ascending; evidence: R of its rows;
    price: nats for having been picked, ln(combinations of as many values), to be added to its threshold; rows, bad: how
    many rows it has, and of them bad ones.
    """

    values: tuple[tuple[int, int], ...]
    evidence: float
    price: float
    rows: int
    bad: int


@dataclass(frozen=True)
class _Table:
    """Combinations with enough bad rows, those of family i at begin[i]..begin[i + 1]: their values (index of each in
    its attribute's promising ones; -1 pads), and cells int32 (families, leaves): which of its family's each leaf is in,
    -1 none.
    """

    families: list[Cuboid]
    begin: Int64
    values: Int64
    cells: Int32

    def family_of(self, cell: int) -> int:
        return int(np.searchsorted(self.begin, cell, side="right")) - 1

    def members(self, cell: int) -> Int64:
        f = self.family_of(cell)
        return np.flatnonzero(self.cells[f] == cell - self.begin[f])


def propose(
    codes: Int32,
    sums: Float64,
    known: Callable[[Cuboid], bool] = lambda family: False,
    layers: int = LAYERS,
    most: int = MOST,
) -> list[Proposal]:
    """Combinations worth being candidates, the strongest first; each explains its leaves away before the next is taken,
    and so does whatever is a candidate anyway.

    codes int32 (leaves, attributes): value of each attribute, -1 none; sums float64 (leaves, CHANNELS): what
    `evidence.weights` of a leaf's rows add up to; known: families that are candidates anyway (single values always).
    """
    small, names = _promising(codes, sums)
    table = _tabled(small, names, sums[:, LEVEL], layers)
    price = _prices(codes, layers)
    totals = np.zeros((int(table.begin[-1]), CHANNELS))
    add_to_cells(table.cells, table.begin, np.arange(len(codes)), sums, 1.0, totals)
    sizes = np.array([len(f) for f in table.families], np.int64)
    cost = np.repeat([price[int(k)] for k in sizes], np.diff(table.begin)) if len(sizes) else np.zeros(0)
    found, alive = list[Proposal](), np.ones(len(codes), bool)
    for _ in range(ROUNDS):
        margin = np.where(totals[:, LEVEL] >= BAD - 0.5, score(totals.astype(np.float32)) - cost, -np.inf)
        cell = _strongest(table, totals, margin)
        if cell < 0 or len(found) == most:
            break
        family = table.families[table.family_of(cell)]
        if len(family) > 1 and not known(family):
            values = tuple((a, int(names[a][v])) for a, v in zip(family, table.values[cell], strict=False))
            total, evidence = totals[cell], float(margin[cell] + cost[cell])
            found.append(Proposal(values, evidence, float(cost[cell]), round(total[N]), round(total[LEVEL])))
        gone = table.members(cell)
        gone = gone[alive[gone]]
        alive[gone] = False
        add_to_cells(table.cells, table.begin, gone, sums, -1.0, totals)
    return found


def by_leaf(leaf: Int32 | Int64, weights: Float32, leaves: int) -> Float64:
    """Sums (leaves, CHANNELS) of the weights of rows by the leaf that each is in."""
    out = np.empty((leaves, CHANNELS))
    for i in range(CHANNELS):
        out[:, i] = np.bincount(leaf, weights=weights[:, i], minlength=leaves)
    return out


def distinct(codes: Int32) -> tuple[Int32, Int64]:
    """(leaves int32 (m, attributes), leaf of each row): the distinct combinations of values among rows (-1 = none)."""
    span = [int(codes[:, a].max(initial=-1)) + 2 for a in range(codes.shape[1])]
    if prod(span) >= 2**62:
        leaves, at = np.unique(codes, axis=0, return_inverse=True)
        return leaves.astype(np.int32), at.reshape(-1).astype(np.int64)
    key = np.zeros(len(codes), np.int64)
    for a, s in enumerate(span):
        key = key * s + codes[:, a] + 1
    _, first, at = np.unique(key, return_index=True, return_inverse=True)
    return codes[first], at.astype(np.int64)


def already(session: Sequence[int]) -> Callable[[Cuboid], bool]:
    """Families that room three has as candidates anyway: pairs of these attributes (of the session)."""
    return lambda family: len(family) == 2 and all(a in session for a in family)


def _promising(codes: Int32, sums: Float64) -> tuple[Int64, list[Int64]]:
    """(codes from 1, with 0 for all values that no cause can have; the values behind them). A combination with enough
    bad rows has values with as many.
    """
    out, names = np.zeros(codes.shape, np.int64), list[Int64]()
    n, k = sums[:, N], sums[:, LEVEL]
    for a in range(codes.shape[1]):
        code = codes[:, a].astype(np.int64) + 1
        rows, bad = np.bincount(code, weights=n, minlength=1), np.bincount(code, weights=k, minlength=1)
        beyond = (bad - LEVELS[0] * rows) / np.sqrt(LEVELS[0] * rows + 1)
        beyond[bad < BAD] = -np.inf
        beyond[0] = -np.inf
        order = np.argsort(-beyond, kind="stable")[:VALUES]
        chosen = np.sort(order[beyond[order] > 0])
        place = np.zeros(len(rows), np.int64)
        place[chosen] = np.arange(1, len(chosen) + 1)
        out[:, a] = place[code]
        names.append(chosen - 1)
    return out, names


def _tabled(small: Int64, names: list[Int64], bad: Float64, layers: int) -> _Table:
    """All combinations of promising values with enough bad rows."""
    families = [f for f in cuboids(small.shape[1], layers) if all(len(names[a]) for a in f)]
    cells = np.empty((len(families), len(small)), np.int32)
    some, values, counts = np.flatnonzero(bad > 0), list[Int64](), [0]
    columns = [np.ascontiguousarray(small[:, a].astype(np.int32)) for a in range(small.shape[1])]
    for i, family in enumerate(families):
        span = [len(names[a]) + 1 for a in family]
        key = columns[family[0]]
        for a, s in zip(family[1:], span[1:], strict=True):
            key = key * np.int32(s) + columns[a]
        count = np.bincount(key[some], weights=bad[some], minlength=prod(span)).reshape(span)
        kept = np.argwhere(count[(slice(1, None),) * len(span)] >= BAD)
        place = np.full(span, -1, np.int32)
        place[tuple((kept + 1).T)] = np.arange(len(kept))
        cells[i] = place.reshape(-1)[key]
        values.append(np.pad(kept, ((0, 0), (0, layers - len(family))), constant_values=-1))
        counts.append(len(kept))
    every = np.concatenate(values) if values else np.zeros((0, layers), np.int64)
    return _Table(families, np.cumsum(counts, dtype=np.int64), every, cells)


def _prices(codes: Int32, layers: int) -> dict[int, float]:
    sizes = [len(np.unique(codes[:, a][codes[:, a] >= 0])) for a in range(codes.shape[1])]
    out = {}
    for k in range(1, min(layers, len(sizes)) + 1):
        possible = sum(prod(sizes[a] for a in f) for f in combinations(range(len(sizes)), k))
        out[k] = log(max(min(possible, len(codes) * comb(len(sizes), k)), 1))
    return out


def _strongest(table: _Table, totals: Float64, margin: Float64) -> int:
    """The cell with the greatest margin of those that beat each of their parts; -1 where none is worth it."""
    good = np.flatnonzero(margin > LEAST)
    for cell in good[np.argsort(-margin[good], kind="stable")]:
        if _beats_parts(table, totals, int(cell)):
            return int(cell)
    return -1


def _beats_parts(table: _Table, totals: Float64, cell: int) -> bool:
    """More of its rows are bad than of the other rows of each combination of one value less, and it says more."""
    f = table.family_of(cell)
    family, own = table.families[f], totals[cell]
    if len(family) == 1:
        return True
    leaf = int(np.argmax(table.cells[f] == cell - table.begin[f]))
    for dropped in family:
        part = table.families.index(tuple(a for a in family if a != dropped))
        total = totals[table.begin[part] + table.cells[part, leaf]]
        rows, bad = total[N] - own[N], total[LEVEL] - own[LEVEL]
        if rows < 0.5 or own[:N].max() < total[:N].max():
            return False
        share = max(bad / rows, LEVELS[0])
        expected = own[N] * share
        if own[LEVEL] - expected < BEYOND * np.sqrt(expected * max(1 - share, LEVELS[0])):
            return False
    return True
