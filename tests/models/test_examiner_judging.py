"""From forecast errors to a finding: chances against known distributions, onset and depth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from cemcore.panel import Panel
from cemcore.zooming import DetailRequest, Level, Look
from models.anomaly.judging import Forecast, judge, span_of, tail

START = datetime(2026, 3, 2, tzinfo=UTC)


def _means(x: np.ndarray, m: int) -> np.ndarray:
    return np.convolve(x, np.ones(m) / m, "valid")


def test_the_chance_of_independent_normal_errors_is_the_normal_one() -> None:
    m, rng = 4, np.random.default_rng(1)
    given = [tail(1.0, _means(rng.normal(size=400), m), m)[0] for _ in range(200)]
    # a mean of 4 standard normal values is above 1 with probability sf(2) = 0.0228
    assert np.median(given) == pytest.approx(stats.norm.sf(2), rel=0.25)


def test_errors_that_hang_together_make_the_same_mean_less_surprising() -> None:
    rng = np.random.default_rng(2)
    loose = rng.normal(size=600)
    tied = np.empty(600)
    tied[0] = loose[0]
    for t in range(1, 600):
        tied[t] = 0.8 * tied[t - 1] + 0.6 * loose[t]
    assert tail(1.0, _means(tied, 6), 6)[0] > 5 * tail(1.0, _means(loose, 6), 6)[0]


def test_what_the_series_did_before_now_and_then_is_not_called_impossible() -> None:
    past = np.zeros(500)
    past[::50] = 8.0
    noisy = past + np.random.default_rng(3).normal(0, 0.5, 500)
    chance, _ = tail(7.0, noisy, 1)
    assert chance == pytest.approx(0.02, abs=0.01)


def _flat(
    hours_bad: int, claimed: int, requirement: float = 70.0, depth: float = float("nan")
) -> tuple[Panel, DetailRequest]:
    """Ten days at 90 with unit noise; the last `hours_bad` hours at 50, the last `claimed` of them said to be bad."""
    n = 240
    values = 90 + np.random.default_rng(4).normal(0, 1, (n, 1))
    values[n - hours_bad :] = 50 + np.random.default_rng(5).normal(0, 1, (hours_bad, 1))
    times = int(START.timestamp()) + 3600 * np.arange(n, dtype=np.int64)
    panel = Panel(times, values, ("score",), 0, 24, np.array([-1], np.int8))
    end = START + timedelta(hours=n)
    begin = end - timedelta(hours=claimed)
    request = DetailRequest("Z", "P", "web", Level.SUBJECT, "S", "score", -1, begin, end, end, end, depth, requirement)
    return panel, request


def _judged(panel: Panel, request: DetailRequest) -> object:
    span = span_of(panel, request)
    y = panel.column()
    return judge(panel, request, span, Forecast(y[: span.held] - 90, np.full(span.end - span.held, 90.0)), "flat", 0.01)


def test_an_onset_that_was_reported_late_is_moved_to_where_the_level_fell() -> None:
    panel, request = _flat(hours_bad=8, claimed=4)
    found = _judged(panel, request)
    assert found.verdict is Look.CORRECTED
    assert found.begin == request.end - timedelta(hours=8)
    assert "began 240 min earlier than reported" in found.reason


def test_an_onset_that_was_reported_right_stays() -> None:
    panel, request = _flat(hours_bad=6, claimed=6)
    found = _judged(panel, request)
    assert found.verdict is Look.CONFIRMED
    assert found.begin == request.begin


def test_a_depth_that_was_exaggerated_is_corrected() -> None:
    panel, request = _flat(hours_bad=6, claimed=6, depth=0.9)
    found = _judged(panel, request)
    assert found.verdict is Look.CORRECTED
    assert found.depth == pytest.approx((70 - 50) / 70, abs=0.02)


def test_a_usual_window_names_how_usual_it_is() -> None:
    panel, request = _flat(hours_bad=0, claimed=6)
    found = _judged(panel, request)
    assert found.verdict is Look.WITHDRAWN
    assert "of its usual windows" in found.reason[0]


def test_a_constant_series_that_falls_is_found_and_one_that_stays_is_withdrawn() -> None:
    for value, verdict in ((100.0, Look.WITHDRAWN), (40.0, Look.CONFIRMED)):
        panel, request = _flat(hours_bad=6, claimed=6)
        panel.values[:] = 100.0
        panel.values[-6:] = value
        span = span_of(panel, request)
        forecast = Forecast(panel.column()[: span.held] - 100, np.full(span.end - span.held, 100.0))
        assert judge(panel, request, span, forecast, "flat", 0.01).verdict is verdict
