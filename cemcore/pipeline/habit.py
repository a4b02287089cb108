"""Tier 1 in the route: each (subject, service) series of scores, watched by the configured detector against its own
habit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Bool, Float32, Int64, Population, QualityRows, Rows, ScoredRows
from cemcore.protocols import Detector


@dataclass(frozen=True)
class HabitRows(Rows):
    """How far each row's score is from its series' own habit, n rows.

    surprise: float32, -log10 of the tail probability that the series has been this low; NaN = too young, unknown or
    late. z: float32 signed, above zero = worse than expected, in spreads.

    """

    surprise: Float32
    z: Float32


@dataclass(frozen=True)
class HabitState:
    """Arrays of the detector; and by series whether its last value is not to be learned."""

    arrays: Mapping[str, NDArray[Any]] | None = None
    masked: Bool | None = None


def watch(
    state: HabitState,
    detector: Detector,
    rows: QualityRows,
    scored: ScoredRows,
    population: Population,
    now: tuple[int, int],
    services: int,
) -> tuple[HabitRows, HabitState]:
    """Learn what the last tick left unmasked, then judge this tick's rows; now = (slot [s], hour of the local week
    0-167).

    Rows of earlier slots (late ones) are neither judged nor learned: the detector moves forward only.

    """
    slot, hour = now
    n = len(rows)
    surprise, z = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    at = np.flatnonzero((rows.slot == slot) & np.isfinite(scored.score))
    series = pair_of(rows, services)[at]
    thing = population.kind[rows.subject[at]] == 1
    cohort = (rows.service[at] * 2 + thing).astype(np.int32)
    ready = detector if state.arrays is None else detector.set_state(state.arrays)
    masked = np.zeros(0, np.bool_) if state.masked is None else state.masked
    after, surprise[at], low = ready.step(
        slot, series, scored.score[at], cohort, np.full(len(at), hour, np.int32), masked
    )
    z[at] = -low
    return HabitRows(surprise, z), HabitState(after.get_state(), None)


def masking(state: HabitState, rows: QualityRows, leave_out: Bool, services: int) -> HabitState:
    """The state with the rows that must not teach: what a problem explains, what is blind."""
    pair = pair_of(rows, services)[leave_out]
    masked = np.zeros(int(pair.max(initial=-1)) + 1, np.bool_)
    masked[pair] = True
    return replace(state, masked=masked)


def pair_of(rows: QualityRows, services: int) -> Int64:
    """Number of each row's (subject, service) series."""
    return rows.subject.astype(np.int64) * services + rows.service
