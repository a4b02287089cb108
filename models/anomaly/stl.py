"""Second look with STL: season and trend by loess (Cleveland, Cleveland, McRae, Terpenning 1990), by statsmodels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Float64, Panel
from cemcore.zooming import DetailRequest, Finding
from models.anomaly.judging import Forecast, judge, span_of, too_short, unclear

_TREND_DAYS = 1.0
_SEASONAL = 7
_FEWEST = 12


@dataclass(frozen=True)
class Stl:
    """Robust residual of the window against the season and trend of its history (STL, statsmodels).

    level   chance of calling a usual window abnormal
    folds   days of history that are forecast in the same way, out of sample, to know the usual error
    """

    level: float = 0.01
    folds: int = 7

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise ValueError(f"level is a chance under one half, not {self.level}")
        if self.folds < 1:
            raise ValueError(f"folds: at least one day, not {self.folds}")

    def examine(self, history: Panel, request: DetailRequest) -> Finding:
        """The finding on the panel's measure; unclear where history is too short or too thin."""
        span, y = span_of(history, request), history.column()
        reason = too_short(history, span, y)
        if reason:
            return unclear(request, "stl", reason)
        ahead = span.end - span.held
        past = np.full(span.held, np.nan)
        for k in range(self.folds, 0, -1):
            origin = span.held - k * history.period
            if _enough(y[:origin], history.period):
                forecast = _ahead(y[:origin], history.period, history.period)
                past[origin : origin + history.period] = y[origin : origin + history.period] - forecast
        if not _enough(y[: span.held], history.period):
            return unclear(request, "stl", "too little history: a season needs two days with values")
        expected = _ahead(y[: span.held], history.period, ahead)
        return judge(history, request, span, Forecast(past, expected), "stl", self.level)


def _ahead(y: Float64, period: int, steps: int) -> Float64:
    """Forecast of `steps` slots after y: the season of each time of day, and the trend's last level."""
    from statsmodels.tsa.seasonal import STL

    filled = fill(y[np.flatnonzero(np.isfinite(y))[0] :], period)
    fitted = STL(filled, period=period, seasonal=_SEASONAL, robust=True).fit(inner_iter=1, outer_iter=3)
    days = len(filled) // period
    used = min(days, 7) * period
    season = fitted.seasonal[-used:].reshape(-1, period)
    weights = np.arange(1, len(season) + 1, dtype=np.float64)
    usual = (weights[:, None] * season).sum(axis=0) / weights.sum()
    level = float(np.median(fitted.trend[-max(2, int(_TREND_DAYS * period)) :]))
    phase = np.arange(steps) % period
    out: Float64 = level + usual[phase]
    return out


def _enough(y: Float64, period: int) -> bool:
    """Whether two days lie between the first value and the end, with a dozen values."""
    known = np.flatnonzero(np.isfinite(y))
    return len(known) >= _FEWEST and len(y) - int(known[0]) >= 2 * period


def fill(y: Float64, period: int) -> Float64:
    """y without gaps: a missing value is the median of its time of day, shifted by the level of the days around it."""
    n = -(-len(y) // period) * period
    padded = np.concatenate([np.full(n - len(y), np.nan), y])
    table = padded.reshape(-1, period)
    whole = float(np.nanmedian(y))
    usual = np.array([np.nanmedian(c) if np.isfinite(c).any() else np.nan for c in table.T])
    known = np.isfinite(usual)
    usual = np.interp(np.arange(period), np.flatnonzero(known), usual[known], period=period)
    off = table - usual
    level = np.array([np.nanmedian(r) if np.isfinite(r).sum() >= 3 else np.nan for r in off])
    there = np.isfinite(level)
    level = np.interp(np.arange(len(level)), np.flatnonzero(there), level[there]) if there.any() else np.zeros(len(off))
    flat = np.where(np.isfinite(padded), padded, (usual + level[:, None]).ravel())
    out: Float64 = flat[n - len(y) :]
    return np.where(np.isfinite(out), out, whole)
