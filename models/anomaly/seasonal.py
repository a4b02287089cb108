"""Tier 1: the streaming seasonal model. State, not history: some 80 bytes a series, one pass a slot.

Per series a level, its own gain on the season of its cohort, a small season of its own, a robust spread, and a leaky
one-sided CUSUM of what is unexpectedly low: the score. Per cohort the season of the week and the spread by hour. Every
step is of bounded influence. Rates are per observation and forget by time, so that sparse fifteen-minute series and
dense hourly ones learn alike: what a rate reaches after a week of hourly values it reaches after a week here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cemcore.errors import NotFittedError
from models.calibration import DecayedTail

Array = NDArray[Any]
WEEK, OWN = 168, 48
"""Hours of the cohort's season, and of a series' own (a working day and a free day)."""
SLACK, LEAK, QUIET, CEILING = 0.25, 0.9, 0.97, 30.0
"""CUSUM: what a slot must be low by to count [spreads], what is kept a slot with and without a value, and its limit."""
YOUNG_REACH = 20.0
"""By how many spreads more the first values may move a level: a series is not held to where its cohort happens to be.
"""
SERIES: dict[str, tuple[str, float]] = {
    "level": ("f4", 0.0), "gain": ("f4", 1.0), "spread": ("f4", 1.0), "chart": ("f4", 0.0), "count": ("f4", 0.0),
    "last": ("i8", -1), "x": ("f4", np.nan), "cohort": ("i4", -1), "hour": ("i2", 0),
}  # fmt: skip
"""Hot state of a series and what it starts with: x, cohort and hour are of the last value, which is learned at the
next step.
"""


@dataclass(frozen=True)
class Seasonal:
    """Watches each series against its own level, season and spread, and adds up small losses in a control chart.

    A `cemcore.protocols.Detector`: the constructor only stores; learned names end in `_`.

    seconds: length of a slot. least: values that a series must have before its surprise is known. frozen: cohort and
    calibration no longer learn (each series then depends on itself alone). suspect: surprise from which on a score
    stays out of the calibration.
    """

    seconds: int = 900
    least: int = 24
    frozen: bool = False
    suspect: float = 3.0
    series_: Mapping[str, Array] | None = None
    own_: NDArray[np.int8] | None = None
    cohorts_: Mapping[str, Array] | None = None
    null_: DecayedTail = field(default_factory=DecayedTail)
    slot_: int = -1

    def step(
        self,
        slot: int,
        rows: NDArray[np.int64],
        x: NDArray[np.float32],
        cohort: NDArray[np.int32],
        hour: NDArray[np.int32],
        mask_prev: NDArray[np.bool_],
    ) -> tuple[Self, NDArray[np.float32], NDArray[np.float32]]:
        """Learn the last slot's values, then score the k series `rows` (each once) with `x` at `slot` [s].

        x: higher = better. cohort >= 0; hour: hour of the local week 0-167. mask_prev: bool by series number (shorter
        = False), values of the last step that are not to be learned. Returns (new detector, surprise [k], z [k], below
        zero = worse).
        """
        s, own, c = self._grown(rows, cohort)
        null = self.null_
        learned = self._pending(s, mask_prev)
        if len(learned):
            null = self._learn(s, own, c, learned, null)
        s["x"][:] = np.nan
        z, chart = self._score(s, own, c, slot, rows, x, cohort, hour)
        surprise = null.surprise(chart)
        young = (s["count"][rows] < self.least) | np.isnan(x)
        there = rows[np.isfinite(x)]
        s["chart"][there], s["last"][there] = chart[np.isfinite(x)], slot
        s["x"][rows], s["cohort"][rows], s["hour"][rows] = x, cohort, hour
        new = replace(self, series_=s, own_=own, cohorts_=c, null_=null, slot_=slot)
        return new, np.where(young, np.nan, surprise).astype(np.float32), z

    def get_state(self) -> Mapping[str, Array]:
        """Everything learned, as plain arrays; NotFittedError before the first step."""
        if self.series_ is None or self.own_ is None or self.cohorts_ is None:
            raise NotFittedError("the detector has not seen a slot yet")
        return {
            **{f"series/{k}": v for k, v in self.series_.items()},
            **{f"cohort/{k}": v for k, v in self.cohorts_.items()},
            "own": self.own_,
            "null": self.null_.counts,
            "slot": np.array([self.slot_], dtype=np.int64),
        }

    def set_state(self, state: Mapping[str, Array]) -> Self:
        """A detector with these settings and that state."""
        return replace(
            self,
            series_={k[7:]: v for k, v in state.items() if k.startswith("series/")},
            cohorts_={k[7:]: v for k, v in state.items() if k.startswith("cohort/")},
            own_=state["own"],
            null_=replace(self.null_, counts=np.asarray(state["null"], dtype=np.float64)),
            slot_=int(state["slot"][0]),
        )

    def _grown(
        self, rows: NDArray[np.int64], cohort: NDArray[np.int32]
    ) -> tuple[dict[str, Array], NDArray[np.int8], dict[str, Array]]:
        """Copies of the state with room for these series and cohorts."""
        old, old_own, old_c = self.series_ or {}, self.own_, self.cohorts_ or {}
        have = 0 if old_own is None else len(old_own)
        n = max(have, int(rows.max(initial=-1)) + 1)
        series = {}
        for name, (kind, start) in SERIES.items():
            series[name] = np.full(n, start, dtype=kind)
            series[name][:have] = old.get(name, series[name][:have])
        own = np.zeros((n, OWN), dtype=np.int8)
        if old_own is not None:
            own[:have] = old_own
        k_have = len(old_c["born"]) if old_c else 0
        k = max(k_have, int(cohort.max(initial=-1)) + 1)
        cohorts: dict[str, Array] = {
            "season": np.zeros((k, WEEK), np.float32), "width": np.ones((k, WEEK), np.float32),
            "weeks": np.zeros((k, WEEK), np.float32), "level": np.full(k, np.nan, np.float32),
            "spread": np.full(k, np.nan, np.float32), "born": np.zeros(k, np.float32),
        }  # fmt: skip
        for name in cohorts:
            if old_c:
                cohorts[name][:k_have] = old_c[name]
        return series, own, cohorts

    def _pending(self, s: Mapping[str, Array], mask_prev: NDArray[np.bool_]) -> NDArray[np.int64]:
        held = np.isfinite(s["x"])
        n = min(len(mask_prev), len(held))
        held[:n] &= ~mask_prev[:n]
        return np.flatnonzero(held)

    def _score(
        self,
        s: Mapping[str, Array],
        own: NDArray[np.int8],
        c: Mapping[str, Array],
        slot: int,
        rows: NDArray[np.int64],
        x: NDArray[np.float32],
        cohort: NDArray[np.int32],
        hour: NDArray[np.int32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(z, chart) of the values; a new series is judged by its cohort's level and spread."""
        fresh = s["count"][rows] == 0
        level = np.where(fresh, c["level"][cohort], s["level"][rows])
        spread = np.where(fresh, c["spread"][cohort], s["spread"][rows])
        mean = level + s["gain"][rows] * c["season"][cohort, hour] + spread * own[rows, _own(hour)] / 32
        sd = spread * c["width"][cohort, hour]
        z = ((x - mean) / np.where(sd > 0, sd, np.nan)).astype(np.float32)
        gap = np.maximum((slot - s["last"][rows]) // self.seconds - 1, 0)
        kept = np.where(s["last"][rows] >= 0, s["chart"][rows] * QUIET ** np.minimum(gap, 1000), 0)
        low = np.where(np.isnan(z), 0, np.clip(z, -5, 5))
        chart = np.clip(LEAK * kept - low - SLACK, 0, CEILING).astype(np.float32)
        return z, np.where(np.isnan(x), np.float32(np.nan), chart)

    def _learn(
        self,
        s: Mapping[str, Array],
        own: NDArray[np.int8],
        c: Mapping[str, Array],
        at: NDArray[np.int64],
        null: DecayedTail,
    ) -> DecayedTail:
        """Learn the held values of the series `at`, in place on this step's own copies."""
        x, cohort, hour = s["x"][at].astype(np.float64), s["cohort"][at], s["hour"][at].astype(np.int64)
        n = s["count"][at].astype(np.float64)
        if not self.frozen:
            self._found_cohorts(c, x, cohort)
        new = n == 0
        known = np.isfinite(c["level"][cohort])
        start = np.where(known, c["level"][cohort], x)
        s["level"][at] = np.where(new, start, s["level"][at])
        s["spread"][at] = np.where(
            new, np.where(known, c["spread"][cohort], np.maximum(np.abs(x) * 0.1, 1e-3)), s["spread"][at]
        )
        season = c["season"][cohort, hour]
        spread, width = s["spread"][at], c["width"][cohort, hour]
        mean = s["level"][at] + s["gain"][at] * season + spread * own[at, _own(hour)] / 32
        z = (x - mean) / (spread * width)
        psi = np.clip(z, -2.5, 2.5)
        step = spread * width * psi
        slow = self.seconds / 3600
        bound = 2.5 + YOUNG_REACH / (n + 1)
        s["level"][at] += np.maximum(1 / (n + 2), 0.01 * slow) * spread * width * np.clip(z, -bound, bound)
        power = season**2
        scale = _mean_square(c["season"])[cohort] + power + 1e-3
        gain = s["gain"][at] + np.maximum(1 / (n / 2 + 20), 0.01 * slow) * step * season / scale
        s["gain"][at] = np.clip(gain, 0.1, 4)
        rate = np.maximum(1 / (n * 5 / WEEK + 4), 0.05 * slow)
        dither = _dither(at, hour, n)
        moved = own[at, _own(hour)] + np.floor(32 * rate * psi * 0.25 + dither)
        own[at, _own(hour)] = np.clip(moved, -127, 127).astype(np.int8)
        wider = 1 + 0.5 * np.maximum(2 / (n + 10), 0.005 * slow) * (psi**2 / 0.85 - 1)
        s["spread"][at] = np.maximum(spread * wider, 1e-6)
        s["count"][at] = n + 1
        if self.frozen:
            return null
        self._learn_cohorts(c, cohort, hour, step, psi)
        chart = s["chart"][at]
        surprise = null.surprise(chart)
        suspect = np.nan_to_num(surprise, nan=0.0) > self.suspect
        mature = n >= self.least
        return null.learn(chart[mature], suspect[mature]) if mature.any() else null

    def _found_cohorts(self, c: Mapping[str, Array], x: NDArray[np.float64], cohort: NDArray[np.int32]) -> None:
        """Level and spread of cohorts that have their first values."""
        for k in np.unique(cohort[np.isnan(c["level"][cohort])]):
            of = x[cohort == k]
            mid = np.median(of)
            c["level"][k] = mid
            c["spread"][k] = max(1.4826 * float(np.median(np.abs(of - mid))), 0.05 * abs(float(mid)), 1e-3)

    def _learn_cohorts(
        self,
        c: Mapping[str, Array],
        cohort: NDArray[np.int32],
        hour: NDArray[np.int64],
        step: NDArray[np.float64],
        psi: NDArray[np.float64],
    ) -> None:
        """Season and spread by hour of the cohorts present; their hour ages by a slot."""
        key = cohort * WEEK + hour
        present, back = np.unique(key, return_inverse=True)
        n = np.bincount(back)
        age = c["weeks"].reshape(-1)[present]
        mean, power = np.bincount(back, weights=step) / n, np.bincount(back, weights=psi**2) / n
        part = self.seconds / 3600
        c["season"].reshape(-1)[present] += np.maximum(1 / (age + 1.2), 0.15) * part * mean
        width = c["width"].reshape(-1)[present] * (
            1 + 0.5 * np.maximum(1 / (age + 1.5), 0.15) * part * (power / 0.85 - 1)
        )
        c["width"].reshape(-1)[present] = np.clip(width, 0.3, 4)
        c["weeks"].reshape(-1)[present] = age + part


def _own(hour: NDArray[Any]) -> NDArray[np.int64]:
    """Hour of a series' own season: 0-23 on the first five days of the week, 24-47 on the last two."""
    return np.asarray(hour % 24 + 24 * (hour >= 120), dtype=np.int64)


def _mean_square(season: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((season**2).mean(axis=1))


def _dither(series: NDArray[np.int64], hour: NDArray[np.int64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """0..1 by a hash of the series' own past: rounds fairly, the same in every replay, whatever else is in the slot."""
    h = series.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + hour.astype(np.uint64) * np.uint64(
        0xBF58476D1CE4E5B9
    )
    h = h + n.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
    h = (h ^ (h >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray((h >> np.uint64(40)).astype(np.float64) / float(1 << 24))
