"""Second look over all indicators together: an outlier detector of pyod, trained on the same hours of other days.

ECOD and COPOD are not offered: their scores depend on the rows that are judged beside (DECISIONS). HBOS (Goldstein,
Dengel 2012) and isolation forest (Liu, Ting, Zhou 2008) judge each row against the training set alone.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cemcore.panel import Bool, Float64, Int64, Panel
from cemcore.zooming import DetailRequest, Finding
from models.anomaly.judging import RESOLUTION, Forecast, judge, span_of, too_short, unclear

_SEED = 20_26
_FOLDS = 5
_BETTER = 0.5
"""Deviations to the good count up to here only: being better than usual is no degradation."""


@dataclass(frozen=True)
class Multivariate:
    """Score of the whole vector of indicators by an outlier detector (pyod) trained on the same hours of history.

    level    chance of calling a usual window abnormal
    method   hbos or iforest
    hours    slots of other days within so many hours of the window's time of day are what it is compared with
    """

    level: float = 0.01
    method: str = "iforest"
    hours: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise ValueError(f"level is a chance under one half, not {self.level}")
        if self.method not in ("hbos", "iforest"):
            raise ValueError(f"method is hbos or iforest, not {self.method}")
        if self.hours <= 0:
            raise ValueError(f"hours is above zero, not {self.hours}")

    def examine(self, history: Panel, request: DetailRequest) -> Finding:
        """The finding on all columns together, without expected value (it has no unit); unclear where fewer than two
        are known or history is too short.
        """
        span = span_of(history, request)
        good = -history.worse.astype(np.float64) * history.values
        row_known: Bool = np.asarray(np.isfinite(good).any(axis=1))
        reason = too_short(history, span, np.where(row_known, 1.0, np.nan))
        usable = np.flatnonzero(np.isfinite(good[: span.held]).mean(axis=0) >= 0.5 * row_known[: span.held].mean())
        usable = usable[np.isfinite(good[span.begin : span.end, usable]).any(axis=0)] if len(usable) else usable
        if not reason and len(usable) < 2:
            reason = "fewer than two indicators are known"
        if reason:
            return unclear(request, "multivariate", reason)
        usable = usable[np.argsort([history.names[i] for i in usable])]
        x = _deviations(good[: span.end, usable], span.held, history.period)
        x[~row_known[: span.end]] = np.nan
        near = self._near(history, span.begin, span.end)[: span.end]
        score = self._scores(x, near, span.held, history.period)
        if not np.isfinite(score[: span.held]).any():
            return unclear(request, "multivariate", "too little history at this time of day")
        usual = float(np.nanmedian(score[: span.held]))
        forecast = Forecast(-(score[: span.held] - usual), np.full(span.end - span.held, -usual))
        panel = replace(
            history,
            values=np.concatenate([score, np.full(len(history.times) - span.end, np.nan)])[:, None],
            names=("outlier score",),
            measure=0,
            worse=np.array([1], np.int8),
        )
        asked = replace(request, depth=float("nan"), requirement=float("nan"))
        found = judge(panel, asked, span, forecast, "multivariate", self.level)
        names = [history.names[i] for i in usable]
        said = _said(self.method, x[span.begin : span.end], names, found.reason[0])
        nan = float("nan")
        return replace(
            found, reason=(said, *found.reason[1:]), depth=request.depth, expected=nan, spread=nan, observed=nan
        )

    def _near(self, panel: Panel, begin: int, end: int) -> Bool:
        """Slots whose time of day is within `hours` of the window's."""
        reach = max(1, round(self.hours * panel.period / 24))
        length = min(end - begin + 2 * reach, panel.period)
        offset = (np.arange(len(panel.times)) - (begin - reach)) % panel.period
        return np.asarray(offset < length)

    def _scores(self, x: Float64, near: Bool, held: int, period: int) -> Float64:
        """Outlier scores, high = abnormal; past days by a detector that was not trained on them."""
        known = np.isfinite(x).all(axis=1)
        day = np.arange(len(x)) // period
        out = np.full(len(x), np.nan)
        history = np.flatnonzero(known & near & (np.arange(len(x)) < held))
        late = np.flatnonzero(known & (np.arange(len(x)) >= held))
        if len(history) < 20:
            return out
        fold = day[history] % _FOLDS
        for k in range(_FOLDS):
            learn, judged = history[fold != k], history[fold == k]
            if len(learn) >= 10 and len(judged):
                out[judged] = self._fitted(x[learn]).decision_function(x[judged])
        if len(late):
            out[late] = self._fitted(x[history]).decision_function(x[late])
        return out

    def _fitted(self, x: Float64) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.method == "hbos":
                from pyod.models.hbos import HBOS

                return HBOS(n_bins=10).fit(x)
            from pyod.models.iforest import IForest

            return IForest(n_estimators=50, random_state=_SEED).fit(x)


def _said(method: str, window: Float64, names: list[str], rest: str) -> str:
    """The finding in words: how far each indicator is off, worst first, then what the detector makes of it."""
    off = np.nanmean(window, axis=0)
    parts = [f"{names[j]} {off[j]:+.1f} spreads" for j in np.argsort(off, kind="stable")]
    return f"{', '.join(parts)}; {method} over all: {rest}"


def _deviations(good: Float64, held: int, period: int) -> Float64:
    """Each indicator's deviation from the median of its time of day, in robust spreads, cut where it is good; a value
    that was not reported counts as usual.
    """
    out = np.empty_like(good)
    phase: Int64 = np.arange(len(good)) % period
    for j in range(good.shape[1]):
        y = good[:, j]
        usual = daily_profile(y[:held], phase[:held], period)
        off = y - usual[phase]
        past = off[:held][np.isfinite(off[:held])]
        spread = 1.4826 * float(np.median(np.abs(past - np.median(past))))
        spread = max(spread, 0.5 * float(past.std()), RESOLUTION * float(np.nanmax(np.abs(y))), 1e-9)
        out[:, j] = np.minimum(off / spread, _BETTER)
    return np.where(np.isfinite(out), out, 0.0)


def daily_profile(y: Float64, phase: Int64, period: int) -> Float64:
    """Median by time of day, over an hour around it."""
    reach = max(1, period // 24)
    whole = float(np.nanmedian(y))
    out = np.full(period, whole)
    by_phase = [y[(phase == p) & np.isfinite(y)] for p in range(period)]
    for p in range(period):
        some = np.concatenate([by_phase[(p + d) % period] for d in range(-reach, reach + 1)])
        if len(some) >= 3:
            out[p] = float(np.median(some))
    return out
