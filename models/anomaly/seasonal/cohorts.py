"""What series share: season and spread of their cohort by hour of the week, and what a new series starts with.

Learned only from tallies: plain arrays that add, so that partitions of the series can be summed in any order. Sums that
recur every slot are whole numbers (fixed point), which makes them exact: partitions give bit for bit what one detector
gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.anomaly.seasonal.state import WEEK
from models.calibration import BINS, decayed

Array = NDArray[Any]
VARIANCE = 0.97
"""Mean square of a deviation cut at 2.5 spreads, where the spread is right."""
FIXED = 1024.0
"""Units of the fixed-point sums."""
SEASON_MEMORY = 0.15
"""Share of a cohort's season that a week forgets."""
NULL_MEMORY = 500.0
"""Hours after which a value in the null is worth 1/e of a new one."""
PRIOR = 4.0
"""Values of a cohort's hour that its season starts with, as if they had been as always."""


def new(cohorts: int) -> dict[str, Array]:
    """Tables of cohorts of which nothing is known."""
    return {
        "season": np.zeros((cohorts, WEEK), np.float32), "width": np.ones((cohorts, WEEK), np.float32),
        "weight": np.zeros((cohorts, WEEK), np.float64), "first": np.zeros((cohorts, 3), np.float64),
        "spread": np.full(cohorts, np.nan, np.float32), "chart": np.zeros((cohorts, 2, BINS), np.float64),
        "point": np.zeros((cohorts, 2, BINS), np.float64), "load": np.zeros(1, np.float64),
    }  # fmt: skip


def grown(tables: Mapping[str, Array], cohorts: int) -> dict[str, Array]:
    """The tables with room for that many cohorts at least."""
    have = len(tables["season"]) if tables else 0
    if have >= cohorts:
        return dict(tables)
    out = new(cohorts)
    for name in out:
        if have:
            out[name][: len(tables[name])] = tables[name]
    return out


def tally(cohorts: int) -> dict[str, Array]:
    """An empty tally.

    n, step, power (cohorts, 168): values learned, sums of their bounded deviation in typical spreads and of its
    square. first (cohorts, 3): number, sum and sum of squares of the first values of new series. ripe (cohorts, 2):
    sampled grown series, sum of their relative spread. chart, point (cohorts, 2, bins): histograms of the two
    statistics, unsuspected and suspected values.
    """
    return {
        "n": np.zeros((cohorts, WEEK), np.int64), "step": np.zeros((cohorts, WEEK), np.int64),
        "power": np.zeros((cohorts, WEEK), np.int64), "first": np.zeros((cohorts, 3), np.float64),
        "ripe": np.zeros((cohorts, 2), np.int64), "chart": np.zeros((cohorts, 2, BINS), np.int64),
        "point": np.zeros((cohorts, 2, BINS), np.int64),
    }  # fmt: skip


def absorb(tables: Mapping[str, Array], said: Mapping[str, Array], part: float) -> dict[str, Array]:
    """The tables after a slot of `part` hours in which the series said that."""
    old = grown(tables, len(said["n"]))
    k = len(said["n"])
    n, step, power = (said[name].astype(np.float64) for name in ("n", "step", "power"))
    out = {name: a.copy() for name, a in old.items()}
    there = n > 0
    weight = out["weight"][:k] * np.where(there, 1 - SEASON_MEMORY * part, 1.0)
    count = np.maximum(n, 1)
    unit = np.nan_to_num(out["spread"][:k], nan=0.0)[:, None] / FIXED
    rate = np.where(there, n / (weight + n + PRIOR), 0.0)
    out["season"][:k] += (rate * unit * step / count).astype(np.float32)
    wider = 1 + 0.5 * rate * (power / FIXED / count / VARIANCE - 1)
    out["width"][:k] = np.clip(out["width"][:k] * np.where(there, wider, 1.0), 0.3, 4)
    out["weight"][:k] = weight + n
    _found(out, said["first"], k)
    ripe = said["ripe"].astype(np.float64)
    grown_up = ripe[:, 0] > 0
    number = np.maximum(ripe[:, 0], 1)
    pace = 0.2 * part * number / (number + 20)
    moved = 1 + pace * (ripe[:, 1] / FIXED / number - 1)
    out["spread"][:k] = np.where(grown_up, out["spread"][:k] * moved, out["spread"][:k])
    for name in ("chart", "point"):
        out[name] = decayed(out[name], said[name], part, NULL_MEMORY)
    out["load"] = np.maximum(0.9 * out["load"], n.sum())
    return out


def _found(out: dict[str, Array], first: Array, k: int) -> None:
    """Add first values; a cohort that has none yet gets its spread from them."""
    out["first"][:k] += first
    level, between = start(out)
    fresh = np.isnan(out["spread"]) & (out["first"][:, 0] > 0)
    rough = np.maximum(np.maximum(0.1 * between, 0.01 * np.abs(level)), 1e-6)
    out["spread"] = np.where(fresh, rough, out["spread"]).astype(np.float32)


def start(tables: Mapping[str, Array]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(mean, standard deviation) of the first values by cohort; NaN where there were none."""
    n, total, squares = tables["first"].T
    some = np.where(n > 0, n, np.nan)
    mean = total / some
    return mean, np.sqrt(np.maximum(squares / some - mean**2, 0))


def shape(tables: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """(season, width, lean) by cohort and hour: season centred and width of mean 1 over the hours that were seen;
    lean is what a deviation says about a series' gain on the season.
    """
    seen = np.minimum(tables["weight"], 1.0)
    total = np.maximum(seen.sum(axis=1, keepdims=True), 1e-9)
    season = np.where(seen > 0, tables["season"] - (tables["season"] * seen).sum(axis=1, keepdims=True) / total, 0.0)
    width = tables["width"] / np.where(total > 1e-6, (tables["width"] * seen).sum(axis=1, keepdims=True) / total, 1.0)
    square = season**2
    lean = season / (square.mean(axis=1, keepdims=True) + square + 1e-9 + 1e-3 * _square(tables["spread"]))
    return season.astype(np.float32), np.clip(width, 0.2, 5).astype(np.float32), lean.astype(np.float32)


def _square(spread: Array) -> Array:
    return np.asarray(np.nan_to_num(spread, nan=1.0).astype(np.float64)[:, None] ** 2)
