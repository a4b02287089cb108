"""Apdex: the application performance index (Apdex Technical Specification 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience.inputs import Quantity, Reader

RATINGS: tuple[tuple[float, str], ...] = ((0.94, "excellent"), (0.85, "good"), (0.70, "fair"), (0.50, "poor"))
"""Lowest index of each rating; below the last one an application is unacceptable."""


def from_counts(satisfied: ArrayLike, tolerating: ArrayLike, frustrated: ArrayLike) -> Float64:
    """(satisfied + tolerating / 2) / all, 0..1; NaN where nobody asked."""
    s, t, f = (np.asarray(a, np.float64) for a in (satisfied, tolerating, frustrated))
    total = s + t + f
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, (s + t / 2.0) / total, np.nan))


def satisfaction(times: ArrayLike, target: float) -> Float64:
    """1 up to `target`, 1/2 up to four times of it, 0 beyond; NaN stays NaN. Any unit of time, the same for both."""
    t = np.asarray(times, np.float64)
    grade = np.where(t <= target, 1.0, np.where(t <= 4.0 * target, 0.5, 0.0))
    return np.where(np.isnan(t), np.nan, grade)


def from_times(times: ArrayLike, target: float) -> float:
    """The index of a vector of response times, those that are NaN left out; NaN where none is left."""
    known = satisfaction(times, target)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("nan")


def rating(index: float) -> str:
    """The index in words; empty for NaN."""
    if np.isnan(index):
        return ""
    return next((word for lowest, word in RATINGS if index >= lowest), "unacceptable")


@dataclass(frozen=True)
class Apdex(Reader):
    """Apdex of one response time a record (Apdex Technical Specification 1.1), as 0, 50 or 100.

    100 up to `target_s`, 50 up to four times of it, 0 beyond: the mean over records is the Apdex in per cent. The
    response time [s] is `startup_s`, the page time; a service whose requests are answered in milliseconds sets
    `inputs = {"response": ...}` to a KQI in seconds of its own. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "response": Quantity("startup_s", "s", 0, 3_600, "lower", "response time")
    }

    target_s: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target_s <= 0:
            raise ValueError("target_s is above 0")

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0, 50 or 100 of n records; NaN where there is no response time."""
        return 100.0 * satisfaction(self.values(kqis)["response"], self.target_s)
