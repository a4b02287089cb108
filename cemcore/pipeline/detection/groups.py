"""Groups of this very slot: who shares an access resource, a service, a gateway, an attribute. People move, so the
keys come with the rows; what a partition adds to a group is a handful of sums that add up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cemcore.frames import ATTRIBUTES
from cemcore.kernels.grouping import add_to_groups
from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Population, QualityRows

BOUND = 4.0
"""No row weighs more than so many spreads in its group."""
MANY = 50_000
"""Rows from which on sums are taken by a compiled loop."""
SPAN = 1 << 40
"""Groups are known by kind * SPAN + code: numbers that stay when a kind grows."""


NAMES = ("access resource", "service", "cohort", "gateway", *ATTRIBUTES)
"""Kinds of groups that every operator has, in their order; those that only the inventory knows follow."""


@dataclass(frozen=True)
class GroupKeys:
    """Which groups each of n rows is in: codes int32 (kinds, n), -1 = in none of the kind. names: what the kinds are,
    in words."""

    codes: Int32
    names: tuple[str, ...]

    def sizes(self, least: Int64 | None = None) -> Int64:
        """Room that each kind needs: its greatest code + 1, at least what it had."""
        need = self.codes.max(axis=1, initial=-1).astype(np.int64) + 1
        return need if least is None else widest(need, least)


def group_keys(rows: QualityRows, population: Population) -> GroupKeys:
    """The groups of rows: access resource, service, cohort (service x user or thing), gateway, then attributes as
    seen in the session, then those that only the inventory knows.
    """
    kind = population.kind[rows.subject].astype(np.int32)
    cohort = np.where(kind >= 0, rows.service * 2 + kind, -1)
    codes = [rows.resource, rows.service, cohort, population.pair_gateway[rows.subject, rows.service]]
    codes += [rows.attributes[:, i] for i in range(len(ATTRIBUTES))]
    rest = rest_of(population)
    codes += [population.attributes[rows.subject, i] for i in rest]
    names = NAMES + tuple(population.attribute_names[i] for i in rest)
    return GroupKeys(np.stack(codes).astype(np.int32), names)


def rest_of(population: Population) -> list[int]:
    """Columns of the population's attributes that sessions do not say."""
    return [i for i, name in enumerate(population.attribute_names) if name not in ATTRIBUTES]


@dataclass(frozen=True)
class Sums:
    """What rows add to their groups, flat float64 arrays over all kinds (`sizes` each): n rows, total and square of
    their bounded z, top = the greatest of them (-inf where there is none).
    """

    sizes: Int64
    n: Float64
    total: Float64
    square: Float64
    top: Float64

    def plus(self, other: Sums) -> Sums:
        """Both together: any partition of the rows, in any order, gives the same."""
        sizes = widest(self.sizes, other.sizes)
        a, b = self.grown(sizes), other.grown(sizes)
        return Sums(sizes, a.n + b.n, a.total + b.total, a.square + b.square, np.maximum(a.top, b.top))

    def grown(self, sizes: Int64) -> Sums:
        """The sums with room for so many groups a kind."""
        if np.array_equal(self.sizes, sizes):
            return self
        at = moved(self.sizes, sizes)
        return replace(
            self, sizes=sizes, n=_laid(self.n, at, sizes, 0.0), total=_laid(self.total, at, sizes, 0.0),
            square=_laid(self.square, at, sizes, 0.0), top=_laid(self.top, at, sizes, -np.inf),
        )  # fmt: skip


def reduce(keys: GroupKeys, z: Float32, sizes: Int64 | None = None) -> Sums:
    """Sums of rows by group. z [n]: above zero = worse, in spreads; rows with NaN count nowhere."""
    sizes = keys.sizes(sizes)
    if len(z) >= MANY:
        return _reduced(keys, z, sizes)
    of = np.flatnonzero(~np.isnan(z))
    codes = keys.codes[:, of]
    flat = (codes + offsets(sizes)[:, None])[codes >= 0]
    value = np.clip(z[of].astype(np.float64), -BOUND, BOUND)
    value = np.broadcast_to(value, codes.shape)[codes >= 0]
    m = int(sizes.sum())
    top = np.full(m, -np.inf)
    np.maximum.at(top, flat, value)
    return Sums(
        sizes,
        np.bincount(flat, minlength=m).astype(np.float64),
        np.asarray(np.bincount(flat, weights=value, minlength=m), np.float64),
        np.asarray(np.bincount(flat, weights=value * value, minlength=m), np.float64),
        top,
    )


def _reduced(keys: GroupKeys, z: Float32, sizes: Int64) -> Sums:
    """`reduce` by a compiled loop, which beats NumPy where there are many rows."""
    m = int(sizes.sum())
    n, total, square, top = np.zeros(m), np.zeros(m), np.zeros(m), np.full(m, -np.inf)
    codes = np.ascontiguousarray(keys.codes)
    add_to_groups(codes, np.ascontiguousarray(z, np.float32), offsets(sizes), BOUND, n, total, square, top)
    return Sums(sizes, n, total, square, top)


def count(keys: GroupKeys, sizes: Int64 | None = None) -> Float64:
    """Rows of each group, float64 flat over all kinds."""
    sizes = keys.sizes(sizes)
    flat = (keys.codes + offsets(sizes)[:, None])[keys.codes >= 0]
    return np.bincount(flat, minlength=int(sizes.sum())).astype(np.float64)


def widest(a: Int64, b: Int64) -> Int64:
    """Room for the groups of both."""
    out = np.zeros(max(len(a), len(b)), np.int64)
    out[: len(a)] = a
    out[: len(b)] = np.maximum(out[: len(b)], b)
    return out


def offsets(sizes: Int64) -> Int64:
    """Where each kind begins in flat arrays."""
    return np.asarray(np.cumsum(sizes) - sizes)


def kind_of(sizes: Int64) -> Int32:
    """Kind of each group of flat arrays."""
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)


def numbers(sizes: Int64) -> Int64:
    """The lasting number of each group of flat arrays: kind * SPAN + code."""
    kind = kind_of(sizes)
    return np.asarray(kind.astype(np.int64) * SPAN + np.arange(int(sizes.sum())) - offsets(sizes)[kind])


def among(sizes: Int64, wanted: Int64) -> Bool:
    """Which groups of flat arrays have a number that is wanted (numbers of groups that there are)."""
    out = np.zeros(int(sizes.sum()), np.bool_)
    out[offsets(sizes)[wanted // SPAN] + wanted % SPAN] = True
    return out


def moved(old: Int64, new: Int64) -> Int64:
    """Where the groups of flat arrays of `old` sizes stand in arrays of `new` ones."""
    kind = kind_of(old)
    return np.asarray(np.arange(int(old.sum())) - offsets(old)[kind] + offsets(new)[: len(old)][kind])


def _laid(old: Float64, at: Int64, sizes: Int64, start: float) -> Float64:
    out = np.full(int(sizes.sum()), start)
    out[at] = old
    return out
