"""Quality indicators brought to scales on which deviations add up and mean the same at every level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cemcore.catalogue import Catalogue, model_key
from cemcore.panel import Bool, Float32
from cemcore.protocols import ExperienceModel


@dataclass(frozen=True, slots=True)
class Scale:
    """How one indicator is read: `kind` is log, log1p, raw or ratio (a share of the attempts); `sign` is +1 where more
    is better.

    `material` is the smallest deviation on the transformed scale that a user would notice: under half of it nothing
    counts as abnormal. least: the same in the indicator's own unit. floor: smaller values are taken for it before a
    logarithm. gain: factor before log1p.
    """

    kind: str
    sign: int
    material: float
    floor: float = 1e-3
    gain: float = 1.0
    least: float = 0.0


def scales(catalogue: Catalogue) -> tuple[Scale, ...]:
    """The scale of each KQI of the catalogue, in its order."""
    kqis = [catalogue.kqi(name) for name in catalogue.kqis]
    return tuple(Scale(k.habit, 1 if k.better == "higher" else -1, k.material, k.floor, k.gain, k.least) for k in kqis)


def judged(catalogue: Catalogue, models: Mapping[str, ExperienceModel]) -> Bool:
    """Mask (services, KQIs): what the score of each service reads, and so what its users are taken to feel."""
    out = np.zeros((len(catalogue.services), len(catalogue.kqis)), np.bool_)
    for i, name in enumerate(catalogue.services):
        for indicator in catalogue.service(name).indicators:
            out[i, [catalogue.kqis.index(k) for k in models[model_key(name, indicator)].kqis]] = True
    return out


def graded(scales: tuple[Scale, ...]) -> list[int]:
    """Columns of the indicators with a value a record (all but the ratios of attempts)."""
    return [i for i, s in enumerate(scales) if s.kind != "ratio"]


def ratios(scales: tuple[Scale, ...]) -> list[int]:
    """Columns of the indicators that are a share of the attempts."""
    return [i for i, s in enumerate(scales) if s.kind == "ratio"]


def transform(kqis: Float32, scales: tuple[Scale, ...]) -> Float32:
    """Graded indicators (n, k) on their scales, higher = better, NaN kept; kqis (n, len(scales)) in the catalogue's
    units.
    """
    out = np.empty((len(kqis), len(graded(scales))), dtype=np.float32)
    for j, i in enumerate(graded(scales)):
        how = scales[i]
        x = kqis[:, i]
        if how.kind == "log":
            x = np.log(np.maximum(x, np.float32(how.floor)))
        elif how.kind == "log1p":
            x = np.log1p(np.float32(how.gain) * x)
        out[:, j] = how.sign * x
    return out


def attempts(kqis: Float32, sessions: Float32, scales: tuple[Scale, ...]) -> tuple[Float32, Float32]:
    """(attempts, failures) of each record, float32 [n]; zero where no ratio was reported. Several ratios: the worse
    one.
    """
    tried = np.zeros(len(kqis), dtype=np.float32)
    failed = np.zeros(len(kqis), dtype=np.float32)
    n = np.maximum(np.nan_to_num(sessions, nan=1.0), 1.0).astype(np.float32)
    for i in ratios(scales):
        there = np.isfinite(kqis[:, i])
        k = np.rint((1.0 - kqis[:, i]) * n).astype(np.float32)
        tried = np.where(there, n, tried)
        failed = np.where(there, np.fmax(failed, k), failed)
    return tried, failed


def effect(x: Float32, residual: Float32, scales: tuple[Scale, ...]) -> Float32:
    """How much worse than expected each graded indicator is (n, k), in units of the least that a user would notice both
    as a share and in the indicator's own unit. x: values on their scales; residual: their excess over the expected
    ones, below zero = worse.
    """
    out = np.empty(x.shape, dtype=np.float32)
    for j, i in enumerate(graded(scales)):
        out[:, j] = -residual[:, j] / _needed(scales[i], x[:, j] - residual[:, j])
    return out


def _needed(how: Scale, usual: Float32) -> Float32:
    """The deviation on the scale that a user notices, where `usual` is to be expected."""
    if how.least <= 0:
        return np.full(len(usual), how.material, np.float32)
    value = how.sign * usual
    if how.kind == "log":
        worse = np.exp(value) - how.sign * how.least
        step = np.abs(np.log(np.maximum(worse, how.floor)) - value)
    elif how.kind == "log1p":
        worse = np.expm1(value) - how.sign * how.gain * how.least
        step = np.abs(np.log1p(np.maximum(worse, 0)) - value)
    else:
        step = np.full(len(usual), how.least)
    return np.maximum(step, how.material).astype(np.float32)
