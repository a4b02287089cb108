"""Second look by likeness: has the course of this window been seen in the series' own past?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cemcore.panel import Panel
from cemcore.zooming import DetailRequest, Finding, Look
from models.anomaly.judging import Forecast, judge, span_of, too_short, unclear
from models.anomaly.multivariate import daily_profile
from models.anomaly.single import SingleSeries


@dataclass(frozen=True)
class Likeness:
    """How unlike its past the window's course is, where it is worse than usual (the watcher of single series).

    level   chance of calling a usual window abnormal
    """

    level: float = 0.01

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise ValueError(f"level is a chance under one half, not {self.level}")

    def examine(self, history: Panel, request: DetailRequest) -> Finding:
        """The finding on the panel's measure, without expected value (unlikeness has no unit); unclear where history is
        too short or too thin.
        """
        span, y = span_of(history, request), history.column()
        reason = too_short(history, span, y)
        if reason:
            return unclear(request, "likeness", reason)
        phase = np.arange(span.end) % history.period
        off = y[: span.end] - daily_profile(y[: span.held], phase[: span.held], history.period)[phase]
        unlike = SingleSeries().score(history.times[: span.end].astype(np.float64), off)
        worse = np.where(off < 0, unlike, 0.0)
        worse[~np.isfinite(off)] = np.nan
        past = worse[: span.held].copy()
        past[: 2 * history.period] = np.nan
        if not np.isfinite(past).any():
            return unclear(request, "likeness", "too little history: a past is two days at least")
        usual = float(np.nanmedian(past))
        forecast = Forecast(usual - past, np.full(span.end - span.held, -usual))
        panel = replace(
            history,
            values=np.concatenate([worse, np.full(len(history.times) - span.end, np.nan)])[:, None],
            names=("unlikeness",),
            measure=0,
            worse=np.array([1], np.int8),
        )
        nan = float("nan")
        asked = replace(request, depth=nan, requirement=nan)
        found = judge(panel, asked, span, forecast, "likeness", self.level)
        # What is new is strangest when it begins: unlikeness tells a window, not an onset.
        verdict = Look.CONFIRMED if found.abnormal else found.verdict
        said = (f"unlike its past: {found.reason[0]}",)
        known = replace(found, verdict=verdict, reason=said, begin=request.begin, depth=request.depth)
        return replace(known, expected=nan, spread=nan, observed=nan)
