"""What a step looks up: tables by cohort and hour, rates by the length of a gap, surprise by cohort and statistic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.anomaly.seasonal import cohorts
from models.calibration import CHART_AT, POINT_AT, SUSPECT, surprise

Array = NDArray[Any]
LEAK, QUIET, SLACK, CEILING = 0.9, 0.95, 0.25, 30.0
"""CUSUM: what an hour with and without a value keeps; what a value must be low by to count [spreads]; its limit."""
GAPS = 4096
"""Gaps [slots] that have their own rates; longer ones share the last."""
SHARE = 0.2
"""The single point's share of the false alarms at hourly slots, less at shorter ones, where there are more points a
day; the chart has the rest.
"""
PACE = 0.01
"""What an hour forgets of level and gain; half of it of spread, twice of a series' own season."""
NEAR = 0.1
"""Floor of a spread: share of what is typical in the cohort."""
SAMPLE = 16384
"""Values a slot that are enough to learn the null from."""


class Lookups(NamedTuple):
    """Tables of one step; float32 all, so that both engines compute the same.

    season, width, lean (cohorts, 168): expected deviation, relative spread, and what a deviation says about a gain.
    near, unit, founding, level, between (cohorts,): floor of a spread, fixed point per unit of x, and what new series
    start with. keep, quiet, push, slack, pace (GAPS,): by slots since the last value, what the chart keeps with a value
    and the factor on that without one, what a value adds, and how fast a series learns. chart, point (cohorts, bins):
    surprise. hours: of a slot. least, suspect, stride: values a series needs, surprise of the chart that is suspected,
    and one in how many values teaches the null.
    """

    season: Array
    width: Array
    lean: Array
    near: Array
    unit: Array
    founding: Array
    level: Array
    between: Array
    keep: Array
    quiet: Array
    push: Array
    slack: Array
    pace: Array
    chart: Array
    point: Array
    hours: np.float32
    least: np.float32
    suspect: np.float32
    stride: int


def build(tables: Mapping[str, Array], seconds: int, least: int) -> Lookups:
    """The tables of a step with slots of so many seconds."""
    f4 = np.float32
    hours = seconds / 3600
    season, width, lean = cohorts.shape(tables)
    level, between = cohorts.start(tables)
    age = np.maximum(np.arange(GAPS), 1) * hours
    near = np.minimum(age, 1.0)
    push = np.sqrt(near)
    share = SHARE * min(hours, 1.0)
    spread = np.nan_to_num(tables["spread"], nan=0.0)
    unit = np.where(spread > 0, cohorts.FIXED / np.maximum(spread, 1e-12), 0)
    stride = 1
    while tables["load"][0] > SAMPLE * stride:
        stride *= 2
    return Lookups(
        season, width, lean, (NEAR * spread).astype(f4), unit.astype(f4), spread.astype(f4),
        level.astype(f4), np.maximum(between, spread).astype(f4),
        (LEAK**near * QUIET ** (age - near)).astype(f4), ((QUIET / LEAK) ** near).astype(f4), push.astype(f4),
        (SLACK * push).astype(f4), (PACE * np.minimum(age, np.sqrt(age))).astype(f4),
        np.maximum(surprise(tables["chart"], CHART_AT) + np.log10(1 - share), 0).astype(f4),
        np.maximum(surprise(tables["point"], POINT_AT) + np.log10(share), 0).astype(f4),
        f4(hours), f4(least), f4(SUSPECT), stride,
    )  # fmt: skip
