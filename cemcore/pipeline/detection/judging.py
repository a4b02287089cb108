"""Judging remembered records against what was learned: worst z, calibrated surprise, noticeable or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32, Int64
from cemcore.pipeline.detection import expectation as habit
from cemcore.pipeline.detection.history import Past
from cemcore.pipeline.detection.state import YOUNG, Learned, Settings
from cemcore.pipeline.detection.transform import Scale, effect, graded

MOST = 3.0
"""No record's effect counts for more than so many times what a user would notice; failed attempts count for that."""


@dataclass(frozen=True)
class Judged:
    """Records judged, n rows: slot [s], pair (subject * services + service), worst z, surprise, worse than its habit
    (bad), by how many times what a user would notice (effect), failed attempts and those expected.
    """

    slot: Int64
    pair: Int64
    score: Float32
    surprise: Float32
    bad: Bool
    effect: Float32
    failed: Float32
    failures_expected: Float32


def judge(known: Learned, settings: Settings, past: Past) -> Judged:
    """Judge remembered records against what was learned."""
    z, residual, fz, rate = habit.predict(known.expectation, past)
    needed = material(settings.scales)
    z = habit.damped(z, residual, needed)
    score = worst(z, fz)
    base, groups = groups_of(past, settings.services)
    u = known.null.tail(score, base, groups)
    pair, seen = known.expectation.pairs(past.subject, past.service)
    young = ~seen | (known.expectation.count[pair] < YOUNG) | np.isnan(score)
    surprise = np.where(young, np.nan, -np.log10(u)).astype(np.float32)
    failing = fz > 1.5
    felt = effect(past.x, residual, settings.scales)
    if len(settings.judged):
        felt[~settings.judged[past.service][:, graded(settings.scales)]] = np.nan
    return Judged(
        past.slot,
        past.subject.astype(np.int64) * settings.services + past.service,
        score,
        surprise,
        ((residual < -needed) & (z > 1.5)).any(axis=1) | failing,
        np.where(failing, MOST, np.clip(worst_of(felt), -MOST, MOST)).astype(np.float32),
        past.failed,
        (rate * past.tried).astype(np.float32),
    )


def worst(z: Float32, failure: Float32) -> Float32:
    """The worst z of each row over its indicators and its attempts; NaN where there is none."""
    return worst_of(np.concatenate([z, failure[:, None]], axis=1))


def worst_of(each: Float32) -> Float32:
    """The largest of each row (n, k), NaN where there is none."""
    most = np.where(np.isnan(each), -np.inf, each).max(axis=1)
    return np.where(np.isinf(most), np.nan, most).astype(np.float32)


def material(scales: tuple[Scale, ...]) -> Float32:
    """Smallest noticeable deviation of each graded indicator."""
    return np.array([scales[i].material for i in graded(scales)], dtype=np.float32)


def _bands(load: Float32) -> Int64:
    return np.where(np.isnan(load), 3, np.searchsorted([50.0, 80.0], load)).astype(np.int64)


def groups_of(past: Past, services: int) -> tuple[Int64, Int64]:
    """(stratum service x load band, groups (n, 3): pair, place x hour, device model x service x hour)."""
    base = past.service.astype(np.int64) * 4 + _bands(past.load)
    pair = past.subject.astype(np.int64) * services + past.service
    place = np.where(past.resource >= 0, past.resource.astype(np.int64) * 48 + past.hour, -1)
    model = np.where(past.model >= 0, (past.model.astype(np.int64) * services + past.service) * 24 + past.hour % 24, -1)
    return base, np.stack([pair, place, model], axis=1)
