"""Sums of rows by group in one pass: what rows add to every group that they are in, without a temporary a row."""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import kernel
from cemcore.panel import Float32, Float64, Int32, Int64


@kernel(
    "in int32[:,:]", "in float32[:]", "in int64[:]", "float64", "float64[:]", "float64[:]", "float64[:]", "float64[:]"
)
def add_to_groups(
    codes: Int32,
    z: Float32,
    begin: Int64,
    bound: float,
    n: Float64,
    total: Float64,
    square: Float64,
    top: Float64,
) -> None:
    """Add rows to their groups, in place.

    codes (kinds, rows), -1 = in none; z [rows], NaN = counts nowhere; begin: where each kind's groups begin in the flat
    n, total, square (of z within +-bound) and top (its greatest).
    """
    for k in range(codes.shape[0]):
        first = begin[k]
        for i in range(codes.shape[1]):
            c = codes[k, i]
            if c >= 0 and not np.isnan(z[i]):
                x = min(max(float(z[i]), -bound), bound)
                at = first + c
                n[at] += 1.0
                total[at] += x
                square[at] += x * x
                top[at] = max(top[at], x)
