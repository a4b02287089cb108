"""What room two remembers and has learned, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Bool, Float32, Int32, Int64
from cemcore.pipeline.detection.blindness import Activity
from cemcore.pipeline.detection.expectation import Expectation
from cemcore.pipeline.detection.history import Past
from cemcore.pipeline.detection.null import ShrunkenNull
from cemcore.pipeline.detection.transform import Scale

LOAD = {"RRU.PrbTotDl": 1.0, "util_pct": 1.0}
"""Measurements of a serving resource that say how loaded it is, and what makes them percent."""


YOUNG = 12
"""A pair with fewer records than this gives no evidence: its surprise is unknown."""


DAY = 86_400


SPAN = 1 << 32


@dataclass(frozen=True)
class Settings:
    """scales: how the columns of `QualityRows.kqis` are read; days: how long records are remembered; load: see LOAD;
    judged: bool (services, KQIs), which KQIs each service's score reads (empty: all).
    """

    scales: tuple[Scale, ...]
    services: int
    days: int = 14
    load: Mapping[str, float] = field(default_factory=lambda: dict(LOAD))
    judged: Bool = field(default_factory=lambda: np.zeros((0, 0), np.bool_))


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

    expectation: Expectation
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
    fresh: NDArray[np.float64] = field(default_factory=lambda: np.empty((3, 0)))
    learned: Learned | None = None
    refit_at: int = 0
