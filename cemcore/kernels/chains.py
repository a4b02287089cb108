"""Alarms on one resource folded together, and the top of every chain of alarms."""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Float64, Int8, Int64


@inlined
def _meets(i: int, j: int, at: Float64, sd: Float64, window: float) -> bool:
    """Whether two alarms were raised within the window of each other, as far as their clocks can tell."""
    return abs(at[i] - at[j]) <= window + 2.0 * np.sqrt(sd[i] * sd[i] + sd[j] * sd[j])


@kernel(
    "in int64[:]", "in int64[:]", "in float64[:]", "in float64[:]", "in int8[:]", "in int8[:]", "float64", "int64[::1]"
)
def same_place(
    begin: Int64, order: Int64, at: Float64, sd: Float64, rank: Int8, mild: Int8, window: float, out: Int64
) -> None:
    """Fold lines that are folded under none yet (-1 in `out`) under the first of the gravest on the same resource that
    they meet, in place.
    """
    for p in range(len(begin) - 1):
        for q in range(begin[p], begin[p + 1]):
            i = order[q]
            if out[i] >= 0 or mild[i] == 0:
                continue
            best = i
            for r in range(begin[p], begin[p + 1]):
                j = order[r]
                if mild[j] == 0 or not _meets(i, j, at, sd, window):
                    continue
                first = at[j] < at[best] or (at[j] == at[best] and j < best)
                if rank[j] > rank[best] or (rank[j] == rank[best] and first):
                    best = j
            if best != i:
                out[i] = best


@kernel("int64[::1]", "in float64[:]", "int64[::1]")
def tops(parent: Int64, at: Float64, out: Int64) -> None:
    """Put the last line above each into `out`. A circle (of a ring) ends at its first raised, which gets parent -1 in
    place.
    """
    mark = np.zeros(len(parent), np.int64)
    for i in range(len(parent)):
        j = i
        while mark[j] == 0 and parent[j] >= 0:
            mark[j] = i + 1
            j = parent[j]
        if mark[j] == i + 1:
            best, k = j, parent[j]
            while k != j:
                if at[k] < at[best] or (at[k] == at[best] and k < best):
                    best = k
                k = parent[k]
            parent[best] = -1
    for i in range(len(parent)):
        j = i
        while parent[j] >= 0:
            j = parent[j]
        out[i] = j
