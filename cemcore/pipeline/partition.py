"""Rooms one and two over one partition of subjects: a pure step of arrays, twice a slot.

    walk     score the slot's rows, judge each series by its own habit; answers with what adds up over partitions
    select   given the centre's threshold, say which rows are degraded, and what each KQI cost them

Between the two the rows wait in the state. Partitions know nothing of each other: what they answer is added up at the
centre in their order, so that the same partitions give the same results on every engine, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cemcore.catalogue import NARROWING, Catalogue
from cemcore.codes import Codes
from cemcore.panel import Bool, Float32, Float64, Int8, Int32, Int64, QualityRows, ScoredRows
from cemcore.pipeline.detection import discovery
from cemcore.pipeline.partition_state import PartitionState
from cemcore.pipeline.scoring import contributors_of, score
from cemcore.protocols import Detector, ExperienceModel, SharingDetector

CANDIDATE = 1.0
"""Surprise from which on a row may be called degraded: Benjamini-Hochberg never calls one with p above its budget."""
PATIENCE_S = 4 * 3600
"""An episode that shows no degraded slot for so long is over [s]."""
GOOD, DEGRADED, UNKNOWN = 0, 1, 2
"""States of a scored row."""


@dataclass(frozen=True)
class Clock:
    """Where a tick stands: slot and its length [s], local hour of the week 0-167, how long records are revised [s]."""

    slot: int
    seconds: int
    hour: int
    horizon_s: int
    learning: bool = False


@dataclass(frozen=True)
class Tools:
    """What a partition works with; the same in all of them."""

    catalogue: Catalogue
    models: Mapping[str, ExperienceModel]

    @property
    def codes(self) -> dict[str, Codes]:
        """Codes of the texts that requirement profiles are narrowed by; no other text has one."""
        named: dict[str, dict[str, None]] = {n: {} for n in NARROWING}
        for profile in self.catalogue.profiles:
            for n, text in profile.narrowed.items():
                named[n][text] = None
        return {n: Codes(list(texts)) for n, texts in named.items()}


@dataclass(frozen=True)
class Held:
    """A slot's rows between `walk` and `select`: what was scored and judged; of the KQIs only those of the rows that
    may be asked about (`asked`, row numbers).
    """

    clock: Clock
    rows: QualityRows
    kqis: Float32
    series: Int32
    scored: ScoredRows
    surprise: Float32
    z: Float32
    asked: Int64


@dataclass(frozen=True)
class Answer:
    """What a partition says of a slot, to be added up: `surprises` as `discovery.histogram`, `tally` of the detector,
    counts; said: `telling.Said`, where problems are opened.
    """

    surprises: Float64
    tally: Mapping[str, Any]
    counts: Mapping[str, int]
    said: Any = None


@dataclass(frozen=True)
class Selected:
    """The slot as it is kept. rows, scored, surprise, z: every row; state int8: GOOD, DEGRADED or UNKNOWN; degraded:
    rows under the habit; shown: row numbers that say what each KQI cost, contributors float32 (shown, k); begin int64
    [s]: since when, of the degraded rows.
    """

    rows: QualityRows
    scored: ScoredRows
    surprise: Float32
    z: Float32
    state: Int8
    degraded: Int64
    begin: Int64
    shown: Int64
    contributors: Float32

    @property
    def counts(self) -> dict[str, int]:
        """Tallies of the slot."""
        return {"degraded": len(self.degraded), "below": int(self.scored.below.sum())}


def walk(state: PartitionState, rows: QualityRows, clock: Clock, tools: Tools) -> tuple[PartitionState, Answer]:
    """Score the first known record of each (slot, series), and judge those of the slot itself; late ones are scored,
    not learned. Changes `state` in place.
    """
    arrived = len(rows)
    series = state.number(rows.subject, rows.service)
    rows, series = _each_once(state, rows, series)
    state.forget(clock.slot - clock.horizon_s)
    population = state.population()
    n = len(rows)
    scored = score(rows, tools.catalogue, tools.models, population, tools.codes, np.zeros(n, np.bool_))
    surprise, z = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    now = (rows.slot == clock.slot) & np.isfinite(scored.score)
    at = _by_series(series, np.flatnonzero(now), state.series)
    thing = population.kind[rows.subject[at]] == 1
    cohort = (rows.service[at] * 2 + thing).astype(np.int32)
    hour = np.full(len(at), clock.hour, np.int32)
    state.detector, said, low, tally = judged(
        state.detector, clock.slot, series[at].astype(np.int64), scored.score[at], cohort, hour, _mask(state)
    )
    surprise[at], z[at] = said, -low
    asked = np.flatnonzero((surprise >= CANDIDATE) | scored.below)
    bare = replace(rows, kqis=np.zeros((n, 0), np.float32))
    state.held = Held(clock, bare, rows.kqis[asked], series, scored, surprise, z, asked)
    counts = {
        "rows": n, "repeated_rows": arrived - n, "late_rows": int((rows.slot < clock.slot).sum()),
        "young_rows": int(np.isnan(said).sum()), "unknown_rows": int(np.isnan(scored.score).sum()),
    }  # fmt: skip
    return state, Answer(discovery.histogram(surprise), tally, counts)


def select(state: PartitionState, threshold: float, tools: Tools) -> tuple[PartitionState, Selected]:
    """Call what is at or above the threshold degraded (while learning nothing is). Changes `state` in place."""
    held = state.held
    assert held is not None  # walked before
    rows, scored = held.rows, held.scored
    called = held.surprise[held.asked] >= max(threshold, CANDIDATE)
    called &= not held.clock.learning
    degraded = held.asked[called]
    state.episodes, begin = state.episodes.after(held.clock.slot, held.series[degraded], PATIENCE_S)
    bad = called | scored.below[held.asked]
    shown = held.asked[bad]
    told = replace(rows.take(shown), kqis=held.kqis[bad])
    costs = contributors_of(told, tools.catalogue, tools.models)
    kind = np.where(np.isnan(scored.score), UNKNOWN, GOOD).astype(np.int8)
    kind[shown] = DEGRADED
    state.held, state.masked = None, np.zeros(0, np.int32)
    return state, Selected(rows, scored, held.surprise, held.z, kind, degraded, begin, shown, costs)


def judged(
    detector: Detector, slot: int, series: Int64, x: Float32, cohort: Int32, hour: Int32, masked: Bool
) -> tuple[Detector, Float32, Float32, Mapping[str, Any]]:
    """(detector after the slot, surprise, z below zero = worse, what it has to tell the centre)."""
    advance = getattr(detector, "advance", None)  # `judge` on the detector's own arrays, where it offers that
    if advance is not None:
        after, surprise, z, tally = advance(slot, series, x, cohort, hour, masked)
        return after, surprise, z, tally
    if isinstance(detector, SharingDetector):
        return detector.judge(slot, series, x, cohort, hour, masked)
    return (*detector.step(slot, series, x, cohort, hour, masked), {})


def _each_once(state: PartitionState, rows: QualityRows, series: Int32) -> tuple[QualityRows, Int32]:
    """The rows that bring the first record of their (slot, series): of several at once the one recorded first."""
    slots = np.unique(rows.slot) if len(rows) and (rows.slot != rows.slot[0]).any() else rows.slot[:1]
    if len(slots) == 1:
        keep = state.first(int(slots[0]), series)
        if not keep.all():
            _earliest(keep, series, rows.recorded, np.arange(len(rows)), state.series)
    else:
        keep = np.zeros(len(rows), np.bool_)
        for slot in slots:
            of = np.flatnonzero(rows.slot == slot)
            mine = np.ascontiguousarray(series[of])
            new = state.first(int(slot), mine)
            if not new.all():
                _earliest(new, mine, rows.recorded[of], of, state.series)
            keep[of] = new
    return (rows, series) if keep.all() else (rows.take(keep), series[keep])


def _earliest(keep: Bool, series: Int32, recorded: Int64, place: Int64, n: int) -> None:
    """Where a series has several records in one batch of a slot, keep the earliest instead of the first; in place."""
    several = np.zeros(n, np.bool_)
    several[series[~keep]] = True
    of = np.flatnonzero(several[series])
    of = of[np.lexsort((place[of], recorded[of], series[of]))]
    begins = np.flatnonzero(np.append(True, series[of][1:] != series[of][:-1]))
    fresh = np.logical_or.reduceat(keep[of], begins) if len(of) else np.zeros(0, np.bool_)
    keep[of] = False
    keep[of[begins[fresh]]] = True


def _by_series(series: Int32, at: Int64, n: int) -> Int64:
    """The rows `at`, whose series differ, in the order of their series: the detector walks its memory forwards."""
    place = np.full(n, -1, np.int32)
    place[series[at]] = at
    return place[place >= 0].astype(np.int64)


def _mask(state: PartitionState) -> Bool:
    """By series whether its last value is not to be learned."""
    out = np.zeros(int(state.masked.max(initial=-1)) + 1, np.bool_)
    out[state.masked] = True
    return out
