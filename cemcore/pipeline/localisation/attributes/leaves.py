"""The leaves of a KPI's breakdown: one row for each combination of attribute values that was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Float64, Int32

LOWER, HIGHER, EITHER = "lower", "higher", "either"
"""In which direction a KPI is worse than forecast."""


@dataclass(frozen=True)
class Leaves:
    """Observed and forecast values of n leaves.

    codes int32 (n, attributes), each attribute's values numbered from 0; real and expected float64 [n]. Where the KPI
    is a share, `weight` and `expected_weight` say of how many attempts each is the share; else both are None. Leaves
    with a value that is not finite are not among them.
    """

    codes: Int32
    real: Float64
    expected: Float64
    weight: Float64 | None = None
    expected_weight: Float64 | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Values of each attribute."""
        if not len(self):
            return np.ones(self.codes.shape[1], np.int64)
        return self.codes.max(axis=0).astype(np.int64) + 1
