"""The watcher of one series: what it must find, and what it must not mind."""

from __future__ import annotations

import numpy as np
import pytest

from models.anomaly.single import SingleSeries

STEP, DAY = 900, 96


def habit(days: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A daily course with a little noise, every quarter of an hour."""
    n = np.arange(days * DAY)
    noise = np.random.default_rng(seed).normal(0, 1, len(n))
    return n * float(STEP), 50 + 20 * np.sin(2 * np.pi * n / DAY) + noise


def peak_outside(score: np.ndarray, inside: slice) -> float:
    """The highest score from the third day on, but for one stretch and what lingers of it for a day."""
    rest = np.arange(len(score)) >= 3 * DAY
    rest[inside.start : inside.stop + DAY] = False
    return float(score[rest].max())


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_spike_stands_out_upward_and_downward_alike(sign: int) -> None:
    times, values = habit(14)
    values[1000] += sign * 40
    score = SingleSeries().score(times, values)
    assert score[1000] > 2 * peak_outside(score, slice(1000, 1001))


def test_a_shift_of_level_stands_out_at_its_beginning() -> None:
    times, values = habit(14)
    values[1000:] += 45
    score = SingleSeries().score(times, values)
    assert score[1000:1004].max() > 2 * score[3 * DAY : 1000].max()


def test_a_day_without_its_season_stands_out_though_each_value_is_usual() -> None:
    times, values = habit(14)
    flat = slice(10 * DAY, 11 * DAY)
    values[flat] = 50 + np.random.default_rng(1).normal(0, 1, DAY)
    score = SingleSeries().score(times, values)
    assert score[flat].max() > 2 * peak_outside(score, flat)


def test_a_season_that_is_kept_raises_nothing() -> None:
    times, values = habit(14)
    score = SingleSeries().score(times, values)
    assert np.mean(np.log1p(score[3 * DAY :]) > 1) < 0.01


def test_a_series_that_stays_constant_scores_zero_and_its_first_change_is_seen() -> None:
    values = np.full(500, 7.0)
    values[400] = 8.0
    score = SingleSeries().score(np.arange(500) * 60.0, values)
    assert (score[:400] == 0).all()
    assert score[400] == score.max() > 1


def test_one_absurd_value_does_not_blind_the_watcher_for_the_next_fault() -> None:
    times, values = habit(21)
    values[1000] = 1e12
    values[1400] -= 60
    score = SingleSeries().score(times, values)
    assert score[1400] > 2 * score[1200:1400].max()


def test_an_incident_counts_most_at_its_onset() -> None:
    times, values = habit(14)
    values[1000:1040] -= 60
    score = SingleSeries().score(times, values)
    assert score[1000:1003].max() > 2 * score[1010:1040].max()
    assert score[1000:1040].min() > np.median(score[3 * DAY : 1000])


def test_missing_values_have_no_score_and_are_passed_over() -> None:
    times, values = habit(7)
    gone = np.zeros(len(values), bool)
    gone[300:340] = True
    score = SingleSeries().score(times, np.where(gone, np.nan, values))
    without = SingleSeries().score(times[~gone], values[~gone])
    assert np.isnan(score[gone]).all()
    np.testing.assert_array_equal(score[~gone], without)


def test_infinite_values_count_as_missing() -> None:
    score = SingleSeries().score(np.arange(3) * 60.0, np.array([1.0, np.inf, 2.0]))
    assert list(np.isnan(score)) == [False, True, False]


def test_an_empty_and_an_all_missing_series_are_answered() -> None:
    assert len(SingleSeries().score(np.zeros(0), np.zeros(0))) == 0
    assert np.isnan(SingleSeries().score(np.arange(5.0), np.full(5, np.nan))).all()
