"""Loops of the national search: sums of rows by what they depend on, over compressed sparse rows (key -> candidates).

Weights are multiples of a fixed fraction of a nat (`wide.slots.QUANTUM`), so that sums in float64 are exact, and do not
depend on the order of partitions.
"""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Bool, Float32, Float64, Int8, Int32, Int64


@kernel("in int32[:]", "in float32[:,:]", "int64", "int64", "float32[:,:,::1]", "float32[:,::1]")
def add_rows(key: Int32, weights: Float32, at: int, hopeful: int, sums: Float32, hope: Float32) -> None:
    """Add rows to their keys: sums[at, key] += weights, hope[at, key] += weights[hopeful]; a key of -1 has none."""
    for i in range(len(key)):
        k = key[i]
        if k >= 0:
            hope[at, k] += weights[i, hopeful]
            for c in range(weights.shape[1]):
                sums[at, k, c] += weights[i, c]


@kernel("in int64[:]", "in int32[:]", "in float32[:,:]", "float32[:,::1]")
def hope_up(start: Int64, flat: Int32, hope: Float32, out: Float32) -> None:
    """Add the bounds of keys (keys, windows) to the candidates that they depend on (candidates, windows)."""
    for k in range(hope.shape[0]):
        for j in range(start[k], start[k + 1]):
            for w in range(hope.shape[1]):
                out[flat[j], w] += hope[k, w]


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "int32[::1]")
def count_up(start: Int64, flat: Int32, of_key: Int32, total: Int32) -> None:
    """Add the counts of keys to the candidates that they depend on."""
    for k in range(len(of_key)):
        if of_key[k] != 0:
            for j in range(start[k], start[k + 1]):
                total[flat[j]] += of_key[k]


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "int32[::1]")
def count_rows(start: Int64, flat: Int32, key: Int32, total: Int32) -> None:
    """Count rows by the candidates that they depend on."""
    for i in range(len(key)):
        k = key[i]
        if k >= 0:
            for j in range(start[k], start[k + 1]):
                total[flat[j]] += 1


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "float32[:,:,::1]", "float64[:,:,::1]")
def push_up(start: Int64, flat: Int32, place: Int32, sums: Float32, out: Float64) -> None:
    """Add sums (bins, keys, channels) to out (searched candidates, bins, channels); place [candidate]: its line in
    out, -1 = not searched.
    """
    bins, channels = sums.shape[0], sums.shape[2]
    for k in range(sums.shape[1]):
        for j in range(start[k], start[k + 1]):
            a = place[flat[j]]
            if a >= 0:
                for w in range(bins):
                    for c in range(channels):
                        out[a, w, c] += sums[w, k, c]


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "boolean[::1]")
def searched_keys(start: Int64, flat: Int32, place: Int32, out: Bool) -> None:
    """Mark the keys on which a searched candidate depends."""
    for k in range(len(out)):
        for j in range(start[k], start[k + 1]):
            if place[flat[j]] >= 0:
                out[k] = True


@kernel("in float32[:,:]", "in int8[:]", "int64", "float64", "int32[::1]")
def drop_hopeless(hope: Float32, axis: Int8, mine: int, least: float, total: Int32) -> None:
    """Set total to 0 for candidates of axis `mine` whose hope (candidates, windows) is below `least` in each window."""
    for c in range(hope.shape[0]):
        if axis[c] == mine:
            best = hope[c, 0]
            for w in range(1, hope.shape[1]):
                best = max(best, hope[c, w])
            if best < least:
                total[c] = 0


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "in int32[:]", "in float32[:,:]", "int64",
        "float64[:,:,::1]")  # fmt: skip
def add_entries(start: Int64, flat: Int32, place: Int32, key: Int32, weights: Float32, at: int, out: Float64) -> None:
    """Add rows straight to the candidates that they depend on: out[line, at] += weights."""
    for i in range(len(key)):
        k = key[i]
        if k >= 0:
            for j in range(start[k], start[k + 1]):
                a = place[flat[j]]
                if a >= 0:
                    for c in range(weights.shape[1]):
                        out[a, at, c] += weights[i, c]


@kernel("in int64[:]", "in int32[:]", "in int32[:]", "in int32[:]", "in float64[:,:]", "in boolean[:]",
        "float64[:,:,::1]", "boolean[::1]")  # fmt: skip
def take_away(
    start: Int64, flat: Int32, place: Int32, key: Int32, weights: Float64, windows: Bool, out: Float64, touched: Bool
) -> None:
    """Take lines (key, weights) from the candidates that they depend on, in the given windows; marks which changed."""
    for i in range(len(key)):
        k = key[i]
        if k >= 0:
            for j in range(start[k], start[k + 1]):
                a = place[flat[j]]
                if a >= 0:
                    touched[a] = True
                    for w in range(len(windows)):
                        if windows[w]:
                            for c in range(weights.shape[1]):
                                out[a, w, c] -= weights[i, c]


@inlined
def _berk_jones(k: float, expected: float) -> float:
    e = max(expected, 1e-9)
    return k * np.log(k / e) - (k - e) if k > e else 0.0


@kernel("float64[:,:,::1]", "in int64[:]", "int64", "in float64[:]", "float64", "float32[:,::1]", "float32[:,::1]")
def score(
    sums: Float64, which: Int64, shares: int, levels: Float64, pooling: float, r: Float32, best_share: Float32
) -> None:
    """Evidence R and the best L of the lines `which` of sums (candidates, windows, channels), as `evidence.score` and
    `evidence.shared` have it; channels: L of each share, rows, rows under each level, failed attempts, expected ones.
    """
    n = shares
    last = sums.shape[2] - 1
    for i in range(len(which)):
        a = which[i]
        for w in range(sums.shape[1]):
            best = sums[a, w, 0]
            for c in range(1, shares):
                best = max(best, sums[a, w, c])
            best_share[a, w] = best
            for j in range(len(levels)):
                best = max(best, _berk_jones(sums[a, w, n + 1 + j], levels[j] * sums[a, w, n]) - 1)
            failed, expected = sums[a, w, last - 1] / pooling, max(sums[a, w, last], 0.05) / pooling
            r[a, w] = max(best, _berk_jones(failed, expected) - 1)
