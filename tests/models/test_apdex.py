"""Apdex Technical Specification 1.1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experience import apdex
from models.experience.apdex import Apdex


def test_the_published_example():
    assert apdex.from_counts(60, 30, 10) == 0.75


@pytest.mark.parametrize(
    ("index", "word"),
    [
        (1.0, "excellent"),
        (0.94, "excellent"),
        (0.93, "good"),
        (0.85, "good"),
        (0.75, "fair"),
        (0.70, "fair"),
        (0.50, "poor"),
        (0.49, "unacceptable"),
        (0.0, "unacceptable"),
        (float("nan"), ""),
    ],
)
def test_ratings(index, word):
    assert apdex.rating(index) == word


def test_counts_come_as_columns_and_nobody_is_unknown():
    got = apdex.from_counts([60, 0, 0], [30, 0, 4], [10, 0, 0])
    assert got[0] == 0.75
    assert np.isnan(got[1])
    assert got[2] == 0.5


def test_the_target_and_four_times_of_it_still_belong_to_the_better_grade():
    got = apdex.satisfaction([0.0, 2.0, 2.01, 8.0, 8.01, np.nan], 2.0)
    assert got[:5].tolist() == [1, 1, 0.5, 0.5, 0]
    assert np.isnan(got[5])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.1, 20))
def test_the_index_of_times_is_that_of_their_counts(times, target):
    satisfied = sum(t <= target for t in times)
    tolerating = sum(target < t <= 4 * target for t in times)
    want = apdex.from_counts(satisfied, tolerating, len(times) - satisfied - tolerating)
    assert apdex.from_times([*times, np.nan], target) == pytest.approx(float(want))
    model = Apdex(target_s=target)
    assert model.score({"startup_s": np.array(times)}).mean() == pytest.approx(100 * float(want))


def test_no_times_no_index():
    assert np.isnan(apdex.from_times([], 2.0))


def test_the_response_time_may_be_another_kqi():
    model = Apdex(target_s=0.1, inputs={"response": "dns_response_s"})
    assert model.kqis == ("dns_response_s",)
    assert model.score({"dns_response_s": np.array([0.05, 0.3, 1.0])}).tolist() == [100, 50, 0]


def test_a_target_of_nothing_is_refused():
    with pytest.raises(ValueError, match="target_s"):
        Apdex(target_s=0.0)
