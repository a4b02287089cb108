"""Which series a row belongs to, and whether its record was seen before, in one pass over the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cemcore.kernels.compiled import kernel
from cemcore.panel import Bool, Int32, Int64


@kernel("int32[::1]", "int32[::1]", "int64", "int32[::1]", "int64[::1]", "int64[::1]", "int32[::1]")
def number(
    subject: Int32, service: Int32, services: int, numbers: Int32, pairs: Int64, have: Int64, out: Int32
) -> None:
    """Put each row's series into `out`; a (subject, service) that has none gets the next number, in place.

    numbers: int32 by subject * services + service, -1 = none yet. pairs: int64, that place of each series; have[0]
    series there are, before and after. Both must have room.
    """
    for i in range(len(subject)):
        pair = np.int64(subject[i]) * services + service[i]
        n = numbers[pair]
        if n < 0:
            n = have[0]
            numbers[pair] = n
            pairs[n] = pair
            have[0] = n + 1
        out[i] = n


@kernel("int32[::1]", "uint8[::1]", "boolean[::1]")
def first(series: Int32, seen: NDArray[np.uint8], out: Bool) -> None:
    """Whether each row is the first of its series, by a bit a series in `seen`, which is set in place."""
    for i in range(len(series)):
        byte, bit = series[i] >> 3, np.uint8(1 << (series[i] & 7))
        out[i] = seen[byte] & bit == 0
        seen[byte] |= bit
