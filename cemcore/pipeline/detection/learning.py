"""Learning anew, at local midnight, from the remembered records that no problem explains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Bool, Float32, Int32
from cemcore.pipeline.detection import expectation as habit
from cemcore.pipeline.detection.blindness import learn_activity
from cemcore.pipeline.detection.history import Past, trim
from cemcore.pipeline.detection.judging import groups_of, material, worst
from cemcore.pipeline.detection.load import load_of
from cemcore.pipeline.detection.null import ShrunkenNull
from cemcore.pipeline.detection.state import DAY, YOUNG, DetectionState, Learned, PairPlaces, Settings


@dataclass(frozen=True)
class Rehearsal:
    """The healthy past as if it had come today: rows and their out-of-sample surprise, for room
    three to calibrate on.
    """

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
    fitted, z, fz = habit.fit(kept, settings.services, subjects, technology, day, material(settings.scales))
    score = worst(z, fz)
    base, groups = groups_of(kept, settings.services)
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
    """The resource at which each subject mostly is, by block of four hours: int32 (subjects, 6), -1
    = never seen then.
    """
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
