"""The watcher of one series looks only back, is the same each time, and knows no unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.anomaly.single import SingleSeries

SHORT = {"memory": 200, "window": 100}


def course(seed: int, n: int = 1500, step: float = 3600.0) -> tuple[np.ndarray, np.ndarray]:
    """A season, a drifting level, spikes and holes."""
    rng = np.random.default_rng(seed)
    values = (
        np.cumsum(rng.normal(0, 0.2, n)) + 5 * np.sin(np.arange(n) * step / 86400 * 2 * np.pi) + rng.normal(0, 1, n)
    )
    values[rng.random(n) < 0.01] += 30
    values[rng.random(n) < 0.05] = np.nan
    return np.arange(n) * step, values


@pytest.mark.parametrize("cut", [1, 2, 30, 199, 201, 777])
def test_what_comes_later_changes_no_score(cut: int) -> None:
    times, values = course(1)
    whole = SingleSeries(**SHORT).score(times, values)
    np.testing.assert_array_equal(SingleSeries(**SHORT).score(times[:cut], values[:cut]), whole[:cut])


@pytest.mark.parametrize("pace", [1, 7, 400])
def test_values_score_alike_one_by_one_and_by_the_batch(pace: int) -> None:
    times, values = course(2, 800)
    whole, stream = SingleSeries(**SHORT).score(times, values), SingleSeries(**SHORT)
    if pace == 1:
        parts = [np.array([stream.update(t, v)]) for t, v in zip(times, values, strict=True)]
    else:
        parts = [stream.score(times[a : a + pace], values[a : a + pace]) for a in range(0, 800, pace)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_two_watchers_say_the_same() -> None:
    times, values = course(3)
    np.testing.assert_array_equal(SingleSeries().score(times, values), SingleSeries().score(times, values))


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20, -1.0])
def test_the_unit_and_the_sign_of_a_series_do_not_matter(factor: float) -> None:
    times, values = course(4)
    # Powers of two, so that rounding is the same too. What is left to the last digit are zero crossings.
    np.testing.assert_allclose(
        SingleSeries().score(times, factor * values), SingleSeries().score(times, values), rtol=1e-6
    )


def test_the_level_of_a_series_does_not_matter() -> None:
    times, values = course(5)
    np.testing.assert_allclose(SingleSeries().score(times, values + 64), SingleSeries().score(times, values), rtol=1e-3)


@pytest.mark.parametrize(("step", "days"), [(60.0, 6), (300.0, 6), (900.0, 6), (3600.0, 14)])
def test_the_time_of_day_is_found_at_any_step(step: float, days: int) -> None:
    # A plateau at noon each day; on the last day it is missing. Nothing but the time of day tells.
    n = int(days * 86400 / step)
    times = np.arange(n) * step
    noon = np.abs(times % 86400 - 43200) < 7200
    values = np.where(noon, 10.0, 0.0) + np.random.default_rng(6).normal(0, 0.5, n)
    last = times >= (days - 1) * 86400
    values[last & noon] -= 10
    score = SingleSeries().score(times, values)
    usual = np.log1p(score[(times >= (days - 2) * 86400) & ~last]).max()
    assert np.log1p(score[last & noon]).max() > usual


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    times, values = course(7, 600)
    times[300:] -= 7200
    score = SingleSeries(**SHORT).score(times, values)
    assert np.isfinite(score[np.isfinite(values)]).all()


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.integers(0, 120),
        elements=st.one_of(
            st.floats(-1e9, 1e9, allow_nan=False), st.sampled_from([0.0, 1.0, np.nan, np.inf, 1e150, -1e300])
        ),
    )
)
def test_any_series_has_finite_scores_from_zero_on_where_it_has_values(values: np.ndarray) -> None:
    score = SingleSeries(memory=50, window=30, least=3).score(np.arange(len(values)) * 900.0, values)
    there = np.isfinite(values)
    assert np.isnan(score[~there]).all()
    assert np.isfinite(score[there]).all()
    assert (score[there] >= 0).all()
