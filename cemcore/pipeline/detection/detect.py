"""Room two: how unusual each row is by its own habit, calibrated, with what is blind kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cemcore.domain import Alarm
from cemcore.panel import Bool, DetectedRows, Float32, Int8, Int32, Int64, MeasurementRows, QualityRows
from cemcore.pipeline.detection import expectation as habit
from cemcore.pipeline.detection.blindness import Activity, blind_domains, learn_activity, silent_places
from cemcore.pipeline.detection.history import Past, trim
from cemcore.pipeline.detection.null import ShrunkenNull
from cemcore.pipeline.detection.transform import attempts, graded, scale, transform
from cemcore.topology import Topology

LOAD = {"RRU.PrbTotDl": 1.0, "util_pct": 1.0}
"""Measurements of a serving resource that say how loaded it is, and what makes them percent."""
YOUNG = 12
"""A pair with fewer records than this gives no evidence: its surprise is unknown."""
DAY = 86_400
SPAN = 1 << 32
SECOND_LOOK_S = 6 * 3600
"""Records are judged again when the load of their place becomes known within this time."""


@dataclass(frozen=True)
class Settings:
    """kqis: names of the columns of `QualityRows.kqis`; days: how long records are remembered; load: see LOAD."""

    kqis: tuple[str, ...]
    services: int
    days: int = 14
    load: Mapping[str, float] = field(default_factory=lambda: dict(LOAD))


@dataclass(frozen=True)
class PairPlaces:
    """Records a slot of each (pair, resource, block of four hours), as parallel arrays."""

    pair: Int64
    resource: Int32
    block: Int32
    rate: Float32


@dataclass(frozen=True)
class Learned:
    """What a refit gives: expectation, null, usual activity, load by hour, load cap, usual place of subjects."""

    expectation: habit.Expectation
    null: ShrunkenNull
    activity: Activity
    load_hour: Float32
    load_cap: Float32
    usual: Int32
    pair_places: PairPlaces


@dataclass(frozen=True)
class DetectionState:
    """State of the room: records of the last days, loads as (slot, resource, value) columns, those
    (slot, resource) that became known at this tick, and what was learned from them."""

    past: tuple[Past, ...] = ()
    loads: tuple[NDArray[np.float64], ...] = ()
    fresh: NDArray[np.int64] = field(default_factory=lambda: np.empty((2, 0), np.int64))
    learned: Learned | None = None
    refit_at: int = 0


@dataclass(frozen=True)
class Judged:
    """Records judged, n rows: slot [s], pair (subject * services + service), worst z, surprise, noticeable, failed
    attempts and those expected.
    """

    slot: Int64
    pair: Int64
    score: Float32
    surprise: Float32
    bad: Bool
    failed: Float32
    failures_expected: Float32


@dataclass(frozen=True)
class Detection:
    """What room two says of a tick. rows: per quality row; score float32, the worst z of the row; bad: noticeable and
    unusual; failed, failures_expected float32; silent, silence: witnessed silent resources and the log evidence of
    each; blind: by domain; usual int32: resource at which each row's subject usually is at this time (-1 not known);
    past: the rows as remembered; again: earlier records, judged anew.
    """

    rows: DetectedRows
    score: Float32
    bad: Bool
    failed: Float32
    failures_expected: Float32
    silent: Int32
    silence: Float32
    blind: Bool
    usual: Int32
    past: Past
    again: Judged | None = None


def material(names: tuple[str, ...]) -> Float32:
    """Smallest noticeable deviation of each graded indicator."""
    return np.array([scale(names[i]).material for i in graded(names)], dtype=np.float32)


def local_hour(slot: Int64, now: int, hour: int, free: bool) -> Int8:
    """Local hour (+ 24 on free days) of rows at `slot`, when it is `hour` at slot `now`; earlier rows count back from
    there.
    """
    h = np.floor_divide(hour * 3600 + now % 3600 - (now - slot), 3600)
    return (h % 24 + (24 if free else 0)).astype(np.int8)


def watch_load(
    state: DetectionState, measurements: MeasurementRows, kpis: tuple[str, ...], settings: Settings
) -> DetectionState:
    """The state with the loads that became known."""
    factor = np.array([settings.load.get(k, np.nan) for k in kpis] or [np.nan])
    f = factor[measurements.kpi]
    of = np.isfinite(f) & ~measurements.suspect & np.isfinite(measurements.value)
    if not of.any():
        return state
    new = np.stack([measurements.slot[of], measurements.resource[of], measurements.value[of] * f[of]]).astype(
        np.float64
    )
    return replace(state, loads=(*state.loads, new), fresh=new[:2].astype(np.int64))


def load_of(state: DetectionState, slot: Int64, resource: Int32, hour: Int8, recent: int = 12) -> Float32:
    """Load [%] met by rows: the measured one, held to the most that the place's records were learned under; where it
    is not known (yet), that most, so that a busy hour is not taken for a fault before its load is in; NaN where the
    place never says.
    """
    out = np.full(len(slot), np.nan, dtype=np.float32)
    table = np.concatenate(state.loads[-recent:], axis=1) if state.loads else np.empty((3, 0))
    if table.shape[1]:
        key = table[0].astype(np.int64) * SPAN + table[1].astype(np.int64)
        order = np.argsort(key, kind="stable")
        want = slot * SPAN + resource
        at = np.searchsorted(key[order], want, side="right") - 1
        hit = (at >= 0) & (key[order][np.maximum(at, 0)] == want)
        out[hit] = table[2][order][at[hit]]
    if state.learned is not None:
        there = resource >= 0
        cap = np.where(there, state.learned.load_cap[resource], np.inf)
        out = np.where(np.isnan(out) & np.isfinite(cap), cap, np.fmin(out, cap))
    return out.astype(np.float32)


def current_load(state: DetectionState, slot: int, hour: int, resources: int) -> Float32:
    """Load [%] of each resource at a slot, as `load_of`."""
    at = np.arange(resources, dtype=np.int32)
    return load_of(state, np.full(resources, slot, np.int64), at, np.full(resources, hour, np.int8))


def _bands(load: Float32) -> Int64:
    return np.where(np.isnan(load), 3, np.searchsorted([50.0, 80.0], load)).astype(np.int64)


def _groups(past: Past, services: int) -> tuple[Int64, Int64]:
    """(stratum service x load band, groups (n, 3): pair, place x hour, device model x service x hour)."""
    base = past.service.astype(np.int64) * 4 + _bands(past.load)
    pair = past.subject.astype(np.int64) * services + past.service
    place = np.where(past.resource >= 0, past.resource.astype(np.int64) * 48 + past.hour, -1)
    model = np.where(past.model >= 0, (past.model.astype(np.int64) * services + past.service) * 24 + past.hour % 24, -1)
    return base, np.stack([pair, place, model], axis=1)


def detect(
    state: DetectionState,
    settings: Settings,
    rows: QualityRows,
    clock: tuple[int, int, bool],
    keys: tuple[Int32, Int32, Int32],
    domain_of: Int32,
    alarms: tuple[Alarm, ...],
    topology: Topology,
) -> tuple[Detection, DetectionState]:
    """Judge the rows of a tick; nothing is learned here but remembered.

    clock = (slot [s], local hour, free day); keys = (path, made, model) int32 a row.
    """
    slot, hour_now, free = clock
    hour = local_hour(rows.slot, slot, hour_now, free)
    tried, failed = attempts(rows.kqis, rows.sessions, settings.kqis)
    x = transform(rows.kqis, settings.kqis)
    past = Past(
        rows.slot, rows.subject, rows.service, rows.resource, keys[2], hour, x, tried, failed,
        load_of(state, rows.slot, rows.resource, hour), keys[0], keys[1],
    )  # fmt: skip
    n, resources = len(rows), len(domain_of)
    if state.learned is None:
        nan = np.full(n, np.nan, np.float32)
        no = np.zeros(n, dtype=bool)
        none = Detection(
            DetectedRows(nan, nan, nan, no), nan, no, failed, nan, np.empty(0, np.int32), np.empty(0, np.float32),
            np.zeros(int(domain_of.max(initial=-1)) + 1, dtype=bool), np.full(n, -1, np.int32), past,
        )  # fmt: skip
        return none, replace(state, past=(*state.past, past))
    known = state.learned
    now = (rows.slot == slot) & (rows.resource >= 0)
    counts = np.bincount(rows.resource[now], minlength=resources).astype(np.float64)
    failing = np.bincount(rows.resource[now & (failed > 0)], minlength=resources).astype(np.float64)
    h = hour_now + 24 * free
    blind = blind_domains(known.activity, counts, failing, h, domain_of, alarms, topology)
    silent, silence = silent_places(known.activity, counts, h, blind, domain_of)
    seen = judge(known, settings, past)
    domain = np.where(rows.resource >= 0, domain_of[rows.resource], -1)
    unseen = (domain >= 0) & blind[domain] if len(blind) else np.zeros(n, dtype=bool)
    surprise = np.where(unseen, np.float32(np.nan), seen.surprise)
    subject = np.minimum(rows.subject, len(known.usual) - 1)
    usual = np.where(rows.subject < len(known.usual), known.usual[subject, hour % 24 // 4], -1).astype(np.int32)
    found = Detection(
        DetectedRows(surprise, seen.score, np.full(n, np.nan, np.float32), unseen),
        seen.score,
        seen.bad & ~unseen,
        failed,
        seen.failures_expected,
        silent,
        silence,
        blind,
        usual,
        past,
        _second_look(state, settings, slot),
    )
    return found, replace(state, past=(*state.past, past.take(~unseen)), fresh=np.empty((2, 0), np.int64))


def judge(known: Learned, settings: Settings, past: Past) -> Judged:
    """Judge remembered records against what was learned."""
    z, residual, fz, rate = habit.predict(known.expectation, past)
    needed = material(settings.kqis)
    z = habit.damped(z, residual, needed)
    score = worst(z, fz)
    base, groups = _groups(past, settings.services)
    u = known.null.tail(score, base, groups)
    pair, seen = known.expectation.pairs(past.subject, past.service)
    young = ~seen | (known.expectation.count[pair] < YOUNG) | np.isnan(score)
    surprise = np.where(young, np.nan, -np.log10(u)).astype(np.float32)
    noticeable = ((residual < -needed) & (z > 1.5)).any(axis=1) | (fz > 1.5)
    return Judged(
        past.slot,
        past.subject.astype(np.int64) * settings.services + past.service,
        score,
        surprise,
        noticeable,
        past.failed,
        (rate * past.tried).astype(np.float32),
    )


def _second_look(state: DetectionState, settings: Settings, slot: int) -> Judged | None:
    """Records of the last hours whose place's load became known only now, judged with it; None where there are none."""
    if state.learned is None or not state.fresh.shape[1]:
        return None
    oldest = slot - SECOND_LOOK_S
    keys = state.fresh[0] * SPAN + state.fresh[1]
    keys = keys[(state.fresh[0] >= oldest) & (state.fresh[0] < slot)]
    parts = []
    for past in state.past[-SECOND_LOOK_S // 300 :] if len(keys) else ():
        of = np.flatnonzero((past.slot >= oldest) & (past.slot < slot))
        of = of[np.isin(past.slot[of] * SPAN + past.resource[of], keys)]
        if len(of):
            parts.append(past.take(of))
    if not parts:
        return None
    past = Past.concat(parts)
    return judge(state.learned, settings, replace(past, load=load_of(state, past.slot, past.resource, past.hour)))


def worst(z: Float32, failure: Float32) -> Float32:
    """The worst z of each row over its indicators and its attempts; NaN where there is none."""
    both = np.concatenate([z, failure[:, None]], axis=1)
    low = np.where(np.isnan(both), -np.inf, both).max(axis=1)
    return np.where(np.isinf(low), np.nan, low).astype(np.float32)


@dataclass(frozen=True)
class Rehearsal:
    """The healthy past as if it had come today: rows and their out-of-sample surprise, for room three to calibrate on."""

    past: Past
    surprise: Float32
    failures_expected: Float32


def refit(
    state: DetectionState,
    settings: Settings,
    null: ShrunkenNull,
    slot: int,
    masked: Bool,
    subjects: int,
    technology: Int32,
    seconds: int,
) -> tuple[DetectionState, Rehearsal | None]:
    """Learn anew from the remembered records that `masked` (aligned with `remembered(state)`) leaves in; None when
    there are too few days.
    """
    past = remembered(state)
    kept = past.take(~masked)
    oldest = slot - settings.days * DAY
    state = replace(state, past=(trim(past, oldest),), loads=_trim_loads(state.loads, oldest), refit_at=slot)
    day = (kept.slot - kept.slot.min(initial=slot)) // DAY
    if len(kept) == 0 or len(np.unique(day)) < 2:
        return state, None
    resources = len(technology)
    kept, load_hour, load_cap = _loads(state, kept, resources)
    fitted, z, fz = habit.fit(kept, settings.services, subjects, technology, day, material(settings.kqis))
    score = worst(z, fz)
    base, groups = _groups(kept, settings.services)
    new_null = null.fit(score, base, groups)
    u = new_null.tail(score, base, groups, own=True)
    pair, _ = fitted.pairs(kept.subject, kept.service)
    surprise = np.where((fitted.count[pair] < YOUNG) | np.isnan(score), np.nan, -np.log10(u)).astype(np.float32)
    cell = fitted.cell(kept.resource, kept.service, kept.load)
    expected = (fitted.rate[pair] * fitted.load_rate[cell] * kept.tried).astype(np.float32)
    activity = learn_activity(kept.resource, kept.hour.astype(np.int64), day, resources, 3600 / seconds)
    usual = _usual_places(kept, subjects, resources)
    places = _pair_places(kept, settings.services, resources, len(np.unique(day)) * 4 * 3600 / seconds)
    learned = Learned(fitted, new_null, activity, load_hour, load_cap, usual, places)
    return replace(state, learned=learned), Rehearsal(kept, surprise, expected)


def remembered(state: DetectionState) -> Past:
    """All remembered records as one panel."""
    return state.past[0] if len(state.past) == 1 else Past.concat(list(state.past))


def _trim_loads(loads: tuple[NDArray[np.float64], ...], oldest: int) -> tuple[NDArray[np.float64], ...]:
    if not loads:
        return loads
    table = np.concatenate(loads, axis=1)
    return (table[:, table[0] >= oldest],)


def _loads(state: DetectionState, past: Past, resources: int) -> tuple[Past, Float32, Float32]:
    """(records with the loads as known by now, usual load (resources, 24), 99.5 % quantile of load a resource)."""
    bare = replace(state, learned=None)
    load = load_of(bare, past.slot, past.resource, past.hour, recent=len(state.loads))
    hour_mean = np.full((resources, 24), np.nan, dtype=np.float32)
    cap = np.full(resources, np.inf, dtype=np.float32)
    there = np.isfinite(load) & (past.resource >= 0)
    key = past.resource[there].astype(np.int64) * 24 + past.hour[there] % 24
    n = np.bincount(key, minlength=resources * 24)
    total = np.bincount(key, weights=load[there], minlength=resources * 24)
    mean = np.where(n > 0, total / np.maximum(n, 1), np.nan).reshape(resources, 24)
    hour_mean[:] = mean
    order = np.lexsort((load[there], past.resource[there]))
    res, val = past.resource[there][order], load[there][order]
    for r, first, last in _runs(res):
        cap[r] = val[first + int(0.995 * (last - first - 1))]
    filled = np.where(np.isnan(load) & (past.resource >= 0), hour_mean[past.resource, past.hour % 24], load)
    return (
        replace(
            past, load=np.fmin(filled, np.where(past.resource >= 0, cap[past.resource], np.inf)).astype(np.float32)
        ),
        hour_mean,
        cap,
    )


def _runs(sorted_codes: Int32) -> list[tuple[int, int, int]]:
    """(code, first, one past the last) of each run."""
    if len(sorted_codes) == 0:
        return []
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_codes) != 0])
    ends = np.r_[starts[1:], len(sorted_codes)]
    return [(int(sorted_codes[a]), int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def _usual_places(past: Past, subjects: int, resources: int) -> Int32:
    """The resource at which each subject mostly is, by block of four hours: int32 (subjects, 6), -1 = never seen then."""
    of = past.resource >= 0
    block = past.subject[of].astype(np.int64) * 6 + past.hour[of] % 24 // 4
    key, count = np.unique(block * resources + past.resource[of], return_counts=True)
    out = np.full(subjects * 6, -1, dtype=np.int32)
    order = np.argsort(count, kind="stable")
    out[key[order] // resources] = (key[order] % resources).astype(np.int32)
    return out.reshape(subjects, 6)


def _pair_places(past: Past, services: int, resources: int, slots_a_block: float) -> PairPlaces:
    """How active each pair is, where and when; `slots_a_block`: slots of each block of the day that were seen."""
    at = past.take(past.resource >= 0)
    pair = at.subject.astype(np.int64) * services + at.service
    key, count = np.unique((pair * resources + at.resource) * 6 + at.hour % 24 // 4, return_counts=True)
    return PairPlaces(
        key // 6 // resources,
        (key // 6 % resources).astype(np.int32),
        (key % 6).astype(np.int32),
        (count / slots_a_block).astype(np.float32),
    )
