"""Quality attenuation (TR-452): parts of a delay, and segments in series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experience.attenuation import DeltaQ, in_series, loss_in_series, parts


def link(seed, n=4000, fixed=12.0, per_byte=0.001, loss=0.02, sizes=(64, 300, 700, 1400)):
    """Packets over a link of known parts: (size, delay, queueing)."""
    rng = np.random.default_rng(seed)
    size = rng.choice(sizes, n).astype(np.float64)
    queue = np.where(rng.random(n) < 0.3, 0.0, rng.exponential(4.0, n))
    delay = fixed + per_byte * size + queue
    delay[rng.random(n) < loss] = np.nan
    return size, delay, queue


def test_the_parts_of_a_known_link_are_found_again():
    size, delay, queue = link(seed=1)
    got = parts(size, delay)
    assert got.fixed_ms == pytest.approx(12.0)
    assert got.per_byte_ms == pytest.approx(0.001)
    assert got.variable_ms == pytest.approx(queue[~np.isnan(delay)], abs=1e-9)
    assert got.loss == pytest.approx(np.isnan(delay).mean())


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(40, 1500), st.floats(0.1, 500)), min_size=1, max_size=60))
def test_no_packet_is_faster_than_its_fixed_parts(samples):
    size, delay = np.array(samples, dtype=np.float64).T
    got = parts(size, delay)
    assert (got.variable_ms >= 0).all()
    if np.unique(size).size == 1:
        assert np.isnan(got.fixed_ms)
        assert np.isnan(got.per_byte_ms)
        assert got.variable_ms == pytest.approx(delay - delay.min())
        return
    assert got.per_byte_ms >= 0
    whole = got.fixed_ms + got.per_byte_ms * size + got.variable_ms
    assert whole == pytest.approx(delay, abs=1e-6)
    assert got.variable_ms.min() == pytest.approx(0, abs=1e-6)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(40, 1500), st.floats(0.1, 500)), min_size=2, max_size=25))
def test_the_line_leaves_the_least_to_queues_of_all_lines_under_the_samples(samples):
    size, delay = np.array(samples, dtype=np.float64).T
    if np.unique(size).size == 1:
        return
    best = parts(size, delay).variable_ms.sum()
    for i in range(len(size)):  # the optimum of such a problem passes through two samples, or is flat
        for j in range(i):
            slope = (delay[i] - delay[j]) / (size[i] - size[j]) if size[i] != size[j] else 0.0
            left = delay - (delay[i] + slope * (size - size[i]))
            if slope >= 0 and (left >= -1e-9).all():
                assert best <= left.sum() + 1e-6
    assert best <= (delay - delay.min()).sum() + 1e-6


def test_segments_in_series_add_means_and_minima_and_combine_loss():
    rng = np.random.default_rng(2)
    segments = []
    for mean, loss in ((3.0, 0.01), (8.0, 0.002), (1.0, 0.05)):
        delay = 1.0 + rng.exponential(mean, 3000)
        delay[rng.random(3000) < loss] = np.nan
        segments.append(DeltaQ.of(delay, step_ms=0.1))
    whole = in_series(*segments)
    assert whole.mean_ms == pytest.approx(sum(s.mean_ms for s in segments))
    assert whole.minimum_ms == pytest.approx(sum(s.minimum_ms for s in segments))
    assert whole.loss == pytest.approx(loss_in_series([s.loss for s in segments]))


def test_the_series_is_the_distribution_of_sums():
    rng = np.random.default_rng(3)
    a, b = np.round(rng.exponential(5.0, 200), 1), np.round(rng.gamma(2.0, 3.0, 200), 1)
    sums = DeltaQ.of((a[:, None] + b[None, :]).ravel())
    series = in_series(DeltaQ.of(a), DeltaQ.of(b))
    assert series.percentiles([0, 50, 90, 99, 100]) == pytest.approx(sums.percentiles([0, 50, 90, 99, 100]))
    assert series.within(12.0) == pytest.approx(sums.within(12.0))


def test_loss_in_series():
    assert loss_in_series([0.1, 0.2]) == pytest.approx(0.28)
    assert loss_in_series([]) == 0.0
    assert loss_in_series([0.0, 1.0]) == 1.0


def test_percentiles_are_of_the_packets_that_come_and_a_bound_counts_all():
    got = DeltaQ.of([1.0, 2.0, 3.0, 4.0, np.nan], step_ms=1.0)
    assert got.percentiles([0, 25, 50, 75, 100]).tolist() == [1, 1, 2, 3, 4]
    assert got.within(2.0) == pytest.approx(0.4)
    assert got.loss == pytest.approx(0.2)


def test_what_makes_no_distribution_is_refused():
    with pytest.raises(ValueError, match="packet that came"):
        DeltaQ.of([np.nan])
    with pytest.raises(ValueError, match="no packet came"):
        parts([100, 200], [np.nan, np.inf])
    with pytest.raises(ValueError, match="same length"):
        parts([100], [1.0, 2.0])
    with pytest.raises(ValueError, match="same step"):
        in_series(DeltaQ.of([1.0], 0.1), DeltaQ.of([1.0], 0.2))
    with pytest.raises(ValueError, match="probabilities"):
        DeltaQ(0.0, 1.0, np.array([0.9, 0.2]))
