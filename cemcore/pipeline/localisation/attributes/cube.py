"""The cube over leaves: for every combination of attribute values, the sums of what its leaves say."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from cemcore.kernels.cubes import add_to_cells
from cemcore.panel import Float64, Int32, Int64

Cuboid = tuple[int, ...]
"""Attributes that a family of combinations fixes, ascending."""
DENSE = 4
"""A cuboid with up to so many cells a leaf is laid out whole; a wider one has only the cells that occur."""


def cuboids(attributes: int, layers: int) -> list[Cuboid]:
    """All families of combinations of up to `layers` attributes, small ones first."""
    return [c for k in range(1, min(attributes, layers) + 1) for c in combinations(range(attributes), k)]


@dataclass(frozen=True)
class Cube:
    """Cells of every cuboid, int32 (cuboids, n); those of cuboid c are `begin[c]..begin[c + 1]` of a flat table."""

    families: list[Cuboid]
    cells: Int32
    begin: Int64

    @classmethod
    def over(cls, codes: Int32, sizes: NDArray[np.int64], families: list[Cuboid], fixed: Cuboid = ()) -> Cube:
        """The cube of leaves that all share their values of the `fixed` attributes."""
        n = len(codes)
        cells, counts = np.empty((len(families), n), np.int32), [0]
        for i, family in enumerate(families):
            free = [a for a in family if a not in fixed]
            count = prod(int(sizes[a]) for a in free)
            key = np.zeros(n, np.int64)
            if count < 2**62:
                for a in free:
                    key = key * int(sizes[a]) + codes[:, a]
            else:
                key = np.unique(codes[:, free], axis=0, return_inverse=True)[1].astype(np.int64).reshape(-1)
            if count > max(DENSE * n, 1024):
                _, key = np.unique(key, return_inverse=True)
                count = int(key.max(initial=-1)) + 1
            cells[i] = key
            counts.append(count)
        return cls(families, cells, np.cumsum(counts, dtype=np.int64))

    def empty(self, channels: int) -> Float64:
        """A table (all cells, channels) of zeros."""
        return np.zeros((int(self.begin[-1]), channels))

    def add(self, table: Float64, rows: Int64, values: Float64, sign: float = 1.0) -> None:
        """Add the values (n, channels) of some rows to a table, or with sign -1 take them away."""
        add_to_cells(self.cells, self.begin, rows, values, sign, table)

    def family_of(self, cell: int) -> int:
        """Index of the cuboid that a cell of the flat table belongs to."""
        return int(np.searchsorted(self.begin, cell, side="right")) - 1

    def members(self, cell: int) -> NDArray[np.bool_]:
        """Which rows are in a cell of the flat table."""
        c = self.family_of(cell)
        return np.asarray(self.cells[c] == cell - self.begin[c])

    def occupied(self) -> Int64:
        """Cells of each cuboid that hold a row."""
        return np.array(
            [
                np.count_nonzero(np.bincount(self.cells[c], minlength=int(self.begin[c + 1] - self.begin[c])))
                for c in range(len(self.families))
            ],
            dtype=np.int64,
        )
