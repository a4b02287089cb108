"""The parts of the watcher, each beside a slow and obvious twin."""

from __future__ import annotations

import numpy as np
import pytest

from models.anomaly.single.incidents import Freshness, Incidents
from models.anomaly.single.neighbours import DAY, Likeness
from models.anomaly.single.window import SlidingQuantiles


def _distance(values: np.ndarray, now: int, lag: int, left: float) -> float:
    """The forgetting distance of the course at `now` and the one `lag` earlier, over all that both have."""
    steps = range(now - lag + 1)
    total = sum((values[now - k] - values[now - lag - k]) ** 2 * left**k for k in steps)
    # Before both began, they are taken to differ as they did at first.
    beyond = (values[lag] - values[0]) ** 2 * left ** (now - lag + 1) / (1 - left)
    return float((total + beyond) * (1 - left))


@pytest.mark.parametrize("now", [30, 150, 399])
def test_the_distance_is_the_root_of_the_third_smallest_forgetting_sum(now: int) -> None:
    values = np.random.default_rng(0).normal(size=400)
    forgetting = (0.5, 0.9)
    found = Likeness(1000, forgetting, season=0).distances(values, np.arange(400.0), np.full(400, np.inf))
    nearest = min(12, now // 4)
    for r, left in enumerate(forgetting):
        twin = sorted(_distance(values, now, lag, left) for lag in range(nearest, now + 1))[2]
        assert found[now, r] == pytest.approx(np.sqrt(twin), rel=1e-9)


def test_only_the_memory_is_compared() -> None:
    values = np.random.default_rng(1).normal(size=900)
    found = Likeness(100, (0.9,), season=0).distances(values, np.arange(900.0), np.full(900, np.inf))
    twin = sorted(_distance(values, 899, lag, 0.9) for lag in range(12, 100))[2]
    assert found[899, 0] == pytest.approx(np.sqrt(twin), rel=1e-6)


def test_the_season_is_compared_with_the_same_time_on_former_days() -> None:
    values = np.random.default_rng(2).normal(size=400)
    times = np.arange(400) * DAY / 24
    found = Likeness(1000, (0.9,), season=0).distances(values, times, np.full(400, np.inf))
    now = 399
    days = [min(_distance(values, now, 24 * d + s, 0.9) for s in range(-2, 3)) for d in range(1, 15)]
    assert found[now, 1] == pytest.approx(np.sqrt(sorted(days)[1]), rel=1e-9)


def test_there_is_no_season_on_the_first_day() -> None:
    found = Likeness(1000, (0.9,), season=0).distances(np.arange(48.0), np.arange(48) * DAY / 24, np.full(48, np.inf))
    assert np.isnan(found[:23, 1]).all()
    assert np.isfinite(found[30:, 1]).all()


def test_sliding_quantiles_are_those_of_the_values_before() -> None:
    values = np.random.default_rng(3).integers(0, 9, 300).astype(float)
    found, rested = SlidingQuantiles(50, (0.0, 0.5, 0.9, 1.0)).before(values)
    for i in (1, 10, 49, 50, 51, 299):
        before = np.sort(values[max(0, i - 50) : i])
        assert rested[i] == len(before)
        np.testing.assert_array_equal(found[i], before[[int(q * (len(before) - 1)) for q in (0.0, 0.5, 0.9, 1.0)]])
    assert np.isnan(found[0]).all()


def test_an_equal_peak_soon_after_counts_little_and_one_much_later_counts_again() -> None:
    unusual = np.full(2000, 0.3)
    unusual[[500, 502, 1500]] = 4.0
    onsets = Incidents(Freshness()).onsets(unusual, np.arange(2000) * 3600.0)
    assert onsets[502] < 0.2 * onsets[500]
    assert onsets[1500] > 0.9 * onsets[500]


def test_a_series_with_such_a_peak_every_day_is_not_alarmed_by_one_more() -> None:
    unusual = np.full(40 * 24, 0.3)
    unusual[12::24] = 4.0
    onsets = Incidents(Freshness()).onsets(unusual, np.arange(len(unusual)) * 3600.0)
    assert onsets[12] > 2 * onsets[30 * 24 :].max()
