"""The resident history: what the expectation is learned from, bounded in days, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Float32, Int8, Int32, Int64, Rows


@dataclass(frozen=True)
class Past(Rows):
    """Records as room two remembers them, n rows.

    slot int64 [s]; subject, service, resource, model int32 codes; hour int8: local hour + 24 on free days; x float32
    (n, k) graded indicators on their scales; tried, failed float32: attempts; load float32 [%] of the serving resource
    (NaN = not known); path, made int32: keys of the row's explanations.
    """

    slot: Int64
    subject: Int32
    service: Int32
    resource: Int32
    model: Int32
    hour: Int8
    x: Float32
    tried: Float32
    failed: Float32
    load: Float32
    path: Int32
    made: Int32


def empty(k: int) -> Past:
    """No rows, with k graded indicators."""
    i4, f4 = np.empty(0, np.int32), np.empty(0, np.float32)
    return Past(
        np.empty(0, np.int64), i4, i4, i4, i4, np.empty(0, np.int8), np.empty((0, k), np.float32), f4, f4, f4, i4, i4
    )


def trim(past: Past, oldest: int) -> Past:
    """The rows from `oldest` [s] on."""
    keep = past.slot >= oldest
    return past if bool(keep.all()) else past.take(keep)
