"""Laws of every registered examiner: a second look at one series."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import pytest

from cemcore.panel import Panel
from cemcore.protocols import Examiner
from cemcore.zooming import DetailRequest, Finding, Level, Look

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = 3600
PERIOD, WINDOW = 24, 6
NAMES = sorted(e.name for e in entry_points(group="cemcore.examiners"))


def _new(name: str, **options: Any) -> Any:
    return next(e for e in entry_points(group="cemcore.examiners") if e.name == name).load()(**options)


def _series(seed: int, days: int = 14, drop: float = 0.0, memory: float = 0.4) -> Panel:
    """A score and three KQIs with a daily season and errors that hang together; the last six hours lower by `drop`."""
    rng = np.random.default_rng(seed)
    n = days * PERIOD
    noise = rng.normal(0, 3, (n, 4))
    for t in range(1, n):
        noise[t] += memory * noise[t - 1]
    values = 80 + 8 * np.sin(2 * np.pi * np.arange(n) / PERIOD)[:, None] + noise
    values[n - WINDOW :] -= drop
    times = int(START.timestamp()) + HOUR * np.arange(n, dtype=np.int64)
    return Panel(times, values, ("score", "a", "b", "c"), 0, PERIOD, np.full(4, -1, np.int8))


def _request(panel: Panel) -> DetailRequest:
    end = START + timedelta(seconds=int(panel.times[-1] - panel.times[0]) + HOUR)
    begin = end - timedelta(hours=WINDOW)
    series = ("web", Level.SUBJECT, "S-1", "score", -1)
    return DetailRequest("Z-1", "P-1", *series, begin, end, end, end + timedelta(hours=1))


def _look(name: str, panel: Panel, **options: Any) -> Finding:
    found: Finding = _new(name, **options).examine(panel, _request(panel))
    return found


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_three_kinds_of_examiner_are_registered() -> None:
    assert {"stl", "statespace", "multivariate"} <= set(NAMES)


def test_an_examiner_keeps_the_promise(name: str) -> None:
    assert isinstance(_new(name), Examiner)


def test_a_look_leaves_its_input_as_it_was(name: str) -> None:
    panel = _series(1, drop=12)
    panel.values[::7, 1] = np.nan
    before = copy.deepcopy(panel)
    _look(name, panel)
    np.testing.assert_array_equal(before.values, panel.values)
    np.testing.assert_array_equal(before.times, panel.times)


def test_the_same_question_has_the_same_answer(name: str) -> None:
    assert repr(_look(name, _series(2, drop=5))) == repr(_look(name, _series(2, drop=5)))


def test_a_planted_fault_is_found_and_said_in_figures(name: str) -> None:
    found = _look(name, _series(3, drop=15))
    assert found.abnormal
    assert found.p_value < 0.01
    assert found.statistic > 3
    assert f"of {WINDOW} slots" in found.reason[0]


def test_a_healthy_series_is_withdrawn_with_the_reason(name: str) -> None:
    verdicts = [_look(name, _series(seed)) for seed in range(40, 46)]
    withdrawn = [f for f in verdicts if f.verdict is Look.WITHDRAWN]
    assert len(withdrawn) >= 5
    assert all("usual windows" in f.reason[0] or "such windows" in f.reason[0] for f in withdrawn)


def test_gaps_are_borne(name: str) -> None:
    panel = _series(4, drop=15)
    panel.values[np.random.default_rng(5).random(panel.values.shape) < 0.25] = np.nan
    assert _look(name, panel).abnormal


def test_too_short_a_history_is_unclear_and_not_withdrawn(name: str) -> None:
    for days in (1, 2):
        found = _look(name, _series(6, days=days))
        assert found.verdict is Look.UNCLEAR
        assert "history" in found.reason[0]


def test_a_window_without_a_record_is_unclear(name: str) -> None:
    panel = _series(7)
    panel.values[-WINDOW:] = np.nan
    found = _look(name, panel)
    assert found.verdict is Look.UNCLEAR
    assert "nothing was recorded" in found.reason[0]


def test_a_series_that_never_said_anything_is_unclear(name: str) -> None:
    panel = _series(8)
    panel.values[:] = np.nan
    assert _look(name, panel).verdict is Look.UNCLEAR


def test_better_than_usual_is_no_degradation(name: str) -> None:
    assert not _look(name, _series(9, drop=-15)).abnormal


def test_the_order_of_the_measures_does_not_matter(name: str) -> None:
    panel = _series(10, drop=6)
    order = [2, 0, 3, 1]
    names = tuple(panel.names[i] for i in order)
    turned = replace(panel, values=panel.values[:, order], names=names, measure=1)
    one, other = _look(name, panel), _look(name, turned)
    assert one.verdict is other.verdict
    assert one.p_value == pytest.approx(other.p_value, rel=1e-6)


def test_a_measure_where_high_is_bad_is_read_the_other_way(name: str) -> None:
    panel = _series(11, drop=15)
    turned = replace(panel, values=-panel.values, worse=-panel.worse)
    found = _new(name).examine(turned, replace(_request(panel), worse=1))
    assert found.abnormal


@pytest.mark.slow
def test_the_chance_is_calibrated_on_noise(name: str) -> None:
    looks = 40
    chances = np.array([_look(name, _series(1000 + seed), level=0.1).p_value for seed in range(looks)])
    for level in (0.1, 0.3):
        rate = float((chances <= level).mean())
        # Binomial, four standard errors: an examiner may be cautious, not generous.
        slack = 4 * np.sqrt(level * (1 - level) / looks)
        assert level * 0.25 <= rate <= level + slack
