"""Web browsing by ITU-T G.1030."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cemcore.panel import Float64
from models.experience import kernels
from models.experience.utilities import columns_of, score_of_mos


@dataclass(frozen=True)
class WebG1030:
    """Web browsing by page time (ITU-T G.1030 (02/2014) Appendix II, eq. II-2), as 0-100 of MOS 1..5.

    MOS = a - b ln t with b = 4 / ln(slowest / fastest), a = 5 + b ln fastest: 5 at `fastest_s` and below, 1 at
    `slowest_s` and above. The defaults are those of a user who is used to a fast network. Page time is `startup_s`;
    where it is missing the score is unknown, and the service's other indicators speak: guessing it from throughput
    would need the page's size.
    """

    kqis: ClassVar[tuple[str, ...]] = ("startup_s",)

    fastest_s: float = 0.67
    slowest_s: float = 6.0

    def __post_init__(self) -> None:
        if not 0 < self.fastest_s < self.slowest_s:
            raise ValueError("fastest_s is above 0 and below slowest_s")

    @property
    def coefficients(self) -> tuple[float, float]:
        """(a, b) of MOS = a - b ln t."""
        b = 4.0 / np.log(self.slowest_s / self.fastest_s)
        return float(5.0 + b * np.log(self.fastest_s)), float(b)

    def mos(self, page_s: Float64) -> Float64:
        """Mean opinion score 1..5 of page times [s]."""
        a, b = self.coefficients
        return np.clip(a - b * np.log(np.clip(page_s, self.fastest_s, self.slowest_s)), 1.0, 5.0)

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where there is no page time."""
        (seconds,) = columns_of(kqis, self.kqis)
        out = np.empty(len(seconds))
        kernels.page(seconds, self.fastest_s, self.slowest_s, *self.coefficients, out)
        return out

    def twin(self, kqis: Mapping[str, Float64]) -> Float64:
        """What `score` says, by the plain formula in NumPy."""
        (seconds,) = columns_of(kqis, self.kqis)
        return score_of_mos(self.mos(seconds))


def fastest_of(slowest_s: float) -> float:
    """The fastest time that goes with a slowest one, where only that is known (G.1030: Min = 0.003 Max + 0.12) [s]."""
    return 0.003 * slowest_s + 0.12
