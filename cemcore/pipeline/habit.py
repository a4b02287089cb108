"""Tier 1 in the route: each (subject, service) series of scores, watched by the configured detector against its own
habit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Bool, Float32, Int32, Int64, Population, QualityRows, Rows, ScoredRows
from cemcore.protocols import Detector, SharingDetector


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


Tally = Mapping[str, NDArray[Any]]
"""What series have to say of what they share: plain arrays that add up."""


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
    at, asked = _asked(rows, scored, population, now, services)
    after, surprise, low = _ready(state, detector).step(now[0], *asked, _masked(state))
    return _told(len(rows), at, surprise, low), HabitState(after.get_state(), None)


def judge(
    state: HabitState,
    detector: Detector,
    rows: QualityRows,
    scored: ScoredRows,
    population: Population,
    now: tuple[int, int],
    services: int,
    shared: Tally,
) -> tuple[HabitRows, HabitState, Tally]:
    """`watch` where the series are one part of all: cohorts and calibration are taken as `shared` (empty: as they are
    here), and what this part says of them is handed out. A detector that cannot share learns them from its part alone.
    """
    at, asked = _asked(rows, scored, population, now, services)
    ready = _ready(state, detector)
    if not isinstance(ready, SharingDetector):
        after, surprise, low = ready.step(now[0], *asked, _masked(state))
        return _told(len(rows), at, surprise, low), HabitState(after.get_state(), None), {}
    ready = ready.set_shared(shared) if shared else ready
    judged, surprise, low, tally = ready.judge(now[0], *asked, _masked(state))
    return _told(len(rows), at, surprise, low), HabitState(judged.get_state(), None), tally


def added(tallies: Sequence[Tally]) -> Tally:
    """The sum of tallies, in their order, also where some know more cohorts (lines of the arrays) than others."""
    out = {k: np.array(v) for k, v in tallies[0].items()}
    for tally in tallies[1:]:
        for k, v in tally.items():
            big, small = (out[k], v) if len(out[k]) >= len(v) else (np.array(v), out[k])
            big[: len(small)] += small
            out[k] = big
    return out


def _ready(state: HabitState, detector: Detector) -> Detector:
    return detector if state.arrays is None else detector.set_state(state.arrays)


def _masked(state: HabitState) -> Bool:
    return np.zeros(0, np.bool_) if state.masked is None else state.masked


def _asked(
    rows: QualityRows, scored: ScoredRows, population: Population, now: tuple[int, int], services: int
) -> tuple[Int64, tuple[Int64, Float32, Int32, Int32]]:
    """(rows of this very slot with a score, and of these series, score, cohort and hour)."""
    at = np.flatnonzero((rows.slot == now[0]) & np.isfinite(scored.score))
    thing = population.kind[rows.subject[at]] == 1
    cohort = (rows.service[at] * 2 + thing).astype(np.int32)
    return at, (pair_of(rows, services)[at], scored.score[at], cohort, np.full(len(at), now[1], np.int32))


def _told(n: int, at: Int64, surprise: Float32, low: Float32) -> HabitRows:
    out = HabitRows(np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32))
    out.surprise[at], out.z[at] = surprise, -low
    return out


def masking(state: HabitState, rows: QualityRows, leave_out: Bool, services: int) -> HabitState:
    """The state with the rows that must not teach: what a problem explains, what is blind."""
    pair = pair_of(rows, services)[leave_out]
    masked = np.zeros(int(pair.max(initial=-1)) + 1, np.bool_)
    masked[pair] = True
    return replace(state, masked=masked)


def pair_of(rows: QualityRows, services: int) -> Int64:
    """Number of each row's (subject, service) series."""
    return rows.subject.astype(np.int64) * services + rows.service
