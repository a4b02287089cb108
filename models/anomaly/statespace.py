"""Second look with a structural time-series model (Harvey 1989), by statsmodels: a wandering level and a daily season.

The season is trigonometric with few harmonics: as many states as a day has slots would cost a second a look.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from cemcore.panel import Float64, Panel
from cemcore.zooming import DetailRequest, Finding
from models.anomaly.judging import Forecast, judge, span_of, too_short, unclear

_CLIP = 4.0
_PASSES = 4
_LEVEL_VARIANCE = 10.0
_WAVE_VARIANCE = 1.0
"""Prior variances on the scale of the series' own spread: a wave that no data speak of stays near zero."""


@dataclass(frozen=True)
class StateSpace:
    """Forecast of the window by a local level with a daily season, fitted to its history (Kalman filter, statsmodels).

    level       chance of calling a usual window abnormal
    harmonics   waves of the daily season: 4 follow an evening peak
    fit_days    the newest days of history that the variances are fitted on
    """

    level: float = 0.01
    harmonics: int = 4
    fit_days: int = 14

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise ValueError(f"level is a chance under one half, not {self.level}")
        if self.harmonics < 1 or self.fit_days < 3:
            raise ValueError("at least one harmonic and three days are needed")

    def examine(self, history: Panel, request: DetailRequest) -> Finding:
        """The finding on the panel's measure; unclear where history is too short or too thin."""
        span, y = span_of(history, request), history.column()
        reason = too_short(history, span, y)
        if reason:
            return unclear(request, "statespace", reason)
        first = max(0, span.held - self.fit_days * history.period)
        centre, scale = _scale(y[first : span.held])
        x = (y[first : span.end] - centre) / scale
        held = span.held - first
        known = np.clip(x[:held], -_CLIP, _CLIP)
        model = self._model(known, history.period)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            params = model.fit(disp=False, maxiter=30, method="lbfgs").params
        ahead = span.end - span.held
        past = np.full(span.held, np.nan)
        past[first:] = self._past(known, x[:held], params, history.period, ahead) * scale
        gone = np.concatenate([known, np.full(ahead, np.nan)])
        expected = self._predicted(gone, params, history.period)[held:] * scale + centre
        return judge(history, request, span, Forecast(past, expected), "statespace", self.level)

    def _past(self, known: Float64, x: Float64, params: Any, period: int, ahead: int) -> Float64:
        """Errors of every stretch of `ahead` slots, forecast from what came before it: a quarter of them is hidden at a
        time.
        """
        out = np.full(len(x), np.nan)
        block = np.arange(len(x)) // ahead
        settled = min(2 * period, len(x) // 2)
        for k in range(_PASSES):
            hidden = block % _PASSES == k
            hidden[:settled] = False
            predicted = self._predicted(np.where(hidden, np.nan, known), params, period)
            out[hidden] = x[hidden] - predicted[hidden]
        return out

    def _predicted(self, x: Float64, params: Any, period: int) -> Float64:
        """Predictions from what came before each slot; over missing values they run on."""
        filtered = self._model(x, period).filter(params)
        out: Float64 = np.asarray(filtered.forecasts[0])
        return out

    def _model(self, x: Float64, period: int) -> Any:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        waves = [{"period": period, "harmonics": min(self.harmonics, period // 2)}]
        model = UnobservedComponents(x, "local level", freq_seasonal=waves, stochastic_freq_seasonal=[False])
        variance = np.r_[_LEVEL_VARIANCE, np.full(model.k_states - 1, _WAVE_VARIANCE)]
        model.ssm.initialize_known(np.zeros(model.k_states), np.diag(variance))
        return model


def _scale(y: Float64) -> tuple[float, float]:
    """(median, robust spread) of what is known; the spread is never zero."""
    known = y[np.isfinite(y)]
    centre = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - centre)))
    return centre, spread if spread > 0 else max(float(known.std()), 1e-3 * abs(centre), 1e-6)
