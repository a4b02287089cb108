"""Sums of leaves by every combination of attribute values that they are in: a data cube in one pass."""

from __future__ import annotations

from cemcore.kernels.compiled import kernel
from cemcore.panel import Float64, Int32, Int64


@kernel("in int32[:,:]", "in int64[:]", "in int64[:]", "in float64[:,:]", "float64", "float64[:,:]")
def add_to_cells(cells: Int32, begin: Int64, rows: Int64, values: Float64, sign: float, out: Float64) -> None:
    """Add `sign` times the values of some rows to all their cells, in place.

    cells (cuboids, n): cell of each row in each cuboid, -1 where it has none; begin [cuboids]: where a cuboid's cells
    begin in `out` (cells of all cuboids, channels); rows: which of the n; values (n, channels).
    """
    for c in range(cells.shape[0]):
        first = begin[c]
        for i in range(rows.shape[0]):
            row = rows[i]
            if cells[c, row] < 0:
                continue
            at = first + cells[c, row]
            for k in range(values.shape[1]):
                out[at, k] += sign * values[row, k]
